package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/cairn-lms/cairn/web/ui"
)

// A page that no scene shows is a page that nobody has looked at.
func TestTheSceneShowsEveryPage(t *testing.T) {
	s := newScene(t)
	names, err := fs.Glob(ui.Files, "templates/page_*.html")
	must(t, err)
	for _, file := range names {
		name := strings.TrimSuffix(strings.TrimPrefix(path.Base(file), "page_"), ".html")
		if !slices.ContainsFunc(s.shots, func(one shot) bool { return one.page == name }) {
			t.Errorf("nobody sees the page %s: let somebody open it in scene_test.go", name)
		}
	}
	for _, one := range s.shots {
		if strings.HasPrefix(one.name, "error") != (one.page == "error") || one.status >= 500 {
			t.Errorf("%s is the page %s, with %d", one.name, one.page, one.status)
		}
		if one.name == "step-ready" && !strings.Contains(one.body, `id="aims"`) {
			t.Error("a briefing of the learner does not say what it is about")
		}
		for _, problem := range one.problems() {
			t.Error(problem)
		}
	}
}

// Whatever a page shows, it runs no code but our files', asks no other host for
// anything, has one heading and a title of its own, and says in which language.
func (one shot) problems() (found []string) {
	say := func(format string, args ...any) { found = append(found, one.name+": "+fmt.Sprintf(format, args...)) }
	policy := one.header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors") {
		say("the policy is %q", policy)
	}
	if one.header.Get("X-Content-Type-Options") != "nosniff" || one.header.Get("Cache-Control") != "no-store" || one.header.Get("Referrer-Policy") == "" {
		say("the headers are %v", one.header)
	}
	root, err := html.Parse(strings.NewReader(one.body))
	if err != nil {
		say("%v", err)
		return found
	}
	ids, headings, landmarks := map[string]bool{}, 0, 0
	each(root, func(n *html.Node) {
		switch n.Data {
		case "h1":
			headings++
		case "main":
			landmarks++
		case "html":
			if attr(n, "lang") == "" || attr(n, "dir") == "" {
				say("says no language or direction")
			}
		case "title":
			if title := text(n); !strings.HasSuffix(strings.TrimSpace(title), "· Cairn") || len(title) < 12 {
				say("the title is %q", title)
			}
		case "style":
			say("holds a style")
		case "script":
			if !strings.HasPrefix(attr(n, "src"), "/static/") {
				say("holds a script of its own")
			}
		case "base", "object", "embed", "meta":
			if n.Data != "meta" {
				say("holds a <%s>", n.Data)
			}
		}
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				say("two elements are #%s", id)
			}
			ids[id] = true
		}
		for _, a := range n.Attr {
			key := strings.ToLower(a.Key)
			loads := key == "src" || key == "srcset" || key == "poster" || key == "data" || key == "href" && n.Data == "link"
			if strings.HasPrefix(key, "on") || key == "style" || strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				say("%s=%q is code", a.Key, a.Val)
			}
			if loads && !strings.HasPrefix(a.Val, "/") || strings.HasPrefix(a.Val, "//") {
				say("%s=%q leads the browser to another host", a.Key, a.Val)
			}
		}
	})
	if headings != 1 || landmarks != 1 {
		say("%d first headings, %d main parts", headings, landmarks)
	}
	return found
}

// looks are the themes and widths that people have.
var looks = []look{{1280, false}, {1280, true}, {320, false}, {320, true}}

