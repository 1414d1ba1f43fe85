package engine

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// world is one enrolment under random events, relayed after each as the service does.
type world struct {
	t    *rapid.T
	w    *Workflow
	e    *Enrolment
	f    Facts
	now  time.Time
	seen map[string]bool
}

func parsed(t testing.TB, file string) *Workflow {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w, problems := ParseWorkflow(file, source)
	if problems.Refused() {
		t.Fatal(problems)
	}
	return w
}

func people(zone string) Facts {
	f := Facts{IRIBase: "https://cairn.example/x/main", Learner: Person{ID: "sam", Issuer: "https://lms.example", Subject: "5", Zone: zone},
		People: map[PersonID]Person{}, Candidates: map[Role][]Assignment{}}
	for id, role := range map[PersonID]Role{"max": Manager, "tessa": Coach} {
		f.People[id] = Person{ID: id, Email: string(id) + "@example.org", Zone: zone}
		from := map[Role]string{Manager: "launch.custom.manager_email", Coach: "launch.role.instructor"}[role]
		f.Candidates[role] = []Assignment{{Person: id, Source: from}}
	}
	return f
}

func enrolment(w *Workflow, now time.Time) *Enrolment {
	return &Enrolment{ID: "e1", Workflow: w.ID, Version: w.Version, RegistrationID: "5f0c3a52-6c7e-4b7e-9a52-0a9f1d6f1c11", Learner: "sam",
		Course: Course{Issuer: "https://lms.example", ID: "2"}, State: Active, CreatedAt: now}
}

// do decides an event, checks what must always hold, and takes what was produced out of the outbox.
func (o *world) do(ev event) bool {
	before := o.e
	after, err := decide(o.w, before, o.f, ev, o.now)
	if err != nil {
		if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
			o.t.Fatalf("%T: %v", ev, err)
		}
		return false
	}
	o.check(before, after)
	_, launch := ev.(arrived)
	if code, tried := ev.(attended); !launch && !(tried && code.by == Actor{} && !code.right) { // each launch and each wrong code counts
		again, err := decide(o.w, after, o.f, ev, o.now)
		if err == nil && !same(after, again) {
			o.t.Fatalf("%T %+v applied twice changes something:\n%s", ev, ev, different(after, again))
		}
		if err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrInvalid) {
			o.t.Fatalf("%T applied twice: %v", ev, err)
		}
	}
	o.relay(after)
	return true
}

func (o *world) relay(e *Enrolment) {
	for _, s := range e.Statements {
		if o.seen[s.ID] {
			o.t.Fatalf("statement %s twice", s.ID)
		}
		o.seen[s.ID] = true
	}
	for _, m := range e.Messages {
		if o.seen[string(m.ID)] {
			o.t.Fatalf("message twice: %+v", m)
		}
		o.seen[string(m.ID)] = true
	}
	e.Statements, e.Messages = nil, nil
	e.Rev++
	o.e = e
}

func (o *world) check(before, after *Enrolment) {
	for _, s := range o.w.Steps() {
		st := after.Steps[s.ID]
		if st.OpenedAt.IsZero() {
			continue
		}
		for _, id := range s.waitsFor() {
			of := after.Steps[id]
			never := o.w.Step(id).Opens.IsNever() && (of.State == Locked || of.SettledAt.After(st.OpenedAt)) || st.Event != nil && !st.Event.Attended.IsZero() || st.DueSet > 0 || st.Because != "" || s.Opens.IsNever() || // a coach or a rule opens it as it is
				st.OpenedAt.Equal(st.EndedAt) // settled from outside while locked
			if !never && (of.SettledAt.IsZero() || of.SettledAt.After(st.OpenedAt)) {
				o.t.Fatalf("%s opened at %s before %s was settled (%s at %s)", s.ID, st.OpenedAt, id, of.State, of.SettledAt)
			}
		}
		if st.State.Settled() && slices.ContainsFunc(st.Requests, Request.Waiting) {
			o.t.Fatalf("%s is %s and somebody is still asked", s.ID, st.State)
		}
		if s.By != Learner && !after.Paused() && st.State == Open && len(after.Roles[s.By]) > 0 && st.AskAgainAt.Before(o.now) && !slices.ContainsFunc(st.Requests, Request.Waiting) {
			o.t.Fatalf("%s waits for an answer and nobody is asked: %+v", s.ID, *st)
		}
	}
	if after.Progress < before.Progress || after.Grade != nil && before.Grade != nil && after.Grade.Score < before.Grade.Score {
		o.t.Fatalf("progress fell from %v to %v", before.Progress, after.Progress)
	}
	o.noWakeLost(after)
}

