package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// small is a workflow of one phase with the steps given, each on a line of its own.
func small(t *testing.T, h *house, id string, steps ...string) {
	t.Helper()
	whole(t, h, id, "exit: {complete: {all: [last]}}", append(steps, "{id: last, kind: plan, title: Last, by: learner, done: response}")...)
}

// whole is a workflow of one phase with the steps given and more at the top level.
func whole(t *testing.T, h *house, id, more string, steps ...string) {
	t.Helper()
	source := fmt.Sprintf(`workflow: %s
version: 1
title: Small
goal: {outcome: x}
behaviours:
  - {id: ask, text: Asks, scale: [never, seldom, mostly, always], target: 3, observers: [learner, manager]}
%s
phases:
  - phase: before
    opens: enrolled
    steps:
      - %s
`, id, more, strings.Join(steps, "\n      - "))
	_, problems, err := h.ImportWorkflow(t.Context(), id+".yaml", []byte(source), nil)
	if err != nil {
		t.Fatal(problems, err)
	}
}

const quizStep = `{id: quiz, kind: quiz, title: Quiz, by: learner, due: open + 3wd, done: {score: 0.8}, questions: [{id: one, ask: "1?", type: choice, choices: [a, b], answer: b}, {id: two, ask: "2?", type: yesno, answer: "no"}]`

func answersOf(one, two string) engine.Submission {
	return engine.Submission{Answers: engine.Answers{"one": {one}, "two": {two}}}
}

func (h *house) state(id engine.StepID) engine.StepState {
	h.t.Helper()
	return *h.home().Enrolment.Steps[id]
}

func TestAQuizWithRepeatOpensItsNextAttemptLaterAndAfterMaxAHumanIsTold(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "loop", quizStep+`, repeat: {until: "quiz.score >= 0.8", every: 2wd, max: 2, at_max: {tell: manager, step: call}}}`,
		`{id: call, kind: plan, title: Talk, by: learner, opens: never, due: open + 2wd, done: response}`,
		`{id: after, kind: plan, title: After, by: learner, needs: [quiz], done: response}`)
	h.arrive("loop", maxed)
	must(t, h.Submit(t.Context(), h.sam, h.id, "quiz", answersOf("a", "no")))
	must(t, h.Submit(t.Context(), h.sam, h.id, "quiz", answersOf("a", "no"))) // a double click
	v := h.step("quiz")
	if v.State.State != engine.Locked || v.LockedBy != "page.locked.again" || !v.Opens.Equal(at(t, "2026-11-25 09:00")) || v.State.Attempt != 1 {
		t.Fatalf("between two attempts: %s, attempt %d, %q, opens %s", v.State.State, v.State.Attempt, v.LockedBy, v.Opens)
	}
	if *v.State.Score != 0.5 || h.state("after").State != engine.Locked {
		t.Fatalf("score %v; what waits for the quiz is %s", *v.State.Score, h.state("after").State)
	}
	if up := h.home().Upcoming; up == nil || up.Step.ID != "quiz" {
		t.Fatalf("upcoming: %+v", up)
	}
	h.pass("2026-11-25 10:00")
	st := h.state("quiz")
	if st.State != engine.Open || st.Attempt != 2 || !st.OpenedAt.Equal(at(t, "2026-11-25 09:00")) || !st.DueAt.Equal(at(t, "2026-11-30 17:00")) {
		t.Fatalf("the second attempt: %s %d, opened %s, due %s", st.State, st.Attempt, st.OpenedAt, st.DueAt)
	}
	must(t, h.Submit(t.Context(), h.sam, h.id, "quiz", answersOf("b", "yes")))
	h.sweep()
	st = h.state("quiz")
	if st.State != engine.Expired || st.SkippedReason != "max" || st.SettledAt.IsZero() {
		t.Fatalf("after two of two attempts: %s (%s)", st.State, st.SkippedReason)
	}
	if !slices.Contains(h.post.told(), "max at_max quiz") {
		t.Errorf("nobody was told: %v", h.post.told())
	}
	if call := h.state("call"); call.State != engine.Open || call.Because != "max:quiz" {
		t.Errorf("what helps is %s because %q", call.State, call.Because)
	}
	if h.state("after").State != engine.Open {
		t.Error("what waited for the quiz is still locked")
	}
	if n := h.book.count("attempted"); n != 2 {
		t.Errorf("%d attempted statements", n)
	}
}

