package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/cairn-lms/cairn/cmd/embedded"
)

// walk is the chain that must work, seen from outside: people with browsers, a
// reporting tool that queries the record store, the mailbox and the gradebook.
type walk struct {
	t     testing.TB
	demo  demoFile
	clock *devClock
	sam   *visitor
	max   *visitor
	links []string // personal links Max has used, oldest first
}

func newWalk(t testing.TB, demo demoFile, clock *devClock) *walk {
	t.Helper()
	return &walk{t: t, demo: demo, clock: clock, sam: newVisitor(t), max: newVisitor(t)}
}

// act is one thing a person does; between any two, a process may die.
type act struct {
	name string
	do   func()
}

// acts is the whole chain in order.
func (w *walk) acts() []act {
	return []act{
		{"Sam opens the activity", w.opens},
		{"Sam reads", w.reads},
		{"Sam reflects", w.reflects},
		{"Sam hands in an experiment", w.experiments},
		{"Max returns it", w.returns},
		{"Sam hands in again", w.handsInAgain},
		{"Max approves it", w.approves},
		{"the course is completed", w.completesCourse},
		{"days pass and the follow-up opens", w.waitsForFollowUp},
		{"Sam comes back by the mail and follows up", w.followsUp},
		{"Max signs off", w.signsOff},
	}
}

// launch signs in at the LMS and opens the activity as the course page does.
func (w *walk) launch(v *visitor, button string) {
	w.t.Helper()
	v.get(w.demo.LMS.URL + "/")
	if v.page.find(button) != nil {
		v.submit(button, nil)
	}
	w.openActivity(v)
}

// openActivity launches as the course page does, for a visitor who is signed in.
func (w *walk) openActivity(v *visitor) {
	w.t.Helper()
	v.get(w.demo.LMS.URL + "/course/view.php?id=2")
	frame := v.page.find("activity-frame")
	if frame == nil {
		w.t.Fatalf("the course page shows no activity:\n%s", v.page.text())
	}
	v.get(attr(frame, "src"))
	w.arrive(v)
}

// arrive follows the self-submitting forms of a launch until a page of Cairn.
func (w *walk) arrive(v *visitor) {
	w.t.Helper()
	for range 5 {
		if v.page.find("next-step") != nil || v.page.find("journey") != nil || v.page.status >= 400 {
			break
		}
		v.follow()
	}
	if v.page.status != http.StatusOK || !strings.HasPrefix(v.page.url.String(), w.demo.Tool.URL+"/") {
		w.t.Fatalf("the launch ended at %s (%d):\n%s", v.page.url, v.page.status, v.page.text())
	}
}

func (w *walk) opens() {
	w.launch(w.sam, "signin-sam")
	if w.sam.page.find("next-step") == nil {
		w.t.Fatalf("home shows no next step:\n%s", w.sam.page.text())
	}
	w.expect("registered", 1)
}

// toNextStep opens the step the home page offers.
func (w *walk) toNextStep() {
	w.t.Helper()
	w.launch(w.sam, "signin-sam")
	card := w.sam.page.find("next-step")
	if card == nil {
		w.t.Fatalf("home shows no next step:\n%s", w.sam.page.text())
	}
	link := find(card, func(n *html.Node) bool { return n.Data == "a" && strings.Contains(attr(n, "class"), "primary") })
	if link == nil {
		w.t.Fatalf("the next step has no way to do it:\n%s", w.sam.page.text())
	}
	w.sam.get(attr(link, "href"))
}

func (w *walk) reads() {
	w.toNextStep()
	w.sam.submit("mark-done", nil)
	w.ok(w.sam)
	w.expect("viewed", 1)
}

func (w *walk) reflects() {
	w.toNextStep()
	before := w.sam.page.url.String()
	w.sam.submit("submit", w.answers(w.sam, "Too short."))
	if w.sam.page.status != http.StatusUnprocessableEntity && w.sam.page.status != http.StatusBadRequest {
		w.t.Fatalf("a reflection of two words was answered with %d:\n%s", w.sam.page.status, w.sam.page.text())
	}
	w.sam.get(before)
	w.sam.submit("submit", w.answers(w.sam, strings.Repeat("I gave a discount before I was asked for one. ", 12)))
	w.ok(w.sam)
	w.expect("reflected", 1)
}

func (w *walk) experiments() {
	w.toNextStep()
	w.sam.submit("submit", w.answers(w.sam, "I asked for a longer contract before I lowered the price, and got it."),
		upload{"evidence", "notes from the call.txt", "They asked for 5 %. I asked for two years."})
	w.ok(w.sam)
	w.expect("uploaded", 1)
}

