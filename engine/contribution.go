package engine

import "time"

// Contribution is what a person wrote: a draft, a hand-in or an answer to a request. It is written before the
// enrolment refers to it. A hand-in's id is derived from its hash, so handing in twice is one document.
type Contribution struct {
	ID        ContributionID      `json:"id"`
	Enrolment EnrolmentID         `json:"enrolment"`
	Step      StepID              `json:"step"`
	Attempt   int                 `json:"attempt"`
	Author    PersonID            `json:"author"`
	Draft     bool                `json:"draft,omitempty"`
	Request   RequestID           `json:"request,omitempty"` // set on answers to a request
	Answers   []Answered          `json:"answers,omitempty"`
	Ratings   map[BehaviourID]int `json:"ratings,omitempty"`
	Files     []File              `json:"files,omitempty"`
	Links     []string            `json:"links,omitempty"` // evidence elsewhere, http or https; never fetched
	// CustomerData says that what was handed in holds data of customers, Consent that whoever it shows has agreed.
	CustomerData bool `json:"customer_data,omitempty"`
	Consent      bool `json:"consent,omitempty"`

	Comment string    `json:"comment,omitempty"`
	Words   int       `json:"words,omitempty"`
	SHA256  string    `json:"sha256,omitempty"` // of what was written, see contributionHash
	At      time.Time `json:"at"`
}

// Answered is the answer to one question. Values are the choices of a `many`.
type Answered struct {
	Key    string   `json:"key"`
	Label  string   `json:"label,omitempty"` // the question as it was asked
	Value  string   `json:"value,omitempty"`
	Values []string `json:"values,omitempty"`
	Right  *bool    `json:"right,omitempty"` // of a scored question: whether the answer was right
}

// File is an uploaded file; its bytes are the blob of that hash.
type File struct {
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
}
