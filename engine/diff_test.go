package engine

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func changed(t *testing.T, replacements ...string) (before, after *Workflow) {
	t.Helper()
	source, err := os.ReadFile("library/first-steps.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(source)
	for i := 0; i < len(replacements); i += 2 {
		if !strings.Contains(text, replacements[i]) {
			t.Fatalf("no %q", replacements[i])
		}
		text = strings.Replace(text, replacements[i], replacements[i+1], 1)
	}
	after, problems := ParseWorkflow("f.yaml", []byte(text))
	if problems.Refused() {
		t.Fatal(problems)
	}
	return parsed(t, "library/first-steps.yaml"), after
}

func TestADifferenceNamesStepsKeysAndLanguagesAndSaysTimesInWords(t *testing.T) {
	a, b := changed(t, "version: 2", "version: 3", "due: open + 2wd", "due: open + 3wd", "Drei Minuten, die", "Vier Minuten, die", "needs: [read-trades]", "needs: []",
		"      - id: follow-up", "      - {id: extra, kind: plan, title: Another, by: learner}\n      - id: follow-up", "target: 4", "target: 5")
	d := Diff(a, b)
	got := map[string]Change{}
	for _, c := range d.Changes {
		got[c.Path] = c
	}
	due := got["steps.read-trades.due"]
	if due.What != "changed" || due.Step != "read-trades" || due.Before != "open + 2wd" || due.AfterWords != "3 working days after it opens" {
		t.Errorf("due: %+v", due)
	}
	if c := got["steps.read-trades.why.de"]; c.What != "changed" || !strings.HasPrefix(c.After, "Vier") {
		t.Errorf("the German text: %+v", c)
	}
	if _, ok := got["steps.read-trades.why.en"]; ok {
		t.Error("the English text has not changed")
	}
	if got["steps.extra"].What != "added" || got["steps.reflect.needs"].What != "removed" || got["behaviours.trade.target"].After != "5" || got["version"].After != "3" {
		t.Errorf("changes: %+v", d.Changes)
	}
	if len(d.Changes) != 6 {
		t.Errorf("%d changes:\n%s", len(d.Changes), d)
	}
	text := d.String()
	for _, want := range []string{"stay on it", "workflow offer first-steps -to 3", "ratings of the two versions", "~ steps.read-trades.due: open + 2wd (2 working days after it opens) → open + 3wd"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	if _, err := json.Marshal(d); err != nil {
		t.Error(err)
	}
}

func TestAStepThatChangesPlacesIsMovedAndNothingElse(t *testing.T) {
	a := parsed(t, "library/negotiation-skills.yaml")
	b := parsed(t, "library/negotiation-skills.yaml")
	steps := b.Phases[0].Steps
	b.Phases[0].Steps = append(slices.Clone(steps[1:]), steps[0])
	b.order = append(append(slices.Clone(b.order[1:len(steps)]), b.order[0]), b.order[len(steps):]...)
	d := Diff(a, b)
	if len(d.Changes) != 1 || d.Changes[0].What != "moved" || d.Changes[0].Step != "baseline" {
		t.Fatal(d)
	}
}

func TestAWorkflowDoesNotDifferFromItsExport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := genWorkflow(t)
		again, _ := ParseWorkflow("f.yaml", Export(w))
		if d := Diff(w, again); len(d.Changes) != 0 || d.Meaning[0] != "The two say the same." {
			t.Fatal(d)
		}
	})
}
