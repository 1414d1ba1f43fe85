package engine

import (
	"encoding/json"
	"strings"
	"time"
)

// What stores index is said here, so that every store means the same. Instants are nanoseconds since 1970 in UTC; 0 is
// the zero time: never.

// Nanos is a time as stores index it.
func Nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// Key joins parts so that no two lists of parts look alike.
func Key(parts ...string) string {
	joined, _ := json.Marshal(parts) // strings always marshal
	return string(joined)
}

// Key tells courses apart: by issuer and the LMS's id, whatever the title.
func (c Course) Key() string { return Key(c.Issuer, c.ID) }

// EnrolmentKey is what a learner has once: a workflow in a course.
func EnrolmentKey(w WorkflowID, learner PersonID, c Course) string {
	return Key(string(w), string(learner), c.Issuer, c.ID)
}

// Key is what may exist only once.
func (e *Enrolment) Key() string { return EnrolmentKey(e.Workflow, e.Learner, e.Course) }

// OutboxSince is when an enrolment with statements or messages in its outbox, or news for its cohort, was last saved; 0:
// there are none.
func (e *Enrolment) OutboxSince() int64 {
	if len(e.Statements) == 0 && len(e.Messages) == 0 && (e.Cohort == nil || !e.Cohort.Tell && !e.Cohort.Regroup) {
		return 0
	}
	return max(Nanos(e.UpdatedAt), 1)
}

// GradeAt is when the waiting grade is to be passed back (again); 0: none waits.
func (e *Enrolment) GradeAt() int64 {
	if e.Grade == nil {
		return 0
	}
	return max(Nanos(e.Grade.RetryAt), Nanos(e.Grade.At), 1)
}

// ReadyAt is when a message needs a worker; 0: never again.
func (m Message) ReadyAt() int64 {
	switch m.State {
	case MessageWaiting:
		return max(Nanos(m.DueAt), 1)
	case MessageSending:
		return max(Nanos(m.ClaimedUntil), 1)
	}
	return 0
}

// Key is what may exist only once: the account in the LMS; of someone without account the e-mail address; of someone
// with neither nothing but the id.
func (p Person) Key() string {
	switch {
	case p.Issuer != "" || p.Subject != "":
		return AccountKey(p.Issuer, p.Subject)
	case strings.TrimSpace(p.Email) != "":
		return EmailKey(p.Email)
	}
	return Key("id", string(p.ID))
}

// AccountKey is the Key of whoever has that account.
func AccountKey(issuer, subject string) string { return Key("account", issuer, subject) }

// EmailKey is the Key of whoever has no account but that address, in any case.
func EmailKey(email string) string { return Key("email", strings.ToLower(strings.TrimSpace(email))) }

// PreviewAt is when a preview was last looked at by a launch; 0: it is none.
func (e *Enrolment) PreviewAt() int64 {
	if !e.Preview {
		return 0
	}
	return max(Nanos(e.LaunchedAt), Nanos(e.CreatedAt), 1)
}
