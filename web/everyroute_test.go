package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/cairn-lms/cairn/engine"
)

// route is a page as the sources register it.
type route struct{ method, path string }

func (r route) String() string { return r.method + " " + r.path }

// everyRoute reads the pages from the sources, so that none is forgotten here.
func everyRoute(t testing.TB) []route {
	t.Helper()
	files, err := filepath.Glob("*.go")
	must(t, err)
	registered := regexp.MustCompile(`(?m)^\s+(get|post)\("(/[^"]*)"`)
	var routes []route
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		must(t, err)
		for _, found := range registered.FindAllStringSubmatch(string(source), -1) {
			routes = append(routes, route{strings.ToUpper(found[1]), found[2]})
		}
	}
	if len(routes) < 40 {
		t.Fatalf("found only %d routes: they are registered in another way now", len(routes))
	}
	return routes
}

// openRoutes are for anybody: they hold nothing of anybody.
var openRoutes = []string{"GET /", "GET /admin/signin", "POST /dev/clock"}

// keeperOf is what keeps strangers out of a page.
func keeperOf(t testing.TB, r route) string {
	t.Helper()
	switch {
	case slices.Contains(openRoutes, r.String()):
		return "open"
	case strings.HasPrefix(r.path, "/s/{handle}/"):
		return "session"
	case strings.HasPrefix(r.path, "/admin"):
		return "admin"
	case strings.Contains(r.path, "{token}"), r.path == "/open", r.path == "/admin/signin":
		return "token"
	}
	t.Errorf("%s: what keeps strangers out? Say so here", r)
	return ""
}

// things are one of everything that addresses and forms name: Sam's.
type things struct {
	enrolment *engine.Enrolment
	values    map[string]string // by the name in the address
}

var placeholder = regexp.MustCompile(`\{([a-z]+)\}`)

// at is a route with the things in its place.
func (th things) at(t testing.TB, r route) string {
	t.Helper()
	return placeholder.ReplaceAllStringFunc(r.path, func(name string) string {
		value, ok := th.values[strings.Trim(name, "{}")]
		if !ok {
			t.Errorf("%s: what is %s of Sam? Say so in samsThings", r, name)
		}
		return value
	})
}

// form names them all, as any form of ours might.
func (th things) form() url.Values {
	form := url.Values{"reason": {"because"}, "text": {"I was here."}, "comment": {"I was here."}, "outcome": {"approve"}, "rating.trade": {"3"},
		"answer.did": {"I was here."}, "answer.result": {"I was here."}, "do": {"submit"}, "name": {"Eve"}, "email": {"eve@example.org"}, "days": {"30"}}
	for name, value := range th.values {
		if name != "token" && name != "handle" {
			form.Set(name, value)
		}
	}
	return form
}

// samsThings are what Sam has when the experiment is handed in.
func samsThings(t testing.TB, w *world, sam *person) things {
	t.Helper()
	e := w.enrolment("5")
	th := things{enrolment: e, values: map[string]string{"handle": strings.TrimPrefix(sam.base, "/s/"), "step": "try", "workflow": "trial", "role": "manager",
		"enrolment": string(e.ID), "person": string(e.Learner), "id": "reg", "behaviour": "trade", "token": "forged", "version": "1", "link": "1", "aid": "guide", "action": "1", "key": "1", "n": "1", "name": "1", "language": "und"}}
	hands, err := w.store.Contributions(t.Context(), e.ID)
	must(t, err)
	for _, hand := range hands {
		for _, f := range hand.Files {
			th.values["sha"] = f.SHA256
		}
	}
	for _, r := range e.Steps["try"].Requests {
		th.values["request"] = string(r.ID)
	}
	post, err := w.service.AskCoach(t.Context(), e.Learner, e.ID, "Is this between us?")
	must(t, err)
	th.values["post"], th.values["thread"], th.values["message"] = string(post.ID), string(post.ID), string(post.ID)
	th.enrolment = w.enrolment("5")
	return th
}

