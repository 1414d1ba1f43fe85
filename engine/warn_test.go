package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each file of testdata/warned is a definition that runs, ten dashes, and what its author is advised.
func TestAdviceIsAWarningWithPlaceAndRemedy(t *testing.T) {
	files, err := filepath.Glob("testdata/warned/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source, want, _ := strings.Cut(string(data), rule)
			w, problems := ParseWorkflow("f.yaml", []byte(source))
			if w == nil {
				t.Fatalf("refused: %s", problems)
			}
			got := problems.Error() + "\n"
			if *update {
				if err := os.WriteFile(file, []byte(source+rule+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("told\n%swant\n%s", got, want)
			}
		})
	}
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
