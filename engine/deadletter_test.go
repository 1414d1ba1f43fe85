package engine_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

// refuser refuses grades and statements for good, for as long as it is told to.
type refuser struct {
	*book
	grades, statements bool
}

func (r *refuser) Post(ctx context.Context, e *engine.Enrolment, p engine.Person, g engine.OutGrade) error {
	if r.grades {
		return errors.New("no such line item")
	}
	return r.book.Post(ctx, e, p, g)
}

func (r *refuser) Record(ctx context.Context, all []xapi.Statement) error {
	if r.statements {
		return &xapi.Error{}
	}
	return r.book.Record(ctx, all)
}

func letters(t *testing.T, s *engine.Service) (kinds []string, first string) {
	t.Helper()
	all, err := s.DeadLetters(t.Context())
	must(t, err)
	for _, l := range all {
		kinds = append(kinds, l.Kind)
		first = all[0].ID
	}
	return kinds, first
}

func TestAMessageThatIsGivenUpIsListedAndSentWhenRetried(t *testing.T) {
	h := newHouse(t, monday)
	h.post.fail = errors.New("no such mailbox")
	h.arrive("first-steps", maxed)
	h.post.fail = errors.New("550 refused")
	_, err := h.Sweep(t.Context(), "test")
	if err == nil {
		t.Fatal("nothing failed")
	}
	kinds, id := letters(t, h.Service)
	if !slices.Equal(kinds, []string{engine.DeadMessage}) {
		t.Fatalf("dead letters %q", kinds)
	}
	h.post.fail = nil
	must(t, h.RetryDeadLetter(t.Context(), id))
	h.sweep()
	if len(h.post.sent()) != 1 {
		t.Fatalf("%d mails", len(h.post.sent()))
	}
	if kinds, _ := letters(t, h.Service); len(kinds) != 0 {
		t.Errorf("still dead: %q", kinds)
	}
	if err := h.RetryDeadLetter(t.Context(), id); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("retried again: %v", err)
	}
}

func TestAMessageThatIsDroppedIsNeverSent(t *testing.T) {
	h := newHouse(t, monday)
	h.post.fail = errors.New("550 refused")
	h.arrive("first-steps", maxed)
	_, _ = h.Sweep(t.Context(), "test")
	_, id := letters(t, h.Service)
	must(t, h.DropDeadLetter(t.Context(), id))
	h.post.fail = nil
	h.now = h.now.Add(time.Hour)
	h.sweep()
	if kinds, _ := letters(t, h.Service); len(kinds) != 0 || len(h.post.sent()) != 0 {
		t.Errorf("dead %q, %d mails", kinds, len(h.post.sent()))
	}
}

func TestARefusedGradeAndRefusedStatementsAreListedAndGoOutWhenRetried(t *testing.T) {
	h := newHouse(t, monday)
	r := &refuser{book: h.book, grades: true, statements: true}
	o := h.options
	o.Gradebook, o.Recorder = r, r
	h.Service = engine.New(o)
	e := h.arrive("first-steps", maxed)
	must(t, h.MarkDone(t.Context(), h.sam, e.ID, "read-trades"))
	h.now = h.now.Add(time.Second)
	_, _ = h.Sweep(t.Context(), "test")
	kinds, _ := letters(t, h.Service)
	slices.Sort(kinds)
	if !slices.Equal(kinds, []string{engine.DeadGrade, engine.DeadStatements}) {
		t.Fatalf("dead letters %q", kinds)
	}
	r.grades, r.statements = false, false
	all, err := h.DeadLetters(t.Context())
	must(t, err)
	for _, l := range all {
		must(t, h.RetryDeadLetter(t.Context(), l.ID))
	}
	h.now = h.now.Add(time.Second)
	h.sweep()
	if kinds, _ := letters(t, h.Service); len(kinds) != 0 || len(h.book.grades) != 1 || h.book.count("registered") != 1 {
		t.Errorf("dead %q, grades %v, verbs %q", kinds, h.book.grades, h.book.verbs())
	}
}

func TestATaskThatFailedTooOftenIsDeadUntilItsWorkIsDone(t *testing.T) {
	h := newHouse(t, monday)
	e := h.arrive("first-steps", maxed)
	h.now = e.WakeAt.Add(time.Minute)
	h.Bury(t.Context(), engine.DeadWake, string(e.ID), "", 7, errors.New("the document is damaged"))
	kinds, id := letters(t, h.Service)
	if !slices.Equal(kinds, []string{engine.DeadWake}) {
		t.Fatalf("dead letters %q", kinds)
	}
	b, err := h.Backlog(t.Context())
	if must(t, err); b.Wakes != 1 || b.Dead != 1 || !b.Oldest.Equal(e.WakeAt) && b.Messages == 0 {
		t.Errorf("the backlog is %+v", b)
	}
	must(t, h.RetryDeadLetter(t.Context(), id))
	if kinds, _ := letters(t, h.Service); len(kinds) != 0 {
		t.Errorf("still dead: %q", kinds)
	}
}
