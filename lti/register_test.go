package lti_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/egress"
	"github.com/cairn-lms/cairn/lti"
)

// registering makes the platform answer like Moodle 4.5.
func registering(p *platform, clientID string) map[string]any {
	conf := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/auth", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/jwks",
		"registration_endpoint": p.URL + "/register", "id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported": []string{"openid", "https://purl.imsglobal.org/spec/lti-ags/scope/score", "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"},
		"https://purl.imsglobal.org/spec/lti-platform-configuration": map[string]any{"product_family_code": "moodle"},
	}
	p.handle("/config", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(conf) })
	p.handle("/register", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"client_id": clientID, "scope": "https://purl.imsglobal.org/spec/lti-ags/scope/score",
			"https://purl.imsglobal.org/spec/lti-tool-configuration": map[string]any{"deployment_id": "7"},
		})
	})
	return conf
}

func (w *world) invite() string {
	w.t.Helper()
	u, err := w.tool.Invite(w.t.Context(), "main")
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

func (w *world) registerURL(invite string) string {
	return invite + "&openid_configuration=" + url.QueryEscape(w.platform.URL+"/config") + "&registration_token=secret-token"
}

func TestDynamicRegistrationAnnouncesTheToolAndKeepsWhatWasGranted(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		registering(w.platform, "dynamic-1")
		invite := w.invite()
		if got := w.get(w.browser(), w.registerURL(invite)); got.Page != "registered" || got.Detail != "dynamic-1" {
			t.Fatalf("got %+v", got)
		}
		sent := w.platform.requests("/register")
		if len(sent) != 1 || sent[0].Header.Get("Authorization") != "Bearer secret-token" || w.platform.requests("/config")[0].Header.Get("Authorization") != "Bearer secret-token" {
			t.Fatalf("got %+v", sent)
		}
		var meta struct {
			Login   string   `json:"initiate_login_uri"`
			Targets []string `json:"redirect_uris"`
			Keys    string   `json:"jwks_uri"`
			Auth    string   `json:"token_endpoint_auth_method"`
			Scope   string   `json:"scope"`
			Tool    struct {
				Domain, Target string
				Custom         map[string]string `json:"custom_parameters"`
				Messages       []struct{ Type string }
			} `json:"https://purl.imsglobal.org/spec/lti-tool-configuration"`
		}
		if err := json.Unmarshal([]byte(sent[0].Body), &meta); err != nil {
			t.Fatal(err)
		}
		if meta.Login != w.server.URL+"/lti/login" || meta.Targets[0] != w.target || meta.Keys != w.server.URL+"/lti/jwks" || meta.Auth != "private_key_jwt" ||
			len(meta.Tool.Messages) != 2 || meta.Tool.Messages[1].Type != lti.MessageDeepLinking ||
			meta.Tool.Domain != w.server.Listener.Addr().String() || meta.Tool.Custom["manager_email"] != "$Person.manager.email" || len(strings.Fields(meta.Scope)) != 2 {
			t.Fatalf("got %+v", meta)
		}
		reg, err := w.store.RegistrationFor(t.Context(), w.platform.URL, "dynamic-1")
		if err != nil {
			t.Fatal(err)
		}
		if reg.Tenant != "main" || reg.ProductFamily != "moodle" || len(reg.Scopes) != 1 || reg.AutoDeploy || reg.TokenURL != w.platform.URL+"/token" {
			t.Fatalf("got %+v", reg)
		}
		if _, err := w.store.Deployment(t.Context(), reg.ID, "7"); err != nil {
			t.Fatal(err)
		}
		w.wantCode(w.get(w.browser(), w.registerURL(invite)), "invite_unknown")
	})
}

func TestRegisteringAgainBringsTheRegistrationUpToDate(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	conf := registering(w.platform, "dynamic-1")
	w.get(w.browser(), w.registerURL(w.invite()))
	before, _ := w.store.RegistrationFor(t.Context(), w.platform.URL, "dynamic-1")
	if err := errors.Join(w.tool.SetFrames(t.Context(), before.ID, []string{"https://school.example"}),
		w.tool.SetLiveEventKeys(t.Context(), before.ID, w.platform.URL+"/event-keys"), w.tool.SetAutoDeploy(t.Context(), before.ID, true)); err != nil {
		t.Fatal(err)
	}
	before, _ = w.store.Registration(t.Context(), before.ID)
	conf["token_endpoint"] = w.platform.URL + "/token2"
	if got := w.get(w.browser(), w.registerURL(w.invite())); got.Page != "registered" {
		t.Fatal(got)
	}
	after, err := w.store.RegistrationFor(t.Context(), w.platform.URL, "dynamic-1")
	if err != nil || after.ID != before.ID || after.TokenURL != w.platform.URL+"/token2" {
		t.Fatalf("got %+v, %v", after, err)
	}
	want := before // all that an administrator set stays
	want.TokenURL, want.Rev = after.TokenURL, after.Rev
	if !reflect.DeepEqual(after, want) || len(after.Frames) != 1 || after.EventKeysURL == "" {
		t.Fatalf("got  %+v\nwant %+v", after, want)
	}
	other, err := w.tool.Invite(t.Context(), "another")
	if err != nil {
		t.Fatal(err)
	}
	w.wantCode(w.get(w.browser(), w.registerURL(other)), "registration_taken")
}

