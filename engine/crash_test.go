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

func (m *mortal) PutAlias(ctx context.Context, a engine.Alias) error {
	return m.write(func() error { return m.Store.PutAlias(ctx, a) })
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

func (m *mortal) PutWorkflow(ctx context.Context, f engine.WorkflowFile) error {
	return m.write(func() error { return m.Store.PutWorkflow(ctx, f) })
}

func (m *mortal) SaveCursor(ctx context.Context, name string, seq int64) error {
	return m.write(func() error { return m.Store.SaveCursor(ctx, name, seq) })
}

func (m *mortal) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	var taken bool
	err := m.write(func() (err error) { taken, err = m.Store.TakeLease(ctx, name, holder, now, until); return err })
	return taken, err
}

func (m *mortal) ReleaseLease(ctx context.Context, name, holder string) error {
	return m.write(func() error { return m.Store.ReleaseLease(ctx, name, holder) })
}

// Every act of the walk, deliveries too, is killed at each of its writes in turn, before and after the write, then done
// again by a new process, as a person does who got no answer, and as the next sweep does. A mail may then be sent twice,
// under the same Message-ID: a mailbox shows it once.
func TestDyingAtAnyWriteLosesAndDoublesNothing(t *testing.T) {
	ctx := t.Context()
	whole := newMortalHouse(t)
	for _, act := range longWalk() {
		must(t, act(ctx, whole.Service, whole))
	}
	want, told := whole.recorded(), whole.matters()

	for _, before := range []bool{true, false} {
		for k := 1; ; k++ {
			h := newMortalHouse(t)
			deaths := 0
			for _, act := range longWalk() {
				deaths += h.tryUntilDone(ctx, act, k, before)
			}
			h.sweep()
			name := fmt.Sprintf("killed at write %d of every act (before it: %v)", k, before)
			if got := h.recorded(); !slices.Equal(got, want) {
				t.Fatalf("%s: statements\n%v\nwant\n%v", name, got, want)
			}
			if mails := h.matters(); !slices.Equal(mails, told) {
				t.Fatalf("%s: mails\n%v\nwant\n%v", name, mails, told)
			}
			if e := h.home().Enrolment; len(e.Statements)+len(e.Messages)+len(e.Parked) > 0 || e.Steps["experiment"].State != engine.Done {
				t.Fatalf("%s: the outbox holds %d statements, the experiment is %s", name, len(e.Statements), e.Steps["experiment"].State)
			}
			if late, err := h.store.DueMessages(ctx, h.wall.Add(24*time.Hour), 10); err != nil || slices.ContainsFunc(late, func(m engine.Message) bool { return m.State == engine.MessageSending }) {
				t.Fatalf("%s: a message is claimed for good: %+v (%v)", name, late, err)
			}
			if deaths == 0 {
				break // no act has that many writes
			}
		}
	}
}

// mortalHouse is a house with a wall clock of its own: a new process starts when the claims of the dead one are over.
type mortalHouse struct {
	*house
	wall time.Time
}

func newMortalHouse(t *testing.T) *mortalHouse {
	t.Helper()
	h := &mortalHouse{house: newHouse(t, monday), wall: at(t, monday).Add(-24 * time.Hour)} // the development clock is ahead
	h.options.Wall = func() time.Time { return h.wall }
	h.Service = engine.New(h.options)
	return h
}

// recorded is what was recorded, sorted; a launch done again is a launch.
func (h *mortalHouse) recorded() []string {
	verbs := slices.DeleteFunc(h.book.verbs(), func(v string) bool { return v == "launched" })
	slices.Sort(verbs)
	return verbs
}

// matters is what a mailbox that knows Message-IDs shows, with what travelled inside, sorted.
func (h *mortalHouse) matters() []string {
	var out []string
	seen := map[engine.MessageID]bool{}
	for _, mail := range h.post.sent() {
		for _, m := range append([]engine.Mail{mail}, mail.Also...) {
			if !seen[m.Message.ID] {
				seen[m.Message.ID] = true
				out = append(out, m.To.Email+" "+m.Message.Purpose+" "+string(m.Message.Step))
			}
		}
	}
	slices.Sort(out)
	return out
}

// tryUntilDone does an act in a process that dies at its k-th write, then in a healthy one; 1 if the first died.
func (h *mortalHouse) tryUntilDone(ctx context.Context, act act, k int, before bool) int {
	h.t.Helper()
	store := &mortal{Store: h.store, left: k, before: before}
	o := h.options
	o.Store = store
	err := act(ctx, engine.New(o), h)
	if store.left > 0 {
		must(h.t, err)
		return 0
	}
	h.wall = h.wall.Add(5 * time.Minute)
	if err := act(ctx, h.Service, h); err != nil {
		h.t.Fatalf("done again after death at write %d: %v", k, err)
	}
	return 1
}

type act func(ctx context.Context, s *engine.Service, h *mortalHouse) error

// longWalk is the chain from launch to approval, with the sweeps that deliver in between.
func longWalk() []act {
	sweep := func(ctx context.Context, s *engine.Service, h *mortalHouse) error {
		_, err := s.Sweep(ctx, fmt.Sprint("sweeper at ", h.wall))
		return err
	}
	arrive := func(subject string) act {
		return func(ctx context.Context, s *engine.Service, h *mortalHouse) error {
			a := arrival("first-steps", maxed)
			a.Subject, a.Email = subject, "l"+subject+"@example.org"
			e, err := s.Arrive(ctx, a)
			if err == nil {
				h.id, h.sam = e.ID, e.Learner
			}
			return err
		}
	}
	handIn := []act{
		func(ctx context.Context, s *engine.Service, h *mortalHouse) error {
			return s.MarkDone(ctx, h.sam, h.id, "read-trades")
		},
		func(ctx context.Context, s *engine.Service, h *mortalHouse) error {
			return s.Submit(ctx, h.sam, h.id, "reflect", engine.Submission{Answers: wordy(40)})
		},
		func(ctx context.Context, s *engine.Service, h *mortalHouse) error {
			return s.Submit(ctx, h.sam, h.id, "experiment", experiment("first"))
		},
	}
	walk := []act{func(ctx context.Context, s *engine.Service, h *mortalHouse) error {
		_, err := s.ArriveStaff(ctx, engine.StaffArrival{Issuer: lms, Subject: "9", Name: "Tessa", Email: "tessa@example.org",
			Course: engine.Course{Issuer: lms, ID: "2"}, Roles: []string{"instructor"}})
		return err
	}}
	for _, subject := range []string{"6", "5"} { // two requests to Max travel in one mail
		walk = append(append(walk, arrive(subject), sweep), handIn...)
	}
	return append(walk, sweep, func(ctx context.Context, s *engine.Service, h *mortalHouse) error {
		e, err := h.store.Enrolment(ctx, h.id)
		if err != nil {
			return err
		}
		r := e.Steps["experiment"].Requests[0].ID
		v, err := h.OpenRequest(ctx, h.id, r)
		if err != nil {
			return err
		}
		return s.Answer(ctx, h.id, r, engine.Answer{Outcome: "approve", SHA256: v.SHA256, Comment: "Good.", Ratings: map[engine.BehaviourID]int{"trade": 3}})
	}, sweep, func(ctx context.Context, s *engine.Service, h *mortalHouse) error {
		all := []engine.Observed{{Seq: 1, Statement: h.completion("5")}, {Seq: 2, Statement: h.completion("6")}}
		_, err := s.FollowOnce(ctx, func(_ context.Context, after int64, _ int) ([]engine.Observed, error) { return all[after:], nil })
		return err
	}, sweep)
}
