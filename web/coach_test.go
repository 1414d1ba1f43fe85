package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// tessa is a teacher of the course with the board open.
func (w *world) tessa() *person {
	w.t.Helper()
	p, _ := w.launch(launchOf("9", "Tessa Teacher", "Instructor"))
	return p
}

// rival is a teacher of another course.
func (w *world) rival() *person {
	w.t.Helper()
	elsewhere := launchOf("10", "Other Teacher", "Instructor")
	elsewhere.Course.ID = "3"
	p, _ := w.launch(elsewhere)
	return p
}

// last is what a coach did last about Sam's enrolment.
func (w *world) last() engine.Act {
	w.t.Helper()
	acts := w.enrolment("5").Acts
	if len(acts) == 0 {
		w.t.Fatal("nothing was done")
	}
	return acts[len(acts)-1]
}

func TestTheBoardIsReadByPagesAndSearched(t *testing.T) {
	w := newWorld(t)
	for i := range 53 {
		w.launch(launchOf(fmt.Sprint("p", i), fmt.Sprintf("Learner%02d Number", i), "Learner"))
	}
	tessa := w.tessa()
	first := tessa.get(tessa.base + "/")
	first.has(t, http.StatusOK, "1–50 of 53", `rel="next"`, "53 learners", `title="Use one trade in a live talk"`, "data-enrolment")
	if n := strings.Count(first.text, "data-enrolment"); n != 50 {
		t.Errorf("%d people on the first page", n)
	}
	second := tessa.get(tessa.base + "/?page=2")
	second.has(t, http.StatusOK, "51–53 of 53", `rel="prev"`)
	if n := strings.Count(second.text, "data-enrolment"); n != 3 {
		t.Errorf("%d people on the second page", n)
	}
	found := tessa.get(tessa.base + "/?q=learner07")
	found.has(t, http.StatusOK, "Learner07 Number", `value="learner07"`)
	found.hasNot(t, "Learner08 Number", `rel="next"`)
	tessa.get(tessa.base+"/?q="+url.QueryEscape(`"><script>alert(1)</script>`)).hasNot(t, "<script>alert")
	tessa.get(tessa.base+"/?only=done").has(t, http.StatusOK, "Nobody matches this choice", "Everybody")
	tessa.get(tessa.base+"/?only=nonsense&page=-3&step=900&workflow=").has(t, http.StatusOK, "1–50 of 53")
}

func TestACoachSeesOneLearnersWayAndWhatHoldsThemUp(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	tessa := w.tessa()
	path := tessa.base + "/board/people/" + string(w.enrolment("5").ID)
	tessa.get(tessa.base+"/").has(t, http.StatusOK, `href="`+path+`"`)
	page := tessa.get(path)
	page.has(t, http.StatusOK, "<h1>Sam Sailor</h1>", `id="held-up"`, "Waiting for an answer", "max@example.org", "2 of 3", `data-step="try" data-state="submitted"`,
		"offer &#34;&lt;img src=x&gt;&#34;.pdf", "submitted", path+"/steps/try", "Messages sent")
	page.hasNot(t, "<img src=x>", "I give away too much")
	file := page.text[strings.Index(page.text, path+"/evidence/"):]
	file = file[:strings.IndexByte(file, '"')]
	tessa.get(file).has(t, http.StatusOK, "%PDF-1.7 the offer")

	rival := w.rival()
	for _, sub := range []string{"", "/change", "/steps/try", strings.TrimPrefix(file, path)} {
		rival.get(strings.Replace(path, tessa.base, rival.base, 1)+sub).has(t, http.StatusForbidden)
	}
	sam := w.sam()
	sam.get(strings.Replace(path, tessa.base, sam.base, 1)).has(t, http.StatusForbidden)
	tessa.get(tessa.base+"/board/people/nobody").has(t, http.StatusNotFound)
	tessa.get(path+"/steps/none").has(t, http.StatusNotFound)
}

