package main

import (
	"context"
	"crypto/rand"
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

// sync has the known courses of every tenant gone through once an hour, until ctx
// ends: it sets a task for every platform, which some worker takes. Without Redis
// this process does it. Either way the lease of a registration says whose turn it is.
func (h *house) sync(ctx context.Context) error {
	h.eachTenant(ctx, syncPoll, func(name string) {
		if err := h.syncTenant(ctx, name); err != nil && ctx.Err() == nil {
			h.log.Error("go through the known courses", "tenant", name, "error", err)
		}
	})
	return nil
}

// syncTenant sets the tasks of a tenant. Those of platforms whose hour is not over do nothing.
func (h *house) syncTenant(ctx context.Context, name string) error {
	pass, err := h.coursePass(ctx, name)
	if err != nil {
		return err
	}
	courses, err := pass.courses(ctx, name)
	if err != nil {
		return err
	}
	for registration := range courses {
		if h.queue == nil || h.queue.Sync(ctx, name, string(registration)) != nil {
			_, err := pass.run(ctx, name)
			return err
		}
	}
	return nil
}

// syncRegistration is the task of one platform.
func (h *house) syncRegistration(ctx context.Context, tenant, registration string) error {
	pass, err := h.coursePass(ctx, tenant)
	if err != nil {
		return err
	}
	courses, err := pass.courses(ctx, tenant)
	if err != nil {
		return err
	}
	if err := pass.registration(ctx, courses[lti.RegistrationID(registration)]); !errors.Is(err, errPassLost) {
		return err
	}
	return nil
}

// coursePass is a pass of its own: whoever begins another one, in this process too, has to wait until the hour is over.
func (h *house) coursePass(ctx context.Context, tenant string) (*coursePass, error) {
	r, err := h.rooms(ctx, tenant)
	if err != nil {
		return nil, err
	}
	holder := h.name + "-" + rand.Text()
	return &coursePass{
		house: h, rooms: r, jobs: h.courseJobs(), timeout: syncTime,
		hold: func(of lti.RegistrationID, d time.Duration) (bool, error) {
			now := time.Now() // leases run on real time
			return r.store.TakeLease(ctx, "courses/"+string(of), holder, now, now.Add(d))
		},
	}, nil
}

// coursePass goes through the known courses of a tenant once: a few registrations
// at a time, the courses of each one after the other, so that a platform that does
// not answer holds up nobody but itself.
type coursePass struct {
	house   *house
	rooms   *rooms
	jobs    []courseJob
	timeout time.Duration // of a job on a course
	// hold takes or renews the right to a platform; false: another pass has it, or had it within the hour.
	hold func(of lti.RegistrationID, d time.Duration) (bool, error)
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

// registration goes through the courses of one platform, unless another pass does or has within the hour. The lease is
// what says so: it is kept when all is done, and runs out soon after a process that died.
func (p *coursePass) registration(ctx context.Context, keys []lti.CourseKey) error {
	if len(keys) == 0 {
		return nil
	}
	began, of := time.Now(), keys[0].Registration
	if ours, err := p.hold(of, syncLease); err != nil || !ours {
		return err
	}
	unanswered := 0
	for i, key := range keys {
		if unanswered >= syncMute {
			p.house.log.Warn("a platform does not answer and is left alone until the next pass", "registration", of, "courses_left", len(keys)-i)
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		ours, err := p.hold(of, syncLease)
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
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_, err := p.hold(of, max(time.Minute, syncEvery-time.Since(began)-syncPoll))
	return err
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
