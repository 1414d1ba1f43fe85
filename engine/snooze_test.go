package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// toldSam are the purposes of what was sent to Sam, in order.
func (h *house) toldSam() []string {
	var out []string
	for _, s := range h.post.told() {
		if rest, ok := strings.CutPrefix(s, "sam "); ok {
			out = append(out, strings.Fields(rest)[0])
		}
	}
	return out
}

// lateFor is what the late list tells coaches of a step; it must be there.
func (h *house) lateFor(step engine.StepID) engine.LateReason {
	h.t.Helper()
	page, err := h.LateList(h.t.Context(), engine.By(h.coach()), h.enrolment().Course, "", 0)
	must(h.t, err)
	for _, row := range page.Rows {
		for _, r := range row.Reasons {
			if r.Why == engine.LateStep && r.Step.ID == step {
				return r
			}
		}
	}
	h.t.Fatalf("step %s is not on the late list: %+v", step, page.Rows)
	return engine.LateReason{}
}

func TestAStepPutOffIsNotNudgedBeforeAndOnceThen(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	h.pass("2026-11-23 12:00")
	step := h.next()
	before := len(h.toldSam())
	due := h.step(step).Due
	must(t, h.Snooze(t.Context(), h.sam, h.id, step, at(t, "2026-12-02 09:00"), " on a trade fair "))
	must(t, h.Snooze(t.Context(), h.sam, h.id, step, at(t, "2026-12-02 09:00"), "on a trade fair"))
	st := h.state(step)
	if st.Snoozed == nil || st.Snoozed.Reason != "on a trade fair" || st.Snoozed.Times != 1 || !st.DueAt.Equal(due) {
		t.Fatalf("put off: %+v, due %v", st.Snoozed, st.DueAt)
	}
	if n := h.book.count("snoozed"); n != 1 {
		t.Errorf("%d statements say so", n)
	}
	if v := h.step(step); !v.Later.Equal(at(t, "2026-12-02 09:00")) {
		t.Errorf("the step says later: %v", v.Later)
	}
	h.pass("2026-12-02 08:59")
	if told := h.toldSam(); len(told) != before {
		t.Fatalf("nudged while it was put off: %v", told)
	}
	if late := h.step(step); !late.Late {
		t.Error("it is not late though it was due before")
	}
	h.pass("2026-12-02 17:00")
	told := h.toldSam()[before:]
	if !slices.Equal(told, []string{"step_later"}) {
		t.Errorf("told at the end: %v", told)
	}
	if v := h.step(step); !v.Later.IsZero() {
		t.Error("it is still put off")
	}
}

func TestWhatIsPutOffStaysOnTheLateListWithWhy(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	step := h.next()
	must(t, h.Snooze(t.Context(), h.sam, h.id, step, at(t, "2026-12-06 09:00"), "on a trade fair"))
	h.pass("2026-12-04 17:00")
	if found := h.lateFor(step); found.Later == nil || found.Later.Reason != "on a trade fair" {
		t.Errorf("the late list: %+v", found)
	}
	if told := h.post.told(); !slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, "max ask_for_help") }) {
		t.Errorf("putting off kept the manager from hearing: %v", told)
	}
}

func TestAnotherOpenStepComesBeforeOneThatIsPutOff(t *testing.T) {
	h, _ := withWorkflow(t, "2026-11-23 09:00", `workflow: two
version: 1
title: Two
goal: {outcome: x}
behaviours: [{id: b, text: does it, scale: [no, yes], target: 2, observers: [learner, manager]}]
roles: {manager: {from: [ask_learner], else: coach}}
phases:
  - phase: during
    steps:
      - {id: first, kind: reflect, title: First, by: learner, opens: enrolled, due: enrolled + 1wd, done: {words: 3}}
      - {id: second, kind: reflect, title: Second, by: learner, opens: enrolled, due: enrolled + 5wd, done: {words: 3}}
`)
	home := h.home()
	if home.Next.Step.ID != "first" || len(home.Later) != 3 {
		t.Fatalf("next is %s, later %+v", home.Next.Step.ID, home.Later)
	}
	for i, want := range []string{"2026-11-24 09:00", "2026-11-26 09:00", "2026-11-30 09:00"} {
		if have := home.Later[i].At; !have.Equal(at(t, want)) {
			t.Errorf("%s is %v, want %s", home.Later[i].ID, have, want)
		}
	}
	must(t, h.Snooze(t.Context(), h.sam, h.id, "first", home.Later[0].At, ""))
	if have := h.next(); have != "second" {
		t.Errorf("next is %s", have)
	}
	must(t, h.Snooze(t.Context(), h.sam, h.id, "second", home.Later[0].At, ""))
	if v := h.home().Next; v.Step.ID != "first" || v.Later.IsZero() {
		t.Errorf("both are put off: next is %s until %v", v.Step.ID, v.Later)
	}
	must(t, h.Submit(t.Context(), h.sam, h.id, "first", engine.Submission{Answers: engine.Answers{"text": {"done after all"}}}))
	if h.state("first").Snoozed != nil {
		t.Error("what is done is still put off")
	}
}

func TestASnoozeIsBoundedAndOnesOwn(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	step := h.next()
	now := h.now
	var bad engine.FieldErrors
	for _, until := range []string{"2026-11-22 09:00", "2026-12-30 09:00"} {
		if err := h.Snooze(t.Context(), h.sam, h.id, step, at(t, until), ""); !errors.As(err, &bad) || bad[0].Field != "until" {
			t.Errorf("until %s: %v", until, err)
		}
	}
	later := now.Add(24 * 3600e9)
	if err := h.Snooze(t.Context(), "somebody", h.id, step, later, ""); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("somebody else: %v", err)
	}
	if err := h.Snooze(t.Context(), h.sam, h.id, "nothing", later, ""); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("no such step: %v", err)
	}
	for _, v := range h.home().Steps {
		if v.State.State == engine.Locked {
			if err := h.Snooze(t.Context(), h.sam, h.id, v.Step.ID, later, ""); !errors.Is(err, engine.ErrConflict) {
				t.Errorf("a locked step: %v", err)
			}
		}
	}
}

func TestWhyAPrivateStepIsPutOffStaysTheLearners(t *testing.T) {
	h, _ := withWorkflow(t, "2026-11-23 09:00", `workflow: own
version: 1
title: Own
goal: {outcome: x}
behaviours: [{id: b, text: does it, scale: [no, yes], target: 2, observers: [learner, manager]}]
roles: {manager: {from: [ask_learner], else: coach}}
phases:
  - phase: during
    steps:
      - {id: think, kind: reflect, title: Think, by: learner, private: true, opens: enrolled, due: enrolled + 1wd, done: {words: 3}}
`)
	must(t, h.Snooze(t.Context(), h.sam, h.id, "think", at(t, "2026-12-06 09:00"), "I am ill"))
	h.pass("2026-12-04 17:00")
	found := h.lateFor("think")
	if found.Later == nil {
		t.Fatalf("the late list: %+v", found)
	}
	if found.Later.Reason != "" {
		t.Errorf("coaches read %q", found.Later.Reason)
	}
}