// review opens the newest link that Max was mailed and has not used.
func (w *walk) review(subject string) {
	w.t.Helper()
	var link string
	w.mail(func(m embedded.Mail) bool {
		if !toMax(m) {
			return false
		}
		for _, word := range strings.Fields(m.Text) {
			if strings.HasPrefix(word, w.demo.Tool.URL+"/r/") && !slices.Contains(w.links, word) {
				link = word
				return true
			}
		}
		return false
	}, subject)
	w.links = append(w.links, link)
	w.max.get(link)
	if w.max.page.status != http.StatusOK {
		w.t.Fatalf("Max's link answers %d:\n%s", w.max.page.status, w.max.page.text())
	}
}

func toMax(m embedded.Mail) bool {
	return slices.ContainsFunc(m.To, func(to string) bool { return strings.Contains(to, "max") })
}

func toSam(m embedded.Mail) bool {
	return slices.ContainsFunc(m.To, func(to string) bool { return strings.Contains(to, "sam") })
}

func (w *walk) returns() {
	w.review("a mail that asks Max for a review")
	w.max.sees("longer contract", "notes from the call.txt")
	w.max.submit("return", w.rated(w.max, "2", "What did they say when you asked?"))
	w.ok(w.max)
	w.toNextStep() // Sam sees it at once
	w.sam.sees("What did they say when you asked?")
	w.expect("reject", 1)
}

func (w *walk) handsInAgain() {
	w.toNextStep()
	w.sam.submit("submit", w.answers(w.sam, "They laughed, then agreed: I asked for a longer contract and got two years."),
		upload{"evidence", "mail.txt", "Agreed, two years."})
	w.ok(w.sam)
}

func (w *walk) approves() {
	w.review("a mail that asks Max for a second review")
	w.max.submit("approve", w.rated(w.max, "4", "Well done, you waited for their answer."))
	w.ok(w.max)
	w.expect("approve", 1)
	w.grade(func(g float64) bool { return g > 0 }, "some progress")
}

func (w *walk) completesCourse() {
	w.sam.get(w.demo.LMS.URL + "/course/view.php?id=2")
	w.sam.submit("course-completed", nil)
	w.ok(w.sam)
	w.eventually("Sam's home names the follow-up with its day", func() bool {
		w.launch(w.sam, "signin-sam")
		return w.sam.page.find("upcoming") != nil
	})
}

func (w *walk) waitsForFollowUp() {
	opened := func(m embedded.Mail) bool {
		return toSam(m) && purposeOf(m) == "step_open" && strings.Contains(m.Subject, "Did it last?")
	}
	for range 8 { // at most a weekend more than two working days
		must(w.t, w.clock.Advance(24*time.Hour))
		if w.settled(func() bool { return slices.ContainsFunc(w.mails(), opened) }) {
			return
		}
	}
	w.t.Fatalf("eight days after the course Sam got no mail; mails: %s", w.subjects())
}

func (w *walk) followsUp() {
	var back string
	w.mail(func(m embedded.Mail) bool {
		if !toSam(m) || len(m.Headers["List-Unsubscribe"]) == 0 {
			return false
		}
		for _, word := range strings.Fields(m.Text) {
			if strings.HasPrefix(word, w.demo.LMS.URL+"/mod/lti/view.php") {
				back = word
				return true
			}
		}
		return false
	}, "a mail that leads back through the LMS")
	w.sam.get(back)
	if frame := w.sam.page.find("activity-frame"); frame != nil {
		w.sam.get(attr(frame, "src"))
	}
	w.arrive(w.sam)
	for range 4 { // whatever steps the follow-up has for Sam
		if w.sam.page.find("next-step") == nil {
			break
		}
		w.toNextStep()
		switch {
		case w.sam.page.find("mark-done") != nil:
			w.sam.submit("mark-done", nil)
		default:
			w.sam.submit("submit", w.rated(w.sam, "4", strings.Repeat("I used it again in two talks this week and it held. ", 8)),
				upload{"evidence", "again.txt", "Second deal."})
		}
		w.ok(w.sam)
		w.launch(w.sam, "signin-sam")
	}
}

func (w *walk) signsOff() {
	var done bool
	for range 10 { // the request waits for Max's working hours
		before := len(w.links)
		if done = w.settled(func() bool { return w.unusedLink() }); done {
			w.review("a mail that asks Max to sign off")
			_ = before
			break
		}
		must(w.t, w.clock.Advance(24*time.Hour))
	}
	if !done {
		w.t.Fatalf("Max was not asked to sign off; mails: %s", w.subjects())
	}
	w.max.submit("approve", w.rated(w.max, "4", "I saw it more than once."))
	w.ok(w.max)
	w.expect("verified", 1)
	w.eventually("the workflow is completed", func() bool {
		return slices.ContainsFunc(w.statements("completed"), func(s statement) bool {
			return s.Object.Definition.Type == "https://w3id.org/xapi/acrossx/activities/learning-plan"
		})
	})
	w.grade(func(g float64) bool { return g == 100 }, "all of it")
}

