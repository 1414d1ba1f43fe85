package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

const gathering = `
workflow: gathering
version: 1
title: Together
goal: {outcome: People talk}
behaviours: [{id: talk, text: Talks, scale: [no, yes], target: 2, observers: [learner, manager]}]
roles:
  manager: {from: [launch.custom.manager_email], else: coach}
  peer: {from: [cohort], count: 1, else: coach}
  coach: {from: [launch.role.instructor]}
nudges: {default: none}
phases:
  - phase: before
    steps:
      - {id: prepare, kind: read, title: Prepare, by: learner, content: {url: "https://x.example/"}}
      - {id: gate, kind: reflect, title: Together, by: learner, needs: [prepare], wait_for: cohort, due: enrolled + 60d, done: response}
      - {id: kickoff, kind: event, title: Call, by: learner, opens: course_start - 5wd, at: course_start at 10:00, wait_for: cohort, needs: [gate], minutes: 45}
      - {id: lunch, kind: event, title: Lunch, by: learner, with: manager, minutes: 30}
      - {id: ask, kind: discuss, title: Ask, by: learner, with: manager, opens: enrolled}
  - phase: during
    steps:
      - {id: alone, kind: read, title: Read, by: learner, content: {url: "https://x.example/"}}
      - {id: pair, kind: discuss, title: Pair, by: learner, with: peer, needs: [alone], due: open + 5wd}
      - {id: seen, kind: feedback, title: Seen, by: peer, needs: [alone], due: open + 5wd, done: response}
      - {id: tell, kind: share, title: Tell, by: learner, with: cohort, opens: enrolled, optional: true}
`

// crowd is a house with several learners of the gathering.
type crowd struct {
	*house
	k   engine.CohortKey
	ids map[string]engine.EnrolmentID
	who map[string]engine.PersonID
}

func newCrowd(t *testing.T, begin string) *crowd {
	t.Helper()
	h := newHouse(t, begin)
	_, problems, err := h.ImportWorkflow(t.Context(), "gathering.yaml", []byte(gathering), nil)
	if err != nil {
		t.Fatal(err, problems)
	}
	c := &crowd{house: h, ids: map[string]engine.EnrolmentID{}, who: map[string]engine.PersonID{}}
	tessa, err := h.ArriveStaff(t.Context(), engine.StaffArrival{Issuer: lms, Subject: "t", Name: "Tessa", Email: "tessa@example.org", Zone: "Europe/Berlin",
		Course: engine.Course{Issuer: lms, ID: "2"}, Roles: []string{"instructor"}})
	must(t, err)
	c.who["tessa"] = tessa.ID
	return c
}

func launchOf(name, zone string, custom map[string]string) engine.Arrival {
	a := arrival("gathering", custom)
	a.Subject, a.Name, a.Email, a.Zone = name, name, name+"@example.org", zone
	return a
}

func (c *crowd) joins(names ...string) {
	c.t.Helper()
	for _, name := range names {
		e, err := c.Arrive(c.t.Context(), launchOf(name, "Europe/Berlin", maxed))
		must(c.t, err)
		c.ids[name], c.who[name], c.k = e.ID, e.Learner, e.CohortKey()
	}
}

func (c *crowd) at(name string, step engine.StepID) *engine.StepState {
	c.t.Helper()
	v, err := c.StepView(c.t.Context(), c.ids[name], step, true)
	must(c.t, err)
	return &v.State
}

func (c *crowd) is(name string, step engine.StepID, want engine.State) {
	c.t.Helper()
	if got := c.at(name, step).State; got != want {
		c.t.Fatalf("%s's step %s is %s, want %s", name, step, got, want)
	}
}

func (c *crowd) does(step engine.StepID, names ...string) {
	c.t.Helper()
	for _, name := range names {
		must(c.t, c.MarkDone(c.t.Context(), c.who[name], c.ids[name], step))
	}
}

func (c *crowd) coach() engine.Actor { return engine.By(c.who["tessa"]) }

func (c *crowd) leaves(name string) {
	c.t.Helper()
	must(c.t, c.store.PutRosterEntry(c.t.Context(), engine.RosterEntry{Issuer: lms, Course: "2", Subject: name, Person: c.who[name], Status: engine.Enrolled}))
	e, err := c.store.Enrolment(c.t.Context(), c.ids[name])
	must(c.t, err)
	e.LeftAt = c.now.UTC()
	e.WakeAt = c.now.UTC()
	must(c.t, c.store.SaveEnrolment(c.t.Context(), e))
	must(c.t, c.Wake(c.t.Context(), c.ids[name]))
}

