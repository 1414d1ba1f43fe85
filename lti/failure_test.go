package lti_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// failureOf finds the failure that a request was counted in.
func (w *world) failureOf(tenant, requestID string) lti.Failure {
	w.t.Helper()
	all, err := w.tool.Failures(w.t.Context(), tenant, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(f lti.Failure) bool { return slices.Contains(f.RequestIDs, requestID) })
	if i < 0 {
		w.t.Fatalf("no failure of tenant %q with request id %s among %d", tenant, requestID, len(all))
	}
	return all[i]
}

// wantFailure demands that the administrator finds the refusal.
func (w *world) wantFailure(got shown, kind string) {
	w.t.Helper()
	for _, tenant := range []string{"main", ""} {
		all, err := w.tool.Failures(w.t.Context(), tenant, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, f := range all {
			if slices.Contains(f.RequestIDs, got.RequestID) {
				if f.Code != got.Code || f.Kind != kind || f.Spec != got.Spec || f.Detail == "" {
					w.t.Fatalf("the refusal with %s is kept as %+v", got.Code, f)
				}
				return
			}
		}
	}
	w.t.Fatalf("the refusal with %s is not kept", got.Code)
}

func TestARefusedLaunchTellsTheAdministratorWhyAndNoMore(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		a := w.attempt()
		a.claims["iat"], a.claims["aud"] = w.clock.Now().Add(-3*time.Second).Unix(), "somebody-else"
		a.claims[claim+"target_link_uri"] = w.target + "?token=secret"
		got := a.post()
		w.wantCode(got, "wrong_audience")
		f := w.failureOf("main", got.RequestID)
		if f.Kind != lti.FailedLaunch || f.Code != "wrong_audience" || f.Spec == "" || f.Detail == "" || f.Registration != w.reg.ID ||
			f.Issuer != w.platform.URL || f.ClientID != "client-1" || !f.At.Equal(w.clock.Now()) || f.Count != 1 || !f.Verified {
			t.Errorf("got %+v", f)
		}
		if f.Expected != "client-1" || f.Received != "somebody-else" {
			t.Errorf("expected %q, received %q", f.Expected, f.Received)
		}
		if f.SkewSeconds == nil || *f.SkewSeconds != -3 {
			t.Errorf("got a skew of %v", f.SkewSeconds)
		}
		if !slices.Contains(f.ClaimNames, "email") || !slices.Contains(f.ClaimNames, claim+"custom") {
			t.Errorf("got names %v", f.ClaimNames)
		}
		for name, want := range map[string]string{
			"iss": w.platform.URL, "aud": "somebody-else", "deployment_id": "1", "message_type": "LtiResourceLinkRequest", "version": "1.3.0",
			"target_link_uri": w.target + "?…", "roles": "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",
			"resource_link.id": "10", "context.id": "2", "tool_platform.product_family_code": "moodle",
			"iat": fmt.Sprint(w.clock.Now().Unix() - 3), "exp": fmt.Sprint(w.clock.Now().Unix() + 60),
		} {
			if f.Claims[name] != want {
				t.Errorf("claim %s is %q, want %q", name, f.Claims[name], want)
			}
		}
		if len(f.Claims) != 12 {
			t.Errorf("got claims %v", f.Claims)
		}
		if all := fmt.Sprintf("%+v", f); strings.Contains(all, "Sam") || strings.Contains(all, "sam@") || strings.Contains(all, "secret") || strings.Contains(all, "first-steps") {
			t.Errorf("a failure must not say who or what: %s", all)
		}
		none, err := w.tool.Failures(t.Context(), "", 0)
		if err != nil || len(none) != 0 {
			t.Errorf("the operator's own list holds %v, %v", none, err)
		}
	})
}

func TestClaimsOfATokenThatNobodySignedAreMarked(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	a := w.attempt()
	stranger := testKey(t)
	a.sign = func(h, c map[string]any) string { return signRS256(stranger, h, c) }
	got := a.post()
	w.wantCode(got, "bad_signature")
	if f := w.failureOf("main", got.RequestID); f.Verified || f.Claims["deployment_id"] != "1" {
		t.Fatalf("got %+v", f)
	}
}

func TestWhatBelongsToNobodyIsTheOperators(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	q := w.loginParams()
	q.Set("iss", "https://nowhere.example")
	got := w.get(w.browser(), w.server.URL+"/lti/login?"+q.Encode())
	w.wantCode(got, "unknown_issuer")
	if f := w.failureOf("", got.RequestID); f.Kind != lti.FailedLogin || f.Issuer != "https://nowhere.example" || f.Registration != "" {
		t.Fatalf("got %+v", f)
	}
	got = w.get(w.browser(), w.server.URL+"/lti/register?code=x&openid_configuration=https://nowhere.example/")
	w.wantCode(got, "invite_unknown")
	if f := w.failureOf("", got.RequestID); f.Kind != lti.FailedRegistration {
		t.Fatalf("got %+v", f)
	}
}

func TestAStrangersBurstFillsNothingAndPushesNothingOut(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	a := w.attempt()
	a.claims[claim+"version"] = "1.1"
	real := a.post()
	w.wantCode(real, "wrong_version")
	b := w.browser()
	var last shown
	for day := range 3 {
		for hour := range 24 {
			w.clock.Advance(time.Hour)
			for n := range 7 {
				w.clock.Advance(2 * time.Second)
				last = w.postForm(b, url.Values{"state": {fmt.Sprint(day, hour, n)}, "id_token": {"x"}})
				w.get(b, w.server.URL+"/lti/login?"+url.Values{"iss": {fmt.Sprintf("https://%d-%d.example", hour, n)}, "login_hint": {"x"}, "target_link_uri": {"x"}}.Encode())
			}
		}
	}
	w.wantCode(last, "state_unknown")
	nobodys, err := w.tool.Failures(t.Context(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(nobodys) > 20+2*5 { // ten of each code, and what came since the last tidying
		t.Errorf("%d entries of a stranger with two codes", len(nobodys))
	}
	if f := w.failureOf("", last.RequestID); f.Count != 7 {
		t.Errorf("seven in an hour count %d", f.Count)
	}
	w.failureOf("main", real.RequestID)
	w.clock.Advance(31 * 24 * time.Hour)
	if all, err := w.tool.Failures(t.Context(), "main", 0); err != nil || len(all) != 0 {
		t.Errorf("after a month: %v, %v", all, err)
	}
}

func TestAFloodIsWrittenOnceASecond(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	b := w.browser()
	bad := func() shown { return w.postForm(b, url.Values{"state": {"x"}, "id_token": {"x"}}) }
	first := bad()
	for range 20 {
		if got := bad(); got.Status != http.StatusBadRequest {
			t.Fatalf("got %+v", got)
		}
	}
	if f := w.failureOf("", first.RequestID); f.Count != 1 {
		t.Fatalf("count %d within a second", f.Count)
	}
	w.clock.Advance(time.Second)
	if f := w.failureOf("", bad().RequestID); f.Count != 22 {
		t.Fatalf("count %d after it", f.Count)
	}
}
