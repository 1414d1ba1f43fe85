package engine

import (
	"os"
	"strings"
	"testing"
)

// Each file of testdata/warned is a definition that runs, and is warned of.
func TestAdviceIsAWarningWithPlaceAndRemedy(t *testing.T) {
	golden(t, "warned", 1, func(t *testing.T, source string) string {
		w, problems := ParseWorkflow("f.yaml", []byte(source))
		if w == nil {
			t.Fatalf("refused: %s", problems)
		}
		return problems.Error() + "\n"
	})
}

func TestAStoredVersionOutlivesAStricterLinter(t *testing.T) {
	source, err := os.ReadFile("testdata/refused/cycle.txt")
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(source), rule)
	if w, problems := ParseWorkflow("f.yaml", []byte(text)); w != nil || !problems.Refused() {
		t.Fatal("it is not refused today: nothing is shown")
	}
	if w, problems := parseStored("w", []byte(text)); w == nil || len(w.Steps()) != 2 || problems.Refused() {
		t.Fatalf("what was imported once is refused now: %v", problems)
	}
}
