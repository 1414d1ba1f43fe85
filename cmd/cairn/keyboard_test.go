package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/cairn-lms/cairn/engine"
)

// keys is somebody at a window who has a keyboard and nothing else.
type keys struct {
	*browser
	prose string // what they type into text fields
	spree int    // how many folds and buttons they have opened: Enter and the space bar take turns
}

func newKeys(b *browser) *keys {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, page.SetInterceptFileChooserDialog, page.SetInterceptFileChooserDialogParams{Enabled: true})
	must(b.t, err)
	return &keys{browser: b, prose: "As agreed."}
}

// focus is where the keyboard is.
type focus struct {
	Tag, Type, Name, Value, ID         string
	Checked, Skip, Fold, Field, Target bool // Fold: closed, and the target is in it; Field: of the target's form
	Same                               bool // the element that had the focus before: a part of it, as of a date
}

// aim chooses the form and its button that the keyboard is to reach; its answer tells what they are.
const aim = `window.aimAt = (n, m) => { const f = document.forms[n];
	const buttons = [...f.elements].filter(e => e.type === 'submit' && !e.hasAttribute('formaction'));
	window.target = buttons[m]; window.targets = f; window.before = null;
	const to = new URL(f.getAttribute('action') || '', location.href);
	return {buttons: buttons.map(b => b.name + '=' + b.value), path: to.pathname, away: to.origin !== location.origin, method: (f.getAttribute('method') || 'get').toUpperCase(),
		fields: [...f.elements].filter(e => e.name && e.type !== 'hidden').map(e => e.type + ' ' + e.name + (e.type === 'submit' ? '=' + e.value : ''))}; };
	window.focusNow = () => { const e = document.activeElement, same = e === window.before; window.before = e; const d = e.tagName === 'SUMMARY' && e.parentElement;
	return {tag: e.tagName, type: e.type || '', name: e.name || '', value: e.value || '', id: e.id, checked: !!e.checked, skip: e.classList.contains('skip'), same,
		fold: !!d && !d.open && d.contains(window.target), field: e.form === window.targets && !e.readOnly, target: e === window.target}; }; true`

// aimed is the form that the keyboard is to send.
type aimed struct {
	Buttons, Fields []string
	Path, Method    string
	Away            bool // it goes to another host, such as the LMS
}

func (k *keys) aims(form, button int) (a aimed) {
	k.t.Helper()
	must(k.t, k.top().try(aim, nil))
	must(k.t, k.top().try(fmt.Sprintf("aimAt(%d, %d)", form, button), &a))
	return a
}

func (k *keys) now() (f focus) {
	k.t.Helper()
	must(k.t, k.top().try("focusNow()", &f))
	return f
}

// types presses one key after the other.
func (k *keys) types(words string) {
	k.t.Helper()
	for _, letter := range words {
		k.presses(string(letter), false)
	}
}

// acts presses Enter or the space bar, in turns.
func (k *keys) acts() {
	k.t.Helper()
	k.spree++
	k.presses([]string{"Enter", " "}[k.spree%2], false)
}

// skips begins at the top of a page: the first stop is the link over its head.
func (k *keys) skips() string {
	k.t.Helper()
	must(k.t, k.top().try("if (!window.focusNow) {"+aim+"}; true", nil))
	k.presses("Tab", false)
	if !k.now().Skip {
		return "the first stop is not the link to what the page is about"
	}
	k.presses("Enter", false)
	var there bool
	if must(k.t, k.top().try("location.hash === '#main'", &there)); !there {
		return "the link to what the page is about leads nowhere"
	}
	return ""
}

// fills goes from field to field of the form aimed at, filling in each, to its button, and presses
// that. What it says of each field is what it has afterwards.
func (k *keys) fills() (said url.Values, problem string) {
	k.t.Helper()
	said = url.Values{}
	for range 400 {
		k.presses("Tab", false)
		at := k.now()
		switch {
		case at.Target:
			k.acts()
			return said, ""
		case at.Fold:
			k.acts()
			k.top().eventually("document.activeElement.parentElement.open")
		case !at.Field || at.Same || at.Tag == "BUTTON" || at.Type == "submit":
		case at.Type == "file":
			k.mu.Lock()
			before := k.choosers
			k.mu.Unlock()
			k.presses(" ", false)
			for deadline := time.Now().Add(10 * time.Second); ; tick() {
				k.mu.Lock()
				asked := k.choosers > before
				k.mu.Unlock()
				if asked {
					break
				}
				if time.Now().After(deadline) {
					return nil, "no files can be chosen at " + at.ID
				}
			}
		default:
			k.fill(at)
			if after := k.now(); after.Type == "radio" || after.Type == "checkbox" {
				if !after.Checked && (after.Type == "radio" || !at.Checked) {
					return nil, after.Name + " cannot be ticked"
				}
				if after.Checked {
					said.Add(after.Name, after.Value)
				}
			} else if after.Value == "" && at.Tag != "SELECT" {
				return nil, "nothing can be typed into " + after.Name
			} else {
				said.Set(after.Name, after.Value)
			}
		}
	}
	return nil, "the keyboard never comes to its button"
}

