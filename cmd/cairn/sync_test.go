package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// passOver is a pass over five courses of each of two platforms: one is mute, the
// other answers.
func passOver(t *testing.T, job func(ctx context.Context, mute bool) error) *coursePass {
	t.Helper()
	s := newSchool(t, "")
	for _, registration := range []lti.RegistrationID{"a-mute", "healthy"} {
		for i := range 5 {
			must(t, s.h.stores.platforms.SaveKnownCourse(t.Context(), lti.KnownCourse{
				CourseKey: lti.CourseKey{Registration: registration, Deployment: "1", Course: fmt.Sprint(i)}, Tenant: "main", SeenAt: s.h.now(),
			}))
		}
	}
	r, err := s.h.rooms(t.Context(), "main")
	must(t, err)
	return &coursePass{
		house: s.h, rooms: r, timeout: syncTime, hold: func(lti.RegistrationID, time.Duration) (bool, error) { return true, nil },
		jobs: []courseJob{{name: "test", run: func(ctx context.Context, _ *rooms, c lti.KnownCourse) error {
			return job(ctx, c.Registration == "a-mute")
		}}},
	}
}

func TestAPlatformThatNeverAnswersHoldsUpNoOther(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var answered atomic.Int32
	pass := passOver(t, func(ctx context.Context, mute bool) error {
		if mute {
			<-ctx.Done() // for as long as the test lasts
			return &lti.ServiceError{Kind: lti.ErrRetry, Cause: lti.CauseNoAnswer}
		}
		if answered.Add(1) == 5 {
			stop()
		}
		return nil
	})
	if whole, _ := pass.run(ctx, "main"); whole || answered.Load() != 5 {
		t.Fatalf("%d of 5 courses of the healthy platform; whole: %v", answered.Load(), whole)
	}
}

func TestAPlatformThatIsSilentTwiceIsLeftAloneForTheRestOfThePass(t *testing.T) {
	var muteCalls, answered atomic.Int32
	pass := passOver(t, func(ctx context.Context, mute bool) error {
		if mute {
			muteCalls.Add(1)
			<-ctx.Done()
			return fmt.Errorf("roster: %w", &lti.ServiceError{Kind: lti.ErrRetry, Cause: lti.CauseNoAnswer})
		}
		answered.Add(1)
		return nil
	})
	pass.timeout = time.Millisecond
	whole, err := pass.run(t.Context(), "main")
	must(t, err)
	if !whole || muteCalls.Load() != syncMute || answered.Load() != 5 {
		t.Fatalf("whole: %v; %d calls of the mute platform, %d courses of the healthy one", whole, muteCalls.Load(), answered.Load())
	}
}

// Whoever takes the task of a platform, and however often it is set: its courses are gone through once an hour.
func TestACourseIsGoneThroughOnceAnHourByWhicheverWorker(t *testing.T) {
	var answered atomic.Int32
	pass := passOver(t, func(context.Context, bool) error { answered.Add(1); return nil })
	courses, err := pass.courses(t.Context(), "main")
	must(t, err)
	for range 3 {
		next, err := pass.house.coursePass(t.Context(), "main") // each with a right of its own
		must(t, err)
		next.jobs = pass.jobs
		for _, keys := range courses {
			must(t, next.registration(t.Context(), keys))
		}
	}
	if answered.Load() != 10 {
		t.Errorf("%d jobs on 10 courses", answered.Load())
	}
	if err := pass.house.syncRegistration(t.Context(), "main", "unknown"); err != nil {
		t.Errorf("a platform that is gone: %v", err)
	}
}