// everythingOf is all that is kept about a learner, to see whether anything changed.
func everythingOf(t testing.TB, w *world, subject string) string {
	t.Helper()
	ctx := t.Context()
	e := w.enrolment(subject)
	hands, err := w.store.Contributions(ctx, e.ID)
	must(t, err)
	who, err := w.service.Person(ctx, e.Learner)
	must(t, err)
	wishes, err := w.service.Preferences(ctx, e.Learner)
	must(t, err)
	thread, err := w.service.CoachThread(ctx, engine.By(e.Learner), e.ID, engine.PostRef{}, 50)
	must(t, err)
	uses, err := w.service.UseFrequency(ctx, e.ID)
	must(t, err)
	inbox, err := w.service.Inbox(ctx, e.Learner, engine.Paging{})
	must(t, err)
	all, err := json.MarshalIndent([]any{e, hands, who, wishes, thread, uses, inbox}, "", " ")
	must(t, err)
	return string(all)
}

const samsWords = "I asked <b>first</b>."

// Nobody but Sam comes to Sam's pages: not without a session, not with another
// learner's, not as another learner who puts Sam's ids into their own addresses and
// forms, not as the staff of another course. Whoever adds a route is asked what guards it.
func TestEveryRouteRefusesWhoeverItIsNotFor(t *testing.T) {
	w := newWorld(t)
	sam := w.toTheTrial()
	th := samsThings(t, w, sam)
	sofia, _ := w.launch(launchOf("6", "Sofia Silva", "Learner"))
	elsewhere := launchOf("9", "Tom Teacher", "Instructor")
	elsewhere.Course.ID, elsewhere.Course.Title = "3", "Another course"
	tom, _ := w.launch(elsewhere)
	before := everythingOf(t, w, "5")

	intruders := map[string]struct {
		who  *person
		base string // whose session the address names
	}{
		"a stranger":                          {w.stranger(), sam.base},
		"Sofia in Sam's session":              {sofia, sam.base},
		"Sofia with Sam's ids":                {sofia, sofia.base},
		"staff of another course in Sam's":    {tom, sam.base},
		"staff of another course, Sam's ids":  {tom, tom.base},
		"a stranger with an invented session": {w.stranger(), "/s/inventedhandle"},
	}
	theirs := 0 // addresses that Sam opens: these things are there
	for _, r := range everyRoute(t) {
		if r.method == http.MethodGet && sam.get(th.at(t, r)).StatusCode == http.StatusOK {
			theirs++
		}
		guard := keeperOf(t, r)
		address := th.at(t, r)
		for name, in := range intruders {
			path := strings.Replace(address, sam.base+"/", in.base+"/", 1)
			var answer page
			if r.method == http.MethodGet {
				answer = in.who.get(path)
			} else {
				answer = in.who.post(path, th.form())
			}
			own := in.base == in.who.base && in.base != ""
			names := regexp.MustCompile(`\{(enrolment|request|sha|person|post|link|thread)\}`).MatchString(r.path)
			refused := answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusNotFound
			switch {
			case guard == "session" && !own, guard == "token", guard == "admin":
				if !refused {
					t.Errorf("%s: %s gets %d at %s", r, name, answer.StatusCode, path)
				}
			case guard == "session" && names:
				if !refused && answer.StatusCode != http.StatusUnprocessableEntity {
					t.Errorf("%s: %s gets %d at %s", r, name, answer.StatusCode, path)
				}
			}
			if answer.StatusCode >= 500 {
				t.Errorf("%s: %s breaks it: %d", r, name, answer.StatusCode)
			}
			for _, secret := range []string{"24 months.", "%PDF-1.7 the offer", "Is this between us?", "sam@example.org", html.EscapeString(samsWords)} {
				if strings.Contains(answer.text, secret) {
					t.Errorf("%s: %s reads %q", r, name, secret)
				}
			}
		}
	}
	if theirs < 8 {
		t.Errorf("Sam opens only %d of the addresses: they name nothing", theirs)
	}
	if after := everythingOf(t, w, "5"); after != before {
		t.Errorf("something of Sam's changed:\n%s", difference(before, after))
	}
}

// difference are the lines that two texts do not share, some of them.
func difference(a, b string) string {
	var out []string
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, line := range bs {
		if !slices.Contains(as, line) {
			out = append(out, "+ "+line)
		}
	}
	return strings.Join(out[:min(len(out), 12)], "\n")
}

