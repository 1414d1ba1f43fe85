package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// participant is somebody in the walk of the example workflow, with a window of
// their own: Cairn in the frame of the LMS's course page, or behind a personal link.
type participant struct {
	w    *exampleWalk
	name string // as the LMS or the mails have it
	b    *browser
	wide int64 // of the window
	page frame // of Cairn
}

// window opens a window so wide, with cookies of its own, whose requests are noted.
func (b *browser) window(t testing.TB, wide int64) *browser {
	t.Helper()
	o := newWindow(t, b.ctx, chromedp.WithNewBrowserContext())
	_, err := chromedp.Call(o.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: wide, Height: 900, DeviceScaleFactor: 1, Mobile: wide < 600,
	})
	must(t, err)
	_, err = chromedp.Call(o.ctx, network.Enable, network.EnableParams{})
	must(t, err)
	return o
}

// arrives signs in at the LMS, goes to the course, and waits for Cairn in its frame.
func (p *participant) arrives() {
	p.w.t.Helper()
	p.b.open(p.w.demo.LMS.URL + "/")
	p.b.top().click("#signin-" + p.name)
	p.b.top().click(".course-card")
	p.page.sees("#journey, [data-page=board]")
	p.fits()
}

// comes opens the course page anew: a launch.
func (p *participant) comes() {
	p.w.t.Helper()
	p.b.open(p.w.demo.LMS.URL + "/course/view.php?id=2")
	p.page.sees("#journey, [data-page=board]")
	p.fits()
}

// goes comes and follows the links to a step, as soon as there is one.
func (p *participant) goes(step string) {
	p.w.t.Helper()
	for deadline := time.Now().Add(patience); !p.finds(step); tick() {
		if time.Now().After(deadline) {
			p.w.t.Fatalf("no link leads %s to the step %s\n%s", p.name, step, p.b.describe())
		}
	}
}

// goesWithin is goes, on the first of some days on which there is a link.
func (p *participant) goesWithin(days int, step string) {
	p.w.t.Helper()
	for !p.finds(step) {
		if days--; days < 0 {
			p.w.t.Fatalf("no link leads %s to the step %s\n%s", p.name, step, p.b.describe())
		}
		p.w.days(1)
	}
}

// finds comes and follows the links to a step, if there are any.
func (p *participant) finds(step string) bool {
	p.w.t.Helper()
	link := fmt.Sprintf(`#next-step a.primary[href$="/steps/%s"], #journey a[href$="/steps/%[1]s"]`, step)
	p.comes()
	if !p.shows(link) {
		p.follows("#whole")
		if !p.shows(link) {
			return false
		}
	}
	p.follows(link)
	p.page.eventually("location.pathname.endsWith('/steps/" + step + "')")
	return true
}

// shows tells whether the page has an element now.
func (p *participant) shows(selector string) (there bool) {
	p.w.t.Helper()
	must(p.w.t, p.page.try(fmt.Sprintf("!!document.querySelector(%q)", selector), &there))
	return there
}

// follows clicks what leads to another page, and waits for that.
func (p *participant) follows(selector string) {
	p.w.t.Helper()
	p.page.eventually(fmt.Sprintf("document.readyState === 'complete' && document.querySelector(%q) && (window.before = true)", selector))
	p.page.click(selector)
	p.page.eventually("!window.before && document.readyState === 'complete' && document.querySelector('main')")
	p.fits()
}

// sends is follows for a form, of which the next page has no complaints.
func (p *participant) sends(selector string) {
	p.w.t.Helper()
	p.follows(selector)
	var complaints string
	must(p.w.t, p.page.try("[...document.querySelectorAll('#problems, .problem')].map(e => e.innerText).join(' ') || (document.body.dataset.page === 'error' ? document.querySelector('main').innerText : '')", &complaints))
	if complaints != "" {
		p.w.t.Fatalf("%s is told: %s", p.name, complaints)
	}
}

// fits asserts that the page is no wider than the frame it is in, nor the window's page.
func (p *participant) fits() {
	p.w.t.Helper()
	for _, f := range []frame{p.b.top(), p.page} {
		var is struct {
			Wide, Room int64
			Page       string
		}
		if f.try("({wide: document.documentElement.scrollWidth, room: document.documentElement.clientWidth, page: location.pathname})", &is) != nil {
			continue // between two pages
		}
		if is.Wide > is.Room || is.Room > p.wide {
			p.w.t.Errorf("%s scrolls sideways for %s: %d px of %d in a window of %d", is.Page, p.name, is.Wide, is.Room, p.wide)
		}
	}
	p.w.pages++
}

