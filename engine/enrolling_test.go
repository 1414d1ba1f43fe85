package engine_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func course() engine.Course {
	return engine.Course{Registration: "r1", Issuer: lms, ID: "2", Title: "Negotiation skills"}
}

// reads hands a complete roster to the engine.
func (h *house) reads(members ...engine.RosterMember) engine.RosterReport {
	h.t.Helper()
	report, err := h.SyncRoster(h.t.Context(), course(), engine.RosterReading{Members: members, Complete: true, At: h.now})
	must(h.t, err)
	return report
}

func TestABeforeStepOpensForSomebodyOnTheRosterWhoNeverLaunched(t *testing.T) {
	h := newHouse(t, "2026-11-23 09:00")
	ctx := t.Context()
	h.coach()
	roster := []engine.RosterMember{
		{Subject: "5", Name: "Sam Sailor", Email: "sam@example.org", Learner: true},
		{Subject: "t1", Name: "Tessa Teacher", Email: "tessa@example.org", Learner: true}, // as Moodle lists a non-editing teacher
	}
	link := engine.CourseLink{Course: course(), Workflow: "negotiation-skills", DeploymentID: "1", RelaunchURL: lms + "/mod/lti/view.php?l=7",
		Custom: map[string]string{"course_start": "2026-12-14", "manager_email": "the-teachers-manager@example.org", "zone": "Asia/Tokyo"}}
	must(t, h.KnowLink(ctx, link))
	if report := h.reads(roster...); report.Enrolled != 0 {
		t.Fatalf("enrolled though nobody asked for it: %+v", report)
	}
	link.Custom[engine.ParamEnrol] = "roster"
	must(t, h.KnowLink(ctx, link))
	if report := h.reads(roster...); report.Enrolled != 1 {
		t.Fatalf("%+v", report)
	}
	if report := h.reads(roster...); report.Enrolled != 0 {
		t.Errorf("enrolled again: %+v", report)
	}
	all, err := h.store.EnrolmentsIn(ctx, course(), 10)
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d enrolments", len(all))
	}
	e := all[0]
	h.id, h.sam = e.ID, e.Learner
	if e.AnchorSource[engine.AnchorEnrolled] != "roster" || e.AnchorSource[engine.AnchorCourseStart] != "launch" || !e.LaunchedAt.IsZero() ||
		e.Custom["manager_email"] != "" || e.Custom["zone"] != "" {
		t.Errorf("%v %v %s", e.AnchorSource, e.Custom, e.LaunchedAt)
	}
	h.pass("2026-11-23 12:00")
	mails := h.post.sent()
	if len(mails) == 0 || mails[0].To.Email != "sam@example.org" || mails[0].Link != link.RelaunchURL || mails[0].Message.Step != "baseline" {
		t.Fatalf("mails: %v", h.post.told())
	}
	h.arrive("negotiation-skills", map[string]string{"manager_email": "max@example.org"}) // just goes on
	if again := h.enrolment(); again.ID != e.ID || again.AnchorSource[engine.AnchorEnrolled] != "roster" || again.LaunchedAt.IsZero() || h.book.count("registered") != 1 {
		t.Errorf("%+v, registered %d times", again.AnchorSource, h.book.count("registered"))
	}
}