// Looking changes nothing, whoever looks: links are followed by browsers and scanners.
func TestLookingAtAnyPageChangesNothing(t *testing.T) {
	w := newWorld(t)
	sam := w.toTheTrial()
	th := samsThings(t, w, sam)
	tessa, _ := w.launch(launchOf("3", "Tessa Teacher", "Instructor"))
	link := strings.TrimPrefix(w.requestPath("try"), "/r/")
	before := everythingOf(t, w, "5")
	for _, r := range everyRoute(t) {
		if r.method != http.MethodGet || r.path == "/" {
			continue
		}
		for _, who := range []*person{sam, tessa} {
			mine := th
			mine.values = map[string]string{}
			for name, value := range th.values {
				mine.values[name] = value
			}
			mine.values["handle"], mine.values["token"] = strings.TrimPrefix(who.base, "/s/"), link
			path := mine.at(t, r)
			for _, query := range []string{"", "?do=submit&confirm=1&saved&delete=1&act=done"} {
				if answer := who.get(path + query); answer.StatusCode >= 500 {
					t.Errorf("%s%s answers %d", path, query, answer.StatusCode)
				}
			}
		}
	}
	if after := everythingOf(t, w, "5"); after != before {
		t.Errorf("looking changed:\n%s", difference(before, after))
	}
}

// probe would be an element of a page that does not escape.
const probe = `"'><xss-probe onload=alert(1)>{{7*7}}</textarea></title><script>alert(1)</script>`

var raw = regexp.MustCompile(`(?i)<xss-probe|<script>alert|49</textarea>`)

