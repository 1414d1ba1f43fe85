package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

// picky is a record store that takes all or nothing and refuses one verb for good.
type picky struct {
	*book
	verb   string
	reason error
}

func (p picky) Record(ctx context.Context, statements []xapi.Statement) error {
	for _, st := range statements {
		if strings.HasSuffix(st.Verb.ID, "/"+p.verb) {
			return fmt.Errorf("record: %w", p.reason)
		}
	}
	return p.book.Record(ctx, statements)
}

func TestAStatementThatIsRefusedForGoodHoldsNothingUp(t *testing.T) {
	for _, reason := range []error{&xapi.Error{Path: "verb", Reason: "not this one"}, engine.ErrConflict} {
		h := newHouse(t, monday)
		o := h.options
		o.Recorder = picky{h.book, "launched", reason}
		h.Service = engine.New(o)
		h.arrive("first-steps", maxed)
		must(t, h.MarkDone(t.Context(), h.sam, h.id, "read-trades"))
		h.sweep()
		if got, want := h.book.verbs(), []string{"registered", "viewed", "completed", "progressed"}; !slices.Equal(got, want) {
			t.Fatalf("recorded %v, want %v", got, want)
		}
		e := h.home().Enrolment
		if len(e.Statements) != 0 || len(e.Parked) != 1 || !strings.Contains(string(e.Parked[0].JSON), "launched") {
			t.Fatalf("%d statements wait, %d are parked", len(e.Statements), len(e.Parked))
		}
	}
}

func TestMailsDoNotWaitForTheRecordStore(t *testing.T) {
	h := newHouse(t, monday)
	h.book.fail = 2
	h.arrive("first-steps", maxed)
	if all, err := h.store.MessagesTo(t.Context(), h.sam, 10); err != nil || len(all) != 1 {
		t.Fatalf("messages: %v (%v)", all, err)
	}
	if len(h.book.verbs()) != 0 {
		t.Fatal("recorded though it is away")
	}
}

// hungUp is a store whose caller goes away as soon as an enrolment is saved.
type hungUp struct {
	engine.Store
	hangUp func()
}

func (s hungUp) SaveEnrolment(ctx context.Context, e *engine.Enrolment) error {
	err := s.Store.SaveEnrolment(ctx, e)
	s.hangUp()
	return err
}

func TestSomebodyWhoLeavesThePageHoldsNothingUp(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	ctx, cancel := context.WithCancel(t.Context())
	o := h.options
	o.Store = hungUp{h.store, cancel}
	must(t, engine.New(o).MarkDone(ctx, h.sam, h.id, "read-trades"))
	e, err := h.store.Enrolment(t.Context(), h.id)
	must(t, err)
	if len(e.Statements)+len(e.Messages) != 0 || h.book.count("viewed") != 1 {
		t.Fatalf("%d statements and %d messages were left behind", len(e.Statements), len(e.Messages))
	}
}

func TestAStatementThatCannotBeAppliedStopsNobodyElsesFollow(t *testing.T) {
	h := newHouse(t, monday)
	bad := h.arrive("first-steps", maxed).ID
	same, err := h.Arrive(t.Context(), arrival("negotiation-skills", maxed))
	must(t, err)
	a := arrival("first-steps", maxed)
	a.Subject, a.Email = "6", "kim@example.org"
	kim, err := h.Arrive(t.Context(), a)
	must(t, err)
	wall := time.Now()
	o := h.options
	o.Store, o.Wall = damaged{h.store, bad}, func() time.Time { return wall }
	s := engine.New(o)
	all := []engine.Observed{{Seq: 1, Statement: h.completion("5")}, {Seq: 2, Statement: h.completion("6")}}
	next := func(_ context.Context, after int64, _ int) ([]engine.Observed, error) { return all[after:], nil }
	completed := func(id engine.EnrolmentID) bool {
		e, err := h.store.Enrolment(t.Context(), id)
		must(t, err)
		return !e.Anchors["course_completed"].IsZero()
	}
	for range 10 {
		if _, err := s.FollowOnce(t.Context(), next); err == nil {
			t.Fatal("a failure was not told")
		}
	}
	if !completed(same.ID) || completed(kim.ID) {
		t.Fatalf("at first: Sam's other enrolment %v, Kim's %v", completed(same.ID), completed(kim.ID))
	}
	wall = wall.Add(2 * time.Minute)
	if n, err := s.FollowOnce(t.Context(), next); n != 2 || err != nil {
		t.Fatalf("after two minutes: %d statements (%v)", n, err)
	}
	if !completed(kim.ID) {
		t.Fatal("Kim still waits")
	}
}

func TestAMailIsTriedForDaysBeforeItIsGivenUp(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	h.sweep()
	must(t, h.MarkDone(t.Context(), h.sam, h.id, "read-trades"))
	must(t, h.Submit(t.Context(), h.sam, h.id, "reflect", engine.Submission{Answers: wordy(40)}))
	must(t, h.Submit(t.Context(), h.sam, h.id, "experiment", experiment("first")))
	h.post.fail = &engine.RetryError{Err: errors.New("the mail server is away")}
	for range 3 * 24 * 2 { // three days
		_, _ = h.Sweep(t.Context(), "test")
		h.now = h.now.Add(30 * time.Minute)
	}
	max, err := h.store.PersonByEmail(t.Context(), "max@example.org")
	must(t, err)
	state := func() string {
		all, err := h.store.MessagesTo(t.Context(), max.ID, 10)
		must(t, err)
		i := slices.IndexFunc(all, func(m engine.Message) bool { return m.Purpose == "review_request" })
		return all[i].State
	}
	if got := state(); got != engine.MessageWaiting {
		t.Fatalf("after three days the request is %s", got)
	}
	for range 3 * 24 * 2 {
		_, _ = h.Sweep(t.Context(), "test")
		h.now = h.now.Add(30 * time.Minute)
	}
	if got := state(); got != engine.MessageFailed {
		t.Fatalf("after six days the request is %s", got)
	}
}
