package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti/platform"
)

// picker signs in at the LMS and opens Cairn's picker as "Add an activity" does.
func (w *walk) picker(v *visitor, button string) {
	w.t.Helper()
	v.get(w.demo.LMS.URL + "/")
	if v.page.find(button) != nil {
		v.submit(button, nil)
	}
	v.get(w.demo.LMS.URL + "/course/modedit.php")
	v.submit("pick-1", nil)
	for range 5 {
		if v.page.find("pick-form") != nil || v.page.find("no-workflows") != nil || v.page.status >= 400 {
			break
		}
		v.follow()
	}
}

// opensLink launches one activity of the course.
func (w *walk) opensLink(v *visitor, button string, link platform.ResourceLink) {
	w.t.Helper()
	v.get(w.demo.LMS.URL + "/")
	if v.page.find(button) != nil {
		v.submit(button, nil)
	}
	v.get(w.demo.LMS.URL + "/mod/lti/launch.php?id=" + link.ID)
	for range 5 {
		if strings.HasPrefix(v.page.url.String(), w.demo.Tool.URL+"/s/") || v.page.status >= 400 {
			break
		}
		v.follow()
	}
	if v.page.status != http.StatusOK || !strings.HasPrefix(v.page.url.String(), w.demo.Tool.URL+"/s/") {
		w.t.Fatalf("%s ended at %s (%d):\n%s", link.Title, v.page.url, v.page.status, v.page.text())
	}
}

func linkTitled(t *testing.T, lms *platform.Platform, title string) platform.ResourceLink {
	t.Helper()
	links := lms.ResourceLinks()
	i := slices.IndexFunc(links, func(l platform.ResourceLink) bool { return l.Title == title })
	if i < 0 {
		t.Fatalf("the course has no activity %q: %+v", title, links)
	}
	return links[i]
}

// The round trip of deep linking over HTTP: a teacher chooses several links in
// Cairn, the LMS makes activities of them, a learner opens each.
func TestATeacherPlacesActivitiesWithThePickerAndALearnerOpensThem(t *testing.T) {
	s, w := furnishedSite(t, platform.Quirks{})
	tessa := newVisitor(t)
	w.picker(tessa, "signin-tessa")
	before := len(s.lms.ResourceLinks())

	odd := `First <b>steps</b> & "more"`
	tessa.submit("q", url.Values{"q": {"first steps"}})
	if tessa.page.find("pick-form") == nil || tessa.page.status != http.StatusOK {
		t.Fatalf("the search answered %d:\n%s", tessa.page.status, tessa.page.text())
	}
	tessa.submit("pick-next", url.Values{"item": {"whole/first-steps", "step/first-steps/reflect", "finish/first-steps", "portfolio"}})
	placing := *tessa.page.url
	tessa.submit("place", url.Values{"title.whole/first-steps": {odd}, "max.whole/first-steps": {"40"}})
	if policy := tessa.page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action "+s.demo.LMS.URL+";") {
		t.Errorf("the way back is not the only one: %s", policy)
	}
	back := tessa.page
	tessa.follow()
	tessa.sees("Added to the course", odd, "40 points", "4 links from Cairn were added.", "no grade")
	tessa.page = back
	tessa.follow() // the return may arrive twice
	if n := len(s.lms.ResourceLinks()) - before; n != 4 {
		t.Fatalf("the course has %d new activities", n)
	}

	whole := linkTitled(t, s.lms, odd)
	if whole.TargetLinkURI != s.demo.Tool.URL+"/lti/launch" || whole.Custom["workflow"] != "first-steps" || len(whole.Custom) != 1 {
		t.Errorf("placed %+v", whole)
	}
	items := s.lms.LineItems()
	i := slices.IndexFunc(items, func(it platform.LineItem) bool { return it.ID == whole.LineItemID })
	if i < 0 || items[i].ScoreMaximum != 40 || items[i].ResourceID != "first-steps" || items[i].Tag != "cairn" || items[i].Review["url"] != whole.TargetLinkURI {
		t.Errorf("the columns are %+v", items)
	}

	// A second press says what became of the first.
	tessa.get(placing.String())
	tessa.submit("place", nil)
	if tessa.page.status != http.StatusGone {
		t.Errorf("a second press answered %d", tessa.page.status)
	}
	tessa.sees("has been sent already", "add them again from the course")

	sam := newVisitor(t)
	w.opensLink(sam, "signin-sam", whole)
	if sam.page.find("next-step") == nil {
		t.Errorf("home shows no next step:\n%s", sam.page.text())
	}
	reflect := linkTitled(t, s.lms, "Your last concession")
	w.opensLink(sam, "signin-sam", reflect)
	if !strings.HasSuffix(sam.page.url.Path, "/steps/reflect") {
		t.Errorf("the step link leads to %s", sam.page.url)
	}
	sam.sees("It opens once this is done", "Trades, not gifts")
	w.opensLink(sam, "signin-sam", linkTitled(t, s.lms, "My portfolio"))
	sam.sees("Nothing here yet")
	w.opensLink(tessa, "signin-tessa", reflect)
	tessa.sees("Sam Sailor", "What learners find here")
}

