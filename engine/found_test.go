package engine

import (
	"errors"
	"testing"
	"time"
)

// The tests of this file are what the random ones found, each as small as it can be.

// launched is an enrolment of a library's workflow that Sam has launched.
func launched(t *testing.T, file string, f Facts, custom map[string]string) *world {
	t.Helper()
	w := parsed(t, file)
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	e, err := decide(w, enrolment(w, now), f, arrived{a: Arrival{Custom: custom}}, now)
	if err != nil {
		t.Fatal(err)
	}
	return &world{w: w, e: e, f: f, now: now}
}

// after decides an event that must be taken.
func (o *world) after(t *testing.T, ev event) *Enrolment {
	t.Helper()
	e, err := decide(o.w, o.e, o.f, ev, o.now)
	if err != nil {
		t.Fatal(err)
	}
	o.e = e
	return e
}

func TestTakingBackACourseStartTwiceIsOnce(t *testing.T) {
	o := launched(t, "library/negotiation-skills.yaml", people("Europe/Berlin"), map[string]string{"course_start": "2026-12-07"})
	back := anchored{by: Actor{System: "api"}, name: AnchorCourseStart}
	o.after(t, anchored{by: Actor{System: "api"}, name: AnchorCourseStart, at: o.now.AddDate(0, 1, 0)})
	first := o.after(t, back)
	if again := o.after(t, back); !same(first, again) {
		t.Fatal("the second time it is noted once more")
	}
	if o.e.Anchors[AnchorCourseStart].Day() != 7 || o.e.AnchorSource[AnchorCourseStart] != "launch" {
		t.Fatalf("what the launch said does not count again: %v", o.e.Anchors)
	}
}

func TestAStepThatWouldBeSettledAgainAtOnceIsNotReopened(t *testing.T) {
	o := launched(t, "library/negotiation-skills.yaml", people("Europe/Berlin"), nil)
	o.after(t, completedCourse{notes: []CompletionNote{{Source: SourceStatement, At: o.now}}})
	before := o.e.clone()
	_, err := decide(o.w, o.e, o.f, reopened{by: Actor{System: "api"}, step: "course"}, o.now)
	if !errors.Is(err, ErrConflict) || !same(before, o.e) {
		t.Fatalf("the course is completed: %v", err)
	}
}

func TestADoubleClickOnAQuizDuringAPauseIsOneHandIn(t *testing.T) {
	o := launched(t, "library/negotiation-skills.yaml", people("Europe/Berlin"), map[string]string{"course_start": "2026-11-23"})
	o.after(t, completedCourse{notes: []CompletionNote{{Source: SourceStatement, At: o.now}}})
	o.after(t, pausing{by: Actor{System: "api"}})
	missed := handedIn{c: Contribution{ID: "c1", Step: "quiz", Attempt: 1, SHA256: "c1"}, score: ptr(0.5)}
	first := o.after(t, missed)
	if again := o.after(t, missed); !same(first, again) || again.Steps["quiz"].Hands != 1 {
		t.Fatalf("%d hand-ins", again.Steps["quiz"].Hands)
	}
}

func TestOneHandInIsApprovedOnceAlsoDuringAPause(t *testing.T) {
	w, problems := ParseWorkflow("loop.yaml", []byte(`
workflow: loop
version: 1
title: Practise
goal: {outcome: It works}
behaviours: [{id: trade, text: Asks for something back, scale: [no, yes], target: 2, observers: [learner]}]
phases:
  - phase: before
    steps:
      - {id: practise, kind: practise, title: Practise, by: learner, done: response, log: trade, review: {by: manager, outcomes: [approve]},
         repeat: {until: "count(practise.approved) >= 2", max: 5, at_max: {tell: coach}}}
`))
	if problems.Refused() {
		t.Fatal(problems)
	}
	f := people("Europe/Berlin")
	f.People["mia"] = Person{ID: "mia", Email: "mia@example.org"}
	f.Candidates[Manager] = append(f.Candidates[Manager], Assignment{Person: "mia", Source: "launch.custom.manager_email"})
	o := &world{w: w, e: enrolment(w, time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)), f: f, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	o.after(t, arrived{})
	o.after(t, handedIn{c: Contribution{ID: "c1", Step: "practise", Attempt: 1, SHA256: "c1"}})
	requests := o.e.Steps["practise"].Requests
	if len(requests) != 2 {
		t.Fatalf("%d are asked", len(requests))
	}
	o.after(t, pausing{by: Actor{System: "api"}})
	o.after(t, answered{request: requests[0].ID, answer: Answer{Outcome: OutcomeApprove, SHA256: "c1"}})
	if _, err := decide(o.w, o.e, o.f, answered{request: requests[1].ID, answer: Answer{Outcome: OutcomeApprove, SHA256: "c1"}}, o.now); !errors.Is(err, ErrConflict) {
		t.Fatalf("the other manager approves it once more: %v", err)
	}
}
