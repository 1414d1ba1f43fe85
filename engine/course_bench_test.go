package engine_test

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cairn-lms/cairn/engine"
)

// BenchmarkCourseOf300Steps is what coaches and learners look at in a course of 1,000 learners in a workflow of 300 steps,
// some of them late for everybody. The target is 300 ms for each.
func BenchmarkCourseOf300Steps(b *testing.B) {
	s, _, ids, now := clockedHouse(b, 1000, 1000, "big.yaml", bigWorkflow(true))
	*now = now.AddDate(0, 0, 4)
	group, ctx := errgroup.WithContext(b.Context())
	group.SetLimit(4)
	for _, id := range ids {
		group.Go(func() error { return s.Wake(ctx, id) })
	}
	must(b, group.Wait())
	course, cli := engine.Course{Issuer: lms, ID: "0"}, engine.Actor{System: "cli"}
	look := func(name string, at func(b *testing.B, i int) int, want int) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				if n := at(b, i); n != want {
					b.Fatalf("%d, not %d", n, want)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
	look("board", func(b *testing.B, i int) int {
		page, err := s.Board(b.Context(), course, engine.BoardFilter{}, 50*(i%20), 50)
		must(b, err)
		return len(page.Rows)
	}, 50)
	var after engine.EnrolmentID
	look("late list", func(b *testing.B, _ int) int {
		page, err := s.LateList(b.Context(), cli, course, after, 50)
		must(b, err)
		after = page.Next
		return len(page.Rows)
	}, 50)
	look("funnel", func(b *testing.B, _ int) int {
		f, err := s.Funnel(b.Context(), cli, "big", course, engine.FunnelPage{})
		must(b, err)
		return f.All
	}, 1000)
	look("uses", func(b *testing.B, _ int) int {
		r, err := s.UseFrequencyIn(b.Context(), course, "big")
		must(b, err)
		return r.Learners
	}, 1000)
	look("others", func(b *testing.B, i int) int {
		o, err := s.Others(b.Context(), ids[i%1000])
		must(b, err)
		return o.People
	}, 999)
	look("home", func(b *testing.B, i int) int {
		home, err := s.Home(b.Context(), ids[i*7919%1000])
		must(b, err)
		_, err = s.OthersCount(b.Context(), home.Enrolment)
		must(b, err)
		return len(home.Steps)
	}, 300)
}
