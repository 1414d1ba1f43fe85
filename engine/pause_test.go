package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

const pauseWorkflow = `workflow: pausing
version: 1
title: Pausing
goal: {outcome: Something gets better}
behaviours:
  - {id: b, text: Does it, scale: [no, sometimes, yes], target: 3, observers: [learner, manager]}
roles:
  manager: {from: [launch.custom.manager_email], else: coach}
  coach: {from: [launch.role.instructor]}
phases:
  - phase: before
    title: Before
    steps:
      - {id: first, kind: reflect, title: First, by: learner, due: open + 5wd, done: response, questions: [{id: q, ask: "How?", type: text}]}
      - {id: rate, kind: survey, title: Rate, by: manager, due: enrolled + 5wd, rate: [b], done: response, expires: 10wd}
      - {id: call, kind: event, title: Call, by: learner, opens: "2026-06-08", at: "2026-06-15 at 10:00"}
      - {id: second, kind: reflect, title: Second, by: learner, opens: enrolled + 10wd, due: open + 5wd, done: response, questions: [{id: q, ask: "How?", type: text}]}
exit:
  complete: {all: [second]}
  stop: [unenrolled, enrolled + 30d]
`

// coach launches Tessa as the teacher of the course.
func (h *house) coach() engine.PersonID {
	h.t.Helper()
	p, err := h.ArriveStaff(h.t.Context(), engine.StaffArrival{Issuer: lms, Subject: "t1", Name: "Tessa Teacher", Email: "tessa@example.org", Zone: "Europe/Berlin",
		Course: engine.Course{Issuer: lms, ID: "2"}, Roles: []string{"instructor"}})
	must(h.t, err)
	return p.ID
}

// teaches imports a workflow.
func (h *house) teaches(source string) {
	h.t.Helper()
	_, problems, err := h.ImportWorkflow(h.t.Context(), "test.yaml", []byte(source), nil)
	if err != nil {
		h.t.Fatal(err, problems)
	}
}

// standing is Sam in the workflow above on Monday 1 June 2026 at nine, with a manager, known to a coach.
func standing(t *testing.T) (*house, engine.Actor) {
	t.Helper()
	h := newHouse(t, "2026-06-01 09:00")
	h.teaches(pauseWorkflow)
	tessa := engine.By(h.coach())
	h.arrive("pausing", map[string]string{"manager_email": "max@example.org"})
	h.pass("2026-06-01 09:05")
	return h, tessa
}

func (h *house) wants(what string, have time.Time, want string) {
	h.t.Helper()
	if !have.Equal(at(h.t, want)) {
		zone, _ := time.LoadLocation("Europe/Berlin")
		h.t.Errorf("%s: %s, want %s", what, have.In(zone).Format("2006-01-02 15:04"), want)
	}
}

func TestAPauseMovesWhatIsPendingByItsLength(t *testing.T) {
	h, tessa := standing(t)
	h.wants("due before", h.step("first").Due, "2026-06-08 17:00")
	h.pass("2026-06-03 09:00")
	sent := len(h.post.sent())
	must(t, h.Pause(t.Context(), tessa, h.id, at(t, "2026-06-17 09:00"), "ill"))
	must(t, h.Pause(t.Context(), tessa, h.id, at(t, "2026-06-17 09:00"), "ill")) // the same again
	must(t, h.Pause(t.Context(), tessa, h.id, at(t, "2026-06-05 09:00"), "ill")) // a shorter one
	h.pass("2026-06-16 09:00")
	if n := len(h.post.sent()); n != sent {
		t.Errorf("%d mails were sent while all stood still: %v", n-sent, h.post.told()[sent:])
	}
	if e := h.enrolment(); !e.Paused() || e.Steps["second"].State != engine.Locked || e.Steps["call"].State != engine.Locked || h.step("first").Late {
		t.Errorf("something happened in the pause: %+v", e.Steps["second"])
	}
	h.pass("2026-06-17 10:00")
	e := h.enrolment()
	if e.Paused() || len(e.Pauses) != 1 {
		t.Fatalf("the pause did not end by itself: %+v", e.Pauses)
	}
	h.wants("the pause ended", e.Pauses[0].End, "2026-06-17 09:00")
	h.wants("due", h.step("first").Due, "2026-06-22 17:00")
	h.wants("what waits for a time", h.step("second").Opens, "2026-06-29 09:00")
	h.wants("the manager's due", e.Steps["rate"].Requests[0].DueAt, "2026-06-22 17:00")
	if e.Steps["call"].State == engine.Locked {
		t.Error("the call has not opened")
	}
	h.pass("2026-06-30 09:00")
	if e := h.enrolment(); e.Steps["second"].State != engine.Open {
		t.Errorf("second is %s", e.Steps["second"].State)
	}
	h.pass("2026-07-14 09:00") // 30 days after enrolment were up on 1 July
	if e := h.enrolment(); e.State == engine.Stopped {
		t.Error("stopped without the pause counted in")
	}
	h.pass("2026-07-16 09:00")
	if e := h.enrolment(); e.State != engine.Stopped {
		t.Error("not stopped though the pause is counted in")
	}
}

