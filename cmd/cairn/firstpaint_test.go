package main

import (
	"net/url"
	"os"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// A learner's home on a slow phone: with a processor four times slower and nothing in the cache, something is seen
// within 300 ms on loopback. The figure is told; it counts only on a machine that is said to be quiet (CAIRN_LONG=1).
func TestTheFirstPaintOfHomeIsSoon(t *testing.T) {
	s := newSchool(t, "")
	sam := s.launches("sam", s.link)
	home := sam.page.url.String()
	address, err := url.Parse(home)
	must(t, err)
	b := newBrowser(t)
	for _, c := range sam.http.Jar.Cookies(address) {
		_, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: home, Path: "/", Secure: new(true)})
		must(t, err)
	}
	b.open(home) // the browser itself is awake then
	b.top().eventually(`document.body.dataset.page === "home"`)
	_, err = chromedp.Call(b.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	must(t, err)
	_, err = chromedp.Call(b.ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4})
	must(t, err)
	var paints, answers []float64
	for range 9 {
		b.open("about:blank")
		b.open(home)
		b.top().eventually(`performance.getEntriesByName("first-contentful-paint").length === 1`)
		var took struct{ Paint, Answer float64 }
		must(t, b.top().try(`({Paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
			Answer: performance.getEntriesByType("navigation")[0].responseEnd})`, &took))
		paints, answers = append(paints, took.Paint), append(answers, took.Answer)
	}
	_, err = chromedp.Call(b.ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 1})
	must(t, err)
	slices.Sort(paints)
	slices.Sort(answers)
	median := paints[len(paints)/2]
	t.Logf("first contentful paint, CPU four times slower, cold cache: median %.0f ms of %.0f; the page was there after %.0f ms", median, paints, answers[len(answers)/2])
	if os.Getenv("CAIRN_LONG") == "1" && median > 300 {
		t.Errorf("the first paint comes after %.0f ms, 300 at most", median)
	}
}
