package platform

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pendingLaunch is a login initiation under way; it belongs to one browser
// session and can be taken once.
type pendingLaunch struct {
	session string
	message message // without nonce
}

// launchPage answers the iframe (or the new window) with the form that
// initiates the login at the tool.
//
//	GET /mod/lti/launch.php?id=LINK[&target=window]
func (p *Platform) launchPage(w http.ResponseWriter, r *http.Request) {
	user, sess, ok := p.signedIn(r)
	if !ok {
		p.signInFirst(w, r)
		return
	}
	target := targetIframe
	if r.URL.Query().Get("target") == targetWindow {
		target = targetWindow
	}
	var link ResourceLink
	var tool Tool
	var visible bool
	p.view(func(wd *world) {
		if link, ok = wd.link(r.URL.Query().Get("id")); ok {
			tool, ok = wd.tool(link.ClientID)
			visible = wd.visible(user, link) && !wd.Gone[user.ID]
		}
	})
	switch {
	case !ok:
		p.errorPage(w, r, http.StatusNotFound, "There is no such activity")
	case !tool.Active:
		p.errorPage(w, r, http.StatusConflict, "This tool is still pending: an administrator has to activate it")
	case !visible:
		p.errorPage(w, r, http.StatusForbidden, "This activity opens once you have completed the course")
	default:
		m, ok := p.reviewOf(r, user, link, message{UserID: user.ID, LinkID: link.ID, Target: target})
		if !ok {
			p.errorPage(w, r, http.StatusForbidden, "There is nothing of theirs that you may review")
			return
		}
		where := link.TargetLinkURI
		if m.Type == messageReview {
			p.view(func(wd *world) {
				_, it, _ := wd.item(m.ItemID)
				where = it.reviewTarget(link)
			})
		}
		p.initiate(w, r, sess, tool, where, m)
	}
}

// initiate sends the browser to the tool with the parameters of Moodle's
// login initiation: a form that posts itself, or a redirect as a quirk.
func (p *Platform) initiate(w http.ResponseWriter, r *http.Request, sess string, tool Tool, target string, m message) {
	kind := "ltilaunch" + m.LinkID
	if m.Type == messageDeepLinking {
		kind = "ltilaunch_ContentItemSelectionRequest"
	}
	launchID := kind + "_" + randomHex(8)
	p.mu.Lock()
	p.pending.put(launchID, pendingLaunch{session: sess, message: m})
	q, hostile := p.quirks, p.hostile
	p.mu.Unlock()
	hint := struct {
		CMID     any    `json:"cmid,omitempty"`
		LaunchID string `json:"launchid"`
	}{LaunchID: launchID}
	if n, err := strconv.Atoi(m.LinkID); err == nil {
		hint.CMID = n
	} else if m.LinkID != "" {
		hint.CMID = m.LinkID
	}
	messageHint, err := json.Marshal(hint)
	if err != nil {
		p.fail(w, r, fmt.Errorf("platform: message hint: %w", err))
		return
	}
	fields := []field{
		{"iss", p.iss()},
		{"target_link_uri", target},
		{"login_hint", m.UserID},
		{"lti_message_hint", string(messageHint)},
	}
	if !q.NoClientID {
		fields = append(fields, field{"client_id", tool.ClientID})
	}
	if !q.NoDeploymentHint {
		name := "lti_deployment_id"
		if q.CanvasDeploymentName {
			name = "deployment_id"
		}
		fields = append(fields, field{name, p.deploymentOf(tool, m.LinkID)})
	}
	if q.StorageTarget != "" {
		fields = append(fields, field{"lti_storage_target", q.StorageTarget})
	}
	if hostile != nil && hostile.Login != nil {
		fields = forgedFields(fields, hostile.Login)
	}
	p.log.Info("launch begins", "client", tool.ClientID, "link", m.LinkID, "user", m.UserID)
	if q.LoginByGET {
		v := url.Values{}
		for _, f := range fields {
			v.Add(f.Name, f.Value)
		}
		sep := "?"
		if strings.Contains(tool.LoginURL, "?") {
			sep = "&"
		}
		http.Redirect(w, r, tool.LoginURL+sep+v.Encode(), http.StatusFound)
		return
	}
	p.postForm(w, r, "ltiInitiateLoginForm", tool.LoginURL, fields, "Opening "+tool.Name)
}

