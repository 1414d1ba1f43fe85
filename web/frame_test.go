package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// raw asks without the client's own unpacking.
func (p *person) raw(path string, header http.Header) (*http.Response, []byte) {
	p.t.Helper()
	if header.Get("Accept-Encoding") == "" {
		header.Set("Accept-Encoding", "identity")
	}
	answer := p.do(http.MethodGet, path, nil, header)
	return answer.Response, []byte(answer.text)
}

func TestAPageGoesPackedToBrowsersThatUnpack(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	plain, body := sam.raw(sam.base+"/preferences", http.Header{})
	packed, small := sam.raw(sam.base+"/preferences", http.Header{"Accept-Encoding": {"br, GZIP ;q=0.8"}})
	if plain.Header.Get("Content-Encoding") != "" || packed.Header.Get("Content-Encoding") != "gzip" || packed.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("plain has %v, packed %v", plain.Header, packed.Header)
	}
	z, err := gzip.NewReader(strings.NewReader(string(small)))
	must(t, err)
	back, err := io.ReadAll(z)
	must(t, err)
	if len(back) != len(body) || len(small)*2 > len(body) { // each has keys of its own in its forms
		t.Errorf("%d bytes were packed to %d and came back as %d", len(body), len(small), len(back))
	}
	for _, no := range []string{"gzip;q=0", "gzip; q=0.000", "br", "xgzip"} {
		if answer, _ := sam.raw(sam.base+"/preferences", http.Header{"Accept-Encoding": {no}}); answer.Header.Get("Content-Encoding") != "" {
			t.Errorf("packed for %q", no)
		}
	}
}

func TestPagesAreKeptByNobodyAndOurFilesForGood(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	home := sam.get(sam.base + "/")
	if have := home.Header.Get("Cache-Control"); have != "no-store" {
		t.Errorf("home may be kept: %q", have)
	}
	style := regexp.MustCompile(`/static/([0-9a-f]+)/style\.css`).FindStringSubmatch(home.text)
	if style == nil {
		t.Fatal("home has no style sheet")
	}
	file := sam.get(style[0])
	file.has(t, http.StatusOK, "--paper")
	if have := file.Header.Get("Cache-Control"); !strings.Contains(have, "immutable") {
		t.Errorf("the style sheet is asked for again: %q", have)
	}
	old := strings.Replace(style[0], style[1], "000000000000", 1)
	if have := sam.get(old).Header.Get("Cache-Control"); have != "no-cache" {
		t.Errorf("a page from before an update gets %q", have)
	}
	if answer, body := sam.raw(old, http.Header{"If-None-Match": {file.Header.Get("ETag")}}); answer.StatusCode != http.StatusNotModified || len(body) > 0 {
		t.Errorf("what it has is sent again: %d", answer.StatusCode)
	}
	sam.get("/static/"+style[1]+"/nothing.css").has(t, http.StatusNotFound)
}

func TestPagesRunTheWayTheirLanguageDoes(t *testing.T) {
	w := newWorld(t)
	l := launchOf("5", "Sam Sailor", "Learner")
	l.Locale = "ar-XB"
	_, home := w.launch(l)
	home.has(t, http.StatusOK, `<html lang="en" dir="rtl">`, "Trades not gifts")
}
