package mail

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// How a mail server is used: it has to do with so many connections of ours at once, each of which takes so many mails
// and is left open for so long after the last.
const (
	maxConnections = 16
	maxMails       = 100
	maxIdle        = 5 * time.Second
)

// connections are the connections to the mail server. A mail goes by one that is open, if there is one: to greet, to agree
// on TLS and to authenticate takes longer than to send.
type connections struct {
	client *gomail.Client
	places chan struct{} // one for each connection that is in use

	mu     sync.Mutex
	idle   []*connection // used last at the end
	closed bool
}

// connection is one of them.
type connection struct {
	conn  *smtp.Client
	mails int         // taken so far
	end   *time.Timer // while it is idle
}

func newConnections(client *gomail.Client) *connections {
	return &connections{client: client, places: make(chan struct{}, maxConnections)}
}

// send sends a mail within the time, once there is a place.
func (s *connections) send(ctx context.Context, within time.Duration, msg *gomail.Msg) error {
	select {
	case s.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.places }()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return err
	}
	if open := s.take(); open != nil {
		err := s.client.SendWithSMTPClient(open.conn, msg)
		s.after(open, err)
		if !neverBegan(err) {
			return err
		}
	}
	conn, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	err = s.client.SendWithSMTPClient(conn, msg)
	s.after(&connection{conn: conn}, err)
	return err
}

// neverBegan tells whether the server, on a connection that has been open for a while, would not even hear of a mail:
// it has closed it, or has had enough of it.
func neverBegan(err error) bool {
	var refused *gomail.SendError
	return errors.As(err, &refused) && (refused.Reason == gomail.ErrConnCheck || refused.Reason == gomail.ErrSMTPMailFrom)
}

// take gives the connection that was used last.
func (s *connections) take() *connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.idle)
	if n == 0 {
		return nil
	}
	open := s.idle[n-1]
	s.idle = s.idle[:n-1]
	open.end.Stop()
	return open
}

// after keeps a connection that has taken a mail, and ends any other.
func (s *connections) after(open *connection, err error) {
	open.mails++
	if err == nil && open.mails < maxMails && s.keep(open) {
		return
	}
	_ = s.client.CloseWithSMTPClient(open.conn) // what is to be said of the mail has been said
}

func (s *connections) keep(open *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.idle = append(s.idle, open)
	open.end = time.AfterFunc(maxIdle, func() {
		if s.drop(open) {
			_ = s.client.CloseWithSMTPClient(open.conn)
		}
	})
	return true
}

// drop takes out a connection that is idle still.
func (s *connections) drop(open *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.idle, open)
	if i < 0 {
		return false
	}
	s.idle = slices.Delete(s.idle, i, i+1)
	return true
}

// close ends the connections that are idle, and each other after its mail.
func (s *connections) close() {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	s.mu.Unlock()
	for _, open := range idle {
		open.end.Stop()
		_ = s.client.CloseWithSMTPClient(open.conn)
	}
}
