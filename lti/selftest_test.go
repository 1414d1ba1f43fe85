package lti_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

const (
	scopeMembers   = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
	scopeLineItems = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
)

// knowCourse remembers a course as a launch would.
func (w *world) knowCourse() {
	w.t.Helper()
	if err := w.store.SaveKnownCourse(w.t.Context(), lti.KnownCourse{
		CourseKey: lti.CourseKey{Registration: w.reg.ID, Deployment: "1", Course: "2"}, Tenant: "main", SeenAt: w.clock.Now(),
		MembershipsURL: w.platform.URL + "/memberships", LineItemsURL: w.platform.URL + "/2/lineitems?type_id=1",
	}); err != nil {
		w.t.Fatal(err)
	}
	w.platform.handle("/memberships", func(rw http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(rw, `{"id":"x","context":{"id":"2"},"members":[{"user_id":"5","roles":["Learner"]},{"user_id":"6","roles":["Instructor"]}]}`)
	})
	w.platform.handle("/2/lineitems", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, `[{"id":"1"},{"id":"2"},{"id":"3"}]`) })
}

// tested runs the self-tests and answers them by name; of tokens, the worst.
func (w *world) tested() map[string]lti.Check {
	w.t.Helper()
	checks, err := w.tool.SelfTest(w.t.Context(), w.reg.ID, []string{"main"})
	if err != nil {
		w.t.Fatal(err)
	}
	byName := map[string]lti.Check{}
	for _, c := range checks {
		if c.Cause == "" || c.State == "" {
			w.t.Errorf("a check says too little: %+v", c)
		}
		if old, ok := byName[c.Name]; ok && old.State == lti.CheckFail {
			continue
		}
		byName[c.Name] = c
	}
	return byName
}

func (w *world) found(name string, state lti.CheckState, cause lti.Cause) lti.Check {
	w.t.Helper()
	c := w.tested()[name]
	if c.State != state || c.Cause != cause {
		w.t.Errorf("%s is %s because of %s (%s), want %s because of %s", name, c.State, c.Cause, c.Detail, state, cause)
	}
	return c
}

func TestSelfTestsPassOnAPlatformThatWorks(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		w.knowCourse()
		have := w.tested()
		for name, cause := range map[string]lti.Cause{
			"keys": "keys_fine", "clock": "clock_fine", "our_keys": "our_keys_read", "token": "token_fine",
			"roster": "roster_fine", "line_items": "line_items_fine", "launches": "launched",
		} {
			if c := have[name]; c.State != lti.CheckOK || c.Cause != cause {
				t.Errorf("%s: %+v", name, c)
			}
		}
		if have["roster"].Detail != "2" || have["line_items"].Detail != "3" {
			t.Errorf("counted %s members and %s columns", have["roster"].Detail, have["line_items"].Detail)
		}
	})
}

func TestSelfTestsSayWhyThePlatformsKeysAreOfNoUse(t *testing.T) {
	serve := func(status int, body string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(status)
			fmt.Fprint(rw, body)
		}
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		cause  lti.Cause
	}{
		"an error":        {serve(http.StatusNotFound, "no"), "keys_status"},
		"a page":          {serve(http.StatusOK, "<html>"), "keys_not_a_set"},
		"an empty set":    {serve(http.StatusOK, `{"keys":[]}`), "keys_none_usable"},
		"a symmetric key": {serve(http.StatusOK, `{"keys":[{"kty":"oct","kid":"1","k":"AAAA"}]}`), "keys_none_usable"},
		"a redirect":      {func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/elsewhere", http.StatusFound) }, "keys_status"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sqliteStore(t))
			w.platform.handle("/jwks", test.answer)
			w.found("keys", lti.CheckFail, test.cause)
		})
	}
	t.Run("nothing answers", func(t *testing.T) {
		w := newWorld(t, sqliteStore(t))
		gone := httptest.NewServer(http.NotFoundHandler())
		gone.Close()
		w.changeRegistration(func(r *lti.Registration) { r.JWKSURL = gone.URL })
		w.found("keys", lti.CheckFail, "connection_refused")
	})
	t.Run("an unknown certificate", func(t *testing.T) {
		w := newWorld(t, sqliteStore(t))
		secure := httptest.NewTLSServer(http.NotFoundHandler())
		t.Cleanup(secure.Close)
		w.changeRegistration(func(r *lti.Registration) { r.JWKSURL = secure.URL })
		w.found("keys", lti.CheckFail, "certificate")
	})
	t.Run("an address that the guard refuses", func(t *testing.T) {
		w := newWorld(t, sqliteStore(t))
		w.changeRegistration(func(r *lti.Registration) { r.JWKSURL = "ftp://lms.example/jwks" })
		w.found("keys", lti.CheckFail, "blocked")
	})
}

