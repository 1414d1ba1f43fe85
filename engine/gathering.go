package engine

import "time"

// EventState is the time of a step that has one, and who was there.
type EventState struct {
	At       time.Time `json:"at,omitzero"`        // as things are; zero: not known yet
	Own      time.Time `json:"own,omitzero"`       // as the doer or `with` set it for this learner
	Told     time.Time `json:"told,omitzero"`      // At as the learner was told of it
	Sequence int       `json:"sequence,omitempty"` // rises with each change of At

	Attended time.Time `json:"attended,omitzero"`
	Host     PersonID  `json:"host,omitempty"` // who said so; empty: the learner, by code

	Tries      int       `json:"tries,omitempty"` // wrong codes
	TriesSince time.Time `json:"tries_since,omitzero"`
}

func (s *EventState) same(o *EventState) bool {
	if s == nil || o == nil {
		return s == o
	}
	return s.At.Equal(o.At) && s.Own.Equal(o.Own) && s.Told.Equal(o.Told) && s.Sequence == o.Sequence && s.Attended.Equal(o.Attended) &&
		s.Host == o.Host && s.Tries == o.Tries && s.TriesSince.Equal(o.TriesSince)
}

// TalkState counts the posts of a step's thread, as far as the step's `done` asks for them.
type TalkState struct {
	Own  int       `json:"own,omitempty"`  // by the doer
	With int       `json:"with,omitempty"` // by whom the step is with
	Last time.Time `json:"last,omitzero"`  // the latest that was counted
}

func (s *TalkState) same(o *TalkState) bool {
	if s == nil || o == nil {
		return s == o
	}
	return s.Own == o.Own && s.With == o.With && s.Last.Equal(o.Last)
}

// CoachTalk is where the thread with the coach stands: open while the learner's word is the last.
type CoachTalk struct {
	AskedAt    time.Time `json:"asked_at,omitzero"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
}

func (s *CoachTalk) same(o *CoachTalk) bool {
	if s == nil || o == nil {
		return s == o
	}
	return s.AskedAt.Equal(o.AskedAt) && s.AnsweredAt.Equal(o.AnsweredAt)
}

// Open tells whether the learner waits for an answer.
func (s *CoachTalk) Open() bool { return s != nil && s.AskedAt.After(s.AnsweredAt) }
