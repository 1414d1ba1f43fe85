package ltitest

import (
	"context"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func registrationIsRemoved(t *testing.T, ctx context.Context, s lti.Store) {
	gone, stays := create(t, ctx, s, 1), create(t, ctx, s, 2)
	for _, r := range []lti.Registration{gone, stays} {
		_, err := s.AddDeployment(ctx, lti.Deployment{Registration: r.ID, ID: "1", Tenant: "main", Status: lti.StatusPending, CreatedAt: start()})
		ok(t, err)
		ok(t, s.SaveKnownCourse(ctx, lti.KnownCourse{CourseKey: lti.CourseKey{Registration: r.ID, Deployment: "1", Course: "2"}, Tenant: "main"}))
	}
	ok(t, s.PutLogin(ctx, login(1))) // of reg-1
	other := login(2)
	other.Registration = stays.ID
	ok(t, s.PutLogin(ctx, other))
	first, err := s.NextScoreTime(ctx, gone.ID, "i", "5", start(), time.Second)
	ok(t, err)

	for range 2 { // again does nothing
		ok(t, s.RemoveRegistration(ctx, gone.ID))
	}
	_, err = s.Registration(ctx, gone.ID)
	is(t, err, lti.ErrNotFound)
	_, err = s.RegistrationFor(ctx, gone.Issuer, gone.ClientID)
	is(t, err, lti.ErrNotFound)
	keys, err := s.Keys(ctx)
	ok(t, err)
	if len(keys) != 1 || keys[0].Registration != stays.ID {
		t.Fatalf("the keys left are %+v", keys)
	}
	_, err = s.Login(ctx, "state-1")
	is(t, err, lti.ErrNotFound)
	left, err := s.Deployments(ctx, gone.ID)
	ok(t, err)
	courses, err := s.KnownCourses(ctx, "main", "", 10)
	ok(t, err)
	if len(left) != 0 || len(courses) != 1 || courses[0].Registration != stays.ID {
		t.Fatalf("%d deployments are left, and the courses are %+v", len(left), courses)
	}
	again, err := s.NextScoreTime(ctx, gone.ID, "i", "5", start(), time.Second)
	ok(t, err)
	same(t, again, first)

	_, err = s.Login(ctx, "state-2")
	ok(t, err)
	_, err = s.Deployment(ctx, stays.ID, "1")
	ok(t, err)
	create(t, ctx, s, 1) // the pair is free again
}
