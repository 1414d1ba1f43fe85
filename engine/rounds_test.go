package engine_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

func TestEachRoundOfAPeerSurveyIsAnonymousByItself(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "360", peerRoles, strings.Replace(peerSurvey, "done:", "spaced: [4w], done:", 1))
	h.staff()
	h.arrive("360", map[string]string{"peer_emails": "pia@example.org,paul@example.org,pit@example.org"})
	h.sweep()
	for i, to := range []string{"pia@example.org", "paul@example.org", "pit@example.org"} {
		h.rates(to, i+1, "First.")
	}
	h.pass("2026-12-22 12:00")
	h.rates("pia@example.org", 4, "Better since.")
	v := h.step("base")
	if len(v.State.Reviews) != 4 {
		t.Fatalf("%d answers", len(v.State.Reviews))
	}
	if len(v.Reviews) != 3 || slices.ContainsFunc(v.Reviews, func(r engine.ReviewView) bool { return r.Comment != "First." }) {
		t.Errorf("one of three has answered again, and is shown: %+v", v.Reviews)
	}
	all, err := h.Ratings(t.Context(), h.id)
	must(t, err)
	if g := all[0].Groups[0]; g.Hidden || g.Mean != 2 || g.N != 3 || slices.Contains(g.Comments, "Better since.") {
		t.Errorf("ratings: %+v", g)
	}
	gap, err := h.Gap(t.Context(), h.id)
	must(t, err)
	if b := gap.Behaviours[0]; len(b.Series) != 1 || b.Now[engine.Peer] != 2 {
		t.Errorf("the gap: %+v", b)
	}
	h.rates("paul@example.org", 4, "")
	h.rates("pit@example.org", 4, "")
	gap, err = h.Gap(t.Context(), h.id)
	must(t, err)
	if b := gap.Behaviours[0]; len(b.Series) != 2 || b.Now[engine.Peer] != 4 || len(h.step("base").Reviews) != 6 {
		t.Errorf("all have answered again: %+v", b)
	}
}

func TestWhoStandsInForPeersIsNoneOfThree(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "360", peerRoles, strings.Replace(peerSurvey, "survey", "feedback", 1))
	h.staff()
	h.arrive("360", map[string]string{"peer_emails": "pia@example.org,paul@example.org,pit@example.org"})
	h.pass("2026-12-08 12:00") // nobody answers, and the coach is asked too
	h.rates("tessa@example.org", 4, "")
	h.rates("pia@example.org", 1, "Never.")
	h.rates("paul@example.org", 1, "Never ever.")
	if v := h.step("base"); len(v.State.Reviews) != 3 || len(v.Reviews) != 0 {
		t.Fatalf("of two peers and the coach is shown: %+v", v.Reviews)
	}
	all, err := h.Ratings(t.Context(), h.id)
	must(t, err)
	if g := all[0].Groups[0]; !g.Hidden || g.Points != nil {
		t.Fatalf("ratings: %+v", g)
	}
}

func TestStatementsNameNoPeerWhoAnswersASurvey(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "360", peerRoles, peerSurvey)
	h.staff()
	h.arrive("360", map[string]string{"peer_emails": "pia@example.org,paul@example.org,pit@example.org"})
	h.sweep()
	h.rates("pia@example.org", 3, "Never heard it.")
	h.sweep()
	peer := string(h.state("base").Reviews[0].By)
	said := 0
	for _, st := range h.book.order {
		raw, err := json.Marshal(st)
		must(t, err)
		if strings.Contains(string(raw), "Never heard it.") {
			t.Errorf("what a peer wrote: %s", raw)
		}
		if st.Verb.ID != xapi.VerbRated && st.Verb.ID != xapi.VerbReviewed {
			continue
		}
		said++
		if strings.Contains(string(raw), peer) || st.Actor.Account == nil || !strings.HasPrefix(st.Actor.Account.Name, "peers-") {
			t.Errorf("who rated: %s", raw)
		}
	}
	if said != 2 {
		t.Errorf("%d statements tell of the answer: %v", said, h.book.verbs())
	}
}
