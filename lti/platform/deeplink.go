package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// pick is a deep linking request under way, or (added) answered.
type pick struct {
	userID   string
	clientID string
	done     bool
	added    []ResourceLink
	ignored  int
	message  string // the tool's msg or errormsg
}

// maxPicked bounds the activities one answer may add.
const maxPicked = 50

// pickContent sends a teacher to the tool's picker. The form that leads here
// is posted, from our own page, into an iframe.
//
//	POST /mod/lti/contentitem.php  tool=CLIENT
func (p *Platform) pickContent(w http.ResponseWriter, r *http.Request) {
	user, sess, ok := p.teacher(w, r)
	if !ok {
		return
	}
	var tool Tool
	p.view(func(wd *world) { tool, ok = wd.tool(r.PostFormValue("tool")) })
	if !ok || !tool.Active || !tool.DeepLinking {
		p.errorPage(w, r, http.StatusNotFound, "This tool offers no content to choose from")
		return
	}
	id := randomHex(16)
	p.mu.Lock()
	p.picks.put(id, &pick{userID: user.ID, clientID: tool.ClientID})
	p.mu.Unlock()
	p.initiate(w, r, sess, tool, tool.deepLinkTarget(), message{
		Type: messageDeepLinking, UserID: user.ID, ClientID: tool.ClientID, PickID: id, Target: targetIframe,
	})
}

// contentItem is one item of a deep linking response, as far as we keep it.
type contentItem struct {
	Type     string            `json:"type"`
	Title    string            `json:"title"`
	Text     string            `json:"text"`
	URL      string            `json:"url"`
	Custom   map[string]string `json:"custom"`
	LineItem *struct {
		ScoreMaximum float64        `json:"scoreMaximum"`
		ResourceID   string         `json:"resourceId"`
		Tag          string         `json:"tag"`
		Review       map[string]any `json:"submissionReview"`
	} `json:"lineItem"`
}

// contentReturn takes the tool's signed choice and adds it to the course. The
// sesskey in its URL, known only to the teacher's browser and the tool, says
// whose choice it is; it works once, and coming twice shows the same page.
//
//	POST /mod/lti/contentitem_return.php?course=&id=&sesskey=  JWT=…
func (p *Platform) contentReturn(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.invalidRequest(w, r)
		return
	}
	id := r.URL.Query().Get("sesskey")
	p.mu.Lock()
	pk, ok := p.picks.get(id)
	var tool Tool
	if ok {
		tool, ok = p.w.tool(pk.clientID)
	}
	p.mu.Unlock()
	if !ok || r.URL.Query().Get("id") != tool.DeploymentID {
		p.invalidRequest(w, r)
		return
	}
	claims, err := p.verifyChoice(r, tool)
	if errors.Is(err, errUnreachable) {
		p.errorPage(w, r, http.StatusNotFound, "Unable to reach the tool's public keyset")
		return
	}
	if err != nil {
		p.log.Info("deep linking response refused", "client", tool.ClientID, "error", err)
		p.errorPage(w, r, http.StatusBadRequest, "The tool's answer was refused: "+err.Error())
		return
	}
	var items []contentItem
	raw, err := json.Marshal(claims[claimContentItems])
	if err == nil {
		err = json.Unmarshal(raw, &items)
	}
	if err != nil || len(items) > maxPicked {
		p.errorPage(w, r, http.StatusBadRequest, "The tool's answer was refused: content_items")
		return
	}
	err = p.change(func(wd *world) error {
		if pk.done {
			return nil
		}
		if len(wd.Links)+len(items) > maxLinks || len(wd.Items)+len(items) > maxItems {
			return errFull
		}
		pk.done = true
		for _, key := range []string{"msg", "errormsg"} {
			if s, ok := claims["https://purl.imsglobal.org/spec/lti-dl/claim/"+key].(string); ok {
				pk.message = s
			}
		}
		for _, it := range items {
			// Moodle makes a broken link of type "link"; we leave it out.
			if it.Type != "ltiResourceLink" {
				pk.ignored++
				continue
			}
			l, err := wd.addLink(it.link(tool))
			if err != nil {
				return err
			}
			if i, item, ok := wd.item(l.LineItemID); ok && it.LineItem != nil {
				item.Review = it.LineItem.Review
				wd.Items[i] = item
			}
			pk.added = append(pk.added, l)
		}
		return nil
	})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "picked", map[string]any{
		"Title": "Activities added", "Added": pk.added, "Ignored": pk.ignored, "Message": pk.message, "Bare": true,
	})
}

// link is the resource link an item becomes; without a lineItem it is ungraded.
func (it contentItem) link(t Tool) ResourceLink {
	l := ResourceLink{ClientID: t.ClientID, Title: it.Title, Description: it.Text, TargetLinkURI: it.URL, Custom: it.Custom, Ungraded: it.LineItem == nil}
	if it.LineItem != nil {
		l.ScoreMaximum, l.ResourceID, l.Tag = it.LineItem.ScoreMaximum, it.LineItem.ResourceID, it.LineItem.Tag
	}
	return l
}

// verifyChoice checks the signed response against the tool's keys.
func (p *Platform) verifyChoice(r *http.Request, t Tool) (map[string]any, error) {
	keys, err := p.toolKeys(r.Context(), t)
	if err != nil {
		return nil, err
	}
	claims, err := verifyJWT(r.PostForm.Get("JWT"), keys, p.now())
	if err != nil {
		return nil, err
	}
	for claim, want := range map[string]string{
		"iss": t.ClientID, claimDeployment: t.DeploymentID, claimVersion: "1.3.0", claimMessageType: "LtiDeepLinkingResponse",
	} {
		if claims[claim] != want {
			return nil, fmt.Errorf("claim %s is not %s", claim, want)
		}
	}
	if q := p.Quirks(); q.SubjectIsClient && claims["sub"] != t.ClientID {
		return nil, errors.New("claim sub is not " + t.ClientID)
	}
	issuer := p.iss()
	switch aud := claims["aud"].(type) {
	case string:
		if aud == issuer {
			return claims, nil
		}
	case []any:
		for _, a := range aud {
			if a == issuer {
				return claims, nil
			}
		}
	}
	return nil, errors.New("claim aud is not " + issuer)
}
