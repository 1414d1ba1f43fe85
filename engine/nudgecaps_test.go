package engine_test

import (
	"flag"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/engine/library"
)

// nudged is a mail as it left, seen from outside.
type nudged struct {
	mail engine.Mail
	at   time.Time
}

// TestANudgeIsSentOnceWithinItsWindowAndCaps lets learners of several workflows live through random acts and weeks, with
// the real service on a real store, and looks at nothing but the mails.
func TestANudgeIsSentOnceWithinItsWindowAndCaps(t *testing.T) {
	mails, hops, cases := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		if cases >= 30 && flag.Lookup("rapid.checks").Value.String() == "100" { // a life takes a while; -rapid.checks asks for more
			return
		}
		cases++
		sent, n := lifeOfMails(t, r)
		mails, hops = mails+len(sent), hops+n
		once(r, sent)
		inWindow(r, sent)
		belowCaps(r, sent)
	})
	t.Logf("%d mails in %d hops of %d lives", mails, hops, cases)
}

// lifeOfMails is what two learners get over some weeks.
func lifeOfMails(t *testing.T, r *rapid.T) ([]nudged, int) {
	ctx := t.Context()
	db, err := sqlitedb.OpenMemory(ctx)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	store, err := enginesqlite.New(ctx, db)
	must(t, err)
	now := time.Date(2026, time.Month(rapid.IntRange(1, 12).Draw(r, "month")), rapid.IntRange(1, 28).Draw(r, "day"), rapid.IntRange(0, 23).Draw(r, "hour"), 20, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	p := &post{now: clock}
	s := engine.New(engine.Options{Tenant: "main", Store: store, Recorder: &book{t: t, byID: map[string]string{}}, Mailer: p, Links: p, IRIBase: iriBase, Now: clock})
	for _, file := range []string{"first-steps.yaml", "negotiation-skills.yaml"} {
		source, err := fs.ReadFile(library.Files(), file)
		must(t, err)
		_, _, err = s.ImportWorkflow(ctx, file, source, library.Files())
		must(t, err)
	}
	var all []*engine.Enrolment
	for i := range rapid.IntRange(1, 2).Draw(r, "learners") {
		zone := rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"}).Draw(r, "zone")
		for _, w := range []engine.WorkflowID{"first-steps", "negotiation-skills"} {
			a := arrival(w, maxed)
			a.Subject, a.Email, a.Zone = fmt.Sprint(i), fmt.Sprintf("sam%d@example.org", i), zone
			e, err := s.Arrive(ctx, a)
			must(t, err)
			all = append(all, e)
		}
	}
	hops := 0
	for range rapid.IntRange(2, 8).Draw(r, "acts") {
		e := all[rapid.IntRange(0, len(all)-1).Draw(r, "whose")]
		home, err := s.Home(ctx, e.ID)
		must(t, err)
		if home.Next != nil && rapid.Bool().Draw(r, "does") {
			_ = s.Skip(ctx, e.Learner, e.ID, home.Next.Step.ID, "not now") // refused where it is not possible
		}
		end := now.Add(time.Duration(rapid.IntRange(1, 24*20).Draw(r, "hours")) * time.Hour)
		for range 500 {
			next, rings, err := s.NextAlarm(ctx, end)
			must(t, err)
			if !rings {
				break
			}
			now = next
			_, err = s.Sweep(ctx, "test")
			must(t, err)
			hops++
		}
		now = end
	}
	var out []nudged
	for i, m := range p.sent() {
		out = append(out, nudged{mail: m, at: p.times[i]})
	}
	return out, hops
}

func once(r *rapid.T, sent []nudged) {
	seen := map[engine.MessageID]bool{}
	for _, n := range sent {
		for _, m := range append([]engine.Mail{n.mail}, n.mail.Also...) {
			if seen[m.Message.ID] {
				r.Fatalf("%s %s to %s went out twice", m.Message.Purpose, m.Message.Step, m.To.Email)
			}
			seen[m.Message.ID] = true
		}
	}
}

// inWindow checks that every nudge left in the working hours of who gets it.
func inWindow(r *rapid.T, sent []nudged) {
	for _, n := range sent {
		if !n.mail.Message.IsNudge() {
			continue
		}
		zone, err := time.LoadLocation(n.mail.Zone)
		if err != nil {
			r.Fatal(err)
		}
		if next := n.mail.Workflow.Calendar.NextWorking(n.at, zone); !next.Equal(n.at) {
			r.Fatalf("%s left at %s, outside the working hours", n.mail.Message.Purpose, n.at.In(zone))
		}
	}
}

// belowCaps checks that when a nudge left, fewer than its workflow's cap had left before on that local day, and in seven
// days, to that person, from any workflow. What is asked of reviewers counts apart.
func belowCaps(r *rapid.T, sent []nudged) {
	for i, n := range sent {
		if !n.mail.Message.IsNudge() || n.mail.Message.Request != "" {
			continue
		}
		zone, err := time.LoadLocation(n.mail.Zone)
		if err != nil {
			r.Fatal(err)
		}
		day, week := 0, 0
		for _, before := range slices.Backward(sent[:i]) {
			if before.mail.To.ID != n.mail.To.ID || !before.mail.Message.IsNudge() || before.mail.Message.Request != "" {
				continue
			}
			if before.at.In(zone).Format(time.DateOnly) == n.at.In(zone).Format(time.DateOnly) {
				day++
			}
			if n.at.Sub(before.at) < 7*24*time.Hour {
				week++
			}
		}
		if cap := n.mail.Workflow.Nudges.Cap; day >= cap.Day || week >= cap.Week {
			r.Fatalf("%s %s to %s at %s: %d left before on that day (cap %d), %d in seven days (cap %d)", n.mail.Message.Purpose, n.mail.Message.Step, n.mail.To.Email, n.at, day, cap.Day, week, cap.Week)
		}
	}
}
