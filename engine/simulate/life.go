package simulate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// The addresses of the people played: nothing of them can leave the simulation.
const (
	issuer  = "https://lms.simulation.invalid"
	course  = "1"
	iriBase = "https://cairn.simulation.invalid/x/main"
	domain  = "@simulation.invalid"
)

// life is one run: the service, its clock, the people and what they mean to do.
type life struct {
	o        Options
	s        *engine.Service
	w        *engine.Workflow
	zone     *time.Location
	now      time.Time
	arm      string // that ids are to be drawn to while it is set
	enrolled time.Time
	end      time.Time
	ids      int
	sam      *player   // whose calendar it is
	players  []*player // sam, then the others of the cohort
	roles    map[engine.PersonID]engine.Role
	planned  map[string]bool
	agenda   []act
	entries  []Entry
}

// player is a learner who is played.
type player struct {
	id      engine.EnrolmentID
	person  engine.PersonID
	subject string
	persona Persona
	last    *engine.Enrolment // as it was looked at last
}

// act is something somebody means to do.
type act struct {
	at time.Time
	do func(context.Context) error
}

// begin imports the definition and lets everybody arrive.
func begin(ctx context.Context, o Options) (*life, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	l := &life{o: o, now: o.Start, roles: map[engine.PersonID]engine.Role{}, planned: map[string]bool{}}
	l.s = engine.New(engine.Options{
		Tenant: "main", Store: o.Store, Recorder: recorder{}, Mailer: mailer{}, Links: links{}, IRIBase: iriBase,
		Now: func() time.Time { return l.now }, NewID: l.newID,
	})
	var err error
	if l.w, _, err = l.s.ImportWorkflow(ctx, o.File, o.Source, o.Aids); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	if l.zone, err = l.location(); err != nil {
		return nil, err
	}
	if err := l.chooseArm(); err != nil {
		return nil, err
	}
	y, m, d := o.Start.UTC().Date()
	l.enrolled = l.w.Calendar.WorkingDay(time.Date(y, m, d, 12, 0, 0, 0, l.zone), -10, l.w.Calendar.Start, l.zone)
	l.now, l.end = l.enrolled, l.enrolled.In(l.zone).AddDate(0, 0, 7*l.o.Weeks)
	if err := l.arrive(ctx); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	l.courseWithoutStep()
	return l, l.look(ctx)
}

// newID counts, in the shape of a UUID; while an arm is asked for, to the next id that is drawn to it.
func (l *life) newID() string {
	for {
		l.ids++
		if id := fmt.Sprintf("00000000-0000-4000-8000-%012d", l.ids); l.arm == "" || l.w.ArmOf(engine.EnrolmentID(id)) == l.arm {
			return id
		}
	}
}

// chooseArm says which part of the workflow's test the learner is drawn to: what was asked for, else the policy that is
// the default, else the first arm.
func (l *life) chooseArm() error {
	test := l.w.Nudges.Test
	var arms []string
	if test != nil {
		arms = slices.Clone(test.Arms)
		if len(arms) == 0 {
			arms = []string{l.w.Nudges.Default}
		}
		if test.Holdout >= 100 {
			arms = nil
		}
		if test.Holdout > 0 {
			arms = append(arms, engine.ArmHoldout)
		}
	}
	switch {
	case l.o.Arm != "" && !slices.Contains(arms, l.o.Arm):
		return fmt.Errorf("simulate: nobody is drawn to %q; one of %v: %w", l.o.Arm, arms, engine.ErrInvalid)
	case l.o.Arm == "" && slices.Contains(arms, l.w.Nudges.Default):
		l.o.Arm = l.w.Nudges.Default
	case l.o.Arm == "" && len(arms) > 0:
		l.o.Arm = arms[0]
	}
	return nil
}

func (l *life) location() (*time.Location, error) {
	name := l.o.Zone
	if name == "" {
		if name = l.w.Calendar.Timezone; name == "doer" || name == "" {
			name = "UTC"
		}
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fmt.Errorf("simulate: no time zone %q; give one as Europe/Berlin: %w", name, engine.ErrInvalid)
	}
	return zone, nil
}

// arrive lets the staff, the learner and the rest of the cohort launch.
func (l *life) arrive(ctx context.Context) error {
	custom := map[string]string{"course_start": l.o.Start.UTC().Format(time.DateOnly)}
	at := engine.Course{Issuer: issuer, ID: course, Title: "Course"}
	for _, role := range []engine.Role{engine.Manager, engine.Peer, engine.Coach} {
		for _, from := range l.w.Roles[role].From {
			if key, ok := strings.CutPrefix(from, "launch.custom."); ok {
				custom[key] = string(role) + domain
			}
			if key, ok := strings.CutPrefix(from, "launch.role."); ok {
				p, err := l.s.ArriveStaff(ctx, engine.StaffArrival{Issuer: issuer, Subject: string(role), Name: nameOf(role), Email: string(role) + domain,
					Locale: l.o.Locale, Zone: l.zone.String(), Course: at, Roles: []string{key}})
				if err != nil {
					return err
				}
				l.roles[p.ID] = role
			}
		}
	}
	for i := range 1 + l.companions() {
		p := &player{subject: fmt.Sprint("learner-", i+1), persona: Prompt}
		name := nameOf(engine.Learner)
		if i > 0 {
			name = fmt.Sprintf("%s %d", nameOf(engine.Peer), i)
		} else {
			p.persona, l.sam, l.arm = l.o.Persona, p, l.o.Arm
		}
		e, err := l.s.Arrive(ctx, engine.Arrival{Issuer: issuer, Subject: p.subject, Name: name, Email: p.subject + domain, Locale: l.o.Locale, Zone: l.zone.String(),
			Workflow: l.w.ID, Course: at, ResourceLinkID: "1", RelaunchURL: issuer + "/launch", Custom: custom})
		if err != nil {
			return err
		}
		p.id, p.person, l.arm = e.ID, e.Learner, ""
		l.roles[e.Learner] = engine.Learner
		l.players = append(l.players, p)
	}
	return nil
}

