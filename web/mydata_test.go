package web_test

import (
	"archive/zip"
	"io"
	"net/http"
	"strings"
	"testing"
)

// dataOf is what a person downloads about themselves, by the names of the archive.
func dataOf(t testing.TB, p *person) map[string]string {
	t.Helper()
	p.get(p.base+"/preferences").has(t, http.StatusOK, `id="my-data-get"`, `action="`+p.base+`/preferences/data.zip"`)
	got := p.get(p.base + "/preferences/data.zip")
	got.has(t, http.StatusOK)
	if got.Header.Get("Content-Type") != "application/zip" || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") || !strings.Contains(got.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("it comes as %v", got.Header)
	}
	archive, err := zip.NewReader(strings.NewReader(got.text), int64(len(got.text)))
	must(t, err)
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		must(t, err)
		data, err := io.ReadAll(r)
		must(t, err)
		files[f.Name] = string(data)
	}
	return files
}

func TestALearnerDownloadsTheirDataAndNothingOfOthers(t *testing.T) {
	w := newWorld(t)
	sam := w.approved()
	sofia, _ := w.launch(launchOf("6", "Sofia Silva", "Learner"))
	before := everythingOf(t, w, "5")
	all := ""
	for name, text := range dataOf(t, sam) {
		all += name + "\n" + text + "\n"
	}
	for _, want := range []string{"person.json", "about.json", "Sam Sailor", "24 months.", "Between us: very clear.", "%PDF-1.7 the offer", "board.png"} {
		if !strings.Contains(all, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	for _, other := range []string{"max@example.org", "Sofia", "sofia@example.org"} {
		if strings.Contains(all, other) {
			t.Errorf("it holds %q", other)
		}
	}
	if after := everythingOf(t, w, "5"); after != before {
		t.Errorf("downloading changed:\n%s", difference(before, after))
	}
	hers := ""
	for _, text := range dataOf(t, sofia) {
		hers += text
	}
	if strings.Contains(hers, "Sam") || strings.Contains(hers, "24 months.") || !strings.Contains(hers, "Sofia Silva") {
		t.Errorf("Sofia's data holds:\n%s", hers)
	}
}
