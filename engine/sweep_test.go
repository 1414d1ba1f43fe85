package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// absent is an LMS that takes no grade now.
type absent struct{ asked int }

func (a *absent) Post(context.Context, *engine.Enrolment, engine.Person, engine.OutGrade) error {
	a.asked++
	return &engine.RetryError{After: time.Hour, Err: errors.New("the LMS is away")}
}

func TestAGradeThatWaitsIsNoWorkForTheSweep(t *testing.T) {
	h := newHouse(t, monday)
	o, lms := h.options, &absent{}
	o.Gradebook = lms
	h.Service = engine.New(o)
	h.arrive("first-steps", maxed)
	must(t, h.MarkDone(t.Context(), h.sam, h.id, "read-trades"))
	h.now = h.now.Add(time.Second)
	if _, err := h.Sweep(t.Context(), "test"); err == nil {
		t.Fatal("a grade that failed was not told")
	}
	for range 3 {
		h.now = h.now.Add(time.Second)
		r, err := h.Sweep(t.Context(), "test")
		if must(t, err); r != (engine.SweepReport{}) {
			t.Fatalf("a sweep with nothing to do reports %+v", r)
		}
	}
	h.now = h.now.Add(time.Hour)
	if _, err := h.Sweep(t.Context(), "test"); err == nil || lms.asked != 2 {
		t.Fatalf("after the hour the LMS was asked %d times (%v)", lms.asked, err)
	}
}

// hanging is an LMS for which every grade takes ten seconds.
type hanging struct {
	wall  *time.Time
	asked int
	mails func() int
	had   int // mails sent before the first grade
}

func (g *hanging) Post(context.Context, *engine.Enrolment, engine.Person, engine.OutGrade) error {
	if g.asked++; g.asked == 1 {
		g.had = g.mails()
	}
	*g.wall = g.wall.Add(10 * time.Second)
	return nil
}

func TestAnLMSThatHangsDelaysNoMailAndNotTheWholeSweep(t *testing.T) {
	h := newHouse(t, monday)
	wall := time.Now()
	o := h.options
	lms := &hanging{wall: &wall, mails: func() int { return len(h.post.sent()) }}
	o.Gradebook, o.Wall = lms, func() time.Time { return wall }
	s := engine.New(o)
	for i := range 7 {
		a := arrival("first-steps", maxed)
		a.Subject, a.Email = fmt.Sprint(i), fmt.Sprintf("l%d@example.org", i)
		e, err := s.Arrive(t.Context(), a)
		if must(t, err); i == 6 {
			break // the last one only gets a mail
		}
		must(t, s.MarkDone(t.Context(), e.Learner, e.ID, "read-trades"))
	}
	_, err := s.Sweep(t.Context(), "test")
	must(t, err)
	if lms.had != 1 || lms.asked != 3 {
		t.Fatalf("%d mails before the first grade, %d grades in one sweep", lms.had, lms.asked)
	}
	_, err = s.Sweep(t.Context(), "test")
	must(t, err)
	if lms.asked != 6 {
		t.Fatalf("after two sweeps %d of 6 grades", lms.asked)
	}
}

func TestPeopleWhoseMailsKeepFailingHideNobodyBehindThem(t *testing.T) {
	h := newHouse(t, monday)
	e := h.arrive("first-steps", maxed)
	h.sweep()
	for i := range 250 {
		who := engine.PersonID(fmt.Sprint("p", i))
		must(t, h.store.CreatePerson(t.Context(), engine.Person{ID: who, Issuer: lms, Subject: fmt.Sprint("x", i), Email: fmt.Sprintf("p%d@example.org", i)}))
		m := engine.Message{ID: engine.MessageID(who), To: who, Enrolment: e.ID, Purpose: engine.PurposeCompleted, DueAt: h.now.Add(time.Duration(i) * time.Millisecond), State: engine.MessageWaiting}
		if i < 249 {
			m.Enrolment = "damaged"
		}
		must(t, h.store.AddMessage(t.Context(), m))
	}
	o := h.options
	o.Store = damaged{h.store, "damaged"}
	h.now = h.now.Add(time.Minute)
	before := len(h.post.sent())
	r, _ := engine.New(o).Sweep(t.Context(), "test")
	if r.Failed != 249 || len(h.post.sent()) != before+1 {
		t.Fatalf("%d failed, %d mails", r.Failed, len(h.post.sent())-before)
	}
}

// damaged is a store one of whose enrolments cannot be read.
type damaged struct {
	engine.Store
	bad engine.EnrolmentID
}

func (s damaged) Enrolment(ctx context.Context, id engine.EnrolmentID) (*engine.Enrolment, error) {
	if id == s.bad {
		return nil, errors.New("the document is damaged")
	}
	return s.Store.Enrolment(ctx, id)
}
