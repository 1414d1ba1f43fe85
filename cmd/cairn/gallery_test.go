package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// gallery hangs the shots of a scene where a browser can look at them one by one:
// /shot/<name>, with the policy that each came with. Files and pictures come from
// Cairn, with the cookies of whoever saw the page; what a page posts is swallowed, so
// that looking changes nothing.
type gallery struct {
	*browser
	url   string
	shots []shot
	wide  int64

	asked struct {
		sync.Mutex
		forms []sentForm
	}
}

// sentForm is what a window went to by itself: a form, as it arrived.
type sentForm struct {
	method, path string
	fields       url.Values
}

// arrived keeps a form that was sent. What scripts send besides is none.
func (g *gallery) arrived(r *http.Request) {
	if r.Header.Get("Sec-Fetch-Mode") != "navigate" || strings.HasPrefix(r.URL.Path, "/shot/") {
		return
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		_ = r.ParseMultipartForm(1 << 20)
	} else {
		_ = r.ParseForm()
	}
	g.asked.Lock()
	defer g.asked.Unlock()
	g.asked.forms = append(g.asked.forms, sentForm{r.Method, r.URL.Path, r.Form})
}

// wanted are the shots to look at: all, or those whose names begin with one of CAIRN_SHOT,
// such as "home,step-quiz".
func (g *gallery) wanted() []shot {
	beginnings := strings.Split(os.Getenv("CAIRN_SHOT"), ",")
	return slices.DeleteFunc(slices.Clone(g.shots), func(one shot) bool {
		return !slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(one.name, b) })
	})
}

// wantsAll tells whether nothing narrows them.
func (g *gallery) wantsAll() bool { return os.Getenv("CAIRN_SHOT") == "" }

var (
	handleForm = regexp.MustCompile(`/s/([a-z0-9]+)/`)
	clockForm  = regexp.MustCompile(`(?s)<aside class="devclock".*?</aside>`)
	// acts are scripts that go on to the next page by themselves.
	acts = regexp.MustCompile(`/(repeat|ask|keep|close)\.js$`)
)

