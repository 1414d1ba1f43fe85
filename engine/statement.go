package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// A `done` of {statement: {verb, object}} is met by a statement of the learner, under any of their names, with that
// verb about that activity, or about one below it (its parent or grouping). An object that ends in * is the beginning
// of activity ids. What comes while the step is locked is remembered, and settles it; the same statement again, or one
// made before a later attempt opened, counts for nothing.

// observed is a statement of the learner that steps may wait for.
type observed struct {
	id, verb string
	objects  []string // the activity's id, then those of its parents and groupings
	at       time.Time
	video    *videoReport // of the video profile
}

func (ev observed) apply(d *decision) error {
	for _, s := range d.w.order {
		st := d.state(s.ID)
		if ev.video != nil && d.showsVideo(s, ev.objects[0]) {
			d.watch(s, st, *ev.video)
		}
		for _, r := range s.Done.statementRules() {
			if r.Verb != ev.verb || !r.covers(ev.objects) || st.RememberedBy == ev.id && ev.id != "" {
				continue
			}
			key := r.statementKey()
			if !st.Heard[key].IsZero() || st.State.Settled() && !st.betweenAttempts() || st.Attempt > 1 && ev.at.Before(st.OpenedAt) {
				continue
			}
			if st.Heard == nil {
				st.Heard = map[string]time.Time{}
			}
			st.Heard[key], st.Remembered, st.RememberedBy = d.now, d.now, ev.id
		}
	}
	return nil
}

// statementRules are the parts of a `done` that wait for a statement.
func (r Rule) statementRules() []Rule {
	if r.Name == "statement" {
		return []Rule{r}
	}
	var out []Rule
	for _, p := range r.Parts {
		out = append(out, p.statementRules()...)
	}
	return out
}

// statementKey is what a statement rule is remembered by, short as an enrolment is small.
func (r Rule) statementKey() string {
	sum := sha256.Sum256([]byte(r.Verb + "\n" + r.Object))
	return "st:" + hex.EncodeToString(sum[:6])
}

// covers tells whether one of some activities is the rule's object.
func (r Rule) covers(objects []string) bool {
	prefix, pattern := strings.CutSuffix(r.Object, "*")
	return r.Object == "" || slices.ContainsFunc(objects, func(id string) bool {
		return pattern && strings.HasPrefix(id, prefix) || id == r.Object
	})
}

// statementMet tells whether a statement rule is met; enrolments of before kept no keys.
func statementMet(r Rule, st *StepState) bool {
	return !st.Heard[r.statementKey()].IsZero() || len(st.Heard) == 0 && !st.Remembered.IsZero()
}

// maxObjects bounds how many activities of a statement are looked at.
const maxObjects = 50

// observedOf is what the engine looks at of a statement about an activity.
func observedOf(st *xapi.Statement, now time.Time) observed {
	ev := observed{id: st.ID, verb: st.Verb.ID, objects: []string{st.Object.Activity.ID}, at: st.Timestamp, video: videoOf(st)}
	if ev.at.IsZero() || ev.at.After(now) {
		ev.at = now
	}
	if c := st.Context; c != nil && c.ContextActivities != nil {
		for _, a := range slices.Concat(c.ContextActivities.Parent, c.ContextActivities.Grouping) {
			if len(ev.objects) < maxObjects {
				ev.objects = append(ev.objects, a.ID)
			}
		}
	}
	return ev
}

// waits tells whether a workflow has a step that a statement could concern.
func (w *Workflow) waits(ev observed) bool {
	return slices.ContainsFunc(w.order, func(s *Step) bool {
		if ev.video != nil && s.Done.Has("watched") {
			return true
		}
		return slices.ContainsFunc(s.Done.statementRules(), func(r Rule) bool { return r.Verb == ev.verb && r.covers(ev.objects) })
	})
}
