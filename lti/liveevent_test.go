package lti_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// stream is Canvas delivering Live Events to a world, and what came of them.
type stream struct {
	*world
	mu    sync.Mutex
	took  []lti.LiveEvent
	fails error
}

func newStream(t *testing.T, store lti.Store) *stream {
	t.Helper()
	s := &stream{}
	s.world = newWorld(t, store, func(o *lti.Options) {
		o.OnLiveEvent = func(_ context.Context, e lti.LiveEvent) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.took = append(s.took, e)
			return s.fails
		}
	})
	if err := s.tool.SetLiveEventKeys(t.Context(), s.reg.ID, s.platform.URL+"/jwks"); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stream) signed(claims map[string]any) string {
	return signRS256(s.platform.key, s.platform.header(), claims)
}

// deliver posts a body and answers the status and what was said.
func (s *stream) deliver(url, body string) (int, string) {
	s.t.Helper()
	res, err := s.server.Client().Post(url, "application/jwt", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

func (s *stream) url() string { return s.tool.LiveEventsURL(s.reg.ID) }

func claimsOf(t *testing.T, text string) map[string]any {
	t.Helper()
	var c map[string]any
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Events as Canvas's documentation shows them (data_services/canvas, course and enrollment).
const (
	eventMeta = `"metadata":{"event_name":"NAME","event_time":"2019-11-01T19:11:26.615Z","producer":"canvas","root_account_id":"21070000000000001",
		"root_account_lti_guid":"VicYj3cu5BIFpoZh.oxana.instructure.com","root_account_uuid":"VicYj3cu5BIFpoZh"}`
	courseBody = `"body":{"course":{"account_id":"79","id":"565","name":"Computer Science I","sis_source_id":null},
		"progress":{"completed_at":AT,"next_requirement_url":null,"requirement_completed_count":DONE,"requirement_count":COUNT},
		"user":{"email":"inewton@example.com","id":"123","name":"Isaac Newton"}}`
	enrolmentBody = `"body":{"course_id":"21070000000000565","course_section_id":"21070000000000598","created_at":"2018-10-09T21:07:33Z",
		"enrollment_id":"21070000000046825","type":"TYPE","updated_at":"2018-10-09T21:07:33Z","user_id":"21070000000020064","user_name":"Isaac Newton","workflow_state":"STATE"}`
)

func courseEvent(name, at, done, count string) string {
	return "{" + strings.NewReplacer("NAME", name).Replace(eventMeta) + "," + strings.NewReplacer("AT", at, "DONE", done, "COUNT", count).Replace(courseBody) + "}"
}

func enrolmentEvent(name, kind, state string) string {
	return "{" + strings.NewReplacer("NAME", name).Replace(eventMeta) + "," + strings.NewReplacer("TYPE", kind, "STATE", state).Replace(enrolmentBody) + "}"
}

func TestASignedLiveEventSaysWhoCompletedWhichCourse(t *testing.T) {
	stores(t, func(t *testing.T, store lti.Store) {
		s := newStream(t, store)
		for _, test := range []struct {
			event, user, course, at string
		}{
			{courseEvent("course_completed", `"2019-11-05T13:38:00.218Z"`, "6", "6"), "123", "565", "2019-11-05T13:38:00.218Z"},
			{courseEvent("course_completed", `"2019-11-05T13:38:00.218Z"`, "null", "null"), "123", "565", "2019-11-05T13:38:00.218Z"},
			{courseEvent("course_progress", "null", "123", "123"), "123", "565", "2019-11-01T19:11:26.615Z"},
			{courseEvent("course_progress", "null", `"7"`, `"7"`), "123", "565", "2019-11-01T19:11:26.615Z"},
			{enrolmentEvent("enrollment_updated", "StudentEnrollment", "completed"), "21070000000020064", "21070000000000565", "2018-10-09T21:07:33Z"},
			{enrolmentEvent("enrollment_updated", "StudentEnrollment", "concluded"), "21070000000020064", "21070000000000565", "2018-10-09T21:07:33Z"},
			{courseEvent("course_completed", "null", "5", "6"), "", "", ""},
			{courseEvent("course_progress", "null", "101", "123"), "", "", ""},
			{courseEvent("course_progress", `"2019-11-05T13:38:00.218Z"`, "0", "0"), "", "", ""},
			{enrolmentEvent("enrollment_updated", "TeacherEnrollment", "completed"), "", "", ""},
			{enrolmentEvent("enrollment_updated", "StudentEnrollment", "active"), "", "", ""},
			{enrolmentEvent("enrollment_updated", "StudentEnrollment", "deleted"), "", "", ""},
			{enrolmentEvent("user_created", "StudentEnrollment", "completed"), "", "", ""},
			{`{"metadata":{"event_name":"course_completed"},"body":[]}`, "", "", ""},
			{`{}`, "", "", ""},
		} {
			s.took = nil
			status, said := s.deliver(s.url(), s.signed(claimsOf(t, test.event)))
			if status != http.StatusOK {
				t.Errorf("%s\nis answered with %d: %s", test.event, status, said)
			}
			if test.user == "" {
				if len(s.took) > 0 {
					t.Errorf("%s\nis taken for %+v", test.event, s.took)
				}
				continue
			}
			if len(s.took) != 1 {
				t.Errorf("%s\nsays nothing", test.event)
				continue
			}
			e := s.took[0]
			if e.User != test.user || e.Course != test.course || e.At.Format(time.RFC3339Nano) != test.at || e.Account != "VicYj3cu5BIFpoZh.oxana.instructure.com" ||
				e.Registration.ID != s.reg.ID || !slices.Equal(e.Tenants, []string{"main"}) || e.ID == "" {
				t.Errorf("%s\nis taken for %+v", test.event, e)
			}
		}
	})
}

func TestLiveEventsComeOneByOneOrManyAtOnce(t *testing.T) {
	s := newStream(t, sqliteStore(t))
	one, other := claimsOf(t, courseEvent("course_completed", "null", "6", "6")), claimsOf(t, enrolmentEvent("enrollment_updated", "StudentEnrollment", "completed"))
	list := func(v ...any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for body, want := range map[string]int{
		s.signed(one):                                            1,
		`"` + s.signed(one) + `"`:                                1,
		list(s.signed(one), s.signed(other)):                     2,
		s.signed(map[string]any{"data": []any{one, other, one}}): 3,
		s.signed(map[string]any{"events": []any{one, "odd"}}):    1,
		"":   0,
		"[]": 0,
	} {
		s.took = nil
		if status, said := s.deliver(s.url(), body); status != http.StatusOK || len(s.took) != want {
			t.Errorf("%.60s is answered with %d %s and brings %d events, want %d", body, status, said, len(s.took), want)
		}
	}
	s.took = nil
	for range 2 {
		s.deliver(s.url(), s.signed(one))
	}
	if len(s.took) != 2 || s.took[0].ID != s.took[1].ID {
		t.Errorf("an event delivered twice has the ids %v", s.took)
	}
}

func TestALiveEventThatIsNotCanvassIsRefused(t *testing.T) {
	s := newStream(t, sqliteStore(t))
	event := claimsOf(t, courseEvent("course_completed", "null", "6", "6"))
	with := func(name string, value any) map[string]any {
		c := claimsOf(t, courseEvent("course_completed", "null", "6", "6"))
		c[name] = value
		return c
	}
	header := func(name string, value any) string {
		h := s.platform.header()
		h[name] = value
		return signRS256(s.platform.key, h, event)
	}
	good := s.signed(event)
	parts := strings.Split(good, ".")
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := string(raw)
	many, err := json.Marshal(make([]string, 201))
	if err != nil {
		t.Fatal(err)
	}
	now := s.clock.Now()
	for name, test := range map[string]struct {
		url, body string
		status    int
		says      string
	}{
		"not signed":              {s.url(), unsigned, 401, "event_unsigned"},
		"a list of what is not":   {s.url(), "[" + unsigned + "]", 401, "event_unsigned"},
		"alg none":                {s.url(), header("alg", "none"), 0, "alg_none"},
		"another key's signature": {s.url(), parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-8] + "AAAAAAAA", 0, "bad_signature"},
		"another payload":         {s.url(), parts[0] + "." + strings.Split(s.signed(with("x", 1)), ".")[1] + "." + parts[2], 0, "bad_signature"},
		"an unknown key":          {s.url(), header("kid", "nobody's"), 0, "kid_unknown"},
		"a key of its own":        {s.url(), header("jku", "https://evil.example/jwks"), 0, "embedded_key"},
		"expired":                 {s.url(), s.signed(with("exp", now.Add(-time.Hour).Unix())), 0, "token_expired"},
		"of the future":           {s.url(), s.signed(with("iat", now.Add(time.Hour).Unix())), 0, "issued_in_future"},
		"an odd time":             {s.url(), s.signed(with("exp", "soon")), 0, "bad_time"},
		"no token":                {s.url(), "hello", 0, "token_malformed"},
		"one bad among good":      {s.url(), `["` + good + `","` + header("kid", "x") + `"]`, 0, "kid_unknown"},
		"too many":                {s.url(), string(many), 413, "too_many_events"},
		"too large":               {s.url(), strings.Repeat("a", 1<<20+1), 413, "at most"},
		"a guessed address":       {strings.Replace(s.url(), string(s.reg.ID)+".", string(s.reg.ID)+".A", 1), good, 404, "no registration"},
		"no such registration":    {s.server.URL + "/lti/canvas/events/nothing.AAAA", good, 404, "no registration"},
	} {
		s.took = nil
		status, said := s.deliver(test.url, test.body)
		if test.status != 0 && status != test.status || status < 400 || status > 499 || !strings.Contains(said, test.says) || len(s.took) > 0 {
			t.Errorf("%s: answered with %d %s, took %v", name, status, said, s.took)
		}
	}
	if log := s.log.String(); strings.Contains(log, "inewton") || strings.Contains(log, "Newton") {
		t.Errorf("the log names a person:\n%s", log)
	}
}

func TestARefusedLiveEventTellsTheAdministratorWhyAndNoMore(t *testing.T) {
	stores(t, func(t *testing.T, store lti.Store) {
		s := newStream(t, store)
		kept := func(code string) lti.Failure {
			t.Helper()
			all, err := s.tool.Failures(t.Context(), "main", 0)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(all, func(f lti.Failure) bool { return f.Code == code })
			if i < 0 {
				t.Fatalf("%s is not among %+v", code, all)
			}
			if f := all[i]; f.Kind != lti.FailedLiveEvent || f.Registration != s.reg.ID || f.Spec == "" || f.Detail == "" || len(f.RequestIDs) == 0 {
				t.Errorf("got %+v", f)
			}
			return all[i]
		}
		event := courseEvent("course_completed", "null", "6", "6")
		s.deliver(s.url(), event)
		if f := kept("event_unsigned"); f.Verified || !strings.HasPrefix(f.Spec, "Canvas Live Events") {
			t.Errorf("got %+v", f)
		}
		late := claimsOf(t, event)
		late["exp"], late["sub"] = s.clock.Now().Add(-time.Hour).Unix(), "isaac"
		s.deliver(s.url(), s.signed(late))
		if f := kept("token_expired"); !f.Verified || !slices.Contains(f.ClaimNames, "body") || strings.Contains(fmt.Sprintf("%+v", f), "ewton") || strings.Contains(fmt.Sprintf("%+v", f), "isaac") {
			t.Errorf("got %+v", f)
		}
		stranger := signRS256(testKey(t), s.platform.header(), claimsOf(t, event))
		s.deliver(s.url(), stranger)
		if f := kept("bad_signature"); f.Verified {
			t.Errorf("got %+v", f)
		}
		s.deliver(s.url(), strings.Repeat("a", 1<<20+1))
		kept("body_too_large")
		for range 20 {
			s.deliver(s.url(), "[1]")
		}
		all, err := s.tool.Failures(t.Context(), "main", 0)
		if err != nil || len(all) > 5 {
			t.Errorf("%d entries after a flood, %v", len(all), err)
		}
		if err := s.tool.SuspendRegistration(t.Context(), s.reg.ID, lti.ByOperator); err != nil {
			t.Fatal(err)
		}
		if status, _ := s.deliver(s.url(), "x"); status != http.StatusForbidden {
			t.Errorf("HTTP %d", status)
		}
		kept("registration_suspended")
		if nobodys, err := s.tool.Failures(t.Context(), "", 0); err != nil || len(nobodys) > 0 {
			t.Errorf("got %v, %v", nobodys, err)
		}
	})
}

func TestTheKeysOfLiveEventsAreSetWithAnAuditLine(t *testing.T) {
	s := newStream(t, sqliteStore(t))
	if log := s.log.String(); !strings.Contains(log, `act="set live event keys"`) {
		t.Errorf("got %s", log)
	}
}

func TestAnEventThatCannotBeKeptIsAskedForAgain(t *testing.T) {
	s := newStream(t, sqliteStore(t))
	s.fails = errors.New("the store is away")
	if status, said := s.deliver(s.url(), s.signed(claimsOf(t, courseEvent("course_completed", "null", "6", "6")))); status != http.StatusServiceUnavailable {
		t.Errorf("answered with %d %s", status, said)
	}
	reg, err := s.store.Registration(t.Context(), s.reg.ID)
	if err != nil {
		t.Fatal(err)
	}
	reg.Status = lti.StatusSuspended
	if err := s.store.SaveRegistration(t.Context(), reg); err != nil {
		t.Fatal(err)
	}
	if status, said := s.deliver(s.url(), "x"); status != http.StatusForbidden {
		t.Errorf("a suspended registration: %d %s", status, said)
	}
}

func TestTheKeySetOfLiveEventsIsGuardedLikeAnyPlatformsURL(t *testing.T) {
	s := newStream(t, sqliteStore(t))
	strict, err := lti.New(s.store, lti.Options{PublicURL: "https://cairn.example", Client: http.DefaultClient, Secret: make([]byte, 32), Pages: pages{},
		OnLaunch: func(http.ResponseWriter, *http.Request, *lti.Launch) {}})
	if err != nil {
		t.Fatal(err)
	}
	if err := strict.SetLiveEventKeys(t.Context(), s.reg.ID, "http://keys.example/jwks"); err == nil {
		t.Error("plain http was taken outside of development")
	}
	for _, url := range []string{"ftp://keys.example/jwks", "keys", "file:///etc/passwd"} {
		if err := s.tool.SetLiveEventKeys(t.Context(), s.reg.ID, url); err == nil {
			t.Errorf("%s was taken", url)
		}
	}
	if err := s.tool.SetLiveEventKeys(t.Context(), "nobody", "https://keys.example/jwks"); !errors.Is(err, lti.ErrNotFound) {
		t.Errorf("of an unknown registration: %v", err)
	}
}
