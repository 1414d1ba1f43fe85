package web_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// approved takes Sam to an experiment that Max has approved, with a photo and a remark about a customer left out of it.
func (w *world) approved() *person {
	w.t.Helper()
	sam, try := w.atTheTrial()
	sam.postFiles(try, url.Values{"do": {"submit"}, "answer.did": {"I asked <b>first</b>."}, "answer.result": {"24 months."}},
		file{"board.png", picture(w.t, 400, 300)}, file{`offer "<img src=x>".pdf`, "%PDF-1.7 the offer"})
	max, link := w.stranger(), w.requestPath("try")
	max.post(link, url.Values{"outcome": {"approve"}, "rating.trade": {"3"}, "comment": {"Between us: very clear."}, "sha256": {max.get(link).shown(w.t)}}).
		has(w.t, http.StatusOK, `id="answered"`)
	return sam
}

func TestThePortfolioShowsHowFarEvidenceHasComeAndIsNarrowed(t *testing.T) {
	w := newWorld(t)
	sam := w.approved()
	all := sam.get(sam.base + "/portfolio")
	all.has(t, http.StatusOK, `data-state="verified"`, "Verified", `data-kind="reflection"`, `data-kind="feedback"`, "Between us", "board.png", "I asked &lt;b&gt;first")
	only := sam.get(sam.base + "/portfolio?kind=reflection&workflow=&state=")
	only.has(t, http.StatusOK, `data-kind="reflection"`, `value="reflection" selected`)
	only.hasNot(t, "board.png", `data-kind="artefact"`)
	sam.get(sam.base+"/portfolio?state=verified").has(t, http.StatusOK, "board.png")
	sam.get(sam.base+"/portfolio?state=reflected&kind=signoff").has(t, http.StatusOK, `id="none"`)
	sam.get(sam.base+`/portfolio?kind="><script>`).has(t, http.StatusOK, "board.png")
}

func TestTheMatrixTellsWhichStepBringsWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	sam, _ := w.atTheTrial()
	sam.get(sam.base+"/portfolio/matrix").has(t, http.StatusOK, "Asks for something back before each concession", "Nothing yet", sam.base+"/steps/try")
	w = newWorld(t)
	sam = w.approved()
	sam.get(sam.base+"/portfolio/matrix").has(t, http.StatusOK, "Verified", "board.png")
	table := sam.get(sam.base + "/portfolio/matrix.csv")
	table.has(t, http.StatusOK)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(table.text, "\uFEFF"))).ReadAll()
	must(t, err)
	if len(rows) < 3 || rows[1][3] != "trade" || rows[1][5] != "verified" {
		t.Errorf("the table is %q", rows)
	}
}

func TestThePortfolioIsTakenAwayWholeAndReadWithoutUs(t *testing.T) {
	w := newWorld(t)
	sam := w.approved()
	got := sam.get(sam.base + "/portfolio/export.zip")
	got.has(t, http.StatusOK)
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
	index := files["index.html"]
	for _, want := range []string{"I asked &lt;b&gt;first", "board.png", "24 months.", "Between us: very clear.", "offer &#34;&lt;img src=x&gt;&#34;.pdf"} {
		if !strings.Contains(index, want) {
			t.Errorf("the page does not say %q:\n%s", want, index)
		}
	}
	if strings.Contains(index, "today at") || strings.Contains(index, "Your manager") || !strings.Contains(index, "2026") {
		t.Errorf("it says when and who as if it were read here and now:\n%s", index)
	}
	if strings.Contains(index, "<script") || strings.Contains(index, "<img src=x") {
		t.Error("what people wrote is a part of the page")
	}
	var data struct {
		Format  string
		Entries []struct {
			Kind, State string
			Files       []struct{ Path, SHA256 string }
		}
	}
	must(t, json.Unmarshal([]byte(files["portfolio.json"]), &data))
	found := 0
	for _, e := range data.Entries {
		for _, f := range e.Files {
			found++
			if _, ok := files[f.Path]; !ok || strings.Contains(f.Path, "..") {
				t.Errorf("the archive has no %q", f.Path)
			}
		}
	}
	if data.Format != "cairn-portfolio/1" || found != 2 || len(data.Entries) != 3 {
		t.Errorf("the data holds %+v", data)
	}
	pdf := sam.get(sam.base + "/portfolio/export.pdf")
	pdf.has(t, http.StatusOK)
	if !strings.HasPrefix(pdf.text, "%PDF-") || !bytes.Contains([]byte(pdf.text), []byte("/Subtype /Image")) || pdf.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("%d bytes of %s", len(pdf.text), pdf.Header.Get("Content-Type"))
	}
}

