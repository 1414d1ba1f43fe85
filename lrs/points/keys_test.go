package points

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// clock is a time that tests move.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)} }

func (c *clock) use(s *setup) { s.service.Now = func() time.Time { return c.now } }

// made makes a key as described, in the tenant main unless k says otherwise.
func (s *server) made(k lrs.Key, now time.Time) lrs.Credential {
	s.t.Helper()
	if k.Tenant == "" {
		k.Tenant = "main"
	}
	k.Name = "made"
	c, err := lrs.CreateKey(s.t.Context(), s.keys, k, now)
	must(s.t, err)
	return c
}

func TestAKeyEndsWhenItExpires(t *testing.T) {
	c := newClock()
	each(t, func(t *testing.T, s *server) {
		c.now = newClock().now
		end := c.now.Add(time.Hour)
		s = s.as(s.made(lrs.Key{ExpiresAt: &end}, c.now))
		c.now = end.Add(-time.Nanosecond)
		s.get("/statements").want(200)
		c.now = end
		s.get("/statements").want(401)
	}, c.use)
}

func TestAKeyEndsAtOnceWhenItIsRevoked(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		gone := s.as(s.key())
		gone.get("/statements").want(200)
		must(t, s.keys.RevokeKey(t.Context(), "main", gone.cred.ID, time.Now()))
		gone.get("/statements").want(401)
		gone.post("/statements", statement(1).String()).want(401)
		s.wantIDs("")
	})
}

func TestTheLastUseOfAKeyIsKeptToTheMinute(t *testing.T) {
	c := newClock()
	each(t, func(t *testing.T, s *server) {
		used := func() *time.Time {
			t.Helper()
			k, err := s.keys.Key(t.Context(), s.cred.ID)
			must(t, err)
			return k.UsedAt
		}
		c.now = newClock().now
		s.as(lrs.Credential{ID: s.cred.ID, Secret: "wrong"}).get("/statements").want(401)
		if at := used(); at != nil {
			t.Errorf("a wrong secret counts as use: %v", at)
		}
		first := c.now
		for range 3 {
			s.get("/statements").want(200)
			c.now = c.now.Add(25 * time.Second)
		}
		if at := used(); at == nil || !at.Equal(first) {
			t.Errorf("used at %v, want %v", at, first)
		}
		s.get("/statements").want(200) // 75 s
		if at := used(); at == nil || !at.Equal(first.Add(75*time.Second)) {
			t.Errorf("used at %v, want %v", at, c.now)
		}
	}, c.use)
}

// forgetful is a key store that cannot write.
type forgetful struct{ lrs.KeyStore }

func (forgetful) MarkUsed(context.Context, string, time.Time) error {
	return errors.New("the disk is full")
}

func TestARequestDoesNotFailBecauseItsKeyCannotBeMarked(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.post("/statements", statement(1).String()).want(200)
	}, func(s *setup) { s.service.Keys = forgetful{s.service.Keys} })
}

func TestTheAuthorityOfAStatementNamesItsKey(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.post("/statements", statement(1, "authority", obj{"mbox": "mailto:someone@else.example"}).String()).want(200)
		got := s.get("/statements" + query("statementId", id(1))).object()["authority"]
		account := got.(map[string]any)["account"].(map[string]any)
		if account["name"] != s.cred.ID || account["homePage"] != "https://cairn.example/main" {
			t.Errorf("authority is %v", got)
		}
	})
}