func TestAGateOpensForAllOnceTheLastActiveMemberIsReady(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob", "cem")
	c.does("prepare", "ann")
	c.is("ann", "gate", engine.Locked)
	c.does("prepare", "bob")
	c.is("bob", "gate", engine.Locked)
	c.leaves("cem") // whoever left is not waited for
	c.is("ann", "gate", engine.Open)
	c.is("bob", "gate", engine.Open)
	c.joins("dan") // late: the gate stays open, what it needs stays needed
	c.is("dan", "gate", engine.Locked)
	c.does("prepare", "dan")
	c.is("dan", "gate", engine.Open)
}

func TestACoachOpensAGateAndNobodyElseMay(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob")
	c.does("prepare", "ann")
	if err := c.OpenGate(t.Context(), engine.By(c.who["ann"]), c.k, "gate"); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("a learner opens the gate: %v", err)
	}
	if err := c.OpenGate(t.Context(), c.coach(), c.k, "prepare"); !errors.Is(err, engine.ErrInvalid) {
		t.Fatalf("a step without gate: %v", err)
	}
	for range 2 {
		must(t, c.OpenGate(t.Context(), c.coach(), c.k, "gate"))
	}
	c.is("ann", "gate", engine.Open)
	c.is("bob", "gate", engine.Locked)
	c.does("prepare", "bob")
	c.is("bob", "gate", engine.Open)
}

func TestAGateNeverBlocksForEver(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob")
	must(t, c.SetCourseStart(t.Context(), c.coach(), c.k, at(t, "2026-12-07 00:00").Add(12*time.Hour), ""))
	c.does("prepare", "ann")
	must(t, c.OpenGate(t.Context(), c.coach(), c.k, "gate"))
	must(t, c.Submit(t.Context(), c.who["ann"], c.ids["ann"], "gate", engine.Submission{Answers: wordy(4)}))
	c.pass("2026-12-03 18:00")
	c.is("ann", "kickoff", engine.Locked) // bob is not ready
	c.pass("2026-12-04 08:59")
	c.is("ann", "kickoff", engine.Locked)
	c.pass("2026-12-04 09:00") // one working day before the call
	c.is("ann", "kickoff", engine.Open)
	c.is("bob", "kickoff", engine.Locked)
}

func TestFortyMembersWhoJoinAndGetReadyAtOnceOpenOneGate(t *testing.T) {
	c := newCrowd(t, monday)
	const n = 40
	services := []*engine.Service{c.Service, engine.New(c.options)} // two workers on one store
	var wg sync.WaitGroup
	ids := make([]*engine.Enrolment, n)
	errs := make([]error, n)
	each := func(f func(i int) error) {
		t.Helper()
		for i := range n {
			wg.Go(func() { errs[i] = f(i) })
		}
		wg.Wait()
		must(t, errors.Join(errs...))
	}
	each(func(i int) (err error) {
		ids[i], err = services[i%2].Arrive(t.Context(), launchOf(fmt.Sprint("p", i), "Europe/Berlin", map[string]string{"course_start": "2026-12-07"}))
		return err
	})
	each(func(i int) error { return services[i%2].MarkDone(t.Context(), ids[i].Learner, ids[i].ID, "prepare") })
	c.sweep()
	for i := range n {
		v, err := c.StepView(t.Context(), ids[i].ID, "gate", true)
		must(t, err)
		if v.State.State != engine.Open {
			t.Fatalf("the gate of learner %d is %s", i, v.State.State)
		}
	}
	k := ids[0].CohortKey()
	cohort, err := c.store.Cohort(t.Context(), k.ID())
	must(t, err)
	if cohort.Gates["gate"].IsZero() || cohort.Start.Format(time.DateOnly) != "2026-12-07" || cohort.Tell {
		t.Fatalf("the cohort is %+v", cohort)
	}
	c.pass("2026-12-07 09:00") // groups are made at course_start
	sizes := map[int]int{}
	for i := range n {
		e, err := c.store.Enrolment(t.Context(), ids[i].ID)
		must(t, err)
		sizes[len(e.Cohort.Mates)]++
		for _, m := range e.Cohort.Mates {
			mate, err := c.store.Enrolment(t.Context(), m.Enrolment)
			must(t, err)
			if mate.Cohort.Group != e.Cohort.Group {
				t.Fatalf("learner %d is in group %d, the mate in %d", i, e.Cohort.Group, mate.Cohort.Group)
			}
		}
	}
	if sizes[1] != n {
		t.Fatalf("learners by number of mates: %v", sizes)
	}
}

