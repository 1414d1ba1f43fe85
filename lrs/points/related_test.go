package points

import "testing"

func TestPoint23_RelatedActivitiesAreThoseOfAllContextsAndSubStatements(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		in := func(kind, activity string) obj {
			return obj{"contextActivities": obj{kind: []obj{{"id": activity}}}}
		}
		sub := func(but ...any) obj {
			return obj{
				"objectType": "SubStatement", "actor": obj{"mbox": "mailto:sub@lms.example"},
				"verb": obj{"id": "http://adlnet.gov/expapi/verbs/attempted"}, "object": obj{"id": "https://lms.example/sub"},
			}.but(but...)
		}
		const wanted = "https://lms.example/wanted"
		s.store(
			statement(1, "object", obj{"id": wanted}),
			statement(2, "context", in("parent", wanted)),
			statement(3, "context", in("grouping", wanted)),
			statement(4, "context", in("category", wanted)),
			statement(5, "context", in("other", wanted)),
			statement(6, "object", sub("object", obj{"id": wanted})),
			statement(7, "object", sub("context", in("parent", wanted))),
			statement(8, "object", sub("context", in("grouping", wanted))),
			statement(9, "object", sub("context", in("category", wanted))),
			statement(10, "object", sub("context", in("other", wanted))),
			statement(11, "context", in("other", wanted+"/not")),
			statement(12, "object", sub()),
		)
		s.wantIDs("1", "activity", wanted)
		s.wantIDs("1", "activity", wanted, "related_activities", "false")
		s.wantIDs("10 9 8 7 6 5 4 3 2 1", "activity", wanted, "related_activities", "true")
		s.wantIDs("10 9 8 7 6 5 4 3 2 1", "activity", wanted, "related_activities", "true", "limit", "3")
	})
}

func TestPoint24_RelatedAgentsAreThoseOfAllPlaces(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		wanted := obj{"mbox": "mailto:wanted@lms.example"}
		group := obj{"objectType": "Group", "member": []obj{{"mbox": "mailto:x@lms.example"}, wanted}}
		named := obj{"objectType": "Group", "account": obj{"homePage": "https://lms.example", "name": "g"}, "member": []obj{wanted}}
		sub := func(but ...any) obj {
			return obj{
				"objectType": "SubStatement", "actor": obj{"mbox": "mailto:sub@lms.example"},
				"verb": obj{"id": "http://adlnet.gov/expapi/verbs/attempted"}, "object": obj{"id": "https://lms.example/sub"},
			}.but(but...)
		}
		agentObject := wanted.but("objectType", "Agent")
		s.store(
			statement(1, "actor", wanted),
			statement(2, "object", agentObject),
			statement(3, "context", obj{"instructor": wanted}),
			statement(4, "context", obj{"team": named}),
			statement(5, "actor", group),
			statement(6, "actor", named),
			statement(7, "object", named),
			statement(8, "object", sub("actor", wanted)),
			statement(9, "object", sub("object", agentObject)),
			statement(10, "object", sub("context", obj{"instructor": wanted})),
			statement(11, "object", sub("context", obj{"team": group})),
			statement(12),
		)
		want := "11 10 9 8 7 6 5 4 3 2 1"
		if s.version == "2.0.0" {
			s.store(
				statement(13, "context", obj{"contextAgents": []obj{{"objectType": "contextAgent", "agent": wanted}}}),
				statement(14, "context", obj{"contextGroups": []obj{{"objectType": "contextGroup", "group": group}}}),
				statement(15, "object", sub("context", obj{"contextAgents": []obj{{"objectType": "contextAgent", "agent": wanted}}})),
			)
			want = "15 14 13 " + want
		}
		s.wantIDs("2 1", "agent", wanted.String())
		s.wantIDs(want, "agent", wanted.String(), "related_agents", "true")
		s.wantIDs("7 6", "agent", named.String())
		authority := obj{"account": obj{"homePage": "https://cairn.example/main", "name": s.cred.ID}}.String()
		s.wantIDs("", "agent", authority)
		if all := s.list("agent", authority, "related_agents", "true", "limit", "0"); len(all.Statements) < 12 {
			t.Errorf("%d statements are found by their authority", len(all.Statements))
		}
	})
}

func TestPoint25_TheStatementOfAContextWidensNoFilter(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		about := obj{"statement": obj{"objectType": "StatementRef", "id": id(1)}}
		s.store(statement(1, "object", obj{"id": "https://lms.example/wanted"}))
		s.store(statement(2, "context", about, "actor", obj{"mbox": "mailto:bob@lms.example"}, "verb", obj{"id": "http://adlnet.gov/expapi/verbs/failed"}))
		s.store(statement(3, "object", obj{
			"objectType": "SubStatement", "actor": obj{"mbox": "mailto:bob@lms.example"}, "verb": obj{"id": "http://adlnet.gov/expapi/verbs/failed"},
			"object": obj{"objectType": "StatementRef", "id": id(1)},
		}, "actor", obj{"mbox": "mailto:bob@lms.example"}, "verb", obj{"id": "http://adlnet.gov/expapi/verbs/failed"}))
		ann := `{"account":{"homePage":"https://lms.example","name":"ann"}}`
		for _, related := range []string{"true", "false"} {
			s.wantIDs("1", "activity", "https://lms.example/wanted", "related_activities", related)
			s.wantIDs("1", "agent", ann, "related_agents", related)
		}
		s.wantIDs("1", "verb", "http://adlnet.gov/expapi/verbs/completed")
	})
}
