package webtest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/web"
)

func runAudit(t *testing.T, newStore func(t *testing.T) web.Store, now time.Time) {
	t.Run("acts are listed newest first, a tenant's alone or all", func(t *testing.T) {
		s := newStore(t)
		if none, err := s.Audit(t.Context(), "main", false, 10); err != nil || len(none) != 0 {
			t.Fatalf("an empty store lists %v, %v", none, err)
		}
		var all []web.AuditEntry
		for i, tenant := range []string{"main", "acme", "main", ""} {
			e := web.AuditEntry{ID: fmt.Sprint("entry-", i), At: now.Add(time.Duration(i) * time.Second), Tenant: tenant, By: web.ByLaunch,
				Session: "abc", Person: "person", Act: "registration.suspend", Object: "reg", Detail: "ünï", RequestID: "r"}
			if err := s.AddAudit(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			all = append([]web.AuditEntry{e}, all...)
		}
		for name, test := range map[string]struct {
			tenant     string
			everything bool
			limit      int
			want       []web.AuditEntry
		}{
			"of a tenant":   {"main", false, 10, []web.AuditEntry{all[1], all[3]}},
			"of another":    {"acme", false, 10, []web.AuditEntry{all[2]}},
			"of everything": {"", true, 10, all},
			"at most two":   {"", true, 2, all[:2]},
		} {
			have, err := s.Audit(t.Context(), test.tenant, test.everything, test.limit)
			if err != nil || !reflect.DeepEqual(have, test.want) {
				t.Errorf("%s: have %+v, %v\nwant %+v", name, have, err, test.want)
			}
		}
		if err := s.PurgeAudit(t.Context(), now.Add(2*time.Second)); err != nil {
			t.Fatal(err)
		}
		if have, err := s.Audit(t.Context(), "", true, 10); err != nil || !reflect.DeepEqual(have, all[:2]) {
			t.Errorf("after purging: %+v, %v", have, err)
		}
	})
}

func runInstallation(t *testing.T, newStore func(t *testing.T) web.Store, now time.Time) {
	t.Run("the installation is the last one put", func(t *testing.T) {
		s := newStore(t)
		if _, err := s.Installation(t.Context()); !errors.Is(err, web.ErrNotFound) {
			t.Fatalf("before the first start: %v", err)
		}
		for _, url := range []string{"https://old.example", "https://new.example"} {
			want := web.Installation{PublicURL: url, StartedAt: now}
			if err := s.PutInstallation(t.Context(), want); err != nil {
				t.Fatal(err)
			}
			if have, err := s.Installation(t.Context()); err != nil || have != want {
				t.Fatalf("have %+v, %v", have, err)
			}
		}
	})
}
