package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

func TestAUseIsLoggedOnceAndCountedInItsWeek(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "use", `{id: used, kind: checkin, title: Used?, by: learner, log: ask, questions: [{id: used, ask: "Used it?", type: yesno}, {id: barrier, ask: What got in the way?, type: choice, choices: [No time, Nobody asked], required: false}], done: response}`)
	h.arrive("use", maxed)
	ctx := t.Context()
	for range 2 { // the tap came twice
		must(t, h.LogUse(ctx, h.sam, h.id, "ask", "With a buyer", "No  time", "tap-1"))
	}
	must(t, h.LogUse(ctx, h.sam, h.id, "ask", "", "", "tap-2"))
	h.now = h.now.Add(14 * 24 * time.Hour)
	must(t, h.LogUse(ctx, h.sam, h.id, "ask", "", "NO TIME", "tap-3"))
	must(t, h.Submit(ctx, h.sam, h.id, "used", engine.Submission{Answers: engine.Answers{"used": {"no"}, "barrier": {"Nobody asked"}}}))
	r, err := h.UseFrequency(ctx, h.id)
	must(t, err)
	f := r.Behaviours[0]
	if f.Uses != 3 || f.LearnerWeeks != 3 || f.PerWeek != 1 || len(f.Weeks) != 2 || f.Weeks[0].Uses != 2 || f.Weeks[0].Monday.Format(time.DateOnly) != "2026-11-23" || f.Weeks[1].Monday.Format(time.DateOnly) != "2026-12-07" {
		t.Fatalf("%+v", f)
	}
	if len(r.Barriers) != 2 || r.Barriers[0] != (engine.BarrierCount{Tag: "no time", N: 2}) || r.Barriers[1].Tag != "nobody asked" {
		t.Fatalf("barriers: %+v", r.Barriers)
	}
	all, err := h.UseFrequencyIn(ctx, engine.Course{Issuer: lms, ID: "2"}, "use")
	must(t, err)
	if all.Learners != 1 || all.Behaviours[0].Uses != 3 {
		t.Fatalf("of the course: %+v", all)
	}
	h.sweep()
	if n := h.book.count("applied"); n != 3 {
		t.Errorf("%d applied statements", n)
	}
	for _, st := range h.book.order {
		if st.Verb.ID == xapi.VerbApplied && st.Result.Extension(xapi.ExtUseCount) == 1.0 && st.Result.Response != "With a buyer" {
			t.Errorf("the note: %q", st.Result.Response)
		}
	}
	if err := h.LogUse(ctx, "somebody", h.id, "ask", "", "", "tap-4"); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("somebody else: %v", err)
	}
	if err := h.LogUse(ctx, h.sam, h.id, "dance", "", "", "tap-4"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("no such behaviour: %v", err)
	}
}

func TestAUseLogStaysSmall(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "use")
	h.arrive("use", maxed)
	for i := range 150 {
		h.now = h.now.Add(26 * time.Hour)
		must(t, h.LogUse(t.Context(), h.sam, h.id, "ask", "", fmt.Sprintf("%s %d", strings.Repeat("long ", 30), i), fmt.Sprint(i)))
		must(t, h.LogUse(t.Context(), h.sam, h.id, "ask", "", fmt.Sprint("tag ", i), fmt.Sprint("b", i)))
	}
	u := h.home().Enrolment.UseLog
	if len(u.Barriers) > 31 || len(u.Keys) > 64 || h.home().Enrolment.Uses["ask"] != 300 {
		t.Fatalf("%d barriers, %d keys, %d uses", len(u.Barriers), len(u.Keys), h.home().Enrolment.Uses["ask"])
	}
	sum := 0
	for _, n := range u.Barriers {
		sum += n
	}
	if sum != 300 {
		t.Errorf("%d barriers counted", sum)
	}
}

func TestTheBranchOfALearnersRoleIsTakenAndTheOtherSkipped(t *testing.T) {
	for role, want := range map[string][2]engine.State{"seller": {engine.Open, engine.Skipped}, "buyer": {engine.Skipped, engine.Open}, "": {engine.Skipped, engine.Skipped}} {
		h := newHouse(t, monday)
		small(t, h, "roles", `{id: sell, kind: plan, title: S, by: learner, if: "learner.role == 'seller'", done: response}`,
			`{id: buy, kind: plan, title: B, by: learner, if: "learner.role == 'buyer'", done: response}`,
			`{id: both, kind: plan, title: Both, by: learner, needs: [sell, buy], done: response}`)
		h.arrive("roles", map[string]string{"learner_role": role})
		if got := [2]engine.State{h.state("sell").State, h.state("buy").State}; got != want {
			t.Errorf("%q: %v, want %v", role, got, want)
		}
		if both := h.state("both").State; (both == engine.Open) != (role == "") {
			t.Errorf("%q: what needs both is %s", role, both)
		}
		if home := h.home(); home.Step("sell") != nil && want[0] == engine.Skipped {
			t.Errorf("%q: the branch not taken is listed", role)
		}
	}
}

