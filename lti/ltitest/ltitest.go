// Package ltitest is the contract of lti.Store: every implementation passes Run.
package ltitest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// start is any time; stores keep nanoseconds.
func start() time.Time { return time.Date(2026, 11, 21, 9, 30, 0, 123456789, time.UTC) }

// Run checks a store; newStore makes an empty one.
func Run(t *testing.T, newStore func(t *testing.T) lti.Store) {
	for name, check := range map[string]func(*testing.T, context.Context, lti.Store){
		"a registration comes back as it went in":           registrationComesBack,
		"one issuer and client id register once":            pairIsUnique,
		"a save over a newer registration is refused":       saveComparesRev,
		"registrations are found by issuer":                 registrationsByIssuer,
		"a deployment is added once and can be changed":     deployments,
		"what is not there is not found":                    notFound,
		"a login is found by state and by nonce":            loginIsFound,
		"of a hundred uses of a login one succeeds":         loginIsUsedOnce,
		"of twenty takers one gets a ticket":                ticketIsTakenOnce,
		"a ticket is for its purpose and until its time":    ticketPurposeAndTime,
		"a ticket may be looked at and stays":               ticketIsLookedAt,
		"score times strictly increase":                     scoreTimesIncrease,
		"score times of parallel callers are all different": scoreTimesParallel,
		"old logins and tickets are purged, others stay":    purge,
		"a known course comes back as it went in":           courseComesBack,
		"a save over a newer course is refused":             courseSaveComparesRev,
		"the courses of a tenant are paged":                 coursesArePaged,
		"a lease has one holder":                            leaseHasOneHolder,
		"removing a registration leaves nothing of it":      registrationIsRemoved,
		"keys are added, replaced and removed":              keysAreKept,
		"LTI 1.1 keys are kept per tenant":                  legacyKeysAreKept,
		"failures are listed by tenant, latest first":       failuresAreListed,
		"failures of one id are counted as one":             failuresAreCounted,
	} {
		t.Run(name, func(t *testing.T) { check(t, t.Context(), newStore(t)) })
	}
}

func registration(n int) (lti.Registration, lti.Key) {
	id := lti.RegistrationID(fmt.Sprintf("reg-%d", n))
	return lti.Registration{
			ID: id, Issuer: "https://lms.example", ClientID: fmt.Sprintf("client-%d", n),
			AuthURL: "https://lms.example/auth?a=1&b=2", TokenURL: "https://lms.example/token", JWKSURL: "https://lms.example/jwks",
			TokenAudience: "https://aud.example", Scopes: []string{"a", "b"}, Algorithms: []string{"RS256"}, ProductFamily: "moodle",
			Tenant: "main", Status: lti.StatusActive, AutoDeploy: true, CreatedAt: start().Add(time.Duration(n) * time.Second),
		}, lti.Key{
			ID: fmt.Sprintf("key-%d", n), Registration: id, Public: []byte(`{"kty":"RSA"}`), Sealed: []byte{0, 1, 2, 255},
			CreatedAt: start().Add(time.Duration(n) * time.Second),
		}
}

func login(n int) lti.Login {
	return lti.Login{
		State: fmt.Sprintf("state-%d", n), Nonce: fmt.Sprintf("nonce-%d", n), Browser: "browser",
		Registration: "reg-1", DeploymentID: "1", TargetLinkURI: "https://tool.example/lti/launch", LoginHint: "5",
		MessageHint: `{"cmid":2,"launchid":"ltilaunch10_1"}`, CreatedAt: start(), ExpiresAt: start().Add(10 * time.Minute),
	}
}

func create(t *testing.T, ctx context.Context, s lti.Store, n int) lti.Registration {
	t.Helper()
	r, k := registration(n)
	ok(t, s.CreateRegistration(ctx, r, k))
	return r
}

func registrationComesBack(t *testing.T, ctx context.Context, s lti.Store) {
	want := create(t, ctx, s, 1)
	got, err := s.Registration(ctx, want.ID)
	ok(t, err)
	same(t, got, want)
	got, err = s.RegistrationFor(ctx, want.Issuer, want.ClientID)
	ok(t, err)
	same(t, got, want)
	_, wantKey := registration(1)
	of, err := s.KeysOf(ctx, want.ID)
	ok(t, err)
	same(t, of, []lti.Key{wantKey})
	keys, err := s.Keys(ctx)
	ok(t, err)
	same(t, keys, []lti.Key{wantKey})
}

func pairIsUnique(t *testing.T, ctx context.Context, s lti.Store) {
	create(t, ctx, s, 1)
	again, key := registration(1)
	again.ID, key.ID, key.Registration = "reg-other", "key-other", "reg-other"
	is(t, s.CreateRegistration(ctx, again, key), lti.ErrConflict)
	keys, err := s.Keys(ctx)
	ok(t, err)
	if len(keys) != 1 {
		t.Fatalf("the refused registration left its key: %d keys", len(keys))
	}
}