func TestACoachExcusesReopensAndGivesMoreTimeWithAReason(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	tessa := w.tessa()
	step := tessa.base + "/board/people/" + string(w.enrolment("5").ID) + "/steps/try"
	tessa.get(step).has(t, http.StatusOK, `id="do-excuse"`, `id="do-set_due"`)
	before := w.enrolment("5").Rev
	tessa.get(step + "?do=excuse&reason=x")
	if w.enrolment("5").Rev != before {
		t.Error("looking changed something")
	}
	again := tessa.post(step, url.Values{"do": {"excuse"}, "reason": {" "}})
	again.has(t, http.StatusUnprocessableEntity, `id="excuse-reason-problem"`, `aria-invalid="true"`)
	again = tessa.post(step, url.Values{"do": {"set_due"}, "due": {"2020-01-01T10:00"}, "reason": {`<script>alert(1)</script>`}})
	again.has(t, http.StatusUnprocessableEntity, "in the past", "2020-01-01T10:00", "&lt;script&gt;alert(1)")
	again.hasNot(t, "<script>alert(1)")
	tessa.post(step, url.Values{"do": {"set_due"}, "due": {"2026-12-24T17:00"}, "reason": {"holidays <b>"}}).has(t, http.StatusOK, "New due time", "holidays &lt;b&gt;")
	if act := w.last(); act.What != engine.ActExtend || act.For.Format("2006-01-02") != "2026-12-24" || w.enrolment("5").Steps["try"].DueSet == 0 {
		t.Errorf("the due time was set so: %+v", act)
	}
	rival := w.rival()
	theirs := strings.Replace(step, tessa.base, rival.base, 1)
	rival.post(theirs, url.Values{"do": {"excuse"}, "reason": {"mine"}}).has(t, http.StatusForbidden)
	sam := w.sam()
	sam.post(strings.Replace(step, tessa.base, sam.base, 1), url.Values{"do": {"excuse"}, "reason": {"mine"}}).has(t, http.StatusForbidden)
	if w.state("5", "try") != engine.Submitted {
		t.Error("somebody else excused it")
	}
	tessa.post(step, url.Values{"do": {"excuse"}, "reason": {"ill"}}).has(t, http.StatusOK, "Excused", "ill")
	if w.state("5", "try") != engine.Skipped || w.last().Reason != "ill" {
		t.Errorf("excused it is %s, because %q", w.state("5", "try"), w.last().Reason)
	}
	tessa.get(step).has(t, http.StatusOK, `id="do-reopen"`)
	tessa.post(step, url.Values{"do": {"reopen"}, "reason": {"well again"}}).has(t, http.StatusOK)
	if w.state("5", "try") != engine.Open {
		t.Errorf("reopened it is %s", w.state("5", "try"))
	}
	tessa.post(step, url.Values{"do": {"nonsense"}, "reason": {"x"}}).has(t, http.StatusUnprocessableEntity)
}

