package engine_test

import (
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

const diary = `workflow: diary
version: 1
title: Diary
goal: {outcome: Better work}
behaviours:
  - {id: b, text: Looks back, scale: [never, always], target: 2, observers: [learner]}
roles:
  manager: {from: [launch.custom.manager_email]}
phases:
  - phase: before
    steps:
      - {id: secret, kind: reflect, title: To myself, by: learner, private: true, done: {words: 1}}
      - {id: shared, kind: reflect, title: To my manager, by: learner, done: {words: 1}, review: {by: manager, outcomes: [approve, return]}}
exit:
  complete: {all: [shared]}
`

func (h *house) diary() {
	h.t.Helper()
	_, problems, err := h.ImportWorkflow(h.t.Context(), "diary.yaml", []byte(diary), nil)
	must(h.t, err)
	if problems.Refused() {
		h.t.Fatal(problems)
	}
	h.arrive("diary", map[string]string{"manager_email": "max@example.org"})
	for step, prose := range map[engine.StepID]string{"secret": "For my eyes.", "shared": "For both of us."} {
		must(h.t, h.Submit(h.t.Context(), h.sam, h.id, step, engine.Submission{Answers: engine.Answers{"text": {prose}}}))
	}
}

func TestOthersReadNothingPrivateAndNothingThatWasNeverHandedIn(t *testing.T) {
	h := newHouse(t, "2026-11-23 10:00")
	h.diary()
	must(t, h.store.PutContribution(t.Context(), engine.Contribution{ // written before a crash, never taken
		ID: "orphan", Enrolment: h.id, Step: "shared", Author: h.sam, Answers: []engine.Answered{{Key: "text", Value: "Never mind."}}, SHA256: "x", At: h.now,
	}))
	own, err := h.Portfolio(t.Context(), h.sam, true)
	must(t, err)
	shared, err := h.HandedIn(t.Context(), h.id)
	must(t, err)
	if len(own.Entries) != 2 || len(shared.Entries) != 1 || shared.Entries[0].Step.ID != "shared" || shared.Entries[0].Hand.Answers[0].Value != "For both of us." {
		t.Errorf("own: %d, shared: %+v", len(own.Entries), shared.Entries)
	}
}

func TestARequestIsToTheAccountOrTheAddressAskedAndNeverToTheLearner(t *testing.T) {
	h := newHouse(t, "2026-11-23 10:00")
	h.diary()
	course := engine.Course{Issuer: lms, ID: "2"}
	for name, c := range map[string]struct {
		subject, email string
		want           int
	}{
		"the manager, as the LMS knows them": {"4", "Max@Example.org", 1},
		"somebody else":                      {"9", "tessa@example.org", 0},
		"somebody without an address":        {"10", "", 0},
	} {
		p, err := h.ArriveStaff(t.Context(), engine.StaffArrival{Issuer: lms, Subject: c.subject, Email: c.email, Course: course, Roles: []string{"mentor"}})
		must(t, err)
		asked, err := h.RequestsTo(t.Context(), p.ID, h.id)
		must(t, err)
		if len(asked) != c.want {
			t.Errorf("%s is asked %d times, want %d", name, len(asked), c.want)
		}
	}
	h.arrive("diary", nil) // as before; then the learner takes the manager's address
	taken := arrival("diary", nil)
	taken.Email = "max@example.org"
	_, err := h.Arrive(t.Context(), taken)
	must(t, err)
	if asked, err := h.RequestsTo(t.Context(), h.sam, h.id); err != nil || len(asked) != 0 {
		t.Errorf("the learner is asked %v (%v)", asked, err)
	}
}

func TestALearnerIsFoundByAccountCourseAndWorkflow(t *testing.T) {
	h := newHouse(t, "2026-11-23 10:00")
	h.diary()
	for name, c := range map[string]struct {
		subject, course string
		workflow        engine.WorkflowID
		want            int
	}{
		"any workflow": {"5", "2", "", 1}, "that workflow": {"5", "2", "diary", 1},
		"another workflow": {"5", "2", "other", 0}, "another course": {"5", "3", "", 0},
	} {
		found, err := h.LearnerIn(t.Context(), lms, c.subject, engine.Course{ID: c.course}, c.workflow)
		must(t, err)
		if len(found) != c.want {
			t.Errorf("%s: %d enrolments, want %d", name, len(found), c.want)
		}
	}
	if _, err := h.LearnerIn(t.Context(), lms, "nobody", engine.Course{ID: "2"}, ""); err == nil {
		t.Error("an unknown account was found")
	}
}
