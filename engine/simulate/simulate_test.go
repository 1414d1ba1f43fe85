package simulate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/engine/library"
	"github.com/cairn-lms/cairn/engine/simulate"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func options(t testing.TB, file string, persona simulate.Persona) simulate.Options {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "library", file))
	must(t, err)
	db, err := sqlitedb.OpenMemory(t.Context())
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	store, err := enginesqlite.New(t.Context(), db)
	must(t, err)
	return simulate.Options{
		File: file, Source: source, Aids: library.Files(), Store: store, Persona: persona, Zone: "Europe/Berlin",
		Start: time.Date(2027, 1, 11, 0, 0, 0, 0, time.UTC),
	}
}

func run(t testing.TB, file string, persona simulate.Persona) *simulate.Calendar {
	t.Helper()
	c, err := simulate.Run(t.Context(), options(t, file, persona))
	must(t, err)
	return c
}

const example = "negotiation-skills.yaml"

// all are the entries of a kind, about a step if one is named.
func all(c *simulate.Calendar, what string, step engine.StepID) []simulate.Entry {
	var out []simulate.Entry
	for _, e := range c.Entries {
		if e.What == what && (step == "" || e.Step == step) {
			out = append(out, e)
		}
	}
	return out
}

func TestAPromptLearnerOfTheExampleIsDoneOnTheDayEachStepOpens(t *testing.T) {
	c := run(t, example, simulate.Prompt)
	if c.Done != c.Required || c.Required < 10 || len(all(c, simulate.Completed, "")) != 1 {
		t.Fatalf("%d of %d done: %+v", c.Done, c.Required, c)
	}
	if d := c.Enrolled.Format(time.DateOnly); d != "2026-12-24" { // 25 December and 1 January are holidays of the example
		t.Fatalf("ten working days before 11 January is %s", d)
	}
	for _, done := range all(c, simulate.Done, "") {
		opened := all(c, simulate.Opens, done.Step)
		if len(opened) == 0 && done.Who == engine.Learner {
			t.Fatalf("%s is done and never opened", done.Step)
		}
	}
	for _, late := range all(c, simulate.Due, "") {
		if late.Who == engine.Learner {
			t.Fatalf("a prompt learner is late with %s", late.Step)
		}
	}
	for _, e := range c.Entries {
		at := e.At.In(berlin(t))
		if e.What == simulate.HandsIn && (at.Hour() < 9 || at.Hour() >= 17 || at.Weekday() == time.Saturday || at.Weekday() == time.Sunday) {
			t.Fatalf("handed in outside working hours: %+v", e)
		}
	}
}

func berlin(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	return zone
}

func TestALateLearnerIsRemindedAndHandsInThreeWorkingDaysAfterItWasDue(t *testing.T) {
	c := run(t, example, simulate.Late)
	due, done := all(c, simulate.Due, "baseline"), all(c, simulate.HandsIn, "baseline")
	if len(due) != 1 || len(done) != 1 {
		t.Fatalf("due %v, done %v", due, done)
	}
	if got := done[0].At.In(berlin(t)).Format("2006-01-02 15:04"); got != "2027-01-05 10:00" { // due 30 December; 1 January is a holiday
		t.Fatalf("handed in at %s", got)
	}
	var texts []string
	for _, n := range all(c, simulate.Nudge, "baseline") {
		texts = append(texts, n.Detail)
	}
	if !slices.Contains(texts, "step_due") || !slices.Contains(texts, "step_late") {
		t.Fatalf("nudges: %v", texts)
	}
	if c.Done == 0 || c.State != engine.Stopped && c.State != engine.Completed {
		t.Fatalf("%+v", c)
	}
}

func TestALearnerWhoNeverDoesAnythingIsNudgedWithinTheCapsAndThenLeftAlone(t *testing.T) {
	c := run(t, example, simulate.Never)
	if c.Done != 0 || len(all(c, simulate.HandsIn, "")) != 0 {
		t.Fatalf("%d steps are done", c.Done)
	}
	if len(all(c, simulate.Escalation, "baseline")) != 1 {
		t.Fatalf("escalations: %v", all(c, simulate.Escalation, ""))
	}
	var mails []time.Time // what travels inside one mail has its time
	for _, n := range all(c, simulate.Nudge, "") {
		if n.Who == engine.Learner && strings.Contains(n.Channel, "email") && !slices.Contains(mails, n.At) {
			mails = append(mails, n.At)
		}
	}
	for i, at := range mails {
		if i >= 2 && at.Sub(mails[i-2]) < 7*24*time.Hour {
			t.Fatalf("three mails within seven days: %v", mails[i-2:i+1])
		}
	}
	if len(mails) < 5 {
		t.Fatalf("only %d mails", len(mails))
	}
	if len(all(c, simulate.Stuck, "")) != 0 {
		t.Fatalf("stuck: %v", all(c, simulate.Stuck, ""))
	}
}

func TestWhereTheManagerNeverAnswersTheCoachDoesAndTheWorkflowStillEnds(t *testing.T) {
	c := run(t, example, simulate.AbsentManager)
	coach := 0
	for _, a := range all(c, simulate.Answered, "") {
		if a.Who == engine.Manager {
			t.Fatalf("the absent manager answers: %+v", a)
		}
		if a.Who == engine.Coach {
			coach++
		}
	}
	if coach == 0 || len(all(c, simulate.Expired, "baseline-mgr")) != 1 || len(all(c, simulate.Completed, "")) != 1 {
		t.Fatalf("%d answers by the coach; %+v", coach, all(c, simulate.Expired, ""))
	}
}