func TestWhatPeopleHandInDuringAPauseIsTaken(t *testing.T) {
	h, tessa := standing(t)
	link := h.request("max@example.org")
	must(t, h.Pause(t.Context(), tessa, h.id, time.Time{}, "leave"))
	v, err := h.OpenRequest(t.Context(), h.id, link)
	must(t, err)
	if !v.Paused || v.Closed || v.Answered {
		t.Errorf("the link does not say that all stands still: %+v", v)
	}
	must(t, h.Answer(t.Context(), h.id, link, engine.Answer{Outcome: engine.OutcomeResponse, Ratings: map[engine.BehaviourID]int{"b": 2}}))
	must(t, h.Submit(t.Context(), h.sam, h.id, "first", engine.Submission{Answers: engine.Answers{"q": {"So."}}}))
	e := h.enrolment()
	if e.Steps["rate"].State != engine.Done || e.Steps["first"].State != engine.Done {
		t.Errorf("rate %s, first %s", e.Steps["rate"].State, e.Steps["first"].State)
	}
	must(t, h.Resume(t.Context(), tessa, h.id))
	must(t, h.Resume(t.Context(), tessa, h.id))
	if e := h.enrolment(); len(e.Acts) != 2 || e.Acts[0].What != engine.ActPause || e.Acts[0].Reason != "leave" || e.Acts[1].What != engine.ActResume {
		t.Errorf("acts: %+v", e.Acts)
	}
}

func TestOfPausesTheLearnerMayHaveNinetyDaysAndACoachAsMany(t *testing.T) {
	h, tessa := standing(t)
	sam := engine.By(h.sam)
	var fields engine.FieldErrors
	if err := h.Pause(t.Context(), sam, h.id, time.Time{}, ""); !errors.As(err, &fields) {
		t.Errorf("the learner paused for good: %v", err)
	}
	if err := h.Pause(t.Context(), sam, h.id, h.now.Add(91*24*time.Hour), ""); !errors.As(err, &fields) || !strings.Contains(err.Error(), "pause_too_long") {
		t.Errorf("91 days: %v", err)
	}
	must(t, h.Pause(t.Context(), sam, h.id, h.now.Add(60*24*time.Hour), ""))
	h.pass("2026-07-01 09:00")
	if err := h.Pause(t.Context(), sam, h.id, h.now.Add(80*24*time.Hour), ""); !errors.As(err, &fields) {
		t.Errorf("prolonged beyond 90 days in all: %v", err)
	}
	must(t, h.Resume(t.Context(), sam, h.id))
	must(t, h.Pause(t.Context(), tessa, h.id, time.Time{}, ""))
	if err := h.Resume(t.Context(), sam, h.id); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("the learner ended a coach's pause: %v", err)
	}
	if err := h.Pause(t.Context(), engine.By("somebody"), h.id, time.Time{}, ""); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("somebody paused: %v", err)
	}
	h.pass("2027-01-01 09:00")
	if e := h.enrolment(); !e.Paused() || !e.WakeAt.IsZero() {
		t.Errorf("an open pause ended or rings: %v", e.WakeAt)
	}
	must(t, h.Resume(t.Context(), engine.Actor{System: "api"}, h.id))
}

func TestAPauseOverAChangeOfTheClockKeepsTheTimeOfDay(t *testing.T) {
	h := newHouse(t, "2026-10-19 09:00")
	h.teaches(strings.ReplaceAll(strings.ReplaceAll(pauseWorkflow, "2026-06-08", "2026-10-20"), "2026-06-15", "2026-10-20"))
	tessa := engine.By(h.coach())
	h.arrive("pausing", nil)
	h.pass("2026-10-20 09:00")
	must(t, h.Pause(t.Context(), tessa, h.id, at(t, "2026-11-03 09:00"), ""))
	h.pass("2026-11-03 09:00")
	h.wants("due", h.step("first").Due, "2026-11-09 17:00")
}

