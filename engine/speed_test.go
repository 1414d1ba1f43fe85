package engine_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/engine/library"
)

// speedHouse is a service on SQLite whose clock stands still, with learners in a workflow.
func speedHouse(b *testing.B, learners int, file string, source []byte) (*engine.Service, engine.Store, []engine.EnrolmentID) {
	b.Helper()
	db, err := sqlitedb.Open(b.Context(), filepath.Join(b.TempDir(), "engine.db"))
	must(b, err)
	b.Cleanup(func() { must(b, db.Close()) })
	store, err := enginesqlite.New(b.Context(), db)
	must(b, err)
	now := at(b, "2026-11-23 09:00")
	s := engine.New(engine.Options{
		Tenant: "main", Store: store, Recorder: &book{t: b, byID: map[string]string{}}, IRIBase: iriBase, Now: func() time.Time { return now },
	})
	w, problems, err := s.ImportWorkflow(b.Context(), file, source, library.Files())
	if err != nil {
		b.Fatal(err, problems)
	}
	var ids []engine.EnrolmentID
	for i := range learners {
		a := arrival(w.ID, map[string]string{"manager_email": "max@example.org", "course_start": "2026-12-07"})
		a.Subject, a.Email = fmt.Sprint(i), fmt.Sprintf("l%d@example.org", i)
		e, err := s.Arrive(b.Context(), a)
		must(b, err)
		ids = append(ids, e.ID)
	}
	return s, store, ids
}

// BenchmarkLoadDecideSave loads an enrolment of the example with its people, decides, makes the views of the home page
// and saves. The target is 1,500 a second on two cores.
func BenchmarkLoadDecideSave(b *testing.B) {
	source, err := library.Files().Open("negotiation-skills.yaml")
	must(b, err)
	text := make([]byte, 1<<20)
	n, err := source.Read(text)
	must(b, err)
	s, store, ids := speedHouse(b, 200, "negotiation-skills.yaml", text[:n])
	var next atomic.Int64
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := next.Add(1)
			home, err := s.Home(b.Context(), ids[int(i)%len(ids)]) // load and decide
			must(b, err)
			home.Enrolment.RelaunchURL = fmt.Sprint("https://lms.example/", i)
			if err := store.SaveEnrolment(b.Context(), home.Enrolment); err != nil && !errors.Is(err, engine.ErrConflict) {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "enrolments/s")
}

// BenchmarkHome is what a learner's home page needs, of 1,000 learners in a workflow of 300 steps. The target is 20 ms
// for 95 of 100.
func BenchmarkHome(b *testing.B) {
	var text strings.Builder
	text.WriteString("workflow: big\nversion: 1\ntitle: Big\ngoal: {outcome: Much}\nbehaviours:\n  - {id: b, text: Does, scale: [no, yes], target: 2, observers: [learner, manager]}\nnudges: {channels: [email], cap: {day: 1, week: 1}, default: none}\nphases:\n  - phase: before\n    steps:\n")
	for i := range 300 {
		fmt.Fprintf(&text, "      - {id: s%d, kind: experiment, title: Step %d, by: learner, due: open + %dwd, done: response, review: {by: manager, rate: [b]}}\n", i, i, i%40)
	}
	s, _, ids := speedHouse(b, 1000, "big.yaml", []byte(text.String()))
	var took []time.Duration
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		home, err := s.Home(b.Context(), ids[i*7919%len(ids)])
		must(b, err)
		if len(home.Steps) != 300 {
			b.Fatalf("%d steps", len(home.Steps))
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}