func TestAKeyReadsAsItsOwnWhatItWroteOnly(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		mine := s.as(s.key(lrs.ScopeWrite, lrs.ScopeReadMine))
		s.post("/statements", statement(1).String()).want(200)
		for n := 2; n < 6; n++ {
			mine.post("/statements", statement(n).String()).want(200)
		}
		ref := obj{"objectType": "StatementRef", "id": id(2)}
		s.post("/statements", statement(8, "object", ref).String()).want(200)
		voided := obj{"id": "http://adlnet.gov/expapi/verbs/voided"}
		mine.post("/statements", statement(6, "verb", voided, "object", obj{"objectType": "StatementRef", "id": id(5)}).String()).want(200)
		s.post("/statements", statement(7, "verb", voided, "object", obj{"objectType": "StatementRef", "id": id(1)}).String()).want(200)
		mine.wantIDs("6 4 3 2")
		mine.wantIDs("6 4 3 2", "limit", "1") // a walk
		mine.wantIDs("6 4 3 2", "activity", "https://lms.example/act")
		mine.get("/statements" + query("statementId", id(2))).want(200)
		mine.get("/statements" + query("voidedStatementId", id(5))).want(200)
		for _, path := range []string{query("statementId", id(7)), query("statementId", id(8)), query("voidedStatementId", id(1))} {
			mine.get("/statements" + path).want(404)
		}
		page := s.list("limit", "1") // a walk that another key began at 8, after which come 6 4 3 2
		if ids := mine.next(page).numbers(); strings.Join(ids, " ") != "6" {
			t.Errorf("a walk of another key shows %v", ids)
		}
		s.as(s.key(lrs.ScopeWrite)).get(strings.TrimPrefix(page.More, "/xapi")).refused(403, "", lrs.ScopeRead)
	})
}

// What a statement refers to tells about others' statements, if one may ask for it.
func TestAKeyThatReadsItsOwnLearnsNothingByReferringToOthers(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		mine := s.as(s.key(lrs.ScopeWrite, lrs.ScopeReadMine))
		ref := func(n, to int) obj {
			return statement(n, "verb", obj{"id": "v:refers"}, "object", obj{"objectType": "StatementRef", "id": id(to)})
		}
		secret, known := obj{"id": "o:secret"}, obj{"id": "o:known"}
		s.store(statement(1, "object", secret))
		mine.store(statement(2, "object", known), ref(3, 1), ref(4, 2), ref(5, 4), ref(6, 3))
		s.store(ref(7, 2))
		mine.store(ref(8, 7)) // what it wrote itself, but by way of another's
		s.wantIDs("6 3 1", "activity", "o:secret")
		s.wantIDs("8 7 5 4 2", "activity", "o:known")
		mine.wantIDs("", "activity", "o:secret")
		mine.wantIDs("5 4 2", "activity", "o:known")
		mine.wantIDs("2 4 5", "activity", "o:known", "limit", "1", "ascending", "true")
		mine.wantIDs("5 4 2", "activity", "o:known", "limit", "1")
		mine.wantIDs("5 4 2", "activity", "o:known", "verb", "http://adlnet.gov/expapi/verbs/completed")
		mine.wantIDs("8 6 5 4 3", "verb", "v:refers")
		mine.wantIDs("8 6 5 4 3 2", "limit", "2")
		for n := range 30 { // more than a page
			mine.store(ref(100+n, 1))
		}
		for _, ascending := range []string{"true", "false"} {
			if page := mine.list("activity", "o:secret", "limit", "1", "ascending", ascending); len(page.Statements) > 0 || page.More != "" {
				t.Errorf("it shows %v, and there is more: %q", page.numbers(), page.More)
			}
			page := mine.list("activity", "o:known", "limit", "3", "ascending", ascending)
			if len(page.Statements) != 3 || page.More != "" {
				t.Errorf("it shows %v, and there is more: %q", page.numbers(), page.More)
			}
		}
	})
}

func TestAKeyIsMadeOnlyAsItCanBe(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		now := time.Now()
		past := now.Add(-time.Second)
		for reason, k := range map[string]lrs.Key{
			"name":    {Tenant: "main", Name: " "},
			"line":    {Tenant: "main", Name: "a\nb"},
			"tenant":  {Name: "a"},
			"scope":   {Tenant: "main", Name: "a", Scopes: []string{"everything"}},
			"expired": {Tenant: "main", Name: "a", ExpiresAt: &past},
			"origin":  {Tenant: "main", Name: "a", Origins: []string{"*"}},
			"origins": {Tenant: "main", Name: "a", Origins: make([]string, 21)},
		} {
			if _, err := lrs.CreateKey(t.Context(), s.keys, k, now); !errors.Is(err, lrs.ErrKey) || !strings.Contains(err.Error(), reason) {
				t.Errorf("%s: %v", reason, err)
			}
		}
	})
}
