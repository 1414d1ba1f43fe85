package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// life is one enrolment in a small workflow, decided step by step. It begins on Monday, 23 November 2026, 09:00 UTC.
type life struct {
	t    *testing.T
	w    *Workflow
	e    *Enrolment
	f    Facts
	now  time.Time
	told []string // "purpose step to" of each message
	said []string // the statements
}

func begin(t *testing.T, more string, custom map[string]string, steps ...string) *life {
	t.Helper()
	source := fmt.Sprintf(`workflow: w
version: 1
title: W
goal: {outcome: Something}
behaviours: [{id: b, text: Does it, scale: [never, now and then, always], target: 2, observers: [learner, manager]}]
roles:
  manager: {from: [launch.custom.manager_email], else: coach}
  coach: {from: [launch.role.instructor]}
calendar: {timezone: UTC}
%s
phases:
  - phase: before
    title: Before
    opens: enrolled
    steps:
      - %s
`, more, strings.Join(steps, "\n      - "))
	w, problems := ParseWorkflow("w.yaml", []byte(source))
	if problems.Refused() {
		t.Fatal(problems)
	}
	l := &life{t: t, w: w, f: people("UTC"), now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	l.e = enrolment(w, l.now)
	l.do(arrived{a: Arrival{Custom: custom}})
	return l
}

func (l *life) do(ev event) {
	l.t.Helper()
	e, err := decide(l.w, l.e, l.f, ev, l.now)
	if err != nil {
		l.t.Fatalf("%T: %v", ev, err)
	}
	for _, m := range e.Messages {
		l.told = append(l.told, fmt.Sprintf("%s %s %s", m.Purpose, m.Step, m.To))
	}
	for _, s := range e.Statements {
		l.said = append(l.said, string(s.JSON))
	}
	e.Messages, e.Statements = nil, nil
	l.e = e
}

// days lets so many days pass, waking whenever the enrolment asks for it.
func (l *life) days(n int) {
	l.t.Helper()
	end := l.now.AddDate(0, 0, n)
	for !l.e.WakeAt.IsZero() && l.e.WakeAt.Before(end) {
		l.now = l.e.WakeAt
		l.do(woke{})
	}
	l.now = end
	l.do(woke{})
}

func (l *life) is(want ...string) {
	l.t.Helper()
	for _, w := range want {
		id, state, _ := strings.Cut(w, " ")
		if got := l.e.Steps[StepID(id)].State; string(got) != state {
			l.t.Errorf("%s is %s, want %s", id, got, state)
		}
	}
}

func (l *life) hand(id StepID, score ...float64) {
	l.t.Helper()
	sum := fmt.Sprint(id, l.now)
	ev := handedIn{c: Contribution{ID: ContributionID(sum), Step: id, Attempt: max(1, l.e.Steps[id].Attempt), SHA256: sum, Words: 100, Files: []File{{Name: "n", SHA256: "f"}}}}
	if len(score) > 0 {
		ev.score = &score[0]
	}
	l.do(ev)
}

// asked are those who are asked about a step.
func (l *life) asked(id StepID) string {
	var who []string
	for _, r := range l.e.Steps[id].Requests {
		if r.Waiting() {
			who = append(who, string(r.Person))
		}
	}
	slices.Sort(who)
	return strings.Join(who, " ")
}

func (l *life) answer(id StepID, who PersonID, outcome string) {
	l.t.Helper()
	for _, r := range l.e.Steps[id].Requests {
		if r.Waiting() && r.Person == who {
			l.do(answered{request: r.ID, answer: Answer{Outcome: outcome, SHA256: shownSHA256(l.e, l.w.Step(id), r)}, written: &Contribution{ID: ContributionID("a" + string(r.ID)), SHA256: "a"}})
			return
		}
	}
	l.t.Fatalf("%s is not asked about %s", who, id)
}

func (l *life) on(id StepID, of time.Time, want string) {
	l.t.Helper()
	if got := of.Format("Jan 2 15:04"); got != want {
		l.t.Errorf("%s: %s, want %s", id, got, want)
	}
}

var withMax = map[string]string{"manager_email": "max@example.org"}

func TestTheCourseStartPrecedesEnrolledInTheTimeOfAnEventOnly(t *testing.T) {
	l := begin(t, "", map[string]string{"course_start": "2026-11-02"},
		"{id: read, kind: read, title: R, by: learner, opens: course_start + 2d}",
		"{id: meet, kind: event, title: M, by: learner, at: course_start + 2d at 10:00, opens: enrolled}")
	l.is("meet skipped", "read locked") // the event was on the 4th
	l.days(1)
	l.is("read locked")
	l.days(1)
	l.is("read open")
}

func TestACompletionIsAssumedOnlyWhereNoneWasEverSentAndARealOneReplacesIt(t *testing.T) {
	const assumes = "anchors: {course_completed: enrolled + 7d}\nnudges: {default: s, policies: {s: [{at: due + 1h, to: doer, text: step_late}]}}"
	steps := []string{
		"{id: lms, kind: elearning, title: L, by: learner, content: {course: this}, due: enrolled + 9d}",
		"{id: soon, kind: read, title: S, by: learner, opens: course_completed}",
		"{id: later, kind: read, title: A, by: learner, opens: course_completed + 10d}"}
	l := begin(t, assumes, nil, steps...)
	l.days(8)
	l.is("lms skipped", "soon open", "later locked")
	l.now = l.now.AddDate(0, 0, 1)
	l.do(completedCourse{notes: []CompletionNote{{Source: SourceStatement, At: l.now}}})
	l.days(9)
	l.is("later locked") // it would be open by the assumed time
	l.days(2)
	l.is("later open")
	if slices.Contains(l.told, "step_late lms sam") {
		t.Error("the excused step was late")
	}
	l = begin(t, assumes, nil, steps...)
	l.f.CourseSends = true
	l.days(8)
	l.is("lms open", "soon locked")
}

func TestAnIfIsJudgedOnceAndAMissingValueIsFalse(t *testing.T) {
	l := begin(t, "", map[string]string{"learner_role": "buyer"},
		"{id: used, kind: read, title: U, by: learner, if: count(log.b) >= 1, opens: enrolled + 2d}",
		"{id: below, kind: read, title: B, by: learner, if: rating.b.manager < 2}",
		"{id: other, kind: read, title: O, by: learner, if: rating.b.manager != 2}",
		"{id: buys, kind: read, title: Yy, by: learner, if: learner.role == buyer}",
		"{id: sells, kind: read, title: X, by: learner, if: learner.role == seller}")
	l.is("used locked", "below skipped", "other skipped", "buys open", "sells skipped")
	l.days(3)
	l.is("used skipped")
	l.e.Uses = map[BehaviourID]int{"b": 3}
	l.days(1)
	l.is("used skipped")
}

func TestWhatIsAboutOrCoversOnlyWhatNobodyDidIsSkipped(t *testing.T) {
	l := begin(t, "", withMax,
		"{id: one, kind: plan, title: One, by: learner}",
		"{id: two, kind: plan, title: Two, by: learner}",
		"{id: about, kind: checkin, title: A, by: manager, about: one}",
		"{id: none, kind: signoff, title: Nn, by: manager, covers: [one], needs: [one]}",
		"{id: some, kind: signoff, title: S, by: manager, covers: [one, two], needs: [one, two]}")
	l.do(skipped{step: "one", reason: "no time"})
	l.is("about skipped", "none skipped", "some locked")
	l.hand("two")
	l.is("some open")
}

func TestADueThatIsNearOrPastAsAStepOpensIsThreeWorkingDaysOff(t *testing.T) {
	l := begin(t, "nudges: {default: s, policies: {s: [{at: due + 1h, to: doer, text: step_late}]}}", nil,
		"{id: first, kind: read, title: F, by: learner}",
		"{id: past, kind: read, title: P, by: learner, needs: [first], due: enrolled + 1d}",
		"{id: near, kind: read, title: Nn, by: learner, needs: [first], due: enrolled + 3d}",
		"{id: far, kind: read, title: A, by: learner, needs: [first], due: enrolled + 10d}",
		"{id: own, kind: read, title: O, by: learner, needs: [first], due: open + 1h}")
	l.days(2) // Wednesday, 09:00
	l.now = l.now.Add(9 * time.Hour)
	l.do(confirmed{step: "first"})
	for id, want := range map[StepID]string{"past": "Nov 30 17:00", "near": "Nov 30 17:00", "far": "Dec 3 17:00", "own": "Nov 25 19:00"} {
		l.on(id, l.e.Steps[id].DueAt, want)
	}
	if due := l.e.Steps["first"].DueAt; !due.IsZero() {
		t.Errorf("a step without due is due at %s", due)
	}
	l.days(60)
	if slices.Contains(l.told, "step_late first sam") {
		t.Error("a step without due was late")
	}
}

func TestAStepThatOnlySomethingElseOpensHoldsNothingUp(t *testing.T) {
	steps := []string{
		"{id: quiz, kind: quiz, title: Q, by: learner, done: {score: 0.8}, repeat: {until: quiz.score >= 0.8, max: 1, every: 1d, at_max: {tell: coach, step: help}}, questions: [{id: q, ask: Which, type: choice, choices: [a, b], answer: b}]}",
		"{id: help, kind: read, title: H, by: learner, opens: never}",
		"{id: next, kind: read, title: Nn, by: learner, needs: [quiz, help]}"}
	l := begin(t, "", nil, steps...)
	l.days(5)
	l.is("help locked")
	l.hand("quiz", 1)
	l.is("help locked", "next open")
	if _, of := tally(l.w, l.e); of != 2 {
		t.Errorf("%d steps count, want quiz and next", of)
	}
	l = begin(t, "", nil, steps...)
	l.hand("quiz", 0)
	l.is("quiz expired", "help open", "next locked")
}

func TestWhoIsSilentIsJoinedByTheStandInUntilTheyAnswer(t *testing.T) {
	l := begin(t, "", withMax,
		"{id: one, kind: checkin, title: One, by: manager, due: enrolled + 1d}",
		"{id: due, kind: checkin, title: Due, by: manager, expires: 1wd, due: enrolled + 11d}",
		"{id: poll, kind: survey, title: Poll, by: manager, rate: [b], expires: 12wd}",
		"{id: two, kind: checkin, title: Two, by: manager, opens: enrolled + 20d}",
		"{id: three, kind: checkin, title: Three, by: manager, opens: enrolled + 22d}")
	want := func(id StepID, who string) {
		t.Helper()
		if got := l.asked(id); got != who {
			t.Errorf("%s: %q is asked, want %q", id, got, who)
		}
	}
	l.days(11)
	want("one", "max")
	want("due", "max") // never before `due`
	l.days(1)
	want("due", "max tessa")
	l.days(3)
	want("one", "max tessa")
	want("poll", "max")
	l.days(3)
	l.is("poll expired", "one open")
	l.days(3)
	want("two", "max tessa")
	l.answer("two", "max", OutcomeResponse)
	l.is("two done")
	l.days(2)
	want("three", "max")
	l.days(10)
	l.is("one expired")
}

func TestARoleTakenByASilentPersonIsNotSilentForWhoIsNew(t *testing.T) {
	l := begin(t, "", withMax, "{id: one, kind: checkin, title: One, by: manager}", "{id: two, kind: checkin, title: Two, by: manager, opens: enrolled + 20d}")
	l.days(15)
	if got := l.asked("one"); got != "max tessa" {
		t.Fatalf("%q", got)
	}
	l.f.People["mia"] = Person{ID: "mia", Email: "mia@example.org", Zone: "UTC"}
	l.f.Candidates[Manager] = []Assignment{{Person: "mia", Source: "launch.custom.manager_email"}}
	l.do(arrived{a: Arrival{Custom: map[string]string{"manager_email": "mia@example.org"}}})
	if got := l.asked("one"); got != "mia" {
		t.Errorf("after the launch %q is asked", got)
	}
	l.days(6)
	if got := l.asked("two"); got != "mia" {
		t.Errorf("of the later step %q is asked", got)
	}
	l.days(4)
	if got := l.asked("one"); got != "mia" {
		t.Errorf("who is new has not had the full time: %q is asked", got)
	}
}

func TestWithNobodyAssignedTheClocksRun(t *testing.T) {
	l := begin(t, "", nil, "{id: one, kind: checkin, title: One, by: manager, due: enrolled + 2d}")
	delete(l.f.Candidates, Manager)
	delete(l.f.Candidates, Coach)
	l.do(woke{})
	l.days(13)
	l.is("one open")
	l.on("one", l.e.Steps["one"].DueAt, "Nov 25 17:00")
	l.days(20)
	l.is("one expired")
}

func TestANudgeIsDatedBetweenTheOpeningAndTheEvent(t *testing.T) {
	l := begin(t, "nudges: {default: s, policies: {s: [{at: due - 5wd, to: doer, text: step_due}, {at: due + 1d, to: doer, text: step_late}]}}", nil,
		"{id: read, kind: read, title: R, by: learner, due: open + 3wd}",
		"{id: meet, kind: event, title: M, by: learner, at: enrolled + 9d at 10:00, due: enrolled + 9d at 09:00}")
	l.days(30)
	if got, want := onlyNudges(l.told), []string{"step_due meet sam", "step_late read sam"}; !slices.Equal(got, want) {
		t.Errorf("nudges %v, want %v", got, want)
	}
}

func onlyNudges(told []string) []string {
	return slices.DeleteFunc(slices.Clone(told), func(s string) bool { return !strings.HasPrefix(s, "step_") })
}

func TestAReviewIsDueFiveWorkingDaysAfterTheHandInAndNudgedLikeAStep(t *testing.T) {
	l := begin(t, "nudges: {default: s, policies: {s: [{at: due - 1wd, to: doer, text: step_due}]}}", withMax,
		"{id: plan, kind: plan, title: P, by: learner, review: {by: manager, outcomes: [approve, return]}}",
		"{id: talk, kind: conversation, title: T, by: learner, with: manager, opens: enrolled}")
	l.days(1)
	l.hand("plan")
	l.hand("talk")
	for _, id := range []StepID{"plan", "talk"} {
		l.on(id, l.e.Steps[id].Requests[0].DueAt, "Dec 1 17:00")
	}
	l.days(7)
	for _, want := range []string{"step_due plan max", "step_due talk max"} {
		if !slices.Contains(l.told, want) {
			t.Errorf("%q was not sent: %v", want, l.told)
		}
	}
}

func TestTheNudgeArmStandsInTheRegistration(t *testing.T) {
	l := begin(t, "nudges: {default: s, policies: {s: [{at: due + 1h, to: doer, text: step_late}]}, test: {holdout: 100, arms: [s]}}", nil, "{id: read, kind: read, title: R, by: learner}")
	if !slices.ContainsFunc(l.said, func(s string) bool {
		return strings.Contains(s, "registered") && strings.Contains(s, `nudge-arm":"holdout"`)
	}) {
		t.Errorf("statements %v", l.said)
	}
}

func TestAReminderOfASpacedAskIsDatedByTheAsk(t *testing.T) {
	l := begin(t, "nudges: {default: s, policies: {s: [{at: due + 1h, to: doer, text: step_late}]}}", nil,
		"{id: read, kind: read, title: R, by: learner, due: open + 2d, spaced: [7d]}")
	l.do(extended{by: By("tessa"), step: "read", due: l.now.AddDate(0, 0, 40)})
	l.do(confirmed{step: "read"})
	l.days(8)
	st := l.e.Steps["read"]
	m := Message{Step: "read", Policy: "s.0", Attempt: st.Attempt, Hands: st.Hands, To: "sam", Purpose: PurposeStepLate, PlannedAt: st.Again.DueAt.Add(time.Hour)}
	if got := dated(l.w, l.e, l.f, m); !got.Equal(m.PlannedAt) {
		t.Errorf("dated %s, want %s", got, m.PlannedAt)
	}
}

func TestAMovedDueMovesTheNudge(t *testing.T) {
	l := begin(t, "nudges: {default: s, policies: {s: [{at: due + 1h, to: doer, text: step_late}]}}", nil, "{id: read, kind: read, title: R, by: learner, due: open + 2d}")
	m := Message{Step: "read", Policy: "s.0", To: "sam", Purpose: PurposeStepLate, PlannedAt: l.e.Steps["read"].DueAt.Add(time.Hour)}
	l.do(extended{by: By("tessa"), step: "read", due: l.now.AddDate(0, 0, 20)})
	if got, want := dated(l.w, l.e, l.f, m), l.e.Steps["read"].DueAt.Add(time.Hour); !got.Equal(want) {
		t.Errorf("dated %s, want %s", got, want)
	}
}

func TestAWorkflowIsCompleteForGoodOnceAnyOfItsStepsIsDone(t *testing.T) {
	l := begin(t, "nudges: {default: s, policies: {s: [{at: due + 1h, to: doer, text: step_late}]}}\nexit: {complete: {any: [one, two]}, passback: {score: done_required / required}}", nil,
		"{id: one, kind: read, title: One, by: learner}",
		"{id: two, kind: read, title: Two, by: learner, due: enrolled + 2d}",
		"{id: later, kind: read, title: L, by: learner, opens: enrolled + 5d}")
	if l.e.State != Active {
		t.Fatal(l.e.State)
	}
	l.do(confirmed{step: "one"})
	if l.e.State != Completed {
		t.Fatal(l.e.State)
	}
	if done, of := tally(l.w, l.e); done != 1 || of != 2 {
		t.Errorf("%d of %d, want those opened before: 1 of 2", done, of)
	}
	l.days(6)
	l.is("two open", "later open")
	if done, of := tally(l.w, l.e); done != 1 || of != 2 || l.e.State != Completed {
		t.Errorf("%d of %d and %s after a later step opened", done, of, l.e.State)
	}
	if slices.Contains(l.told, "step_late two sam") {
		t.Error("an open step did not turn optional")
	}
}

func TestWhatALearnerSkipsIsRequiredAndNotDone(t *testing.T) {
	l := begin(t, "exit: {complete: {all: [one, two, out]}}", nil,
		"{id: one, kind: read, title: One, by: learner}",
		"{id: two, kind: read, title: Two, by: learner}",
		"{id: out, kind: read, title: O, by: learner, if: count(log.b) > 0}")
	l.do(skipped{step: "one", reason: "no"})
	l.do(confirmed{step: "two"})
	if done, of := tally(l.w, l.e); done != 1 || of != 2 || l.e.State != Active {
		t.Errorf("%d of %d and %s", done, of, l.e.State)
	}
	l.do(reopened{by: By("tessa"), step: "one"})
	l.do(excused{by: By("tessa"), step: "one"})
	if done, of := tally(l.w, l.e); done != 1 || of != 1 || l.e.State != Completed {
		t.Errorf("excused: %d of %d and %s", done, of, l.e.State)
	}
}

func TestOfAScorePassedBackOnlyRisesAreSent(t *testing.T) {
	const quiz = "{id: quiz, kind: quiz, title: Q, by: learner, done: {score: 0.9}, questions: [{id: q, ask: Which, type: choice, choices: [a, b], answer: b}]}"
	l := begin(t, "exit: {complete: {all: [quiz]}, passback: {score: quiz.score, when: change}}", nil, quiz)
	var sent []float64
	for _, score := range []float64{0.5, 0.25, 0.75, 1} {
		l.hand("quiz", score)
		if g := l.e.Grade; g != nil {
			sent = append(sent, g.Score)
			l.e.GradeSent, l.e.GradeComplete, l.e.Grade = g.Score, g.Complete, nil
		}
		l.now = l.now.Add(time.Hour)
	}
	if !slices.Equal(sent, []float64{50, 75, 100}) {
		t.Errorf("sent %v", sent)
	}
	l = begin(t, "exit: {complete: {all: [quiz]}, passback: {score: quiz.score, when: complete}}", nil, quiz)
	l.hand("quiz", 0.5)
	if l.e.Grade != nil {
		t.Errorf("before it is complete: %+v", l.e.Grade)
	}
	l.now = l.now.Add(time.Hour)
	l.hand("quiz", 1)
	if g := l.e.Grade; g == nil || g.Score != 100 || !g.Complete {
		t.Errorf("complete: %+v", g)
	}
}

func TestASecondAttemptWaitsForNeedsThoughTheFirstWasSettledFromOutside(t *testing.T) {
	l := begin(t, "", nil,
		"{id: first, kind: read, title: F, by: learner}",
		"{id: use, kind: practise, title: P, by: learner, done: {any: [response, {statement: {verb: 'https://v.example/v', object: 'https://o.example/o'}}]}, needs: [first], repeat: {until: count(log.b) >= 1, every: 1d, max: 3, at_max: {tell: coach, step: help}}}",
		"{id: help, kind: read, title: H, by: learner, opens: never}")
	l.do(observed{id: "s1", verb: "https://v.example/v", objects: []string{"https://o.example/o"}, at: l.now})
	if st := l.e.Steps["use"]; st.EndedAt.IsZero() {
		t.Fatalf("the statement ended no attempt: %+v", st)
	}
	l.days(4)
	l.is("use locked")
	l.do(confirmed{step: "first"})
	l.is("use open")
	if n := l.e.Steps["use"].Attempt; n != 2 {
		t.Errorf("attempt %d is open, want the second", n)
	}
}
