package engine

import (
	"context"
	"maps"
	"slices"
	"time"
)

// CohortID names a cohort. It is derived from its CohortKey.
type CohortID string

// CohortKey says which cohort: a workflow's enrolments in one course, or with Label set those that a coach split off.
// Of Course only issuer and id count.
type CohortKey struct {
	Workflow WorkflowID
	Course   Course
	Label    string
}

// ID is the id of the cohort of that key, whether or not anything is known of it yet.
func (k CohortKey) ID() CohortID {
	return CohortID(derivedID("cohort", string(k.Workflow), k.Course.Issuer, k.Course.ID, k.Label))
}

// Cohort is what the enrolments of a cohort share: a small document that changes by compare-and-swap, and rarely. One
// that was never written is empty. Who belongs to it are its members (CohortMember), which change without touching it.
type Cohort struct {
	ID       CohortID             `json:"id"`
	Rev      int64                `json:"rev"` // 0 before CreateCohort; stored documents start at 1
	Workflow WorkflowID           `json:"workflow"`
	Course   Course               `json:"course"`
	Label    string               `json:"label,omitempty"`
	Start    time.Time            `json:"start,omitzero"`         // course_start: the date counts, in UTC
	Source   string               `json:"start_source,omitempty"` // of Start: launch, coach, api
	Zone     string               `json:"zone,omitempty"`         // IANA, as a coach set it; empty: the first member's
	Gates    map[StepID]time.Time `json:"gates,omitempty"`        // wait_for: since when it is open
	Events   map[StepID]Occasion  `json:"events,omitempty"`
	Talks    map[StepID]Talk      `json:"talks,omitempty"` // threads of the whole cohort

	// Of a whole course (nudgehold.go): whether nudges are held back, and who did that.
	NudgesHeld *NudgeHold `json:"nudges_held,omitempty"`
	Acts       []Act      `json:"acts,omitempty"`

	Tell      bool      `json:"tell,omitempty"`      // members are to be woken, as something here has changed
	TellAfter MemberRef `json:"tell_after,omitzero"` // ... those behind this one
	// ... and these, whose waking failed, with how often. The sweep tries them again, until they are given up.
	TellAgain map[EnrolmentID]int `json:"tell_again,omitempty"`
}

// Occasion is one event of a whole cohort.
type Occasion struct {
	At   time.Time `json:"at,omitzero"`    // as a coach set it; zero: as the workflow says
	By   string    `json:"by,omitempty"`   // person id of who set it, or the name of a key
	Code string    `json:"code,omitempty"` // for attendance; shown to the coach only
	Host PersonID  `json:"host,omitempty"` // who invites: the coach who set the time or asked for the code
}

// Talk is who has posted to a thread of the whole cohort, as far as it matters: whether everybody has somebody else.
type Talk struct {
	First PersonID `json:"first"`
	Both  bool     `json:"both,omitempty"` // somebody other than First posted too
}

func (c Cohort) clone() Cohort {
	c.Gates, c.Events, c.Talks = maps.Clone(c.Gates), maps.Clone(c.Events), maps.Clone(c.Talks)
	c.TellAgain = maps.Clone(c.TellAgain)
	c.NudgesHeld, c.Acts = clonePtr(c.NudgesHeld), slices.Clone(c.Acts)
	return c
}

// The states of a member.
const (
	MemberActive = "active"
	MemberPaused = "paused"
	MemberLeft   = "left"
	MemberDone   = "completed"
	MemberOver   = "over" // stopped
)

// CohortMember is one enrolment as its cohort sees it. It is written from the enrolment, after it was saved.
type CohortMember struct {
	Enrolment EnrolmentID `json:"enrolment"`
	Rev       int64       `json:"rev"` // of the enrolment it was written from
	Cohort    CohortID    `json:"cohort"`
	Learner   PersonID    `json:"learner"`
	JoinedAt  time.Time   `json:"joined_at"`
	State     string      `json:"state"`
	Version   int         `json:"version,omitempty"` // of the workflow; 0: written before this was kept
	ActiveAt  time.Time   `json:"active_at"`         // the day of the learner's last act
	Zone      string      `json:"zone,omitempty"`
	Waits     []StepID    `json:"waits,omitempty"` // steps with wait_for that this active member is not ready for
	Ready     []StepID    `json:"ready,omitempty"` // ... that it is ready for
	Talks     []StepID    `json:"talks,omitempty"` // steps with a thread of the group that have opened
}

// MemberRef is where a member stands in the order of its cohort; the zero value is before the first.
type MemberRef struct {
	JoinedAt  time.Time   `json:"joined_at,omitzero"`
	Enrolment EnrolmentID `json:"enrolment,omitempty"`
}

// Ref is the place of a member.
func (m CohortMember) Ref() MemberRef { return MemberRef{JoinedAt: m.JoinedAt, Enrolment: m.Enrolment} }

