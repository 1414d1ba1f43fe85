// Package mail words the engine's messages and sends them by SMTP.
//
// A mail says one thing: who it is about, why now, one action as a link, how long
// it takes and when it is due in the receiver's own time and language. It goes
// out as plain text and HTML with the same words. Its Message-ID is derived from
// the message's id, so a mail that a crash sends twice is one mail to the reader's
// program.
//
//	engine.Mail ──compose──▶ letter (words) ──render──▶ text + HTML ──Send──▶ SMTP
package mail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/cairn-lms/cairn/engine"
)

// Options of a Sender. URL is required.
type Options struct {
	URL     string           // see parseURL: smtp://user:password@host:587, smtps://host, smtp://127.0.0.1:1025?tls=none
	From    string           // "Cairn <learning@example.org>"; default: Cairn <cairn@localhost>
	Timeout time.Duration    // for one mail, once one of the connections is free; default 30 s
	Now     func() time.Time // default time.Now
	Log     *slog.Logger     // never sees names or addresses; default: none
}

// Sender is an engine.Mailer over SMTP. It is safe for concurrent use.
type Sender struct {
	connections *connections
	from        mail.Address
	timeout     time.Duration
	now         func() time.Time
	log         *slog.Logger
}

var _ engine.Mailer = (*Sender)(nil)

// New checks the options; it does not connect. Close the sender when done.
func New(o Options) (*Sender, error) {
	if o.From == "" {
		o.From = "Cairn <cairn@localhost>"
	}
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf("mail: sender address: %w", err)
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	host, settings, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	client, err := gomail.NewClient(host, append(settings, gomail.WithTimeout(o.Timeout))...)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return &Sender{connections: newConnections(client), from: *from, timeout: o.Timeout, now: o.Now, log: o.Log}, nil
}

// Close ends the connections to the mail server that wait for the next mail.
func (s *Sender) Close() { s.connections.close() }

// Send words and sends one mail. A *engine.RetryError may succeed later: the
// server is away, busy or refuses us. A *engine.UnreachableError says that the
// server knows no such receiver. Any other error will not succeed later either: the
// receiver's address is none, or the server refuses it or the content for good.
// Errors carry no address.
func (s *Sender) Send(ctx context.Context, m engine.Mail) error {
	msg, err := s.message(m)
	if err != nil {
		return fmt.Errorf("mail: message %s: %w", m.Message.ID, err)
	}
	err = s.connections.send(ctx, s.timeout, msg)
	if err != nil && msg.IsDelivered() {
		// The server has taken the mail; only the good-bye went wrong.
		s.log.DebugContext(ctx, "mail: the server hung up after it took the mail", "message", string(m.Message.ID))
		err = nil
	}
	if err != nil {
		return fmt.Errorf("mail: message %s: %w", m.Message.ID, failure(err))
	}
	s.log.InfoContext(ctx, "mail sent", "message", string(m.Message.ID), "purpose", m.Message.Purpose, "enrolment", string(m.Message.Enrolment))
	return nil
}

// message makes the whole MIME message.
func (s *Sender) message(m engine.Mail) (*gomail.Msg, error) {
	to, err := address(m.To)
	if err != nil {
		return nil, err
	}
	letter := compose(m, s.now())
	html, err := letter.html()
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	from := s.from
	msg.FromMailAddress(&from)
	msg.ToMailAddress(to)
	msg.Subject(header(letter.Subject))
	msg.SetDateWithValue(s.now())
	msg.SetMessageIDWithValue(messageID(m.Message.ID, from.Address))
	msg.SetGenHeader("Content-Language", letter.Language)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday replies, please
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetGenHeader("X-Cairn-Purpose", m.Message.Purpose) // for people's filters and for whoever traces a mail
	if letter.UnsubscribeURL != "" {
		msg.SetGenHeaderPreformatted("List-Unsubscribe", "<"+letter.UnsubscribeURL+">")
		msg.SetGenHeaderPreformatted("List-Unsubscribe-Post", "List-Unsubscribe=One-Click") // RFC 8058
	}
	msg.SetBodyString(gomail.TypeTextPlain, letter.text())
	msg.AddAlternativeString(gomail.TypeTextHTML, html)
	return msg, nil
}

// errNoAddress says that there is nobody to write to.
var errNoAddress = errors.New("the receiver has no usable e-mail address")

