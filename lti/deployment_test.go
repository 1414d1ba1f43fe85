package lti_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// launchAs launches from a deployment that the login does not name.
func (w *world) launchAs(deployment string) shown {
	w.t.Helper()
	a := w.loggedIn(func(q url.Values) { q.Del("lti_deployment_id") })
	a.claims[claim+"deployment_id"] = deployment
	return a.post()
}

func TestAnUnknownDeploymentWaitsForApproval(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		w.clock.Advance(time.Second) // deployments of one instant have no order
		w.wantCode(w.launchAs("7"), "unknown_deployment")
		w.wantCode(w.launchAs("7"), "deployment_pending")
		all, err := w.tool.Deployments(ctx, w.reg.ID)
		must(err)
		if len(all) != 2 || all[1].ID != "7" || all[1].Status != lti.StatusPending || all[1].Tenant != "main" {
			t.Fatalf("got %+v", all)
		}
		must(w.tool.ApproveDeployment(ctx, w.reg.ID, "7", "north", lti.ByTenant))
		if got := w.launchAs("7"); got.Page != "launched" || got.Launch.Tenant != "north" || got.Launch.Registration.Tenant != "main" {
			t.Fatalf("got %+v", got)
		}
		must(w.tool.SuspendDeployment(ctx, w.reg.ID, "7", lti.ByTenant))
		refused := w.launchAs("7")
		w.wantCode(refused, "deployment_suspended")
		w.failureOf("north", refused.RequestID) // the administrators of the deployment's tenant see it
		must(w.tool.ApproveDeployment(ctx, w.reg.ID, "7", "", lti.ByTenant))
		if got := w.launchAs("7"); got.Page != "launched" || got.Launch.Tenant != "north" {
			t.Fatalf("got %+v", got)
		}
		if err := w.tool.ApproveDeployment(ctx, w.reg.ID, "typed wrong", "north", lti.ByTenant); err == nil {
			t.Error("a deployment that nobody launched from was approved")
		}
		for _, act := range []string{"approve deployment", "suspend deployment"} {
			if !strings.Contains(w.log.String(), fmt.Sprintf("msg=audit act=%q registration=%s deployment=7", act, w.reg.ID)) {
				t.Errorf("%s is not in the audit log", act)
			}
		}
	})
}

func TestDeploymentsAreTakenOnIfTheAdministratorWishes(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	if err := w.tool.SetAutoDeploy(t.Context(), w.reg.ID, true); err != nil {
		t.Fatal(err)
	}
	if got := w.launchAs("8"); got.Page != "launched" || got.Launch.Tenant != "main" {
		t.Fatalf("got %+v", got)
	}
	if err := w.tool.SetAutoDeploy(t.Context(), w.reg.ID, false); err != nil {
		t.Fatal(err)
	}
	if got := w.launchAs("8"); got.Page != "launched" {
		t.Fatalf("got %+v", got)
	}
	w.wantCode(w.launchAs("9"), "unknown_deployment")
}

// One client id of Canvas can serve customers who know nothing of each other.
func TestOfCanvasADeploymentThatNobodyNamedWaitsForApproval(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	for name, test := range map[string]struct {
		reg   lti.Registration
		named []string
		auto  bool
	}{
		"Canvas":                      {reg: lti.Registration{ProductFamily: "canvas"}},
		"Canvas by its issuer":        {reg: lti.Registration{Issuer: "https://canvas.instructure.com"}},
		"Canvas, and it was asked so": {reg: lti.Registration{ProductFamily: "canvas", AutoDeploy: true}, auto: true},
		"Moodle":                      {reg: lti.Registration{ProductFamily: "moodle"}, auto: true},
		"Moodle, and one is named":    {reg: lti.Registration{ProductFamily: "moodle"}, named: []string{"1"}},
	} {
		reg := test.reg
		reg.ClientID, reg.Tenant, reg.AuthURL, reg.TokenURL, reg.JWKSURL = name, "main", w.platform.URL+"/auth", w.platform.URL+"/token", w.platform.URL+"/jwks"
		if reg.Issuer == "" {
			reg.Issuer = w.platform.URL
		}
		kept, err := w.tool.Register(t.Context(), reg, test.named...)
		if err != nil || kept.AutoDeploy != test.auto {
			t.Errorf("%s: unknown deployments are taken on: %v, want %v (%v)", name, kept.AutoDeploy, test.auto, err)
		}
	}
}

