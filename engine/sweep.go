package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	sweepLease = 10 * time.Second // real time; renewed while sweeping
	sweepBatch = 200
	gradeTime  = 20 * time.Second // real time one sweep gives to grades: an LMS that hangs delays nothing else
)

// sweep is one run of Sweep.
type sweep struct {
	s       *Service
	holder  string
	renewed time.Time
	lost    bool
	report  SweepReport
	errs    []error
}

// Sweep runs whatever rings, waits or was left behind in the store, one worker at a time: it wakes due enrolments,
// relays outboxes, delivers due messages, passes grades back for a while and sets the next hour's alarms. holder names
// the worker.
func (s *Service) Sweep(ctx context.Context, holder string) (SweepReport, error) {
	w := &sweep{s: s, holder: holder}
	if !w.hold(ctx) {
		return SweepReport{Held: len(w.errs) == 0}, errors.Join(w.errs...)
	}
	w.events(ctx)
	w.wake(ctx)
	w.relay(ctx)
	w.deliver(ctx)
	w.grades(ctx)
	w.alarms(ctx)
	if !w.lost {
		w.note(s.o.Store.ReleaseLease(context.WithoutCancel(ctx), leaseName, holder))
	}
	return w.report, errors.Join(w.errs...)
}

const leaseName = "sweep"

// hold takes or renews the lease; false: somebody else sweeps, or the context is done.
func (w *sweep) hold(ctx context.Context) bool {
	if w.lost || ctx.Err() != nil {
		return false
	}
	now := w.s.o.Wall()
	if now.Sub(w.renewed) < sweepLease/3 {
		return true
	}
	ok, err := w.s.o.Store.TakeLease(ctx, leaseName, w.holder, now, now.Add(sweepLease))
	w.note(err)
	w.lost, w.renewed = !ok || err != nil, now
	return !w.lost
}

// note keeps an error; one failing document must not stop the rest.
func (w *sweep) note(err error) {
	if err == nil {
		return
	}
	w.report.Failed++
	if len(w.errs) < 10 {
		w.errs = append(w.errs, err)
	}
}

func (w *sweep) wake(ctx context.Context) {
	seen := map[EnrolmentID]bool{}
	for fresh := true; fresh; {
		fresh = false
		due, err := w.s.o.Store.DueEnrolments(ctx, w.s.now(), sweepBatch+len(seen))
		w.note(err)
		for _, d := range due {
			if seen[d.ID] {
				continue
			}
			if !w.hold(ctx) {
				return
			}
			seen[d.ID], fresh = true, true
			if err := w.s.Wake(ctx, d.ID); err != nil {
				w.note(err)
				continue
			}
			w.report.Woken++
		}
	}
}

func (w *sweep) relay(ctx context.Context) {
	ids, err := w.s.o.Store.UnrelayedEnrolments(ctx, 5*sweepBatch)
	w.note(err)
	for _, id := range ids {
		if !w.hold(ctx) {
			return
		}
		if err := w.s.RelayLocal(ctx, id); err != nil {
			w.note(err)
			continue
		}
		w.report.Relayed++
	}
}

// grades passes due grades back. What fails is put off, and what this sweep has no time for is the next one's.
func (w *sweep) grades(ctx context.Context) {
	if w.s.o.Gradebook == nil {
		return
	}
	ids, err := w.s.o.Store.DueGrades(ctx, w.s.now(), sweepBatch)
	w.note(err)
	began := w.s.o.Wall()
	for _, id := range ids {
		if w.s.o.Wall().Sub(began) > gradeTime || !w.hold(ctx) {
			return
		}
		if err := w.s.RelayGrade(ctx, id); err != nil {
			w.note(err)
			continue
		}
		w.report.Relayed++
	}
}

func (w *sweep) deliver(ctx context.Context) {
	seen := map[PersonID]bool{}
	rows := map[MessageID]bool{} // those that stay due must not hide the ones behind them
	for fresh := true; fresh; {
		fresh = false
		due, err := w.s.o.Store.DueMessages(ctx, w.s.now(), sweepBatch+len(rows))
		w.note(err)
		for _, m := range due {
			fresh, rows[m.ID] = fresh || !rows[m.ID], true
			if seen[m.To] || !w.s.isDue(m) {
				continue
			}
			if !w.hold(ctx) {
				return
			}
			seen[m.To] = true
			n, err := w.s.deliver(ctx, m.To)
			w.report.Delivered += n
			w.note(err)
		}
	}
}

// alarms sets the alarms of the next hour, so that what rings then does not wait for a sweep.
func (w *sweep) alarms(ctx context.Context) {
	if w.s.o.Alarms == nil {
		return
	}
	due, err := w.s.o.Store.DueEnrolments(ctx, w.s.now().Add(alarmAhead), sweepBatch)
	w.note(err)
	for _, d := range due {
		if !w.hold(ctx) {
			return
		}
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
