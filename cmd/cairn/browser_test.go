package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// browser is a headless Chromium with one window open. Frames of other origins
// are driven through their own script contexts, found by address.
type browser struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	contexts map[cdp.FrameID]runtime.ExecutionContextID
	choosers int             // how often the window asked for files
	asked    map[string]bool // origins that the window asked for something, once network is enabled
}

// chromium is where Debian puts it, or what the PATH has.
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if haveTool(name) {
			return name
		}
	}
	return ""
}

// Settings of a browser, as people make them.
const (
	blocksThirdParty = `{"profile":{"block_third_party_cookies":true,"cookie_controls_mode":1}}`
	// A site rule: no cookies at all, partitioned or not, for 127.0.0.1 within pages
	// of localhost. In a window of its own the same site may keep them.
	blocksFrames = `{"profile":{"block_third_party_cookies":true,"cookie_controls_mode":1,"content_settings":{"exceptions":{"cookies":{
		"http://127.0.0.1:*,http://localhost:*":{"setting":2}}}}}}`
)

// newBrowser starts Chromium with an empty profile that blocks third-party
// cookies, as browsers do or are told to.
func newBrowser(t testing.TB) *browser { t.Helper(); return newBrowserWith(t, blocksThirdParty) }

// newBrowserWith starts Chromium with an empty profile of these settings.
func newBrowserWith(t testing.TB, settings string) *browser {
	t.Helper()
	name := chromium()
	needs(t, name != "", "Chromium")
	profile := t.TempDir()
	preferences := filepath.Join(profile, "Default", "Preferences")
	must(t, os.MkdirAll(filepath.Dir(preferences), 0o700))
	must(t, os.WriteFile(preferences, []byte(settings), 0o600))
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(name), chromedp.UserDataDir(profile),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		// Frames of other sites stay in the window's process, where one session
		// reaches them; what cookies they may keep does not depend on it.
		chromedp.Flag("disable-site-isolation-trials", true), chromedp.Flag("disable-features", "IsolateOrigins,site-per-process,Translate"),
	)
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	return newWindow(t, allocated)
}

// newWindow opens a window in ctx and watches its script contexts.
func newWindow(t testing.TB, ctx context.Context, options ...chromedp.ContextOption) *browser {
	t.Helper()
	b := &browser{t: t, contexts: map[cdp.FrameID]runtime.ExecutionContextID{}, asked: map[string]bool{}}
	ctx, cancel := chromedp.NewContext(ctx, append(options, chromedp.WithListener(b.observe))...)
	t.Cleanup(cancel)
	b.ctx = ctx
	must(t, chromedp.Do(ctx))
	return b
}

func (b *browser) observe(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExecutionContextCreated:
		var aux struct {
			IsDefault bool        `json:"isDefault"`
			FrameID   cdp.FrameID `json:"frameId"`
		}
		if json.Unmarshal(e.Context.AuxData, &aux) == nil && aux.IsDefault {
			b.contexts[aux.FrameID] = e.Context.ID
		}
	case *page.EventFileChooserOpened:
		b.choosers++
	case *runtime.EventExecutionContextsCleared:
		clear(b.contexts)
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Host != "" {
			b.asked[u.Scheme+"://"+u.Host] = true
		}
	}
}

// open goes to an address in the window.
func (b *browser) open(address string) {
	b.t.Helper()
	must(b.t, chromedp.Do(b.ctx, chromedp.Navigate(address)))
}

// frame is a frame of the window, named by how its address starts; without a
// prefix, the window's own.
type frame struct {
	b      *browser
	prefix string
}

func (b *browser) frame(prefix string) frame { return frame{b, prefix} }

func (b *browser) top() frame { return frame{b, ""} }

// find is the deepest frame whose address starts with the prefix.
func (f frame) find(tree *page.FrameTree) (found cdp.FrameID) {
	if f.prefix == "" {
		return tree.Frame.ID
	}
	if strings.HasPrefix(tree.Frame.URL, f.prefix) {
		found = tree.Frame.ID
	}
	for _, child := range tree.ChildFrames {
		if deeper := f.find(child); deeper != "" {
			found = deeper
		}
	}
	return found
}