func TestAQuizPassedBeforeMaxIsMasteredAndTheNextAttemptNeverOpens(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "loop", quizStep+`, repeat: {until: "quiz.score >= 0.8", every: 1wd, max: 3, at_max: {tell: coach}}}`)
	h.arrive("loop", maxed)
	must(t, h.Submit(t.Context(), h.sam, h.id, "quiz", answersOf("a", "no")))
	h.pass("2026-11-24 10:00")
	must(t, h.Submit(t.Context(), h.sam, h.id, "quiz", answersOf("b", "no")))
	st := h.state("quiz")
	if st.State != engine.Done || st.Attempt != 2 || st.Misses != 1 || *st.Score != 1 || h.book.count("mastered") != 1 {
		t.Fatalf("%s after %d attempts, score %v, mastered %d times", st.State, st.Attempt, *st.Score, h.book.count("mastered"))
	}
	h.pass("2026-12-20 10:00")
	if st := h.state("quiz"); st.Attempt != 2 || st.State != engine.Done {
		t.Fatalf("a month later: %s, attempt %d", st.State, st.Attempt)
	}
}

func TestWithoutRepeatAMissIsRetriedAtOnceAndDueStays(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "once", quizStep+"}")
	h.arrive("once", maxed)
	due := h.state("quiz").DueAt
	for range 3 {
		h.now = h.now.Add(time.Hour)
		must(t, h.Submit(t.Context(), h.sam, h.id, "quiz", answersOf("a", "no")))
	}
	st := h.state("quiz")
	if st.State != engine.Open || st.Attempt != 4 || st.Misses != 3 || !st.DueAt.Equal(due) || len(st.Past) != 2 {
		t.Fatalf("%s, attempt %d, %d misses, due %s, %d earlier hand-ins", st.State, st.Attempt, st.Misses, st.DueAt, len(st.Past))
	}
	must(t, h.Submit(t.Context(), h.sam, h.id, "quiz", answersOf("b", "no")))
	if st := h.state("quiz"); st.State != engine.Done {
		t.Fatalf("%s", st.State)
	}
}

const practiseStep = `{id: practise, kind: practise, title: Practise, by: learner, due: open + 5wd, done: response, review: {by: manager, rate: [ask]}, repeat: {until: "rating.ask.manager >= 3 and count(practise.approved) >= 2", every: 5wd, max: 4, at_max: {tell: coach}}}`

func (h *house) review(outcome string, rating int) {
	h.t.Helper()
	h.sweep()
	r := h.request("max@example.org")
	v, err := h.OpenRequest(h.t.Context(), h.id, r)
	must(h.t, err)
	must(h.t, h.Answer(h.t.Context(), h.id, r, engine.Answer{Outcome: outcome, SHA256: v.SHA256, Comment: "So.", Ratings: map[engine.BehaviourID]int{"ask": rating}}))
}

func report(text string) engine.Submission {
	return engine.Submission{Answers: engine.Answers{"did": {text}, "result": {"It worked."}}}
}