func TestUnenrolledEverythingEndsAndEnrolledAgainItResumes(t *testing.T) {
	h, tessa := standing(t)
	link := h.request("max@example.org")
	h.pass("2026-06-03 09:00")
	must(t, h.Unenrol(t.Context(), tessa, h.id, "moved on"))
	must(t, h.Unenrol(t.Context(), tessa, h.id, "moved on"))
	e := h.enrolment()
	if e.State != engine.Stopped || e.Steps["first"].State != engine.Expired || h.book.count("unregistered") != 1 {
		t.Fatalf("%s, first %s, %d said", e.State, e.Steps["first"].State, h.book.count("unregistered"))
	}
	if v, err := h.OpenRequest(t.Context(), h.id, link); err != nil || !v.Closed {
		t.Errorf("the link still works: %v", err)
	}
	sent := len(h.post.sent())
	h.pass("2026-06-10 09:00")
	if n := len(h.post.sent()); n != sent {
		t.Errorf("mails after the end: %v", h.post.told()[sent:])
	}
	if err := h.Reenrol(t.Context(), engine.By(h.sam), h.id); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("the learner took back what a coach had ended: %v", err)
	}
	must(t, h.Reenrol(t.Context(), tessa, h.id))
	must(t, h.Reenrol(t.Context(), tessa, h.id))
	h.pass("2026-06-10 10:00")
	e = h.enrolment()
	if e.State != engine.Active || e.Steps["first"].State != engine.Open || !e.Steps["first"].SettledAt.IsZero() {
		t.Fatalf("%s, first %+v", e.State, e.Steps["first"])
	}
	h.wants("due", h.step("first").Due, "2026-06-15 17:00")
	h.wants("opens", h.step("second").Opens, "2026-06-22 09:00")
	if told := h.post.told()[sent:]; !slices.Contains(told, "max survey_request rate") || len(told) != 2 {
		t.Errorf("asked afresh: %v", told)
	}
	must(t, h.Answer(t.Context(), h.id, link, engine.Answer{Outcome: engine.OutcomeResponse, Ratings: map[engine.BehaviourID]int{"b": 2}}))
	if h.book.count("registered") != 2 {
		t.Errorf("registered %d times", h.book.count("registered"))
	}
}

func TestALearnerWhoWithdrewMayComeBack(t *testing.T) {
	h, _ := standing(t)
	sam := engine.By(h.sam)
	must(t, h.Unenrol(t.Context(), sam, h.id, ""))
	h.arrive("pausing", map[string]string{"manager_email": "max@example.org"}) // looking again does not enrol
	if e := h.enrolment(); e.State != engine.Stopped {
		t.Errorf("a launch resumed it: %s", e.State)
	}
	must(t, h.Reenrol(t.Context(), sam, h.id))
	if e := h.enrolment(); e.State != engine.Active {
		t.Errorf("%s", e.State)
	}
}

func TestOneWhoIsPausedAndUnenrolledStandsWhereTheyStood(t *testing.T) {
	h, tessa := standing(t)
	h.pass("2026-06-03 09:00")
	must(t, h.Pause(t.Context(), tessa, h.id, time.Time{}, ""))
	h.pass("2026-06-20 09:00") // second would have opened on the 15th
	must(t, h.Unenrol(t.Context(), tessa, h.id, ""))
	h.pass("2026-06-24 09:00")
	must(t, h.Reenrol(t.Context(), tessa, h.id))
	e := h.enrolment()
	if e.Steps["second"].State != engine.Locked {
		t.Errorf("second is %s", e.Steps["second"].State)
	}
	h.wants("due", h.step("first").Due, "2026-06-29 17:00")
	h.wants("opens", h.step("second").Opens, "2026-07-06 09:00")
}

func TestALearnerWhoMakesACoachsPauseLongerDoesNotOwnIt(t *testing.T) {
	h, tessa := standing(t)
	sam := engine.By(h.sam)
	must(t, h.Pause(t.Context(), tessa, h.id, h.now.Add(10*24*time.Hour), "leave"))
	must(t, h.Pause(t.Context(), sam, h.id, h.now.Add(20*24*time.Hour), "longer leave"))
	if p := h.enrolment().Pause(); p.By != tessa || p.Reason != "leave" || !p.Until.Equal(h.now.Add(20*24*time.Hour)) {
		t.Errorf("the pause: %+v", p)
	}
	if err := h.Resume(t.Context(), sam, h.id); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("the learner ended a coach's pause: %v", err)
	}
}
