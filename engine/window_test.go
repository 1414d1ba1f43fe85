package engine

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

func TestNudgesWaitForWorkingHoursOutsideQuietHoursAndHolidays(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	office := defaultCalendar()
	night := office
	night.Start, night.End = 19*60, 23*60
	for _, c := range []struct {
		name     string
		calendar Calendar
		pref     Preferences
		at, want string // want "": never
	}{
		{"in hours", office, Preferences{}, "2026-11-23 10:00", "2026-11-23 10:00"},
		{"at night", office, Preferences{}, "2026-11-23 22:00", "2026-11-24 09:00"},
		{"at the weekend", office, Preferences{}, "2026-11-21 12:00", "2026-11-23 09:00"},
		{"quiet in the morning", office, Preferences{Quiet: Quiet{8 * 60, 12 * 60}}, "2026-11-23 09:30", "2026-11-23 12:00"},
		{"quiet over midnight", night, Preferences{Quiet: Quiet{20 * 60, 8 * 60}}, "2026-11-23 21:00", "2026-11-24 19:00"},
		{"quiet in the afternoon, on a Friday", office, Preferences{Quiet: Quiet{12 * 60, 18 * 60}}, "2026-11-27 13:00", "2026-11-30 09:00"},
		{"they never meet", office, Preferences{Quiet: Quiet{8 * 60, 18 * 60}}, "2026-11-23 10:00", ""},
		{"away", office, Preferences{Holiday: Holiday{"2026-11-20", "2026-12-11"}}, "2026-11-23 10:00", "2026-12-14 09:00"},
		{"away, and quiet in the morning after", office, Preferences{Quiet: Quiet{8 * 60, 12 * 60}, Holiday: Holiday{"2026-11-23", "2026-11-23"}}, "2026-11-23 10:00", "2026-11-24 12:00"},
		{"quiet until the hour that is skipped", Calendar{Days: [7]bool{true, true, true, true, true, true, true}, Start: 0, End: 1440}, Preferences{Quiet: Quiet{60, 150}}, "2026-03-29 01:30", "2026-03-29 03:30"},
		{"quiet in the hour that comes twice", Calendar{Days: [7]bool{true, true, true, true, true, true, true}, Start: 0, End: 1440}, Preferences{Quiet: Quiet{60, 180}}, "2026-10-25 02:30", "2026-10-25 03:00"},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", c.at, berlin)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := c.pref.nextWindow(c.calendar, berlin, at)
		if have := got.In(berlin).Format("2006-01-02 15:04"); ok != (c.want != "") || ok && have != c.want {
			t.Errorf("%s: %s, %t, want %s", c.name, have, ok, c.want)
		}
	}
}

// Whatever a person's hours, a window is one: working time, not quiet, not on holiday, and not before it was asked for.
func FuzzWindow(f *testing.F) {
	f.Add(int64(1800000000), 1200, 480, uint8(5), "Europe/Berlin")
	f.Add(int64(1774746000), 60, 150, uint8(0), "Pacific/Auckland")
	f.Fuzz(func(t *testing.T, unix int64, from, to int, days uint8, name string) {
		z, ok := zoneOf(name)
		if !ok || unix < 0 || unix > 4e9 {
			t.Skip()
		}
		p := Preferences{Quiet: Quiet{((from % 1440) + 1440) % 1440, ((to % 1440) + 1440) % 1440}}
		at := time.Unix(unix, 0)
		p.Holiday = Holiday{at.In(z).Format(time.DateOnly), at.In(z).AddDate(0, 0, int(days)).Format(time.DateOnly)}
		c := defaultCalendar()
		got, ok := p.nextWindow(c, z, at)
		if !ok {
			return
		}
		if got.Before(at) || !c.worksAt(got, z) || !p.Quiet.until(got, z).Equal(got) || !p.Holiday.until(got, z).Equal(got) {
			t.Errorf("%s of %+v is %s", at.In(z), p, got.In(z))
		}
	})
}

func TestArmsAreDrawnOnceAndEvenly(t *testing.T) {
	test := &NudgeTest{Holdout: 10, Arms: []string{"standard", "gentle"}}
	n := map[string]int{}
	for i := range 10_000 {
		id := EnrolmentID(fmt.Sprintf("5f3c9a10-%04x-4b7e-9d21-%012x", i%65536, i*7919))
		arm := test.arm(id, "standard")
		if arm != test.arm(id, "standard") {
			t.Fatal("drawn again, it is another")
		}
		n[arm]++
	}
	for arm, want := range map[string]float64{ArmHoldout: 1000, "standard": 4500, "gentle": 4500} {
		if off := math.Abs(float64(n[arm]) - want); off > 4*math.Sqrt(want) {
			t.Errorf("%s: %d of 10,000, want about %.0f", arm, n[arm], want)
		}
	}
	if arm := (&NudgeTest{Holdout: 0}).arm("x", "gentle"); arm != "gentle" {
		t.Errorf("without arms the arm is %q", arm)
	}
}