func TestTheFirstLaunchSaysWhenTheCourseStartsAndACoachMovesIt(t *testing.T) {
	c := newCrowd(t, monday)
	launch := func(name, start string) {
		t.Helper()
		e, err := c.Arrive(t.Context(), launchOf(name, "Europe/Berlin", map[string]string{"course_start": start}))
		must(t, err)
		c.ids[name], c.who[name], c.k = e.ID, e.Learner, e.CohortKey()
	}
	starts := func(name, want string) {
		t.Helper()
		e, err := c.store.Enrolment(t.Context(), c.ids[name])
		must(t, err)
		if got := e.Anchors[engine.AnchorCourseStart].Format(time.DateOnly); got != want {
			t.Fatalf("%s's course starts on %s, want %s", name, got, want)
		}
	}
	c.joins("ann")
	launch("bob", "2026-12-07")
	starts("ann", "2026-12-07") // any member's parameter is the cohort's
	launch("cem", "2026-12-09")
	starts("cem", "2026-12-07")
	launch("bob", "2026-12-08") // the LMS has moved it
	starts("ann", "2026-12-08")
	must(t, c.SetCourseStart(t.Context(), c.coach(), c.k, at(t, "2026-12-14 12:00"), "America/New_York"))
	launch("bob", "2026-12-20")
	for _, name := range []string{"ann", "bob", "cem"} {
		starts(name, "2026-12-14")
	}
	if at := c.at("ann", "kickoff").Event.At; !at.Equal(time.Date(2026, 12, 14, 15, 0, 0, 0, time.UTC)) {
		t.Fatalf("the call is at %s, not at ten in New York", at)
	}
	if err := c.SetCourseStart(t.Context(), engine.By(c.who["ann"]), c.k, c.now, ""); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("a learner sets the start: %v", err)
	}
}

func TestLearnersOnBothSidesOfTheDateLineMeetAtOneInstant(t *testing.T) {
	c := newCrowd(t, monday)
	for name, zone := range map[string]string{"kiri": "Pacific/Kiritimati", "niue": "Pacific/Niue"} {
		e, err := c.Arrive(t.Context(), launchOf(name, zone, map[string]string{"course_start": "2026-12-07"}))
		must(t, err)
		c.ids[name], c.who[name] = e.ID, e.Learner
		c.now = c.now.Add(time.Minute)
	}
	kiri, niue := c.at("kiri", "kickoff").Event.At, c.at("niue", "kickoff").Event.At
	if !kiri.Equal(niue) || kiri.IsZero() {
		t.Fatalf("they meet at %s and at %s", kiri, niue)
	}
}

func (c *crowd) untilInvited(names ...string) {
	c.t.Helper()
	c.joins(names...)
	must(c.t, c.SetCourseStart(c.t.Context(), c.coach(), c.k, at(c.t, "2026-12-07 12:00"), ""))
	c.does("prepare", names...)
	for _, name := range names {
		must(c.t, c.Submit(c.t.Context(), c.who[name], c.ids[name], "gate", engine.Submission{Answers: wordy(4)}))
	}
	c.pass("2026-12-01 12:00")
}

func TestAnEventNobodyAttendedIsMissedTwoWorkingDaysLaterAndTheHostKnowsBetter(t *testing.T) {
	c := newCrowd(t, monday)
	c.untilInvited("ann", "bob")
	c.is("ann", "kickoff", engine.Open)
	c.pass("2026-12-09 16:59")
	c.is("ann", "kickoff", engine.Open)
	c.pass("2026-12-09 17:00")
	c.is("ann", "kickoff", engine.Expired)
	if err := c.MarkAttended(t.Context(), engine.By(c.who["bob"]), "kickoff", c.ids["ann"]); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("another learner marks: %v", err)
	}
	for range 2 {
		must(t, c.MarkAttended(t.Context(), c.coach(), "kickoff", c.ids["ann"]))
	}
	c.is("ann", "kickoff", engine.Done)
	c.is("bob", "kickoff", engine.Expired)
	if n := c.book.count("attended"); n != 1 {
		t.Errorf("%d statements that somebody attended", n)
	}
}

func TestAnEventIsAttendedByItsCodeEvenWhileItsStepIsLocked(t *testing.T) {
	c := newCrowd(t, monday)
	c.untilInvited("ann")
	c.joins("bob") // has not prepared: the step is locked
	code, err := c.EventCode(t.Context(), c.coach(), c.k, "kickoff")
	must(t, err)
	again, err := c.EventCode(t.Context(), c.coach(), c.k, "kickoff")
	must(t, err)
	if code != again || len(code) != 6 || strings.ContainsAny(code, "01IO") {
		t.Fatalf("the code is %q, then %q", code, again)
	}
	if _, err := c.EventCode(t.Context(), engine.By(c.who["ann"]), c.k, "kickoff"); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("a learner asks for the code: %v", err)
	}
	c.is("bob", "kickoff", engine.Locked)
	must(t, c.Attend(t.Context(), c.who["bob"], c.ids["bob"], "kickoff", " "+strings.ToLower(code[:3])+"-"+code[3:]))
	c.is("bob", "kickoff", engine.Done)
	if err := c.Attend(t.Context(), c.who["bob"], c.ids["ann"], "kickoff", code); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("bob attends for ann: %v", err)
	}
}

