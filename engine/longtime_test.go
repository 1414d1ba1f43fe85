package engine_test

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
)

const sprintsWorkflow = `workflow: half-a-year
version: 1
title: Half a year
goal: {outcome: Something gets better}
behaviours:
  - {id: b, text: Does it, scale: [no, yes], target: 2, observers: [learner, manager]}
phases:
  - phase: before
    title: First sprint
    opens: enrolled
    due: open + 5wd
    steps:
      - {id: one, kind: reflect, title: One, by: learner, done: response, questions: [{id: q, ask: "How?", type: text}]}
  - phase: during
    title: Second sprint
    opens: enrolled + 2w
    due: enrolled + 3w
    steps:
      - {id: two, kind: reflect, title: Two, by: learner, done: response, questions: [{id: q, ask: "How?", type: text}]}
      - {id: own, kind: reflect, title: Own time, by: learner, opens: enrolled + 3w, due: open + 1wd, done: response, questions: [{id: q, ask: "How?", type: text}]}
  - phase: after
    title: Much later
    steps:
      - {id: later, kind: read, title: Later, by: learner, opens: enrolled + 26w, due: open + 5wd, content: {aid: secret}, done: viewed}
aids:
  - {id: secret, format: page, title: Secret, file: aids/secret.md}
exit: {complete: {all: [later]}, stop: [enrolled + 400d]}
`

// Monday 14 September 2026 in Berlin is in summer, 26 weeks later it is winter.
func TestATwentySixWeekTimerSurvivesRestarts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "engine.db")
	p := &post{}
	now := at(t, "2026-09-14 09:00")
	p.now = func() time.Time { return now }
	var id engine.EnrolmentID
	start := func() (*engine.Service, func()) { // a process
		db, err := sqlitedb.Open(t.Context(), file)
		must(t, err)
		store, err := enginesqlite.New(t.Context(), db)
		must(t, err)
		s := engine.New(engine.Options{Tenant: "main", Store: store, Recorder: &book{t: t, byID: map[string]string{}}, Mailer: p, Links: p, IRIBase: iriBase, Now: p.now})
		return s, func() { must(t, db.Close()) }
	}
	s, stop := start()
	_, problems, err := s.ImportWorkflow(t.Context(), "w.yaml", []byte(sprintsWorkflow), nil)
	if err != nil {
		t.Fatal(err, problems)
	}
	e, err := s.Arrive(t.Context(), arrival("half-a-year", nil))
	must(t, err)
	id = e.ID
	stop()
	end := at(t, "2027-03-15 09:00") // 26 weeks later, to the day
	for now.Before(end.Add(-time.Minute)) {
		now = now.Add(13 * 24 * time.Hour)
		if now.After(end) {
			now = end.Add(-time.Minute)
		}
		s, stop = start()
		_, err = s.Sweep(t.Context(), "test")
		must(t, err)
		v, err := s.StepView(t.Context(), id, "later", true)
		must(t, err)
		if v.State.State != engine.Locked || !v.Opens.Equal(end) {
			t.Fatalf("at %s it is %s and opens at %s", now, v.State.State, v.Opens)
		}
		stop()
	}
	before := len(p.sent())
	now = end
	s, stop = start()
	defer stop()
	_, err = s.Sweep(t.Context(), "test")
	must(t, err)
	v, err := s.StepView(t.Context(), id, "later", true)
	must(t, err)
	if v.State.State != engine.Open || !v.State.OpenedAt.Equal(end) {
		t.Errorf("it is %s since %s", v.State.State, v.State.OpenedAt)
	}
	if told := p.told(); len(told) != before+1 || told[before] != "sam step_open later" {
		t.Errorf("told: %v", told)
	}
}

func TestSprintsGiveTheirStepsTheirTimes(t *testing.T) {
	h := newHouse(t, "2026-09-14 09:00")
	h.teaches(sprintsWorkflow)
	h.arrive("half-a-year", nil)
	h.wants("due by the sprint", h.step("one").Due, "2026-09-21 17:00")
	h.wants("opens by the sprint", h.step("two").Opens, "2026-09-28 09:00")
	h.wants("opens by itself", h.step("own").Opens, "2026-10-05 09:00")
	h.pass("2026-10-05 10:00")
	h.wants("due by the sprint", h.step("two").Due, "2026-10-05 17:00")
	h.wants("due by itself", h.step("own").Due, "2026-10-06 17:00")
}