// fill gives an answer, of the kind that the field takes.
func (k *keys) fill(at focus) {
	k.t.Helper()
	switch at.Type {
	case "radio":
		k.presses("ArrowDown", false)
		if after := k.now(); !after.Checked { // it was the only one
			k.presses(" ", false)
		}
	case "checkbox":
		if !at.Checked {
			k.presses(" ", false)
		}
	case "select-one":
		k.presses("ArrowDown", false)
	case "date":
		k.types("12302026")
	case "datetime-local":
		k.types("12302026")
		k.presses("ArrowRight", false)
		k.types("0930A")
	case "time":
		k.types("0930A")
	case "number":
		k.types("7")
	case "email":
		k.types("ann@example.org")
	default:
		k.types(k.prose)
	}
}

// posted is the latest form that came to an address; nil: none came.
func (g *gallery) posted(method, path string) url.Values {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); tick() {
		g.asked.Lock()
		i := slices.IndexFunc(g.asked.forms, func(f sentForm) bool { return f.method == method && f.path == path })
		if i >= 0 {
			fields := g.asked.forms[i].fields
			g.asked.forms = nil
			g.asked.Unlock()
			return fields
		}
		g.asked.Unlock()
	}
	return nil
}

var (
	ofSession = regexp.MustCompile(`^/(s|r|w|u|p)/[^/]+`)
	ofStep    = regexp.MustCompile(`/steps/[^/]+/(\w+)$`)
	numbers   = regexp.MustCompile(`[0-9a-f]{8,}[0-9a-f-]*|\b\d+\b|=[\w-]{20,}`)
)

// sort names what forms have in common that are alike: one of each is used.
func (a aimed) sort(page string) string {
	path := ofStep.ReplaceAllString(ids.ReplaceAllString(ofSession.ReplaceAllString(a.Path, "/$1/*"), "*"), "/steps/*/$1")
	return page + " " + path + " " + numbers.ReplaceAllString(strings.Join(a.Fields, ","), "*")
}

func TestEveryPageIsUsedByKeyboardAlone(t *testing.T) {
	heavy(t, "a keyboard goes through every form of every page")
	s := newScene(t)
	g := newGallery(t, s)
	g.sets(look{1280, false})
	everyFormByKeyboard(t, g)
	b := newWindow(t, g.ctx, chromedp.WithNewBrowserContext())
	peopleByKeyboard(t, s, newKeys(b))
}

// Every form of every page is filled in and sent with the keys of a keyboard alone, from
// the top of the page on, and arrives as it was typed. Forms that only look different
// from page to page are used once; a page whose form cannot be used so fails.
func everyFormByKeyboard(t *testing.T, g *gallery) {
	k := newKeys(g.browser)
	used, forms := map[string]bool{}, 0
	for _, one := range g.wanted() {
		if strings.Contains(one.name, "problem") || strings.Contains(one.name, "no-reason") || !strings.Contains(one.body, "<form") {
			continue // a page that came back begins at what is wrong; its form is that of the page before
		}
		g.shows(one)
		fresh := true
		var count int
		must(t, k.top().try("document.forms.length", &count))
		for n := range count {
			for m := 0; ; m++ {
				form := k.aims(n, m)
				what := fmt.Sprintf("%s: the form to %s %v", one.name, form.Path, form.Buttons)
				if m >= max(1, len(form.Buttons)) || m > 0 && one.page != "request" { // reviewers have more than one answer
					break
				}
				if sort := form.sort(one.page) + fmt.Sprint(m); used[sort] {
					continue
				} else {
					used[sort] = true
				}
				if len(form.Buttons) == 0 {
					t.Errorf("%s has no button", what)
					break
				}
				forms++
				if !fresh {
					g.shows(one)
					form = k.aims(n, m)
				}
				fresh = false
				if problem := k.skips(); problem != "" {
					t.Errorf("%s: %s", one.name, problem)
					break
				}
				said, problem := k.fills()
				if problem != "" {
					t.Errorf("%s: %s", what, problem)
					continue
				}
				if form.Away {
					continue // it goes to the LMS, which is not here
				}
				came := g.posted(form.Method, form.Path)
				if came == nil {
					t.Errorf("%s was never sent:\n%s", what, oneLine(k.describe(), 600))
					continue
				}
				for name, values := range said {
					for _, value := range values {
						if !slices.Contains(came[name], strings.ReplaceAll(value, "\n", "\r\n")) {
							t.Errorf("%s: %s came as %q, %q was typed", what, name, came[name], value)
						}
					}
				}
			}
		}
	}
	t.Logf("%d forms", forms)
	if g.wantsAll() && forms < 60 {
		t.Errorf("only %d forms were found", forms)
	}
}

