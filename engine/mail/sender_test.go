package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/cairn-lms/cairn/engine"
)

// parts reads the two bodies of a mail.
func parts(t *testing.T, data []byte) (m *mail.Message, plain, html string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("the mail is %s, %v", kind, err)
	}
	reader := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, plain, html
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Errorf("a part is encoded as %q", p.Header.Get("Content-Transfer-Encoding"))
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(body), "\r\n", "\n")
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/plain") {
			plain = text
		} else {
			html = text
		}
	}
}

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func sender(t *testing.T, url string, change ...func(*Options)) *Sender {
	t.Helper()
	o := Options{URL: url, From: "Cairn <learning@cairn.example>", Timeout: 5 * time.Second, Now: func() time.Time { return now }}
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// nudge is a mail to Sam about a step that is due on Monday.
func nudge(purpose string) engine.Mail {
	sam := engine.Person{ID: "sam", Name: "Sam Sailor", Email: "sam@example.org", Locale: "en-GB", Zone: "Europe/Berlin"}
	return engine.Mail{
		Message:  engine.Message{ID: "8c1f2a34-0b1c-5d2e-8f3a-4b5c6d7e8f90", To: "sam", Enrolment: "e1", Step: "try", Purpose: purpose},
		To:       sam,
		Learner:  sam,
		Workflow: &engine.Workflow{ID: "first-steps", Title: engine.Text{"en": "Negotiate without giving margin away", "de": "Verhandeln ohne Marge zu verschenken"}},
		Step: &engine.Step{ID: "try", Title: engine.Text{"en": "Ask for something back", "de": "Etwas zurückverlangen"},
			Why: engine.Text{"en": "A gift teaches the other side to wait for the next one.", "de": "Ein Geschenk lehrt die andere Seite, auf das nächste zu warten."}},
		Enrolment:      &engine.Enrolment{ID: "e1"},
		Link:           "https://lms.example/mod/lti/view.php?l=7&x=1",
		UnsubscribeURL: "https://cairn.example/u/token",
		DueAt:          time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC),
		Zone:           "Europe/Berlin",
		Minutes:        10,
	}
}

// request is a mail to Max, who has no account.
func request(purpose string) engine.Mail {
	m := nudge(purpose)
	m.Message.Request, m.Message.To = "r1", "max"
	m.To = engine.Person{ID: "max", Name: "Max Manager", Email: "max@example.org", Locale: "de"}
	m.Link = "https://cairn.example/r/token"
	return m
}

func TestANudgeArrives(t *testing.T) {
	s := startSink(t)
	m := nudge(engine.PurposeStepDue)
	if err := sender(t, "smtp://"+s.addr).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := s.only(t)
	if got.from != "learning@cairn.example" || got.to != "sam@example.org" {
		t.Errorf("the envelope is %s to %s", got.from, got.to)
	}
	msg, plain, html := parts(t, got.data)
	for header, want := range map[string]string{
		"From":                  `"Cairn" <learning@cairn.example>`,
		"To":                    `"Sam Sailor" <sam@example.org>`,
		"Subject":               "Due Monday, 23 November at 17:00: Ask for something back",
		"Message-Id":            "<8c1f2a34-0b1c-5d2e-8f3a-4b5c6d7e8f90@cairn.example>",
		"List-Unsubscribe":      "<https://cairn.example/u/token>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"Auto-Submitted":        "auto-generated",
		"Content-Language":      "en",
		"Date":                  "Sat, 21 Nov 2026 09:00:00 +0000",
		"User-Agent":            "",
	} {
		if have := msg.Header.Get(header); have != want {
			t.Errorf("%s is %q, want %q", header, have, want)
		}
	}
	golden(t, "nudge.txt", plain)
	golden(t, "nudge.html", html)
}