// noWakeLost checks that nothing happens by itself before the wake asked for.
func (o *world) noWakeLost(e *Enrolment) {
	until := e.WakeAt.Add(-time.Millisecond)
	if e.WakeAt.IsZero() {
		until = o.now.AddDate(3, 0, 0)
	} else if !e.WakeAt.After(o.now) {
		o.t.Fatalf("asked to be woken at %s, which is not after %s", e.WakeAt, o.now)
	}
	for _, at := range []time.Time{o.now.Add(until.Sub(o.now) / 2), until} {
		if at.Before(o.now) {
			continue
		}
		later, err := decide(o.w, e, o.f, woke{}, at)
		if err != nil {
			o.t.Fatal(err)
		}
		if !same(e, later) {
			o.t.Fatalf("something happens at %s, before the wake at %s", at, e.WakeAt)
		}
	}
}

// hand is a hand-in that meets any `done`.
func (o *world) hand(s *Step) event {
	st := o.e.Steps[s.ID]
	text := rapid.StringMatching(`[a-z]{1,5}`).Draw(o.t, "text")
	c := Contribution{ID: ContributionID("c-" + text), Step: s.ID, Attempt: max(1, st.Attempt), SHA256: text, Words: 100, Files: []File{{Name: "n", SHA256: "f"}}}
	ev := handedIn{c: c}
	if s.Done.Has("score") {
		v := rapid.SampledFrom([]float64{0.5, 1}).Draw(o.t, "score")
		ev.score = &v
	}
	return ev
}

// reply answers some request that waits, if one does.
func (o *world) reply() event {
	var waiting []Request
	for _, s := range o.w.Steps() {
		for _, r := range o.e.Steps[s.ID].Requests {
			if r.Waiting() {
				waiting = append(waiting, r)
			}
		}
	}
	if len(waiting) == 0 {
		return woke{}
	}
	r := rapid.SampledFrom(waiting).Draw(o.t, "request")
	s := o.w.Step(r.Step)
	a := Answer{Outcome: rapid.SampledFrom(outcomes(s, r)).Draw(o.t, "outcome"), SHA256: shownSHA256(o.e, s, r), Comment: "why"}
	a.Ratings = map[BehaviourID]int{}
	for _, b := range rates(s, r) {
		a.Ratings[b] = rapid.IntRange(1, 5).Draw(o.t, "rating")
	}
	return answered{request: r.ID, answer: a, written: &Contribution{ID: "w", SHA256: "w"}}
}

func TestWhateverHappensTheRulesHold(t *testing.T) {
	for _, file := range []string{"library/first-steps.yaml", "library/negotiation-skills.yaml"} {
		w := parsed(t, file)
		t.Run(string(w.ID), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { happen(t, w) })
		})
	}
}

func happen(t *rapid.T, w *Workflow) {
	start := time.Date(2026, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), rapid.IntRange(0, 23).Draw(t, "hour"), 7, 0, 0, time.UTC)
	o := &world{t: t, w: w, e: enrolment(w, start), now: start, seen: map[string]bool{}, f: people(rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "", "Australia/Lord_Howe"}).Draw(t, "zone"))}
	o.do(arrived{a: Arrival{Custom: map[string]string{"manager_email": "max@example.org"}}})
	for i := range rapid.IntRange(1, 25).Draw(t, "events") {
		o.now = o.now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "hours")) * time.Hour).Add(time.Duration(i) * time.Second)
		s := rapid.SampledFrom(w.Steps()).Draw(t, "step")
		switch rapid.IntRange(0, 13).Draw(t, "what") {
		case 0, 1:
			o.do(confirmed{step: s.ID})
		case 2, 3, 4:
			if s.handsIn() {
				o.do(o.hand(s))
			}
		case 5, 6:
			o.do(o.reply())
		case 7:
			o.do(skipped{step: s.ID, reason: strconv.Itoa(i)})
		case 8:
			o.do(completedCourse{notes: []CompletionNote{{Source: SourceStatement, At: o.now}}})
		case 9:
			o.now = o.now.AddDate(0, 0, rapid.IntRange(1, 60).Draw(t, "days"))
			o.do(woke{})
		case 10:
			o.do(pausing{by: By("tessa"), until: o.now.Add(time.Duration(rapid.IntRange(1, 500).Draw(t, "pause")) * time.Hour)})
		case 11:
			o.do(resumed{by: By("tessa")})
		case 12:
			if rapid.Bool().Draw(t, "excuse") {
				o.do(excused{by: By("tessa"), step: s.ID})
			} else {
				o.do(extended{by: By("tessa"), step: s.ID, due: o.now.AddDate(0, 0, 9)})
			}
		case 13:
			if rapid.Bool().Draw(t, "leave") {
				o.do(unenrolled{by: By("tessa")})
			} else {
				o.do(enrolled{by: By("tessa"), source: "coach"})
			}
		}
	}
}