func TestWhatIsPrivateIsShownToNobodyNorInStatements(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "mine", "standards: []", `{id: diary, kind: reflect, title: Diary, by: learner, private: true, done: response}`,
		`{id: ask, kind: quiz, title: Ask, by: learner, private: true, done: response, questions: [{id: q, ask: "?", type: text}]}`,
		`{id: sign, kind: signoff, title: Sign, by: manager, needs: [diary, ask], done: approved}`)
	h.arrive("mine", maxed)
	ctx := t.Context()
	sub := engine.Submission{Answers: engine.Answers{"text": {"Secretum"}}}
	must(t, h.Submit(ctx, h.sam, h.id, "diary", sub))
	must(t, h.Submit(ctx, h.sam, h.id, "ask", engine.Submission{Answers: engine.Answers{"q": {"Secretum"}}}))
	h.sweep()
	for id, raw := range h.book.byID {
		if strings.Contains(raw, "Secretum") {
			t.Errorf("statement %s tells: %s", id, raw)
		}
	}
	v, err := h.OpenRequest(ctx, h.id, h.request("max@example.org"))
	must(t, err)
	for _, c := range v.Covers {
		if c.Hand != nil {
			t.Errorf("the signer sees %s", c.Step.ID)
		}
	}
	others, err := h.HandedIn(ctx, h.id)
	must(t, err)
	pieces, err := h.Evidence(ctx, h.id, false)
	must(t, err)
	m, err := h.Matrix(ctx, h.id, false)
	must(t, err)
	if len(others.Entries)+len(pieces)+len(m.Evidence) != 0 {
		t.Errorf("others see %d entries, %d pieces, %d in the matrix", len(others.Entries), len(pieces), len(m.Evidence))
	}
	own, err := h.Evidence(ctx, h.id, true)
	must(t, err)
	if len(own) != 2 {
		t.Errorf("the learner sees %d of their own", len(own))
	}
}

func TestRulesCombineAndNest(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "rules", `{id: work, kind: assignment, title: Work, by: learner, with: manager, done: {all: [{any: [{words: 30}, {evidence: 2}]}, {any: [confirmed, {lms: course_completed}]}]}}`)
	h.arrive("rules", maxed)
	ctx := t.Context()
	var short engine.FieldErrors
	if err := h.Submit(ctx, h.sam, h.id, "work", wrote(29)); !errors.As(err, &short) {
		t.Fatalf("29 words: %v", err)
	}
	linked := wrote(1)
	linked.Links = []string{"https://a.example/1", "https://a.example/2"}
	must(t, h.Submit(ctx, h.sam, h.id, "work", linked))
	if st := h.state("work"); st.State != engine.Submitted {
		t.Fatalf("not confirmed: %s", st.State)
	}
	h.completes()
	if st := h.state("work"); st.State != engine.Done {
		t.Fatalf("the course is completed: %s", st.State)
	}
}

// wrote is so many words of free text.
func wrote(words int) engine.Submission {
	return engine.Submission{Answers: engine.Answers{"text": {strings.Repeat("word ", words)}}}
}

func TestWhatGotInTheWayIsNoUseAndIsCountedOnce(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "use")
	h.arrive("use", maxed)
	for range 2 {
		must(t, h.LogBarrier(t.Context(), h.sam, h.id, "ask", "The buyer left early", "No time", "tap-1"))
	}
	r, err := h.UseFrequency(t.Context(), h.id)
	must(t, err)
	if r.Behaviours[0].Uses != 0 || len(r.Barriers) != 1 || r.Barriers[0] != (engine.BarrierCount{Tag: "no time", N: 1}) {
		t.Fatalf("%+v", r)
	}
	h.sweep()
	if h.book.count("applied") != 0 || h.book.count("attempted") != 1 {
		t.Errorf("%d applied, %d attempted", h.book.count("applied"), h.book.count("attempted"))
	}
	must(t, h.LogUse(t.Context(), h.sam, h.id, "ask", "", "", "tap-2"))
	if home := h.home(); home.Uses.Behaviours[0].ThisWeek != 1 {
		t.Errorf("this week: %+v", home.Uses.Behaviours[0])
	}
	h.now = h.now.Add(7 * 24 * time.Hour)
	if home := h.home(); home.Uses.Behaviours[0].ThisWeek != 0 || home.Uses.Behaviours[0].Uses != 1 {
		t.Errorf("a week later: %+v", home.Uses.Behaviours[0])
	}
	var bad engine.FieldErrors
	if err := h.LogBarrier(t.Context(), h.sam, h.id, "ask", "", " ", "tap-3"); !errors.As(err, &bad) || bad[0].Field != "barrier" {
		t.Errorf("nothing in the way: %v", err)
	}
	if err := h.LogBarrier(t.Context(), "somebody", h.id, "ask", "", "x", "tap-4"); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("somebody else: %v", err)
	}
}
