package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti/platform"
)

// framedTool is Cairn, and an LMS of another site that shows it in a frame.
type framedTool struct {
	tool string // where Cairn is
	data string // its folder
	lms  *platform.Platform
	h    *house
	log  *lockedBuffer
	from int // where in the log the case under test begins
}

// startFramed runs both.
func startFramed(t testing.TB) *framedTool {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	lms, err := platform.Start(ctx, platform.Options{Addr: "localhost:0", PublicURL: "http://localhost:0"})
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = lms.Close(ctx)
	})
	f := &framedTool{lms: lms, log: &lockedBuffer{}}
	f.data = filepath.Join(t.TempDir(), "cairn")
	cfg := &config{addr: "127.0.0.1:0", data: f.data, tenant: "main", worker: true, allowPrivatePlatforms: true}
	p := program{flags: flags{getenv: func(string) string { return "" }, cfg: cfg}, cfg: cfg, stdout: f.log, stderr: f.log}
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, p, func(ctx context.Context, h *house) error {
			now := demoFile{}
			f.h = h
			now.Tool.URL = h.cfg.publicURL
			if err := furnish(ctx, h, lms, &now, ""); err != nil {
				return err
			}
			ready <- h.cfg.publicURL
			return nil
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
		if t.Failed() {
			t.Logf("the server said:\n%s", f.log.tail(60))
		}
	})
	select {
	case f.tool = <-ready:
	case err := <-ended:
		ended <- err
		t.Fatalf("the server did not start: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("the server is not ready after a minute")
	}
	return f
}

// enter signs Sam in.
func (f *framedTool) enter(b *browser) {
	b.t.Helper()
	b.open(f.lms.URL() + "/")
	b.top().click("#signin-sam")
	b.top().sees("#signout")
}

// open opens the course, with the activity in its frame, in an LMS that behaves as
// the quirks say.
func (f *framedTool) open(t testing.TB, b *browser, quirks platform.Quirks) frame {
	b.t = t
	f.lms.SetQuirks(quirks)
	f.from = len(f.log.String())
	b.open(f.lms.URL() + "/course/view.php?id=2")
	return b.frame(f.tool + "/")
}

// storage is the frame of the LMS that was asked.
func (f *framedTool) storage(b *browser, quirks platform.Quirks) frame {
	if quirks.StorageTarget == "_parent" {
		return b.top()
	}
	return b.frame(f.lms.URL() + "/mod/lti/storage.php")
}

// says reports that the server logged a line with all the words, in this case.
func (f *framedTool) says(words ...string) bool {
line:
	for line := range bytes.Lines([]byte(f.log.String()[f.from:])) {
		for _, word := range words {
			if !strings.Contains(string(line), word) {
				continue line
			}
		}
		return true
	}
	return false
}

const withoutCookie = "launch without cookie"

func TestALaunchInAFrameIsBoundByThePartitionedCookie(t *testing.T) {
	f, b := startFramed(t), newBrowser(t)
	f.enter(b)
	for _, target := range []string{"_parent", ""} { // the first time, no cookie tells that cookies work
		t.Run("storage offered: "+target, func(t *testing.T) {
			f.open(t, b, platform.Quirks{StorageTarget: target}).sees("#journey")
			if f.says(withoutCookie) || !f.says("launch accepted", "iframe=true") {
				t.Error("the cookie did not bind the launch")
			}
		})
	}
}

func TestALaunchInAFrameWithoutAnyCookieIsBoundByTheStorageOfThePlatform(t *testing.T) {
	f, b := startFramed(t), newBrowserWith(t, blocksFrames)
	f.enter(b)
	for name, target := range map[string]string{"the page around us": "_parent", "a frame beside us": "post_message_forwarding"} {
		t.Run(name, func(t *testing.T) {
			tool := f.open(t, b, platform.Quirks{StorageTarget: target})
			// The launch is accepted; the session has no cookie in the frame, so it
			// goes on in a window of its own.
			tool.sees("#cookie-blocked")
			if !f.says(withoutCookie, "storage") || !f.says("launch accepted", "iframe=true") {
				t.Error("the storage did not bind the launch")
			}
			window := b.opened(func() { tool.click("#open-window") })
			window.frame(f.tool + "/s/").sees("#journey")
		})
	}
}