// Whatever people, platforms and addresses say, pages only quote it.
func TestNoTextBecomesPartOfAPage(t *testing.T) {
	w := newWorld(t)
	l := launchOf("5", "Sam Sailor", "Learner")
	l.Name, l.Course.Title, l.ResourceLink.Title, l.ReturnURL = "Sam "+probe, "Course "+probe, probe, issuer+"/?"+probe
	l.Custom["zone"], l.Locale = probe, probe
	sam, home := w.launch(l)
	staff := launchOf("3", "Tessa Teacher", "Instructor")
	staff.Name = "Tessa " + probe
	tessa, _ := w.launch(staff)
	other := launchOf("6", "Sofia Silva", "Learner")
	other.Name = "Sofia " + probe
	sofia, _ := w.launch(other)
	escaped := 0
	quoted := func(where string, answer page) {
		t.Helper()
		escaped += strings.Count(answer.text, "&lt;xss-probe")
		if found := raw.FindString(answer.text); found != "" && strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s holds %q as it was written", where, found)
		}
		if answer.StatusCode >= 500 {
			t.Errorf("%s answers %d", where, answer.StatusCode)
		}
	}
	quoted("home", home)

	// Stored: every form that each of them meets, filled with it, twice over, since
	// what one sends opens forms of others.
	files := []file{{`<xss-probe>".pdf`, "%PDF-1.7 " + probe}, {"probe<script>alert(1)</script>.svg", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`}}
	var link string
	for range 2 {
		for who, p := range map[string]*person{"Sam": sam, "Sofia": sofia, "Tessa": tessa} {
			for _, path := range p.wander(p.base + "/") {
				quoted(who+" at "+path, p.get(path))
			}
		}
		for _, step := range []string{"read", "think", "try"} {
			path := sam.base + "/steps/" + step
			sam.post(path+"/done", nil)
			quoted("a draft", sam.post(path, url.Values{"do": {"draft"}, "answer.text": {probe}, "answer.did": {probe}, "answer.result": {probe}}))
			quoted("a hand-in", sam.postFiles(path, url.Values{"do": {"submit"}, "answer.text": {strings.Repeat(probe+" and so on ", 6)}, "answer.did": {probe}, "answer.result": {probe}}, files[:1]...))
			quoted("a disguised file", sam.postFiles(path, url.Values{"do": {"submit"}, "answer.did": {probe}, "answer.result": {probe}}, files...))
		}
		if w.state("5", "try") == engine.Submitted && link == "" {
			link = w.requestPath("try")
			max := w.stranger()
			seen := max.get(link)
			quoted("a request", seen)
			quoted("a request half answered", max.post(link, url.Values{"outcome": {"return"}, "comment": {probe}, "sha256": {probe}}))
			quoted("an answer", max.post(link, url.Values{"outcome": {"return"}, "rating.trade": {"2"}, "comment": {probe}, "sha256": {seen.shown(t)}}))
			quoted("an answered request", max.get(link))
		}
		e := w.enrolment("5")
		_, _ = w.service.AskCoach(t.Context(), e.Learner, e.ID, probe)
		_ = w.service.LogUse(t.Context(), e.Learner, e.ID, "trade", probe, "time", "1")
	}

	// Reflected: every route with it in every part of the address and every field.
	values := url.Values{}
	for _, name := range strings.Fields("q do group saved step state filter item view page after before text reason comment name email zone locale code at day label quiet_from holiday_from back advance ticket note barrier key label expires days") {
		values.Set(name, probe)
	}
	for _, r := range everyRoute(t) {
		for who, p := range map[string]*person{"Sam": sam, "Tessa": tessa, "nobody": w.stranger()} {
			path := placeholder.ReplaceAllStringFunc(r.path, func(name string) string {
				if name == "{handle}" && p.base != "" {
					return strings.TrimPrefix(p.base, "/s/")
				}
				return url.PathEscape(strings.ReplaceAll(probe, "/", ""))
			})
			if r.method == http.MethodGet {
				quoted(who+" at "+r.path, p.get(path+"?"+values.Encode()))
			} else {
				quoted(who+" at "+r.path, p.post(path, values))
			}
		}
	}
	if escaped < 50 {
		t.Errorf("the text is quoted only %d times: it does not come to the pages", escaped)
	}
}

// wander lists the pages that a session's links lead to, the first one first.
func (p *person) wander(from string) []string {
	p.t.Helper()
	seen := []string{from}
	for i := 0; i < len(seen) && len(seen) < 60; i++ {
		answer := p.get(seen[i])
		root, err := html.Parse(strings.NewReader(answer.text))
		must(p.t, err)
		for n := range root.Descendants() {
			for _, a := range n.Attr {
				to, _, _ := strings.Cut(a.Val, "#")
				if a.Key == "href" && strings.HasPrefix(to, p.base+"/") && !slices.Contains(seen, to) {
					seen = append(seen, to)
				}
			}
		}
	}
	return seen
}

// A link opens what it was made for, as long as that counts, and nothing else.
func TestALinkCannotBeGuessedBentOrUsedForAnotherPage(t *testing.T) {
	w := newWorld(t, withReports)
	w.toTheTrial()
	e := w.enrolment("5")
	token := func(address string) string { return address[strings.LastIndex(address, "/")+1:] }
	shown, _, err := w.service.SharePortfolio(t.Context(), e.Learner, engine.Sharing{Days: 7})
	must(t, err)
	good := map[string]string{
		"/p/": token(w.links.Share("main", shown)),
		"/r/": token(w.requestPath("try")), "/u/": token(w.links.Unsubscribe("main", e.Learner, "email")),
		"/n/": token(w.links.Nudge("main", "m1", issuer+"/x")), "/hooks/mail/": token(w.links.MailHook("main")), "/w/": token(w.links.Waitlist("main", e.Learner, 0, w.clock.Now())),
	}
	who := w.stranger()
	for _, r := range everyRoute(t) {
		if !strings.Contains(r.path, "{token}") {
			continue
		}
		prefix, rest, _ := strings.Cut(r.path, "{token}")
		try := func(what, token string) {
			t.Helper()
			path := prefix + token + placeholder.ReplaceAllString(rest, strings.Repeat("0", 64))
			var answer page
			if r.method == http.MethodGet {
				answer = who.get(path)
			} else {
				answer = who.post(path, url.Values{"outcome": {"approve"}})
			}
			if answer.StatusCode != http.StatusNotFound {
				t.Errorf("%s with %s answers %d", r, what, answer.StatusCode)
			}
		}
		mine, known := good[prefix]
		if !known {
			t.Errorf("%s: what does a good token of it look like? Say so here", r)
			continue
		}
		for other, token := range good {
			if other != prefix {
				try("a token of "+other, token)
			}
		}
		for i := 0; i < len(mine)-1; i += max(1, len(mine)/24) { // the last letter holds bits that count for nothing
			bent := []byte(mine)
			bent[i] = map[bool]byte{true: 'B', false: 'A'}[bent[i] == 'A']
			try("a bent token", string(bent))
		}
		try("a shortened token", mine[:len(mine)-4])
		try("a token and more", mine+"AAAA")
		try("a very long token", strings.Repeat("A", 4000))
	}
	if have := w.state("5", "try"); have != engine.Submitted {
		t.Errorf("the step is %s", have)
	}
}