// Every page in every state, in both themes, wide and on a phone: nothing that axe
// finds, nothing that asks to be scrolled sideways, no text lost when it is spaced out
// or zoomed, in either direction of writing, and all of it within reach of the keyboard.
func TestEveryPageCanBeUsedByEverybody(t *testing.T) {
	heavy(t, "a browser looks at every page four times")
	source := axe(t)
	g := newGallery(t, newScene(t))
	for _, one := range g.wanted() {
		for i, l := range looks {
			g.sets(l)
			if i == 0 || l.wide != looks[i-1].wide {
				g.shows(one)
				must(t, g.top().try(source+"\n;true", nil))
			}
			for _, violation := range g.violations() {
				t.Errorf("%s, %s: %s", one.name, l, violation)
			}
			if wide := g.widerThan(); wide != "" {
				t.Errorf("%s, %s, scrolls sideways: %s", one.name, l, wide)
			}
			if problem := g.tooLong(one.page); l.wide == 320 && problem != "" {
				t.Errorf("%s: %s", one.name, problem)
			}
		}
		for _, wide := range []int64{320, 640, 1280} { // 640 is 1280 at twice the size
			g.sets(look{wide, false})
			g.shows(one)
			if wide := g.widerThan(); wide != "" {
				t.Errorf("%s scrolls sideways at %d px: %s", one.name, g.wide, wide)
			}
			must(t, g.top().try(spacedOut, nil))
			if lost := g.lost(); lost != "" {
				t.Errorf("%s, spaced out at %d px, loses: %s", one.name, g.wide, lost)
			}
			must(t, g.top().try("document.documentElement.dir = document.documentElement.dir === 'rtl' ? 'ltr' : 'rtl', true", nil))
			if wide := g.widerThan(); wide != "" {
				t.Errorf("%s, mirrored at %d px, scrolls sideways: %s", one.name, g.wide, wide)
			}
		}
		for _, wide := range []int64{320, 1280} {
			g.sets(look{wide, false})
			g.shows(one)
			for _, problem := range g.byKeyboard() {
				t.Errorf("%s at %d px, by keyboard: %s", one.name, wide, problem)
			}
		}
	}
}

// violations are what axe finds, in words.
func (g *gallery) violations() (found []string) {
	g.t.Helper()
	var result []struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}
	g.top().awaits(`axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}},
		runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}}).then(r => r.violations)`, &result)
	for _, v := range result {
		for _, node := range v.Nodes[:min(len(v.Nodes), 2)] {
			found = append(found, fmt.Sprintf("%s (%s, %d places): %s: %s", v.ID, v.Help, len(v.Nodes), oneLine(node.HTML, 200), oneLine(node.FailureSummary, 300)))
		}
	}
	return found
}

// widerThan names what is wider than the window; "" is nothing.
func (g *gallery) widerThan() (wide string) {
	g.t.Helper()
	must(g.t, g.top().try(`(() => { const room = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= room) return '';
		const out = [...document.body.querySelectorAll('*')].filter(e => { const r = e.getBoundingClientRect();
			return r.width && e.checkVisibility() && (r.right > room + 1 || r.left < -1) && !e.closest('.scroll, .visually-hidden, .skip, .aid table, .aid pre'); });
		return document.documentElement.scrollWidth + ' px of ' + room + ': ' + out.slice(-2).map(e => e.outerHTML.slice(0, 140)).join(' … '); })()`, &wide))
	return wide
}

// tooLong says what a phone would have to scroll for: on home the next step with all that
// can be done about it stands in the first window, and the rest stays within a few of them.
func (g *gallery) tooLong(page string) (problem string) {
	g.t.Helper()
	if page != "home" {
		return ""
	}
	must(g.t, g.top().try(`(() => { const next = document.querySelector('#next-step'), high = document.documentElement.scrollHeight;
		const foot = next && !document.querySelector('.now > .warn') && !next.querySelector('.note') ? Math.round(next.getBoundingClientRect().bottom + scrollY) : 0;
		return foot > 640 ? 'the next step ends at ' + foot + ' px' : high > 2400 ? 'home is ' + high + ' px high' : ''; })()`, &problem))
	return problem
}

// spacedOut is text as WCAG 2.2, 1.4.12 spaces it.
const spacedOut = `(() => { const s = new CSSStyleSheet();
	s.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }');
	document.adoptedStyleSheets = [s]; return true; })()`

// lost names text that its box cuts off, or the page.
func (g *gallery) lost() (lost string) {
	g.t.Helper()
	if wide := g.widerThan(); wide != "" {
		return wide
	}
	must(g.t, g.top().try(`[...document.querySelectorAll('body *')].filter(e => {
		const c = getComputedStyle(e);
		return e.innerText && (c.overflowX === 'hidden' || c.overflowX === 'clip' || c.overflowY === 'hidden') && !e.closest('.visually-hidden, .board thead, progress, svg, a[title]')
			&& (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1); }).slice(0, 2).map(e => e.outerHTML.slice(0, 160)).join(' … ')`, &lost))
	return lost
}

