package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// OpenRequest is what the person asked sees behind the personal link. Looking changes nothing.
func (s *Service) OpenRequest(ctx context.Context, id EnrolmentID, request RequestID) (*RequestView, error) {
	w, e, f, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	of, st, r, err := e.request(w, request)
	if err != nil {
		return nil, err
	}
	reviewer, err := s.Person(ctx, r.Person)
	if err != nil {
		return nil, err
	}
	if reviewer.Locale == "" {
		reviewer.Locale = f.Learner.Locale
	}
	d := &decision{w: w, e: e, f: f, now: s.now()}
	v := &RequestView{
		Request: *r, Enrolment: e, Workflow: w, Step: of, Learner: f.Learner, Reviewer: reviewer, Outcomes: outcomes(of, *r),
		Wording: of.Wording.In(reviewer.Locale), SHA256: shownSHA256(e, of, *r), Zone: d.zone(r.Role).String(),
		Answered: !r.Waiting() && !unanswered(r.Outcome), Forwards: e.forwards(*r), Declines: r.Waiting() && e.State != Stopped,
		Grades: grades(of, *r),
		Closed: !r.Waiting() || e.State == Stopped, Expired: r.Outcome == OutcomeExpired, Paused: e.Paused(),
	}
	for _, o := range []string{OutcomeReturn, OutcomeNotYet} {
		if slices.Contains(v.Outcomes, o) {
			v.NeedsComment = append(v.NeedsComment, o)
		}
	}
	for _, b := range rates(of, *r) {
		v.Rate = append(v.Rate, *w.Behaviour(b))
	}
	switch {
	case r.Purpose == ForDiscuss:
		v.Questions = formQuestions(formNote)
		v.Answered = false
		if v.Closed = e.State == Stopped || r.Outcome == OutcomeExpired || !st.talks(*r); !st.talks(*r) { // who has written may write again
			break
		}
		if v.Thread, err = s.thread(ctx, By(r.Person), threadOf(e, of), PostRef{}, 0); err != nil {
			return nil, err
		}
	case slices.Contains(v.Outcomes, OutcomeResponse):
		v.Questions = reviewerAsks(of)
	}
	v.Anonymous = anonymous(w, of) && r.Role == Peer && !r.StandIn
	if r.Purpose == ForBriefing || r.Purpose == ForDiscuss || r.Purpose == ForConfirm {
		v.TalkAbout = w.talkAbout(of)
	}
	if a := w.Aid(of.Content.Aid); of.Content.Aid != "" && a != nil && of.By != Learner {
		v.Content = a.Body(reviewer.Locale)
	}
	return v, s.fillRequest(ctx, v, of, st, r)
}

// unanswered tells whether a request ended in this way without an answer.
func unanswered(outcome string) bool {
	switch outcome {
	case OutcomeWithdrawn, OutcomeExpired, OutcomeForwarded, OutcomeDeclined:
		return true
	}
	return false
}

// grades tells whether a request asks for a grade.
func grades(s *Step, r Request) bool {
	return r.Purpose == ForReview && s.Review != nil && s.Review.Grade
}

// reviewerAsks are the questions somebody else than the learner is asked: the step's own; a feedback or an otherwise
// empty form asks for a few words.
func reviewerAsks(s *Step) []Question {
	asks := s.Asks()
	if len(asks) == 0 && s.Kind == KindFeedback {
		asks = formQuestions(formNote)
		asks[0].Required = false
	}
	return asks
}

// maxTalkAbout is how many questions for a talk a page offers.
const maxTalkAbout = 5

// talkAbout are questions that somebody who looks after the learner may ask in a talk: the first open one of each step the
// learner does, from the given one on, that others may hear of.
func (w *Workflow) talkAbout(from *Step) []Question {
	var out []Question
	begun := false
	for _, s := range w.order {
		begun = begun || s.ID == from.ID
		if !begun || s.By != Learner || s.Private || s.Kind == KindQuiz || len(out) >= maxTalkAbout {
			continue
		}
		if i := slices.IndexFunc(s.Questions, func(q Question) bool { return q.Type == "text" && len(q.Answer) == 0 && q.Required }); i >= 0 {
			out = append(out, s.Questions[i])
		}
	}
	return out
}

