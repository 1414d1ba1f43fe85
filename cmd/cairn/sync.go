package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cairn-lms/cairn/lti"
)

const (
	syncPoll  = 5 * time.Minute      // how often a process asks whether a pass is due
	syncEvery = time.Hour            // a pass over a tenant's known courses
	syncLease = 8 * time.Minute      // renewed before each course; outlasts all jobs on one
	syncTime  = time.Minute          // at most, for one job on one course
	syncWidth = 4                    // registrations that are gone through at a time
	syncMute  = 2                    // jobs that a platform leaves unanswered before it is left alone for the rest of the pass
	syncIdle  = 400 * 24 * time.Hour // courses that nobody launched for longer are left alone
)

// courseJob is something to do for every known course, once an hour. One that
// fails is tried again with the next pass and stops no other.
type courseJob struct {
	name string
	run  func(ctx context.Context, r *rooms, c lti.KnownCourse) error
}

// courseJobs are done in this order; each sees the course as it was before the first.
func (h *house) courseJobs() []courseJob {
	return append([]courseJob{h.rosterJob(), h.noticeJob()}, h.completionJobs()...)
}

// noticeJob asks platforms to tell of course copies.
func (h *house) noticeJob() courseJob {
	return courseJob{name: "notices", run: func(ctx context.Context, _ *rooms, c lti.KnownCourse) error {
		return h.tool.RegisterNotices(ctx, c)
	}}
}

// sync goes through the known courses of every tenant once an hour, one process
// at a time for a tenant, until ctx ends.
func (h *house) sync(ctx context.Context) error {
	done := map[string]time.Time{}
	h.eachTenant(ctx, syncPoll, func(name string) {
		if time.Since(done[name]) < syncEvery {
			return
		}
		whole, err := h.syncTenant(ctx, name)
		if whole {
			done[name] = time.Now()
		}
		if err != nil && ctx.Err() == nil {
			h.log.Error("go through the known courses", "tenant", name, "error", err)
		}
	})
	return nil
}

// syncTenant does the jobs of an hour for one tenant, if no other process does or
// has. The lease is what says so: it is kept when all is done, and runs out soon
// after a process that died.
func (h *house) syncTenant(ctx context.Context, name string) (whole bool, err error) {
	r, err := h.rooms(ctx, name)
	if err != nil {
		return false, err
	}
	hold := func(d time.Duration) (bool, error) {
		now := time.Now() // leases run on real time
		return r.store.TakeLease(ctx, "courses", h.name, now, now.Add(d))
	}
	began := time.Now()
	if ours, err := hold(syncLease); err != nil || !ours {
		return false, err
	}
	pass := &coursePass{house: h, rooms: r, jobs: h.courseJobs(), timeout: syncTime, hold: func() (bool, error) { return hold(syncLease) }}
	if whole, err := pass.run(ctx, name); err != nil || !whole {
		return false, err
	}
	_, err = hold(max(time.Minute, syncEvery-time.Since(began)-syncPoll))
	return err == nil, err
}

// coursePass goes through the known courses of a tenant once: a few registrations
// at a time, the courses of each one after the other, so that a platform that does
// not answer holds up nobody but itself.
type coursePass struct {
	house   *house
	rooms   *rooms
	jobs    []courseJob
	timeout time.Duration        // of a job on a course
	hold    func() (bool, error) // renews the right to the pass; false: it is lost
}

// run answers whether it came to the end.
func (p *coursePass) run(ctx context.Context, tenant string) (bool, error) {
	courses, err := p.courses(ctx, tenant)
	if err != nil {
		return false, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(syncWidth)
	for _, keys := range courses {
		group.Go(func() error { return p.registration(ctx, keys) })
	}
	if err := group.Wait(); err != nil && !errors.Is(err, errPassLost) {
		return false, err
	} else if err != nil {
		return false, nil
	}
	return true, nil
}

// courses are the keys of the courses to go through, by registration. A key is all
// that is kept of a course until its turn comes.
func (p *coursePass) courses(ctx context.Context, tenant string) (map[lti.RegistrationID][]lti.CourseKey, error) {
	all := map[lti.RegistrationID][]lti.CourseKey{}
	for c, err := range p.house.tool.EachCourse(ctx, tenant, 0) {
		if err != nil {
			return nil, err
		}
		if p.house.now().Sub(c.SeenAt) <= syncIdle {
			all[c.Registration] = append(all[c.Registration], c.CourseKey)
		}
	}
	return all, nil
}

// errPassLost: another process goes through the courses now.
var errPassLost = errors.New("the right to the pass is lost")

// registration goes through the courses of one platform.
func (p *coursePass) registration(ctx context.Context, keys []lti.CourseKey) error {
	unanswered := 0
	for i, key := range keys {
		if unanswered >= syncMute {
			p.house.log.Warn("a platform does not answer and is left alone until the next pass", "registration", key.Registration, "courses_left", len(keys)-i)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		ours, err := p.hold()
		if err != nil {
			return err
		}
		if !ours {
			return errPassLost
		}
		c, err := p.house.tool.KnownCourse(ctx, key)
		if errors.Is(err, lti.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		unanswered += p.course(ctx, c, syncMute-unanswered)
	}
	return ctx.Err()
}

// course does the jobs for one course until patience of them went unanswered, and
// says how many did. What fails is logged and left to the next pass.
func (p *coursePass) course(ctx context.Context, c lti.KnownCourse, patience int) (unanswered int) {
	for _, job := range p.jobs {
		err := p.house.runJob(ctx, p.timeout, job, p.rooms, c)
		if err == nil || ctx.Err() != nil {
			continue
		}
		p.house.log.Warn("a known course", "job", job.name, "tenant", c.Tenant, "registration", c.Registration, "course", c.Course, "error", err)
		if isUnanswered(err) {
			unanswered++
		}
		if unanswered >= patience {
			break
		}
	}
	return unanswered
}

// isUnanswered tells whether a platform was silent, as against having refused.
func isUnanswered(err error) bool {
	var failed *lti.ServiceError
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &failed) && failed.Cause == lti.CauseNoAnswer
}

// runJob bounds a job in time, and keeps a panic in it from the rest.
func (h *house) runJob(ctx context.Context, timeout time.Duration, job courseJob, r *rooms, c lti.KnownCourse) (err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(err, fmt.Errorf("panic: %v", p))
		}
	}()
	return job.run(ctx, r, c)
}