// changeRegistration writes past the tool, which would not take such values.
func (w *world) changeRegistration(change func(*lti.Registration)) {
	w.t.Helper()
	reg, err := w.store.Registration(w.t.Context(), w.reg.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	change(&reg)
	if err := w.store.SaveRegistration(w.t.Context(), reg); err != nil {
		w.t.Fatal(err)
	}
}

func TestSelfTestsExplainWhyThereIsNoToken(t *testing.T) {
	for name, test := range map[string]struct {
		status      int
		kind, body  string
		token, ours lti.Cause
	}{
		"the client is unknown":    {http.StatusUnauthorized, "application/json", `{"error":"unauthorized_client"}`, lti.CauseClient, lti.CauseClient},
		"the scope is not allowed": {http.StatusBadRequest, "application/json", `{"error":"invalid_scope"}`, lti.CauseScope, "our_keys_read"},
		"words we do not know":     {http.StatusBadRequest, "application/json", `{"error":`, lti.CauseRefused, "token_no_answer"},
		"unauthorised":             {http.StatusUnauthorized, "application/json", `{}`, lti.CauseRefused, "token_no_answer"},
		"overloaded":               {http.StatusServiceUnavailable, "text/html", `busy`, lti.CauseBusy, "token_no_answer"},
		"another address":          {http.StatusFound, "text/html", ``, lti.CauseRedirect, "token_no_answer"},
		"no token in it":           {http.StatusOK, "application/json", `{}`, lti.CauseAnswer, "token_no_answer"},
		"another scope":            {http.StatusOK, "application/json", `{"access_token":"t","token_type":"Bearer","scope":"other"}`, lti.CauseScope, "our_keys_read"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sqliteStore(t))
			w.platform.handle("/token", always(test.status, test.kind, test.body))
			have := w.tested()
			if c := have["token"]; c.State != lti.CheckFail || c.Cause != test.token {
				t.Errorf("the token: %+v, want %s", c, test.token)
			}
			if c := have["our_keys"]; c.Cause != test.ours {
				t.Errorf("our keys: %+v, want %s", c, test.ours)
			}
		})
	}
}

// always answers the same.
func always(status int, kind, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", kind)
		rw.WriteHeader(status)
		fmt.Fprint(rw, body)
	}
}

// What a real Moodle 4.5 answers is read as what it is, and where it does not take
// what we sign, our keys fail.
func TestSelfTestsReadTheRefusalsOfARealMoodleAsWhatTheyAre(t *testing.T) {
	for name, cause := range map[string]lti.Cause{
		"curl-blocked": lti.CauseKeys, "unknown-kid": lti.CauseKeyUnknown, "wrong-key": lti.CauseSignature,
		"expired": lti.CauseClock, "iat-future": lti.CauseClock, "unknown-client": lti.CauseClient,
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("testdata/moodle-4.5/token." + name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var c captured
			if err := json.Unmarshal(data, &c); err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, sqliteStore(t))
			w.platform.handle("/token", always(c.Status, c.ContentType, c.Body))
			have := w.tested()
			for _, check := range []string{"token", "our_keys"} {
				if c := have[check]; c.State != lti.CheckFail || c.Cause != cause {
					t.Errorf("%s: %+v, want %s", check, c, cause)
				}
			}
		})
	}
}

func TestSelfTestsAskForATokenOfEachGrantedScope(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	w.changeRegistration(func(r *lti.Registration) {
		r.Scopes = []string{scopeMembers, scopeLineItems, "https://other.example/scope"}
	})
	checks, err := w.tool.SelfTest(t.Context(), w.reg.ID, []string{"main"})
	if err != nil {
		t.Fatal(err)
	}
	var scopes []string
	for _, c := range checks {
		if c.Name == "token" {
			scopes = append(scopes, c.Detail)
		}
	}
	if fmt.Sprint(scopes) != fmt.Sprint([]string{scopeMembers, scopeLineItems}) {
		t.Errorf("asked for %q", scopes)
	}
}

