package web_test

import (
	"bytes"
	"html"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// atTheTrial takes Sam to the experiment, nothing written yet.
func (w *world) atTheTrial() (*person, string) {
	w.t.Helper()
	sam := w.sam()
	sam.post(sam.base+"/steps/read/done", nil)
	sam.post(sam.base+"/steps/think", url.Values{"do": {"submit"}, "answer.text": {"I give away too much, too early."}})
	return sam, sam.base + "/steps/try"
}

func picture(t testing.TB, w, h int) string {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, w, h))))
	return b.String()
}

// handed is the hand-in that stands for a step.
func (w *world) handed(step engine.StepID) engine.Contribution {
	w.t.Helper()
	c, err := w.store.Contribution(w.t.Context(), w.enrolment("5").Steps[step].Hand)
	must(w.t, err)
	return c
}

var keptNames = regexp.MustCompile(`name="keep" value="([^"]+)"`)

// kept are what a form has kept so far.
func (p page) kept() []string {
	var names []string
	for _, m := range keptNames.FindAllStringSubmatch(p.text, -1) {
		names = append(names, html.UnescapeString(m[1]))
	}
	return names
}

func TestEvidenceIsKeptAsSoonAsItIsChosenAndGoesWithTheHandIn(t *testing.T) {
	w := newWorld(t)
	sam, try := w.atTheTrial()
	sam.postFiles(try+"/evidence", url.Values{"answer.did": {"I asked first."}}, file{"IMG_1.png", picture(t, 800, 400)}).
		has(t, http.StatusOK, "I asked first.", "IMG_1.png", "?small=1", `accept="image/jpeg,image/png" capture="environment"`)
	after := sam.post(try+"/evidence", url.Values{"links": {"wiki.example/talk?a=1&b=2"}})
	after.has(t, http.StatusOK, "https://wiki.example/talk?a=1&amp;b=2")
	sam.postFiles(try+"/evidence", nil, file{"wrong.txt", "somebody's salary"})
	form := sam.get(try)
	kept := form.kept()
	if len(kept) != 3 {
		t.Fatalf("kept are %q", kept)
	}
	e := w.enrolment("5")
	all, err := w.service.Evidence(t.Context(), e.ID, true)
	must(t, err)
	wrong := all[slices.IndexFunc(all, func(e engine.Evidence) bool { return e.Name == "wrong.txt" })].SHA256
	sam.post(try+"/evidence", url.Values{"remove": {wrong}}).hasNot(t, "wrong.txt")
	if _, err := w.store.Blob(t.Context(), wrong); err == nil {
		t.Error("what was taken away is still stored")
	}
	sam.post(try+"/evidence", url.Values{"remove": {wrong}}).has(t, http.StatusOK) // twice is once
	sam.post(try, url.Values{"do": {"submit"}, "came": {"1"}, "keep": sam.get(try).kept(), "answer.did": {"I asked first."}, "answer.result": {"24 months."},
		"consent": {"yes"}, "customer_data": {"yes"}}).has(t, http.StatusOK, `data-state="submitted"`, "IMG_1.png", "https://wiki.example/talk", "Contains customer data", "have agreed")
	hand := w.handed("try")
	if len(hand.Files) != 1 || len(hand.Links) != 1 || !hand.CustomerData || !hand.Consent || hand.Files[0].ContentType != "image/png" {
		t.Errorf("handed in were %+v", hand)
	}
	full, small := sam.get(sam.base+"/evidence/"+hand.Files[0].SHA256), sam.get(sam.base+"/evidence/"+hand.Files[0].SHA256+"?small=1")
	for got, side := range map[*page]int{&full: 800, &small: 320} {
		config, _, err := image.DecodeConfig(strings.NewReader(got.text))
		if err != nil || config.Width != side || !strings.Contains(got.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%d wide under %q, %v", config.Width, got.Header.Get("Content-Security-Policy"), err)
		}
	}
	w.stranger().get(w.requestPath("try")).has(t, http.StatusOK, "Contains customer data")
}

func TestAFormThatComesBackHasKeptItsFiles(t *testing.T) {
	w := newWorld(t)
	sam, try := w.atTheTrial()
	back := sam.postFiles(try, url.Values{"do": {"submit"}, "came": {"1"}, "answer.did": {"I asked first."}}, file{"offer.pdf", "%PDF-1.7"})
	back.has(t, http.StatusUnprocessableEntity, "offer.pdf", "I asked first.")
	back.hasNot(t, "choose them again")
	sam.post(try, url.Values{"do": {"submit"}, "came": {"1"}, "keep": append(back.kept(), strings.Repeat("0", 64)), "answer.did": {"I asked first."}, "answer.result": {"It worked."}}).
		has(t, http.StatusOK, `data-state="submitted"`, "offer.pdf")
}

func TestCustomerDataNeedsConsentAndALinkAnAddress(t *testing.T) {
	w := newWorld(t)
	sam, try := w.atTheTrial()
	answers := url.Values{"do": {"submit"}, "came": {"1"}, "answer.did": {"I asked first."}, "answer.result": {"It worked."}, "links": {"https://wiki.example"}}
	answers.Set("customer_data", "yes")
	sam.post(try, answers).has(t, http.StatusUnprocessableEntity, `href="#consent"`, `id="consent-problem"`, "It worked.", `value="https://wiki.example"`)
	answers.Del("customer_data")
	answers.Set("links", "javascript:alert(1)")
	sam.post(try, answers).has(t, http.StatusUnprocessableEntity, `href="#links"`, `id="links-problem"`, `value="javascript:alert(1)"`)
	sam.post(try+"/evidence", url.Values{"links": {"javascript:alert(1)"}}).has(t, http.StatusUnprocessableEntity, `id="links-problem"`)
	if have := w.state("5", "try"); have != engine.Open {
		t.Errorf("it is %s", have)
	}
}

func TestAScriptGetsThePartOfTheFormAlone(t *testing.T) {
	w := newWorld(t)
	sam, try := w.atTheTrial()
	send := func(files ...file) page {
		body, kind := multipartBody(t, url.Values{"came": {"1"}}, files...)
		return sam.do(http.MethodPost, try+"/evidence", body, http.Header{"Content-Type": {kind}, "Cairn-Part": {"evidence"}})
	}
	part := send(file{`a"><script>alert(1).txt`, "noted"})
	part.has(t, http.StatusOK, `id="evidence-of-work"`, "&lt;script&gt;")
	part.hasNot(t, "<html", "<script")
	heic := send(file{"IMG_2.HEIC", "\x00\x00\x00\x18ftypheic...."})
	heic.has(t, http.StatusUnprocessableEntity, `role="alert"`, "Most Compatible")
	for range 5 {
		send(file{"a.txt", "noted"}) // the same once more is one
	}
	if kept := sam.get(try).kept(); len(kept) != 1 {
		t.Errorf("kept are %q", kept)
	}
}

func TestNobodyKeepsEvidenceForSomebodyElseOrForWhatIsNotOpen(t *testing.T) {
	w := newWorld(t)
	sam, try := w.atTheTrial()
	w.stranger().post(try+"/evidence", url.Values{"links": {"https://x.example"}}).has(t, http.StatusForbidden)
	kim, _ := w.launch(launchOf("6", "Kim Other", "Learner"))
	kim.post(kim.base+"/steps/try/evidence", url.Values{"links": {"https://x.example"}}).has(t, http.StatusConflict)
	sam.get(try+"/evidence").has(t, http.StatusMethodNotAllowed)
	if kept := sam.get(try).kept(); len(kept) != 0 {
		t.Errorf("kept are %q", kept)
	}
}
