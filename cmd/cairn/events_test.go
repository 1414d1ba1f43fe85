package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// acts are the entries of the log of administrators' acts, one a line, oldest first.
func (i installation) acts() string {
	i.t.Helper()
	acts := ""
	served(i.t, i.data, "https://learn.example.org", func(ctx context.Context, h *house) {
		entries, err := h.stores.site.Audit(ctx, "", true, 100)
		must(i.t, err)
		for _, e := range entries {
			acts = strings.Join(strings.Fields(e.Act+" "+e.Tenant+" "+e.Object+" "+e.Detail), " ") + "\n" + acts
		}
	})
	return acts
}

// withComplaints is an installation where sam learns to handle complaints.
func withComplaints(t *testing.T) installation {
	t.Helper()
	i := newInstallation(t)
	i.must("workflow", "import", "../../engine/library/complaint-handling.yaml")
	i.must("enrolment", "enrol", "-workflow", "complaint-handling", "-issuer", "https://lms.example", "-course", "2", "-subject", "5", "-name", "Sam", "-email", "sam@example.org")
	return i
}

func TestASourceOfEventsIsMadeTurnedAndRevokedByCommandsAndEachIsNoted(t *testing.T) {
	i := newInstallation(t)
	type secret struct{ ID, Name, URL, Secret string }
	var made, turned secret
	must(t, json.Unmarshal([]byte(i.must("events", "source", "add", "-name", "CRM", "-per-minute", "60", "-json")), &made))
	if made.ID == "" || made.Name != "CRM" || !strings.HasPrefix(made.URL, "https://learn.example.org/api/events/") || !strings.HasPrefix(made.Secret, "whsec_") {
		t.Fatalf("made %+v", made)
	}
	var list []listedSource
	out := i.must("events", "source", "list", "-json")
	must(t, json.Unmarshal([]byte(out), &list))
	if len(list) != 1 || list[0].ID != made.ID || list[0].PerMinute != 60 || list[0].State != "good" || strings.Contains(out, "whsec_") || strings.Contains(out, "salt") {
		t.Errorf("listed %s", out)
	}
	must(t, json.Unmarshal([]byte(i.must("events", "source", "turn", made.ID, "-json")), &turned))
	if turned.ID != made.ID || turned.URL != made.URL || turned.Secret == made.Secret {
		t.Errorf("turned %+v, was %+v", turned, made)
	}
	if out := i.must("events", "source", "revoke", made.ID, "-json"); out != `{"id":"`+made.ID+`","state":"revoked"}`+"\n" {
		t.Errorf("it prints %s", out)
	}
	if out := i.must("events", "source", "list"); !strings.Contains(out, "revoked") || !strings.Contains(out, "CRM") {
		t.Errorf("listed %s", out)
	}
	for words, wrong := range map[string][]string{
		"give one ID": {"turn"}, `no source "none"`: {"revoke", "none"}, "cairn events source list": {"turn", "none"}, "requests a minute": {"add", "-name", "x", "-per-minute", "0"},
	} {
		if out, _, err := i.do(append([]string{"events", "source"}, wrong...)...); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v: %s, %v", wrong, out, err)
		}
	}
	acts := i.acts()
	for _, act := range []string{"event_source.add main CRM", "event_source.turn main " + made.ID, "event_source.revoke main " + made.ID} {
		if !strings.Contains(acts, act) {
			t.Errorf("%q is not noted:\n%s", act, acts)
		}
	}
	if strings.Contains(acts, "whsec_") || strings.Contains(acts, "event_source.list") {
		t.Errorf("noted:\n%s", acts)
	}
}

