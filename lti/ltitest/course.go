package ltitest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func course(n int) lti.KnownCourse {
	return lti.KnownCourse{
		CourseKey: lti.CourseKey{Registration: "reg-1", Deployment: "1", Course: fmt.Sprintf("course-%d", n)},
		Tenant:    "main", Issuer: "https://lms.example", Title: "Führen lernen",
		MembershipsURL: "https://lms.example/members?a=1&b=2", LineItemsURL: "https://lms.example/items",
		AGSScopes: []string{"a"}, GroupsURL: "https://lms.example/groups", GroupSetsURL: "https://lms.example/sets",
		NoticesURL: "https://lms.example/notices", NoticeTypes: []string{"LtiHelloWorldNotice"},
		Links:   []lti.KnownLink{{ID: "7", Title: "A", LineItem: "https://lms.example/items/7", Workflow: "w", View: "finish", SeenAt: start()}},
		Origins: []string{"course-0"}, EndsAt: start().Add(time.Hour), SeenAt: start(),
		Synced: lti.Synced{At: start(), TriedAt: start(), Failures: 1, Cause: "x", Members: 3, Differences: "https://lms.example/d"},
	}
}

func courseComesBack(t *testing.T, ctx context.Context, s lti.Store) {
	_, err := s.KnownCourse(ctx, course(1).CourseKey)
	is(t, err, lti.ErrNotFound)
	ok(t, s.SaveKnownCourse(ctx, course(1)))
	got, err := s.KnownCourse(ctx, course(1).CourseKey)
	ok(t, err)
	want := course(1)
	want.Rev = 1
	same(t, got, want)
	for name, other := range map[string]lti.CourseKey{
		"another registration": {Registration: "reg-2", Deployment: "1", Course: "course-1"},
		"another deployment":   {Registration: "reg-1", Deployment: "2", Course: "course-1"},
		"letters between":      {Registration: "reg-1", Deployment: "1c", Course: "ourse-1"},
	} {
		if _, err := s.KnownCourse(ctx, other); !errors.Is(err, lti.ErrNotFound) {
			t.Errorf("%s found the course: %v", name, err)
		}
	}
}

func courseSaveComparesRev(t *testing.T, ctx context.Context, s lti.Store) {
	ok(t, s.SaveKnownCourse(ctx, course(1)))
	is(t, s.SaveKnownCourse(ctx, course(1)), lti.ErrConflict) // it is there already
	c, err := s.KnownCourse(ctx, course(1).CourseKey)
	ok(t, err)
	var saved atomic.Int32
	parallel(8, func(i int) {
		mine := c
		mine.Title = fmt.Sprint(i)
		switch err := s.SaveKnownCourse(ctx, mine); {
		case err == nil:
			saved.Add(1)
		case !errors.Is(err, lti.ErrConflict):
			t.Error(err)
		}
	})
	if saved.Load() != 1 {
		t.Fatalf("%d saves over the same revision succeeded", saved.Load())
	}
	got, err := s.KnownCourse(ctx, c.CourseKey)
	ok(t, err)
	same(t, got.Rev, int64(2))
}

func coursesArePaged(t *testing.T, ctx context.Context, s lti.Store) {
	var want []string
	for i := range 7 {
		c := course(i)
		if i == 3 {
			c.Tenant = "other"
		} else {
			want = append(want, c.Name())
		}
		ok(t, s.SaveKnownCourse(ctx, c))
	}
	slices.Sort(want)
	var got []string
	for after := ""; ; {
		page, err := s.KnownCourses(ctx, "main", after, 4)
		ok(t, err)
		if len(page) == 0 {
			break
		}
		if len(page) > 4 {
			t.Fatalf("a page of %d", len(page))
		}
		for _, c := range page {
			got = append(got, c.Name())
			same(t, c.Rev, int64(1))
		}
		after = got[len(got)-1]
	}
	same(t, strings.Join(got, "\n"), strings.Join(want, "\n"))
}

func leaseHasOneHolder(t *testing.T, ctx context.Context, s lti.Store) {
	at := func(minutes int) time.Time { return start().Add(time.Duration(minutes) * time.Minute) }
	take := func(holder string, now, until int, want bool) {
		t.Helper()
		got, err := s.TakeLease(ctx, "items", holder, at(now), at(until))
		ok(t, err)
		if got != want {
			t.Fatalf("%s at %d took it: %v, want %v", holder, now, got, want)
		}
	}
	take("a", 0, 10, true)
	take("b", 9, 19, false)
	take("a", 5, 15, true)
	take("b", 14, 24, false)
	take("b", 15, 25, true)
	ok(t, s.ReleaseLease(ctx, "items", "a")) // not a's any more
	take("c", 16, 26, false)
	ok(t, s.ReleaseLease(ctx, "items", "b"))
	take("c", 16, 26, true)
	var taken atomic.Int32
	parallel(8, func(i int) {
		got, err := s.TakeLease(ctx, "raced", fmt.Sprint(i), at(0), at(1))
		if err != nil {
			t.Error(err)
		}
		if got {
			taken.Add(1)
		}
	})
	same(t, taken.Load(), int32(1))
}
