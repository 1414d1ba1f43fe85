package points

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// again sends a statement under the id of one that is stored, both ways.
func (s *server) again(o fmt.Stringer, conflict bool) {
	s.t.Helper()
	put, post := 204, 200
	if conflict {
		put, post = 409, 409
	}
	s.put("/statements"+query("statementId", id(1)), o.String()).want(put)
	s.post("/statements", o.String()).want(post)
}

// text is JSON as it is.
type text string

func (t text) String() string { return string(t) }

func TestPoint12_TheSameInAnotherOrderIsNoConflict(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.post("/statements", `{"id":"`+id(1)+`","actor":{"mbox":"mailto:a@b.c","name":"Ann"},"verb":{"id":"http://a.b/v"},"object":{"id":"http://a.b/o"},
			"result":{"score":{"raw":1,"max":2},"extensions":{"http://a.b/x":{"p":1,"q":[1,2]}}}}`).want(200)
		s.again(text(`{"result":{"extensions":{"http://a.b/x":{"q":[1,2],"p":1}},"score":{"max":2,"raw":1}},"object":{"id":"http://a.b/o"},
			"verb":{"id":"http://a.b/v"},"actor":{"name":"Ann","mbox":"mailto:a@b.c"},"id":"`+id(1)+`"}`), false)
		s.again(text(`{"id":"`+strings.ToUpper(id(1))+`","actor":{"mbox":"mailto:a@b.c","name":"Ann"},"verb":{"id":"http:\/\/a.b\/\u0076"},"object":{"id":"http://a.b/o"},
			"result":{"score":{"raw":1.0,"max":2e0},"extensions":{"http://a.b/x":{"p":1,"q":[1,2]}}}}`), false)
		s.again(text(`{"id":"`+id(1)+`","actor":{"mbox":"mailto:a@b.c","name":"Ann"},"verb":{"id":"http://a.b/v"},"object":{"id":"http://a.b/o"},
			"result":{"score":{"raw":1,"max":2},"extensions":{"http://a.b/x":{"p":1,"q":[2,1]}}}}`), true) // arrays have an order
	})
}

func TestPoint13_DefaultsWrittenOutAreNoConflict(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		group := obj{"objectType": "Group", "member": []obj{{"mbox": "mailto:a@b.c"}, {"mbox": "mailto:b@b.c"}, {"mbox": "mailto:c@b.c"}}}
		parent := obj{"contextActivities": obj{"parent": []obj{{"id": "https://lms.example/p"}}}, "team": group}
		s.store(statement(1, "timestamp", "2026-11-21T10:00:00Z", "context", parent))
		actor := statement(1)["actor"].(obj)
		for name, but := range map[string][]any{
			"objectType of an agent":       {"actor", actor.but("objectType", "Agent")},
			"objectType of an activity":    {"object", obj{"id": "https://lms.example/act", "objectType": "Activity"}},
			"objectType in a list":         {"context", parent.but("contextActivities", obj{"parent": []obj{{"id": "https://lms.example/p", "objectType": "Activity"}}})},
			"objectType of a member":       {"context", parent.but("team", group.but("member", []obj{{"mbox": "mailto:a@b.c", "objectType": "Agent"}, {"mbox": "mailto:b@b.c"}, {"mbox": "mailto:c@b.c"}}))},
			"the same instant elsewhere":   {"timestamp", "2026-11-21T11:30:00+01:30"},
			"the same instant, finer":      {"timestamp", "2026-11-21T10:00:00.000Z"},
			"another order of the members": {"context", parent.but("team", group.but("member", []obj{{"mbox": "mailto:c@b.c"}, {"mbox": "mailto:b@b.c"}, {"mbox": "mailto:a@b.c"}}))},
		} {
			t.Run(name, func(t *testing.T) {
				s.with(t).again(statement(1, append([]any{"timestamp", "2026-11-21T10:00:00Z", "context", parent}, but...)...), false)
			})
		}
		s.again(statement(1, "timestamp", "2026-11-21T10:00:01Z", "context", parent), true)
		s.again(statement(1, "timestamp", "2026-11-21T10:00:00Z", "context", parent.but("team", group.but("member", []obj{{"mbox": "mailto:a@b.c"}, {"mbox": "mailto:b@b.c"}}))), true)
	})
}

func TestPoint13_DefaultsInContextAgentsAndGroupsAreNoConflict(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s = s.in("2.0.0")
		a, b := obj{"mbox": "mailto:a@b.c"}, obj{"mbox": "mailto:b@b.c"}
		context := func(agent obj, members ...obj) obj {
			return obj{
				"contextAgents": []obj{{"objectType": "contextAgent", "agent": agent, "relevantTypes": []string{"https://lms.example/coach"}}},
				"contextGroups": []obj{{"objectType": "contextGroup", "group": obj{"objectType": "Group", "member": members}}},
			}
		}
		file := attachment("x", "fileUrl", "https://lms.example/x")
		s.store(statement(1, "context", context(a, a, b), "attachments", []obj{file}))
		same := func(conflict bool, context obj, attachments ...obj) {
			t.Helper()
			s.again(statement(1, "context", context, "attachments", attachments), conflict)
		}
		same(false, context(a.but("objectType", "Agent"), a, b), file)
		same(false, context(a, b, a.but("objectType", "Agent")), file)
		same(false, context(a, a, b), file.but("sha2", strings.ToUpper(digest("x"))))
		same(true, context(b, a, b), file)
		same(true, context(a, a), file)
		same(true, context(a, a, b), file.but("sha2", digest("y")))
	})
}