func TestEveryWorkflowOfTheLibraryCanBeLivedThroughByEveryPersona(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "library", "*.yaml"))
	must(t, err)
	for _, file := range files {
		for _, persona := range simulate.Personas() {
			t.Run(filepath.Base(file)+" "+string(persona), func(t *testing.T) {
				c := run(t, filepath.Base(file), persona)
				if stuck := all(c, simulate.Stuck, ""); len(stuck) > 0 {
					t.Fatalf("stuck: %+v", stuck)
				}
				if persona == simulate.Prompt && (c.Done < c.Required || c.Required == 0) {
					t.Fatalf("a prompt learner does %d of %d", c.Done, c.Required)
				}
			})
		}
	}
}

func TestTheSameSimulationIsTheSameEachTime(t *testing.T) {
	for _, persona := range simulate.Personas() {
		var first, second bytes.Buffer
		must(t, run(t, example, persona).WriteJSON(&first))
		must(t, run(t, example, persona).WriteJSON(&second))
		if first.String() != second.String() {
			t.Fatalf("%s differs from one time to the next", persona)
		}
		var back simulate.Calendar
		must(t, json.Unmarshal(first.Bytes(), &back))
	}
}

func TestASimulationIsACalendarFileWithDistinctUIDs(t *testing.T) {
	var b bytes.Buffer
	must(t, run(t, example, simulate.Late).WriteICal(&b))
	seen := map[string]bool{}
	var whole []string
	for _, line := range strings.Split(strings.TrimSuffix(b.String(), "\r\n"), "\r\n") {
		if len(line) > 75 {
			t.Fatalf("not folded: %q", line)
		}
		if rest, more := strings.CutPrefix(line, " "); more {
			whole[len(whole)-1] += rest
			continue
		}
		whole = append(whole, line)
	}
	for _, line := range whole {
		if uid, ok := strings.CutPrefix(line, "UID:"); ok {
			if seen[uid] {
				t.Fatalf("UID %s twice", uid)
			}
			seen[uid] = true
		}
	}
	if len(seen) < 50 {
		t.Fatalf("only %d entries", len(seen))
	}
}

func TestOnDayNALearnerSeesWhatTheHomePageWouldShowThatMorning(t *testing.T) {
	home, c, err := simulate.Day(t.Context(), options(t, example, simulate.Prompt), 1)
	must(t, err)
	if home.Next == nil || home.Next.Step.ID != "baseline" || home.Done != 0 {
		t.Fatalf("day 1: %+v", home.Next)
	}
	if len(all(c, simulate.Done, "")) != 0 {
		t.Fatal("nothing is done yet in the morning of the first day")
	}
	home, _, err = simulate.Day(t.Context(), options(t, example, simulate.Prompt), 19) // Monday 11 January, 9:00
	must(t, err)
	if home.Next == nil || home.Next.Step.ID != "kickoff" {
		t.Fatalf("day 19: the kick-off is at ten: %+v", home.Next)
	}
	if _, _, err = simulate.Day(t.Context(), options(t, example, simulate.Prompt), 0); !errors.Is(err, engine.ErrInvalid) {
		t.Fatalf("day 0: %v", err)
	}
}

func TestTheLearnerIsDrawnToTheArmAskedFor(t *testing.T) {
	nudges := map[string]int{}
	for _, arm := range []string{"", "standard", "gentle", engine.ArmHoldout} {
		o := options(t, example, simulate.Late)
		o.Arm = arm
		c, err := simulate.Run(t.Context(), o)
		must(t, err)
		if arm != "" && c.Arm != arm || c.Arm == "" {
			t.Fatalf("asked for %q, drawn to %q", arm, c.Arm)
		}
		nudges[arm] = c.Nudges
		for _, n := range all(c, simulate.Nudge, "") {
			if arm == engine.ArmHoldout && n.Who == engine.Learner && n.Detail != "step_open" {
				t.Fatalf("held out, and nudged: %+v", n)
			}
		}
	}
	if nudges[""] != nudges["standard"] || nudges["gentle"] >= nudges["standard"] || nudges[engine.ArmHoldout] >= nudges["gentle"] {
		t.Fatalf("nudges: %v", nudges)
	}
}

func TestASimulationRefusesWhatItCannotRun(t *testing.T) {
	for name, change := range map[string]func(*simulate.Options){
		"persona": func(o *simulate.Options) { o.Persona = "lazy" },
		"weeks":   func(o *simulate.Options) { o.Weeks = 1000 },
		"zone":    func(o *simulate.Options) { o.Zone = "Europe/Atlantis" },
		"start":   func(o *simulate.Options) { o.Start = time.Time{} },
		"source":  func(o *simulate.Options) { o.Source = []byte("workflow: x") },
		"arm":     func(o *simulate.Options) { o.Arm = "loud" },
		"store":   func(o *simulate.Options) { o.Store = nil },
	} {
		o := options(t, example, simulate.Prompt)
		change(&o)
		if _, err := simulate.Run(t.Context(), o); !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkTheExampleOver40Weeks must stay below a second per simulation.
func BenchmarkTheExampleOver40Weeks(b *testing.B) {
	for b.Loop() {
		run(b, example, simulate.Late)
	}
}