func TestBackWithoutAChoiceAddsNothing(t *testing.T) {
	s, w := furnishedSite(t, platform.Quirks{})
	tessa := newVisitor(t)
	w.picker(tessa, "signin-tessa")
	before := len(s.lms.ResourceLinks())
	tessa.submit("cancel", nil)
	tessa.follow()
	tessa.sees("Nothing was added")
	if len(s.lms.ResourceLinks()) != before {
		t.Error("something was added")
	}
}

// A site without workflows says so in the picker, and to the LMS.
func TestAPickerWithNothingToOfferTellsTheLMSWhy(t *testing.T) {
	s := newSite(t)
	s.serve()
	var invitation struct{ URL string }
	must(t, json.Unmarshal(s.command("lms", "invite", "-json"), &invitation))
	_, err := s.lms.RegisterTool(t.Context(), invitation.URL)
	must(t, err)
	w := newWalk(t, s.demo, s.clock)
	tessa := newVisitor(t)
	w.picker(tessa, "signin-tessa")
	tessa.sees("No workflow has been imported yet", "cairn workflow import")
	tessa.submit("cancel", nil)
	tessa.follow()
	tessa.sees("Nothing was added", "No workflow has been imported yet")
}

// From the column that the picker placed, a manager opens a learner's work and
// lands on the question asked; a teacher reads along; a learner gets nowhere.
func TestAManagerAnswersFromTheGradebookOfAPlacedActivity(t *testing.T) {
	s, w := furnishedSite(t, platform.Quirks{SubmissionReview: true})
	tessa := newVisitor(t)
	w.picker(tessa, "signin-tessa")
	tessa.submit("pick-next", url.Values{"item": {"whole/first-steps"}})
	tessa.submit("place", url.Values{"title.whole/first-steps": {"Placed"}})
	tessa.follow()
	link := linkTitled(t, s.lms, "Placed")

	w.opensLink(w.sam, "signin-sam", link)
	base := strings.TrimSuffix(w.sam.page.url.Path, "/")
	w.sam.get(base + "/steps/read-trades")
	w.sam.submit("mark-done", nil)
	w.sam.get(base + "/steps/reflect")
	w.sam.submit("submit", w.answers(w.sam, strings.Repeat("I gave a discount before I was asked for one. ", 12)))
	w.sam.get(base + "/steps/experiment")
	w.sam.submit("submit", w.answers(w.sam, "I asked for a longer contract before I lowered the price, and got it."), upload{"evidence", "notes.txt", "Two years."})
	w.ok(w.sam)

	review := func(v *visitor, button string) {
		v.get(s.demo.LMS.URL + "/")
		if v.page.find(button) != nil {
			v.submit(button, nil)
		}
		v.get(s.demo.LMS.URL + "/mod/lti/launch.php?" + url.Values{"id": {link.ID}, "item": {link.LineItemID}, "for": {"5"}}.Encode())
		for range 5 {
			if strings.HasPrefix(v.page.url.String(), s.demo.Tool.URL+"/s/") || v.page.status >= 400 {
				break
			}
			v.follow()
		}
	}
	review(tessa, "signin-tessa")
	tessa.sees("You can read along here", "longer contract")
	review(w.max, "signin-max")
	w.max.sees("longer contract", "Approve")
	w.max.submit("approve", url.Values{"rating.trade": {"3"}, "comment": {"Well asked."}})
	w.max.sees("Well asked.")
	w.sam.get(base + "/steps/experiment")
	w.sam.sees("Well asked.")
}