func TestSelfTestsExplainServicesThatRefuse(t *testing.T) {
	for status, cause := range map[int]lti.Cause{
		http.StatusUnauthorized: lti.CauseToken, http.StatusForbidden: lti.CauseForbidden, http.StatusNotFound: lti.CauseGone,
		http.StatusFound: lti.CauseRedirect, http.StatusBadGateway: lti.CauseBusy,
	} {
		w := newWorld(t, sqliteStore(t))
		w.knowCourse()
		for _, path := range []string{"/memberships", "/2/lineitems"} {
			w.platform.handle(path, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status) })
		}
		have := w.tested()
		for _, name := range []string{"roster", "line_items"} {
			if c := have[name]; c.State != lti.CheckFail || c.Cause != cause {
				t.Errorf("HTTP %d: %+v, want %s", status, c, cause)
			}
		}
	}
}

func TestSelfTestsTellAClockThatIsOff(t *testing.T) {
	for name, test := range map[string]struct {
		off   time.Duration
		state lti.CheckState
		cause lti.Cause
	}{
		"two minutes ahead":  {2 * time.Minute, lti.CheckFail, "clock_off"},
		"two minutes behind": {-2 * time.Minute, lti.CheckFail, "clock_off"},
		"twenty seconds":     {20 * time.Second, lti.CheckWarn, "clock_drifts"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sqliteStore(t))
			w.platform.handle("/jwks", func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Date", time.Now().Add(test.off).UTC().Format(http.TimeFormat))
				fmt.Fprint(rw, `{"keys":[]}`)
			})
			w.found("clock", test.state, test.cause)
		})
	}
}

func TestSelfTestsRemindOfTheActivationThatMoodleWaitsFor(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	w.changeRegistration(func(r *lti.Registration) { r.ProductFamily = "moodle" })
	w.found("launches", lti.CheckWarn, "pending_moodle")
	w.found("roster", lti.CheckSkipped, "no_launch_yet")
	w.knowCourse()
	w.found("launches", lti.CheckOK, "launched")
}

func TestSelfTestsOfASuspendedPlatformCallNobody(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	if err := w.tool.SuspendRegistration(t.Context(), w.reg.ID, lti.ByOperator); err != nil {
		t.Fatal(err)
	}
	w.found("status", lti.CheckWarn, "suspended")
	if n := len(w.platform.requests("/jwks")) + len(w.platform.requests("/token")); n != 0 {
		t.Errorf("the platform was called %d times", n)
	}
}

func TestSelfTestsNameNobody(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	w.knowCourse()
	w.platform.handle("/memberships", func(rw http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(rw, `{"members":[{"user_id":"5","name":"Sam Sailor","email":"sam@example.org"}]}`)
	})
	checks, err := w.tool.SelfTest(t.Context(), w.reg.ID, []string{"main"})
	if err != nil {
		t.Fatal(err)
	}
	all, _ := json.Marshal(checks)
	for _, word := range []string{"Sam", "sam@", `"5"`} {
		if strings.Contains(string(all), word) {
			t.Errorf("the checks say %q: %s", word, all)
		}
	}
}

func TestSelfTestsTellOfAClockThatLaunchesWereRefusedFor(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	a := w.attempt()
	at := w.clock.Now().Add(75 * time.Second).Unix()
	a.claims["iat"], a.claims["exp"] = at, at+60
	if got := a.post(); got.Code != "issued_in_future" {
		t.Fatalf("the launch was answered with code %q", got.Code)
	}
	said := func() (told string) {
		checks, err := w.tool.SelfTest(t.Context(), w.reg.ID, []string{"main"})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range checks {
			if c.Cause == "clock_launches" {
				told = c.Detail
			}
		}
		return told
	}
	if told := said(); told != "1m15s, issued_in_future" {
		t.Errorf("it says %q", told)
	}
	w.clock.Advance(25 * time.Hour)
	if told := said(); told != "" {
		t.Errorf("a day later it says %q", told)
	}
}

func TestSelfTestsLookAtTheCoursesOfTheTenantsOfWhoAsksOnly(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	w.knowCourse()
	tests := func(tenants ...string) map[string]lti.Check {
		t.Helper()
		checks, err := w.tool.SelfTest(t.Context(), w.reg.ID, tenants)
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]lti.Check{}
		for _, c := range checks {
			have[c.Name] = c
		}
		return have
	}
	if have := tests("main"); have["launches"].Cause == "no_launch_yet" {
		t.Fatalf("the owner sees no course: %+v", have)
	}
	for _, tenants := range [][]string{{"guest"}, nil} {
		have := tests(tenants...)
		for _, name := range []string{"roster", "line_items", "launches"} {
			if c := have[name]; c.Cause != "no_launch_yet" || c.Detail != "" {
				t.Errorf("%v see %+v", tenants, c)
			}
		}
	}
}