// stops lists what the keyboard must reach: one radio button stands for its group.
const stops = `window.stopsOf = () => { const seen = new Set(); return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, video[controls], [tabindex="0"]')].filter(e => {
	if (e.disabled || e.type === 'hidden' || !e.checkVisibility({visibilityProperty: true}) || e.closest('details:not([open]) > :not(summary)')) return false;
	if (e.type === 'radio') { const key = (e.form && e.form.id) + '/' + e.name; if (seen.has(key)) return false; seen.add(key); }
	return true; }); }; window.nameOf = e => e.type === 'radio' ? 'radio ' + e.name : e.outerHTML.replace(/\s+/g, ' ').slice(0, 120); true`

// byKeyboard walks through the page with the Tab key, and says what it does not come
// to, where it cannot be seen, and where it stays.
func (g *gallery) byKeyboard() (problems []string) {
	g.t.Helper()
	must(g.t, g.top().try(stops, nil))
	must(g.t, g.top().try("document.activeElement && document.activeElement.blur(), window.getSelection().removeAllRanges(), document.body.setAttribute('tabindex', '-1'), document.body.focus(), document.body.removeAttribute('tabindex'), window.scrollTo(0, 0), true", nil))
	var wanted []string
	must(g.t, g.top().try("stopsOf().map(nameOf)", &wanted))
	came := map[string]bool{}
	last := ""
	for range len(wanted)*3 + 10 {
		g.presses("Tab", false)
		var at struct {
			Name, Problem string
			Inner         bool
		}
		must(g.t, g.top().try(`(() => { const e = document.activeElement; if (!e || e === document.body || e === document.documentElement) return {name: ''};
			const r = e.getBoundingClientRect(), c = getComputedStyle(e), around = e.closest('label') && getComputedStyle(e.closest('label'));
			let problem = '';
			const shown = s => s && s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1;
			if (!shown(c) && !shown(around)) problem = 'the focus cannot be seen';
			if (r.bottom < 0 || r.top > innerHeight || r.right < 0 || r.left > innerWidth) problem = 'the focus is out of the window';
			const x = Math.min(Math.max(r.left + r.width / 2, 1), innerWidth - 1), y = Math.min(Math.max(r.top + Math.min(r.height / 2, 20), 1), innerHeight - 1);
			const there = document.elementFromPoint(x, y);
			if (!problem && there && !e.contains(there) && !there.contains(e) && !(e.closest('label') || e).contains(there)) problem = 'the focus is behind ' + there.outerHTML.slice(0, 80);
			return {name: nameOf(e), problem}; })()`, &at))
		if at.Name == "" {
			if last != "" && len(came) > 0 {
				break // round
			}
			continue
		}
		if at.Problem != "" && !came[at.Name] {
			problems = append(problems, at.Problem+": "+at.Name)
		}
		came[at.Name], last = true, at.Name
	}
	for _, one := range wanted {
		if !came[one] {
			problems = append(problems, "never comes to "+one)
		}
	}
	return problems
}

// Pictures of every page for whoever judges them, in each theme and width: CAIRN_SHOTS names
// the folder (make screenshots), CAIRN_SHOT the beginning of the names wanted. The folder gets
// phone-light, phone-dark, wide-light and wide-dark, and in paper what prints a page as a PDF.
func TestPicturesOfEveryPage(t *testing.T) {
	folder := os.Getenv("CAIRN_SHOTS")
	if folder == "" {
		t.Skip("skipped: CAIRN_SHOTS names no folder (make screenshots)")
	}
	g := newGallery(t, newScene(t))
	for _, one := range g.wanted() {
		for i, l := range looks {
			g.sets(l)
			if i == 0 || l.wide != looks[i-1].wide {
				g.shows(one)
			}
			g.whole(filepath.Join(folder, l.folder(), one.name+".png"))
		}
		g.prints(filepath.Join(folder, "paper", one.name+".pdf"))
	}
}
