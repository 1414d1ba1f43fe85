package engine_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/library"
)

// board is the first page of a course's board.
func (h *house) board(c engine.Course) []engine.BoardRow {
	h.t.Helper()
	page, err := h.Board(h.t.Context(), c, engine.BoardFilter{}, 0, 0)
	must(h.t, err)
	return page.Rows
}

func TestABoardIsReadByPagesAndFilters(t *testing.T) {
	h := newHouse(t, monday)
	var learners []engine.PersonID
	for i := range 7 {
		a := arrival("first-steps", map[string]string{"manager_email": "max@example.org"})
		if i == 6 {
			a.Custom = nil // nobody to ask
		}
		a.Subject, a.Name, a.Email = fmt.Sprint("s", i), fmt.Sprintf("Learner %d", i), fmt.Sprintf("l%d@example.org", i)
		e, err := h.Arrive(t.Context(), a)
		must(t, err)
		learners = append(learners, e.Learner)
	}
	course := engine.Course{Issuer: lms, ID: "2"}
	read := func(f engine.BoardFilter, from, limit int) (names []string, page *engine.BoardPage) {
		t.Helper()
		page, err := h.Board(t.Context(), course, f, from, limit)
		must(t, err)
		for _, row := range page.Rows {
			names = append(names, row.Learner.Name)
		}
		return names, page
	}
	names, page := read(engine.BoardFilter{}, 0, 3)
	if len(names) != 3 || page.Count != 7 || page.All != 7 || len(page.Workflows) != 1 {
		t.Errorf("the first page is %v of %d (%d), of %v", names, page.Count, page.All, page.Workflows)
	}
	all := names
	for from := 3; from < 9; from += 3 {
		names, _ = read(engine.BoardFilter{}, from, 3)
		all = append(all, names...)
	}
	slices.Sort(all)
	if len(slices.Compact(all)) != 7 {
		t.Errorf("the pages together are %v", all)
	}
	if names, _ = read(engine.BoardFilter{}, 50, 3); len(names) != 0 {
		t.Errorf("behind the end there are %v", names)
	}
	if names, _ = read(engine.BoardFilter{Search: " L3@EXAMPLE"}, 0, 0); !slices.Equal(names, []string{"Learner 3"}) {
		t.Errorf("the search finds %v", names)
	}
	if names, page = read(engine.BoardFilter{People: map[engine.PersonID]bool{learners[1]: true, learners[6]: true}}, 0, 0); len(names) != 2 || page.Counts[""] != 2 {
		t.Errorf("the group is %v, counted %v", names, page.Counts)
	}
	if names, _ = read(engine.BoardFilter{Workflow: "another"}, 0, 0); len(names) != 0 {
		t.Errorf("in another workflow are %v", names)
	}
	if names, page = read(engine.BoardFilter{Only: engine.BoardLate}, 0, 0); len(names) != 0 || page.Counts[engine.BoardLate] != 0 {
		t.Errorf("late on the first day are %v", names)
	}
	someone := h.board(course)[0].Enrolment
	_, err := h.AskCoach(t.Context(), learners[(slices.Index(learners, someone.Learner)+1)%len(learners)], someone.ID, "?")
	if err == nil {
		t.Error("somebody else asks")
	}
	h.now = h.now.Add(40 * 24 * time.Hour)
	h.sweep()
	names, page = read(engine.BoardFilter{Only: engine.BoardLate}, 0, 0)
	if len(names) != 7 || page.Counts[engine.BoardLate] != 7 || page.Rows[0].Late == 0 {
		t.Errorf("late after 40 days are %v, counted %v", names, page.Counts)
	}
	if _, err := h.Board(t.Context(), course, engine.BoardFilter{Only: "nonsense"}, 0, 0); err == nil {
		t.Error("a filter of another name is taken")
	}
}

// What the index says of a learner is what their document says, at every step of the way.
func TestTheBoardsIndexSaysWhatTheDocumentsSay(t *testing.T) {
	h := newHouse(t, monday)
	a := arrival("first-steps", nil)
	e, err := h.Arrive(t.Context(), a)
	must(t, err)
	agree := func(when string) {
		t.Helper()
		stands, err := h.store.StandingsIn(t.Context(), engine.Course{Issuer: lms, ID: "2"}, 10)
		must(t, err)
		rows := h.board(engine.Course{Issuer: lms, ID: "2"})
		if len(stands) != 1 || len(rows) != 1 || stands[0].Late(h.now) != (rows[0].Late > 0) || stands[0].Nobody != (len(rows[0].Unassigned) > 0) {
			t.Errorf("%s: the index says %+v, the row %+v", when, stands, rows)
		}
	}
	agree("at first")
	for day := range 30 {
		h.now = h.now.Add(24 * time.Hour)
		h.sweep()
		agree(fmt.Sprint("on day ", day+1))
		if day == 20 {
			must(t, h.Pause(t.Context(), engine.Actor{System: "cli"}, e.ID, time.Time{}, "away"))
			agree("when paused")
		}
	}
}

// BenchmarkBoard is a page of 50 of a board of 1,000 learners in the example workflow. The target is 300 ms.
func BenchmarkBoard(b *testing.B) {
	source, err := library.Files().Open("negotiation-skills.yaml")
	must(b, err)
	text := make([]byte, 1<<20)
	n, err := source.Read(text)
	must(b, err)
	boardOf(b, "negotiation-skills.yaml", text[:n])
}

// BenchmarkBoardOf300Steps is the same in a workflow of 300 steps, all open.
func BenchmarkBoardOf300Steps(b *testing.B) { boardOf(b, "big.yaml", bigWorkflow(true)) }

func boardOf(b *testing.B, file string, source []byte) {
	b.Helper()
	s, _, _ := speedHouse(b, 1000, 1000, file, source)
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		page, err := s.Board(b.Context(), engine.Course{Issuer: lms, ID: "0"}, engine.BoardFilter{}, 50*(i%20), 50)
		must(b, err)
		if len(page.Rows) != 50 || page.Count != 1000 {
			b.Fatalf("%d rows of %d", len(page.Rows), page.Count)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}
