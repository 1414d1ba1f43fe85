package main

import (
	"net/http"
	"net/mail"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/embedded"
)

// Sam lives in Berlin and opens the activity on a Monday, 10:00 UTC, then does
// nothing. The first step is due on Wednesday evening.
func TestAWeekInOneClickSendsEachNudgeOnceAtItsLocalTime(t *testing.T) {
	demo := startDemo(t, t.TempDir())
	w := newWalk(t, demo.demoFile, demo.clock)
	w.opens()
	w.sam.get(demo.LMS.URL + "/course/view.php?id=2")
	w.sam.submit("advance-week", nil)
	w.ok(w.sam)

	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	var all []embedded.Mail
	w.eventually("three nudges", func() bool {
		all = slices.DeleteFunc(w.mails(), func(m embedded.Mail) bool { return !toSam(m) })
		return len(all) >= 3
	})
	want := []struct {
		purpose string
		day     time.Weekday
	}{{"step_open", time.Monday}, {"step_due", time.Tuesday}, {"step_late", time.Thursday}}
	if len(all) != len(want) {
		t.Fatalf("Sam got %d mails: %s", len(all), w.subjects())
	}
	for i, m := range all {
		sent, err := mail.ParseDate(m.Headers["Date"][0])
		must(t, err)
		local := sent.In(berlin)
		if purposeOf(m) != want[i].purpose || local.Weekday() != want[i].day || local.Hour() < 9 || local.Hour() >= 17 {
			t.Errorf("mail %d is %q of %s, want %s on a %s from 9 to 17", i, purposeOf(m), local, want[i].purpose, want[i].day)
		}
		if to := leadsTo(t, m); !strings.HasPrefix(to, demo.LMS.URL+"/mod/lti/view.php?l=") {
			t.Errorf("%q does not lead back through the LMS", m.Subject)
		}
	}
	w.unsubscribes(all[0])
	w.sam.get(demo.LMS.URL + "/course/view.php?id=2")
	w.sam.submit("advance-week", nil)
	w.settled(func() bool { return w.mailsToSam() > len(all) })
	if n := w.mailsToSam(); n != len(all) {
		t.Errorf("Sam unsubscribed and got %d more mails: %s", n-len(all), w.subjects())
	}
}

// A worker that is just delivering to Sam keeps others away for a moment: the
// clock waits for it instead of passing by the reminder.
func TestAWeekInOneClickWaitsForWhoDeliversJustThen(t *testing.T) {
	folder := t.TempDir()
	demo := startDemo(t, folder)
	w := newWalk(t, demo.demoFile, demo.clock)
	w.opens()
	w.eventually("the first mail", func() bool { return w.mailsToSam() == 1 })

	tenant, open, err := openTenantSQLite(t.Context(), filepath.Join(folder, "demo", "cairn", "tenants", "main"), demo.clock.Now)
	must(t, err)
	t.Cleanup(func() { must(t, closeAll(open)) })
	due, err := tenant.workflows.DueEnrolments(t.Context(), demo.clock.Now().AddDate(0, 0, 7), 1)
	must(t, err)
	sam, err := tenant.workflows.Enrolment(t.Context(), due[0].ID)
	must(t, err)
	w.eventually("the lease", func() bool {
		now := time.Now()
		mine, err := tenant.workflows.TakeLease(t.Context(), "deliver/"+string(sam.Learner), "another worker", now, now.Add(time.Second))
		must(t, err)
		return mine
	})

	w.sam.get(demo.LMS.URL + "/course/view.php?id=2")
	w.sam.submit("advance-week", nil)
	w.ok(w.sam)
	w.eventually("three nudges", func() bool { return w.mailsToSam() == 3 })
}

var nudgeLink = regexp.MustCompile(`https?://\S+/n/\S+`)

// leadsTo is where the link of a mail to a learner leads, without going there.
func leadsTo(t *testing.T, m embedded.Mail) string {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(nudgeLink.FindString(m.Text))
	must(t, err)
	_ = response.Body.Close()
	return response.Header.Get("Location")
}

func (w *walk) mailsToSam() (n int) {
	for _, m := range w.mails() {
		if toSam(m) {
			n++
		}
	}
	return n
}

// unsubscribes as a mail program does, by RFC 8058: one POST, no login. Opening
// the link by itself changes nothing.
func (w *walk) unsubscribes(m embedded.Mail) {
	w.t.Helper()
	address := strings.Trim(m.Headers["List-Unsubscribe"][0], "<>")
	if post := m.Headers["List-Unsubscribe-Post"]; len(post) != 1 || post[0] != "List-Unsubscribe=One-Click" {
		w.t.Errorf("List-Unsubscribe-Post is %q", post)
	}
	newVisitor(w.t).get(address)
	response, err := http.PostForm(address, url.Values{"List-Unsubscribe": {"One-Click"}})
	must(w.t, err)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		w.t.Errorf("one-click unsubscribing answers %s", response.Status)
	}
}
