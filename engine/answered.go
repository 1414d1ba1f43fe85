package engine

import (
	"fmt"
	"slices"
	"time"
)

// answered is a reviewer's answer to a request; what was written is stored already.
type answered struct {
	request RequestID
	answer  Answer
	written *Contribution // nil: nothing was written
}

// request finds a request with its step.
func (e *Enrolment) request(w *Workflow, id RequestID) (*Step, *StepState, *Request, error) {
	for _, s := range w.order {
		st := e.Steps[s.ID]
		if st == nil {
			continue
		}
		if i := slices.IndexFunc(st.Requests, func(r Request) bool { return r.ID == id }); i >= 0 {
			return s, st, &st.Requests[i], nil
		}
	}
	return nil, nil, nil, fmt.Errorf("request %s: %w", id, ErrNotFound)
}

// outcomes are the answers a request can have, the friendly one first.
func outcomes(s *Step, r Request) []string {
	switch r.Purpose {
	case ForReview:
		return s.Review.Outcomes
	case ForSignOff, ForSignOffConfirm:
		return []string{OutcomeApprove, OutcomeNotYet}
	case ForConfirm:
		return []string{OutcomeAcknowledged, OutcomeReturn}
	case ForBriefing:
		return []string{OutcomeAcknowledged}
	}
	if r.Purpose == ForDiscuss || r.Purpose != ForAttend && s.By != Learner && s.wants("response", "words", "posts") {
		return []string{OutcomeResponse}
	}
	return []string{OutcomeAcknowledged}
}

// rates are the behaviours a request asks to rate.
func rates(s *Step, r Request) []BehaviourID {
	switch r.Purpose {
	case ForReview:
		return s.Review.Rate
	case ForConfirm, ForSignOffConfirm:
		return nil
	}
	return s.Rate
}

// shownSHA256 is the hash of what a request is about, as it is now.
func shownSHA256(e *Enrolment, s *Step, r Request) string {
	switch r.Purpose {
	case ForSignOff, ForSignOffConfirm:
		return coverSHA256(e, s)
	case ForReview, ForConfirm:
		return e.Steps[s.ID].HandSHA256
	}
	return ""
}

func (ev answered) apply(d *decision) error {
	s, st, r, err := d.e.request(d.w, ev.request)
	if err != nil {
		return err
	}
	a := ev.answer
	if !r.Waiting() {
		given := slices.IndexFunc(st.Reviews, func(rev Review) bool { return rev.Request == r.ID })
		if r.Outcome == a.Outcome && given >= 0 && (a.SHA256 == "" || a.SHA256 == st.Reviews[given].SHA256) {
			return nil // the same once more
		}
		return fmt.Errorf("answer request %s, which is closed (%s): %w", r.ID, r.Outcome, ErrConflict)
	}
	if d.e.State == Stopped {
		return fmt.Errorf("answer request %s: the workflow is over: %w", r.ID, ErrConflict)
	}
	if shown := shownSHA256(d.e, s, *r); a.SHA256 != shown && shown != "" {
		return fmt.Errorf("answer request %s: what was shown has changed since: %w", r.ID, ErrConflict)
	}
	if r.Purpose == ForSignOffConfirm && r.SHA256 != shownSHA256(d.e, s, *r) {
		return fmt.Errorf("answer request %s: what was signed off has changed since: %w", r.ID, ErrConflict)
	}
	rev := Review{StandIn: r.StandIn, Request: r.ID, By: r.Person, Role: r.Role, Outcome: a.Outcome, Ratings: a.Ratings, At: d.now, SHA256: r.SHA256, Attempt: later1(st.Attempt), Grade: ev.answer.Grade, Via: a.Via}
	if ev.written != nil {
		rev.Written = ev.written.ID
	}
	r.AnsweredAt, r.Outcome, r.SHA256, r.ExpiresAt, r.DueAt = d.now, a.Outcome, "", time.Time{}, time.Time{} // the review keeps the hash
	st.Reviews = append(st.Reviews, rev)
	if len(st.Reviews) > maxReviews {
		st.forget(st.Reviews[:len(st.Reviews)-maxReviews])
		st.Reviews = st.Reviews[len(st.Reviews)-maxReviews:]
	}
	if !r.StandIn {
		delete(d.e.Silent, r.Role)
	}
	d.sayReview(s, *r, rev, a.Comment)
	d.judge(s, st, *r, ev)
	return nil
}