func (w *walk) unusedLink() bool {
	return slices.ContainsFunc(w.mails(), func(m embedded.Mail) bool {
		return toMax(m) && slices.ContainsFunc(strings.Fields(m.Text), func(word string) bool {
			return strings.HasPrefix(word, w.demo.Tool.URL+"/r/") && !slices.Contains(w.links, word)
		})
	})
}

func (w *walk) used(link string) bool { return slices.Contains(w.links, link) }

func (w *walk) ok(v *visitor) {
	w.t.Helper()
	if v.page.status >= 400 {
		w.t.Fatalf("%s answered %d:\n%s", v.page.url, v.page.status, v.page.text())
	}
}

// answers fills every text field of the page's step with prose.
func (w *walk) answers(v *visitor, prose string) url.Values {
	values := url.Values{}
	each(v.page.root, func(n *html.Node) {
		if n.Data == "textarea" || n.Data == "input" && attr(n, "type") == "text" {
			values.Set(attr(n, "name"), prose)
		}
	})
	return values
}

// rated fills every text field and picks the given point of every scale.
func (w *walk) rated(v *visitor, point, prose string) url.Values {
	values := w.answers(v, prose)
	each(v.page.root, func(n *html.Node) {
		if n.Data == "input" && attr(n, "type") == "radio" && (attr(n, "value") == point || values.Get(attr(n, "name")) == "") {
			values.Set(attr(n, "name"), attr(n, "value"))
		}
	})
	return values
}

// statement is what the walk asserts of one.
type statement struct {
	ID    string `json:"id"`
	Actor struct {
		Account struct{ HomePage, Name string } `json:"account"`
	} `json:"actor"`
	Verb   struct{ ID string } `json:"verb"`
	Object struct {
		ID         string
		Definition struct{ Type string }
		Account    struct{ HomePage, Name string }
	} `json:"object"`
	Context struct{ Registration string } `json:"context"`
	Stored  time.Time                     `json:"stored"`
}

// statements queries the record store as a reporting tool does, over all pages.
func (w *walk) statements(verb string) []statement {
	w.t.Helper()
	query := url.Values{"limit": {"50"}, "ascending": {"true"}}
	var all []statement
	for next := "/statements?" + query.Encode(); next != ""; {
		var result struct {
			Statements []statement
			More       string
		}
		w.lrs("1.0.3", next, &result)
		for _, s := range result.Statements {
			if verb == "" || strings.HasSuffix(s.Verb.ID, "/"+verb) {
				all = append(all, s)
			}
		}
		next = result.More
	}
	return all
}

// lrs asks one question of the record store.
func (w *walk) lrs(version, resource string, into any) {
	w.t.Helper()
	endpoint, err := url.Parse(w.demo.LRS.Endpoint)
	must(w.t, err)
	address := w.demo.LRS.Endpoint + resource
	if strings.HasPrefix(resource, endpoint.Path+"/") { // more is a path from the root
		address = endpoint.Scheme + "://" + endpoint.Host + resource
	}
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
	must(w.t, err)
	request.SetBasicAuth(w.demo.LRS.Key, w.demo.LRS.Secret)
	request.Header.Set("X-Experience-API-Version", version)
	response, err := http.DefaultClient.Do(request)
	must(w.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(w.t, err)
	if response.StatusCode != http.StatusOK {
		w.t.Fatalf("GET %s: %s: %s", resource, response.Status, body)
	}
	must(w.t, json.Unmarshal(body, into))
}

// expect waits up to a second for n statements with a verb.
func (w *walk) expect(verb string, n int) {
	w.t.Helper()
	deadline := time.Now().Add(time.Second)
	for {
		found := w.statements(verb)
		if len(found) == n {
			return
		}
		if len(found) > n || time.Now().After(deadline) {
			var verbs []string
			for _, s := range w.statements("") {
				verbs = append(verbs, s.Verb.ID)
			}
			w.t.Fatalf("within a second: %d statements %q, want %d; there are:\n%s", len(found), verb, n, strings.Join(verbs, "\n"))
		}
		tick()
	}
}

// mails asks the mailbox, oldest first.
func (w *walk) mails() []embedded.Mail {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.demo.Mailbox.URL+"/api/mails", nil)
	must(w.t, err)
	response, err := http.DefaultClient.Do(request)
	must(w.t, err)
	defer response.Body.Close()
	var all []embedded.Mail
	must(w.t, json.NewDecoder(response.Body).Decode(&all))
	slices.SortFunc(all, func(a, b embedded.Mail) int { return int(a.N - b.N) })
	return all
}

