package web

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// standing is how a step stands, for its page: what holds it up, whom it waits for, what came of it.
type standing struct {
	Needs    []pathStep // the steps it is locked for
	Signs    []pathStep // of a sign-off
	Until    time.Time  // when somebody else is asked; zero: not known
	Waits    bool       // it is somebody else's turn
	Skipped  string     // message key why it was left out; empty: it was not
	Reason   string     // ... in the learner's or the coach's words
	UsedUp   bool       // its attempts are
	Attempt  int        // of Attempts; 0: it has but one
	Attempts int
	Percent  int // of the questions answered right last, of a quiz
	Needed   int // ... to pass; 0: it has no score
	Missed   bool
}

// standingOf tells how a step stands. The whole way is read only where the step waits for other steps.
func (s *Site) standingOf(ctx context.Context, service *engine.Service, session *Session, step *engine.StepView) (standing, error) {
	st := &step.State
	var out standing
	named := step.LockedFor
	if step.Step.By != engine.Learner {
		named = append(slices.Clone(named), step.Covers...)
	}
	if len(named) > 0 {
		home, err := service.Home(ctx, session.Enrolment)
		if err != nil {
			return out, fmt.Errorf("web: step: %w", err)
		}
		list := func(steps []*engine.Step) (list []pathStep) {
			for _, of := range steps {
				if v := home.Step(of.ID); v != nil {
					list = append(list, pathStep{StepView: *v, Mark: markOf(*v), Open: of.ForLearner()})
				}
			}
			return list
		}
		if st.State == engine.Locked {
			out.Needs = list(step.LockedFor)
		}
		out.Signs = list(step.Covers)
	}
	for _, r := range st.Requests {
		if r.Waiting() && r.ExpiresAt.After(out.Until) {
			out.Until = r.ExpiresAt
		}
	}
	out.Waits = st.State == engine.Submitted || step.Step.By != engine.Learner && st.State == engine.Open
	switch {
	case st.State != engine.Skipped:
	case st.SkippedBy == session.Person:
		out.Skipped, out.Reason = "page.step.skipped.you", st.SkippedReason
	case st.SkippedReason == "if":
		out.Skipped = "page.step.skipped.if"
	case slices.Contains([]string{"nothing", "course", "over"}, st.SkippedReason):
		out.Skipped = "page.step.skipped.nothing"
	default:
		out.Skipped = "page.step.skipped.coach"
		if st.SkippedReason != "excused" {
			out.Reason = st.SkippedReason
		}
	}
	out.UsedUp = st.State == engine.Expired && step.Step.Repeat != nil && st.Attempt >= step.Step.Repeat.Max
	if step.Step.Repeat != nil && step.Step.Repeat.Max > 1 && st.Attempt > 0 {
		out.Attempt, out.Attempts = st.Attempt, step.Step.Repeat.Max
	}
	if rule, ok := step.Step.Done.Find("score"); ok && st.Score != nil {
		out.Percent, out.Needed = int(*st.Score*100+.5), int(rule.N*100+.5)
	}
	out.Missed = step.Step.Done.Has("attended") && !step.At.IsZero() && step.At.Before(s.now()) && !st.State.Settled()
	return out, nil
}

// Grade is a grade in words, empty if the answer has none.
func (v *view) Grade(r engine.ReviewView) string {
	if r.Grade == nil {
		return ""
	}
	return v.T("page.step.grade", "grade", strconv.FormatFloat(*r.Grade, 'f', -1, 64))
}

// Told is what a question was answered with, in the reader's language.
func (v *view) Told(q engine.Question, values []string) string {
	var out []string
	for _, value := range values {
		word := value
		for _, c := range q.Choices {
			if c[""] == value {
				word = v.In(c)
			}
		}
		if q.Type == "yesno" && (value == "yes" || value == "no") {
			word = v.T("page.form." + value)
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}