func TestACanvasThatRegistersItselfLaunchesOnceItsDeploymentIsApproved(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	conf := registering(w.platform, "dynamic-1")
	conf["https://purl.imsglobal.org/spec/lti-platform-configuration"] = map[string]any{"product_family_code": "canvas"}
	if got := w.get(w.browser(), w.registerURL(w.invite())); got.Page != "registered" {
		t.Fatalf("got %+v", got)
	}
	reg, err := w.store.RegistrationFor(t.Context(), w.platform.URL, "dynamic-1")
	if err != nil {
		t.Fatal(err)
	}
	launch := func() shown {
		a := w.loggedIn(func(q url.Values) { q.Set("client_id", "dynamic-1"); q.Del("lti_deployment_id") })
		a.claims["aud"], a.claims[claim+"deployment_id"] = "dynamic-1", "canvas-7"
		return a.post()
	}
	w.wantCode(launch(), "unknown_deployment")
	if err := w.tool.ApproveDeployment(t.Context(), reg.ID, "canvas-7", "", lti.ByTenant); err != nil {
		t.Fatal(err)
	}
	if got := launch(); got.Page != "launched" || got.Launch.Tenant != "main" {
		t.Fatalf("got %+v", got)
	}
}

func TestNoMoreThanAHundredDeploymentsWait(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	for n := range 100 {
		if _, err := w.store.AddDeployment(t.Context(), lti.Deployment{Registration: w.reg.ID, ID: fmt.Sprint("p", n), Tenant: "main", Status: lti.StatusPending}); err != nil {
			t.Fatal(err)
		}
	}
	w.wantCode(w.launchAs("one more"), "unknown_deployment")
	if all, err := w.tool.Deployments(t.Context(), w.reg.ID); err != nil || len(all) != 101 {
		t.Fatalf("%d deployments, %v", len(all), err)
	}
}

func TestARegistrationIsSuspendedResumedAndRemoved(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		ctx := t.Context()
		under := w.attempt()
		if err := w.tool.SuspendRegistration(ctx, w.reg.ID, lti.ByTenant); err != nil {
			t.Fatal(err)
		}
		w.wantCode(under.post(), "registration_suspended")
		w.wantCode(w.get(w.browser(), w.server.URL+"/lti/login?"+w.loginParams().Encode()), "registration_suspended")
		if _, err := w.tool.Members(ctx, lti.CourseKey{Registration: w.reg.ID}, w.platform.URL+"/memberships"); err == nil {
			t.Error("a suspended platform's services are called")
		}
		if err := w.tool.ResumeRegistration(ctx, w.reg.ID, lti.ByTenant); err != nil {
			t.Fatal(err)
		}
		if got := w.attempt().post(); got.Page != "launched" {
			t.Fatalf("got %+v", got)
		}
		under = w.attempt()
		for range 2 {
			if err := w.tool.RemoveRegistration(ctx, w.reg.ID, lti.ByTenant); err != nil {
				t.Fatal(err)
			}
		}
		w.wantCode(under.post(), "state_unknown")
		w.wantCode(w.get(w.browser(), w.server.URL+"/lti/login?"+w.loginParams().Encode()), "unknown_issuer")
		if keys, err := s.Keys(ctx); err != nil || len(keys) != 0 {
			t.Errorf("%d keys are published, %v", len(keys), err)
		}
		if err := w.tool.SuspendRegistration(ctx, w.reg.ID, lti.ByTenant); err == nil {
			t.Error("what is removed was suspended")
		}
	})
}