// fillRequest adds what was handed in. What is private is not shown.
func (s *Service) fillRequest(ctx context.Context, v *RequestView, of *Step, st *StepState, r *Request) error {
	all, err := s.contributions(ctx, v.Enrolment.ID)
	if err != nil {
		return err
	}
	shown := func(id StepID) (*Step, *Contribution) {
		step, state := v.Workflow.Step(id), v.Enrolment.Steps[id]
		if step == nil || state == nil || step.Private || state.Hand == "" || step.By != Learner {
			return step, nil
		}
		return step, all[state.Hand]
	}
	switch {
	case r.Purpose == ForReview || r.Purpose == ForConfirm:
		v.HandStep, v.Hand = of, all[st.Hand]
	case of.About != "":
		v.HandStep, v.Hand = shown(of.About)
	}
	if v.HandStep != nil && v.Hand != nil {
		v.Asked = v.HandStep.Asks()
	}
	names, err := s.names(ctx, v.Enrolment)
	if err != nil {
		return err
	}
	v.Earlier = reviewViews(v.Workflow, of, st, all, names)
	for _, id := range of.covered() {
		step, hand := shown(id)
		if step == nil || step.By != Learner {
			continue
		}
		c := CoveredHand{Step: step, Hand: hand}
		if state := v.Enrolment.Steps[id]; state != nil && !step.Private {
			c.Reviews = reviewViews(v.Workflow, step, state, all, names)
		}
		v.Covers = append(v.Covers, c)
	}
	return nil
}

// Answer takes a reviewer's answer. The same again is one; another after it, or one to something that has changed since
// it was shown, is ErrConflict.
func (s *Service) Answer(ctx context.Context, id EnrolmentID, request RequestID, a Answer) error {
	if done, err := s.answerInThread(ctx, id, request, a); done || err != nil {
		return err
	}
	a.Comment = strings.ToValidUTF8(strings.TrimSpace(strings.ReplaceAll(a.Comment, "\r\n", "\n")), "�")
	_, err := s.change(ctx, id, func(w *Workflow, e *Enrolment) (event, error) {
		of, st, r, err := e.request(w, request)
		if err != nil {
			return nil, err
		}
		if !r.Waiting() {
			return answered{request: request, answer: a}, nil
		}
		written, err := s.answer(ctx, w, e, of, st, *r, &a)
		if err != nil {
			return nil, err
		}
		return answered{request: request, answer: a, written: written}, nil
	})
	return err
}

// answer checks an answer and keeps what was written.
func (s *Service) answer(ctx context.Context, w *Workflow, e *Enrolment, of *Step, st *StepState, r Request, a *Answer) (*Contribution, error) {
	if !slices.Contains(outcomes(of, r), a.Outcome) {
		return nil, fmt.Errorf("answer request %s with %q: %w", r.ID, a.Outcome, ErrInvalid)
	}
	var bad FieldErrors
	if len(a.Comment) > maxComment {
		bad = append(bad, FieldError{Field: "comment", Key: "error.too_long", Args: map[string]any{"max": maxComment}})
	}
	if a.Comment == "" && (a.Outcome == OutcomeReturn || a.Outcome == OutcomeNotYet) {
		bad = append(bad, FieldError{Field: "comment", Key: "error.required"})
	}
	switch {
	case !grades(of, r) || a.Outcome != OutcomeApprove:
		a.Grade = nil
	case a.Grade == nil:
		bad = append(bad, FieldError{Field: "grade", Key: "error.required"})
	case !(*a.Grade >= 0 && *a.Grade <= 100):
		bad = append(bad, FieldError{Field: "grade", Key: "error.not_an_answer"})
	}
	ratings, wrong := rated(w, rates(of, r), a.Ratings)
	if a.Outcome == OutcomeNotYet || a.Outcome == OutcomeReturn {
		wrong = slices.DeleteFunc(wrong, func(f FieldError) bool { return f.Key == "error.required" }) // no need to rate what goes back
	}
	bad = append(bad, wrong...)
	a.Ratings = ratings
	var answers []Answered
	if a.Outcome == OutcomeResponse {
		reviewer, err := s.Person(ctx, r.Person)
		if err != nil {
			return nil, err
		}
		var missing FieldErrors
		answers, missing = fill(reviewerAsks(of), a.Answers, reviewer.Locale, true)
		bad = append(bad, missing...)
	}
	if len(bad) > 0 {
		return nil, bad
	}
	if a.Comment == "" && len(answers) == 0 && len(ratings) == 0 && a.Outcome != OutcomeResponse {
		return nil, nil //nolint:nilnil // nothing was written
	}
	c := &Contribution{Enrolment: e.ID, Step: of.ID, Attempt: st.Attempt, Author: r.Person, Request: r.ID, Answers: answers, Ratings: ratings, Comment: a.Comment, At: s.now()}
	for _, x := range answers {
		c.Words += words(x.Value)
	}
	c.SHA256 = contributionHash(*c)
	c.ID = ContributionID(derivedID("answer", string(e.ID), string(r.ID), a.Outcome, c.SHA256))
	return c, s.keep(ctx, *c, nil)
}
