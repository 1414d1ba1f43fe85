package engine_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
)

const halfAYear = `
workflow: half-a-year
version: 1
title: Half a year later
goal: {outcome: It lasts}
behaviours: [{id: trade, text: Asks for something back, scale: [no, yes], target: 2, observers: [learner]}]
calendar: {days: [mon, tue, wed, thu, fri], hours: "09:00-17:00", timezone: doer}
phases:
  - phase: before
    steps:
      - {id: sellers, kind: plan, title: For sellers, by: learner, if: "learner.role == 'seller'"}
      - {id: others, kind: plan, title: For the others, by: learner, if: "learner.role != 'seller'"}
      - {id: follow-up, kind: checkin, title: Still in use?, by: learner, rate: [trade], opens: enrolled + 26w}
`

// restarted is a service in a process of its own on the same files.
func restarted(t *testing.T, folder string, now *time.Time) (*engine.Service, func()) {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(folder, "engine.db"))
	must(t, err)
	store, err := enginesqlite.New(t.Context(), db)
	must(t, err)
	clock := func() time.Time { return *now }
	p := &post{now: clock}
	return engine.New(engine.Options{Tenant: "main", Store: store, Recorder: &book{t: t, byID: map[string]string{}}, Mailer: p, Links: p, IRIBase: iriBase, Now: clock}), func() { must(t, db.Close()) }
}

// Monday 7 September 2026 in Berlin is in summer, 26 weeks later it is winter.
func TestATwentySixWeekTimerSurvivesRestarts(t *testing.T) {
	folder, now := t.TempDir(), at(t, "2026-09-07 11:20")
	s, end := restarted(t, folder, &now)
	_, _, err := s.ImportWorkflow(t.Context(), "half-a-year.yaml", []byte(halfAYear), nil)
	must(t, err)
	e, err := s.Arrive(t.Context(), arrival("half-a-year", nil))
	must(t, err)
	end()
	opens := at(t, "2027-03-08 09:00")
	for !now.After(opens) {
		s, end = restarted(t, folder, &now)
		next, rings, err := s.NextAlarm(t.Context(), now.AddDate(0, 0, 7))
		must(t, err)
		if now = now.AddDate(0, 0, 7); rings {
			now = next
		}
		_, err = s.Sweep(t.Context(), "test")
		must(t, err)
		v, err := s.StepView(t.Context(), e.ID, "follow-up")
		must(t, err)
		if open := v.State.State == engine.Open; open != !now.Before(opens) {
			t.Fatalf("at %s it is %s", now, v.State.State)
		} else if open && !v.State.OpenedAt.Equal(opens) {
			t.Fatalf("opened at %s", v.State.OpenedAt)
		}
		end()
		if v.State.State == engine.Open {
			return
		}
	}
	t.Fatal("it never opened")
}

func TestAStepForARoleIsSkippedForTheOthers(t *testing.T) {
	for role, want := range map[string][2]engine.State{"seller": {engine.Open, engine.Skipped}, "clerk": {engine.Skipped, engine.Open}, "": {engine.Skipped, engine.Skipped}} {
		h := newHouse(t, monday)
		_, _, err := h.ImportWorkflow(t.Context(), "half-a-year.yaml", []byte(halfAYear), nil)
		must(t, err)
		custom := map[string]string{}
		if role != "" {
			custom["learner_role"] = role
		}
		h.arrive("half-a-year", custom)
		if got := [2]engine.State{h.step("sellers").State.State, h.step("others").State.State}; got != want {
			t.Errorf("%q: %v, want %v (a comparison without a value is false)", role, got, want)
		}
	}
}
