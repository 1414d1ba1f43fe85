package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each file of testdata/refused is a definition that is refused.
func TestBadDefinitionsAreRefusedWithPlaceAndRemedy(t *testing.T) {
	golden(t, "refused", 20, func(t *testing.T, source string) string {
		w, problems := ParseWorkflow("f.yaml", []byte(source))
		if w != nil || !problems.Refused() {
			t.Fatal("accepted")
		}
		return problems.Error() + "\n"
	})
}

func TestADefinitionOverAMebibyteIsRefused(t *testing.T) {
	_, problems := ParseWorkflow("f.yaml", []byte(strings.Repeat("# long\n", MaxSource/7+1)))
	if !problems.Refused() || !strings.Contains(problems.Error(), "larger than") {
		t.Fatal(problems)
	}
}

func TestAbsurdNestingIsRefusedBeforeItIsParsed(t *testing.T) {
	for _, source := range []string{
		strings.Repeat("[", 500_000), strings.Repeat("{a: ", 200_000), strings.Repeat("- ", 3000), strings.Repeat("[\n", 300_000), strings.Repeat("? ", 4000),
		"a: " + strings.Repeat("!x ", 2000), strings.Repeat("x", 100_000),
	} {
		if _, problems := ParseWorkflow("f.yaml", []byte(source)); !problems.Refused() {
			t.Errorf("%.20s… is accepted", source)
		}
	}
}

func TestTheExampleIsReadAsItStands(t *testing.T) {
	source, err := os.ReadFile("library/negotiation-skills.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w, problems := ParseWorkflow("negotiation-skills.yaml", source)
	if problems.Refused() {
		t.Fatal(problems)
	}
	kinds := map[Kind]bool{}
	for _, s := range w.Steps() {
		kinds[s.Kind] = true
	}
	if len(w.Steps()) != 22 || len(kinds) != 16 || len(w.Phases) != 3 {
		t.Errorf("%d steps, %d kinds, %d phases", len(w.Steps()), len(kinds), len(w.Phases))
	}
	s := w.Step("practise")
	if s.Repeat == nil || s.Repeat.Max != 5 || s.Repeat.OpenUp != "coach-call" || s.Opens.String() != "step.fb-1 + 2wd" || s.Review.By != Manager || s.Done.Name != "evidence" {
		t.Errorf("practise is read as %+v", s)
	}
	if w.Title.In("de-AT") == w.Title.In("fr") || w.Title.In("fr") != w.Title.In("en") {
		t.Errorf("titles: %v", w.Title)
	}
}

func FuzzParseWorkflow(f *testing.F) {
	files, _ := filepath.Glob("testdata/refused/*.txt")
	for _, file := range append(files, "library/first-steps.yaml", "library/negotiation-skills.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		source, _, _ := strings.Cut(string(data), rule)
		f.Add([]byte(source))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		w, problems := ParseWorkflow("f.yaml", source)
		if (w == nil) != problems.Refused() {
			t.Fatalf("a workflow %v with problems %v", w != nil, problems)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.What == "" {
				t.Fatalf("a problem without place or words: %+v", p)
			}
		}
	})
}
