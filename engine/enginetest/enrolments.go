package enginetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// enrolment is one with something in every corner, and nothing to do.
func enrolment(id string) *engine.Enrolment {
	score := 0.75
	return &engine.Enrolment{
		ID: engine.EnrolmentID(id), Workflow: "first-steps", Version: 3, RegistrationID: "0f8fad5b-d9cb-469f-a165-70867728950e",
		Learner: "sam", Course: engine.Course{Registration: "r1", Issuer: lms, ID: "2", Title: "Negotiation skills"},
		DeploymentID: "1", ResourceLinkID: "7", LineItem: lms + "/item?type_id=1", LineItemsURL: lms + "/items", RelaunchURL: lms + "/view.php?l=7",
		Custom:  map[string]string{"manager.email": "max@example.org", "$zone": "Europe/Berlin"},
		State:   engine.Active,
		Anchors: map[string]time.Time{"enrolled": start, "step.read": at(3)}, AnchorSource: map[string]string{"enrolled": "launch"},
		Steps: map[engine.StepID]*engine.StepState{
			"read": {State: engine.Done, OpenedAt: at(0), DoneAt: at(3), Attempt: 1, Score: &score},
			"try": {State: engine.Submitted, Attempt: 2, Hand: "c1", HandSHA256: sum(nil), NudgesPlanned: map[string]bool{"1:standard.0": true},
				Ratings:  map[engine.BehaviourID]int{"trade": 3},
				Reviews:  []engine.Review{{Request: "r1", By: "max", Role: engine.Manager, Outcome: engine.OutcomeReturn, At: at(4)}},
				Requests: []engine.Request{{ID: "r1", Step: "try", Purpose: engine.ForReview, Person: "max", Role: engine.Manager, AskedAt: at(1)}}},
		},
		Roles:     map[engine.Role][]engine.Assignment{engine.Manager: {{Person: "max", Source: "launch.custom.manager_email"}}},
		CreatedAt: start, UpdatedAt: start,
	}
}

func enrolmentComesBack(t *testing.T, s engine.Store) {
	ctx := t.Context()
	e := enrolment("e1")
	e.WakeAt = at(60)
	e.Statements = []engine.OutStatement{{ID: "st1", JSON: []byte(`{"b":1.10,"a":"\u00fc"}`)}, {ID: "st0", JSON: []byte(`{}`)}}
	e.Messages = []engine.Message{{ID: "m1", To: "sam", Enrolment: "e1", Purpose: engine.PurposeOwnText,
		Text: engine.Text{"de": "Nur Mut!"}, DueAt: at(5), PlannedAt: at(5), State: engine.MessageWaiting}}
	e.Grade = &engine.OutGrade{Score: 1, Max: 5, At: at(3), Comment: "1 of 5"}
	must(t, s.CreateEnrolment(ctx, e))
	same(t, "the revision", e.Rev, int64(1))

	back := got[*engine.Enrolment](t)(s.Enrolment(ctx, "e1"))
	same(t, "the enrolment", asJSON(t, back), asJSON(t, e))
	same(t, "the outbox keeps its bytes", back.Statements, e.Statements)

	back.Steps["read"].State = engine.Expired // what comes back is the caller's own
	back.Custom["x"] = "y"
	same(t, "another read", asJSON(t, got[*engine.Enrolment](t)(s.Enrolment(ctx, "e1"))), asJSON(t, e))

	_, err := s.Enrolment(ctx, "e2")
	wantErr(t, err, engine.ErrNotFound)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	return string(got[[]byte](t)(json.Marshal(v)))
}

func enrolmentExistsOnce(t *testing.T, s engine.Store) {
	ctx := t.Context()
	must(t, s.CreateEnrolment(ctx, enrolment("e1")))
	twin := enrolment("e2")
	twin.Version, twin.Course.Title, twin.Course.Registration = 4, "Another title", "r2"
	wantErr(t, s.CreateEnrolment(ctx, twin), engine.ErrConflict)
	same(t, "the twin's revision", twin.Rev, int64(0))
	sameID := enrolment("e1")
	sameID.Learner = "sofia"
	wantErr(t, s.CreateEnrolment(ctx, sameID), engine.ErrConflict)

	for i, change := range []func(*engine.Enrolment){
		func(e *engine.Enrolment) { e.Workflow = "other" },
		func(e *engine.Enrolment) { e.Learner = "sofia" },
		func(e *engine.Enrolment) { e.Course.ID = "3" },
		func(e *engine.Enrolment) { e.Course.Issuer = "https://other.example" },
	} {
		e := enrolment(fmt.Sprint("other", i))
		change(e)
		must(t, s.CreateEnrolment(ctx, e))
		same(t, "the one found", got[*engine.Enrolment](t)(s.FindEnrolment(ctx, e.Workflow, e.Learner, e.Course)).ID, e.ID)
	}
	same(t, "the one found", got[*engine.Enrolment](t)(s.FindEnrolment(ctx, twin.Workflow, "sam", twin.Course)).ID, engine.EnrolmentID("e1"))
	_, err := s.FindEnrolment(ctx, "first-steps", "sam", engine.Course{Issuer: lms, ID: "9"})
	wantErr(t, err, engine.ErrNotFound)
}

