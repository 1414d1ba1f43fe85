package points

import (
	"strconv"
	"strings"
	"testing"
)

// referring is statement n about statement target.
func referring(n, target int, but ...any) obj {
	return obj{
		"id":     id(n),
		"actor":  obj{"mbox": "mailto:witness@lms.example"},
		"verb":   obj{"id": "http://id.tincanapi.com/verb/reviewed"},
		"object": obj{"objectType": "StatementRef", "id": id(target)},
	}.but(but...)
}

// voiding is statement n that voids statement target.
func voiding(n, target int) obj {
	return referring(n, target, "verb", obj{"id": "http://adlnet.gov/expapi/verbs/voided"})
}

func (s *server) store(list ...obj) {
	s.t.Helper()
	s.post("/statements", batch(list...)).want(200)
}

func (s *server) wantVoided(n int, voided bool) {
	s.t.Helper()
	plain, status := 200, 404
	if voided {
		plain, status = 404, 200
	}
	s.get("/statements" + query("statementId", id(n))).want(plain)
	s.get("/statements" + query("voidedStatementId", id(n))).want(status)
}

func TestPoint09_AVoidingThatComesFirstStillVoids(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.store(statement(1))
		s.store(voiding(11, 1)) // the usual way
		s.store(voiding(12, 2))
		s.store(statement(2))
		s.store(voiding(13, 3), statement(3))
		s.store(voiding(14, 4).but("object", obj{"objectType": "StatementRef", "id": strings.ToUpper("abcdef00-0000-4000-8000-000000000004")}))
		s.post("/statements", statement(4, "id", "abcdef00-0000-4000-8000-000000000004").String()).want(200)
		for n := 1; n <= 3; n++ {
			s.wantVoided(n, true)
		}
		s.get("/statements" + query("statementId", "abcdef00-0000-4000-8000-000000000004")).want(404)
		s.wantIDs("14 13 12 11")
		s.store(statement(1)) // the same again, which stays voided
		s.wantVoided(1, true)
	})
}

func TestPoint10_AVoidingCannotBeVoided(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.store(statement(1), statement(2))
		s.store(voiding(11, 1))
		s.store(voiding(12, 11)) // voids nothing
		s.wantVoided(11, false)
		s.wantVoided(1, true)
		s.store(voiding(14, 13)) // before the voiding it means
		s.store(voiding(13, 2))
		s.wantVoided(13, false)
		s.wantVoided(2, true)
		s.wantIDs("13 14 12 11")
	})
}

func TestPoint11_AChainOfReferencesIsFoundByItsTarget(t *testing.T) {
	ann := `{"account":{"homePage":"https://lms.example","name":"ann"}}`
	filters := func(s *server, want string) {
		s.t.Helper()
		s.wantIDs(want, "agent", ann)
		s.wantIDs(want, "agent", ann, "related_agents", "true")
		s.wantIDs(want, "verb", "http://adlnet.gov/expapi/verbs/completed")
		s.wantIDs(want, "activity", "https://lms.example/act")
		s.wantIDs(want, "activity", "https://lms.example/act", "related_activities", "true")
		s.wantIDs(want, "registration", id(700))
		s.wantIDs(want, "agent", ann, "activity", "https://lms.example/act", "verb", "http://adlnet.gov/expapi/verbs/completed")
	}
	target := statement(1, "context", obj{"registration": id(700)})
	for name, list := range map[string][]obj{
		"target first": {target, referring(2, 1), referring(3, 2), referring(4, 3)},
		"target last":  {referring(4, 3), referring(3, 2), referring(2, 1), target},
		"in between":   {referring(3, 2), referring(4, 3), target, referring(2, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *server) {
				var want []string // newest first
				for _, one := range list {
					s.store(one)
					want = append([]string{strconv.Itoa(int(one["id"].(string)[35] - '0'))}, want...)
				}
				s.store(referring(9, 8)) // to nowhere
				filters(s, strings.Join(want, " "))
				s.wantIDs(strings.Join(want[:2], " "), "verb", "http://adlnet.gov/expapi/verbs/completed", "since", s.storedOf()[1])
				s.store(voiding(5, 1))
				s.wantVoided(1, true)
				filters(s, "5 "+strings.TrimSpace(strings.ReplaceAll(strings.Join(want, " ")+" ", "1 ", "")))
			})
		})
	}
	t.Run("in one batch", func(t *testing.T) {
		each(t, func(t *testing.T, s *server) {
			s.store(referring(4, 3), referring(3, 2), target, referring(2, 1))
			filters(s, "2 1 3 4")
		})
	})
}
