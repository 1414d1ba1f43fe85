package engine

import (
	"testing"
	"time"
)

// moments are an enrolment of the example at different times of its life, and what happens then.
func moments(t testing.TB) (w *Workflow, f Facts, all map[string]func() (*Enrolment, event, time.Time)) {
	t.Helper()
	w, f = parsed(t, "library/negotiation-skills.yaml"), people("Europe/Berlin")
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	do := func(e *Enrolment, ev event) *Enrolment {
		c, err := decide(w, e, f, ev, now)
		if err != nil {
			t.Fatal(err)
		}
		c.Statements, c.Messages = nil, nil
		c.Rev++
		return c
	}
	e := do(enrolment(w, now), arrived{a: Arrival{Custom: map[string]string{"manager_email": "max@example.org", "course_start": "2026-12-07"}}})
	all = map[string]func() (*Enrolment, event, time.Time){}
	keep := func(name string, e *Enrolment, ev event, now time.Time) {
		all[name] = func() (*Enrolment, event, time.Time) { return e, ev, now }
	}
	keep("wake with nothing", e, woke{}, now.Add(time.Minute))
	wakes := 0
	for range 40 { // the learner does whatever is open, the manager answers, time passes
		for _, s := range w.Steps() {
			st := e.Steps[s.ID]
			if st.State == Open && s.By == Learner && s.handsIn() {
				c := Contribution{ID: ContributionID("c-" + s.ID), Step: s.ID, Attempt: st.Attempt, SHA256: string(s.ID), Words: 100, Files: []File{{Name: "n", SHA256: "f"}}}
				ev := handedIn{c: c}
				if s.Done.Has("score") {
					ev.score = ptr(1.0)
				}
				keep("hand-in", e, ev, now)
				e = do(e, ev)
			} else if st.State == Open && s.By == Learner && actOf(e, s, st) == ActConfirm {
				e = do(e, confirmed{step: s.ID})
			}
			for _, r := range e.Steps[s.ID].Requests {
				if r.Waiting() {
					a := Answer{Outcome: outcomes(s, r)[0], SHA256: shownSHA256(e, s, r), Ratings: map[BehaviourID]int{}}
					for _, b := range rates(s, r) {
						a.Ratings[b] = 4
					}
					ev := answered{request: r.ID, answer: a, written: &Contribution{ID: "w", SHA256: "w"}}
					keep("answer", e, ev, now)
					e = do(e, ev)
				}
			}
		}
		if e.Anchors[AnchorCourseCompleted].IsZero() && now.After(time.Date(2026, 12, 9, 9, 0, 0, 0, time.UTC)) {
			ev := completedCourse{notes: []CompletionNote{{Source: SourceStatement, At: now}}}
			keep("completion", e, ev, now)
			e = do(e, ev)
		}
		if e.WakeAt.IsZero() {
			break
		}
		now = e.WakeAt
		keep("wake that opens", e, woke{}, now)
		e = do(e, woke{})
		wakes++
	}
	keep("late in life", e, woke{}, now.Add(time.Second))
	t.Logf("%d wakes, %s at last", wakes, e.State)
	return w, f, all
}

func BenchmarkDecide(b *testing.B) {
	w, f, all := moments(b)
	for name, moment := range all {
		e, ev, now := moment()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c, err := decide(w, e, f, ev, now)
				if err != nil {
					b.Fatal(err)
				}
				same(e, c)
			}
		})
	}
}