func newGallery(t testing.TB, s *scene) *gallery {
	t.Helper()
	byName, jars := map[string]shot{}, map[string]http.CookieJar{}
	for _, one := range s.shots {
		byName[one.name] = one
		for _, found := range handleForm.FindAllStringSubmatch(one.body, -1) {
			jars[found[1]] = one.jar
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /shot/{name}", func(w http.ResponseWriter, r *http.Request) {
		one, ok := byName[r.PathValue("name")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		for _, name := range []string{"Content-Type", "Content-Security-Policy"} {
			w.Header().Set(name, one.header.Get(name))
		}
		body := one.body
		if one.name != "home" { // the development clock is looked at once
			body = clockForm.ReplaceAllString(body, "")
		}
		_, _ = io.WriteString(w, body)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if acts.MatchString(r.URL.Path) {
			w.Header().Set("Content-Type", "text/javascript")
			return
		}
		client := &http.Client{}
		if found := handleForm.FindStringSubmatch(r.URL.Path); found != nil {
			client.Jar = jars[found[1]]
		}
		answer, err := client.Get(s.demo.Tool.URL + r.URL.RequestURI())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		for _, name := range []string{"Content-Type", "Content-Security-Policy"} {
			w.Header().Set(name, answer.Header.Get(name))
		}
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	g := &gallery{shots: s.shots}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.arrived(r); mux.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	g.browser, g.url = newBrowser(t), server.URL
	return g
}

// look is how a page is shown: by a window so wide, in a theme.
type look struct {
	wide int64
	dark bool
}

func (l look) String() string {
	if l.dark {
		return fmt.Sprintf("dark-%d", l.wide)
	}
	return fmt.Sprintf("light-%d", l.wide)
}

// folder is where the pictures of such a look are put.
func (l look) folder() string {
	name := "phone"
	if l.wide > 600 {
		name = "wide"
	}
	if l.dark {
		return name + "-dark"
	}
	return name + "-light"
}

// sets changes the window.
func (g *gallery) sets(l look) {
	g.t.Helper()
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	high := int64(900)
	if l.wide < 600 {
		high = 640
	}
	g.wide = l.wide
	_, err := chromedp.Call(g.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.wide, Height: high, DeviceScaleFactor: 1})
	must(g.t, err)
	_, err = chromedp.Call(g.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	must(g.t, err)
}

// shows opens a shot and waits until its scripts have run.
func (g *gallery) shows(one shot) frame {
	g.t.Helper()
	g.open(g.url + "/shot/" + url.PathEscape(one.name))
	top := g.top()
	top.eventually("document.readyState === 'complete' && document.body.dataset.page === '" + one.page + "'")
	return top
}

// awaits evaluates a script whose value is a promise, and decodes what it comes to.
func (f frame) awaits(script string, into any) {
	f.b.t.Helper()
	result, err := chromedp.Call(f.b.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: script, ReturnByValue: new(true), AwaitPromise: new(true)})
	must(f.b.t, err)
	if result.ExceptionDetails != nil {
		f.b.t.Fatalf("%.200s: %+v", script, result.ExceptionDetails)
	}
	must(f.b.t, json.Unmarshal(result.Result.Value, into))
}

// presses a key, as a keyboard does.
func (b *browser) presses(key string, shift bool) {
	b.t.Helper()
	codes := map[string]struct {
		code int64
		text string
	}{"Tab": {9, ""}, "Enter": {13, "\r"}, " ": {32, " "}, "ArrowDown": {40, ""}, "ArrowRight": {39, ""}}
	known, ok := codes[key]
	if letters := []rune(key); !ok && len(letters) == 1 { // a letter, with whatever a keyboard needs for it
		known.code, known.text, ok = int64(unicode.ToUpper(letters[0])), key, true
		if !unicode.IsLetter(letters[0]) && !unicode.IsDigit(letters[0]) {
			known.code = 0 // as other keys of the layout; codes below are those of arrows and the like
		}
	}
	if !ok {
		b.t.Fatalf("no key %q", key)
	}
	code := key
	if key == " " {
		code = "Space"
	}
	params := input.DispatchKeyEventParams{Type: "keyDown", Key: key, Code: code, WindowsVirtualKeyCode: known.code, Text: known.text}
	if shift {
		params.Modifiers = 8
	}
	_, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, params)
	must(b.t, err)
	params.Type, params.Text = "keyUp", ""
	_, err = chromedp.Call(b.ctx, input.DispatchKeyEvent, params)
	must(b.t, err)
}

// whole saves a picture of the page from head to foot.
func (g *gallery) whole(file string) {
	g.t.Helper()
	var high int64
	must(g.t, g.top().try("Math.min(document.documentElement.scrollHeight, 12000)", &high))
	png, err := chromedp.Call(g.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: new(true), Clip: &page.Viewport{Width: float64(g.wide), Height: float64(high), Scale: 1}})
	must(g.t, err)
	must(g.t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(g.t, os.WriteFile(file, png.Data, 0o644))
}

// prints saves the page as paper would show it.
func (g *gallery) prints(file string) {
	g.t.Helper()
	_, err := chromedp.Call(g.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	must(g.t, err)
	pdf, err := chromedp.Call(g.ctx, page.PrintToPDF, page.PrintToPDFParams{PaperWidth: 8.27, PaperHeight: 11.69})
	must(g.t, err)
	must(g.t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(g.t, os.WriteFile(file, pdf.Data, 0o644))
}

// axe is the source of the checker, from npm.
func axe(t testing.TB) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "..", ".ci", "clients", "node_modules", "axe-core", "axe.min.js"))
	needs(t, err == nil, "axe-core with the packages of .ci/clients (npm ci there)")
	return string(source)
}

// oneLine is the beginning of a text without breaks.
func oneLine(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	return s[:min(len(s), n)]
}