func TestARequestArrivesInTheReviewersLanguage(t *testing.T) {
	s := startSink(t)
	m := request("review_request")
	m.Also = []engine.Mail{request("survey_request")}
	if err := sender(t, "smtp://"+s.addr).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	msg, plain, html := parts(t, s.only(t).data)
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil || subject != "2 Anfragen warten auf Sie, zuerst: Etwas zurückverlangen" {
		t.Errorf("the subject is %q, %v", subject, err)
	}
	golden(t, "request.txt", plain)
	golden(t, "request.html", html)
}

// golden compares with testdata; CAIRN_UPDATE=1 writes it.
func golden(t *testing.T, name, have string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("CAIRN_UPDATE") == "1" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(have), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if have != string(want) {
		t.Errorf("%s has changed (CAIRN_UPDATE=1 accepts it):\n%s", name, have)
	}
}

func TestForeignTextCannotInjectHeaders(t *testing.T) {
	s := startSink(t)
	m := nudge(engine.PurposeStepOpen)
	m.To.Name = "Sam\r\nBcc: victim@example.org\r\n\r\n<script>"
	m.Learner.Name = m.To.Name
	m.Step.Title = engine.Text{"en": "Title\r\nX-Evil: 1\n\u202Egnp.exe\x00"}
	m.Workflow.Title = engine.Text{"en": "W\r\nX-Evil: 2"}
	m.Message.ID = "id>\r\nX-Evil: 3"
	m.UnsubscribeURL = "https://cairn.example/u/x>\r\nX-Evil: 4"
	m.Comment = "fine\r\n.\r\nMAIL FROM:<evil@example.org>\r\n<b>bold</b>"
	if err := sender(t, "smtp://"+s.addr).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := s.only(t)
	if got.to != "sam@example.org" {
		t.Errorf("the mail went to %s", got.to)
	}
	msg, plain, html := parts(t, got.data)
	for name := range msg.Header {
		if name == "Bcc" || name == "X-Evil" {
			t.Errorf("there is a header %s", name)
		}
	}
	if subject := msg.Header.Get("Subject"); subject != "Next up: Title X-Evil: 1 gnp.exe" {
		t.Errorf("the subject is %q", subject)
	}
	if to, err := msg.Header.AddressList("To"); err != nil || len(to) != 1 {
		t.Errorf("the receivers are %v, %v", to, err)
	}
	if msg.Header.Get("List-Unsubscribe") != "" {
		t.Errorf("a broken link was used: %s", msg.Header.Get("List-Unsubscribe"))
	}
	if strings.Contains(html, "<script>") || strings.Contains(html, "<b>") {
		t.Errorf("foreign mark-up is in the HTML:\n%s", html)
	}
	if !strings.Contains(plain, "> fine\n> .\n> MAIL FROM:<evil@example.org>\n") {
		t.Errorf("the comment is not quoted:\n%s", plain)
	}
}

func TestAnAddressThatIsNoneFailsForGood(t *testing.T) {
	s := startSink(t)
	for _, email := range []string{"", "sam", "a@b.example, c@d.example", "Sam <sam@example.org>", "sam@example.org\r\nBcc: x@example.org",
		strings.Repeat("a", 300) + "@example.org"} {
		m := nudge(engine.PurposeStepOpen)
		m.To.Email = email
		err := sender(t, "smtp://"+s.addr).Send(t.Context(), m)
		var retry *engine.RetryError
		if err == nil || errors.As(err, &retry) {
			t.Errorf("%.30q: %v", email, err)
		}
	}
	if len(s.got) != 0 {
		t.Errorf("%d mails were sent", len(s.got))
	}
}

