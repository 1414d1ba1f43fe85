package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// two versions of a workflow: the second drops a step, rewords one, gives the survey to the coach and adds another.
func versions(n int) string {
	survey, title, more := "manager", "Read this", "      - {id: gone, kind: plan, title: Gone, by: learner}\n"
	if n == 2 {
		survey, title, more = "coach", "Read that", "      - {id: new, kind: plan, title: New, by: learner, needs: [read]}\n"
	}
	return fmt.Sprintf(`workflow: versioned
version: %d
title: Versioned
goal: {outcome: Better}
behaviours:
  - {id: trade, text: Trades, scale: [no, yes], target: 2, observers: [learner, manager]}
phases:
  - phase: before
    steps:
      - {id: read, kind: read, title: %s, by: learner, content: {url: "https://x.example"}, due: open + 3wd}
      - {id: survey, kind: survey, title: Survey, by: %s, rate: [trade]}
%s`, n, title, survey, more)
}

func TestANewVersionIsOfferedToThoseWhoHaveNotStarted(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	put := func(n int) {
		_, _, err := h.ImportWorkflow(ctx, "versioned.yaml", []byte(versions(n)), nil)
		must(t, err)
	}
	put(1)
	h.arrive("versioned", maxed)
	idle, enrolled := h.id, h.home().Enrolment.Anchors[engine.AnchorEnrolled]
	other := arrival("versioned", maxed)
	other.Subject, other.Name, other.Email = "6", "Kim", "kim@example.org"
	begun, err := h.Arrive(ctx, other)
	must(t, err)
	must(t, h.MarkDone(ctx, begun.Learner, begun.ID, "read"))
	h.sweep()
	old := h.request("max@example.org")

	put(2)
	if _, err := h.OfferVersion(ctx, engine.By(h.sam), "versioned", 2); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("a learner offers versions: %v", err)
	}
	must(t, h.asTessa())
	operator := engine.Actor{System: "cli"}
	report, err := h.OfferVersion(ctx, operator, "versioned", 2)
	must(t, err)
	if report != (engine.OfferReport{Moved: 1, Kept: 1}) {
		t.Fatalf("the offer reports %+v", report)
	}
	if again, err := h.OfferVersion(ctx, operator, "versioned", 2); err != nil || again != (engine.OfferReport{Kept: 1}) {
		t.Fatalf("offered again: %+v, %v", again, err)
	}
	e := h.home().Enrolment
	if e.Version != 2 || !e.Anchors[engine.AnchorEnrolled].Equal(enrolled) || e.Steps["gone"] != nil || e.Steps["read"].State != engine.Open || e.Steps["read"].Attempt != 1 {
		t.Fatalf("Sam is on version %d: %+v", e.Version, e.Steps["read"])
	}
	if !slices.ContainsFunc(e.Acts, func(a engine.Act) bool {
		return a.What == engine.ActVersion && a.Reason == "1 → 2" && a.By == operator
	}) {
		t.Errorf("the history says %+v", e.Acts)
	}
	if h.step("read").Step.Title.In("en") != "Read that" {
		t.Error("Sam reads the old text")
	}
	h.sweep()
	to := h.request("tessa@example.org")
	if view, err := h.OpenRequest(ctx, idle, to); err != nil || view.Request.Step != "survey" {
		t.Errorf("the coach is asked now: %v", err)
	}
	for _, r := range e.Steps["survey"].Requests {
		if r.ID == old && r.Waiting() {
			t.Error("Max is still asked")
		}
	}
	if kept, err := h.Enrolment(ctx, begun.ID); err != nil || kept.Version != 1 {
		t.Errorf("Kim had started: %v", err)
	}
	read := slices.DeleteFunc(h.post.told(), func(m string) bool { return !strings.HasPrefix(m, "sam step_open read") })
	if len(read) > 1 {
		t.Errorf("Sam is told again what is the same: %v", read)
	}
	must(t, h.MarkDone(ctx, h.sam, h.id, "read"))
	if h.next() != "new" {
		t.Errorf("the next step is %q", h.next())
	}
}

// asTessa makes Tessa a teacher of the course.
func (h *house) asTessa() error {
	_, err := h.ArriveStaff(h.t.Context(), engine.StaffArrival{Issuer: lms, Subject: "9", Name: "Tessa", Email: "tessa@example.org", Locale: "en", Zone: "Europe/Berlin",
		Course: engine.Course{Registration: "r1", Issuer: lms, ID: "2"}, Roles: []string{"instructor"}})
	return err
}

func TestWhatCameBeforeAnOfferIsSaidBesideIt(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	put := func(n int) {
		source := strings.Replace(versions(n), "rate: [trade]}", "rate: [trade]}\n      - {id: later, kind: survey, title: Later, by: manager, opens: enrolled + 2d, rate: [trade]}", 1)
		_, _, err := h.ImportWorkflow(ctx, "versioned.yaml", []byte(source), nil)
		must(t, err)
	}
	put(1)
	h.arrive("versioned", maxed)
	must(t, h.asTessa()) // whom version 2 asks
	h.sweep()
	put(2)
	h.now = h.now.AddDate(0, 0, 3) // `later` has opened, and nobody has looked
	report, err := h.OfferVersion(ctx, engine.Actor{System: "cli"}, "versioned", 2)
	must(t, err)
	h.sweep() // the record store refuses another statement under the same id
	if e := h.enrolment(); report.Moved != 1 || e.Version != 2 || len(e.Statements) != 0 || len(e.Parked) != 0 {
		t.Fatalf("%+v, version %d, %d statements wait, %d are parked", report, e.Version, len(e.Statements), len(e.Parked))
	}
}
