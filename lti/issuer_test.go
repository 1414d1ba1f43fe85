package lti_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/cairn-lms/cairn/lti"
)

func TestAnIssuerIsEnteredWithItsKeySetOnlyUnlessAnOperatorSaysOtherwise(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		enter := func(by lti.Authority, tenant, client, keys string) error {
			t.Helper()
			_, err := w.tool.RegisterBy(t.Context(), by, lti.Registration{
				Issuer: w.reg.Issuer, ClientID: client, AuthURL: "https://evil.example/a", TokenURL: "https://evil.example/t", JWKSURL: keys, Tenant: tenant,
			})
			return err
		}
		const evil = "https://evil.example/keys"
		for _, c := range []struct {
			what           string
			by             lti.Authority
			tenant, client string
			keys           string
			want           error
		}{
			{"another tenant's admin with keys of their own", lti.ByTenant, "north", "n1", evil, lti.ErrIssuer},
			{"another tenant's admin with the issuer's keys", lti.ByTenant, "north", "n2", w.reg.JWKSURL, nil},
			{"the tenant's own admin with other keys", lti.ByTenant, "main", "m1", evil, lti.ErrIssuer},
			{"the tenant's own admin with the issuer's keys", lti.ByTenant, "main", "m2", w.reg.JWKSURL, nil},
			{"an operator with other keys for the same people", lti.ByOperator, "main", "m3", evil, lti.ErrIssuer},
			{"an operator with other keys for another tenant", lti.ByOperator, "south", "s1", evil, nil},
		} {
			if err := enter(c.by, c.tenant, c.client, c.keys); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Errorf("%s: got %v, want %v", c.what, err, c.want)
			}
		}
	})
}

func TestAnotherTenantsInvitationTakesNoIssuerOver(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	registering(w.platform, "client-9")["jwks_uri"] = w.platform.URL + "/keys-of-my-own"
	invite, err := w.tool.Invite(t.Context(), "south")
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{w.registerURL(invite), w.registerURL(w.invite())} { // also of the tenant itself
		got := w.get(w.browser(), url)
		w.wantCode(got, "issuer_taken")
		if got.Status != http.StatusConflict {
			t.Fatalf("HTTP %d", got.Status)
		}
	}
}

func TestASuspendedEntryOfTheSameIssuerMakesNoLoginAmbiguous(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	squatter, err := w.tool.RegisterBy(t.Context(), lti.ByTenant, lti.Registration{
		Issuer: w.reg.Issuer, ClientID: "squatter", AuthURL: w.platform.URL + "/a", TokenURL: w.platform.URL + "/t", JWKSURL: w.reg.JWKSURL, Tenant: "north",
	})
	if err != nil {
		t.Fatal(err)
	}
	p := w.loginParams()
	p.Del("client_id")
	p.Del("lti_deployment_id")
	w.wantCode(w.get(w.browser(), w.server.URL+"/lti/login?"+p.Encode()), "ambiguous_client")
	if err := w.tool.SuspendRegistration(t.Context(), squatter.ID, lti.ByOperator); err != nil {
		t.Fatal(err)
	}
	if got := w.login(w.browser(), p).Get("client_id"); got != "client-1" {
		t.Fatalf("the login means %q", got)
	}
}