func TestALoginUnderWayWhenItsRegistrationGoesIsTurnedAway(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	a := w.attempt()
	a.browser = w.browser()
	refused := a.post()
	w.wantCode(refused, "state_other_browser")
	if err := w.tool.RemoveRegistration(t.Context(), w.reg.ID, lti.ByTenant); err != nil {
		t.Fatal(err)
	}
	w.wantCode(w.get(w.browser(), refused.Restart), "registration_removed")
}

func TestTheStandingOfALaunchEndsWithItsRegistrationDeploymentOrTenant(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		ctx := t.Context()
		stands := func(what, deployment, tenant string, want error) {
			t.Helper()
			if _, err := w.tool.Standing(ctx, w.reg.ID, deployment, tenant); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.AddDeployment(ctx, lti.Deployment{Registration: w.reg.ID, ID: "7", Tenant: "north", Status: lti.StatusActive})
		must(err)
		stands("all is well", "7", "north", nil)
		stands("a launch of before deployments were kept", "", "north", nil)
		stands("another tenant's now", "7", "main", lti.ErrForbidden)
		stands("no such deployment", "8", "north", lti.ErrNotFound)
		must(w.tool.SuspendDeployment(ctx, w.reg.ID, "7", lti.ByOperator))
		stands("the deployment is suspended", "7", "north", lti.ErrForbidden)
		if err := w.tool.ApproveDeployment(ctx, w.reg.ID, "7", "", lti.ByTenant); !errors.Is(err, lti.ErrForbidden) {
			t.Errorf("a tenant lifted an operator's suspension: %v", err)
		}
		must(w.tool.ApproveDeployment(ctx, w.reg.ID, "7", "", lti.ByOperator))
		must(w.tool.SuspendRegistration(ctx, w.reg.ID, lti.ByTenant))
		stands("the registration is suspended", "7", "north", lti.ErrForbidden)
		must(w.tool.SuspendRegistration(ctx, w.reg.ID, lti.ByOperator)) // takes the tenant's over
		must(w.tool.SuspendRegistration(ctx, w.reg.ID, lti.ByTenant))   // which changes nothing
		for act, err := range map[string]error{
			"resumed": w.tool.ResumeRegistration(ctx, w.reg.ID, lti.ByTenant),
			"removed": w.tool.RemoveRegistration(ctx, w.reg.ID, lti.ByTenant),
		} {
			if !errors.Is(err, lti.ErrForbidden) {
				t.Errorf("a tenant %s what an operator suspended: %v", act, err)
			}
		}
		must(w.tool.RemoveRegistration(ctx, w.reg.ID, lti.ByOperator))
		stands("removed", "7", "north", lti.ErrNotFound)
	})
}

func TestChangesOfADeploymentAtOnceLoseNothing(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		var wg sync.WaitGroup
		for _, act := range []func() error{
			func() error { return w.tool.MoveDeployment(t.Context(), w.reg.ID, "1", "north") },
			func() error { return w.tool.SuspendDeployment(t.Context(), w.reg.ID, "1", lti.ByOperator) },
		} {
			wg.Go(func() {
				if err := act(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		d, err := s.Deployment(t.Context(), w.reg.ID, "1")
		if err != nil || d.Tenant != "north" || d.Status != lti.StatusSuspended || d.Rev != 2 {
			t.Fatalf("got %+v, %v", d, err)
		}
		if err := w.tool.MoveDeployment(t.Context(), w.reg.ID, "1", ""); err == nil {
			t.Error("moved to nobody")
		}
		if err := w.tool.MoveDeployment(t.Context(), w.reg.ID, "none", "north"); !errors.Is(err, lti.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		if log := w.log.String(); !strings.Contains(log, `msg=audit act="move deployment"`) {
			t.Errorf("no audit line in\n%s", log)
		}
	})
}