func TestACoachPausesReplacesTakesOutAndBringsBack(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	tessa := w.tessa()
	path := tessa.base + "/board/people/" + string(w.enrolment("5").ID)
	do := func(form url.Values) page { t.Helper(); return tessa.post(path+"/change", form) }
	tessa.get(path+"/change").has(t, http.StatusOK, `id="pause"`, `id="unenrol"`, `id="role-manager"`)

	do(url.Values{"do": {"pause"}, "until": {"2026-11-01"}}).has(t, http.StatusUnprocessableEntity, `id="pause-until-problem"`)
	do(url.Values{"do": {"pause"}, "reason": {"parental leave"}}).has(t, http.StatusOK, "Paused", "parental leave")
	if !w.enrolment("5").Paused() {
		t.Error("it goes on")
	}
	tessa.get(tessa.base+"/").has(t, http.StatusOK, "Paused")
	do(url.Values{"do": {"resume"}}).has(t, http.StatusOK)
	if w.enrolment("5").Paused() {
		t.Error("it stands still")
	}

	do(url.Values{"do": {"assign-manager"}, "role": {"manager"}, "email": {"not one"}}).has(t, http.StatusUnprocessableEntity, "assign-manager-email-problem", `value="not one"`)
	do(url.Values{"do": {"assign-manager"}, "role": {"manager"}, "email": {"sam@example.org"}}).has(t, http.StatusUnprocessableEntity, "assign-manager-email-problem")
	do(url.Values{"do": {"assign-manager"}, "role": {"manager"}, "email": {"new@example.org"}, "name": {"Nora <i>New</i>"}}).has(t, http.StatusOK, "Nora &lt;i&gt;New&lt;/i&gt;", "chosen by a coach")
	who, err := w.store.PersonByEmail(t.Context(), "new@example.org")
	must(t, err)
	if e := w.enrolment("5"); len(e.Roles[engine.Manager]) != 1 || e.Roles[engine.Manager][0].Person != who.ID {
		t.Errorf("the manager is %+v", e.Roles[engine.Manager])
	}
	do(url.Values{"do": {"release-manager"}, "role": {"manager"}}).has(t, http.StatusOK, "max@example.org")

	do(url.Values{"do": {"completed"}}).has(t, http.StatusOK)
	if w.enrolment("5").Anchors["course_completed"].IsZero() {
		t.Error("the course is not completed")
	}
	do(url.Values{"do": {"not_completed"}, "reason": {"a mistake"}}).has(t, http.StatusOK)
	if !w.enrolment("5").Anchors["course_completed"].IsZero() {
		t.Error("the course is completed")
	}

	do(url.Values{"do": {"unenrol"}}).has(t, http.StatusUnprocessableEntity, "unenrol-reason-problem")
	rival := w.rival()
	rival.post(strings.Replace(path, tessa.base, rival.base, 1)+"/change", url.Values{"do": {"unenrol"}, "reason": {"x"}}).has(t, http.StatusForbidden)
	do(url.Values{"do": {"unenrol"}, "reason": {"left the firm"}}).has(t, http.StatusOK, "Taken out", "left the firm")
	if w.enrolment("5").Anchors["unenrolled"].IsZero() {
		t.Error("still enrolled")
	}
	do(url.Values{"do": {"enrol"}}).has(t, http.StatusOK)
	if !w.enrolment("5").Anchors["unenrolled"].IsZero() {
		t.Error("still out")
	}
}

func TestACoachAnswersWhatLearnersAskAndSeesWhoIsHeldUp(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	tessa := w.tessa()
	tessa.get(tessa.base+"/board/questions").has(t, http.StatusOK, "No question is open")
	e := w.enrolment("5")
	_, err := w.service.AskCoach(t.Context(), e.Learner, e.ID, "How do I begin? <script>alert('q')</script>")
	must(t, err)
	asked := tessa.get(tessa.base + "/board/questions")
	asked.has(t, http.StatusOK, "How do I begin? &lt;script&gt;", "Sam Sailor", "/board/people/"+string(e.ID)+"/answer")
	tessa.get(tessa.base+"/?only=asks").has(t, http.StatusOK, "Sam Sailor")
	must(t, w.clock.Advance(time.Minute))
	rival := w.rival()
	rival.post(rival.base+"/board/people/"+string(e.ID)+"/answer", url.Values{"text": {"Nonsense"}}).has(t, http.StatusForbidden)
	tessa.post(tessa.base+"/board/people/"+string(e.ID)+"/answer", url.Values{"text": {"With a question."}, "back": {"questions"}}).has(t, http.StatusOK, "No question is open")
	v, err := w.service.CoachThread(t.Context(), engine.By(e.Learner), e.ID, engine.PostRef{}, 0)
	must(t, err)
	if len(v.Posts) != 2 || v.Posts[0].Text != "With a question." || v.Posts[0].Role != engine.Coach {
		t.Errorf("the thread holds %+v", v.Posts)
	}
	tessa.get(tessa.base+"/board/late").has(t, http.StatusOK, "Sam Sailor", `data-why="waiting"`, "max@example.org")
	tessa.get(tessa.base+"/board/late?after=nobody").has(t, http.StatusUnprocessableEntity)
	rival.get(rival.base+"/board/late").has(t, http.StatusOK, "Nobody is held up")
	tessa.get(tessa.base+"/board/asked").has(t, http.StatusOK, "Nothing waits for you")
	sam := w.sam()
	for _, path := range []string{"late", "questions", "asked", "enrol", "course"} {
		sam.get(sam.base+"/board/"+path).has(t, http.StatusForbidden)
	}
}

