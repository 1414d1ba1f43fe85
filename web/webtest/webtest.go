// Package webtest is the contract of web.Store, run over every implementation.
package webtest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web"
)

// Run checks an implementation. newStore gives an empty store per call.
func Run(t *testing.T, newStore func(t *testing.T) web.Store) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 123456789, time.UTC)

	runAudit(t, newStore, now)
	runInstallation(t, newStore, now)

	t.Run("a session comes back as it was put", func(t *testing.T) {
		s := newStore(t)
		want := session("hash-1", now)
		if err := s.PutSession(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		have, err := s.Session(t.Context(), "hash-1")
		if err != nil || !reflect.DeepEqual(have, want) {
			t.Fatalf("have %+v, %v\nwant %+v", have, err, want)
		}
	})

	t.Run("a session put again replaces the first", func(t *testing.T) {
		s := newStore(t)
		first := session("hash-1", now)
		second := first
		second.Role, second.ExpiresAt = web.RoleStaff, now.Add(time.Minute)
		for _, one := range []web.Session{first, second} {
			if err := s.PutSession(t.Context(), one); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := s.Session(t.Context(), "hash-1"); err != nil || have.Role != web.RoleStaff {
			t.Fatalf("have %+v, %v", have, err)
		}
		if n, err := s.Purge(t.Context(), now.Add(2*time.Minute)); err != nil || n != 1 {
			t.Fatalf("purged %d, %v: the clock of the replacement counts", n, err)
		}
	})

	t.Run("a session unknown or deleted is not found", func(t *testing.T) {
		s := newStore(t)
		if _, err := s.Session(t.Context(), "nobody"); !errors.Is(err, web.ErrNotFound) {
			t.Fatalf("unknown: %v", err)
		}
		if err := s.PutSession(t.Context(), session("hash-1", now)); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time is no error
			if err := s.DeleteSession(t.Context(), "hash-1"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Session(t.Context(), "hash-1"); !errors.Is(err, web.ErrNotFound) {
			t.Fatalf("deleted: %v", err)
		}
	})

	t.Run("purge forgets what expired before, and nothing else", func(t *testing.T) {
		s := newStore(t)
		for i := range 4 {
			one := session(fmt.Sprint("hash-", i), now)
			one.ExpiresAt = now.Add(time.Duration(i) * time.Hour)
			if err := s.PutSession(t.Context(), one); err != nil {
				t.Fatal(err)
			}
			if err := s.PutTicket(t.Context(), web.Ticket{Hash: fmt.Sprint("ticket-", i), Session: one, ExpiresAt: one.ExpiresAt}); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.Purge(t.Context(), now.Add(2*time.Hour)); err != nil || n != 4 {
			t.Fatalf("purged %d, %v, want 4", n, err)
		}
		for i := range 4 {
			_, err := s.Session(t.Context(), fmt.Sprint("hash-", i))
			if kept := err == nil; kept != (i >= 2) {
				t.Errorf("session %d kept: %v", i, err)
			}
			_, err = s.TakeTicket(t.Context(), fmt.Sprint("ticket-", i))
			if kept := err == nil; kept != (i >= 2) {
				t.Errorf("ticket %d kept: %v", i, err)
			}
		}
	})

	t.Run("a ticket is taken once, by one of many", func(t *testing.T) {
		s := newStore(t)
		want := web.Ticket{Hash: "ticket", Session: session("hash-1", now), ExpiresAt: now.Add(time.Minute)}
		if err := s.PutTicket(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		for range 2 { // looking leaves it
			if have, err := s.Ticket(t.Context(), "ticket"); err != nil || !reflect.DeepEqual(have, want) {
				t.Fatalf("have %+v, %v", have, err)
			}
		}
		if _, err := s.Ticket(t.Context(), "another"); !errors.Is(err, web.ErrNotFound) {
			t.Errorf("an unknown ticket is answered with %v", err)
		}
		const takers = 8
		var wg sync.WaitGroup
		tickets, errs := make([]web.Ticket, takers), make([]error, takers)
		for i := range takers {
			wg.Go(func() { tickets[i], errs[i] = s.TakeTicket(t.Context(), "ticket") })
		}
		wg.Wait()
		winners := 0
		for i := range takers {
			switch {
			case errs[i] == nil:
				winners++
				if !reflect.DeepEqual(tickets[i], want) {
					t.Errorf("have %+v\nwant %+v", tickets[i], want)
				}
			case !errors.Is(errs[i], web.ErrNotFound):
				t.Errorf("a loser got %v", errs[i])
			}
		}
		if winners != 1 {
			t.Errorf("%d takers won", winners)
		}
	})

	t.Run("the first write of a tenant wins, by one of many", func(t *testing.T) {
		s := newStore(t)
		const writers = 8
		var wg sync.WaitGroup
		have, errs := make([]web.Tenant, writers), make([]error, writers)
		for i := range writers {
			wg.Go(func() {
				have[i], errs[i] = s.EnsureTenant(t.Context(), web.Tenant{Name: "main", IRIBase: fmt.Sprintf("https://%d.example", i), CreatedAt: now})
			})
		}
		wg.Wait()
		for i := range writers {
			if errs[i] != nil || have[i] != have[0] {
				t.Errorf("writer %d has %+v, %v; writer 0 has %+v", i, have[i], errs[i], have[0])
			}
		}
		if stored, err := s.Tenant(t.Context(), "main"); err != nil || stored != have[0] {
			t.Errorf("stored %+v, %v", stored, err)
		}
	})

	t.Run("tenants are listed by name", func(t *testing.T) {
		s := newStore(t)
		if none, err := s.Tenants(t.Context()); err != nil || len(none) != 0 {
			t.Fatalf("an empty store lists %v, %v", none, err)
		}
		if _, err := s.Tenant(t.Context(), "main"); !errors.Is(err, web.ErrNotFound) {
			t.Fatalf("an unknown tenant: %v", err)
		}
		for _, name := range []string{"main", "acme", "zeta"} {
			if _, err := s.EnsureTenant(t.Context(), web.Tenant{Name: name, IRIBase: "https://" + name, CreatedAt: now}); err != nil {
				t.Fatal(err)
			}
		}
		all, err := s.Tenants(t.Context())
		if err != nil || len(all) != 3 || all[0].Name != "acme" || all[1].Name != "main" || all[2].Name != "zeta" {
			t.Fatalf("have %+v, %v", all, err)
		}
	})
}

func session(idHash string, now time.Time) web.Session {
	return web.Session{
		IDHash: idHash, Handle: "h4ndle", Tenant: "main", Registration: "reg", Role: web.RoleLearner,
		Person: "person", Enrolment: "enrolment",
		Course:    engine.Course{Registration: "reg", Issuer: "https://lms.example", ID: "2", Title: "Ünïcode & <b>"},
		Ancestors: []string{"https://lms.example"}, Locale: "de-AT", Zone: "Europe/Vienna",
		ReturnURL: "https://lms.example/return?x=1&y=2", CreatedAt: now, ExpiresAt: now.Add(12 * time.Hour),
	}
}
