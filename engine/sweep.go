package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	sweepBatch = 200
	gradeTime  = 20 * time.Second // real time one sweep gives to grades: an LMS that hangs delays nothing else
)

// sweep is one run of Sweep.
type sweep struct {
	s *Service

	mu     sync.Mutex
	report SweepReport
	errs   []error
}

// Sweep runs whatever rings, waits or was left behind in the store, one worker at a time: it wakes due enrolments,
// relays outboxes, delivers due messages, passes grades back for a while and sets the next hour's alarms. holder names
// the worker. Within a sweep Options.Width documents are worked on at once.
func (s *Service) Sweep(ctx context.Context, holder string) (SweepReport, error) {
	w := &sweep{s: s}
	ctx, right, err := s.leaseAs(ctx, leaseName, holder)
	if err != nil || right == nil {
		return SweepReport{Held: err == nil}, err
	}
	defer right.giveBack(ctx)
	w.events(ctx)
	w.wake(ctx)
	w.relay(ctx)
	w.cohorts(ctx)
	w.deliver(ctx)
	w.grades(ctx)
	w.alarms(ctx)
	return w.report, errors.Join(w.errs...)
}

const leaseName = "sweep"

// sweepEach does something for all documents, Options.Width at once, until ctx ends, and counts what went well.
func sweepEach[T any](ctx context.Context, w *sweep, all []T, count *int, do func(T) (int, error)) {
	var workers sync.WaitGroup
	places := make(chan struct{}, max(1, w.s.o.Width))
	for _, one := range all {
		if ctx.Err() != nil {
			break
		}
		places <- struct{}{}
		workers.Go(func() {
			defer func() { <-places }()
			n, err := do(one)
			w.note(err)
			w.mu.Lock()
			*count += n
			w.mu.Unlock()
		})
	}
	workers.Wait()
}

// one is the result of something that is done or has failed.
func one(err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return 1, nil
}

// note keeps an error; one failing document must not stop the rest.
func (w *sweep) note(err error) {
	if err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report.Failed++
	if len(w.errs) < 10 {
		w.errs = append(w.errs, err)
	}
}

func (w *sweep) wake(ctx context.Context) {
	seen := map[EnrolmentID]bool{}
	for limit := sweepBatch; ctx.Err() == nil; {
		due, err := w.s.o.Store.DueEnrolments(ctx, w.s.now(), limit)
		w.note(err)
		fresh := slices.DeleteFunc(slices.Clone(due), func(d Due) bool { return seen[d.ID] })
		if len(fresh) == 0 && len(due) < limit {
			return
		}
		limit = sweepBatch + len(due) - len(fresh) // those that stay due must not hide the ones behind them
		for _, d := range fresh {
			seen[d.ID] = true
		}
		sweepEach(ctx, w, fresh, &w.report.Woken, func(d Due) (int, error) { return one(w.s.Wake(ctx, d.ID)) })
	}
}

func (w *sweep) relay(ctx context.Context) {
	ids, err := w.s.o.Store.UnrelayedEnrolments(ctx, 5*sweepBatch)
	w.note(err)
	sweepEach(ctx, w, ids, &w.report.Relayed, func(id EnrolmentID) (int, error) { return one(w.s.relayLocal(ctx, id)) })
}

// cohorts goes on with what members, peers and writers of posts have not been told yet.
func (w *sweep) cohorts(ctx context.Context) {
	cohorts, err := w.s.o.Store.TellingCohorts(ctx, sweepBatch)
	w.note(err)
	sweepEach(ctx, w, cohorts, &w.report.Woken, func(id CohortID) (int, error) { return 0, w.s.tellMembers(ctx, id) })
	groups, err := w.s.o.Store.TellingGroups(ctx, sweepBatch)
	w.note(err)
	sweepEach(ctx, w, groups, &w.report.Woken, func(id CohortID) (int, error) { return 0, w.s.tellGroups(ctx, id) })
	posts, err := w.s.o.Store.UncountedPosts(ctx, sweepBatch)
	w.note(err)
	sweepEach(ctx, w, posts, &w.report.Relayed, func(p Post) (int, error) { return 0, w.s.count(ctx, p) })
}

// grades passes due grades back. What fails is put off, and what this sweep has no time for is the next one's.
func (w *sweep) grades(ctx context.Context) {
	if w.s.o.Gradebook == nil || ctx.Err() != nil {
		return
	}
	ids, err := w.s.o.Store.DueGrades(ctx, w.s.now(), sweepBatch)
	w.note(err)
	began := w.s.o.Wall()
	sweepEach(ctx, w, ids, &w.report.Relayed, func(id EnrolmentID) (int, error) {
		if w.s.o.Wall().Sub(began) > gradeTime {
			return 0, nil
		}
		return one(w.s.RelayGrade(ctx, id))
	})
}

func (w *sweep) deliver(ctx context.Context) {
	seen := map[PersonID]bool{}
	rows := map[MessageID]bool{}
	for limit := sweepBatch; ctx.Err() == nil; {
		due, err := w.s.o.Store.DueMessages(ctx, w.s.now(), limit)
		w.note(err)
		var to []PersonID
		stuck := 0 // seen and still due: they must not hide the ones behind them
		for _, m := range due {
			if rows[m.ID] {
				stuck++
			}
			rows[m.ID] = true
			if !seen[m.To] && w.s.isDue(m) {
				seen[m.To] = true
				to = append(to, m.To)
			}
		}
		if stuck == len(due) && len(due) < limit {
			return
		}
		limit = sweepBatch + stuck
		sweepEach(ctx, w, to, &w.report.Delivered, func(p PersonID) (int, error) { return w.s.deliver(ctx, p) })
	}
}

// alarms sets the alarms of the next hour, so that what rings then does not wait for a sweep.
func (w *sweep) alarms(ctx context.Context) {
	if w.s.o.Alarms == nil || ctx.Err() != nil {
		return
	}
	due, err := w.s.o.Store.DueEnrolments(ctx, w.s.now().Add(alarmAhead), sweepBatch)
	w.note(err)
	for _, d := range due {
		if err := w.s.o.Alarms.Wake(ctx, w.s.o.Tenant, d.ID, d.At); err != nil {
			w.note(fmt.Errorf("set alarm: %w", err))
			return
		}
		w.report.Alarms++
	}
}

// NextAlarm is the earliest time, not after until, at which a sweep will find something to do: now, if it would
// already. A development clock that moves in such hops, with a sweep at each, makes a week passed in one click send
// what a week of waiting would.
func (s *Service) NextAlarm(ctx context.Context, until time.Time) (time.Time, bool, error) {
	var next time.Time
	take := func(t time.Time) {
		if now := s.now(); t.Before(now) {
			t = now
		}
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	due, err := s.o.Store.DueEnrolments(ctx, until, 1)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("next alarm: %w", err)
	}
	for _, d := range due {
		take(d.At)
	}
	messages, err := s.o.Store.DueMessages(ctx, until, 1)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("next alarm: %w", err)
	}
	for _, m := range messages {
		take(m.DueAt)
	}
	return next, !next.IsZero(), nil
}