func TestPoint13_NoAttachmentsAreAnEmptyList(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.store(statement(1))
		s.again(statement(1, "attachments", []obj{}), false)
		s.again(statement(1, "attachments", []obj{attachment("x", "fileUrl", "https://lms.example/x")}), true)
	})
}

func TestPoint14_WhatDefinesVerbAndActivityIsNoConflict(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		verb := obj{"id": "http://adlnet.gov/expapi/verbs/completed", "display": obj{"en": "completed"}}
		defined := obj{"id": "https://lms.example/act", "definition": obj{"name": obj{"en": "Act"}, "type": "http://adlnet.gov/expapi/activities/module"}}
		s.store(statement(1, "verb", verb, "object", defined))
		s.again(statement(1), false)
		s.again(statement(1, "verb", verb.but("display", obj{"de": "abgeschlossen"}), "object", defined), false)
		s.again(statement(1, "object", defined.but("definition", obj{"name": obj{"en": "Another"}})), false)
		s.again(statement(1, "verb", obj{"id": "http://adlnet.gov/expapi/verbs/passed"}), true)
		s.again(statement(1, "object", defined.but("id", "https://lms.example/other")), true)
	})
}

func TestPoint15_WhatTheRecordStoreSetsIsNoConflict(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.store(statement(1))
		returned := s.get("/statements" + query("statementId", id(1))).want(200)
		s.again(text(returned.body), false) // as we return it
		s.again(statement(1), false)
		s.again(statement(1, "stored", "2001-01-01T00:00:00Z", "authority", obj{"mbox": "mailto:me@b.c"}), false)
		s.as(s.key()).again(statement(1), false) // another key, hence another authority
		if now := s.get("/statements" + query("statementId", id(1))).want(200); string(now.body) != string(returned.body) {
			t.Errorf("it changed from %s to %s", returned.body, now.body)
		}
		s.wantIDs("1")
	})
}

func TestPoint16_SixtyMinutesAreNotOneHour(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.store(statement(1, "result", obj{"duration": "PT60M"}))
		s.again(statement(1, "result", obj{"duration": "PT60M"}), false)
		s.again(statement(1, "result", obj{"duration": "PT1H"}), true)
		s.again(statement(1), true)
	})
}

func TestPoint17_ABatchIsAtomic(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.store(statement(1))
		conflicting := statement(1, "result", obj{"success": true})
		s.post("/statements", batch(statement(2), conflicting, statement(3))).refused(409, "statements[1].id", id(1))
		s.post("/statements", batch(conflicting)).refused(409, "statements[0].id", id(1))
		s.post("/statements", conflicting.String()).refused(409, "id", id(1))
		s.put("/statements"+query("statementId", id(1)), conflicting.but("id", nil).String()).refused(409, "id", id(1))
		upload := batch(statement(2), conflicting)
		s.upload("/statements", upload).refused(409, "statements[1].id", id(1))
		s.post("/statements", batch(statement(2), statement(3), statement(2))).refused(400, "statements[2].id", "")
		s.post("/statements", batch(statement(2), statement(2))).want(400)
		upper := statement(4, "id", "ABCDEF00-0000-4000-8000-000000000004")
		s.post("/statements", batch(upper, upper.but("id", strings.ToLower(upper["id"].(string))))).want(400) // the same id in another case
		s.post("/statements", batch(statement(2), statement(3, "actor", obj{"mbox": "nobody"}))).refused(400, "statements[1].actor.mbox", "")
		s.wantIDs("1")
		s.store(statement(2), statement(1), statement(3)) // what is there already is no obstacle
		s.wantIDs("3 2 1")
	})
}

func TestPoint18_FortyPostsOfOneIDHaveOneWinner(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		var mu sync.Mutex
		statuses := map[int]int{}
		winner := ""
		var wg sync.WaitGroup
		for n := range 40 {
			wg.Go(func() {
				activity := fmt.Sprintf("https://lms.example/act/%d", n)
				a := s.post("/statements", statement(1, "object", obj{"id": activity}).String())
				mu.Lock()
				defer mu.Unlock()
				if statuses[a.StatusCode]++; a.StatusCode == 200 {
					winner = activity
				}
			})
		}
		wg.Wait()
		if statuses[200] != 1 || statuses[409] != 39 {
			t.Errorf("answers are %v, want one 200 and 39 409", statuses)
		}
		s.wantIDs("1", "activity", winner)
		s.wantIDs("1")
	})
}

func TestPoint19_ConcurrentBatchesThatShareActorsAllSucceed(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		const writers, batches, size = 8, 3, 10
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for b := range batches {
					var list []obj
					for i := range size {
						n := 1 + (w*batches+b)*size + i
						list = append(list, statement(n, "actor", obj{"mbox": fmt.Sprintf("mailto:%d@lms.example", (n+w)%3)},
							"context", obj{"instructor": obj{"mbox": "mailto:teacher@lms.example"}}))
					}
					if a := s.post("/statements", batch(list...)); a.StatusCode != 200 {
						t.Errorf("a batch is answered %d: %s", a.StatusCode, a.body)
					}
				}
			})
		}
		wg.Wait()
		if n := len(s.storedOf("agent", `{"mbox":"mailto:teacher@lms.example"}`, "related_agents", "true")); n != writers*batches*size {
			t.Errorf("%d statements are there, want %d", n, writers*batches*size)
		}
	})
}
