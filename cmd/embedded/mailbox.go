package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Bounds of a mailbox. When one is reached the oldest mails go.
const (
	maxMails      = 5_000
	maxMailBytes  = 5 << 20
	maxTotalBytes = 256 << 20
	maxRecipients = 100
)

// Mail is one message the mailbox took.
type Mail struct {
	N         int64               `json:"n"`  // 1, 2, 3 … in order of arrival
	To        []string            `json:"to"` // the envelope's recipients
	From      string              `json:"from"`
	Subject   string              `json:"subject"`
	MessageID string              `json:"message_id"` // with its angle brackets
	Headers   map[string][]string `json:"headers"`    // by canonical name, decoded
	Text      string              `json:"text"`
	HTML      string              `json:"html"`
	At        time.Time           `json:"at"` // arrival, by the wall clock
	size      int
}

// Mailbox is a running mail sink: an SMTP server that keeps what it is sent,
// and a web server that shows it. Its methods are safe for concurrent use.
type Mailbox struct {
	httpURL  string
	smtpAddr string
	web      *http.Server
	smtp     *smtp.Server
	listener net.Listener // of smtp
	pages    *mailPages
	serving  sync.WaitGroup
	errs     chan error // why a server stopped, at most one each

	mu      sync.Mutex
	kept    *os.File // nil: in memory only
	mails   []Mail   // oldest first
	last    int64
	size    int
	refuse  int
	changed chan struct{} // closed and replaced when a mail arrives
}

// StartMailbox listens on both addresses; port 0 picks one. ctx bounds the
// starting only; Close stops it.
func StartMailbox(ctx context.Context, httpAddr, smtpAddr string) (*Mailbox, error) {
	return startMailbox(ctx, httpAddr, smtpAddr, nil, nil)
}

// startMailbox begins with these mails and appends to kept, if it is not nil.
func startMailbox(ctx context.Context, httpAddr, smtpAddr string, mails []Mail, kept *os.File) (*Mailbox, error) {
	pages, err := newMailPages()
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	webListener, err := lc.Listen(ctx, "tcp", httpAddr)
	if err != nil {
		return nil, fmt.Errorf("embedded: start mailbox: %w", err)
	}
	smtpListener, err := lc.Listen(ctx, "tcp", smtpAddr)
	if err != nil {
		_ = webListener.Close()
		return nil, fmt.Errorf("embedded: start mailbox: %w", err)
	}
	m := &Mailbox{
		httpURL:  "http://" + webListener.Addr().String(),
		smtpAddr: smtpListener.Addr().String(),
		listener: smtpListener,
		pages:    pages,
		errs:     make(chan error, 2),
		changed:  make(chan struct{}),
		kept:     kept,
	}
	for _, mail := range mails {
		m.put(mail)
	}
	quiet := log.New(io.Discard, "", 0)
	m.web = &http.Server{
		Handler: m.routes(), ErrorLog: quiet,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
	m.smtp = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{box: m}, nil }))
	m.smtp.Domain = "mailbox.localhost"
	m.smtp.MaxMessageBytes = maxMailBytes
	m.smtp.MaxRecipients = maxRecipients
	m.smtp.ReadTimeout, m.smtp.WriteTimeout = 2*time.Minute, time.Minute
	m.smtp.EnableSMTPUTF8 = true
	m.smtp.ErrorLog = quiet
	m.serving.Go(func() {
		if err := m.web.Serve(webListener); !errors.Is(err, http.ErrServerClosed) {
			m.errs <- err
		}
	})
	m.serving.Go(func() {
		if err := m.smtp.Serve(smtpListener); err != nil && !errors.Is(err, net.ErrClosed) {
			m.errs <- err
		}
	})
	return m, nil
}

// HTTPURL is the page's address, without a trailing slash.
func (m *Mailbox) HTTPURL() string { return m.httpURL }

// SMTPAddr is host:port of the SMTP server: no TLS, no sign-in.
func (m *Mailbox) SMTPAddr() string { return m.smtpAddr }

// closeGrace is how long requests under way may take to end.
const closeGrace = 5 * time.Second

// Close stops both servers: pages being read get a few seconds, at most until
// ctx ends, and SMTP clients are hung up on.
func (m *Mailbox) Close(ctx context.Context) error {
	grace, cancel := context.WithTimeout(ctx, closeGrace)
	defer cancel()
	if m.web.Shutdown(grace) != nil {
		_ = m.web.Close()
	}
	// go-smtp closes only listeners it is serving already.
	_ = m.smtp.Close()
	_ = m.listener.Close()
	m.serving.Wait()
	select {
	case err := <-m.errs:
		return fmt.Errorf("embedded: mailbox stopped early: %w", err)
	default:
		return nil
	}
}

// Mails are the mails kept, in order of arrival.
func (m *Mailbox) Mails() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

// mail is the one with that number.
func (m *Mailbox) mail(n int64) (Mail, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := slices.BinarySearchFunc(m.mails, n, func(mail Mail, n int64) int { return int(mail.N - n) })
	if !ok {
		return Mail{}, false
	}
	return m.mails[i], true
}

// Wait returns once done says so of the mails, asking it now and after every
// arrival, or with ctx's error.
func (m *Mailbox) Wait(ctx context.Context, done func([]Mail) bool) error {
	for {
		m.mu.Lock()
		changed, mails := m.changed, slices.Clone(m.mails)
		m.mu.Unlock()
		if done(mails) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("embedded: wait for mail: %w", ctx.Err())
		}
	}
}

// RefuseNext makes the mailbox answer the next n messages with a temporary
// error (451) and keep none of them. It replaces what was left of an earlier n.
func (m *Mailbox) RefuseNext(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuse = n
}

// add keeps a mail, or refuses it if told so.
func (m *Mailbox) add(mail Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse > 0 {
		m.refuse--
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Refused for now, as told"}
	}
	mail.N = m.last + 1
	if err := m.keep(mail); err != nil {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "Cannot be kept now"}
	}
	m.put(mail)
	close(m.changed)
	m.changed = make(chan struct{})
	return nil
}

// put adds a numbered mail; m.mu is held.
func (m *Mailbox) put(mail Mail) {
	m.last = mail.N
	m.mails = append(m.mails, mail)
	m.size += mail.size
	for len(m.mails) > maxMails || m.size > maxTotalBytes {
		m.size -= m.mails[0].size
		m.mails = slices.Delete(m.mails, 0, 1)
	}
}