// authorize is the OIDC authorization endpoint. Its order of checks is
// Moodle's: as long as no launch of this browser names a tool, no redirect URI
// can be trusted, so the answer is an error page; after that, errors travel to
// the tool.
func (p *Platform) authorize(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.invalidRequest(w, r)
		return
	}
	_, sess, ok := p.signedIn(r)
	if !ok && r.PostForm.Get("repost") == "" {
		// The cookie does not travel in a cross-site POST inside a frame; a
		// POST from our own page brings it.
		var fields []field
		for name, values := range r.Form {
			for _, v := range values {
				fields = append(fields, field{name, v})
			}
		}
		slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
		p.postForm(w, r, "autopostme", "/mod/lti/auth.php", append(fields, field{"repost", "true"}), "Opening the activity")
		return
	}
	f := r.Form
	var hint struct {
		LaunchID string `json:"launchid"`
	}
	_ = json.Unmarshal([]byte(f.Get("lti_message_hint")), &hint) // an unreadable hint has no launch
	for _, required := range []string{"scope", "response_type", "client_id", "redirect_uri", "login_hint", "nonce"} {
		if f.Get(required) == "" {
			hint.LaunchID = ""
		}
	}
	if f.Get("scope") != "openid" || f.Get("response_type") != "id_token" {
		hint.LaunchID = ""
	}
	if !ok || hint.LaunchID == "" {
		p.invalidRequest(w, r)
		return
	}
	p.mu.Lock()
	pending, found := p.pending.get(hint.LaunchID)
	found = found && pending.session == sess
	if found {
		p.pending.take(hint.LaunchID)
	}
	hostile := p.hostile
	p.mu.Unlock()
	if !found {
		p.invalidRequest(w, r)
		return
	}
	m := pending.message
	var tool Tool
	p.view(func(wd *world) {
		clientID := m.ClientID
		if m.Type != messageDeepLinking {
			l, _ := wd.link(m.LinkID)
			clientID = l.ClientID
		}
		tool, found = wd.tool(clientID)
	})
	redirect := f.Get("redirect_uri")
	if !found || !slices.Contains(tool.RedirectURIs, redirect) {
		p.invalidRequest(w, r)
		return
	}
	code, description := "", ""
	switch {
	case f.Get("client_id") != tool.ClientID:
		code = "unauthorized_client"
	case f.Get("login_hint") != m.UserID:
		code = "access_denied"
	case f.Get("response_mode") != "form_post":
		code, description = "invalid_request", "Invalid response_mode"
	case f.Get("prompt") != "" && f.Get("prompt") != "none":
		code, description = "invalid_request", "Invalid prompt"
	}
	state := field{"state", f.Get("state")}
	if code != "" {
		fields := []field{{"error", code}}
		if description != "" {
			fields = append(fields, field{"error_description", description})
		}
		p.log.Info("launch refused", "client", tool.ClientID, "error", code)
		p.postForm(w, r, "ltiAuthForm", redirect, append(fields, state), "Returning to "+tool.Name)
		return
	}
	m.Nonce = f.Get("nonce")
	token, err := p.idToken(m, hostile)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	fields := []field{{"id_token", token}, state}
	if hostile != nil {
		fields = p.forgedAnswer(fields, tool, *hostile)
		if hostile.Enctype != "" {
			p.render(w, r, http.StatusOK, "post", map[string]any{
				"Title": "Opening " + tool.Name, "Name": "ltiAuthForm", "Action": redirect, "Fields": fields, "Enctype": hostile.Enctype, "Bare": true,
			})
			return
		}
	}
	p.remember(tool, state.Value)
	p.postForm(w, r, "ltiAuthForm", redirect, fields, "Opening "+tool.Name)
}

// invalidRequest is Moodle's 404 page for whatever it will not tell the tool.
func (p *Platform) invalidRequest(w http.ResponseWriter, r *http.Request) {
	p.errorPage(w, r, http.StatusNotFound, "Invalid request")
}

// keySetPath is where our keys are published.
const keySetPath = "/mod/lti/certs.php"

// keySet publishes our key, and the forger's next to it.
//
//	GET /mod/lti/certs.php
func (p *Platform) keySet(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	q, hostile := p.quirks, p.hostile
	p.mu.Unlock()
	k := publicJWK(&p.key.PublicKey)
	if q.JWKSWithoutAlg {
		k.Alg = ""
	}
	if q.KeyOps {
		k.Use, k.KeyOps = "", []string{"verify"}
	}
	keys := []any{k}
	if hostile != nil {
		forged, err := p.forgedKey(hostile.Key)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		if forged != nil {
			keys = append(keys, forged)
		}
	}
	p.writeJSON(w, http.StatusOK, "application/json; charset=utf-8", map[string]any{"keys": keys})
}
