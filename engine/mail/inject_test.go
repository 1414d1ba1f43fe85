package mail

import (
	"bytes"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/cairn-lms/cairn/engine"
)

// Subjects hold names and titles that others chose, differently for each purpose.
func TestNoMailOfAnyPurposeTakesHeadersFromNamesOrTitles(t *testing.T) {
	plain := []string{"Auto-Submitted", "Content-Language", "Content-Type", "Date", "From", "List-Unsubscribe", "List-Unsubscribe-Post",
		"Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress", "X-Cairn-Purpose"}
	s := sender(t, "smtp://127.0.0.1:1")
	for _, end := range []string{"\r\n", "\n", "\r", "\u2028", "\u0085", "\x00\r\n ", "=?utf-8?q?=0D=0A?="} {
		evil := "Sam" + end + "Bcc: victim@example.org" + end + end + "body"
		for _, purpose := range []string{
			engine.PurposeStepOpen, engine.PurposeStepDue, engine.PurposeStepLate, engine.PurposeAskForHelp, engine.PurposeOwnText, engine.PurposeReturned,
			engine.PurposeApproved, engine.PurposeNotYet, engine.PurposeCompleted, "review_request", "sign_off_request", "confirm_request", "feedback_request",
			"made up" + end + "Bcc: victim@example.org",
		} {
			for _, other := range []bool{false, true} {
				m := nudge(purpose)
				m.To.Name, m.Learner.Name, m.To.Locale = evil, evil, "de"+end+"Bcc: victim@example.org"
				m.Workflow.Title, m.Step.Title, m.Step.Why = engine.Text{"en": evil, "de": evil}, engine.Text{"en": evil, "de": evil}, engine.Text{"en": evil}
				if other {
					m.To.ID, m.Message.Request = "max", "r1"
				}
				msg, err := s.message(m)
				if err != nil {
					t.Fatal(err)
				}
				var b bytes.Buffer
				if _, err := msg.WriteTo(&b); err != nil {
					t.Fatal(err)
				}
				read, err := mail.ReadMessage(bytes.NewReader(b.Bytes()))
				if err != nil {
					t.Fatalf("%q, %q: %v\n%s", purpose, end, err, &b)
				}
				for name := range read.Header {
					if !slices.Contains(plain, name) {
						t.Errorf("%q, %q: there is a header %s", purpose, end, name)
					}
				}
				if to, err := read.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != "sam@example.org" || strings.ContainsFunc(to[0].Name, unicode.IsControl) {
					t.Errorf("%q, %q: it goes to %v, %v", purpose, end, to, err)
				}
				subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
				if err != nil || subject == "" || strings.ContainsFunc(subject, unicode.IsControl) {
					t.Errorf("%q, %q: the subject is %q, %v", purpose, end, subject, err)
				}
				head, _, _ := strings.Cut(b.String(), "\r\n\r\n")
				if strings.Contains(strings.ReplaceAll(head, "\r\n", ""), "\n") || strings.ContainsAny(head, "\x00\u2028\u0085") {
					t.Errorf("%q, %q: the head holds a bare end of a line:\n%q", purpose, end, head)
				}
			}
		}
	}
	if _, err := New(Options{URL: "smtp://127.0.0.1:1", From: "Cairn\r\nBcc: victim@example.org <a@example.org>"}); err == nil {
		t.Error("a sender with two lines was taken")
	}
}
