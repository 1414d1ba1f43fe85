package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/cmd/embedded"
	"github.com/cairn-lms/cairn/engine"
)

// patience is how long the walk waits for what others do, on a machine that has much to do.
const patience = 90 * time.Second

// account is who did something, as statements name people.
type account struct{ HomePage, Name string }

// recorded asserts that, so far, someone did something so often, by what the record
// store answers a reporting tool. What is about Sofia is in her registration, all else in Sam's.
func (w *exampleWalk) recorded(n int, who, verb, object string) []statement {
	w.t.Helper()
	if !strings.Contains(object, "://") {
		object = w.base + "/workflows/negotiation-skills" + object
	}
	query := url.Values{"verb": {verb}, "activity": {object}, "registration": {w.registration["sam"]}, "limit": {"50"}}
	if who == "sofia" {
		query.Set("registration", w.registration["sofia"])
	}
	var found []statement
	for deadline := time.Now().Add(patience); ; tick() {
		var result struct{ Statements []statement }
		w.lrs("1.0.3", "/statements?"+query.Encode(), &result)
		found = slices.DeleteFunc(result.Statements, func(s statement) bool { return s.Object.ID != object || !w.by(who, s) })
		if len(found) == n {
			break
		}
		if len(found) > n || time.Now().After(deadline) {
			w.t.Fatalf("%d statements that %s %s %s, want %d; there are:\n%s", len(found), who, verb, object, n, w.toldOf(query.Get("registration")))
		}
	}
	w.t.Logf("  recorded %d × %s %s %s", n, who, verb[strings.LastIndexByte(verb, '/')+1:], strings.TrimPrefix(object, w.base+"/workflows/negotiation-skills"))
	w.asserted++
	return found
}

// by tells whether somebody is the actor. Learners have the LMS's accounts; all others have ours,
// each always the same, and never an address.
func (w *exampleWalk) by(who string, s statement) bool {
	actor := account(s.Actor.Account)
	switch who {
	case "sam", "sofia":
		return actor == account{w.demo.LMS.URL, map[string]string{"sam": "5", "sofia": "6"}[who]}
	case "cairn":
		return actor == account{w.base, "cairn"}
	}
	return w.isOurs(who, actor)
}

// isOurs tells whether an account is that of somebody who is no learner.
func (w *exampleWalk) isOurs(who string, actor account) bool {
	if actor.HomePage != w.base || actor.Name == "cairn" {
		return false
	}
	for name, known := range w.accounts {
		if known == actor || name == who {
			return known == actor && name == who
		}
	}
	w.accounts[who] = actor
	return true
}

// toldOf lists the statements of a registration, for a failure.
func (w *exampleWalk) toldOf(registration string) string {
	var b strings.Builder
	for _, s := range w.statements("") {
		if s.Context.Registration == registration {
			fmt.Fprintf(&b, "%s %s %s\n", s.Actor.Account.Name, s.Verb.ID, s.Object.ID+s.Object.Account.Name)
		}
	}
	return b.String()
}

// days moves the clock as its buttons do: what falls due on the way happens at its time.
func (w *exampleWalk) days(n int) { w.t.Helper(); w.passes(n%7, "day"); w.passes(n/7, "week") }

func (w *exampleWalk) passes(n int, unit string) {
	w.t.Helper()
	for range n {
		response, err := http.PostForm(w.demo.Tool.URL+"/dev/clock", url.Values{"advance": {unit}})
		must(w.t, err)
		_, _ = io.Copy(io.Discard, response.Body)
		must(w.t, response.Body.Close())
		if response.StatusCode >= 400 {
			w.t.Fatalf("the clock does not move: %s", response.Status)
		}
	}
}

// until moves the clock to a time at most an hour after at, by weeks, days and hours.
func (w *exampleWalk) until(at time.Time) {
	w.t.Helper()
	for left := at.Sub(w.clock.Now()); left > 0; left = at.Sub(w.clock.Now()) {
		switch {
		case left >= 7*24*time.Hour:
			w.passes(1, "week")
		case left >= 24*time.Hour:
			w.passes(1, "day")
		default:
			w.passes(1, "hour")
		}
	}
}

// asks waits for a mail that asks somebody about a step of a learner, some days if it has
// to, and opens its link.
func (w *exampleWalk) asks(p *participant, learner, title string) {
	w.t.Helper()
	for day := 0; ; day++ {
		var link string
		if w.settled(func() bool { link = w.request(p.name, learner, title); return link != "" }) {
			p.b.open(link)
			p.page.sees("#request-form")
			p.fits()
			p.reads(learner)
			return
		}
		if day == 14 {
			w.t.Fatalf("nobody asked %s about %q of %s; mails: %s", p.name, title, learner, w.subjects())
		}
		w.days(1)
	}
}