// planned are the nudges that a policy leads to over time, each as "purpose to day".
func planned(t *testing.T, w *Workflow, e *Enrolment, f Facts, until time.Time) []string {
	t.Helper()
	var out []string
	for i := 0; !e.WakeAt.IsZero() && !e.WakeAt.After(until); i++ {
		if i > 1000 {
			t.Fatal("it wakes for ever")
		}
		next, err := decide(w, e, f, woke{}, e.WakeAt)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range next.Messages[len(e.Messages):] {
			out = append(out, fmt.Sprintf("%s %s %s %s", m.Purpose, m.Step, m.To, m.DueAt.In(time.UTC).Format("Jan 2 15:04")))
		}
		if next.WakeAt.Equal(e.WakeAt) {
			t.Fatal("it wakes for nothing")
		}
		e = next
	}
	return out
}

func learning(t *testing.T, source string, arm string) (*Workflow, *Enrolment, Facts) {
	t.Helper()
	w, problems := ParseWorkflow("test.yaml", []byte(source))
	if problems.Refused() {
		t.Fatal(problems)
	}
	f := Facts{Tenant: "main", IRIBase: "https://x.example", Learner: Person{ID: "sam", Issuer: "i", Subject: "5", Zone: "UTC"},
		People:     map[PersonID]Person{"max": {ID: "max", Email: "max@example.org"}, "tessa": {ID: "tessa", Issuer: "i", Subject: "9"}},
		Candidates: map[Role][]Assignment{Manager: {{Person: "max", Source: "launch.custom.manager_email"}}, Coach: {{Person: "tessa", Source: "launch.role.instructor"}}}}
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	e := &Enrolment{ID: "e", Workflow: w.ID, Version: 1, Learner: "sam", State: Active, CreatedAt: start, Arm: arm, Course: Course{Issuer: "i", ID: "2"}}
	e, err := decide(w, e, f, arrived{a: Arrival{Course: Course{ID: "2"}}}, start)
	if err != nil {
		t.Fatal(err)
	}
	return w, e, f
}

const testedNudges = `workflow: w
version: 1
title: W
goal: {outcome: Something}
behaviours: [{id: b, text: Does it, scale: [no, yes], target: 2, observers: [learner, manager]}]
nudges:
  default: standard
  policies:
    standard:
      - {at: open, to: doer, text: step_open}
      - {at: due - 1wd, to: doer, text: step_due}
      - {at: due + 1wd, to: doer, text: step_late}
      - {at: due + 4wd, to: manager, text: ask_for_help, escalate: true}
    gentle:
      - {at: open, to: doer, text: step_open}
      - {at: due + 2wd, to: doer, text: step_late}
  test: {holdout: 10, arms: [standard, gentle]}
phases:
  - phase: before
    title: Before
    steps:
      - {id: read, kind: read, title: Read it, by: learner, due: enrolled + 3wd}
      - {id: extra, kind: read, title: More, by: learner, due: enrolled + 3wd, optional: true}
      - {id: own, kind: read, title: Own, by: learner, due: enrolled + 3wd, nudge: gentle}
      - {id: silent, kind: read, title: Silent, by: learner, due: enrolled + 3wd, nudge: none}
      - {id: asked, kind: survey, title: Asked, by: manager, due: enrolled + 3wd, rate: [b]}
`

func TestTheArmIsTheDefaultAndTheHoldoutOnlyHearsThatAStepIsOpen(t *testing.T) {
	for _, c := range []struct {
		arm  string
		want []string // of the learner's own steps
	}{
		{"standard", []string{"step_due read", "step_late own", "step_late read", "ask_for_help read"}},
		{"gentle", []string{"step_late own", "step_late read"}},
		{ArmHoldout, nil},
	} {
		w, e, f := learning(t, testedNudges, c.arm)
		var opened []string
		for _, m := range e.Messages {
			if m.Purpose == PurposeStepOpen {
				opened = append(opened, string(m.Step))
			}
		}
		if !slices.Equal(opened, []string{"read", "extra", "own"}) {
			t.Errorf("%s: announced: %v", c.arm, opened)
		}
		var got []string
		reviewer := 0
		for _, p := range planned(t, w, e, f, e.CreatedAt.AddDate(0, 0, 20)) {
			var purpose, step, to string
			if _, err := fmt.Sscan(p, &purpose, &step, &to); err != nil {
				t.Fatal(err)
			}
			if step == "asked" {
				reviewer++
				continue
			}
			got = append(got, purpose+" "+step)
		}
		slices.Sort(got)
		want := slices.Clone(c.want)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: nudges %v, want %v", c.arm, got, want)
		}
		if reviewer != 3 { // due, late, and the coach as the doer is the manager: the test is for the learner's steps
			t.Errorf("%s: %d nudges about the manager's step", c.arm, reviewer)
		}
	}
}

func TestTheCoachIsAskedForHelpWhenTheManagerIsTheDoer(t *testing.T) {
	w, e, f := learning(t, testedNudges, "standard")
	all := planned(t, w, e, f, e.CreatedAt.AddDate(0, 0, 20))
	if !slices.Contains(all, "ask_for_help asked tessa Dec 2 09:00") || !slices.Contains(all, "ask_for_help read max Dec 2 09:00") {
		t.Errorf("nudges: %v", all)
	}
}
