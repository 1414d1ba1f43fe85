package web

import (
	"net/http"
	"slices"

	"github.com/cairn-lms/cairn/engine"
)

// requestView is the view of a page about a request: in the reviewer's language and zone, with no way into a session.
func (s *Site) requestView(r *http.Request, a asked) *view {
	v := s.view(r).speak(a.view.Reviewer.Locale)
	v.Base = "" // also within a session: the reader is a reviewer, no learner
	v.Zone, v.Reader, v.Rated = a.view.Zone, a.view.Reviewer.ID, a.view.Workflow.Behaviours
	return v
}

// sentParam in the address of a page says that what was written is in. It only words the page.
const sentParam = "sent"

// reviewMinutes is how long a look at somebody's work is said to take; a step of the reviewer's own says it itself.
const reviewMinutes = 3

// takes is how many minutes a request takes.
func takes(step *engine.Step) int {
	if step.Minutes > 0 && step.By != engine.Learner {
		return step.Minutes
	}
	return reviewMinutes
}

// overOf is how a request ended, "" while an answer is awaited.
func overOf(v *engine.RequestView) string {
	switch {
	case v.Answered:
		return "answered"
	case v.Request.Outcome == engine.OutcomeForwarded, v.Request.Outcome == engine.OutcomeDeclined:
		return v.Request.Outcome
	case v.Expired:
		return "expired"
	case v.Closed && v.Enrolment.State == engine.Stopped:
		return "stopped"
	case v.Closed:
		return "closed"
	}
	return ""
}

// aboutOf are the behaviours that a request is about, without those that its form asks to rate.
func aboutOf(v *engine.RequestView) []engine.Behaviour {
	if len(v.Rate) > 0 {
		return nil
	}
	var list []engine.Behaviour
	for _, step := range []*engine.Step{v.Step, v.HandStep} {
		if step == nil || len(list) > 0 {
			continue
		}
		for _, b := range v.Workflow.Behaviours {
			if b.ID == step.Log || slices.Contains(step.Rate, b.ID) {
				list = append(list, b)
			}
		}
	}
	if len(list) == 0 {
		list = v.Workflow.Behaviours
	}
	return list[:min(len(list), 3)]
}

// talkQuestions are questions to ask the learner, of a briefing and before a talk: the author's, else ones that fit any
// workflow.
func talkQuestions(v *view, r *engine.RequestView) []string {
	if r.Request.Purpose != engine.ForBriefing {
		return nil
	}
	var list []string
	for _, q := range r.TalkAbout {
		list = append(list, v.In(q.Ask))
	}
	for _, key := range []string{"review.talk.before", "review.talk.notice", "review.talk.help"} {
		if len(list) < 3 {
			list = append(list, v.T(key))
		}
	}
	return list
}

// Lacks is what is wrong with a field of the form, or nil.
func (f *formView) Lacks(field string) *engine.FieldError {
	for i := range f.Problems {
		if f.Problems[i].Field == field {
			return &f.Problems[i].FieldError
		}
	}
	return nil
}