// request is the latest link that somebody was mailed and that still asks about a step of a learner.
func (w *exampleWalk) request(to, learner, title string) string {
	w.t.Helper()
	mails := w.mails()
	for _, m := range slices.Backward(mails) {
		if !slices.Contains(m.To, to+"@example.org") {
			continue
		}
		for _, word := range strings.Fields(m.Text) {
			if !strings.HasPrefix(word, w.demo.Tool.URL+"/r/") || w.over[word] {
				continue
			}
			v := newVisitor(w.t)
			v.get(word) // as a scanner of mails would: it changes nothing
			if v.page.find("request-form") == nil {
				w.over[word] = true
				continue
			}
			if text := v.page.text(); strings.Contains(text, learner) && strings.Contains(text, title) && headline(v) == title {
				return word
			}
		}
	}
	return ""
}

// mailsFit asserts of every mail that it came once and, but for what somebody's act caused, while its
// reader works: on Monday to Friday from nine to five, on no holiday of the workflow, by the clocks of
// those it is about.
func (w *exampleWalk) mailsFit() {
	w.t.Helper()
	w.mailsAreDistinct()
	fitting := 0
	for _, m := range w.mails() {
		purpose := purposeOf(m)
		late := slices.Contains(m.To, "tessa@example.org") && strings.HasSuffix(purpose, "_request") // she stands in for who did not answer
		if !late && purpose != engine.PurposePrompt && !(engine.Message{Purpose: purpose}).IsNudge() {
			continue
		}
		fitting++
		sent, err := mail.ParseDate(strings.Join(m.Headers["Date"], ""))
		must(w.t, err)
		zones := []string{"Europe/Berlin"}
		switch {
		case slices.Contains(m.To, "sofia@example.org"):
			zones = []string{"America/New_York"}
		case toMax(m): // Max never came, so nobody knows where he is: it is his learner's day
			zones = append(zones, "America/New_York")
		}
		if !slices.ContainsFunc(zones, func(name string) bool {
			zone, err := time.LoadLocation(name)
			must(w.t, err)
			at := sent.In(zone)
			return at.Weekday() != time.Saturday && at.Weekday() != time.Sunday && at.Hour() >= 9 && at.Hour() < 17 &&
				!slices.Contains([]string{"2026-12-25", "2027-01-01"}, at.Format(time.DateOnly))
		}) {
			w.t.Errorf("%q came to %v at %s", m.Subject, m.To, sent)
		}
	}
	if fitting == 0 {
		w.t.Errorf("nobody was reminded of anything; mails: %s", w.subjects())
	}
}

// sold lets the CRM say that a deal began.
func (w *exampleWalk) sold(owner string, amount int) {
	w.t.Helper()
	var key struct{ Key, Secret string }
	must(w.t, json.Unmarshal(w.site.command("key", "create", "-name", "CRM", "-scopes", "events/write", "-json"), &key))
	event := fmt.Sprintf(`{"specversion":"1.0","id":"opp-4711","source":"/crm/opportunities","type":"crm.opportunity.created","time":%q,"data":{"owner_email":%q,"amount":%d}}`,
		w.clock.Now().UTC().Format(time.RFC3339), owner, amount)
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.demo.Tool.URL+"/api/events", strings.NewReader(event))
	must(w.t, err)
	request.SetBasicAuth(key.Key, key.Secret)
	request.Header.Set("Content-Type", "application/cloudevents+json")
	response, err := http.DefaultClient.Do(request)
	must(w.t, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		w.t.Fatalf("the event was answered with %s", response.Status)
	}
}

// mailed waits for a mail, some days if it has to.
func (w *exampleWalk) mailed(what string, ok func(embedded.Mail) bool) {
	w.t.Helper()
	for range 8 {
		if w.settled(func() bool { return slices.ContainsFunc(w.mails(), ok) }) {
			return
		}
		w.days(1)
	}
	w.t.Fatalf("no %s came; mails: %s", what, w.subjects())
}

// endsWell asserts what holds of the whole walk.
func (w *exampleWalk) endsWell() {
	w.t.Helper()
	w.mailsFit()
	for _, p := range []*participant{w.sam, w.sofia, w.max, w.tessa} {
		p.staysHere()
	}
	framed := false
	for line := range strings.Lines(w.server.log.String()) {
		framed = framed || strings.Contains(line, "iframe=true")
		if strings.Contains(line, withoutCookie) {
			w.t.Errorf("a launch went another way: %s", line)
		}
		if strings.Contains(line, "level=ERROR") {
			w.t.Logf("the server said: %s", line)
		}
	}
	if !framed {
		w.t.Error("no launch was in a frame")
	}
}
