package ltitest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func failure(n int) lti.Failure {
	skew := int64(-3)
	at := start().Add(time.Duration(n) * time.Second)
	return lti.Failure{
		ID: fmt.Sprintf("failure-%d", n), At: at, Last: at, Count: 1, Kind: lti.FailedLaunch, Code: "token_expired", Spec: "§5.1.3", Detail: "late",
		Tenant: "main", Registration: "reg-1", Issuer: "https://lms.example", ClientID: "client-1", RequestIDs: []string{fmt.Sprintf("req-%d", n)},
		Expected: "a", Received: "b", SkewSeconds: &skew, Verified: true, ClaimNames: []string{"aud", "iss"}, Claims: map[string]string{"iss": "https://lms.example"},
	}
}

func failuresAreListed(t *testing.T, ctx context.Context, s lti.Store) {
	for n := range 3 {
		ok(t, s.AddFailure(ctx, failure(n)))
	}
	nobodys := failure(9)
	nobodys.Tenant = ""
	ok(t, s.AddFailure(ctx, nobodys))
	all, err := s.Failures(ctx, "main", 0)
	ok(t, err)
	same(t, all, []lti.Failure{failure(2), failure(1), failure(0)})
	two, err := s.Failures(ctx, "main", 2)
	ok(t, err)
	same(t, two, []lti.Failure{failure(2), failure(1)})
	of, err := s.Failures(ctx, "", 0)
	ok(t, err)
	same(t, of, []lti.Failure{nobodys})
	ok(t, s.RemoveFailures(ctx, "main", []string{"failure-1", "failure-9", "unknown"}))
	all, err = s.Failures(ctx, "main", 0)
	ok(t, err)
	same(t, all, []lti.Failure{failure(2), failure(0)})
	of, err = s.Failures(ctx, "", 0)
	ok(t, err)
	if len(of) != 1 {
		t.Fatal("a tenant's failures are removed by itself only")
	}
	ok(t, s.Purge(ctx, start(), failure(1).Last.Add(lti.FailureLife)))
	all, err = s.Failures(ctx, "main", 0)
	ok(t, err)
	same(t, all, []lti.Failure{failure(2)})
}

func failuresAreCounted(t *testing.T, ctx context.Context, s lti.Store) {
	parallel(8, func(i int) {
		f := failure(1)
		f.RequestIDs = []string{fmt.Sprintf("parallel-%d", i)}
		if err := s.AddFailure(ctx, f); err != nil {
			t.Error(err)
		}
	})
	later := failure(1)
	later.Last, later.Count, later.Detail, later.RequestIDs = later.Last.Add(time.Minute), 5, "another", []string{"last"}
	ok(t, s.AddFailure(ctx, later))
	all, err := s.Failures(ctx, "main", 0)
	ok(t, err)
	if len(all) != 1 || all[0].Count != 13 || all[0].Detail != "another" || !all[0].Last.Equal(later.Last) || !all[0].At.Equal(failure(1).At) {
		t.Fatalf("got %+v", all)
	}
	if ids := all[0].RequestIDs; len(ids) != 9 || !slices.Contains(ids, "parallel-7") || ids[8] != "last" {
		t.Fatalf("got request ids %v", ids)
	}
}
