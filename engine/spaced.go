package engine

import "time"

// Again is an open spaced ask: the step stays done, and whatever waited for it is not held up. It is asked, nudged and
// handed in like an attempt; a miss is only recorded, and the next ask takes the place of one left unanswered.
type Again struct {
	N        int       `json:"n"` // which of `spaced`, from 1
	OpenedAt time.Time `json:"opened_at"`
	DueAt    time.Time `json:"due_at,omitzero"`
}

// spaced asks again when the next of the step's `spaced` times has come, counted from done.
func (d *decision) spaced(s *Step, st *StepState) bool {
	if st.Spaced < len(s.Spaced) && !st.DoneAt.IsZero() {
		at := d.after(st.DoneAt, s.Spaced[st.Spaced], beginning, s.By)
		if !at.After(d.now) {
			return d.askSpaced(s, st)
		}
		d.note(at)
	}
	if st.Again != nil && s.By != Learner {
		return d.ask(s, st)
	}
	return false
}

func (d *decision) askSpaced(s *Step, st *StepState) bool {
	d.close(st, OutcomeWithdrawn)
	st.Spaced++
	st.Attempt++
	st.AskedAt, st.ElseAt, st.AskAgainAt, st.Initialized, st.NudgesPlanned = time.Time{}, time.Time{}, time.Time{}, time.Time{}, nil
	st.Watched = nil // what is asked again is watched again
	st.Again = &Again{N: st.Spaced, OpenedAt: d.now}
	st.Again.DueAt = d.due(s, &StepState{OpenedAt: d.now})
	return true
}

// answerSpaced closes a spaced ask.
func (d *decision) answerSpaced(st *StepState) {
	d.close(st, OutcomeWithdrawn)
	st.Again, st.NudgesPlanned, st.AskedAt, st.ElseAt = nil, nil, time.Time{}, time.Time{}
}

// handSpaced takes the hand-in of a spaced ask. The hand-in that made the step done stands: who signed it off has seen
// that one.
func (d *decision) handSpaced(s *Step, st *StepState, ev handedIn) {
	st.keep(Past{Hand: ev.c.ID, Score: ev.score, Spaced: st.Again.N})
	if ev.score != nil {
		st.Score = ev.score
	}
	if len(ev.c.Ratings) > 0 {
		st.Ratings, st.RatedAt = ev.c.Ratings, d.now
	}
	st.Hands++
	d.sayHand(s, st, ev.c)
	if ev.score != nil {
		rule, _ := s.Done.Find("score")
		d.sayQuiz(s, *ev.score, rule.N)
	}
	d.answerSpaced(st)
}