func TestACoachEnrolsWhomTheyKnowByAccountOrAddress(t *testing.T) {
	h := newHouse(t, "2026-11-23 09:00")
	ctx := t.Context()
	tessa := engine.By(h.coach())
	h.reads(engine.RosterMember{Subject: "8", Name: "Rosa", Email: "Rosa@example.org", Learner: true})
	enrol := func(by engine.Actor, en engine.Enrolling) error {
		en.Workflow, en.Course = "negotiation-skills", course()
		_, err := h.Enrol(ctx, by, en)
		return err
	}
	must(t, enrol(tessa, engine.Enrolling{Email: "rosa@example.org"}))
	must(t, enrol(tessa, engine.Enrolling{Subject: "8"})) // the same person
	must(t, enrol(engine.Actor{System: "api"}, engine.Enrolling{Subject: "9", Name: "New"}))
	if err := enrol(tessa, engine.Enrolling{Email: "nobody@example.org"}); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("nobody was enrolled: %v", err)
	}
	if err := enrol(engine.By("x"), engine.Enrolling{Subject: "8"}); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("somebody enrolled: %v", err)
	}
	results, err := h.EnrolCohort(ctx, tessa, []engine.Enrolling{
		{Workflow: "negotiation-skills", Course: course(), Subject: "8"}, {Workflow: "nothing", Course: course(), Subject: "8"}, {Workflow: "negotiation-skills", Course: course(), Subject: "10"}})
	must(t, err)
	if results[0].Err != nil || !errors.Is(results[1].Err, engine.ErrNotFound) || results[2].Err != nil {
		t.Errorf("%+v", results)
	}
	all, err := h.store.EnrolmentsIn(ctx, course(), 10)
	must(t, err)
	sources := map[string]int{}
	for _, e := range all {
		sources[e.AnchorSource[engine.AnchorEnrolled]]++
	}
	if len(all) != 3 || sources["coach"] != 2 || sources["api"] != 1 {
		t.Errorf("%d enrolments: %v", len(all), sources)
	}
}

const mentored = `workflow: mentored
version: 1
title: Mentored
goal: {outcome: Something gets better}
behaviours:
  - {id: b, text: Does it, scale: [no, yes], target: 2, observers: [learner, manager]}
roles:
  manager: {from: [roster.role.mentor], else: coach}
  coach: {from: [launch.role.instructor]}
phases:
  - phase: before
    title: Before
    steps:
      - {id: rate, kind: survey, title: Rate, by: manager, due: enrolled + 5wd, rate: [b], done: response}
`

func TestARoleIsReadFromTheRosterOnlyWhereAWorkflowAsksForIt(t *testing.T) {
	h := newHouse(t, "2026-06-01 09:00")
	ctx := t.Context()
	h.coach()
	members := []engine.RosterMember{
		{Subject: "5", Name: "Sam Sailor", Learner: true},
		{Subject: "m1", Name: "Mona Mentor", Email: "mona@example.org", Roles: []string{"mentor"}},
		{Subject: "m2", Name: "Mo Mentor", Email: "mo@example.org", Roles: []string{"mentor"}},
	}
	h.reads(members...)
	if staff, err := h.store.StaffOf(ctx, course()); err != nil || len(staff) != 1 {
		t.Errorf("kept though nobody asks for it: %v %v", staff, err)
	}
	h.teaches(mentored)
	h.reads(members...)
	_, err := h.ArriveStaff(ctx, engine.StaffArrival{Issuer: lms, Subject: "m2", Name: "Mo Mentor", Course: course(), Roles: []string{"mentor"}, MentorOf: []string{"77"}})
	must(t, err)
	h.arrive("mentored", nil)
	names := func() (names []string) {
		for _, a := range h.home().Enrolment.Roles[engine.Manager] {
			p, err := h.Person(ctx, a.Person)
			must(t, err)
			names = append(names, p.Name)
		}
		return names
	}
	if have := names(); !slices.Equal(have, []string{"Mona Mentor"}) { // Mo is somebody else's
		t.Errorf("managers: %v", have)
	}
	h.reads(members[0], members[2])
	if have := names(); len(have) != 0 {
		t.Errorf("who lost the role has it: %v", have)
	}
	must(t, h.Wake(ctx, h.id))
	page, err := h.LateList(ctx, engine.Actor{System: "api"}, course(), "", 10)
	must(t, err)
	if whys := whysOf(page); !slices.Contains(whys, engine.LateNobody) { // a survey has no stand-in
		t.Errorf("%v", whys)
	}
}
