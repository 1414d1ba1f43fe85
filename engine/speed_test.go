package engine_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/engine/library"
)

// speedHouse is a service on SQLite whose clock stands still, with learners in a workflow, so many to
// a course.
func speedHouse(b *testing.B, learners, members int, file string, source []byte) (*engine.Service, engine.Store, []engine.EnrolmentID) {
	b.Helper()
	s, store, ids, _ := clockedHouse(b, learners, members, file, source)
	return s, store, ids
}

// clockedHouse is a speedHouse with its clock.
func clockedHouse(b *testing.B, learners, members int, file string, source []byte) (*engine.Service, engine.Store, []engine.EnrolmentID, *time.Time) {
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
		a.Subject, a.Email, a.Course.ID = fmt.Sprint(i), fmt.Sprintf("l%d@example.org", i), fmt.Sprint(i/members)
		e, err := s.Arrive(b.Context(), a)
		must(b, err)
		ids = append(ids, e.ID)
	}
	return s, store, ids, &now
}

// BenchmarkLoadDecideSave wakes enrolments for each of which a step opens: it loads one with its people and cohort, decides
// and saves it, once. The target is 1,500 a second on two cores.
func BenchmarkLoadDecideSave(b *testing.B) {
	const learners = 500
	var text strings.Builder
	text.WriteString("workflow: daily\nversion: 1\ntitle: Daily\ngoal: {outcome: Much}\nbehaviours:\n  - {id: b, text: Does, scale: [no, yes], target: 2, observers: [learner, manager]}\n" +
		"nudges: {channels: [email], cap: {day: 1, week: 1}, default: none}\nphases:\n  - phase: before\n    steps:\n")
	days := min(300, max(2, b.N/learners+1))
	for i := range days {
		fmt.Fprintf(&text, "      - {id: s%d, kind: checkin, title: Day %d, by: learner, opens: enrolled + %dd, due: open + 2wd, done: response}\n", i, i, i+1)
	}
	s, store, ids, now := clockedHouse(b, learners, 20, "daily.yaml", []byte(text.String()))
	b.ResetTimer()
	woken := 0
	for day := 0; day < days && woken < b.N; day++ {
		*now = now.AddDate(0, 0, 1)
		group, ctx := errgroup.WithContext(b.Context())
		group.SetLimit(8)
		for _, id := range ids {
			group.Go(func() error { return s.Wake(ctx, id) })
		}
		must(b, group.Wait())
		woken += len(ids)
	}
	b.StopTimer()
	b.ReportMetric(float64(woken)/b.Elapsed().Seconds(), "enrolments/s")
	for _, id := range []engine.EnrolmentID{ids[0], ids[len(ids)-1]} {
		e, err := store.Enrolment(b.Context(), id)
		must(b, err)
		open := 0
		for _, st := range e.Steps {
			if st.State == engine.Open {
				open++
			}
		}
		if want := (woken + learners - 1) / learners; open != want || len(e.Statements)+len(e.Messages) > 0 {
			b.Fatalf("%d steps are open, not %d", open, want)
		}
	}
}

// BenchmarkHandIn hands in a survey, as often as there are learners: it keeps what was written, loads an enrolment of the
// example with its people and cohort, decides, saves, records statements, keeps messages, and clears the outbox: five
// commits. Every hand-in counts, for an error fails the benchmark.
func BenchmarkHandIn(b *testing.B) {
	source, err := library.Files().Open("negotiation-skills.yaml")
	must(b, err)
	text := make([]byte, 1<<20)
	n, err := source.Read(text)
	must(b, err)
	s, store, ids := speedHouse(b, b.N, 20, "negotiation-skills.yaml", text[:n])
	var next atomic.Int64
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			id := ids[next.Add(1)-1]
			e, err := store.Enrolment(b.Context(), id)
			if err == nil {
				err = s.Submit(b.Context(), e.Learner, id, "baseline", engine.Submission{Ratings: map[engine.BehaviourID]int{"trade": 2, "prepare": 3}})
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hand-ins/s")
	e, err := store.Enrolment(b.Context(), ids[b.N-1])
	must(b, err)
	if e.Steps["baseline"].State != engine.Done || len(e.Statements)+len(e.Messages) > 0 {
		b.Fatalf("the last is %s with %d statements and %d messages in its outbox", e.Steps["baseline"].State, len(e.Statements), len(e.Messages))
	}
}

// BenchmarkHome is what a learner's home page needs, of 1,000 learners in a workflow of 300 steps. The target is 20 ms
// for 95 of 100.
func BenchmarkHome(b *testing.B) { homeOf(b, 1000, bigWorkflow(false)) }

// BenchmarkHomeInACohort is the same where all 1,000 are one cohort, which steps wait for, and have peers.
func BenchmarkHomeInACohort(b *testing.B) { homeOf(b, 1000, bigWorkflow(true)) }

// bigWorkflow has 300 steps; together: with gates and peers among them.
func bigWorkflow(together bool) []byte {
	var text strings.Builder
	text.WriteString("workflow: big\nversion: 1\ntitle: Big\ngoal: {outcome: Much}\nbehaviours:\n  - {id: b, text: Does, scale: [no, yes], target: 2, observers: [learner, manager]}\n")
	if together {
		text.WriteString("roles:\n  peer: {from: [cohort], count: 2, else: coach}\n  coach: {from: [launch.role.instructor]}\n")
	}
	text.WriteString("nudges: {channels: [email], cap: {day: 1, week: 1}, default: none}\nphases:\n  - phase: before\n    steps:\n")
	for i := range 300 {
		switch {
		case together && i%50 == 10:
			fmt.Fprintf(&text, "      - {id: s%d, kind: reflect, title: Step %d, by: learner, wait_for: cohort, due: enrolled + 60d, done: response}\n", i, i)
		case together && i%50 == 20:
			fmt.Fprintf(&text, "      - {id: s%d, kind: feedback, title: Step %d, by: peer, needs: [s0], due: enrolled + 60d, done: response}\n", i, i)
		default:
			fmt.Fprintf(&text, "      - {id: s%d, kind: experiment, title: Step %d, by: learner, due: open + %dwd, done: response, review: {by: manager, rate: [b]}}\n", i, i, i%40)
		}
	}
	return []byte(text.String())
}

func homeOf(b *testing.B, learners int, source []byte) {
	b.Helper()
	s, _, ids := speedHouse(b, learners, learners, "big.yaml", source)
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