func oneCreationWins(t *testing.T, s engine.Store) {
	ctx := t.Context()
	same(t, "enrolments created", together(t, 20, engine.ErrConflict, func(i int) error {
		return s.CreateEnrolment(ctx, enrolment(fmt.Sprint("e", i)))
	}), 1)
	same(t, "enrolments of Sam", len(got[[]*engine.Enrolment](t)(s.EnrolmentsOf(ctx, "sam"))), 1)
}

func enrolmentIsSwapped(t *testing.T, s engine.Store) {
	ctx := t.Context()
	must(t, s.CreateEnrolment(ctx, enrolment("e1")))
	mine := got[*engine.Enrolment](t)(s.Enrolment(ctx, "e1"))
	theirs := got[*engine.Enrolment](t)(s.Enrolment(ctx, "e1"))
	mine.State, theirs.State = engine.Completed, engine.Stopped
	must(t, s.SaveEnrolment(ctx, mine))
	same(t, "my revision", mine.Rev, int64(2))
	wantErr(t, s.SaveEnrolment(ctx, theirs), engine.ErrConflict)
	same(t, "their revision", theirs.Rev, int64(1))
	same(t, "the enrolment", asJSON(t, got[*engine.Enrolment](t)(s.Enrolment(ctx, "e1"))), asJSON(t, mine))
	mine.Progress = 0.5
	must(t, s.SaveEnrolment(ctx, mine)) // on from the new revision
	wantErr(t, s.SaveEnrolment(ctx, enrolment("e2")), engine.ErrNotFound)
}

func oneSaveWins(t *testing.T, s engine.Store) {
	ctx := t.Context()
	must(t, s.CreateEnrolment(ctx, enrolment("e1")))
	for round := range 5 {
		same(t, fmt.Sprint("saves in round ", round), together(t, 20, engine.ErrConflict, func(i int) error {
			e := enrolment("e1")
			e.Rev = int64(round + 1)
			e.Uses = map[engine.BehaviourID]int{"trade": i}
			return s.SaveEnrolment(ctx, e)
		}), 1)
		same(t, "the revision", got[*engine.Enrolment](t)(s.Enrolment(ctx, "e1")).Rev, int64(round+2))
	}
	// Read, change, save, again on conflict: no change gets lost.
	e := got[*engine.Enrolment](t)(s.Enrolment(ctx, "e1"))
	e.Uses = map[engine.BehaviourID]int{}
	must(t, s.SaveEnrolment(ctx, e))
	same(t, "writers", together(t, 10, nil, func(int) error {
		for {
			e, err := s.Enrolment(ctx, "e1")
			if err != nil {
				return err
			}
			e.Uses = map[engine.BehaviourID]int{"trade": e.Uses["trade"] + 1}
			if err = s.SaveEnrolment(ctx, e); !isConflict(err) {
				return err
			}
		}
	}), 10)
	same(t, "changes", got[*engine.Enrolment](t)(s.Enrolment(ctx, "e1")).Uses["trade"], 10)
}

func enrolmentsAreListed(t *testing.T, s engine.Store) {
	ctx := t.Context()
	for i, who := range []string{"sam", "sofia", "sam"} {
		e := enrolment(fmt.Sprint("e", i))
		e.Learner, e.CreatedAt = engine.PersonID(who), at(-i) // later ones are older
		if i == 2 {
			e.Course.ID = "3"
		}
		must(t, s.CreateEnrolment(ctx, e))
	}
	same(t, "Sam's", ids(got[[]*engine.Enrolment](t)(s.EnrolmentsOf(ctx, "sam"))), "e2 e0 ")
	same(t, "in the course", ids(got[[]*engine.Enrolment](t)(s.EnrolmentsIn(ctx, engine.Course{Issuer: lms, ID: "2"}, 10))), "e1 e0 ")
	same(t, "nobody's", ids(got[[]*engine.Enrolment](t)(s.EnrolmentsOf(ctx, "max"))), "")
}

