package engine

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// storedStep is a StepState as stores keep it. An enrolment has to stay small (256 KB at 300 steps), and once a step is
// settled most of what it says is said twice: an answered request names whom its review names, reviews judge the hand-in
// that the step refers to, and several times are that of being done. The second time is left out and put back when it is
// read. Only what is equal is left out, so every state comes back as it was; one that is written in full, as earlier
// versions did, reads the same.
type storedStep struct {
	plainStep
	Requests []storedRequest `json:"requests,omitempty"`
	AtDone   string          `json:"at_done,omitempty"` // which times are that of DoneAt, a letter each: see doneTimes
}

type plainStep StepState // without its methods

// storedRequest is a Request of which a review of the same step says how it was answered.
type storedRequest struct {
	Request
	Person   PersonID `json:"person,omitempty"`
	Role     Role     `json:"role,omitempty"`
	Outcome  string   `json:"outcome,omitempty"`
	Reviewed bool     `json:"reviewed,omitempty"` // person, role, outcome are those of the review of this request
}

// handedInHash stands in a stored review for the hash of the hand-in that the step refers to. It is no SHA-256.
const handedInHash = "hand"

// doneTimes are the times that often are that of DoneAt, by the letter that says so.
func (st *plainStep) doneTimes() map[byte]*time.Time {
	return map[byte]*time.Time{'a': &st.Approved, 's': &st.SettledAt, 'h': &st.SubmittedAt}
}

// MarshalJSON writes what stores keep of a step.
func (st StepState) MarshalJSON() ([]byte, error) {
	s := storedStep{plainStep: plainStep(st)}
	if !st.DoneAt.IsZero() {
		times := s.doneTimes()
		for _, letter := range []byte("ahs") {
			if t := times[letter]; *t == st.DoneAt { // the same to the zone: it comes back as it was
				*t = time.Time{}
				s.AtDone += string(letter)
			}
		}
	}
	s.Reviews = slices.Clone(st.Reviews)
	for i := range s.Reviews {
		if r := &s.Reviews[i]; st.HandSHA256 != "" && r.SHA256 == st.HandSHA256 {
			r.SHA256 = handedInHash
		}
	}
	for _, r := range st.Requests {
		out := storedRequest{Request: r, Person: r.Person, Role: r.Role, Outcome: r.Outcome}
		if review := reviewOf(st.Reviews, r.ID); review != nil && review.By == r.Person && review.Role == r.Role && review.Outcome == r.Outcome {
			out.Person, out.Role, out.Outcome, out.Reviewed = "", "", "", true
		}
		s.Requests = append(s.Requests, out)
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON wrote, and states that have everything written out.
func (st *StepState) UnmarshalJSON(data []byte) error {
	var s storedStep
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	for letter, t := range s.doneTimes() {
		if strings.IndexByte(s.AtDone, letter) >= 0 {
			*t = s.DoneAt
		}
	}
	for i := range s.Reviews {
		if r := &s.Reviews[i]; r.SHA256 == handedInHash {
			r.SHA256 = s.HandSHA256
		}
	}
	*st = StepState(s.plainStep)
	for _, r := range s.Requests {
		r.Request.Person, r.Request.Role, r.Request.Outcome = r.Person, r.Role, r.Outcome
		if review := reviewOf(s.Reviews, r.ID); r.Reviewed && review != nil {
			r.Request.Person, r.Request.Role, r.Request.Outcome = review.By, review.Role, review.Outcome
		}
		st.Requests = append(st.Requests, r.Request)
	}
	return nil
}

// reviewOf is the first review that answers a request; nil if none does.
func reviewOf(reviews []Review, id RequestID) *Review {
	if i := slices.IndexFunc(reviews, func(r Review) bool { return r.Request == id }); i >= 0 {
		return &reviews[i]
	}
	return nil
}
