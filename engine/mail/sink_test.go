package mail

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// sink is a real SMTP server that keeps what it gets.
type sink struct {
	addr string
	mu   sync.Mutex
	got  []received

	refuseRcpt, refuseData error // answered instead of taking a mail
	password               string

	open      map[*session]bool
	came      int           // connections so far
	most      int           // open at once
	left      chan struct{} // gets one for each that has gone, if made
	mailsEach int           // taken on one connection, 0: any number
}

type received struct {
	from, to string
	data     []byte
}

func startSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{}
	server := smtp.NewServer(s)
	server.AllowInsecureAuth = true
	server.ErrorLog = discard{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listener.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = listener.Close(); _ = server.Close(); <-done })
	return s
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func (s *sink) NewSession(c *smtp.Conn) (smtp.Session, error) {
	visit := &session{sink: s, conn: c}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*session]bool{}
	}
	s.open[visit] = true
	s.came++
	s.most = max(s.most, len(s.open))
	return visit, nil
}

// refuse answers err from now on instead of taking mails.
func (s *sink) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuseData = err
}

// hangUp closes all connections.
func (s *sink) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for visit := range s.open {
		_ = visit.conn.Conn().Close()
	}
}

type session struct {
	sink *sink
	conn *smtp.Conn
	mail received
	auth bool
	took int
}

func (s *session) AuthMechanisms() []string {
	if s.sink.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "cairn" || password != s.sink.password {
			return smtp.ErrAuthFailed
		}
		s.auth = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.sink.password != "" && !s.auth {
		return smtp.ErrAuthRequired
	}
	if s.sink.mailsEach > 0 && s.took >= s.sink.mailsEach {
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "too many mails"}
	}
	s.mail.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to += to
	return s.sink.refuseRcpt
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.data = data
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	if s.sink.refuseData != nil {
		return s.sink.refuseData
	}
	s.sink.got = append(s.sink.got, s.mail)
	s.took++
	return nil
}

func (s *session) Reset() { s.mail = received{} }

func (s *session) Logout() error {
	s.sink.mu.Lock()
	delete(s.sink.open, s)
	left := s.sink.left
	s.sink.mu.Unlock()
	if left != nil {
		left <- struct{}{}
	}
	return nil
}

func (s *sink) only(t *testing.T) received {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.got) != 1 {
		t.Fatalf("the sink has %d mails, want 1", len(s.got))
	}
	return s.got[0]
}

// hangUpAfterData stands before an SMTP server and drops the connection once the
// server has taken a mail.
func hangUpAfterData(t *testing.T, server string) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		upstream, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		defer upstream.Close()
		wg.Go(func() { _, _ = io.Copy(upstream, client) })
		taken := false
		buffer := make([]byte, 4096)
		for {
			n, err := upstream.Read(buffer)
			if _, werr := client.Write(buffer[:n]); err != nil || werr != nil || taken {
				return
			}
			if bytes.HasPrefix(buffer[:n], []byte("354 ")) {
				taken = true // the next answer is the one that takes the mail
			}
		}
	})
	t.Cleanup(func() { _ = listener.Close(); wg.Wait() })
	return listener.Addr().String()
}