func TestAStepThatIsLockedShowsNoContent(t *testing.T) {
	h := newHouse(t, "2026-09-14 09:00")
	_, problems, err := h.ImportWorkflow(t.Context(), "w.yaml", []byte(sprintsWorkflow), fstest.MapFS{"aids/secret.md": &fstest.MapFile{Data: []byte("the secret")}})
	if err != nil {
		t.Fatal(err, problems)
	}
	h.arrive("half-a-year", nil)
	v := h.step("later")
	if v.Content != "" || v.URL != "" || v.Aid != nil && (v.Aid.Source != "" || v.Aid.Body("en") != "") {
		t.Errorf("a locked step gives its content away: %q %+v", v.Content, v.Aid)
	}
	for _, sv := range h.home().Steps {
		if strings.Contains(sv.Content, "secret") {
			t.Errorf("the home page gives it away in %s", sv.Step.ID)
		}
	}
	h.pass("2027-03-15 10:00")
	if v := h.step("later"); v.Content != "the secret" {
		t.Errorf("open, it shows %q", v.Content)
	}
}

func TestAPersonWhoMovesToAnotherZoneTakesWhatIsPendingAlong(t *testing.T) {
	h := newHouse(t, "2026-09-14 09:00")
	h.teaches(sprintsWorkflow)
	h.arrive("half-a-year", nil)
	opened := h.enrolment().Steps["one"].OpenedAt
	h.pass("2026-09-16 09:00")
	a := arrival("half-a-year", nil)
	a.Zone = "America/New_York"
	_, err := h.Arrive(t.Context(), a)
	must(t, err)
	h.wants("what has opened stays", h.enrolment().Steps["one"].OpenedAt, "2026-09-14 09:00")
	h.wants("what was counted from open stays", h.step("one").Due, "2026-09-21 17:00")
	h.wants("what is pending is nine o'clock there", h.step("two").Opens, "2026-09-28 15:00")
	if !opened.Equal(h.enrolment().Steps["one"].OpenedAt) {
		t.Error("it opened again")
	}
}

func TestPeopleOnBothSidesOfTheDateLineHaveTheSameDay(t *testing.T) {
	h := newHouse(t, "2026-11-23 09:00")
	opens := map[string]time.Time{}
	for subject, zone := range map[string]string{"k": "Pacific/Kiritimati", "p": "Pacific/Pago_Pago"} {
		a := arrival("negotiation-skills", map[string]string{"course_start": "2026-12-14"})
		a.Subject, a.Zone = subject, zone
		e, err := h.Arrive(t.Context(), a)
		must(t, err)
		v, err := h.StepView(t.Context(), e.ID, "goal", true)
		must(t, err)
		l, err := time.LoadLocation(zone)
		must(t, err)
		if have := v.Opens.In(l).Format("2006-01-02 15:04"); have != "2026-12-07 09:00" {
			t.Errorf("%s: %s", zone, have)
		}
		opens[subject] = v.Opens
	}
	if apart := opens["p"].Sub(opens["k"]); apart != 25*time.Hour {
		t.Errorf("%s apart", apart)
	}
}

func TestWhoEnrolsLateHasThreeWorkingDays(t *testing.T) {
	h := newHouse(t, "2026-12-11 15:00") // a Friday; the course starts on Monday
	h.arrive("negotiation-skills", map[string]string{"course_start": "2026-12-14", "manager_email": "max@example.org"})
	h.wants("due before the course", h.step("goal").Due, "2026-12-16 17:00")
	e := h.enrolment()
	if e.Steps["brief-manager"].State != engine.Open {
		t.Errorf("the manager is not briefed: %s", e.Steps["brief-manager"].State)
	}
}

func TestTheManagerIsBriefedBeforeTheCourseAndAskedAgainTwelveWeeksAfter(t *testing.T) {
	h := newHouse(t, "2026-11-23 09:00")
	h.coach()
	h.arrive("negotiation-skills", map[string]string{"course_start": "2026-12-14", "manager_email": "max@example.org"})
	h.pass("2026-12-08 09:00")
	h.request("max@example.org")
	if e := h.enrolment(); !e.Steps["brief-manager"].OpenedAt.Equal(at(t, "2026-12-07 09:00")) {
		t.Errorf("briefed at %s", e.Steps["brief-manager"].OpenedAt)
	}
	h.pass("2026-12-18 12:00")
	h.completes()
	h.wants("12 weeks after", h.step("follow-12w").Opens, "2027-03-12 09:00")
	h.wants("the manager too", h.step("follow-12w-mgr").Opens, "2027-03-12 09:00")
}
