package mail

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// Poster posts a body to a URL that an administrator gave us. It decides which addresses may be called at all. An error
// means that no answer came.
type Poster interface {
	Post(ctx context.Context, url string, header map[string]string, body []byte) (Answer, error)
}

// Answer is what a webhook answered. After is its wish when to try again; zero: none.
type Answer struct {
	Status int
	After  time.Duration
}

// Chat is an engine.Chat over webhooks: Slack's incoming webhooks, Teams' workflows, and signed JSON by the Standard
// Webhooks scheme (https://www.standardwebhooks.com) for everything else.
type Chat struct {
	poster Poster
	now    func() time.Time // what messages say
	wall   func() time.Time // what signatures say: receivers compare it with their clock
}

var _ engine.Chat = (*Chat)(nil)

// NewChat makes one. now is engine time; nil: real time.
func NewChat(p Poster, now func() time.Time) *Chat {
	if now == nil {
		now = time.Now
	}
	return &Chat{poster: p, now: now, wall: time.Now}
}

// Post words a message and posts it. The same message posted again has the same webhook-id. Errors name no address: the
// URL of an endpoint is a secret.
func (c *Chat) Post(ctx context.Context, to engine.Endpoint, m engine.Mail) error {
	body, err := c.body(to.Kind, m)
	if err != nil {
		return fmt.Errorf("chat: message %s: %w", m.Message.ID, err)
	}
	header := map[string]string{"Content-Type": "application/json"}
	if to.Kind == engine.Generic {
		key, err := webhookKey(to.Secret)
		if err != nil {
			return fmt.Errorf("chat: message %s: %w", m.Message.ID, err)
		}
		at := strconv.FormatInt(c.wall().Unix(), 10)
		header["webhook-id"] = string(m.Message.ID)
		header["webhook-timestamp"] = at
		header["webhook-signature"] = sign(key, string(m.Message.ID), at, body)
	}
	answer, err := c.poster.Post(ctx, to.URL, header, body)
	var refusal interface{ Blocked() bool }
	switch {
	case errors.As(err, &refusal) && refusal.Blocked():
		return fmt.Errorf("chat: message %s: the address may not be called", m.Message.ID)
	case err != nil:
		return fmt.Errorf("chat: message %s: %w", m.Message.ID, &engine.RetryError{Err: errors.New("no answer")})
	case answer.Status >= 200 && answer.Status < 300:
		return nil
	}
	failed := fmt.Errorf("the endpoint answers %d", answer.Status)
	switch {
	case answer.Status == 410:
		failed = &engine.GoneError{Err: failed}
	case answer.Status == 429, answer.Status == 408, answer.Status >= 500:
		failed = &engine.RetryError{After: min(answer.After, time.Hour), Err: failed}
	}
	return fmt.Errorf("chat: message %s: %w", m.Message.ID, failed)
}

// webhookKey is the key of a Standard Webhooks secret.
func webhookKey(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("the secret is not whsec_ and 24 to 64 bytes in base64")
	}
	return key, nil
}

// sign is the webhook-signature of a body.
func sign(key []byte, id, at string, body []byte) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.", id, at)
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func (c *Chat) body(kind engine.EndpointKind, m engine.Mail) ([]byte, error) {
	l := compose(m, c.now())
	switch kind {
	case engine.Slack:
		return json.Marshal(slackMessage(l))
	case engine.Teams:
		return json.Marshal(teamsMessage(l))
	case engine.Generic:
		return json.Marshal(genericMessage(l, m, c.now()))
	}
	return nil, fmt.Errorf("unknown kind of endpoint %.20q", kind)
}

// said is the letter in a few lines, as all chat tools show it.
func (l letter) said() []string {
	lines := []string{l.Greeting}
	for _, p := range append(append([]string{}, l.Lead...), l.Why, l.Ask, strings.Join(l.Facts, " ")) {
		if p = strings.TrimSpace(p); p != "" {
			lines = append(lines, p)
		}
	}
	for i, a := range l.Also {
		if i == 0 {
			lines = append(lines, l.AlsoTitle)
		}
		lines = append(lines, "• "+a.Title)
	}
	return lines
}

type object = map[string]any

// slackMessage is the body for an incoming webhook: plain text, in which nothing that others wrote is a link or calls
// somebody.
func slackMessage(l letter) object {
	plain := func(s string, limit int) object {
		return object{"type": "plain_text", "text": cut(s, limit), "emoji": false}
	}
	blocks := []object{
		{"type": "header", "text": plain(l.Subject, 150)},
		{"type": "section", "text": plain(strings.Join(l.said(), "\n"), 3000)},
	}
	if l.Link != "" {
		blocks = append(blocks, object{"type": "actions", "elements": []object{
			{"type": "button", "text": plain(l.Action, 75), "url": l.Link, "style": "primary"},
		}})
	}
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	return object{"text": escape.Replace(l.Subject), "blocks": blocks}
}

// teamsMessage is the body for the workflow "post to a channel when a webhook request is received": an Adaptive Card.
func teamsMessage(l letter) object {
	escape := strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "(", `\(`, ")", `\)`, "#", `\#`, "`", "\\`", "<", `\<`)
	text := func(s string, more object) object {
		block := object{"type": "TextBlock", "text": escape.Replace(cut(s, 3000)), "wrap": true}
		for k, v := range more {
			block[k] = v
		}
		return block
	}
	body := []object{text(l.Subject, object{"weight": "Bolder", "size": "Medium"})}
	for _, line := range l.said() {
		body = append(body, text(line, nil))
	}
	card := object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "lang": l.Language, "body": body}
	if l.Link != "" {
		card["actions"] = []object{{"type": "Action.OpenUrl", "title": l.Action, "url": l.Link}}
	}
	return object{"type": "message", "attachments": []object{{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}}}
}

// genericMessage is the body for a bot of the tenant, with all that it needs to bring it to one person.
func genericMessage(l letter, m engine.Mail, now time.Time) object {
	to := object{"id": m.To.ID, "name": m.To.Name}
	if m.To.Email != "" {
		to["email"] = m.To.Email
	}
	data := object{
		"message": m.Message.ID, "purpose": m.Message.Purpose, "enrolment": m.Message.Enrolment, "to": to, "language": l.Language,
		"subject": l.Subject, "text": strings.Join(l.said(), "\n"), "personal": m.Message.Request != "",
	}
	if m.Workflow != nil {
		data["workflow"] = m.Workflow.ID
	}
	if m.Step != nil {
		data["step"] = m.Step.ID
	}
	if l.Link != "" {
		data["action"] = object{"label": l.Action, "url": l.Link}
	}
	if !m.DueAt.IsZero() {
		data["due"] = m.DueAt.UTC().Format(time.RFC3339)
	}
	if m.Minutes > 0 {
		data["minutes"] = m.Minutes
	}
	if l.UnsubscribeURL != "" {
		data["unsubscribe_url"] = l.UnsubscribeURL
	}
	var others []object
	for _, a := range l.Also {
		others = append(others, object{"subject": a.Title, "url": a.Link})
	}
	if len(others) > 0 {
		data["also"] = others
	}
	return object{"type": "cairn." + kindOf(m.Message), "timestamp": now.UTC().Format(time.RFC3339), "data": data}
}

// kindOf is what a message is to whoever sorts them.
func kindOf(m engine.Message) string {
	switch {
	case m.Purpose == engine.PurposeTest:
		return "test"
	case m.IsNudge():
		return "nudge"
	case m.Request != "":
		return "request"
	}
	return "news"
}