// reads asserts that the page says something.
func (p *participant) reads(words ...string) {
	p.w.t.Helper()
	for _, phrase := range words {
		p.page.eventually(fmt.Sprintf("document.querySelector('main').innerText.includes(%q)", phrase))
	}
}

// says tells whether the page says something now.
func (p *participant) says(words string) (said bool) {
	p.w.t.Helper()
	must(p.w.t, p.page.try(fmt.Sprintf("document.querySelector('main').innerText.includes(%q)", words), &said))
	return said
}

// types writes into one field, as keys do.
func (p *participant) types(selector, text string) {
	p.w.t.Helper()
	p.page.sees(selector)
	must(p.w.t, p.page.try(fmt.Sprintf("document.querySelector(%q).focus(), true", selector), nil))
	_, err := chromedp.Run(p.b.ctx, chromedp.KeyEvent(text))
	must(p.w.t, err)
	p.page.eventually(fmt.Sprintf("document.querySelector(%q).value.trim() === %q", selector, strings.TrimSpace(text)))
}

// picks clicks the label with these words among those of a question or a behaviour.
func (p *participant) picks(name, words string) {
	p.w.t.Helper()
	p.page.eventually(fmt.Sprintf(`(() => { const field = [...document.querySelectorAll('input[name=%q]')];
		const one = field.find(e => e.closest('label').innerText.trim() === %q);
		if (!one) return false; if (!one.checked) one.closest('label').click(); return one.checked; })()`, name, words))
}

// rates says how often each behaviour is seen, in the words of the scale.
func (p *participant) rates(behaviours map[string]string) {
	p.w.t.Helper()
	for id, words := range behaviours {
		p.page.eventually(fmt.Sprintf(`[...document.querySelectorAll('input[name="rating.%s"]')].map(e => e.closest('label').innerText.trim()).join() === %q`, id, strings.Join(howOften, ",")))
		p.picks("rating."+id, words)
	}
}

// howOften is the scale of the example's behaviours.
var howOften = []string{"never", "seldom", "about half the time", "mostly", "always"}

// answers writes into each field that asks for words.
func (p *participant) answers(text string) {
	p.w.t.Helper()
	p.page.eventually("document.readyState === 'complete' && document.querySelector('form textarea, form input[type=text]')")
	p.page.write(text)
}

// attaches gives a file to the field for evidence and waits until it is kept.
func (p *participant) attaches(selector, file, name string) {
	p.w.t.Helper()
	p.page.sees(selector)
	p.page.attachFile(selector, file)
	p.page.eventually(fmt.Sprintf("document.querySelector('#evidence-of-work .kept') && document.querySelector('#evidence-of-work .kept').innerText.includes(%q)", name))
}

// staysHere asserts that the window asked nobody but Cairn and the LMS for anything.
func (p *participant) staysHere() {
	p.w.t.Helper()
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	if len(p.b.asked) == 0 {
		p.w.t.Errorf("no request of %s's window was seen", p.name)
	}
	for origin := range p.b.asked {
		if origin != p.w.demo.Tool.URL && origin != p.w.demo.LMS.URL {
			p.w.t.Errorf("%s's window asked %s", p.name, origin)
		}
	}
}

// leaves closes a window.
func (b *browser) leaves() { _ = chromedp.Cancel(b.ctx) }

// picksDay fills a field for a date.
func (p *participant) picksDay(selector string, day time.Time) {
	p.w.t.Helper()
	p.page.eventually(fmt.Sprintf("(() => { const e = document.querySelector(%q); if (!e) return false; e.value = %q; return e.value !== ''; })()", selector, day.Format(time.DateOnly)))
}

// headline is the first heading of a page.
func headline(v *visitor) string {
	if h := find(v.page.root, func(n *html.Node) bool { return n.Data == "h1" }); h != nil {
		return strings.TrimSpace(text(h))
	}
	return ""
}

// toCourse opens what a coach sets for all of a course.
func (p *participant) toCourse() {
	p.w.t.Helper()
	p.comes()
	p.follows(`.coach-nav a[href$="/board/course"]`)
}

// ticks ticks somebody's box in a form.
func (p *participant) ticks(form, words string) {
	p.w.t.Helper()
	p.page.eventually(fmt.Sprintf(`(() => { const one = [...document.querySelectorAll(%q + ' label')].find(e => e.innerText.trim() === %q);
		if (!one) return false; const box = one.querySelector('input'); if (!box.checked) one.click(); return box.checked; })()`, form, words))
}
