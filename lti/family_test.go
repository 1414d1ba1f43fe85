package lti_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti"
)

func TestAPlatformIsKnownByItsWordsItsAddressesAndItsIssuer(t *testing.T) {
	for name, c := range map[string]struct {
		reg  lti.Registration
		want lti.Family
	}{
		"Moodle":                    {lti.Registration{AuthURL: "https://lms.example/mod/lti/auth.php"}, lti.FamilyMoodle},
		"Moodle in a folder":        {lti.Registration{AuthURL: "https://school.example/moodle/mod/lti/auth.php"}, lti.FamilyMoodle},
		"a Canvas of one's own":     {lti.Registration{AuthURL: "https://canvas.school.example/api/lti/authorize_redirect"}, lti.FamilyCanvas},
		"Canvas in the cloud":       {lti.Registration{Issuer: "https://canvas.instructure.com", AuthURL: "https://x.example/a"}, lti.FamilyCanvas},
		"Canvas, beta":              {lti.Registration{Issuer: "https://canvas.beta.instructure.com"}, lti.FamilyCanvas},
		"a host that ends alike":    {lti.Registration{Issuer: "https://notinstructure.com"}, ""},
		"a path that begins alike":  {lti.Registration{AuthURL: "https://lms.example/mod/lti/auth.php/more"}, ""},
		"a query that says so":      {lti.Registration{AuthURL: "https://lms.example/a?x=/mod/lti/auth.php"}, ""},
		"Sakai":                     {lti.Registration{AuthURL: "https://lms.example/imsoidc/lti13/oidc_auth"}, lti.FamilySakai},
		"what the platform said":    {lti.Registration{ProductFamily: "Sakai", AuthURL: "https://lms.example/mod/lti/auth.php"}, lti.FamilySakai},
		"one that nobody has known": {lti.Registration{ProductFamily: "Abacus"}, "abacus"},
		"nothing":                   {lti.Registration{}, ""},
	} {
		if got := c.reg.Family(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// byHand enters a platform at other paths of the test's, as an administrator does.
func (w *world) byHand(authPath string) lti.Registration {
	w.t.Helper()
	reg, err := w.tool.Register(w.t.Context(), lti.Registration{
		Issuer: w.platform.URL, ClientID: "by-hand", AuthURL: w.platform.URL + authPath, TokenURL: w.platform.URL + "/token",
		JWKSURL: w.platform.URL + "/jwks", Tenant: "main",
	}, "1")
	if err != nil {
		w.t.Fatal(err)
	}
	return reg
}

func TestInAMoodleEnteredByHandARestartBeginsInMoodle(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	if reg := w.byHand("/mod/lti/auth.php"); reg.ProductFamily != "moodle" {
		t.Fatalf("got %+v", reg)
	}
	a := w.loggedIn(func(q url.Values) { q.Set("client_id", "by-hand") })
	a.claims["aud"], a.browser = "by-hand", w.browser()
	refused := a.post()
	w.wantCode(refused, "state_other_browser")
	res, err := w.browser().Get(refused.Restart)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got, want := res.Header.Get("Location"), w.platform.URL+"/mod/lti/launch.php?id=11"; got != want {
		t.Fatalf("the restart leads to %q, want %q", got, want)
	}
}

func TestScoresToACanvasEnteredByHandMakeNoNewSubmission(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	s := w.score()
	s.Registration = w.byHand("/api/lti/authorize_redirect").ID
	w.platform.handle(scoresPath, func(http.ResponseWriter, *http.Request) {})
	if err := w.tool.PostScore(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	sent := w.platform.requests(scoresPath)
	if len(sent) != 1 || !strings.Contains(sent[0].Body, `"https://canvas.instructure.com/lti/submission":{"new_submission":false}`) {
		t.Fatalf("got %+v", sent)
	}
}

func TestAVerifiedLaunchTellsTheProductOnceWhereItIsNotKnown(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		stands := func() string {
			t.Helper()
			reg, err := w.store.Registration(t.Context(), w.reg.ID)
			if err != nil {
				t.Fatal(err)
			}
			return reg.ProductFamily
		}
		launch := func(product string, spoilt bool) shown {
			a := w.attempt()
			a.claims[claim+"tool_platform"] = map[string]any{"product_family_code": product, "guid": "g"}
			if spoilt {
				a.sign = func(h, c map[string]any) string { return signRS256(testKey(t), h, c) }
			}
			return a.post()
		}
		w.wantCode(launch("Forged", true), "bad_signature")
		if got := stands(); got != "" {
			t.Fatalf("an unsigned word is kept: %q", got)
		}
		if got := launch("Sakai", false); got.Page != "launched" || got.Launch.Registration.Family() != lti.FamilySakai {
			t.Fatalf("got %+v", got)
		}
		if got := launch("Moodle", false); got.Page != "launched" {
			t.Fatalf("got %+v", got)
		}
		if got := stands(); got != "sakai" {
			t.Fatalf("got %q, want what the first launch said", got)
		}
	})
}
