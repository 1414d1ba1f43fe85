package engine

import "slices"

// awaitsPost tells whether a discuss waits for a post of whom it is with: of a peer once the doer has written.
func (d *decision) awaitsPost(s *Step, st *StepState) bool {
	role := s.talksWith()
	if role == "" || role == Learner || st.Talk != nil && st.Talk.With > 0 {
		return false
	}
	return role != Peer || st.Talk != nil && st.Talk.Own > 0 || len(d.e.Roles[Peer]) == 0
}

// awaitsHost tells whether an event with somebody waits for their word that it took place: from its time on.
func (d *decision) awaitsHost(s *Step, st *StepState) bool {
	if !s.wants("attended") || s.With == "" || s.With == withCohort || s.With == string(Learner) {
		return false
	}
	if st.Event == nil || st.Event.At.IsZero() {
		return st.Event == nil || st.Event.Attended.IsZero()
	}
	if st.Event.At.After(d.now) {
		d.note(st.Event.At)
		return false
	}
	return st.Event.Attended.IsZero()
}

// peersAnswer tells whether a step of peers waits for more of them: it is done when all have answered.
func (d *decision) peersAnswer(s *Step, st *StepState) bool {
	return s.By == Peer && st.State == Open && slices.ContainsFunc(st.Requests, Request.Waiting)
}

// peersJudge tells whether other peers are still asked the same.
func (d *decision) peersJudge(st *StepState, r Request) bool {
	return r.Role == Peer && slices.ContainsFunc(st.Requests, func(o Request) bool { return o.Waiting() && o.Purpose == r.Purpose && o.ID != r.ID })
}

// someAnswered settles what peers were asked when the time for answers is over: one answer is enough then.
func (d *decision) someAnswered(s *Step, st *StepState) bool {
	if st.State == Submitted && d.onePeerAgreed(s, st) {
		d.close(st, OutcomeExpired)
		return true
	}
	if s.By != Peer || !d.ruleMet(s.Done, s, st) {
		return false
	}
	d.close(st, OutcomeExpired)
	return d.finish(s, st)
}

// onePeerAgreed takes one peer's approval or confirmation of what was handed in for all of them.
func (d *decision) onePeerAgreed(s *Step, st *StepState) bool {
	for _, r := range st.Reviews {
		if r.Role != Peer || r.SHA256 != st.HandSHA256 {
			continue
		}
		switch {
		case r.Outcome == OutcomeApprove && s.Review != nil && s.Review.By == Peer && st.Approved.IsZero():
			st.Approved = d.now
			d.send(Message{To: d.e.Learner, Step: s.ID, Purpose: PurposeApproved}, st)
			return true
		case r.Outcome == OutcomeAcknowledged && s.With == string(Peer) && st.Confirmed.IsZero():
			st.Confirmed = d.now
			return true
		}
	}
	return false
}
