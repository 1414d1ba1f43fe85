package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// linkTo is the launch of a link to a part of the workflow.
func linkTo(subject, name, role, param, value string) *lti.Launch {
	l := launchOf(subject, name, role)
	l.ResourceLink, l.LineItemURL = lti.ResourceLink{ID: "8"}, issuer+"/items/8"
	delete(l.Custom, "manager_email")
	l.Custom[param] = value
	return l
}

func TestAStepLinkEnrolsAndOpensTheStep(t *testing.T) {
	w := newWorld(t)
	sam, first := w.launch(linkTo("5", "Sam Sailor", "Learner", "step", "read"))
	first.has(t, http.StatusOK, `id="mark-done"`, "Trades not gifts")
	if want := sam.base + "/steps/read"; first.Request.URL.Path != want || first.Request.URL.RawQuery != "" {
		t.Errorf("the link leads to %s, want %s", first.Request.URL, want)
	}
	sam.get(sam.base+"/").has(t, http.StatusOK, `id="next-step"`)
	locked := sam.open(linkTo("5", "Sam Sailor", "Learner", "step", "try"))
	locked.has(t, http.StatusOK, `data-state="locked"`, "It opens once this is done:", "What do you give away today?")
	locked.hasNot(t, `id="step-form"`)
	gone := sam.open(linkTo("5", "Sam Sailor", "Learner", "step", "no-such"))
	gone.has(t, http.StatusNotFound, `id="absent"`, "does not hold this step any more")
	for _, odd := range []string{"$ResourceLink.step", "../../x", "a b", strings.Repeat("x", 65), ""} {
		if at := sam.open(linkTo("5", "Sam Sailor", "Learner", "step", odd)); at.StatusCode != http.StatusOK || !strings.HasSuffix(at.Request.URL.Path, "/") {
			t.Errorf("step=%q ends at %s (%d)", odd, at.Request.URL.Path, at.StatusCode)
		}
	}
}

// Mails, grades and people stay where the link to the whole workflow put them.
func TestAStepLinkTakesNothingFromTheWholeWorkflow(t *testing.T) {
	w := newWorld(t)
	whole := launchOf("5", "Sam Sailor", "Learner")
	whole.LineItemURL, whole.LineItemsURL = issuer+"/items/7", issuer+"/items"
	sam, _ := w.launch(whole)
	sam.open(linkTo("5", "Sam Sailor", "Learner", "step", "read"))
	e := w.enrolment("5")
	if e.LineItem != issuer+"/items/7" || e.ResourceLinkID != "7" || !strings.HasSuffix(e.RelaunchURL, "l=7") || e.Custom["manager_email"] != "max@example.org" {
		t.Errorf("the enrolment moved: %q %q %q %v", e.LineItem, e.ResourceLinkID, e.RelaunchURL, e.Custom)
	}
}

func TestStaffOpensAStepLinkOnWhoIsWhere(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	sam.post(sam.base+"/steps/read/done", nil)
	tessa, first := w.launch(linkTo("9", "Tessa Teacher", "Instructor", "step", "read"))
	first.has(t, http.StatusOK, `id="step-board"`, "Sam Sailor", `data-state="done"`, "1 of 1", "<strong>three trades</strong>")
	first.hasNot(t, "alert('aid')")
	if want := tessa.base + "/board/steps/trial/read"; first.Request.URL.Path != want {
		t.Errorf("the link leads to %s, want %s", first.Request.URL.Path, want)
	}
	tessa.get(tessa.base+"/board/steps/trial/think").has(t, http.StatusOK, "Your words", `data-state="open"`)
	tessa.get(tessa.base+"/board/steps/trial/none").has(t, http.StatusNotFound, `id="absent"`)
	tessa.get(tessa.base+"/board/steps/none/read").has(t, http.StatusNotFound)
	tessa.get(tessa.base+"/").has(t, http.StatusOK, `id="board"`)
	sam.get(sam.base+"/board/steps/trial/read").has(t, http.StatusForbidden)
	other := linkTo("9", "Tessa Teacher", "Instructor", "step", "read")
	other.Course.ID = "3"
	_, first = w.launch(other)
	first.hasNot(t, "Sam Sailor")
}