func TestALaunchInAFrameGoesOnInANewWindowWhereNothingBindsIt(t *testing.T) {
	f, b := startFramed(t), newBrowserWith(t, blocksFrames)
	f.enter(b)
	for name, quirks := range map[string]platform.Quirks{
		"no storage offered":                 {},
		"a storage that never answers":       {StorageTarget: "_parent", Storage: platform.StorageSilent},
		"a storage that refuses":             {StorageTarget: "post_message_forwarding", Storage: platform.StorageRefusing},
		"answers to another message":         {StorageTarget: "_parent", Storage: platform.StorageWrongID},
		"answers from another origin":        {StorageTarget: "_parent", Storage: platform.StorageElsewhere},
		"answers from elsewhere for a frame": {StorageTarget: "post_message_forwarding", Storage: platform.StorageElsewhere},
		"another value":                      {StorageTarget: "_parent", Storage: platform.StorageWrongValue},
	} {
		t.Run(name, func(t *testing.T) {
			tool := f.open(t, b, quirks)
			tool.sees("#refused")
			code := "state_other_browser"
			if quirks.Storage == platform.StorageWrongValue {
				code = "storage_mismatch"
			}
			tool.eventually("document.querySelector('#code').textContent === '" + code + "'")
			if f.says("launch accepted") {
				t.Error("the launch was accepted")
			}
			if quirks.StorageTarget != "" {
				f.storage(b, quirks).eventually("document.documentElement.dataset.asked.includes('lti.get_data')")
			}
			if quirks.Storage == platform.StorageElsewhere {
				b.frame(strings.Replace(f.lms.URL(), "localhost", "127.0.0.1", 1) + "/mod/lti/elsewhere.php").eventually("document.documentElement.dataset.answered")
			}
			window := b.opened(func() { tool.click("#restart") })
			window.frame(f.tool + "/s/").sees("#journey")
			if !f.says("launch accepted", "iframe=false") {
				t.Error("no launch in the window")
			}
		})
	}
}

// The page grows and shrinks, and the LMS around it is told each time. What it is
// told at the start, and how often, is nobody's business.
func TestAPageInAFrameTellsThePlatformHowTallItIs(t *testing.T) {
	f, b := startFramed(t), newBrowser(t)
	f.enter(b)
	tool := f.open(t, b, platform.Quirks{})
	tool.sees("#journey")
	must(t, b.top().try(`window.told = [], addEventListener('message', (e) => {
		if (e.origin === '`+f.tool+`' && e.data.subject === 'lti.frameResize') told.push(e.data.height); }), true`, nil))
	var low int // as tall as the page is, but for the 8 pixels that are not told
	must(t, tool.try("Math.max(document.body.scrollHeight, 320)", &low))
	must(t, tool.try(`const tall = document.createElement('p'); tall.id = 'tall'; tall.style.height = '2000px'; document.querySelector('main').append(tall); true`, nil))
	b.top().eventually(fmt.Sprintf("told.length > 0 && told.at(-1) >= %d", low+1500))
	must(t, tool.try("document.querySelector('#tall').remove(), true", nil))
	b.top().eventually(fmt.Sprintf("told.at(-1) >= 320 && told.at(-1) <= %d", low+500))
}

func TestAnAdministratorNamesFurtherOriginsThatMayFrameCairn(t *testing.T) {
	f := startFramed(t)
	for _, c := range []struct{ change, want string }{{"-origin=https://school.example.org", `["https://school.example.org"]`}, {"-none", "[]"}} {
		out, err := cairn(t, "lms", "frames", "-json", "-data", f.data, c.change)
		must(t, err)
		var said struct{ Frames json.RawMessage }
		must(t, json.Unmarshal([]byte(out), &said))
		var compact bytes.Buffer
		must(t, json.Compact(&compact, said.Frames))
		if compact.String() != c.want {
			t.Errorf("%s gives %s, want %s", c.change, compact.String(), c.want)
		}
	}
	if _, err := cairn(t, "lms", "frames", "-data", f.data, "-origin", "https://*.example.org"); err == nil {
		t.Error("a wildcard was kept")
	}
}