func saveComparesRev(t *testing.T, ctx context.Context, s lti.Store) {
	r := create(t, ctx, s, 1)
	r.Status = lti.StatusSuspended
	ok(t, s.SaveRegistration(ctx, r))
	got, err := s.Registration(ctx, r.ID)
	ok(t, err)
	if got.Rev != r.Rev+1 || got.Status != lti.StatusSuspended {
		t.Fatalf("got rev %d and status %s", got.Rev, got.Status)
	}
	r.Status = lti.StatusActive
	is(t, s.SaveRegistration(ctx, r), lti.ErrConflict)
	got.Status = lti.StatusActive
	ok(t, s.SaveRegistration(ctx, got))
}

func registrationsByIssuer(t *testing.T, ctx context.Context, s lti.Store) {
	create(t, ctx, s, 2)
	create(t, ctx, s, 1)
	other, key := registration(3)
	other.Issuer = "https://other.example"
	ok(t, s.CreateRegistration(ctx, other, key))
	of, err := s.RegistrationsOf(ctx, "https://lms.example")
	ok(t, err)
	if len(of) != 2 || of[0].ID != "reg-1" || of[1].ID != "reg-2" {
		t.Fatalf("got %d registrations, want reg-1 and reg-2, oldest first", len(of))
	}
	all, err := s.Registrations(ctx)
	ok(t, err)
	if len(all) != 3 {
		t.Fatalf("got %d registrations, want 3", len(all))
	}
	none, err := s.RegistrationsOf(ctx, "https://LMS.example")
	ok(t, err)
	if len(none) != 0 {
		t.Fatal("issuers are compared exactly")
	}
}

func deployments(t *testing.T, ctx context.Context, s lti.Store) {
	d := lti.Deployment{Registration: "reg-1", ID: "1:abc", Tenant: "main", Status: lti.StatusActive, CreatedAt: start()}
	first, err := s.AddDeployment(ctx, d)
	ok(t, err)
	same(t, first, d)
	later := d
	later.Tenant = "another"
	stands, err := s.AddDeployment(ctx, later)
	ok(t, err)
	same(t, stands, d)
	d.Status = lti.StatusSuspended
	ok(t, s.SaveDeployment(ctx, d))
	is(t, s.SaveDeployment(ctx, d), lti.ErrConflict) // an old state
	d.Rev++
	ok(t, s.SaveDeployment(ctx, d))
	d.Rev++
	got, err := s.Deployment(ctx, "reg-1", "1:abc")
	ok(t, err)
	same(t, got, d)
	added, err := s.AddDeployment(ctx, lti.Deployment{Registration: "reg-1", ID: "2", Tenant: "main", Status: lti.StatusActive, CreatedAt: start()})
	ok(t, err)
	all, err := s.Deployments(ctx, "reg-1")
	ok(t, err)
	if len(all) != 2 || !slices.Contains(all, added) {
		t.Fatalf("got %d deployments, want 2", len(all))
	}
	is(t, s.SaveDeployment(ctx, lti.Deployment{Registration: "reg-1", ID: "none", Tenant: "main"}), lti.ErrConflict)
	_, err = s.Deployment(ctx, "reg-2", "2")
	is(t, err, lti.ErrNotFound)
}

func notFound(t *testing.T, ctx context.Context, s lti.Store) {
	_, err := s.Registration(ctx, "nobody")
	is(t, err, lti.ErrNotFound)
	_, err = s.RegistrationFor(ctx, "https://lms.example", "nobody")
	is(t, err, lti.ErrNotFound)
	_, err = s.Login(ctx, "nothing")
	is(t, err, lti.ErrNotFound)
	_, err = s.LoginByNonce(ctx, "nothing")
	is(t, err, lti.ErrNotFound)
	_, err = s.TakeTicket(ctx, "invite", "nothing", start())
	is(t, err, lti.ErrNotFound)
	is(t, s.UseLogin(ctx, "nothing", start()), lti.ErrConflict)
}

func loginIsFound(t *testing.T, ctx context.Context, s lti.Store) {
	want := login(1)
	ok(t, s.PutLogin(ctx, want))
	ok(t, s.PutLogin(ctx, login(2)))
	got, err := s.Login(ctx, want.State)
	ok(t, err)
	same(t, got, want)
	got, err = s.LoginByNonce(ctx, want.Nonce)
	ok(t, err)
	same(t, got, want)
}

