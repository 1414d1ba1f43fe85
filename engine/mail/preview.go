package mail

import (
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// Wording words mails without sending them: what a receiver would read as plain text.
type Wording struct{}

// Word is the subject and the text of a mail that would be sent at a time. Of its own links it has those that m has.
func (Wording) Word(m engine.Mail, at time.Time) (subject, text string) {
	l := compose(m, at)
	return l.Subject, l.text()
}
