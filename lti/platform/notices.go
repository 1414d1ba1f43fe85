package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Platform Notification Service 1.0, served with Quirks.Notices.
const (
	claimNotices = ltiClaim + "platformnotificationservice"
	claimNotice  = ltiClaim + "notice"
	claimOrigins = ltiClaim + "origin_contexts"
	scopeNotices = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"
	typeJSON     = "application/json"

	// NoticeHello is sent to see whether anybody listens, NoticeContextCopy after a
	// course was copied.
	NoticeHello       = "LtiHelloWorldNotice"
	NoticeContextCopy = "LtiContextCopyNotice"
)

func noticeTypes() []string { return []string{NoticeHello, NoticeContextCopy} }

// ErrNoHandler says that the tool has not asked for such notices.
var ErrNoHandler = errors.New("platform: no handler for this notice")

func (p *Platform) noticesURL(t Tool) string {
	return p.issuer + servicesPath + "/notices/" + url.PathEscape(t.DeploymentID)
}

func (p *Platform) noticesClaim(t Tool) map[string]any {
	return map[string]any{
		"service_versions": []string{"1.0"}, "platform_notification_service_url": p.noticesURL(t),
		"scope": []string{scopeNotices}, "notice_types_supported": noticeTypes(),
	}
}

// noticeHandlers lists a tool's handlers (GET), or sets one of them (PUT); an
// empty handler ends the notices.
func (p *Platform) noticeHandlers(c *serviceCall) error {
	if !c.token.allows(scopeNotices) {
		return refuse(http.StatusUnauthorized, "Unauthorized")
	}
	type handler struct {
		Type    string `json:"notice_type"`
		Handler string `json:"handler"`
	}
	switch c.r.Method {
	case http.MethodGet:
		handlers := []handler{}
		for _, name := range slices.Sorted(maps.Keys(c.tool.Notices)) {
			handlers = append(handlers, handler{name, c.tool.Notices[name]})
		}
		p.writeJSON(c.w, http.StatusOK, typeJSON, map[string]any{
			"client_id": c.tool.ClientID, "deployment_id": c.tool.DeploymentID, "notice_handlers": handlers,
		})
		return nil
	case http.MethodPut:
		var in handler
		if json.Unmarshal(c.body, &in) != nil || !slices.Contains(noticeTypes(), in.Type) {
			return refuse(http.StatusBadRequest, "No such notice_type")
		}
		if u, err := url.Parse(in.Handler); in.Handler != "" && (err != nil || originOf(in.Handler) == "" || (c.tool.Domain != "" && u.Host != c.tool.Domain && u.Hostname() != c.tool.Domain)) {
			return refuse(http.StatusBadRequest, "The handler is not on the tool's domain")
		}
		err := p.changeTool(c.tool.ClientID, func(t *Tool) {
			t.Notices = maps.Clone(t.Notices)
			if in.Handler == "" {
				delete(t.Notices, in.Type)
				return
			}
			if t.Notices == nil {
				t.Notices = map[string]string{}
			}
			t.Notices[in.Type] = in.Handler
		})
		if err != nil {
			return err
		}
		p.writeJSON(c.w, http.StatusOK, typeJSON, in)
		return nil
	default:
		return refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
}

// changeTool applies f to a tool.
func (p *Platform) changeTool(clientID string, f func(*Tool)) error {
	return p.change(func(w *world) error {
		for i := range w.Tools {
			if w.Tools[i].ClientID == clientID {
				f(&w.Tools[i])
				return nil
			}
		}
		return fmt.Errorf("platform: no tool %q", clientID)
	})
}

// Notice is a notice about to be sent.
type Notice struct {
	Type string
	ID   string // "" makes one; the same ID twice is the same notice
	// Claims are sent besides the usual ones; Forge changes the finished notice.
	Claims map[string]any
	Forge  Forgery
}

// Notify signs a notice and posts it to the tool's handler. It answers the
// handler's status.
func (p *Platform) Notify(ctx context.Context, clientID string, n Notice) (status int, err error) {
	var tool Tool
	var ok bool
	p.view(func(w *world) { tool, ok = w.tool(clientID) })
	handler := tool.Notices[n.Type]
	if !ok || handler == "" {
		return 0, fmt.Errorf("platform: notify %s: %w", n.Type, ErrNoHandler)
	}
	if n.ID == "" {
		n.ID = randomHex(16)
	}
	now := p.now()
	claims := map[string]any{
		"iss": p.iss(), "aud": tool.ClientID, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "nonce": randomHex(16),
		claimVersion: "1.3.0", claimDeployment: tool.DeploymentID,
		claimNotice: map[string]any{"id": n.ID, "timestamp": now.Format(time.RFC3339), "type": n.Type},
	}
	maps.Copy(claims, n.Claims)
	header := p.header(n.Forge.Key)
	if n.Forge.Header != nil {
		n.Forge.Header(header)
	}
	if n.Forge.Claims != nil {
		n.Forge.Claims(claims)
	}
	token, err := p.sign(header, claims, n.Forge.Key)
	if err != nil {
		return 0, err
	}
	if n.Forge.Token != nil {
		token = n.Forge.Token(token)
	}
	body, err := json.Marshal(map[string]any{"notices": []map[string]any{{"jwt": token}}})
	if err != nil {
		return 0, fmt.Errorf("platform: notify: %w", err)
	}
	status, _, err = p.post(ctx, handler, typeJSON, body)
	if err != nil {
		return 0, fmt.Errorf("platform: notify: %w", err)
	}
	return status, nil
}
