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

// What a walk can see from outside: the record store as a reporting tool
// queries it, the mailbox, and the gradebook.

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
	Context struct {
		Registration string
		Instructor   struct {
			Account struct{ HomePage, Name string } `json:"account"`
		}
	} `json:"context"`
	Stored time.Time `json:"stored"`
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

// settled gives the worker three seconds (it looks every second) to make ok true, and a new worker time to take over
// what a killed one held.
func (w *walk) settled(ok func() bool) bool {
	deadline := time.Now().Add(3 * time.Second)
	if taken := w.killed.Add(15 * time.Second); taken.After(deadline) {
		deadline = taken
	}
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
	last := all[len(all)-1].Stored.Format(time.RFC3339Nano) // what the worker still records is not asked for
	for name, q := range questions {
		if !q.query.Has("until") {
			q.query.Set("until", last)
		}
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
