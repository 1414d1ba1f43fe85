package enginesqlite_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// alternating sends every other write to another handle of the same file.
type alternating struct {
	engine.Store
	other engine.Store
	n     atomic.Int64
}

func (a *alternating) next() engine.Store {
	if a.n.Add(1)%2 == 0 {
		return a.other
	}
	return a.Store
}

func (a *alternating) CreatePerson(ctx context.Context, p engine.Person) error {
	return a.next().CreatePerson(ctx, p)
}

func (a *alternating) SavePerson(ctx context.Context, p engine.Person) error {
	return a.next().SavePerson(ctx, p)
}

func (a *alternating) CreateEnrolment(ctx context.Context, e *engine.Enrolment) error {
	return a.next().CreateEnrolment(ctx, e)
}

func (a *alternating) SaveEnrolment(ctx context.Context, e *engine.Enrolment) error {
	return a.next().SaveEnrolment(ctx, e)
}

func (a *alternating) Enrolment(ctx context.Context, id engine.EnrolmentID) (*engine.Enrolment, error) {
	return a.next().Enrolment(ctx, id)
}

func (a *alternating) AddMessage(ctx context.Context, m engine.Message) error {
	return a.next().AddMessage(ctx, m)
}

func (a *alternating) SaveMessage(ctx context.Context, m engine.Message) error {
	return a.next().SaveMessage(ctx, m)
}

func (a *alternating) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	return a.next().TakeLease(ctx, name, holder, now, until)
}
