package engine_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/engine/library"
	"github.com/cairn-lms/cairn/engine/simulate"
)

// lived is a year with a workflow, over the real Service on SQLite.
func lived(t *testing.T, file string, source []byte, persona simulate.Persona) *simulate.Calendar {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "engine.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	store, err := enginesqlite.New(t.Context(), db)
	must(t, err)
	c, err := simulate.Run(t.Context(), simulate.Options{
		File: file, Source: source, Aids: library.Files(), Start: time.Date(2027, 1, 11, 0, 0, 0, 0, time.UTC), Persona: persona, Zone: "Europe/Berlin",
		Locale: "en", Weeks: 52, Store: store,
	})
	must(t, err)
	return c
}

// wasCompleted tells whether a calendar says that the workflow was completed.
func wasCompleted(c *simulate.Calendar) bool {
	var b strings.Builder
	return c.WriteText(&b) == nil && strings.Contains(b.String(), "  completed\n")
}

func TestEveryWorkflowOfTheLibraryIsWalkedToItsEnd(t *testing.T) {
	files, err := fs.Glob(library.Files(), "*.yaml")
	must(t, err)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			t.Parallel()
			source, err := fs.ReadFile(library.Files(), file)
			must(t, err)
			prompt := lived(t, file, source, simulate.Prompt)
			if !wasCompleted(prompt) || prompt.Done != prompt.Required {
				t.Errorf("whoever does everything at once has done %d of %d, completed: %t", prompt.Done, prompt.Required, wasCompleted(prompt))
			}
			if absent := lived(t, file, source, simulate.AbsentManager); absent.Done < absent.Required-1 {
				t.Errorf("a manager who never answers holds up the learner: %d of %d", absent.Done, absent.Required)
			}
		})
	}
}

// Every aid is there in both languages, and worth opening.
func TestEveryTextOfTheLibrarySpeaksEnglishAndGerman(t *testing.T) {
	for _, file := range []string{"single-concept-loop.yaml", "new-manager-90-days.yaml", "safety-habit.yaml", "complaint-handling.yaml", "cpd-portfolio.yaml"} {
		source, err := fs.ReadFile(library.Files(), file)
		must(t, err)
		w, problems := engine.LintWorkflow(file, source, library.Files())
		if w == nil {
			t.Fatal(problems)
		}
		for _, p := range problems {
			t.Error(p)
		}
		speaks := func(where string, texts ...engine.Text) {
			for _, text := range texts {
				if len(text) > 0 && (text["en"] == "" || text["de"] == "" || text["en"] == text["de"] && strings.Contains(text["en"], " ")) {
					t.Errorf("%s: %s: %v", file, where, text)
				}
			}
		}
		speaks("title", w.Title, w.Goal.Outcome)
		for _, b := range w.Behaviours {
			speaks(string(b.ID), append(b.Scale, b.Text)...)
		}
		for _, s := range w.Steps() {
			speaks(string(s.ID), s.Title, s.Why, s.Wording)
			for _, q := range s.Questions {
				speaks(q.ID, append(q.Choices, q.Ask)...)
			}
		}
		for i := range w.Aids {
			if a := &w.Aids[i]; len(a.Body("en")) < 200 || len(a.Body("de")) < 200 || a.Body("en") == a.Body("de") {
				t.Errorf("%s: the aid %s has %d bytes in English, %d in German", file, a.ID, len(a.Body("en")), len(a.Body("de")))
			}
		}
	}
}
