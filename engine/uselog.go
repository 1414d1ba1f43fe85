package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cairn-lms/cairn/xapi"
)

// UseLog is when behaviours were used on the job, and what got in the way. How often in all is Enrolment.Uses. A week
// without a use loses nothing.
type UseLog struct {
	Weeks    map[BehaviourID][]int `json:"weeks,omitempty"`    // week, uses, week, uses …: see weekOf
	Barriers map[string]int        `json:"barriers,omitempty"` // by tag
	Keys     []string              `json:"keys,omitempty"`     // of the latest uses logged, for who sends one twice
}

// The bounds of a use log.
const (
	maxUseWeeks    = 120
	maxBarriers    = 30
	maxBarrier     = 60 // characters
	maxUseKeys     = 64
	otherBarrier   = "…" // the tags beyond the bound
	secondsPerWeek = 7 * 24 * 60 * 60
)

// LogUse notes that the learner used a behaviour on the job, outside any step: one tap. Note and barrier (a tag of what
// got in the way) may be empty. key is the client's own id of this use: the same again changes nothing. ErrNotFound: no
// such behaviour; ErrConflict: the workflow is over.
func (s *Service) LogUse(ctx context.Context, acting PersonID, id EnrolmentID, behaviour BehaviourID, note, barrier, key string) error {
	return s.logUse(ctx, acting, id, usedIt{behaviour: behaviour, note: note, barrier: tag(barrier)}, key)
}

// logUse notes what a learner says of a behaviour on the job.
func (s *Service) logUse(ctx context.Context, acting PersonID, id EnrolmentID, ev usedIt, key string) error {
	note := strings.ToValidUTF8(strings.TrimSpace(ev.note), "�")
	if key == "" || len(key) > 200 {
		return fmt.Errorf("log a use: it needs a key of at most 200 bytes: %w", ErrInvalid)
	}
	if len(note) > maxComment {
		return FieldErrors{{Field: "note", Key: "error.too_long", Args: map[string]any{"max": maxComment}}}
	}
	contribution := ContributionID(derivedID("use", string(id), key))
	_, err := s.change(ctx, id, func(w *Workflow, e *Enrolment) (event, error) {
		if err := mine(acting, e); err != nil {
			return nil, err
		}
		if w.Behaviour(ev.behaviour) == nil {
			return nil, fmt.Errorf("log a use of %q: %w", ev.behaviour, ErrNotFound)
		}
		ev.note, ev.key = note, string(contribution)[:13]
		if note == "" || e.Preview || e.State == Stopped || e.UseLog.has(ev.key) {
			return ev, nil
		}
		c := Contribution{ID: contribution, Enrolment: id, Author: acting, Comment: note, At: s.now()}
		c.SHA256 = contributionHash(c)
		if _, err := s.o.Store.Contribution(ctx, c.ID); errors.Is(err, ErrNotFound) {
			if err := s.o.Store.PutContribution(ctx, c); err != nil {
				return nil, fmt.Errorf("keep the note of a use: %w", err)
			}
		}
		return ev, nil
	})
	return err
}

// LogBarrier notes that the learner meant to use a behaviour on the job and could not, with a tag of what got in the way.
// It is no use and costs nothing: no week is lost. Note may be empty; key is the client's own id: the same again changes
// nothing. ErrNotFound: no such behaviour; ErrConflict: the workflow is over.
func (s *Service) LogBarrier(ctx context.Context, acting PersonID, id EnrolmentID, behaviour BehaviourID, note, barrier, key string) error {
	if tag(barrier) == "" {
		return FieldErrors{{Field: "barrier", Key: "error.required"}}
	}
	return s.logUse(ctx, acting, id, usedIt{behaviour: behaviour, note: note, barrier: tag(barrier), missed: true}, key)
}