func ids(all []*engine.Enrolment) (joined string) {
	for _, e := range all {
		joined += string(e.ID) + " "
	}
	return joined
}

func clocksRing(t *testing.T, s engine.Store) {
	ctx := t.Context()
	for i, wake := range []time.Time{at(3), {}, at(1), at(2), at(500)} {
		e := enrolment(fmt.Sprint("e", i))
		e.Learner, e.WakeAt = engine.PersonID(fmt.Sprint("p", i)), wake
		must(t, s.CreateEnrolment(ctx, e))
	}
	same(t, "before all", len(got[[]engine.Due](t)(s.DueEnrolments(ctx, at(1).Add(-time.Millisecond), 10))), 0)
	same(t, "at three", got[[]engine.Due](t)(s.DueEnrolments(ctx, at(3), 10)),
		[]engine.Due{{ID: "e2", At: at(1)}, {ID: "e3", At: at(2)}, {ID: "e0", At: at(3)}})

	e := got[*engine.Enrolment](t)(s.Enrolment(ctx, "e2"))
	e.WakeAt = time.Time{}
	must(t, s.SaveEnrolment(ctx, e))
	e = got[*engine.Enrolment](t)(s.Enrolment(ctx, "e0"))
	e.WakeAt = at(4)
	must(t, s.SaveEnrolment(ctx, e))
	same(t, "at three, later", got[[]engine.Due](t)(s.DueEnrolments(ctx, at(3), 10)), []engine.Due{{ID: "e3", At: at(2)}})
}

func outboxIsFound(t *testing.T, s engine.Store) {
	ctx := t.Context()
	fill := []func(*engine.Enrolment){
		func(e *engine.Enrolment) { e.Statements = []engine.OutStatement{{ID: "s", JSON: []byte("{}")}} },
		func(e *engine.Enrolment) { e.Messages = []engine.Message{message("m", 0)} },
		func(e *engine.Enrolment) { e.Grade = &engine.OutGrade{Max: 1} },
		func(e *engine.Enrolment) {},
	}
	for i, f := range fill {
		e := enrolment(fmt.Sprint("e", i))
		e.Learner, e.UpdatedAt = engine.PersonID(fmt.Sprint("p", i)), time.Time{}
		f(e)
		must(t, s.CreateEnrolment(ctx, e))
	}
	full := func() []engine.EnrolmentID {
		t.Helper()
		return got[[]engine.EnrolmentID](t)(s.UnrelayedEnrolments(ctx, 10))
	}
	same(t, "full outboxes", full(), []engine.EnrolmentID{"e0", "e1"}) // a grade waits apart
	for _, id := range []engine.EnrolmentID{"e0", "e1"} {
		e := got[*engine.Enrolment](t)(s.Enrolment(ctx, id))
		e.Statements, e.Messages = nil, nil
		must(t, s.SaveEnrolment(ctx, e))
	}
	same(t, "full outboxes", len(full()), 0)
	e := got[*engine.Enrolment](t)(s.Enrolment(ctx, "e3"))
	fill[0](e)
	must(t, s.SaveEnrolment(ctx, e))
	same(t, "full outboxes", full(), []engine.EnrolmentID{"e3"})
}

func gradesFallDue(t *testing.T, s engine.Store) {
	ctx := t.Context()
	grades := []*engine.OutGrade{nil, {Max: 1}, {Max: 1, At: at(1), RetryAt: at(9)}, {Max: 1, At: at(5)}}
	for i, g := range grades {
		e := enrolment(fmt.Sprint("e", i))
		e.Learner, e.Grade = engine.PersonID(fmt.Sprint("p", i)), g
		must(t, s.CreateEnrolment(ctx, e))
	}
	due := func(minutes int) []engine.EnrolmentID {
		t.Helper()
		return got[[]engine.EnrolmentID](t)(s.DueGrades(ctx, at(minutes), 10))
	}
	same(t, "at 4", due(4), []engine.EnrolmentID{"e1"})
	same(t, "at 9", due(9), []engine.EnrolmentID{"e1", "e3", "e2"})
	e := got[*engine.Enrolment](t)(s.Enrolment(ctx, "e1"))
	e.Grade.RetryAt = at(20)
	must(t, s.SaveEnrolment(ctx, e))
	e = got[*engine.Enrolment](t)(s.Enrolment(ctx, "e3"))
	e.Grade = nil
	must(t, s.SaveEnrolment(ctx, e))
	same(t, "at 9, one put off and one passed back", due(9), []engine.EnrolmentID{"e2"})
	same(t, "at 20", due(20), []engine.EnrolmentID{"e2", "e1"})
}
