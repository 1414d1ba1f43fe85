package embedded

import (
	"context"
	"time"
)

// Mail is one message the mailbox took.
type Mail struct {
	N         int64               `json:"n"`
	To        []string            `json:"to"`
	From      string              `json:"from"`
	Subject   string              `json:"subject"`
	MessageID string              `json:"message_id"`
	Headers   map[string][]string `json:"headers"`
	Text      string              `json:"text"`
	HTML      string              `json:"html"`
	At        time.Time           `json:"at"`
}

type Mailbox struct{}

func StartMailbox(ctx context.Context, httpAddr, smtpAddr string) (*Mailbox, error) { return nil, nil }
func (m *Mailbox) HTTPURL() string                                                  { return "" }
func (m *Mailbox) SMTPAddr() string                                                 { return "" }
func (m *Mailbox) Close(ctx context.Context) error                                  { return nil }
func (m *Mailbox) Mails() []Mail                                                    { return nil }
func (m *Mailbox) Wait(ctx context.Context, done func([]Mail) bool) error           { return nil }
func (m *Mailbox) RefuseNext(n int)                                                 {}