func TestEventsAreTestedListedAndReplayedByCommands(t *testing.T) {
	i := withComplaints(t)
	event := func(data string) string {
		file := filepath.Join(t.TempDir(), "event.json")
		must(t, writeFile(file, `{"specversion":"1.0","id":"w47","source":"/helpdesk","type":"helpdesk.week.closed","data":`+data+`}`))
		return file
	}
	about := event(`{"agent_email":"https://lms.example|5","reopened_pct":18}`)
	var would didEvent
	must(t, json.Unmarshal([]byte(i.must("events", "test", about, "-json")), &would))
	if len(would.Effects) != 1 || would.Effects[0].Effect != "metric" || would.Effects[0].Name != "reopened-pct" || would.Type != "helpdesk.week.closed" {
		t.Errorf("it would do %+v", would)
	}
	if out := i.must("events", "test", event(`{"agent_email":"nobody@example.org"}`)); !strings.Contains(out, "nobody we know") {
		t.Errorf("about nobody: %s", out)
	}
	if out := i.must("events", "ls", "-json"); out != "" {
		t.Fatalf("a test was kept: %s", out)
	}
	i.must("api", "POST", "/api/events", "-media", "application/cloudevents+json", "-body", "@"+about)
	out := i.must("events", "ls", "-json")
	var kept engine.BusinessEvent
	must(t, json.Unmarshal([]byte(out), &kept))
	if kept.Key == "" || kept.Type != "helpdesk.week.closed" || len(kept.Effects) != 1 || strings.Contains(out, "lms.example") {
		t.Errorf("kept %s", out)
	}
	if out := i.must("events", "ls"); !strings.Contains(out, kept.Key) || !strings.Contains(out, "metric reopened-pct") {
		t.Errorf("listed %s", out)
	}
	var did didEvent
	must(t, json.Unmarshal([]byte(i.must("events", "replay", kept.Key, "-json")), &did))
	if did.Key != kept.Key || len(did.Effects) != 1 {
		t.Errorf("replayed %+v", did)
	}
	if out := i.must("metric", "show", "complaint-handling"); !strings.Contains(out, "18.00  (1 values of 1 people)") {
		t.Errorf("the replay counted twice: %s", out)
	}
	bare := filepath.Join(t.TempDir(), "bare.json")
	must(t, writeFile(bare, `{"id":"1"}`))
	for words, wrong := range map[string][]string{"give at least one KEY": {"replay"}, `no event "none"`: {"replay", "none"}, "give one FILE": {"test"}, "/source: is missing": {"test", bare}} {
		if out, _, err := i.do(append([]string{"events"}, wrong...)...); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v: %s, %v", wrong, out, err)
		}
	}
	if acts := i.acts(); !strings.Contains(acts, "event.replay main "+kept.Key) {
		t.Errorf("the replay is not noted:\n%s", acts)
	}
}

func TestAMetricIsImportedAndShownByCommands(t *testing.T) {
	i := withComplaints(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		must(t, writeFile(file, text))
		return file
	}
	rows := write("weeks.csv", "at,value,person\n2026-09-07,20,https://lms.example|5\n2026-10-05,16,\n2026-10-12,14,\n")
	for range 2 { // the same again changes nothing
		if out := i.must("metric", "import", "complaint-handling", rows, "-json"); out != `{"kept":3,"skipped":0,"unknown":[]}`+"\n" {
			t.Errorf("imported %s", out)
		}
	}
	var shown listedMetric
	must(t, json.Unmarshal([]byte(i.must("metric", "show", "complaint-handling", "-json")), &shown))
	if shown.Metric != "reopened-pct" || shown.Baseline != 22 || shown.Target != 12 || shown.N != 3 || shown.People != 1 || len(shown.Series) != 2 || shown.Series[1] != (listedMonth{"2026-10", 15, 2, 0}) {
		t.Errorf("shown %+v", shown)
	}
	if out := i.must("metric", "show", "complaint-handling"); !strings.Contains(out, "baseline 22, target 12") || !strings.Contains(out, "2026-10  15.00") {
		t.Errorf("shown %s", out)
	}
	out, stderr, err := i.do("metric", "import", "complaint-handling", write("more.JSON", `[{"person":"max@example.org","at":"2026-10-19T00:00:00Z","value":9}]`))
	if err == nil || !strings.Contains(err.Error(), "1 rows were left out") || !strings.Contains(out, "kept 0") || !strings.Contains(stderr, "row 1: nobody we know") {
		t.Errorf("of nobody: %s, %s, %v", out, stderr, err)
	}
	for words, wrong := range map[string][]string{
		"give a WORKFLOW and a FILE": {"import", "complaint-handling"}, "line 3: ": {"import", "complaint-handling", write("wrong.csv", "at,value\n2026-09-07,20\n2026-09-14,many\n")},
		`no column "when"`: {"import", "complaint-handling", write("head.csv", "when,value\n")}, "give a WORKFLOW": {"show"}, "none": {"show", "none"},
	} {
		if out, _, err := i.do(append([]string{"metric"}, wrong...)...); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v: %s, %v", wrong, out, err)
		}
	}
	if acts := i.acts(); !strings.Contains(acts, "metric.import main complaint-handling 3 rows") || strings.Contains(acts, "lms.example|") {
		t.Errorf("noted:\n%s", acts)
	}
}