func TestAReviewedLoopEndsAnAttemptAtApproveAndAReturnReopensIt(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "loop", practiseStep, `{id: after, kind: plan, title: After, by: learner, opens: step.practise, done: response}`)
	h.arrive("loop", maxed)
	ctx := t.Context()
	must(t, h.Submit(ctx, h.sam, h.id, "practise", report("One")))
	h.review("return", 2)
	if st := h.state("practise"); st.State != engine.Returned || st.Attempt != 1 {
		t.Fatalf("a return: %s, attempt %d", st.State, st.Attempt)
	}
	must(t, h.Submit(ctx, h.sam, h.id, "practise", report("One, better")))
	h.review("approve", 3)
	st := h.state("practise")
	if st.State != engine.Locked || st.Attempt != 1 || !st.OpensAt.Equal(at(t, "2026-11-30 09:00")) {
		t.Fatalf("approved once of twice: %s, attempt %d, opens %s", st.State, st.Attempt, st.OpensAt)
	}
	if !st.SettledAt.IsZero() || h.state("after").State != engine.Locked {
		t.Fatal("what waits for the last attempt has opened")
	}
	h.pass("2026-11-30 10:00")
	if v := h.step("practise"); v.Act != engine.ActForm || v.State.Attempt != 2 {
		t.Fatalf("the second attempt: %q, attempt %d", v.Act, v.State.Attempt)
	}
	must(t, h.Submit(ctx, h.sam, h.id, "practise", report("Two")))
	h.review("approve", 4)
	st = h.state("practise")
	if st.State != engine.Done || len(st.Reviews) != 3 || st.Reviews[2].Attempt != 2 {
		t.Fatalf("approved twice: %s, %+v", st.State, st.Reviews)
	}
	h.pass("2026-12-01 10:00")
	if h.state("after").State != engine.Open {
		t.Error("what waits for the loop is still locked")
	}
	entries, err := h.Portfolio(ctx, h.sam, true)
	must(t, err)
	hands := 0
	for _, e := range entries.Entries {
		if e.Hand != nil {
			hands++
		}
	}
	if hands != 3 { // the returned one, the first approved, the last
		t.Errorf("%d hand-ins in the portfolio", hands)
	}
}

func TestWhatUntilAsksForMayComeBetweenTwoAttempts(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "loop",
		`{id: try, kind: practise, title: Try, by: learner, done: response, repeat: {until: "rating.ask.manager >= 3", every: 5wd, max: 3, at_max: {tell: coach}}}`,
		`{id: see, kind: survey, title: See, by: manager, opens: enrolled, due: enrolled + 5wd, rate: [ask], done: response}`)
	h.arrive("loop", maxed)
	h.sweep()
	must(t, h.Submit(t.Context(), h.sam, h.id, "try", report("One")))
	if st := h.state("try"); st.State != engine.Locked {
		t.Fatalf("nobody has rated yet, and it is %s", st.State)
	}
	r := h.request("max@example.org")
	must(t, h.Answer(t.Context(), h.id, r, engine.Answer{Outcome: engine.OutcomeResponse, Ratings: map[engine.BehaviourID]int{"ask": 4}}))
	if st := h.state("try"); st.State != engine.Done || st.Attempt != 1 {
		t.Fatalf("rated meanwhile: %s, attempt %d", st.State, st.Attempt)
	}
}