// address is the receiver's: one plain address and a name without tricks.
func address(p engine.Person) (*mail.Address, error) {
	email := strings.TrimSpace(p.Email)
	a, err := mail.ParseAddress(email)
	if err != nil || a.Name != "" || a.Address != email || len(email) > 254 {
		return nil, errNoAddress
	}
	return &mail.Address{Name: header(line(p.Name, 100)), Address: a.Address}, nil
}

var plainID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// messageID is stable for a message: its id (or a hash of it) at the sender's domain.
func messageID(id engine.MessageID, from string) string {
	local := string(id)
	if !plainID.MatchString(local) {
		sum := sha256.Sum256([]byte(local))
		local = hex.EncodeToString(sum[:16])
	}
	_, domain, _ := strings.Cut(from, "@")
	return local + "@" + domain
}

// failure turns an error of the SMTP client into one of ours: without addresses
// (servers quote them), and saying whether another try may help.
func failure(err error) error {
	var refused *gomail.SendError
	if !errors.As(err, &refused) {
		var netErr interface{ Timeout() bool }
		if errors.As(err, &netErr) && netErr.Timeout() {
			return &engine.RetryError{Err: errors.New("the mail server did not answer in time")}
		}
		return &engine.RetryError{Err: errors.New("the mail server cannot be reached or does not let us in")}
	}
	code := refused.ErrorCode()
	what := fmt.Errorf("the mail server refused it: %s (%d %s)", refused.Reason, code, refused.EnhancedStatusCode())
	if status := refused.EnhancedStatusCode(); code >= 500 && refused.Reason == gomail.ErrSMTPRcptTo && (noSuchReceiver(status) && status != "" || status == "" && (code == 550 || code == 551 || code == 553)) {
		return &engine.UnreachableError{Err: what}
	}
	if code >= 500 {
		switch refused.Reason {
		case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
			return what
		}
	}
	return &engine.RetryError{Err: what}
}

// parseURL reads where to send:
//
//	smtp://host[:587]                    STARTTLS required; plain on a loopback host
//	smtp://user:password@host:587        the same, with authentication
//	smtps://user:password@host[:465]     TLS from the first byte
//	smtp://host:25?tls=none              none, starttls or opportunistic
func parseURL(raw string) (host string, settings []gomail.Option, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", nil, errors.New("mail: SMTP URL: it cannot be read") // the error would show the password
	}
	host = u.Hostname()
	if host == "" || (u.Path != "" && u.Path != "/") || u.Fragment != "" {
		return "", nil, errors.New("mail: SMTP URL: want smtp://host:port or smtps://host:port")
	}
	query := u.Query()
	security := query.Get("tls")
	query.Del("tls")
	if len(query) > 0 {
		return "", nil, errors.New("mail: SMTP URL: tls is the only parameter")
	}
	port := u.Port()
	switch u.Scheme {
	case "smtps":
		if security != "" {
			return "", nil, errors.New("mail: SMTP URL: smtps:// always uses TLS; leave tls= out")
		}
		settings = append(settings, gomail.WithSSL())
		port = orElse(port, "465")
	case "smtp":
		if security == "" {
			security = "starttls"
			if isLoopback(host) {
				security = "none"
			}
		}
		policy, ok := map[string]gomail.TLSPolicy{
			"none": gomail.NoTLS, "starttls": gomail.TLSMandatory, "opportunistic": gomail.TLSOpportunistic,
		}[security]
		if !ok {
			return "", nil, errors.New("mail: SMTP URL: tls is none, starttls or opportunistic")
		}
		settings = append(settings, gomail.WithTLSPolicy(policy))
		port = orElse(port, "587")
	default:
		return "", nil, errors.New("mail: SMTP URL: want smtp:// or smtps://")
	}
	number, err := parsePort(port)
	if err != nil {
		return "", nil, err
	}
	settings = append(settings, gomail.WithPort(number))
	if u.User != nil {
		password, _ := u.User.Password()
		how := gomail.SMTPAuthAutoDiscover // never sends a password in the clear
		if security == "none" {
			how = gomail.SMTPAuthPlainNoEnc // who writes tls=none wants just that
		}
		settings = append(settings, gomail.WithUsername(u.User.Username()), gomail.WithPassword(password), gomail.WithSMTPAuth(how))
	}
	return host, settings, nil
}