func loginIsUsedOnce(t *testing.T, ctx context.Context, s lti.Store) {
	ok(t, s.PutLogin(ctx, login(1)))
	var used, refused atomic.Int32
	parallel(100, func(int) {
		switch err := s.UseLogin(ctx, "state-1", start()); {
		case err == nil:
			used.Add(1)
		case errors.Is(err, lti.ErrConflict):
			refused.Add(1)
		default:
			t.Error(err)
		}
	})
	if used.Load() != 1 || refused.Load() != 99 {
		t.Fatalf("%d uses succeeded and %d were refused", used.Load(), refused.Load())
	}
	got, err := s.LoginByNonce(ctx, "nonce-1")
	ok(t, err)
	if !got.UsedAt.Equal(start()) {
		t.Fatalf("used at %v", got.UsedAt)
	}
}

func ticketIsTakenOnce(t *testing.T, ctx context.Context, s lti.Store) {
	want := lti.Ticket{Hash: "h", Purpose: "invite", Tenant: "main", Data: `{"a":"ü"}`, ExpiresAt: start().Add(time.Hour)}
	ok(t, s.PutTicket(ctx, want))
	var taken atomic.Int32
	parallel(20, func(int) {
		got, err := s.TakeTicket(ctx, "invite", "h", start())
		switch {
		case err == nil:
			taken.Add(1)
			if got != want {
				t.Errorf("got %+v", got)
			}
		case !errors.Is(err, lti.ErrNotFound):
			t.Error(err)
		}
	})
	if taken.Load() != 1 {
		t.Fatalf("%d took it", taken.Load())
	}
	ok(t, s.PutTicket(ctx, want)) // given back
	_, err := s.TakeTicket(ctx, "invite", "h", start())
	ok(t, err)
}

func ticketPurposeAndTime(t *testing.T, ctx context.Context, s lti.Store) {
	ok(t, s.PutTicket(ctx, lti.Ticket{Hash: "h", Purpose: "invite", ExpiresAt: start().Add(time.Hour)}))
	_, err := s.TakeTicket(ctx, "restart", "h", start())
	is(t, err, lti.ErrNotFound)
	_, err = s.TakeTicket(ctx, "invite", "h", start().Add(time.Hour))
	is(t, err, lti.ErrNotFound)
	_, err = s.TakeTicket(ctx, "invite", "h", start().Add(time.Hour-1))
	ok(t, err)
}

func scoreTimesIncrease(t *testing.T, ctx context.Context, s lti.Store) {
	next := func(item, user string, at time.Time) time.Time {
		t.Helper()
		got, err := s.NextScoreTime(ctx, "reg-1", item, user, at, time.Second)
		ok(t, err)
		return got
	}
	same(t, next("i", "5", start()), start())
	same(t, next("i", "5", start()), start().Add(time.Second))
	same(t, next("i", "5", start().Add(-time.Hour)), start().Add(2*time.Second))
	same(t, next("i", "5", start().Add(time.Hour)), start().Add(time.Hour))
	same(t, next("i", "6", start()), start())
	same(t, next("j", "5", start()), start())
}

func scoreTimesParallel(t *testing.T, ctx context.Context, s lti.Store) {
	var mu sync.Mutex
	seen := map[int64]bool{}
	parallel(16, func(int) {
		at, err := s.NextScoreTime(ctx, "reg-1", "i", "5", start(), time.Second)
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if seen[at.UnixNano()] {
			t.Errorf("%v was answered twice", at)
		}
		seen[at.UnixNano()] = true
	})
}

func purge(t *testing.T, ctx context.Context, s lti.Store) {
	ok(t, s.PutLogin(ctx, login(1)))
	young := login(2)
	young.ExpiresAt = start().Add(time.Hour)
	ok(t, s.PutLogin(ctx, young))
	ok(t, s.PutTicket(ctx, lti.Ticket{Hash: "old", Purpose: "invite", ExpiresAt: start()}))
	ok(t, s.PutTicket(ctx, lti.Ticket{Hash: "young", Purpose: "invite", ExpiresAt: start().Add(time.Hour)}))
	used := login(3)
	ok(t, s.PutLogin(ctx, used))
	ok(t, s.UseLogin(ctx, used.State, start()))
	ok(t, s.Purge(ctx, start().Add(30*time.Minute), start().Add(-24*time.Hour)))
	kept, err := s.Login(ctx, used.State)
	ok(t, err)
	if kept.UsedAt.IsZero() {
		t.Error("the used login counts as unused")
	}
	ok(t, s.Purge(ctx, start().Add(30*time.Minute), start().Add(30*time.Minute)))
	_, err = s.Login(ctx, used.State)
	is(t, err, lti.ErrNotFound)
	_, err = s.Login(ctx, "state-1")
	is(t, err, lti.ErrNotFound)
	_, err = s.Login(ctx, "state-2")
	ok(t, err)
	_, err = s.TakeTicket(ctx, "invite", "old", start().Add(-time.Minute))
	is(t, err, lti.ErrNotFound)
	_, err = s.TakeTicket(ctx, "invite", "young", start())
	ok(t, err)
}

func parallel(n int, fn func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}