func TestSpacedAsksCountFromDoneAndHoldNothingUp(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "space", "exit: {complete: {all: [quiz, after]}}", quizStep+`, spaced: [2wd, 7wd]}`,
		`{id: after, kind: plan, title: After, by: learner, needs: [quiz], opens: enrolled + 3wd, done: response}`)
	h.arrive("space", maxed)
	ctx := t.Context()
	must(t, h.Submit(ctx, h.sam, h.id, "quiz", answersOf("b", "no")))
	done := h.state("quiz").DoneAt
	h.pass("2026-11-25 12:00")
	v := h.step("quiz")
	if v.State.State != engine.Done || v.State.Again == nil || v.Act != engine.ActForm || v.State.Attempt != 2 {
		t.Fatalf("asked again: %s %+v %q", v.State.State, v.State.Again, v.Act)
	}
	if !v.State.Again.OpenedAt.Equal(at(t, "2026-11-25 09:00")) || !v.Due.Equal(at(t, "2026-11-30 17:00")) || h.next() != "quiz" {
		t.Fatalf("asked again at %s, due %s; next %s", v.State.Again.OpenedAt, v.Due, h.next())
	}
	if !slices.Contains(h.post.told(), "sam step_open quiz") {
		t.Errorf("nobody was told: %v", h.post.told())
	}
	must(t, h.Submit(ctx, h.sam, h.id, "quiz", answersOf("b", "yes"))) // short: only recorded
	must(t, h.Submit(ctx, h.sam, h.id, "quiz", answersOf("b", "yes"))) // a double click
	st := h.state("quiz")
	if st.State != engine.Done || st.Again != nil || *st.Score != 0.5 || !st.DoneAt.Equal(done) || st.Misses != 0 {
		t.Fatalf("after a spaced miss: %s %+v, score %v", st.State, st.Again, *st.Score)
	}
	if len(st.Past) != 1 || st.Past[0].Spaced != 1 || *st.Past[0].Score != 0.5 {
		t.Fatalf("recorded: %+v", st.Past)
	}
	if h.book.count("answered") != 4 || h.book.count("failed") != 1 || h.book.count("passed") != 1 {
		t.Errorf("statements: %v", h.book.verbs())
	}
	h.pass("2026-12-20 12:00") // the second ask came and stays unanswered
	st = h.state("quiz")
	if st.State != engine.Done || st.Again == nil || st.Again.N != 2 || !st.Again.OpenedAt.Equal(at(t, "2026-12-02 09:00")) {
		t.Fatalf("the second ask: %s %+v", st.State, st.Again)
	}
	if h.state("after").State != engine.Open {
		t.Fatal("what waited for the quiz is held up by its asks")
	}
	must(t, h.Submit(ctx, h.sam, h.id, "after", engine.Submission{Answers: engine.Answers{"when": {"x"}, "then": {"y"}}}))
	if e := h.home().Enrolment; e.State != engine.Completed {
		t.Fatalf("a late ask blocks completion: %s", e.State)
	}
}

func TestASpacedReadIsConfirmedAgainAndMayBeSkipped(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "space", `{id: look, kind: read, title: Look, by: learner, done: viewed, spaced: [1wd, 2wd]}`)
	h.arrive("space", maxed)
	ctx := t.Context()
	must(t, h.MarkDone(ctx, h.sam, h.id, "look"))
	h.pass("2026-11-24 12:00")
	if v := h.step("look"); v.Act != engine.ActConfirm {
		t.Fatalf("asked again: %q", v.Act)
	}
	must(t, h.MarkDone(ctx, h.sam, h.id, "look"))
	if v := h.step("look"); v.Act != engine.ActNone || v.State.Again != nil {
		t.Fatalf("answered: %q", v.Act)
	}
	h.pass("2026-11-25 12:00")
	must(t, h.Skip(ctx, h.sam, h.id, "look", "no time"))
	if st := h.state("look"); st.State != engine.Done || st.Again != nil {
		t.Fatalf("skipped: %s %+v", st.State, st.Again)
	}
	if err := h.Skip(ctx, h.sam, h.id, "look", "no time"); !errors.Is(err, engine.ErrConflict) {
		t.Fatalf("skipped twice: %v", err)
	}
}

func TestASpacedSurveyAsksTheManagerAgain(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "space", `{id: see, kind: survey, title: See, by: manager, opens: enrolled, due: open + 5wd, rate: [ask], done: response, spaced: [4w]}`)
	h.arrive("space", maxed)
	ctx := t.Context()
	h.sweep()
	must(t, h.Answer(ctx, h.id, h.request("max@example.org"), engine.Answer{Outcome: engine.OutcomeResponse, Ratings: map[engine.BehaviourID]int{"ask": 1}}))
	first := h.request("max@example.org")
	h.pass("2026-12-21 12:00")
	again := h.request("max@example.org")
	if again == first {
		t.Fatal("nobody was asked again")
	}
	must(t, h.Answer(ctx, h.id, again, engine.Answer{Outcome: engine.OutcomeResponse, Ratings: map[engine.BehaviourID]int{"ask": 4}}))
	st := h.state("see")
	if st.State != engine.Done || st.Again != nil || len(st.Reviews) != 2 {
		t.Fatalf("%s %+v, %d answers", st.State, st.Again, len(st.Reviews))
	}
}
