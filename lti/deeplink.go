package lti

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// deepLinkLife is how long a teacher may take to pick.
const deepLinkLife = 4 * time.Hour

// DeepLink is what a platform asks for when a teacher adds content.
type DeepLink struct {
	ReturnURL      string
	Data           *string // opaque; goes back unchanged if it was sent
	AcceptTypes    []string
	AcceptTargets  []string
	AcceptMultiple bool
	AcceptLineItem bool
	AutoCreate     bool
	Title, Text    string

	Handle string // names this request to DeepLinkResponse; works once
}

// ContentItem is an LTI resource link to place in a course.
type ContentItem struct {
	URL      string // on our own origin; "": the launch URL
	Title    string
	Text     string
	Custom   map[string]string
	LineItem *ContentLineItem
}

// ContentLineItem asks for a gradebook column with the link.
type ContentLineItem struct {
	Label        string  `json:"label,omitempty"`
	ScoreMaximum float64 `json:"scoreMaximum"`
	ResourceID   string  `json:"resourceId,omitempty"`
	Tag          string  `json:"tag,omitempty"`

	Review *ContentReview `json:"submissionReview,omitempty"`
}

// ContentReview lets people open what a learner handed in from the gradebook
// (Submission Review 1.0 §2: the platform then sends LtiSubmissionReviewRequest).
type ContentReview struct {
	URL      string            `json:"url,omitempty"` // on our own origin; "": the launch URL
	Label    string            `json:"label,omitempty"`
	Statuses []string          `json:"reviewableStatus,omitempty"` // activity progress of which there is something to see
	Custom   map[string]string `json:"custom,omitempty"`
}

// DeepLinkAnswer is a form to post to the platform from the teacher's browser.
type DeepLinkAnswer struct {
	Action string // the return URL of the signed request
	JWT    string // the value of the one field, JWT
}

// deepLinkWay is the way back, kept on our side.
type deepLinkWay struct {
	Registration RegistrationID `json:"registration"`
	Deployment   string         `json:"deployment"`
	ReturnURL    string         `json:"return_url"`
	Data         *string        `json:"data,omitempty"`
	Multiple     bool           `json:"multiple"`
	LineItem     bool           `json:"line_item"`
}

func (t *Tool) keepDeepLink(ctx context.Context, l *Launch) (string, error) {
	data, err := json.Marshal(deepLinkWay{
		Registration: l.Registration.ID, Deployment: l.DeploymentID, ReturnURL: l.DeepLink.ReturnURL,
		Data: l.DeepLink.Data, Multiple: l.DeepLink.AcceptMultiple, LineItem: l.DeepLink.AcceptLineItem,
	})
	if err != nil {
		return "", err
	}
	handle := secret()
	return handle, t.store.PutTicket(ctx, Ticket{
		Hash: hash(handle), Purpose: "deeplink", Tenant: l.Tenant, Data: string(data), ExpiresAt: t.now().Add(deepLinkLife),
	})
}

// DeepLinkResponse signs the answer to the request behind handle. The handle works
// once; ErrNotFound if it was used or is too old, ErrLaunch while the registration or
// the deployment is suspended. No items is a legal answer.
func (t *Tool) DeepLinkResponse(ctx context.Context, handle string, items []ContentItem, message string) (DeepLinkAnswer, error) {
	content := make([]map[string]any, 0, len(items))
	for _, it := range items {
		c, err := t.contentItem(it)
		if err != nil {
			return DeepLinkAnswer{}, fmt.Errorf("lti: deep link: %w", err)
		}
		content = append(content, c)
	}
	return t.answerDeepLink(ctx, handle, content, "msg", message)
}

// DeepLinkRefusal signs the answer that nothing can be placed, with an error that
// the platform shows to the person (Deep Linking 2.0 §3.4.2, errormsg). It uses the
// handle up as DeepLinkResponse does.
func (t *Tool) DeepLinkRefusal(ctx context.Context, handle, message string) (DeepLinkAnswer, error) {
	return t.answerDeepLink(ctx, handle, []map[string]any{}, "errormsg", message)
}

