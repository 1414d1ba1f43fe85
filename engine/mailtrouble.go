package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MailTrouble is what mail servers and receivers said of a person's address. It is about Address alone: another address
// starts afresh.
type MailTrouble struct {
	Address    string    `json:"address,omitempty"`
	Bounced    time.Time `json:"bounced,omitzero"`    // refused for good, or five times in a row
	Complained time.Time `json:"complained,omitzero"` // marked as spam
	Soft       int       `json:"soft,omitempty"`      // refusals for now, in a row
	SoftOf     string    `json:"soft_of,omitempty"`   // ... of these mails (short hashes, with blanks between)
}

// maxSoft is how many refusals for now in a row count as one for good.
const maxSoft = 5

// MailStopped tells whether nothing is mailed to the person's address any more, because it came back or they complained.
func (p Person) MailStopped() bool {
	t := p.MailTrouble
	return p.Email != "" && t.Address == p.Email && (!t.Bounced.IsZero() || !t.Complained.IsZero())
}

// unreachable tells whether a person can get no message at all: no pages in the LMS, and no address that works.
func (p Person) unreachable() bool { return !p.known() && (p.Email == "" || p.MailStopped()) }

// MailReport is what a mail service says became of a mail.
type MailReport struct {
	Kind      ReportKind
	Recipient string // the address
	Mail      string // which mail it is about, as the service names it, or the report; "": not told
}

// ReportKind is what a MailReport says.
type ReportKind string

// A hard bounce and a complaint stop mails at once; soft bounces do when five come in a row, with no delivery between.
const (
	HardBounce ReportKind = "hard"
	SoftBounce ReportKind = "soft"
	Complaint  ReportKind = "complaint"
	Delivered  ReportKind = "delivered"
)

// ReportMail takes what a mail service reports of an address, for everybody who has it. Who waits for their answer is
// told, and the stand-in is asked. An address of nobody is no error.
func (s *Service) ReportMail(ctx context.Context, r MailReport) error {
	email, ok := validEmail(r.Recipient)
	if !ok {
		return fmt.Errorf("report on mail: no address: %w", ErrInvalid)
	}
	people, err := s.peopleAt(ctx, email)
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range people {
		errs = append(errs, s.reportOn(ctx, p, email, r))
	}
	return errors.Join(errs...)
}

// peopleAt are those whose address it is, with and without an account.
func (s *Service) peopleAt(ctx context.Context, email string) ([]Person, error) {
	var out []Person
	add := func(p Person, err error) error {
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err == nil && p.Email == email {
			out = append(out, p)
		}
		return err
	}
	if err := add(s.o.Store.PersonByEmail(ctx, email)); err != nil {
		return nil, fmt.Errorf("find the receiver: %w", err)
	}
	aliases, err := s.o.Store.AliasesOf(ctx, ByEmail(email))
	if err != nil {
		return nil, fmt.Errorf("find the receiver: %w", err)
	}
	for _, a := range aliases {
		if err := add(s.o.Store.PersonByAccount(ctx, a.Issuer, a.Subject)); err != nil {
			return nil, fmt.Errorf("find the receiver: %w", err)
		}
	}
	return out, nil
}

// reportOn notes a report on a person, and if mails stop by it, tells the enrolments in which they are asked.
func (s *Service) reportOn(ctx context.Context, p Person, email string, r MailReport) error {
	stopped := false
	err := s.changePerson(ctx, p.ID, func(p *Person) {
		was := p.MailStopped()
		p.mailTrouble(email, r, s.now())
		stopped = !was && p.MailStopped()
	})
	if err != nil || !stopped {
		return err
	}
	messages, err := s.o.Store.MessagesTo(ctx, p.ID, maxMessages)
	if err != nil {
		return fmt.Errorf("load messages to %s: %w", p.ID, err)
	}
	var errs []error
	told := map[EnrolmentID]bool{}
	for _, m := range messages {
		if m.Request == "" || told[m.Enrolment] {
			continue
		}
		told[m.Enrolment] = true
		if err := s.Wake(ctx, m.Enrolment); err != nil && !errors.Is(err, ErrNotFound) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// softOf names the mail of a report, in short. Where the service does not say which mail it is, reports of one hour are
// about the same: services send a report again until they are heard.
func (r MailReport) softOf(now time.Time) string {
	mail := r.Mail
	if mail == "" {
		mail = now.UTC().Format("2006-01-02T15")
	}
	sum := sha256.Sum256([]byte(mail))
	return hex.EncodeToString(sum[:4])
}

// mailTrouble notes a report on the address a person has now. The same report once more changes nothing.
func (p *Person) mailTrouble(email string, r MailReport, now time.Time) {
	if p.Email != email {
		return
	}
	if p.MailTrouble.Address != email {
		p.MailTrouble = MailTrouble{Address: email}
	}
	t := &p.MailTrouble
	switch r.Kind {
	case Delivered:
		t.Soft, t.SoftOf = 0, ""
	case SoftBounce:
		mail := r.softOf(now)
		known := strings.Fields(t.SoftOf)
		if slices.Contains(known, mail) {
			break
		}
		if known = append(known, mail); len(known) > maxSoft {
			known = known[1:]
		}
		t.SoftOf = strings.Join(known, " ")
		if t.Soft++; t.Soft >= maxSoft && t.Bounced.IsZero() {
			t.Bounced = now
		}
	case HardBounce:
		if t.Bounced.IsZero() {
			t.Bounced = now
		}
	case Complaint:
		if t.Complained.IsZero() {
			t.Complained = now
		}
	}
	if *t == (MailTrouble{Address: email}) {
		*t = MailTrouble{}
	}
}

// ClearMailReports lets mails go again to an address, of everybody who has it, and says of how many.
func (s *Service) ClearMailReports(ctx context.Context, address string) (int, error) {
	email, ok := validEmail(address)
	if !ok {
		return 0, fmt.Errorf("let mails go again: no address: %w", ErrInvalid)
	}
	people, err := s.peopleAt(ctx, email)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, p := range people {
		if p.MailTrouble == (MailTrouble{}) {
			continue
		}
		if err := s.ClearMailTrouble(ctx, p.ID); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// ClearMailTrouble lets mails go to a person's address again: somebody has mended it, or was asked.
func (s *Service) ClearMailTrouble(ctx context.Context, id PersonID) error {
	return s.changePerson(ctx, id, func(p *Person) { p.MailTrouble = MailTrouble{} })
}