func TestAnInvitationServesOneOfManyAtOnce(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	registering(w.platform, "dynamic-1")
	target := w.registerURL(w.invite())
	var mu sync.Mutex
	count := map[string]int{}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			got := w.get(w.browser(), target)
			mu.Lock()
			defer mu.Unlock()
			count[got.Page+got.Code]++
		})
	}
	wg.Wait()
	if count["registered"] != 1 || count["refusedinvite_unknown"] != 9 {
		t.Fatalf("got %v", count)
	}
}

func TestRefusedRegistrations(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	for _, c := range []struct {
		name, code string
		spoil      func(conf map[string]any, q url.Values)
	}{
		{"no invitation", "invite_missing", func(_ map[string]any, q url.Values) { q.Del("code") }},
		{"a made-up invitation", "invite_unknown", func(_ map[string]any, q url.Values) { q.Set("code", "x") }},
		{"opened in a browser", "configuration_missing", func(_ map[string]any, q url.Values) { q.Del("openid_configuration") }},
		{"a file", "configuration_url", func(_ map[string]any, q url.Values) { q.Set("openid_configuration", "file:///etc/passwd") }},
		{"nothing there", "configuration_unreachable", func(_ map[string]any, q url.Values) { q.Set("openid_configuration", w.platform.URL+"/nothing") }},
		{"issuer elsewhere", "configuration_issuer", func(c map[string]any, _ url.Values) { c["issuer"] = "https://canvas.instructure.com" }},
		{"no token endpoint", "configuration_invalid", func(c map[string]any, _ url.Values) { delete(c, "token_endpoint") }},
		{"a script as endpoint", "configuration_invalid", func(c map[string]any, _ url.Values) { c["authorization_endpoint"] = "javascript:alert(1)" }},
		{"another algorithm", "configuration_invalid", func(c map[string]any, _ url.Values) { c["id_token_signing_alg_values_supported"] = []string{"ES256"} }},
		{"refused there", "registration_refused", func(c map[string]any, _ url.Values) { c["registration_endpoint"] = w.platform.URL + "/nothing" }},
		{"no client id", "registration_answer", func(map[string]any, url.Values) {
			w.platform.handle("/register", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := registering(w.platform, "dynamic-1")
			u, _ := url.Parse(w.registerURL(w.invite()))
			q := u.Query()
			c.spoil(conf, q)
			good := u.String()
			u.RawQuery = q.Encode()
			w.in(t).wantCode(w.get(w.browser(), u.String()), c.code)
			registering(w.platform, "dynamic-1")
			if got := w.get(w.browser(), good); got.Page != "registered" {
				t.Fatalf("after the failure the invitation is good no more: %+v", got)
			}
		})
	}
	late := w.registerURL(w.invite())
	w.clock.Advance(8 * 24 * time.Hour)
	w.wantCode(w.get(w.browser(), late), "invite_unknown")
}

func TestWithTheGuardOnAPrivatePlatformIsNotFetched(t *testing.T) {
	w := newWorld(t, sqliteStore(t), func(o *lti.Options) {
		o.Client = egress.New(egress.Options{})
	})
	registering(w.platform, "dynamic-1")
	w.wantCode(w.get(w.browser(), w.registerURL(w.invite())), "configuration_unreachable")
	if len(w.platform.requests("/config")) != 0 {
		t.Fatal("the guard let the request through")
	}
}

func TestNewAndRegisterSayWhatIsMissing(t *testing.T) {
	good := lti.Options{
		PublicURL: "https://tool.example", Secret: bytes.Repeat([]byte{1}, 32), Pages: pages{}, Client: http.DefaultClient,
		OnLaunch: func(http.ResponseWriter, *http.Request, *lti.Launch) {},
	}
	store := sqliteStore(t)
	for name, spoil := range map[string]func(*lti.Options){
		"public URL": func(o *lti.Options) { o.PublicURL = "tool.example" }, "secret": func(o *lti.Options) { o.Secret = o.Secret[:16] },
		"pages": func(o *lti.Options) { o.Pages = nil }, "handler": func(o *lti.Options) { o.OnLaunch = nil }, "client": func(o *lti.Options) { o.Client = nil },
	} {
		o := good
		spoil(&o)
		if _, err := lti.New(store, o); err == nil {
			t.Errorf("New accepted a bad %s", name)
		}
	}
	tool, err := lti.New(store, good)
	if err != nil {
		t.Fatal(err)
	}
	reg := lti.Registration{Issuer: "https://lms.example", ClientID: "c", AuthURL: "https://lms.example/a", TokenURL: "https://lms.example/t", JWKSURL: "http://lms.example/j", Tenant: "main"}
	if _, err := tool.Register(t.Context(), reg); err == nil {
		t.Error("an http key set was registered in production")
	}
	reg.JWKSURL = "https://lms.example/j"
	if _, err := tool.Register(t.Context(), reg); err != nil {
		t.Fatal(err)
	}
	if _, err := tool.Register(t.Context(), reg); !errors.Is(err, lti.ErrConflict) {
		t.Fatalf("got %v", err)
	}
}

// The id is an argument of the commands of an administrator.
func TestTheIDOfARegistrationIsNeverTakenForAFlag(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	if id := string(w.reg.ID); len(id) < 22 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		t.Errorf("the id %q is not of letters and digits only", id)
	}
}
