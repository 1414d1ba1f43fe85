package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Service is the engine of one tenant. It is safe for concurrent use, by several processes on one store too.
type Service struct {
	o Options

	mu     sync.Mutex
	parsed map[workflowKey]*Workflow
	stuck  stuck
}

type workflowKey struct {
	id      WorkflowID
	version int
}

// New makes a service. It does nothing by itself: time passes when somebody calls Sweep, Wake or Deliver.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wall == nil {
		o.Wall = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.NewID == nil {
		o.NewID = func() string { return uuid.NewString() }
	}
	o.IRIBase = strings.TrimRight(o.IRIBase, "/")
	return &Service{o: o, parsed: map[workflowKey]*Workflow{}}
}

// now is engine time as stores keep it.
func (s *Service) now() time.Time { return s.o.Now().UTC().Truncate(time.Millisecond) }

// maxTries is how often a change is decided anew because somebody else was faster.
const maxTries = 50

// change decides an event on an enrolment and saves what comes of it, again if somebody else was faster. make sees the
// enrolment as it is and may refuse. What was produced is relayed at once; what cannot be waits for the sweep.
func (s *Service) change(ctx context.Context, id EnrolmentID, make func(*Workflow, *Enrolment) (event, error)) (*Enrolment, error) {
	for range maxTries {
		e, err := s.o.Store.Enrolment(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("load enrolment %s: %w", id, err)
		}
		if err := freshFor(ctx, e); err != nil {
			return nil, err
		}
		w, err := s.Workflow(ctx, e.Workflow, e.Version)
		if err != nil {
			return nil, err
		}
		ev, err := make(w, e)
		if err != nil {
			return nil, err
		}
		seen := *e
		if launch, ok := ev.(arrived); ok && len(launch.a.Custom) > 0 {
			if launch.a.Part {
				launch.a.keepWay(e)
			}
			seen.Custom = launch.a.Custom // the launch may name other people
		}
		if g, ok := ev.(grouped); ok {
			seen.Cohort = &Membership{Mates: g.mates}
			if e.Cohort != nil {
				seen.Cohort.Label = e.Cohort.Label
			}
		}
		facts, err := s.facts(ctx, w, &seen)
		if err != nil {
			return nil, err
		}
		changed, err := decide(w, e, facts, ev, s.now())
		if err != nil {
			return nil, err
		}
		if same(e, changed) {
			return e, nil
		}
		err = s.o.Store.SaveEnrolment(ctx, changed)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("save enrolment %s: %w", id, err)
		}
		madeFresh(ctx, id)
		s.after(ctx, changed)
		if e.Paused() && !changed.Paused() {
			if err := s.awaken(ctx, changed); err != nil { // they would be looked at within a day
				s.o.Log.Warn("awaken messages", "enrolment", id, "error", err)
			}
		}
		return changed, nil
	}
	return nil, fmt.Errorf("save enrolment %s: too many others at once: %w", id, ErrConflict)
}

// after relays what a saved decision produced and sets alarms. It fails silently: the sweep finds what is left.
// A page left before it was shown must not hold it up: the caller's cancellation does not count.
func (s *Service) after(ctx context.Context, e *Enrolment) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterTime)
	defer cancel()
	to := receivers(e)
	if err := s.relay(ctx, e); err != nil {
		s.o.Log.Warn("relay outbox", "enrolment", e.ID, "error", err)
	}
	s.alarm(ctx, e, to)
}

const afterTime = 10 * time.Second

func receivers(e *Enrolment) []PersonID {
	var to []PersonID
	seen := map[PersonID]bool{}
	for _, m := range e.Messages {
		if !seen[m.To] {
			seen[m.To] = true
			to = append(to, m.To)
		}
	}
	return to
}

// alarmAhead is how far ahead alarms are set; the store knows the rest.
const alarmAhead = time.Hour

func (s *Service) alarm(ctx context.Context, e *Enrolment, to []PersonID) {
	if s.o.Alarms == nil {
		return
	}
	var errs []error
	for _, p := range to {
		errs = append(errs, s.o.Alarms.Deliver(ctx, s.o.Tenant, p))
	}
	if e.Grade != nil && !e.Grade.RetryAt.After(s.now()) {
		errs = append(errs, s.o.Alarms.RelayGrade(ctx, s.o.Tenant, e.ID))
	}
	if !e.WakeAt.IsZero() && e.WakeAt.Before(s.now().Add(alarmAhead)) {
		errs = append(errs, s.o.Alarms.Wake(ctx, s.o.Tenant, e.ID, e.WakeAt))
	}
	if err := errors.Join(errs...); err != nil {
		s.o.Log.Warn("set alarms", "enrolment", e.ID, "error", err)
	}
}

// current is an enrolment as it is now, time having passed since it was saved. Nothing is saved.
func (s *Service) current(ctx context.Context, id EnrolmentID) (*Workflow, *Enrolment, Facts, error) {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return nil, nil, Facts{}, fmt.Errorf("load enrolment %s: %w", id, err)
	}
	return s.asOfNow(ctx, e)
}

func (s *Service) asOfNow(ctx context.Context, e *Enrolment) (*Workflow, *Enrolment, Facts, error) {
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return nil, nil, Facts{}, err
	}
	facts, err := s.facts(ctx, w, e)
	if err != nil {
		return nil, nil, Facts{}, err
	}
	now, err := decide(w, e, facts, woke{}, s.now())
	return w, now, facts, err
}

// asOfLastWake is asOfNow for lists of many people: nothing is decided where nothing is to happen by now. What others
// changed meanwhile counts once the enrolment is woken for it.
func (s *Service) asOfLastWake(ctx context.Context, e *Enrolment) (*Workflow, *Enrolment, Facts, error) {
	if !e.WakeAt.IsZero() && !e.WakeAt.After(s.now()) {
		return s.asOfNow(ctx, e)
	}
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return nil, nil, Facts{}, err
	}
	facts, err := s.facts(ctx, w, e)
	return w, e, facts, err
}

// Person is one person.
func (s *Service) Person(ctx context.Context, id PersonID) (Person, error) {
	p, err := s.o.Store.Person(ctx, id)
	if err != nil {
		return Person{}, fmt.Errorf("load person %s: %w", id, err)
	}
	return p, nil
}

// changePerson applies a change to a person by compare-and-swap; a change that changes nothing is not saved.
func (s *Service) changePerson(ctx context.Context, id PersonID, change func(*Person)) error {
	for range maxTries {
		p, err := s.o.Store.Person(ctx, id)
		if err != nil {
			return fmt.Errorf("load person %s: %w", id, err)
		}
		before, err := json.Marshal(p)
		if err != nil {
			return err
		}
		change(&p)
		after, err := json.Marshal(p)
		if err != nil || bytes.Equal(before, after) {
			return err
		}
		err = s.o.Store.SavePerson(ctx, p)
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("save person %s: %w", id, ErrConflict)
}