// companions is how many others the cohort needs: for peers, for gates and for whoever posts to it.
func (l *life) companions() int {
	n := 0
	for _, r := range l.w.Roles {
		if slices.Contains(r.From, "cohort") {
			n = max(n, r.Count, 1)
		}
	}
	for _, s := range l.w.Steps() {
		if s.WaitFor != "" || s.With == "cohort" {
			n = max(n, 1)
		}
	}
	return min(n, 10)
}

func nameOf(r engine.Role) string {
	return map[engine.Role]string{engine.Learner: "Sam Learner", engine.Manager: "Max Manager", engine.Peer: "Pat Peer", engine.Coach: "Tessa Coach"}[r]
}

// until lets time pass, in hops from one thing that happens to the next.
func (l *life) until(ctx context.Context, end time.Time) error {
	still := 0
	for range maxHops {
		alarm, rings, err := l.s.NextAlarm(ctx, end)
		if err != nil {
			return err
		}
		next := alarm
		if len(l.agenda) > 0 && (!rings || l.agenda[0].at.Before(alarm)) {
			next = l.agenda[0].at
		} else if !rings {
			next = time.Time{}
		}
		if next.IsZero() || next.After(end) {
			l.now = end
			return nil
		}
		if still++; next.After(l.now) {
			l.now, still = next, 0
		}
		if still > 200 {
			return fmt.Errorf("simulate: the clock stands still at %s", l.now.UTC().Format(time.RFC3339))
		}
		if rings && !alarm.After(l.now) {
			if _, err := l.s.Sweep(ctx, "simulation"); err != nil {
				return err
			}
			if err := l.tellMessages(ctx); err != nil {
				return err
			}
		}
		for len(l.agenda) > 0 && !l.agenda[0].at.After(l.now) {
			a := l.agenda[0]
			l.agenda = l.agenda[1:]
			if err := a.do(ctx); err != nil {
				return err
			}
		}
		if err := l.look(ctx); err != nil {
			return err
		}
	}
	return errors.New("simulate: too much happens")
}

// plan puts an act on the agenda, once for each key.
func (l *life) plan(key string, at time.Time, do func(context.Context) error) {
	if l.planned[key] {
		return
	}
	l.planned[key] = true
	if at.Before(l.now) {
		at = l.now
	}
	l.agenda = append(l.agenda, act{at: at, do: do})
	slices.SortStableFunc(l.agenda, func(a, b act) int { return a.at.Compare(b.at) })
}

// look writes down what has happened to the learner and lets everybody plan what they do about it.
func (l *life) look(ctx context.Context) error {
	for _, p := range l.players {
		e, err := l.o.Store.Enrolment(ctx, p.id)
		if err != nil {
			return fmt.Errorf("simulate: %w", err)
		}
		if p == l.sam {
			l.late(p.last)
		}
		if p.last != nil && p.last.Rev == e.Rev {
			continue
		}
		if p == l.sam {
			l.tell(p.last, e)
		}
		p.last = e
		for _, all := range e.Roles {
			for _, a := range all {
				if _, err := l.roleOf(ctx, a.Person); err != nil {
					return err
				}
			}
		}
		if err := l.learn(ctx, p, e); err != nil {
			return err
		}
		if err := l.review(ctx, p, e); err != nil {
			return err
		}
	}
	return nil
}

// place is where a step stands in the file.
func (l *life) place(id engine.StepID) int {
	return slices.IndexFunc(l.w.Steps(), func(s *engine.Step) bool { return s.ID == id })
}

// calendar is what came of it.
func (l *life) calendar(ctx context.Context) (*Calendar, error) {
	home, err := l.s.Home(ctx, l.sam.id)
	if err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	c := &Calendar{
		Workflow: l.w.ID, Version: l.w.Version, Title: l.w.Title.In(l.o.Locale), Persona: l.o.Persona, Arm: l.o.Arm, Zone: l.zone.String(), zone: l.zone,
		Enrolled: l.enrolled, Start: l.o.Start.UTC().Format(time.DateOnly), Until: l.now.UTC(), State: home.Enrolment.State, Done: home.Done, Required: home.Required,
		Entries: l.entries,
	}
	slices.SortStableFunc(c.Entries, func(a, b Entry) int { // what is told comes after what it tells of
		if by := cmp.Or(a.At.Compare(b.At), cmp.Compare(a.rank(), b.rank())); by != 0 || a.rank() != told {
			return by
		}
		return cmp.Or(cmp.Compare(l.place(a.Step), l.place(b.Step)), cmp.Compare(a.Who, b.Who), cmp.Compare(a.Detail, b.Detail), cmp.Compare(a.Attempt, b.Attempt))
	})
	for _, e := range c.Entries {
		switch {
		case e.What == Wake:
			c.Wakes++
		case e.What == Nudge && e.Who == engine.Learner && e.Channel != "lms":
			c.Nudges++
		}
	}
	return c, nil
}