func TestRefusalsAreTemporaryOrForGood(t *testing.T) {
	for _, c := range []struct {
		name      string
		rcpt      error
		data      error
		temporary bool
	}{
		{"greylisted", &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "sam@example.org: later"}, nil, true},
		{"unknown receiver", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no sam@example.org here"}, nil, false},
		{"mailbox full", nil, &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "sam@example.org is full"}, true},
		{"content refused", nil, &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "sam@example.org does not want this"}, false},
	} {
		s := startSink(t)
		s.refuseRcpt, s.refuseData = c.rcpt, c.data
		var log bytes.Buffer
		err := sender(t, "smtp://"+s.addr, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) }).
			Send(t.Context(), nudge(engine.PurposeStepOpen))
		var retry *engine.RetryError
		if err == nil || errors.As(err, &retry) != c.temporary {
			t.Errorf("%s: %v", c.name, err)
		}
		var unreachable *engine.UnreachableError
		if errors.As(err, &unreachable) != (c.name == "unknown receiver") {
			t.Errorf("%s: a hard bounce: %t", c.name, unreachable != nil)
		}
		if strings.Contains(fmt.Sprint(err, log.String()), "sam@") {
			t.Errorf("%s: an address is in %v or the log", c.name, err)
		}
	}
}

func TestAServerThatIsAwayOrSilentMeansLater(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := listener.Addr().String() // accepts, never greets
	for _, c := range []struct {
		name  string
		url   string
		close bool
	}{{"silent", "smtp://" + silent, false}, {"away", "smtp://" + silent, true}} {
		if c.close {
			_ = listener.Close()
		}
		began := time.Now()
		err := sender(t, c.url, func(o *Options) { o.Timeout = 300 * time.Millisecond }).Send(t.Context(), nudge(engine.PurposeStepOpen))
		var retry *engine.RetryError
		if !errors.As(err, &retry) {
			t.Errorf("%s: %v", c.name, err)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("%s: it took %s", c.name, took)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sender(t, "smtp://"+startSink(t).addr).Send(ctx, nudge(engine.PurposeStepOpen)); err == nil {
		t.Error("a cancelled send succeeded")
	}
}

func TestAMailThatWasTakenCountsAsSentEvenIfTheServerHangsUp(t *testing.T) {
	s := startSink(t)
	proxy := hangUpAfterData(t, s.addr)
	if err := sender(t, "smtp://"+proxy).Send(t.Context(), nudge(engine.PurposeStepOpen)); err != nil {
		t.Errorf("the mail was taken, yet: %v", err)
	}
	s.only(t)
}

func TestCredentialsAreUsed(t *testing.T) {
	s := startSink(t)
	s.password = "p@ss:word"
	if err := sender(t, "smtp://cairn:p%40ss%3Aword@"+s.addr).Send(t.Context(), nudge(engine.PurposeStepOpen)); err != nil {
		t.Error(err)
	}
	err := sender(t, "smtp://cairn:wrong@"+s.addr).Send(t.Context(), nudge(engine.PurposeStepOpen))
	var retry *engine.RetryError
	if !errors.As(err, &retry) { // somebody will correct the password
		t.Errorf("a wrong password: %v", err)
	}
}

func TestStartTLSIsInsistedOn(t *testing.T) {
	s := startSink(t) // offers none
	err := sender(t, "smtp://"+s.addr+"?tls=starttls").Send(t.Context(), nudge(engine.PurposeStepOpen))
	if err == nil || len(s.got) != 0 {
		t.Errorf("the mail went out in the clear: %v", err)
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, url := range []string{"", "mail.example:25", "http://mail.example", "smtp://", "smtp://host:0", "smtp://host:99999", "smtp://host/path",
		"smtp://host?tls=maybe", "smtp://host?ssl=1", "smtps://host?tls=none", "smtp://user:secret@ho st"} {
		if _, err := New(Options{URL: url}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := New(Options{URL: "smtp://mail.example", From: "nobody"}); err == nil {
		t.Error("a sender without address was taken")
	}
	for _, url := range []string{"smtp://mail.example", "smtps://user:secret@mail.example", "smtp://[::1]:25", "smtp://mail:1025?tls=none", "smtp://mail?tls=opportunistic"} {
		if _, err := New(Options{URL: url}); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
}