// tag is a barrier as it is counted.
func tag(s string) string {
	s = strings.ToLower(strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " "))
	for utf8.RuneCountInString(s) > maxBarrier {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// usedIt is a use logged outside any step.
type usedIt struct {
	behaviour          BehaviourID
	note, barrier, key string
	missed             bool // it was not used
}

func (ev usedIt) apply(d *decision) error {
	if d.e.UseLog.has(ev.key) {
		return nil
	}
	b := d.w.Behaviour(ev.behaviour)
	switch {
	case b == nil:
		return fmt.Errorf("log a use of %q: %w", ev.behaviour, ErrNotFound)
	case d.e.State == Stopped:
		return fmt.Errorf("log a use of %q: the workflow is over: %w", ev.behaviour, ErrConflict)
	}
	n := d.e.Uses[ev.behaviour]
	if !ev.missed {
		n = d.used(ev.behaviour)
	}
	d.hindered(ev.barrier)
	u := d.useLog()
	if u.Keys = append(u.Keys, ev.key); len(u.Keys) > maxUseKeys {
		u.Keys = slices.Clone(u.Keys[len(u.Keys)-maxUseKeys:])
	}
	if ev.missed {
		d.say(d.learner(), xapi.VerbAttempted, xapi.ActivityObject(d.behaviourActivity(b)),
			&xapi.Result{Success: ptr(false), Response: ev.note, Extensions: map[string]any{xapi.ExtBarrier: ev.barrier}}, d.about(d.workflowActivity()))
		return nil
	}
	d.say(d.learner(), xapi.VerbApplied, xapi.ActivityObject(d.behaviourActivity(b)),
		&xapi.Result{Response: ev.note, Extensions: map[string]any{xapi.ExtUseCount: n}}, d.about(d.workflowActivity()))
	return nil
}

func (u *UseLog) has(key string) bool { return u != nil && slices.Contains(u.Keys, key) }

func (d *decision) useLog() *UseLog {
	if d.e.UseLog == nil {
		d.e.UseLog = &UseLog{}
	}
	return d.e.UseLog
}

// used counts a use of a behaviour, in its week too, and tells how often it was used so far.
func (d *decision) used(b BehaviourID) int {
	if d.e.Uses == nil {
		d.e.Uses = map[BehaviourID]int{}
	}
	d.e.Uses[b]++
	u := d.useLog()
	if u.Weeks == nil {
		u.Weeks = map[BehaviourID][]int{}
	}
	week, weeks := weekOf(d.now, d.zone(Learner)), u.Weeks[b]
	if n := len(weeks); n >= 2 && weeks[n-2] >= week {
		weeks[n-1]++ // a clock put back, or the same week
	} else {
		weeks = append(weeks, week, 1)
	}
	if len(weeks) > 2*maxUseWeeks {
		weeks = slices.Clone(weeks[len(weeks)-2*maxUseWeeks:])
	}
	u.Weeks[b] = weeks
	return d.e.Uses[b]
}

// hindered counts what got in the way.
func (d *decision) hindered(barrier string) {
	if barrier == "" {
		return
	}
	u := d.useLog()
	if u.Barriers == nil {
		u.Barriers = map[string]int{}
	}
	if _, known := u.Barriers[barrier]; !known && len(u.Barriers) >= maxBarriers {
		barrier = otherBarrier
	}
	u.Barriers[barrier]++
}

// weekOf numbers the weeks of a zone, from the Monday of 5 January 1970.
func weekOf(t time.Time, zone *time.Location) int {
	y, m, day := t.In(zone).Date()
	return int((time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Unix() - 4*24*60*60) / secondsPerWeek)
}

// mondayOf is the Monday a week begins with, as a date in UTC.
func mondayOf(week int) time.Time {
	return time.Unix(int64(week)*secondsPerWeek+4*24*60*60, 0).UTC()
}

// handUse counts the use that a hand-in of a step with `log` is: a check-in whose yes-or-no question is answered with no
// is none. A barrier that was chosen is counted too.
func (d *decision) handUse(s *Step, c Contribution) {
	no := false
	for _, q := range s.Questions {
		i := slices.IndexFunc(c.Answers, func(a Answered) bool { return a.Key == q.ID })
		if i < 0 {
			continue
		}
		a := c.Answers[i]
		no = no || s.Kind == KindCheckin && q.Type == "yesno" && a.Value == "no"
		if q.ID == "barrier" && (q.Type == "choice" || q.Type == "many") && !s.Private {
			for _, v := range append(a.Values, a.Value) {
				d.hindered(tag(v))
			}
		}
	}
	if s.Log != "" && !no {
		d.sayUse(s, s.Log)
	}
}

// UseFrequency is how often a behaviour was used: in all, by week, and for each week a learner could have.
type UseFrequency struct {
	Behaviour    *Behaviour
	Uses         int
	LearnerWeeks int // weeks of learners in the workflow, begun ones count
	ThisWeek     int // in the week that it is now
	PerWeek      float64
	Weeks        []WeekUses // of weeks with uses, oldest first
}

// WeekUses is the uses in the week that begins with a Monday.
type WeekUses struct {
	Monday time.Time // a date, in UTC
	Uses   int
}

// UseReport is the use of all behaviours of a workflow, and the barriers met, most frequent first.
type UseReport struct {
	Learners   int
	Behaviours []UseFrequency
	Barriers   []BarrierCount
}

// BarrierCount is how often a barrier was met.
type BarrierCount struct {
	Tag string
	N   int
}

// UseFrequency is the use report of one enrolment. Looking changes nothing.
func (s *Service) UseFrequency(ctx context.Context, id EnrolmentID) (*UseReport, error) {
	w, e, f, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	return useReport(w, []*Enrolment{e}, func(*Enrolment) *time.Location { return (&decision{w: w, e: e, f: f}).zone(Learner) }, s.now()), nil
}

// UseFrequencyIn is the use report of all who take a workflow in a course, previews apart, in weeks of UTC.
func (s *Service) UseFrequencyIn(ctx context.Context, c Course, id WorkflowID) (*UseReport, error) {
	glances, err := s.o.Store.GlancesIn(ctx, c, MaxStandings)
	if err != nil {
		return nil, fmt.Errorf("use frequency: %w", err)
	}
	var all []*Enrolment
	version := 0
	for i := range glances {
		if e := &glances[i].Of; e.Workflow == id {
			all, version = append(all, e), max(version, e.Version)
		}
	}
	w, err := s.Workflow(ctx, id, version)
	if err != nil {
		return nil, err
	}
	return useReport(w, all, func(*Enrolment) *time.Location { return time.UTC }, s.now()), nil
}

func useReport(w *Workflow, all []*Enrolment, zone func(*Enrolment) *time.Location, now time.Time) *UseReport {
	r := &UseReport{Learners: len(all)}
	learnerWeeks := 0
	barriers := map[string]int{}
	for _, e := range all {
		from, to := e.Anchors[AnchorEnrolled], now
		if from.IsZero() {
			from = e.CreatedAt
		}
		if e.State == Stopped {
			to = e.UpdatedAt
		}
		learnerWeeks += max(1, weekOf(to, zone(e))-weekOf(from, zone(e))+1)
		if e.UseLog != nil {
			for t, n := range e.UseLog.Barriers {
				barriers[t] += n
			}
		}
	}
	for i := range w.Behaviours {
		f := UseFrequency{Behaviour: &w.Behaviours[i], LearnerWeeks: learnerWeeks}
		weeks := map[int]int{}
		for _, e := range all {
			f.Uses += e.Uses[f.Behaviour.ID]
			if e.UseLog == nil {
				continue
			}
			for at := e.UseLog.Weeks[f.Behaviour.ID]; len(at) >= 2; at = at[2:] {
				weeks[at[0]] += at[1]
			}
		}
		if len(all) > 0 {
			f.ThisWeek = weeks[weekOf(now, zone(all[0]))]
		}
		for _, week := range slices.Sorted(maps.Keys(weeks)) {
			f.Weeks = append(f.Weeks, WeekUses{Monday: mondayOf(week), Uses: weeks[week]})
		}
		if learnerWeeks > 0 {
			f.PerWeek = float64(f.Uses) / float64(learnerWeeks)
		}
		r.Behaviours = append(r.Behaviours, f)
	}
	for t, n := range barriers {
		r.Barriers = append(r.Barriers, BarrierCount{t, n})
	}
	slices.SortFunc(r.Barriers, func(a, b BarrierCount) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Tag, b.Tag)
	})
	return r
}

func (u *UseLog) clone() *UseLog {
	if u == nil {
		return nil
	}
	return &UseLog{Weeks: cloneMap(u.Weeks, slices.Clone[[]int]), Barriers: maps.Clone(u.Barriers), Keys: slices.Clone(u.Keys)}
}

func (u *UseLog) same(o *UseLog) bool {
	if u == nil || o == nil {
		return u == o
	}
	return maps.EqualFunc(u.Weeks, o.Weeks, slices.Equal[[]int]) && maps.Equal(u.Barriers, o.Barriers) && slices.Equal(u.Keys, o.Keys)
}
