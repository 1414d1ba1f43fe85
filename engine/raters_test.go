package engine_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

const (
	peerRoles = `roles:
  peer: {from: [launch.custom.peer_emails], count: 3, else: coach}
  manager: {from: [launch.custom.manager_email], else: coach}
  coach: {from: [launch.role.instructor]}`
	peerSurvey = `{id: base, kind: survey, title: Where is Sam?, by: peer, opens: enrolled, due: enrolled + 5wd, expires: 10wd, rate: [ask], done: response}`
	planAfter  = `{id: after, kind: plan, title: After, by: learner, needs: [base], if: "rating.ask.peer < 3", done: response}`
)

func (h *house) rates(to string, points int, comment string) {
	h.t.Helper()
	r := h.request(to)
	must(h.t, h.Answer(h.t.Context(), h.id, r, engine.Answer{Outcome: engine.OutcomeResponse, Ratings: map[engine.BehaviourID]int{"ask": points}, Comment: comment}))
}

func TestPeersRateAndNobodySeesWhoAndNothingBelowThree(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "360", peerRoles, peerSurvey, planAfter)
	h.staff()
	h.arrive("360", map[string]string{"peer_emails": "pia@example.org, paul@example.org;pit@example.org sam@example.org"})
	h.sweep()
	group := func() engine.RaterGroup {
		t.Helper()
		all, err := h.Ratings(t.Context(), h.id)
		must(t, err)
		if len(all) != 1 || len(all[0].Groups) != 1 {
			t.Fatalf("ratings: %+v", all)
		}
		return all[0].Groups[0]
	}
	h.rates("pia@example.org", 1, "Never heard it.")
	h.rates("paul@example.org", 2, "Once.")
	if g := group(); !g.Hidden || g.Mean != 0 || g.Points != nil || g.Comments != nil || g.N != 2 || g.Asked != 3 {
		t.Fatalf("two of three: %+v", g)
	}
	if v := h.step("base"); len(v.Reviews) != 0 || v.State.State != engine.Open {
		t.Fatalf("two of three: %s, %d answers shown", v.State.State, len(v.Reviews))
	}
	gap, err := h.Gap(t.Context(), h.id)
	must(t, err)
	if len(gap.Behaviours[0].Series) != 0 || len(gap.Behaviours[0].Now) != 0 {
		t.Fatalf("the gap tells of two peers: %+v", gap.Behaviours[0])
	}
	h.rates("pit@example.org", 3, "Twice.")
	if g := group(); g.Hidden || g.Mean != 2 || !slices.Equal(g.Points, []int{1, 2, 3}) || len(g.Comments) != 3 {
		t.Fatalf("three: %+v", g)
	}
	for _, r := range h.step("base").Reviews {
		if r.Name != "" || r.By != "" || r.Request != "" {
			t.Errorf("a review names %q %q %q", r.Name, r.By, r.Request)
		}
	}
	if st := h.state("base"); st.State != engine.Done || h.state("after").State != engine.Open {
		t.Fatalf("all answered: %s; the mean of them opens what asks for it: %s", st.State, h.state("after").State)
	}
	h.sweep()
	for _, st := range h.book.order {
		raw, err := json.Marshal(st)
		must(t, err)
		if strings.Contains(string(raw), "example.org\"") || strings.Contains(string(raw), "mailto:") {
			t.Errorf("a statement holds an address: %s", raw)
		}
		if st.Verb.ID == xapi.VerbRated && st.Context.Extension(xapi.ExtRaterRelation) != "peer" {
			t.Errorf("a rating without its relation: %s", raw)
		}
	}
}

func TestAPollIsDoneAtItsExpiryWithOneAnswer(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "360", peerRoles, peerSurvey)
	h.arrive("360", map[string]string{"peer_emails": "pia@example.org,paul@example.org"})
	h.sweep()
	h.rates("pia@example.org", 1, "")
	h.pass("2026-12-04 12:00")
	if st := h.state("base"); st.State != engine.Open {
		t.Fatalf("before its expiry: %s", st.State)
	}
	h.pass("2026-12-07 17:01")
	if st := h.state("base"); st.State != engine.Done {
		t.Fatalf("at its expiry: %s", st.State)
	}
}

func TestSeveralManagersAllAnswerAndTheirMeanCounts(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "360", peerRoles, strings.Replace(peerSurvey, "by: peer", "by: manager", 1), strings.Replace(planAfter, "peer < 3", "manager == 2.5", 1))
	h.arrive("360", map[string]string{"manager_email": "max@example.org,mia@example.org"})
	h.sweep()
	h.rates("max@example.org", 1, "")
	if st := h.state("base"); st.State != engine.Open {
		t.Fatalf("one of two managers: %s", st.State)
	}
	h.rates("mia@example.org", 4, "")
	if h.state("base").State != engine.Done || h.state("after").State != engine.Open {
		t.Fatalf("%s; %s", h.state("base").State, h.state("after").State)
	}
	all, err := h.Ratings(t.Context(), h.id)
	must(t, err)
	if g := all[0].Groups[0]; g.Relation != engine.Manager || g.N != 2 || g.Mean != 2.5 {
		t.Fatalf("%+v", g)
	}
}
