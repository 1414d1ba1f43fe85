package mail

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/text"
)

var purposes = []string{
	engine.PurposeStepOpen, engine.PurposeStepDue, engine.PurposeStepLate, engine.PurposeAskForHelp, engine.PurposeOwnText,
	engine.PurposeReturned, engine.PurposeApproved, engine.PurposeNotYet, "completed",
	engine.ForReview + "_request", engine.ForConfirm + "_request", engine.ForSignOff + "_request", engine.ForSignOffConfirm + "_request",
	engine.ForSurvey + "_request", engine.ForFeedback + "_request", engine.ForBriefing + "_request", engine.ForCheckin + "_request",
	engine.ForStep + "_request", engine.PurposeForwarded, engine.PurposeDeclined, engine.PurposeList, "something_new", "something_new_request",
}

func TestEveryPurposeHasWordsInEveryLanguage(t *testing.T) {
	leftOver := regexp.MustCompile(`\{[a-z]+\}|\bmail\.[a-z_.]+\b|%!|  |\.\.`)
	for _, locale := range text.Locales() {
		for _, purpose := range purposes {
			for _, make := range []func(string) engine.Mail{nudge, request} {
				for _, change := range []func(*engine.Mail){
					func(*engine.Mail) {},
					func(m *engine.Mail) { m.DueAt = time.Time{} },
					func(m *engine.Mail) { m.DueAt = now.AddDate(0, 0, -2) },
					func(m *engine.Mail) { m.Learner.Name, m.To.Name = "", "" },
					func(m *engine.Mail) { m.Step, m.Enrolment = nil, nil },
					func(m *engine.Mail) { m.Workflow = nil },
					func(m *engine.Mail) { m.Link, m.UnsubscribeURL, m.Minutes = "", "", 1 },
				} {
					m := make(purpose)
					m.To.Locale = locale
					change(&m)
					l := compose(m, now)
					plain := l.text()
					if found := leftOver.FindString(l.Subject + "\n" + plain); found != "" {
						t.Errorf("%s %s: %q is left over in\n%s\n%s", locale, purpose, found, l.Subject, plain)
					}
					if l.Subject == "" || len(l.Lead) == 0 || l.Lead[0] == "" || l.Language != locale {
						t.Errorf("%s %s: something is missing in %+v", locale, purpose, l)
					}
					if (l.Link != "") != (l.Action != "") {
						t.Errorf("%s %s: link %q, action %q", locale, purpose, l.Link, l.Action)
					}
				}
			}
		}
	}
}

func TestTheDueTimeIsTheReceivers(t *testing.T) {
	m := nudge(engine.PurposeStepOpen)
	for zone, want := range map[string]string{
		"Europe/Berlin":    "Due Monday, 23 November at 17:00.",
		"America/New_York": "Due Monday, 23 November at 11:00.",
		"Pacific/Auckland": "Due Tuesday, 24 November at 05:00.",
		"UTC":              "Due Monday, 23 November at 16:00 UTC.",
	} {
		m.Zone = zone
		if facts := strings.Join(compose(m, now).Facts, " "); facts != "Takes about 10 minutes. "+want {
			t.Errorf("%s: %s", zone, facts)
		}
	}
	m.Zone, m.To.Zone = "", "Europe/Vienna"
	if facts := compose(m, now).Facts; facts[1] != "Due Monday, 23 November at 17:00." {
		t.Errorf("without Mail.Zone: %s", facts)
	}
	m.DueAt, m.To.Locale = now.Add(-24*time.Hour), "de"
	if facts := compose(m, now).Facts; facts[1] != "Fällig war es gestern um 10:00 Uhr." {
		t.Errorf("late: %s", facts)
	}
}

func TestTheStepsMinutesAreSaidToItsDoerOnly(t *testing.T) {
	for _, c := range []struct {
		mail engine.Mail
		by   engine.Role
		said bool
	}{
		{nudge(engine.PurposeStepOpen), engine.Learner, true},
		{nudge(engine.PurposeReturned), engine.Learner, false},
		{request("review_request"), engine.Learner, false},
		{request("survey_request"), engine.Manager, true},
	} {
		c.mail.Step.By = c.by
		if said := strings.Contains(strings.Join(compose(c.mail, now).Facts, " "), "10"); said != c.said {
			t.Errorf("%s by %s: minutes said: %t", c.mail.Message.Purpose, c.by, said)
		}
	}
}

func TestAnAuthorsOwnWordsReplaceOurs(t *testing.T) {
	m := nudge(engine.PurposeOwnText)
	m.Message.Text = engine.Text{"": "Only ten minutes.\n\nYou can do it.", "de": "Nur zehn Minuten."}
	if lead := strings.Join(compose(m, now).Lead, "|"); lead != "Only ten minutes.||You can do it." {
		t.Error(lead)
	}
	m.To.Locale = "de-CH"
	if lead := strings.Join(compose(m, now).Lead, "|"); lead != "Nur zehn Minuten." {
		t.Error(lead)
	}
}

func TestWithoutALocaleTheReceiverReadsTheLearnersLanguage(t *testing.T) {
	m := request("review_request")
	m.To.Locale, m.Learner.Locale = "", "de"
	if l := compose(m, now); l.Language != "de" {
		t.Error(l.Language)
	}
}

func TestForeignTextIsBounded(t *testing.T) {
	m := nudge(engine.PurposeReturned)
	m.Comment = strings.Repeat("long ", 100_000)
	m.To.Name = strings.Repeat("x", 10_000)
	m.Step.Title = engine.Text{"": strings.Repeat("ü", 10_000)}
	for range 100 {
		m.Also = append(m.Also, nudge(engine.PurposeStepOpen))
	}
	l := compose(m, now)
	if n := len(l.text()); n > 12_000 {
		t.Errorf("the text has %d bytes", n)
	}
	if n := len([]rune(l.Subject)); n > maxTitle {
		t.Errorf("the subject has %d characters", n)
	}
}

func FuzzLine(f *testing.F) {
	for _, s := range []string{"", "a\r\nb", "\u202Eevil", "\x00", "Jürgen", "\u2028", "a  b", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := line(s, 50)
		if strings.ContainsFunc(out, unicode.IsControl) || strings.ContainsAny(out, "\r\n\u2028\u2029\u202e") {
			t.Errorf("%q became %q", s, out)
		}
		if len([]rune(out)) > 50 || line(out, 50) != out {
			t.Errorf("%q became %q", s, out)
		}
	})
}

func FuzzLink(f *testing.F) {
	for _, s := range []string{"https://a.example/x?y=1&z", "javascript:alert(1)", "https://a>\r\nb", "http://[::1", "https://u:p@h/ü"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := link(s)
		if out == "" {
			return
		}
		if !strings.HasPrefix(out, "http://") && !strings.HasPrefix(out, "https://") || strings.ContainsAny(out, "<> \r\n\t\"") {
			t.Errorf("%q became %q", s, out)
		}
	})
}