func TestCustomersDataLeavesOnlyWhereTheLearnerChoosesSo(t *testing.T) {
	w := newWorld(t)
	sam, try := w.atTheTrial()
	sam.postFiles(try, url.Values{"do": {"submit"}, "answer.did": {"The customer said no."}, "answer.result": {"24 months."}, "customer_data": {"yes"}, "consent": {"yes"}},
		file{"customer.txt", "their address"}).has(t, http.StatusOK, `data-state="submitted"`)
	for path, want := range map[string]bool{"": false, "?customers=yes": true} {
		got := sam.get(sam.base + "/portfolio/export.zip" + path)
		if have := strings.Contains(got.text, "customer.txt"); have != want {
			t.Errorf("%q holds it: %t", path, have)
		}
	}
	for name, want := range map[string]bool{"": false, "yes": true} {
		link := sam.shares(url.Values{"days": {"7"}, "customers": {name}})
		got := w.stranger().get(link)
		if have := strings.Contains(got.text, "customer.txt"); have != want || got.StatusCode != http.StatusOK {
			t.Errorf("the link of %q shows it: %t", name, have)
		}
	}
}

var newLink = regexp.MustCompile(`id="address" value="([^"]+)"`)

// shares makes a link and gives its path.
func (p *person) shares(form url.Values) string {
	p.t.Helper()
	made := p.post(p.base+"/portfolio/links", form)
	found := newLink.FindStringSubmatch(made.text)
	if found == nil {
		p.t.Fatalf("no link after %d:\n%s", made.StatusCode, made.text)
	}
	return strings.TrimPrefix(html.UnescapeString(found[1]), p.url)
}

func TestAPortfolioIsShownByALinkUntilItIsTakenBack(t *testing.T) {
	w := newWorld(t)
	sam := w.approved()
	sam.post(sam.base+"/portfolio/links", url.Values{"days": {"365"}}).has(t, http.StatusUnprocessableEntity, `id="problems"`)
	link := sam.shares(url.Values{"days": {"30"}, "label": {`<script>alert(1)</script> Max`}})
	page := sam.get(sam.base + "/portfolio/links")
	page.has(t, http.StatusOK, "&lt;script&gt;", "never opened")
	page.hasNot(t, link, "<script>alert")

	stranger := w.stranger()
	shown := stranger.get(link)
	shown.has(t, http.StatusOK, "Portfolio of Sam Sailor", "I asked &lt;b&gt;first", "board.png", "Verified")
	shown.hasNot(t, "Between us", "max@example.org", "mostly", sam.base, "sam@example.org")
	for name, want := range map[string]string{"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cache-Control": "no-store"} {
		if have := shown.Header.Get(name); have != want {
			t.Errorf("%s is %q, want %q", name, have, want)
		}
	}
	hand := w.handed("try")
	file := link + "/" + string(hand.Enrolment) + "/"
	stranger.get(file+hand.Files[0].SHA256).has(t, http.StatusOK)
	stranger.get(file+strings.Repeat("0", 64)).has(t, http.StatusNotFound)
	stranger.get(link+"/other/"+hand.Files[0].SHA256).has(t, http.StatusNotFound)
	sam.get(sam.base+"/portfolio/links").has(t, http.StatusOK, "last opened")

	kim, _ := w.launch(launchOf("6", "Kim Other", "Learner"))
	owner, err := w.store.PersonByAccount(t.Context(), issuer, "5")
	must(t, err)
	links, err := w.service.PortfolioLinks(t.Context(), owner.ID)
	must(t, err)
	revoke := url.Values{"link": {string(links[0].ID)}}
	kim.post(kim.base+"/portfolio/links/revoke", revoke).has(t, http.StatusNotFound)
	kim.get(kim.base+"/portfolio/links").hasNot(t, string(links[0].ID))
	stranger.post(sam.base+"/portfolio/links/revoke", revoke).has(t, http.StatusForbidden)
	stranger.get(link).has(t, http.StatusOK)
	sam.post(sam.base+"/portfolio/links/revoke", revoke).has(t, http.StatusOK, "Taken back")
	stranger.get(link).has(t, http.StatusNotFound, "shows nothing any more")
	stranger.get(file+hand.Files[0].SHA256).has(t, http.StatusNotFound)

	ends := sam.shares(url.Values{"days": {"7"}})
	must(t, w.clock.Advance(8*24*time.Hour))
	stranger.get(ends).has(t, http.StatusNotFound, "shows nothing any more")
	request := strings.TrimPrefix(w.links.Request("main", hand.Enrolment, engine.RequestID("x")), w.url+"/r/")
	for _, token := range []string{"x", ends[3:] + "A", ends[3 : len(ends)-1], request} {
		stranger.get("/p/"+token).has(t, http.StatusNotFound)
	}
}