func TestACoachEnrolsPeopleByAccountAndAddress(t *testing.T) {
	w := newWorld(t)
	w.listed(0)
	tessa := w.tessa()
	tessa.get(tessa.base+"/board/enrol").has(t, http.StatusOK, `<option value="trial"`)
	lines := "6\r\n\r\n77;Nina <b>New</b>\nnobody@example.org\nno@"
	answer := tessa.post(tessa.base+"/board/enrol", url.Values{"workflow": {"trial"}, "people": {lines}})
	answer.has(t, http.StatusOK, "2 people are enrolled", "Nobody of that address is on the course list", "77;Nina &lt;b&gt;New&lt;/b&gt;", "nobody@example.org\nno@</textarea>")
	for _, subject := range []string{"6", "77"} {
		if e := w.enrolment(subject); e.Anchors["enrolled"].IsZero() || e.Acts[0].By.Person == "" {
			t.Errorf("%s is not enrolled by the teacher: %+v", subject, e.Acts)
		}
	}
	tessa.get(tessa.base+"/").has(t, http.StatusOK, "Kim Keel")
	tessa.post(tessa.base+"/board/enrol", url.Values{"workflow": {"trial"}, "people": {" \n"}}).has(t, http.StatusUnprocessableEntity, `id="people-problem"`)
	tessa.post(tessa.base+"/board/enrol", url.Values{"workflow": {"trial"}, "people": {strings.Repeat("x\n", 501)}}).has(t, http.StatusUnprocessableEntity, "in parts")
	tessa.post(tessa.base+"/board/enrol", url.Values{"workflow": {"none"}, "people": {"6"}}).has(t, http.StatusOK, "0 people are enrolled")
}

func TestACoachSeesBarriersAndNotesWhoRemovesThem(t *testing.T) {
	w := newWorld(t)
	w.sam()
	tessa := w.tessa()
	path := tessa.base + "/board/barriers"
	tessa.get(path).has(t, http.StatusOK, "Nobody has tagged a barrier yet", "Nothing is agreed yet")
	e := w.enrolment("5")
	flow, err := w.service.Workflow(t.Context(), e.Workflow, 0)
	must(t, err)
	must(t, w.service.LogUse(t.Context(), e.Learner, e.ID, flow.Behaviours[0].ID, "", "No time <b>", "k"))
	tessa.get(path).has(t, http.StatusOK, "no time &lt;b&gt;", "<table")
	form := url.Values{"tag": {"no time"}, "action": {"Free Friday <script>alert(1)</script>"}, "owner": {"Max"}, "due": {"soon"}}
	again := tessa.post(path, form)
	again.has(t, http.StatusUnprocessableEntity, `id="barrier-due-problem"`, "Free Friday &lt;script&gt;", `value="Max"`)
	form.Set("due", "2026-12-01")
	tessa.post(path, form).has(t, http.StatusOK, "Free Friday &lt;script&gt;", "Max")
	actions, err := w.service.BarrierActions(t.Context(), engine.Actor{System: "cli"}, engine.Course{Issuer: issuer, ID: "2"})
	must(t, err)
	if len(actions) != 1 || actions[0].Due.Format(time.DateOnly) != "2026-12-01" || actions[0].By.Person == "" || !actions[0].DoneAt.IsZero() {
		t.Fatalf("noted is %+v", actions)
	}
	one := "/board/barriers/" + actions[0].ID
	rival := w.rival()
	rival.post(rival.base+one, url.Values{"do": {"done"}}).has(t, http.StatusNotFound)
	rival.get(rival.base+"/board/barriers").hasNot(t, "Free Friday")
	sam := w.sam()
	sam.post(sam.base+one, url.Values{"do": {"done"}}).has(t, http.StatusForbidden)
	tessa.get(tessa.base+one).has(t, http.StatusMethodNotAllowed)
	tessa.post(tessa.base+one, url.Values{"do": {"nonsense"}}).has(t, http.StatusUnprocessableEntity)
	tessa.post(tessa.base+one, url.Values{"do": {"done"}}).has(t, http.StatusOK, `value="open"`)
	tessa.post(tessa.base+one, url.Values{"do": {"open"}}).has(t, http.StatusOK, `value="done"`)
	tessa.get(tessa.base+"/board/reports").has(t, http.StatusOK, "1 learner", "Never started", "<table")
}
