package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine/simulate"
)

func TestSimulatePrintsTheCalendarOfAPersonWithoutAHouse(t *testing.T) {
	file := filepath.Join("..", "..", "engine", "library", "negotiation-skills.yaml")
	text, err := cairn(t, "workflow", "simulate", file, "-start", "2027-01-11", "-persona", "late", "-zone", "Europe/Berlin")
	must(t, err)
	for _, want := range []string{"late learner, enrolled Thu 24 Dec 2026 09:00", "Week 1, 24 Dec 2026", "baseline “Where are you now?”", "step_late, to the learner by email", "woken"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	data, err := cairn(t, "workflow", "simulate", "-json", "--start=2027-01-11", "-weeks", "2", file)
	must(t, err)
	var c simulate.Calendar
	must(t, json.Unmarshal([]byte(data), &c))
	if c.Persona != simulate.Prompt || len(c.Entries) == 0 || c.Until.Sub(c.Enrolled).Hours() != 14*24 {
		t.Fatalf("%+v", c)
	}
	ics, err := cairn(t, "workflow", "simulate", file, "-ics", "-start", "2027-01-11")
	must(t, err)
	if !strings.HasPrefix(ics, "BEGIN:VCALENDAR\r\n") || !strings.HasSuffix(ics, "END:VCALENDAR\r\n") {
		t.Fatalf("not a calendar file: %.200q", ics)
	}
	for _, wrong := range [][]string{{file, "-start", "soon"}, {file, "-persona", "lazy"}, {file, "-ics", "-json"}, {"missing.yaml"}, {}} {
		if _, err := cairn(t, append([]string{"workflow", "simulate"}, wrong...)...); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}