// evaluate runs a script in the frame as it now is.
func (f frame) evaluate(script string, byValue bool) (*runtime.RemoteObject, error) {
	tree, err := chromedp.Call(f.b.ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return nil, err
	}
	id := f.find(tree.FrameTree)
	f.b.mu.Lock()
	context, ok := f.b.contexts[id]
	f.b.mu.Unlock()
	if id == "" || !ok {
		return nil, fmt.Errorf("no frame at %s", f.prefix)
	}
	result, err := chromedp.Call(f.b.ctx, runtime.Evaluate, runtime.EvaluateParams{
		Expression: script, ContextID: context, ReturnByValue: &byValue, UserGesture: new(true),
	})
	if err != nil {
		return nil, err
	}
	if result.ExceptionDetails != nil {
		return nil, fmt.Errorf("%s: %+v", script, result.ExceptionDetails)
	}
	return result.Result, nil
}

// try evaluates a script and decodes its value.
func (f frame) try(script string, into any) error {
	value, err := f.evaluate(script, true)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(value.Value, into)
}

// eventually repeats a script until it returns true.
func (f frame) eventually(script string) {
	f.b.t.Helper()
	deadline := time.Now().Add(time.Minute)
	var err error
	for {
		var ok bool
		if err = f.try("!!("+script+")", &ok); err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			f.b.t.Fatalf("never true in %s: %s (%v)\nthe window shows:\n%s", f.prefix, script, err, f.b.describe())
		}
		tick()
	}
}

// sees waits until there is an element for a selector.
func (f frame) sees(selector string) {
	f.b.t.Helper()
	f.eventually(fmt.Sprintf("document.readyState === 'complete' && document.querySelector(%q)", selector))
}

// click waits for an element and clicks it.
func (f frame) click(selector string) {
	f.b.t.Helper()
	f.sees(selector)
	// Navigation may take the context away before the answer: that is success.
	_ = f.try(fmt.Sprintf("document.querySelector(%q).click()", selector), nil)
}

// write types a text into every text field of the page.
func (f frame) write(prose string) {
	f.b.t.Helper()
	script := fmt.Sprintf(`document.querySelectorAll('form textarea, form input[type=text]:not([inputmode=url])').forEach(e => {
		e.value = %q; e.dispatchEvent(new Event('input', {bubbles: true})); }), true`, prose)
	var ok bool
	must(f.b.t, f.try(script, &ok))
}

// rate picks the given point of every scale, and the first of other choices.
func (f frame) rate(point string) {
	f.b.t.Helper()
	script := fmt.Sprintf(`document.querySelectorAll('form input[type=radio]').forEach(e => {
		const group = [...e.form.querySelectorAll('input[type=radio]')].filter(o => o.name === e.name);
		(group.find(o => o.value === %q) || group[0]).click(); }), true`, point)
	var ok bool
	must(f.b.t, f.try(script, &ok))
}

// attachFile gives a file to the field that takes evidence.
func (f frame) attachFile(selector, file string) {
	f.b.t.Helper()
	element, err := f.evaluate(fmt.Sprintf("document.querySelector(%q)", selector), false)
	must(f.b.t, err)
	_, err = chromedp.Call(f.b.ctx, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{file}, ObjectID: element.ObjectID})
	must(f.b.t, err)
}

// describe lists the frames and what they say, for a failure.
func (b *browser) describe() string {
	var out strings.Builder
	tree, err := chromedp.Call(b.ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return err.Error()
	}
	var walk func(*page.FrameTree)
	walk = func(t *page.FrameTree) {
		var says string
		_ = frame{b, t.Frame.URL}.try("document.body ? document.body.innerText.slice(0, 1500) : ''", &says)
		fmt.Fprintf(&out, "%s\n  %s\n", t.Frame.URL, says)
		for _, child := range t.ChildFrames {
			walk(child)
		}
	}
	walk(tree.FrameTree)
	return out.String()
}

// phone opens a new window of a phone's size, with cookies of its own.
func (b *browser) phone() *browser {
	b.t.Helper()
	p := newWindow(b.t, b.ctx, chromedp.WithNewBrowserContext())
	_, err := chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: 320, Height: 640, DeviceScaleFactor: 2, Mobile: true,
	})
	must(b.t, err)
	return p
}

// opened runs act and returns the window it opened.
func (b *browser) opened(act func()) *browser {
	b.t.Helper()
	opened := chromedp.WaitNewTarget(b.ctx, func(info *target.Info) bool { return info.Type == "page" })
	act()
	select {
	case id := <-opened:
		return newWindow(b.t, b.ctx, chromedp.WithTargetID(id))
	case <-time.After(time.Minute):
		b.t.Fatal("no window opened")
		return nil
	}
}

// picture saves what the window shows.
func (b *browser) picture(file string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	must(b.t, err)
	must(b.t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(b.t, os.WriteFile(file, png, 0o644))
}
