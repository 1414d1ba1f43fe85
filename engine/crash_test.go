package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// mortal is a real store whose process dies at one of its writes: just before it, or just after it was kept.
type mortal struct {
	engine.Store
	left   int // writes until death
	before bool
}

var errKilled = errors.New("killed")

func (m *mortal) write(do func() error) error {
	if m.left == 0 {
		return errKilled
	}
	m.left--
	if m.left > 0 {
		return do()
	}
	if !m.before {
		if err := do(); err != nil {
			return err
		}
	}
	return errKilled
}

func (m *mortal) CreatePerson(ctx context.Context, p engine.Person) error {
	return m.write(func() error { return m.Store.CreatePerson(ctx, p) })
}

func (m *mortal) SavePerson(ctx context.Context, p engine.Person) error {
	return m.write(func() error { return m.Store.SavePerson(ctx, p) })
}

func (m *mortal) CreateEnrolment(ctx context.Context, e *engine.Enrolment) error {
	return m.write(func() error { return m.Store.CreateEnrolment(ctx, e) })
}

func (m *mortal) SaveEnrolment(ctx context.Context, e *engine.Enrolment) error {
	return m.write(func() error { return m.Store.SaveEnrolment(ctx, e) })
}

func (m *mortal) PutContribution(ctx context.Context, c engine.Contribution) error {
	return m.write(func() error { return m.Store.PutContribution(ctx, c) })
}

func (m *mortal) PutBlob(ctx context.Context, sha256 string, data []byte) error {
	return m.write(func() error { return m.Store.PutBlob(ctx, sha256, data) })
}

func (m *mortal) PutSignal(ctx context.Context, g engine.Signal) error {
	return m.write(func() error { return m.Store.PutSignal(ctx, g) })
}

func (m *mortal) AddMessage(ctx context.Context, msg engine.Message) error {
	return m.write(func() error { return m.Store.AddMessage(ctx, msg) })
}

func (m *mortal) SaveMessage(ctx context.Context, msg engine.Message) error {
	return m.write(func() error { return m.Store.SaveMessage(ctx, msg) })
}

func (m *mortal) AddStaff(ctx context.Context, st engine.Staff) error {
	return m.write(func() error { return m.Store.AddStaff(ctx, st) })
}

func (m *mortal) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	var taken bool
	err := m.write(func() (err error) { taken, err = m.Store.TakeLease(ctx, name, holder, now, until); return err })
	return taken, err
}

func (m *mortal) ReleaseLease(ctx context.Context, name, holder string) error {
	return m.write(func() error { return m.Store.ReleaseLease(ctx, name, holder) })
}

// Every act of the walk is killed at each of its writes in turn, before and after the write, then done again by a new
// process, as a person does who got no answer.
func TestDyingAtAnyWriteLosesAndDoublesNothing(t *testing.T) {
	ctx := t.Context()
	whole := newHouse(t, monday)
	for _, act := range shortWalk() {
		must(t, act(ctx, whole.Service, whole))
	}
	whole.sweep()
	want := whole.book.verbs()
	told := whole.post.told()
	slices.Sort(want)
	slices.Sort(told)

	for _, before := range []bool{true, false} {
		for k := 1; ; k++ {
			h := newHouse(t, monday)
			deaths := 0
			for _, act := range shortWalk() {
				deaths += h.tryUntilDone(ctx, act, k, before)
			}
			h.sweep()
			name := fmt.Sprintf("killed at write %d of every act (before it: %v)", k, before)
			got, mails := h.book.verbs(), h.post.told()
			got = slices.DeleteFunc(got, func(v string) bool { return v == "launched" }) // a launch done again is a launch
			expected := slices.DeleteFunc(slices.Clone(want), func(v string) bool { return v == "launched" })
			slices.Sort(got)
			slices.Sort(mails)
			if !slices.Equal(got, expected) {
				t.Fatalf("%s: statements\n%v\nwant\n%v", name, got, expected)
			}
			if !slices.Equal(mails, told) {
				t.Fatalf("%s: mails\n%v\nwant\n%v", name, mails, told)
			}
			if e := h.home().Enrolment; e.Unrelayed() || e.Steps["experiment"].State != engine.Done {
				t.Fatalf("%s: the outbox holds %d statements, the experiment is %s", name, len(e.Statements), e.Steps["experiment"].State)
			}
			if deaths == 0 {
				break // no act has that many writes
			}
		}
	}
}

// tryUntilDone does an act in a process that dies at its k-th write, then in a healthy one; 1 if the first died.
func (h *house) tryUntilDone(ctx context.Context, act act, k int, before bool) int {
	h.t.Helper()
	store := &mortal{Store: h.store, left: k, before: before}
	o := h.options
	o.Store = store
	err := act(ctx, engine.New(o), h)
	if store.left > 0 {
		must(h.t, err)
		return 0
	}
	if err := act(ctx, h.Service, h); err != nil {
		h.t.Fatalf("done again after death at write %d: %v", k, err)
	}
	return 1
}

type act func(ctx context.Context, s *engine.Service, h *house) error

// shortWalk is the chain from launch to approval.
func shortWalk() []act {
	return []act{
		func(ctx context.Context, s *engine.Service, h *house) error {
			e, err := s.Arrive(ctx, arrival("first-steps", maxed))
			if err == nil {
				h.id, h.sam = e.ID, e.Learner
			}
			return err
		},
		func(ctx context.Context, s *engine.Service, h *house) error {
			return s.MarkDone(ctx, h.sam, h.id, "read-trades")
		},
		func(ctx context.Context, s *engine.Service, h *house) error {
			return s.Submit(ctx, h.sam, h.id, "reflect", engine.Submission{Answers: wordy(40)})
		},
		func(ctx context.Context, s *engine.Service, h *house) error {
			return s.Submit(ctx, h.sam, h.id, "experiment", experiment("first"))
		},
		func(ctx context.Context, s *engine.Service, h *house) error {
			h.sweep()
			r := h.request("max@example.org")
			v, err := h.OpenRequest(ctx, h.id, r)
			if err != nil {
				return err
			}
			return s.Answer(ctx, h.id, r, engine.Answer{Outcome: "approve", SHA256: v.SHA256, Comment: "Good.", Ratings: map[engine.BehaviourID]int{"trade": 3}})
		},
	}
}