func TestThePortfolioShowsOnlyOnesOwnThingsOverAllCourses(t *testing.T) {
	w := newWorld(t)
	sam := w.toTheTrial()
	max := w.stranger()
	link := w.requestPath("try")
	max.post(link, url.Values{"outcome": {"return"}, "comment": {"Say <u>why</u>."}, "sha256": {max.get(link).shown(t)}}).has(t, http.StatusOK)
	must(t, w.clock.Advance(60e9))
	sam.postFiles(sam.base+"/steps/try", url.Values{"do": {"submit"}, "answer.did": {"I asked again."}, "answer.result": {"36 months."}}, file{"second.pdf", "%PDF-1.7 two"}).has(t, http.StatusOK)
	elsewhere := launchOf("5", "Sam Sailor", "Learner")
	elsewhere.Course = lti.Course{ID: "77", Title: "Another course"}
	there, _ := w.launch(elsewhere)
	must(t, w.clock.Advance(60e9))
	there.post(there.base+"/steps/read/done", nil)
	there.post(there.base+"/steps/think", url.Values{"do": {"submit"}, "answer.text": {"Thoughts from another course here."}}).has(t, http.StatusOK)
	there.post(there.base+"/steps/think", url.Values{"do": {"draft"}, "answer.text": {"only a draft"}})

	_, first := w.launch(linkTo("5", "Sam Sailor", "Learner", "view", "portfolio"))
	first.has(t, http.StatusOK, `id="portfolio"`, "I give away too much", "24 months.", "36 months.", "An earlier version", "Say &lt;u&gt;why", "Thoughts from another course", "Another course", "second.pdf")
	first.hasNot(t, "<script>alert", "<u>why", "only a draft")
	if order := []int{strings.Index(first.text, "Thoughts from"), strings.Index(first.text, "36 months."), strings.Index(first.text, "Say &lt;u&gt;"), strings.Index(first.text, "24 months.")}; order[0] > order[1] || order[1] > order[2] || order[2] > order[3] {
		t.Errorf("the entries stand at %v", order)
	}
	mine := sam.get(sam.base + "/portfolio")
	mine.has(t, http.StatusOK, "36 months.")
	file := between(t, mine.text[strings.Index(mine.text, `class="files"`):], `href="`+sam.base+`/portfolio/`, `"`)
	sam.get(sam.base+"/portfolio/"+file).has(t, http.StatusOK, "%PDF")

	// Nobody else gets there, and opening it enrols in nothing.
	sofia, empty := w.launch(linkTo("6", "Sofia Silva", "Learner", "view", "portfolio"))
	empty.has(t, http.StatusOK, `id="empty"`)
	empty.hasNot(t, "36 months.", "Sailor")
	sofia.get(sofia.base+"/portfolio/"+file).has(t, http.StatusNotFound)
	sofia.get(sofia.base+"/").has(t, http.StatusOK, `id="portfolio"`)
	sofia.get(sofia.base+"/steps/read").has(t, http.StatusNotFound)
	who, err := w.store.PersonByAccount(t.Context(), issuer, "6")
	must(t, err)
	if all, err := w.store.EnrolmentsOf(t.Context(), who.ID); err != nil || len(all) != 0 {
		t.Errorf("opening the portfolio enrolled in %v (%v)", all, err)
	}
	tessa, board := w.launch(linkTo("9", "Tessa Teacher", "Instructor", "view", "portfolio"))
	board.has(t, http.StatusOK, `id="board"`)
	tessa.get(tessa.base+"/portfolio").has(t, http.StatusForbidden)
}

func TestAFinishLinkCompletesTheCourseAndLandsOnHome(t *testing.T) {
	w := newWorld(t)
	_, first := w.launch(linkTo("5", "Sam Sailor", "Learner", "view", "finish"))
	first.has(t, http.StatusOK, `id="next-step"`)
	if w.enrolment("5").Anchors[engine.AnchorCourseCompleted].IsZero() {
		t.Error("the course is not completed")
	}
}

func between(t testing.TB, s, before, after string) string {
	t.Helper()
	_, rest, ok := strings.Cut(s, before)
	found, _, ok2 := strings.Cut(rest, after)
	if !ok || !ok2 {
		t.Fatalf("nothing stands after %q:\n%s", before, s)
	}
	return found
}

// Canvas puts one link into the menu of a course, whatever workflows run there.
func TestTheLinkOfACoursesMenuShowsStaffTheBoardAndLearnersTheirOwn(t *testing.T) {
	w := newWorld(t)
	w.imports("sales", "Selling with care", "Names the price first") // so that none goes without saying
	menu := func(subject, name, role string) *lti.Launch {
		l := linkTo(subject, name, role, "view", "board")
		delete(l.Custom, "workflow")
		return l
	}
	w.sam()
	_, board := w.launch(menu("9", "Tessa Teacher", "Instructor"))
	board.has(t, http.StatusOK, `id="board"`, "Sam Sailor")
	_, home := w.launch(menu("5", "Sam Sailor", "Learner"))
	home.has(t, http.StatusOK, `id="next-step"`)
	_, nothing := w.launch(menu("6", "Sofia Silva", "Learner"))
	nothing.has(t, http.StatusOK, `id="portfolio"`, `id="empty"`)

	typed := menu("9", "Tessa Teacher", "Instructor") // by hand in Canvas: a target instead of a parameter
	delete(typed.Custom, "view")
	typed.TargetLinkURI = "https://cairn.example/lti/launch?view=board"
	_, board = w.launch(typed)
	board.has(t, http.StatusOK, `id="board"`, "Sam Sailor")
}