// maxReviews bounds what an enrolment keeps of one step; older answers stay as contributions and statements.
const maxReviews = 50

// judge does what an answer means for its step.
func (d *decision) judge(s *Step, st *StepState, r Request, ev answered) {
	switch ev.answer.Outcome {
	case OutcomeApprove:
		if r.Purpose == ForSignOff && d.namedByLearner(r) {
			st.State = Submitted // the coach has to confirm a sign-off by somebody the learner named
			d.again(st)
			return
		}
		if d.peersJudge(st, r) {
			return // the others are asked too
		}
		st.Approved = d.now
		d.close(st, OutcomeWithdrawn) // one approval is enough, though a pause may keep the step from going on
		if r.Purpose == ForReview && ev.answer.Grade != nil {
			st.Score = ptr(*ev.answer.Grade / 100)
		}
		if r.Purpose == ForReview {
			d.send(Message{To: d.e.Learner, Step: s.ID, Purpose: PurposeApproved}, st)
		}
	case OutcomeReturn:
		st.State, st.ReturnedAt = Returned, d.now
		d.again(st)
		if !st.DueAt.IsZero() && st.DueAt.Before(d.soonest(d.now, s.By)) {
			st.DueAt = d.fresh(d.now, s.By)
		}
		d.send(Message{To: d.e.Learner, Step: s.ID, Purpose: PurposeReturned}, st)
	case OutcomeNotYet:
		st.State = Open
		if r.Purpose == ForSignOffConfirm {
			d.void(signatures(st.Reviews[:len(st.Reviews)-1])) // what the coach did not confirm
		}
		d.close(st, OutcomeWithdrawn)
		for _, p := range append([]PersonID{d.e.Learner}, d.everybody(Coach)...) {
			if p != r.Person {
				d.send(Message{To: p, Step: s.ID, Purpose: PurposeNotYet}, st)
			}
		}
		d.again(st)
		st.AskAgainAt = d.w.Calendar.after(d.now, tenWorkingDays, beginning, d.zone(s.By))
		if !st.DueAt.IsZero() {
			st.DueAt = d.fresh(st.AskAgainAt, s.By)
		}
	case OutcomeResponse, OutcomeAcknowledged:
		switch {
		case r.Purpose == ForConfirm:
			if !d.peersJudge(st, r) {
				st.Confirmed = d.now
			}
		case r.Purpose == ForAttend:
			st.event().Attended, st.Event.Host = d.now, r.Person
			d.sayAttended(s, By(r.Person))
		case ev.answer.Outcome == OutcomeAcknowledged:
			st.Acknowledged, st.Viewed = d.now, d.now
		}
		if st.Again != nil {
			if !s.polls() || !st.othersWait() {
				d.answerSpaced(st)
			}
			return
		}
		if s.By != Learner {
			st.SubmittedAt = d.now
		}
		if ev.written != nil && s.By != Learner {
			st.Hand, st.HandSHA256, st.HandWords = ev.written.ID, ev.written.SHA256, ev.written.Words
			if s.By != Peer && !s.polls() { // the others who were asked still answer the same question
				st.Hands++
			}
		}
	}
}

// again closes what waits and lets the next question be a new one.
func (d *decision) again(st *StepState) {
	d.close(st, OutcomeWithdrawn)
	st.Rounds++
	st.AskedAt, st.ElseAt = time.Time{}, time.Time{}
}

// namedByLearner tells whether the answering person is in the role, or in that of its stand-in, only because the learner
// said so, or whoever was asked before.
func (d *decision) namedByLearner(r Request) bool {
	people := d.e.Roles[r.Role]
	if r.StandIn {
		people = d.standIns(r.Role)
	}
	return slices.ContainsFunc(people, func(a Assignment) bool {
		return a.Person == r.Person && (a.NamedByLearner || a.Forwarded) && !a.Confirmed
	})
}
