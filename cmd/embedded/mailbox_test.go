package embedded_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/embedded"
)

func startMailbox(t *testing.T) *embedded.Mailbox {
	t.Helper()
	m, err := embedded.StartMailbox(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := m.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return m
}

func send(m *embedded.Mailbox, message string, to ...string) error {
	message = strings.ReplaceAll(message, "\n", "\r\n")
	return smtp.SendMail(m.SMTPAddr(), nil, "cairn@example.org", to, []byte(message))
}

const nudge = `From: Cairn <cairn@example.org>
To: Sam Sailor <sam@example.org>
Subject: =?utf-8?q?N=C3=A4chster_Schritt?=
Message-ID: <m1@cairn.example.org>
List-Unsubscribe: <http://127.0.0.1:1/u/token>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Your next step is open: http://127.0.0.1:8081/mod/lti/view.php?l=3D1. Gr=C3=BC=C3=9Fe
--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+T3BlbiA8YSBocmVmPSJodHRwOi8vMTI3LjAuMC4xOjgwODEvIj5pdDwvYT48L3A+
--b--
`

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	res, err := http.Get(url) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestAMailArrivesWithItsHeadersAndBothParts(t *testing.T) {
	m := startMailbox(t)
	if err := send(m, nudge, "sam@example.org"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := m.Wait(ctx, func(mails []embedded.Mail) bool { return len(mails) == 1 }); err != nil {
		t.Fatal(err)
	}
	_, body := get(t, m.HTTPURL()+"/api/mails")
	var mails []embedded.Mail
	if err := json.Unmarshal([]byte(body), &mails); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	got := mails[0]
	for what, pair := range map[string][2]string{
		"subject":    {got.Subject, "Nächster Schritt"},
		"message id": {got.MessageID, "<m1@cairn.example.org>"},
		"recipient":  {strings.Join(got.To, " "), "sam@example.org"},
		"text":       {strings.TrimSpace(got.Text), "Your next step is open: http://127.0.0.1:8081/mod/lti/view.php?l=1. Grüße"},
		"html":       {got.HTML, `<p>Open <a href="http://127.0.0.1:8081/">it</a></p>`},
		"header":     {strings.Join(got.Headers["List-Unsubscribe"], " "), "<http://127.0.0.1:1/u/token>"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
	if got.N != 1 || got.At.IsZero() {
		t.Errorf("the first mail has number %d and time %v", got.N, got.At)
	}
}

func TestThePagesShowTheNewestMailFirstAndItsHTMLOnlyInASandbox(t *testing.T) {
	m := startMailbox(t)
	for _, subject := range []string{"First", "Second <b>"} {
		if err := send(m, "From: a@example.org\nSubject: "+subject+"\nContent-Type: text/html\n\n<script>alert(1)</script><a href='http://x.example/'>x</a>", "sam@example.org"); err != nil {
			t.Fatal(err)
		}
	}
	_, list := get(t, m.HTTPURL()+"/")
	first, second := strings.Index(list, "First"), strings.Index(list, "Second &lt;b&gt;")
	if first < 0 || second < 0 || second > first {
		t.Errorf("the newest mail is not first, or not escaped:\n%s", list)
	}
	res, page := get(t, m.HTTPURL()+"/mails/2")
	if !strings.Contains(page, `sandbox="allow-popups allow-popups-to-escape-sandbox"`) || strings.Contains(page, "alert(1)") {
		t.Errorf("the mail's HTML is not kept in a sandboxed frame:\n%s", page)
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("the page's policy is %q", csp)
	}
	res, part := get(t, m.HTTPURL()+"/mails/2/html")
	if csp := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "sandbox") || strings.Contains(csp, "allow-scripts") {
		t.Errorf("the HTML part's policy is %q", csp)
	}
	if !strings.Contains(part, `<base target="_blank">`) {
		t.Errorf("links would not open in a new tab: %s", part)
	}
}

func TestAPlainMailHasItsAddressesLinked(t *testing.T) {
	m := startMailbox(t)
	if err := send(m, "From: a@example.org\nSubject: s\n\n<b>Go</b> to http://x.example/a?b=1&c=2.", "max@example.org"); err != nil {
		t.Fatal(err)
	}
	_, page := get(t, m.HTTPURL()+"/mails/1")
	want := `&lt;b&gt;Go&lt;/b&gt; to <a href="http://x.example/a?b=1&amp;c=2" target="_blank" rel="noopener">http://x.example/a?b=1&amp;c=2</a>.`
	if !strings.Contains(page, want) {
		t.Errorf("want %s in\n%s", want, page)
	}
}

func TestTheAPIFiltersByRecipientAndNumber(t *testing.T) {
	m := startMailbox(t)
	for i := range 4 {
		to := []string{"sam@example.org", "max@example.org"}[i%2]
		if err := send(m, fmt.Sprintf("From: a@example.org\nSubject: %d\n\nx", i+1), to); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"":                            "1 2 3 4",
		"?to=sam@example.org":         "1 3",
		"?after=2":                    "3 4",
		"?after=2&to=max@example.org": "4",
		"?to=nobody@example.org":      "",
	} {
		_, body := get(t, m.HTTPURL()+"/api/mails"+query)
		var mails []embedded.Mail
		if err := json.Unmarshal([]byte(body), &mails); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		var subjects []string
		for _, mail := range mails {
			subjects = append(subjects, mail.Subject)
		}
		if got := strings.Join(subjects, " "); got != want {
			t.Errorf("%q answers %q, want %q", query, got, want)
		}
	}
}

func TestRefusedMailsAreNotKeptAndTheNextOneIs(t *testing.T) {
	m := startMailbox(t)
	m.RefuseNext(2)
	for i := range 2 {
		err := send(m, "From: a@example.org\nSubject: s\n\nx", "sam@example.org")
		if err == nil || !strings.Contains(err.Error(), "451") {
			t.Errorf("refusal %d answers %v, want 451", i+1, err)
		}
	}
	if err := send(m, "From: a@example.org\nSubject: kept\n\nx", "sam@example.org"); err != nil {
		t.Fatal(err)
	}
	if mails := m.Mails(); len(mails) != 1 || mails[0].Subject != "kept" {
		t.Errorf("kept %+v", mails)
	}
}

func TestAnOversizedMailIsRefused(t *testing.T) {
	m := startMailbox(t)
	line := strings.Repeat("x", 998) + "\n"
	err := send(m, "From: a@example.org\nSubject: s\n\n"+strings.Repeat(line, 5<<20/999+2), "sam@example.org")
	if err == nil {
		t.Error("a mail over 5 MiB was taken")
	}
	if n := len(m.Mails()); n != 0 {
		t.Errorf("%d mails were kept", n)
	}
}

func TestOnlyTheLast5000MailsAreKept(t *testing.T) {
	m := startMailbox(t)
	c, err := smtp.Dial(m.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 5_003 {
		if err := c.Mail("a@example.org"); err != nil {
			t.Fatal(err)
		}
		if err := c.Rcpt("sam@example.org"); err != nil {
			t.Fatal(err)
		}
		w, err := c.Data()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(w, "Subject: %d\r\n\r\nx\r\n", i+1)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	mails := m.Mails()
	if len(mails) != 5_000 || mails[0].N != 4 || mails[4_999].N != 5_003 {
		t.Errorf("kept %d mails, from %d", len(mails), mails[0].N)
	}
	if res, _ := get(t, m.HTTPURL()+"/mails/1"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a dropped mail answers %d", res.StatusCode)
	}
}

func TestWaitGivesUpWithItsContext(t *testing.T) {
	m := startMailbox(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Wait(ctx, func([]embedded.Mail) bool { return false }); err == nil {
		t.Error("waited for nothing without an error")
	}
}

func TestAnIdleConnectionDoesNotKeepTheMailboxFromClosing(t *testing.T) {
	m, err := embedded.StartMailbox(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.Dial(m.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := m.Close(ctx); err != nil {
		t.Errorf("closing answers %v", err)
	}
}