func TestAfterTenWrongCodesNoneIsTakenForAnHour(t *testing.T) {
	c := newCrowd(t, monday)
	c.untilInvited("ann")
	code, err := c.EventCode(t.Context(), c.coach(), c.k, "kickoff")
	must(t, err)
	key := func(err error) string {
		var fields engine.FieldErrors
		if errors.As(err, &fields) {
			return fields[0].Key
		}
		return fmt.Sprint(err)
	}
	try := func(code, want string) {
		t.Helper()
		if got := key(c.Attend(t.Context(), c.who["ann"], c.ids["ann"], "kickoff", code)); got != want {
			t.Fatalf("the code %q: %s, want %s", code, got, want)
		}
	}
	for range 10 {
		try("NOTTHIS", "error.code_wrong")
	}
	try(code, "error.code_tries")
	c.now = c.now.Add(59 * time.Minute)
	try(code, "error.code_tries")
	c.now = c.now.Add(time.Minute)
	try(code, "<nil>")
	c.is("ann", "kickoff", engine.Done)
}

func TestAChangedTimeIsToldAndTheCalendarEntryIsReplaced(t *testing.T) {
	c := newCrowd(t, monday)
	c.untilInvited("ann", "bob")
	before, err := c.EventInvite(t.Context(), c.who["ann"], c.ids["ann"], "kickoff")
	must(t, err)
	must(t, c.SetEventTime(t.Context(), c.coach(), c.k, "kickoff", at(t, "2026-12-08 15:00")))
	c.sweep()
	told := 0
	for _, m := range c.post.told() {
		if strings.HasSuffix(m, "event_time kickoff") {
			told++
		}
	}
	if told != 2 {
		t.Fatalf("%d were told of the new time: %v", told, c.post.told())
	}
	after, err := c.EventInvite(t.Context(), c.who["ann"], c.ids["ann"], "kickoff")
	must(t, err)
	if after.Event.UID != before.Event.UID || after.Event.Sequence <= before.Event.Sequence || !after.Event.Start.Equal(at(t, "2026-12-08 15:00")) {
		t.Fatalf("the entry was %+v and is %+v", before.Event, after.Event)
	}
	b, err := after.ICal()
	must(t, err)
	for _, want := range []string{"METHOD:PUBLISH\r\n", "DTSTART:20261208T140000Z\r\n", "SUMMARY:Call\r\n", "ORGANIZER", "UID:"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the file has no %q:\n%s", want, b)
		}
	}
}

func TestALateLearnerSkipsAnEventThatIsOver(t *testing.T) {
	c := newCrowd(t, monday)
	c.untilInvited("ann")
	c.pass("2026-12-07 10:30") // the call still goes on
	c.joins("bob", "cem")
	c.does("prepare", "bob", "cem")
	must(t, c.OpenGate(t.Context(), c.coach(), c.k, "gate"))
	must(t, c.Submit(t.Context(), c.who["bob"], c.ids["bob"], "gate", engine.Submission{Answers: wordy(4)}))
	c.is("bob", "kickoff", engine.Open)
	c.pass("2026-12-07 11:00")
	must(t, c.Submit(t.Context(), c.who["cem"], c.ids["cem"], "gate", engine.Submission{Answers: wordy(4)}))
	c.is("cem", "kickoff", engine.Skipped)
}

func TestAnEventWithTheManagerIsAgreedOnAndConfirmedByLink(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann")
	max := c.at("ann", "lunch").Requests
	if len(max) != 1 || max[0].Purpose != engine.ForAttend {
		t.Fatalf("who was asked about the lunch: %+v", max)
	}
	must(t, c.AgreeTime(t.Context(), engine.By(max[0].Person), c.ids["ann"], "lunch", at(t, "2026-11-25 12:00"))) // either may
	must(t, c.AgreeTime(t.Context(), engine.By(c.who["ann"]), c.ids["ann"], "lunch", at(t, "2026-11-26 12:00")))
	if err := c.AgreeTime(t.Context(), engine.By(c.who["ann"]), c.ids["ann"], "kickoff", c.now); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("a learner moves the call of all: %v", err)
	}
	c.pass("2026-11-26 12:00")
	waiting := slices.IndexFunc(c.at("ann", "lunch").Requests, engine.Request.Waiting)
	if waiting < 0 {
		t.Fatal("nobody is asked whether the lunch took place")
	}
	r := c.at("ann", "lunch").Requests[waiting].ID
	for range 2 {
		must(t, c.Answer(t.Context(), c.ids["ann"], r, engine.Answer{Outcome: "acknowledged"}))
	}
	c.is("ann", "lunch", engine.Done)
}