// Groups are a cohort's groups of peers, by order of their making. They are a document of their own, which is read only
// when groups change: a decision knows its mates from the enrolment.
type Groups struct {
	Cohort  CohortID                  `json:"cohort"`
	Rev     int64                     `json:"rev"` // 0 before the first SaveGroups
	Groups  [][]Mate                  `json:"groups,omitempty"`
	Dropped map[EnrolmentID]time.Time `json:"dropped,omitempty"` // taken out, until they act again
	Tell    []EnrolmentID             `json:"tell,omitempty"`    // enrolments that do not know of their group yet
	Tries   map[EnrolmentID]int       `json:"tries,omitempty"`   // of Tell: how often telling has failed
}

// Mate is somebody in a group of peers.
type Mate struct {
	Enrolment EnrolmentID `json:"enrolment"`
	Person    PersonID    `json:"person"`
}

// CohortStore keeps cohorts, their members and their groups.
type CohortStore interface {
	// Cohort is ErrNotFound for one that was never written.
	Cohort(ctx context.Context, id CohortID) (Cohort, error)
	// CreateCohort stores c with Rev 1; ErrConflict if the id is taken.
	CreateCohort(ctx context.Context, c Cohort) error
	// SaveCohort replaces the document whose Rev is c.Rev and stores it with Rev+1.
	SaveCohort(ctx context.Context, c Cohort) error
	// TellingCohorts lists those with Tell set.
	TellingCohorts(ctx context.Context, limit int) ([]CohortID, error)

	// PutMember upserts by enrolment, unless what is kept was written from a later Rev: then nil, untouched.
	PutMember(ctx context.Context, m CohortMember) error
	// MembersOf lists a cohort's members behind a place, by JoinedAt, then enrolment.
	MembersOf(ctx context.Context, id CohortID, after MemberRef, limit int) ([]CohortMember, error)
	// MemberOf is the member of an enrolment.
	MemberOf(ctx context.Context, e EnrolmentID) (CohortMember, error)
	// GateState tells whether any member of a cohort has the step in Waits, and any in Ready.
	GateState(ctx context.Context, id CohortID, step StepID) (waits, ready bool, err error)

	// Groups is empty, with Rev 0, for a cohort without.
	Groups(ctx context.Context, id CohortID) (Groups, error)
	// SaveGroups replaces the document whose Rev is g.Rev, or makes it if that is 0, and stores it with Rev+1.
	SaveGroups(ctx context.Context, g Groups) error
	// TellingGroups lists the cohorts whose groups have somebody to tell.
	TellingGroups(ctx context.Context, limit int) ([]CohortID, error)
}

// CohortFacts is what a decision needs of the cohort.
type CohortFacts struct {
	Cohort
	First time.Time      // when the first member enrolled; zero: nobody yet
	Zone  string         // the cohort's; never empty
	Mates []CohortMember // those of the group of peers, as they are now
}

// Membership is what an enrolment knows of its cohort, and what the cohort is to learn of it (an outbox).
type Membership struct {
	Label     string    `json:"label,omitempty"` // of the cohort, if a coach split it
	ActiveAt  time.Time `json:"active_at,omitzero"`
	Start     time.Time `json:"start,omitzero"`  // course_start, as the cohort said last
	Zone      string    `json:"zone,omitempty"`  // the learner's when they joined
	Ready     []StepID  `json:"ready,omitempty"` // steps that only wait for the cohort
	Group     int       `json:"group,omitempty"` // number of the group of peers; 0: in none
	Mates     []Mate    `json:"mates,omitempty"` // the others in it
	DroppedAt time.Time `json:"dropped_at,omitzero"`

	Told    string `json:"told,omitempty"`    // hash of the member that the cohort knows, or is being told of
	Tell    bool   `json:"tell,omitempty"`    // the member is to be written
	Regroup bool   `json:"regroup,omitempty"` // a group is sought, or is to be looked through
	// Left are the parts of the cohort that the learner was taken out of since: their gates may wait for nobody now.
	Left []string `json:"left,omitempty"`
}

func (m *Membership) clone() *Membership {
	if m == nil {
		return nil
	}
	c := *m
	c.Ready, c.Mates, c.Left = slices.Clone(m.Ready), slices.Clone(m.Mates), slices.Clone(m.Left)
	return &c
}

func (m *Membership) same(o *Membership) bool {
	if m == nil || o == nil {
		return m == o
	}
	return m.Label == o.Label && m.ActiveAt.Equal(o.ActiveAt) && m.Start.Equal(o.Start) && m.Zone == o.Zone && slices.Equal(m.Ready, o.Ready) && m.Group == o.Group &&
		slices.Equal(m.Mates, o.Mates) && m.DroppedAt.Equal(o.DroppedAt) && m.Told == o.Told && m.Tell == o.Tell && m.Regroup == o.Regroup && slices.Equal(m.Left, o.Left)
}

// CohortKey says which cohort an enrolment belongs to.
func (e *Enrolment) CohortKey() CohortKey {
	k := CohortKey{Workflow: e.Workflow, Course: Course{Issuer: e.Course.Issuer, ID: e.Course.ID}}
	if e.Cohort != nil {
		k.Label = e.Cohort.Label
	}
	return k
}
