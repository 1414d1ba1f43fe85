package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

const (
	syncPoll  = 5 * time.Minute // how often a process asks whether a pass is due
	syncEvery = time.Hour       // a pass over a tenant's known courses
	syncLease = 8 * time.Minute // renewed before each course; outlasts all jobs on one
	syncTime  = time.Minute     // at most, for one job on one course
	syncBatch = 100
	syncIdle  = 400 * 24 * time.Hour // courses that nobody launched for longer are left alone
)

// courseJob is something to do for every known course, once an hour. One that
// fails is tried again with the next pass and stops no other.
type courseJob struct {
	name string
	run  func(ctx context.Context, r *rooms, c lti.KnownCourse) error
}

// courseJobs are done in this order; each sees the course as it was before the pass.
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
	after := ""
	for {
		if ours, err := hold(syncLease); err != nil || !ours {
			return false, err
		}
		courses, err := h.tool.KnownCourses(ctx, name, after, syncBatch)
		if err != nil {
			return false, err
		}
		if len(courses) == 0 {
			break
		}
		for _, c := range courses {
			after = c.Name()
			if h.now().Sub(c.SeenAt) > syncIdle {
				continue
			}
			if ours, err := hold(syncLease); err != nil || !ours {
				return false, err
			}
			h.syncCourse(ctx, r, c)
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
		}
	}
	_, err = hold(max(time.Minute, syncEvery-time.Since(began)-syncPoll))
	return err == nil, err
}

// syncCourse does every job for one course. What fails is logged and left to the
// next pass.
func (h *house) syncCourse(ctx context.Context, r *rooms, c lti.KnownCourse) {
	for _, job := range h.courseJobs() {
		if err := h.runJob(ctx, job, r, c); err != nil && ctx.Err() == nil {
			h.log.Warn("a known course", "job", job.name, "tenant", c.Tenant, "registration", c.Registration, "course", c.Course, "error", err)
		}
	}
}

// runJob bounds a job in time, and keeps a panic in it from the rest.
func (h *house) runJob(ctx context.Context, job courseJob, r *rooms, c lti.KnownCourse) (err error) {
	ctx, cancel := context.WithTimeout(ctx, syncTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(err, fmt.Errorf("panic: %v", p))
		}
	}()
	return job.run(ctx, r, c)
}
