package engine_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// stalling is an LMS whose first answer takes until it is let go.
type stalling struct {
	called, letGo chan struct{}
	calls         atomic.Int32
	mu            sync.Mutex
	took          []float64
}

func (g *stalling) Post(_ context.Context, _ *engine.Enrolment, _ engine.Person, grade engine.OutGrade) error {
	if g.calls.Add(1) == 1 {
		close(g.called)
		<-g.letGo
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.took = append(g.took, grade.Score)
	return nil
}

func TestAGradeThatStallsNeverOverwritesAHigherOne(t *testing.T) {
	h := newHouse(t, monday)
	o, lms := h.options, &stalling{called: make(chan struct{}), letGo: make(chan struct{})}
	o.Gradebook = lms
	h.Service = engine.New(o)
	h.arrive("first-steps", maxed)
	must(t, h.MarkDone(t.Context(), h.sam, h.id, "read-trades"))

	slow := make(chan error)
	go func() { slow <- h.RelayGrade(t.Context(), h.id) }()
	<-lms.called
	must(t, h.Submit(t.Context(), h.sam, h.id, "reflect", engine.Submission{Answers: wordy(40)}))
	must(t, engine.New(o).RelayGrade(t.Context(), h.id)) // another process is faster
	close(lms.letGo)
	must(t, <-slow)

	e, err := h.store.Enrolment(t.Context(), h.id)
	must(t, err)
	if len(lms.took) != 2 || !slices.IsSorted(lms.took) || e.Grade != nil || e.GradeSent != lms.took[1] {
		t.Fatalf("the LMS took %v; sent %v, waits %v", lms.took, e.GradeSent, e.Grade)
	}
}
