package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A coach chooses several, reads whom it is about and what it means, and only then it happens: for those of the course.
func TestACoachActsForSeveralOnceItIsConfirmed(t *testing.T) {
	w := newWorld(t)
	w.sam()
	w.launch(launchOf("6", "Sofia Silva", "Learner"))
	elsewhere := launchOf("7", "Otto Other", "Learner")
	elsewhere.Course.ID = "3"
	w.launch(elsewhere)
	tessa, board := w.launch(launchOf("3", "Tessa Teacher", "Instructor"))
	at := tessa.base + "/board/several"
	board.has(t, http.StatusOK, at)
	sam, sofia, otto := string(w.enrolment("5").ID), string(w.enrolment("6").ID), string(w.enrolment("7").ID)
	list := tessa.get(at)
	list.has(t, http.StatusOK, `value="`+sam+`"`, `value="`+sofia+`"`, `name="do" value="completed"`)
	list.hasNot(t, otto, "Otto")

	completed := func(subject string) bool { return !w.enrolment(subject).Anchors["course_completed"].IsZero() }
	both := url.Values{"do": {"completed"}, "enrolment": {sam, sofia, sam}}
	asked := tessa.post(at, both)
	asked.has(t, http.StatusOK, `id="confirm"`, "Is the course completed for 2 learners?", "Sam Sailor", "Sofia Silva")
	if completed("5") || completed("6") {
		t.Fatal("it was not confirmed")
	}
	tessa.post(at, url.Values{"do": {"completed"}}).has(t, http.StatusUnprocessableEntity, `id="several-problem"`)
	tessa.post(at, url.Values{"do": {"erase"}, "enrolment": {sam}}).has(t, http.StatusUnprocessableEntity)
	tessa.post(at, url.Values{"do": {"completed"}, "confirm": {"1"}, "enrolment": {sam, otto}}).has(t, http.StatusForbidden)
	if completed("5") || completed("7") {
		t.Fatal("somebody of another course was among them, and it happened")
	}
	both.Set("confirm", "1")
	tessa.post(at, both).has(t, http.StatusOK, "Completed")
	if !completed("5") || !completed("6") || completed("7") {
		t.Error("it did not happen for both and for them alone")
	}
	tessa.post(at, both).has(t, http.StatusOK) // the same again changes nothing
	split := url.Values{"do": {"split"}, "label": {"<b>Group B</b>"}, "enrolment": {sofia}}
	tessa.post(at, split).has(t, http.StatusOK, "Move 1 learner to “&lt;b&gt;Group B&lt;/b&gt;”?")
	split.Set("confirm", "1")
	tessa.post(at, split).has(t, http.StatusOK, "&lt;b&gt;Group B")
	if m := w.enrolment("6").Cohort; m == nil || m.Label != "<b>Group B</b>" {
		t.Errorf("Sofia is in %+v", m)
	}
	split.Set("label", strings.Repeat("x", 101))
	tessa.post(at, split).has(t, http.StatusUnprocessableEntity, "at most 100")
	learner := w.sam()
	learner.get(learner.base+"/board/several").has(t, http.StatusForbidden)
	learner.post(learner.base+"/board/several", both).has(t, http.StatusForbidden)
}