// mail waits for a mail, moving the clock on when the receiver does not work now.
func (w *walk) mail(ok func(embedded.Mail) bool, what string) {
	w.t.Helper()
	for range 12 {
		if w.settled(func() bool { return slices.ContainsFunc(w.mails(), ok) }) {
			return
		}
		must(w.t, w.clock.Advance(8*time.Hour))
	}
	w.t.Fatalf("no %s came; mails: %s", what, w.subjects())
}

func (w *walk) subjects() string {
	var b strings.Builder
	for _, m := range w.mails() {
		fmt.Fprintf(&b, "\n  %v: %s", m.To, m.Subject)
	}
	return b.String()
}

// grade waits for Sam's grade in the gradebook.
func (w *walk) grade(ok func(float64) bool, what string) {
	w.t.Helper()
	tessa := newVisitor(w.t)
	tessa.get(w.demo.LMS.URL + "/")
	tessa.submit("signin-tessa", nil)
	var seen string
	w.eventually("the gradebook shows "+what, func() bool {
		tessa.get(w.demo.LMS.URL + "/course/view.php?id=2")
		if link := tessa.page.link(func(href string) bool { return strings.Contains(href, "grade") }); link != "" {
			tessa.get(link)
		}
		var grade float64
		seen = tessa.page.text()
		cell := find(tessa.page.root, func(n *html.Node) bool { return n.Data == "td" && attr(n, "data-user") == "5" })
		if cell == nil {
			return false
		}
		_, err := fmt.Sscanf(strings.TrimSpace(text(cell)), "%g", &grade)
		return err == nil && ok(grade)
	}, &seen)
}

// eventually waits up to 30 seconds for what the worker does in its own time.
func (w *walk) eventually(what string, ok func() bool, seen ...*string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	for !ok() {
		if ctx.Err() != nil {
			last := ""
			for _, s := range seen {
				last += "\n" + *s
			}
			w.t.Fatalf("after 30 s still not: %s%s", what, last)
		}
		tick()
	}
}

// settled gives the worker three seconds (it looks every second) to make ok true.
func (w *walk) settled(ok func() bool) bool {
	deadline := time.Now().Add(3 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			return false
		}
		tick()
	}
	return true
}

// tick is the pause between two looks at another process.
func tick() { <-time.After(50 * time.Millisecond) }

// readDemoFile reads demo.json.
func readDemoFile(t testing.TB, file string) (demo demoFile) {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	must(t, json.Unmarshal(data, &demo))
	return demo
}

// reportingToolCanFilter asks the record store every question of the Statement
// resource, in both versions, about what Sam did.
func (w *walk) reportingToolCanFilter() {
	w.t.Helper()
	all := w.statements("")
	var sample statement // one that Sam did in the workflow
	for _, s := range all {
		if s.Context.Registration != "" && s.Actor.Account.Name == "5" && strings.HasSuffix(s.Verb.ID, "/reflected") {
			sample = s
		}
	}
	if sample.ID == "" {
		w.t.Fatal("no statement of Sam's reflection")
	}
	agent := fmt.Sprintf(`{"account":{"homePage":%q,"name":%q}}`, sample.Actor.Account.HomePage, sample.Actor.Account.Name)
	questions := map[string]struct {
		query url.Values
		holds func(statement) bool
	}{
		"agent": {url.Values{"agent": {agent}}, func(s statement) bool {
			return s.Actor.Account == sample.Actor.Account || s.Object.Account == sample.Actor.Account
		}},
		"verb":         {url.Values{"verb": {sample.Verb.ID}}, func(s statement) bool { return s.Verb.ID == sample.Verb.ID }},
		"activity":     {url.Values{"activity": {sample.Object.ID}}, func(s statement) bool { return s.Object.ID == sample.Object.ID }},
		"registration": {url.Values{"registration": {sample.Context.Registration}}, func(s statement) bool { return s.Context.Registration == sample.Context.Registration }},
		"since":        {url.Values{"since": {sample.Stored.Format(time.RFC3339Nano)}}, func(s statement) bool { return s.Stored.After(sample.Stored) }},
		"until":        {url.Values{"until": {sample.Stored.Format(time.RFC3339Nano)}}, func(s statement) bool { return !s.Stored.After(sample.Stored) }},
	}
	for name, q := range questions {
		want := 0
		for _, s := range all {
			if q.holds(s) {
				want++
			}
		}
		for _, version := range []string{"1.0.3", "2.0.0"} {
			got := 0
			q.query.Set("limit", "2")
			for next := "/statements?" + q.query.Encode(); next != ""; {
				var result struct {
					Statements []statement
					More       string
				}
				w.lrs(version, next, &result)
				for _, s := range result.Statements {
					got++
					if !q.holds(s) {
						w.t.Errorf("%s %s: %s does not match", version, name, s.ID)
					}
				}
				next = result.More
			}
			if got != want || want == 0 {
				w.t.Errorf("%s filter by %s over pages of 2: %d statements, want %d", version, name, got, want)
			}
		}
	}
}