// sends opens an address and sends one of its forms, the one with the button, from the top of the page on.
func (k *keys) sends(address, button string) {
	k.t.Helper()
	k.open(address)
	k.top().sees(button)
	k.top().eventually("document.readyState === 'complete'")
	var at struct{ Form, Button int }
	must(k.t, k.top().try(fmt.Sprintf(`(() => { const b = document.querySelector(%q);
		return {form: [...document.forms].indexOf(b.form), button: [...b.form.elements].filter(e => e.type === 'submit' && !e.hasAttribute('formaction')).indexOf(b)}; })()`, button), &at))
	k.aims(at.Form, at.Button)
	if problem := k.skips(); problem != "" {
		k.t.Fatalf("%s: %s", address, problem)
	}
	if _, problem := k.fills(); problem != "" {
		k.t.Fatalf("%s %s: %s", address, button, problem)
	}
	k.top().eventually("document.readyState === 'complete' && location.hash !== '#main'") // the page that follows
}

// A learner does steps of several kinds, somebody answers requests by link and a coach acts,
// each with a keyboard alone; what they did is kept.
func peopleByKeyboard(t *testing.T, s *scene, k *keys) {
	state := func(user string, step engine.StepID) *engine.StepState { return s.enrolment(user).Steps[step] }
	eventually := func(what string, is func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !is(); tick() {
			if time.Now().After(deadline) {
				t.Fatalf("%s: never so\n%s", what, oneLine(k.describe(), 800))
			}
		}
	}
	enters := func(who string, link string) string {
		t.Helper()
		k.open(s.lms.URL() + "/")
		k.top().click("#signin-" + who)
		k.top().sees("#signout")
		k.open(s.lms.URL() + "/mod/lti/launch.php?id=" + link + "&target=window")
		k.top().eventually("location.pathname.startsWith('/s/') && document.readyState === 'complete'")
		var home string
		must(t, k.top().try("location.origin + location.pathname.split('/').slice(0, 3).join('/')", &home))
		return home
	}
	leaves := func() {
		k.open(s.lms.URL() + "/")
		k.top().click("#signout")
		k.top().sees("#signin-sam")
	}

	t.Log("Sofia goes from home to her next step, opens its fold and comes back")
	home := enters("sofia", s.every.ID)
	if problem := k.skips(); problem != "" {
		t.Fatal("home: " + problem)
	}
	k.presses("Tab", false)
	k.presses("Enter", false)
	k.top().eventually("document.body.dataset.page === 'step' && document.readyState === 'complete'")
	k.skips()
	k.presses("Tab", false) // back to the overview
	k.presses("Enter", false)
	k.top().sees("#next-step")

	t.Log("Sofia rates herself, answers, plans, reflects, logs and sets how she is reached")
	k.prose = "I asked for two years before I gave them any discount at all, and they agreed."
	k.sends(home+"/steps/survey", "#submit")
	eventually("the survey is done", func() bool { return state("6", "survey").State == engine.Done })
	k.sends(home+"/steps/quiz", "#submit")
	eventually("the quiz was answered", func() bool { return state("6", "quiz").Hands == 1 })
	k.sends(home+"/steps/plan", "#submit")
	eventually("the plan is kept", func() bool { return state("6", "plan").State == engine.Done })
	k.sends(home+"/steps/reflect", "#submit")
	eventually("the reflection is handed in", func() bool { return state("6", "reflect").State == engine.Done })
	k.sends(home+"/steps/pair", "#post")
	k.top().eventually("document.querySelector('.posts')?.textContent.includes('two years')")
	k.sends(home+"/log", "#log-used")
	k.top().sees("#logged")
	k.sends(home+"/preferences", "#save-preferences")
	k.top().sees("#saved")
	k.sends(home+"/portfolio/links", "#make-link")
	k.top().sees("#new-link")
	k.sends(home+"/steps/watch", "#skip-step")
	eventually("the step is left out", func() bool { return state("6", "watch").State == engine.Skipped })
	leaves()

	t.Log("Max answers by link: he confirms one thing and gives another back")
	k.sends(s.requestLink("21", "talk"), "#acknowledge")
	k.top().sees("#answered")
	eventually("the talk is confirmed", func() bool { return state("21", "talk").State == engine.Done })
	k.sends(s.requestLink("21", "goal"), "#return")
	k.top().sees("#answered")
	eventually("the goal is open again", func() bool { return state("21", "goal").State == engine.Returned })

	t.Log("Tessa lets a learner pause")
	board := enters("tessa", s.every.ID)
	k.prose = "Parental leave."
	k.sends(board+"/board/people/"+string(s.enrolment("5").ID)+"/change", "#pause button")
	eventually("Sam's way stands still", func() bool { return len(s.enrolment("5").Pauses) == 1 })
}
