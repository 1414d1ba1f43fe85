package lti_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// What real platforms send and a strict reader would refuse.
func TestAcceptedLaunches(t *testing.T) {
	stores(t, acceptedLaunches)
}

func acceptedLaunches(t *testing.T, s lti.Store) {
	w := newWorld(t, s)
	for name, change := range map[string]func(*attempt){
		"no roles at all":       func(a *attempt) { a.claims[claim+"roles"] = []string{} },
		"an empty role":         func(a *attempt) { a.claims[claim+"roles"] = []string{""} },
		"a short role":          func(a *attempt) { a.claims[claim+"roles"] = []string{"Learner"} },
		"an unknown role":       func(a *attempt) { a.claims[claim+"roles"] = []string{"urn:x:Wizard"} },
		"many roles":            func(a *attempt) { a.claims[claim+"roles"] = strings.Fields(strings.Repeat("Learner ", 500)) },
		"e-mail only":           func(a *attempt) { drop(a, "name", "given_name", "family_name") },
		"names only":            func(a *attempt) { drop(a, "email") },
		"nothing personal":      func(a *attempt) { drop(a, "email", "name", "given_name", "family_name") },
		"no context":            func(a *attempt) { drop(a, claim+"context") },
		"unknown claims":        func(a *attempt) { a.claims["https://example.org/claim"] = map[string]any{"a": []int{1}} },
		"a person without name": func(a *attempt) { drop(a, "name") },
		"a student preview": func(a *attempt) {
			a.claims[claim+"roles"] = []string{"http://purl.imsglobal.org/vocab/lti/system/person#TestUser"}
		},
		"null where something may be missing": func(a *attempt) {
			a.claims[claim+"context"], a.claims["email"], a.claims[claim+"launch_presentation"] = nil, nil, nil
		},
		"custom values of other types": func(a *attempt) {
			a.claims[claim+"custom"] = map[string]any{"a": 5, "b": true, "c": nil, "d": "", "e": "$Unknown.var"}
		},
		"ids of 255 characters": func(a *attempt) {
			a.claims["sub"] = strings.Repeat("5", 255)
			a.claims[claim+"resource_link"] = map[string]any{"id": strings.Repeat("x", 255)}
		},
		"audience in an array, with azp":      func(a *attempt) { a.claims["aud"], a.claims["azp"] = []string{"client-1"}, "client-1" },
		"a migration claim of an unknown key": func(a *attempt) { a.migrated("unknown", "x") },
		"a login with Canvas's spelling of the deployment": func(a *attempt) {
			*a = *a.w.loggedIn(func(q url.Values) { q.Del("lti_deployment_id"); q.Set("deployment_id", "1") })
		},
		"a login with both spellings of the deployment": func(a *attempt) { *a = *a.w.loggedIn(func(q url.Values) { q.Set("deployment_id", "1") }) },
		"a login without deployment":                    func(a *attempt) { *a = *a.w.loggedIn(func(q url.Values) { q.Del("lti_deployment_id") }) },
		"a login without client id":                     func(a *attempt) { *a = *a.w.loggedIn(func(q url.Values) { q.Del("client_id") }) },
		"a login without message hint":                  func(a *attempt) { *a = *a.w.loggedIn(func(q url.Values) { q.Del("lti_message_hint") }) },
		"audience in an array":                          func(a *attempt) { a.claims["aud"] = []string{"client-1"} },
		"fractions of a second":                         func(a *attempt) { a.claims["iat"] = float64(w.clock.Now().UnixMilli()) / 1000 },
		"clock 59 s ahead":                              func(a *attempt) { a.claims["iat"] = w.clock.Now().Unix() + 59 },
		"expired 59 s ago":                              func(a *attempt) { a.claims["exp"] = w.clock.Now().Unix() - 59 },
		"a script as return URL": func(a *attempt) {
			a.claims[claim+"launch_presentation"] = map[string]any{"return_url": "javascript:alert(1)"}
		},
		"a key without alg and use (Open edX)": func(a *attempt) {
			k := jwkOf(&w.platform.key.PublicKey, "bare")
			delete(k, "alg")
			delete(k, "use")
			w.platform.publish(w.platform.kid, append(w.platform.jwks, k)...)
			w.clock.Advance(time.Minute)
			a.header["kid"] = "bare"
		},
		"a deep linking request with a resource link (Open edX)": func(a *attempt) {
			a.claims[claim+"message_type"] = "LtiDeepLinkingRequest"
			a.claims[claimDL+"deep_linking_settings"] = map[string]any{
				"deep_link_return_url": w.platform.URL + "/dl", "accept_types": []string{"ltiResourceLink"}, "accept_presentation_document_targets": []string{"iframe"},
			}
		},
		"a submission review": func(a *attempt) {
			a.claims[claim+"message_type"] = "LtiSubmissionReviewRequest"
			a.claims[claim+"for_user"] = map[string]any{"user_id": "6"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			w.clock.Advance(time.Minute)
			a := w.attempt()
			change(a)
			got := a.post()
			if got.Page != "launched" {
				t.Fatalf("refused with %s: %s", got.Code, got.Detail)
			}
			if strings.HasPrefix(got.Launch.ReturnURL, "javascript") {
				t.Fatal("a script must not become a return URL")
			}
		})
	}
}

func drop(a *attempt, names ...string) {
	for _, n := range names {
		delete(a.claims, n)
	}
}

// Canvas names one issuer for all its accounts, and others for its beta and test
// sites; where its endpoints are stands in the registration.
func TestCanvasIsAcceptedUnderEachOfItsIssuers(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		for _, issuer := range []string{"https://canvas.instructure.com", "https://canvas.beta.instructure.com", "https://canvas.test.instructure.com"} {
			for _, client := range []string{"10000000000001", "10000000000002"} {
				reg := w.reg
				reg.Issuer, reg.ClientID = issuer, client
				if _, err := w.tool.Register(t.Context(), reg, "1:abc"); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, issuer := range []string{"https://canvas.instructure.com", "https://canvas.beta.instructure.com", "https://canvas.test.instructure.com"} {
			w.clock.Advance(time.Minute)
			a := w.loggedIn(func(q url.Values) {
				q.Set("iss", issuer)
				q.Set("client_id", "10000000000002")
				q.Set("deployment_id", "1:abc")
				q.Del("lti_deployment_id")
			})
			a.claims["iss"], a.claims["aud"], a.claims[claim+"deployment_id"] = issuer, "10000000000002", "1:abc"
			if got := a.post(); got.Page != "launched" || got.Launch.Issuer != issuer || got.Launch.ClientID != "10000000000002" {
				t.Errorf("%s: got %+v", issuer, got)
			}
		}
	})
}

func TestAnonymousLaunchesAreLetInByASwitchOnly(t *testing.T) {
	anonymous := func(w *world) shown {
		a := w.attempt()
		drop(a, "sub", "name", "given_name", "family_name", "email")
		return a.post()
	}
	w := newWorld(t, sqliteStore(t))
	w.wantCode(anonymous(w), "subject_missing")
	open := newWorld(t, sqliteStore(t), func(o *lti.Options) { o.AllowAnonymous = true })
	if got := anonymous(open); got.Page != "launched" || got.Launch.Subject != "" {
		t.Fatalf("got %+v", got)
	}
	a := open.attempt()
	a.claims["sub"] = ""
	open.wantCode(a.post(), "subject_empty")
}
