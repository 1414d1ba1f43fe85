package lti_test

import (
	"slices"
	"strings"
	"testing"
)

func TestOriginsThatMayFrameTheToolAreKeptAsOrigins(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	if err := w.tool.SetFrames(t.Context(), w.reg.ID, []string{"https://School.Example.org/", "https://school.example.org:443", "http://127.0.0.1:8080"}); err != nil {
		t.Fatal(err)
	}
	got := w.attempt().post()
	if want := []string{"https://school.example.org", "http://127.0.0.1:8080"}; !slices.Equal(got.Launch.Registration.Frames, want) {
		t.Fatalf("kept %q, want %q", got.Launch.Registration.Frames, want)
	}
	urls := got.Launch.FrameURLs()
	for _, want := range []string{w.platform.URL, w.platform.URL + "/auth?x=1", w.platform.URL + "/return", "https://school.example.org"} {
		if !slices.Contains(urls, want) {
			t.Errorf("%s is not among %q", want, urls)
		}
	}
	for _, bad := range []string{"*", "https://*", "https://*.example.org", "https://a.example; script-src *", "https://a.example/x", "https://u@a.example", "javascript:alert(1)", "", "https://a b", "https://", "'self'"} {
		if err := w.tool.SetFrames(t.Context(), w.reg.ID, []string{bad}); err == nil {
			t.Errorf("%q was kept", bad)
		}
	}
	if err := w.tool.SetFrames(t.Context(), w.reg.ID, slices.Repeat([]string{"https://a.example"}, 11)); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("eleven are answered with %v", err)
	}
	if got := w.attempt().post(); len(got.Launch.Registration.Frames) != 2 {
		t.Errorf("a refused change left %q", got.Launch.Registration.Frames)
	}
}