func (t *Tool) answerDeepLink(ctx context.Context, handle string, content []map[string]any, saidIn, message string) (DeepLinkAnswer, error) {
	ticket, err := t.store.Ticket(ctx, "deeplink", hash(handle), t.now())
	if err != nil {
		return DeepLinkAnswer{}, fmt.Errorf("lti: deep link: %w", err)
	}
	var way deepLinkWay
	if err := json.Unmarshal([]byte(ticket.Data), &way); err != nil {
		return DeepLinkAnswer{}, fmt.Errorf("lti: deep link: %w", err)
	}
	if len(content) > 1 && !way.Multiple {
		content = content[:1]
	}
	if !way.LineItem {
		for _, c := range content {
			delete(c, "lineItem")
		}
	}
	reg, err := t.mayStillPlace(ctx, way)
	if err != nil {
		return DeepLinkAnswer{}, fmt.Errorf("lti: deep link: %w", err)
	}
	if _, err := t.store.TakeTicket(ctx, "deeplink", hash(handle), t.now()); err != nil {
		return DeepLinkAnswer{}, fmt.Errorf("lti: deep link: %w", err)
	}
	now := t.now()
	claims := map[string]any{
		"iss": reg.ClientID, "sub": reg.ClientID, // sub: for Blackboard
		"aud": reg.Issuer, "azp": reg.Issuer,
		"iat": now.Add(-backdate).Unix(), "exp": now.Add(assertionLife - backdate).Unix(), "nonce": secret(),
		claim + "message_type":    "LtiDeepLinkingResponse",
		claim + "version":         "1.3.0",
		claim + "deployment_id":   way.Deployment,
		claimDL + "content_items": content,
	}
	if way.Data != nil {
		claims[claimDL+"data"] = *way.Data
	}
	if message != "" {
		claims[claimDL+saidIn] = message
	}
	signed, err := t.sign(ctx, reg.ID, claims)
	if err != nil {
		return DeepLinkAnswer{}, err
	}
	return DeepLinkAnswer{Action: way.ReturnURL, JWT: signed}, nil
}

// mayStillPlace answers the registration, unless it or the deployment was suspended
// since the teacher began to pick: a *Rejection.
func (t *Tool) mayStillPlace(ctx context.Context, way deepLinkWay) (Registration, error) {
	reg, err := t.store.Registration(ctx, way.Registration)
	if err != nil {
		return reg, err
	}
	if reg.Status != StatusActive {
		return reg, reject("registration_suspended", "this registration is %s", reg.Status)
	}
	d, err := t.store.Deployment(ctx, reg.ID, way.Deployment)
	if err != nil {
		return reg, err
	}
	if rej := d.refusal(); rej != nil {
		return reg, rej
	}
	return reg, nil
}

func (t *Tool) contentItem(it ContentItem) (map[string]any, error) {
	var err error
	if it.URL, err = t.ownURL(it.URL); err != nil {
		return nil, err
	}
	c := map[string]any{"type": "ltiResourceLink", "url": it.URL}
	if it.Title != "" {
		c["title"] = it.Title
	}
	if it.Text != "" {
		c["text"] = it.Text
	}
	if len(it.Custom) > 0 {
		c["custom"] = it.Custom
	}
	if icon, ok := webURL(t.o.Announced.LogoURL); ok && sameOrigin(icon, t.public) { // Moodle shows it in the course
		c["icon"] = map[string]any{"url": icon.String()}
	}
	if it.LineItem != nil {
		if it.LineItem.ScoreMaximum <= 0 {
			return nil, errors.New("the content item's line item needs a maximum above 0")
		}
		item := *it.LineItem
		if item.Review != nil {
			review := *item.Review
			if review.URL, err = t.ownURL(review.URL); err != nil {
				return nil, err
			}
			item.Review = &review
		}
		c["lineItem"] = item
	}
	return c, nil
}

// ownURL is where a placed link leads: "" is the launch URL, the only one that
// platforms that compare to the letter (Moodle) have registered.
func (t *Tool) ownURL(s string) (string, error) {
	if s == "" {
		s = t.o.PublicURL + "/lti/launch"
	}
	if u, ok := webURL(s); !ok || !sameOrigin(u, t.public) {
		return "", errors.New("the content item is not on our own origin")
	}
	return s, nil
}
