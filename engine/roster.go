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

// RosterStatus is what the LMS's roster says of a person in a course.
type RosterStatus string

const (
	Enrolled RosterStatus = "active"
	Left     RosterStatus = "left"
)

// RosterEntry is a learner of a course as the LMS's roster has them, whether they ever launched or not. Who manages or
// teaches is never read from a roster: Moodle lists its non-editing teachers as learners.
type RosterEntry struct {
	Issuer  string       `json:"issuer"`
	Course  string       `json:"course"` // Course.ID
	Subject string       `json:"subject"`
	Person  PersonID     `json:"person"`
	Status  RosterStatus `json:"status"`
	Since   time.Time    `json:"since"`            // of the status
	Groups  []string     `json:"groups,omitempty"` // ids in the LMS, sorted
	Seen    string       `json:"seen"`             // hash of what the roster said of the person
}

// RosterStore keeps rosters.
type RosterStore interface {
	// PutRosterEntry upserts by (issuer, course, subject).
	PutRosterEntry(ctx context.Context, e RosterEntry) error
	// RosterOf lists a course's entries by subject, those after the given one, at most limit.
	RosterOf(ctx context.Context, c Course, after string, limit int) ([]RosterEntry, error)
}

// RosterMember is one person of a course as the LMS lists them now.
type RosterMember struct {
	Subject string
	Name    string
	Email   string
	Learner bool // has a learner's role; others are only noted as present
	Left    bool // listed as no longer there
	Groups  []string
	Roles   []string // words of the course's roles in lower case, as `roster.role.x` names them: mentor, manager, instructor …
}

// RosterReport counts what a reading of a roster changed.
type RosterReport struct{ New, Changed, Left, Returned, Enrolled int }

// rosterPage is how many entries are read at a time.
const rosterPage = 1000

// RosterReading is what an LMS answered when it was asked for a course's roster.
type RosterReading struct {
	Members  []RosterMember
	Complete bool      // everybody: who is missing has left
	At       time.Time // when it was asked; whoever launched after that is there, whatever it answered
}

// SyncRoster takes a reading of a course's roster. An enrolled learner who left gets no nudges until they return, by the
// roster or by a launch. Nothing is written for what has not changed. An empty complete listing is refused: a course that
// was launched has somebody in it.
func (s *Service) SyncRoster(ctx context.Context, c Course, reading RosterReading) (RosterReport, error) {
	if c.Issuer == "" || c.ID == "" {
		return RosterReport{}, fmt.Errorf("sync the roster: issuer or course missing: %w", ErrInvalid)
	}
	if reading.Complete && len(reading.Members) == 0 {
		return RosterReport{}, fmt.Errorf("sync the roster: a complete roster without anybody: %w", ErrInvalid)
	}
	known, err := s.roster(ctx, c)
	if err != nil {
		return RosterReport{}, err
	}
	r := &rosterSync{s: s, c: c, at: reading.At, known: known, present: map[string]bool{}}
	for _, m := range reading.Members {
		r.present[m.Subject] = !m.Left
		if err := r.member(ctx, m); err != nil {
			return r.report, err
		}
	}
	if reading.Complete {
		err = r.missing(ctx)
	}
	if err == nil {
		err = s.syncRosterRoles(ctx, c, reading)
	}
	if err == nil {
		r.report.Enrolled, err = s.enrolRoster(ctx, c, r.known)
	}
	return r.report, err
}

// Roster is a course's roster as last read, by subject.
func (s *Service) Roster(ctx context.Context, c Course) ([]RosterEntry, error) {
	known, err := s.roster(ctx, c)
	if err != nil {
		return nil, err
	}
	all := make([]RosterEntry, 0, len(known))
	for _, e := range known {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b RosterEntry) int {
		if a.Subject < b.Subject {
			return -1
		}
		return 1
	})
	return all, nil
}

// NotOpened lists those of a roster who are not on the course's board, and are no staff of it: the LMS has them as
// learners, and they never opened anything. It answers at most limit people, and how many there are.
func (s *Service) NotOpened(ctx context.Context, c Course, roster []RosterEntry, limit int) ([]Person, int, error) {
	here := map[PersonID]bool{}
	all, err := s.o.Store.StandingsIn(ctx, c, MaxStandings)
	if err != nil {
		return nil, 0, fmt.Errorf("load who is on the board: %w", err)
	}
	for _, one := range all {
		here[one.Learner] = true
	}
	staff, err := s.o.Store.StaffOf(ctx, c)
	if err != nil {
		return nil, 0, fmt.Errorf("load staff: %w", err)
	}
	for _, m := range staff {
		if !strings.HasPrefix(m.Role, rosterRole) {
			here[m.Person] = true
		}
	}
	var people []Person
	count := 0
	for _, e := range roster {
		if e.Status != Enrolled || here[e.Person] {
			continue
		}
		if count++; len(people) >= limit {
			continue
		}
		p, err := s.Person(ctx, e.Person)
		if err != nil {
			return nil, 0, err
		}
		people = append(people, p)
	}
	return people, count, nil
}

func (s *Service) roster(ctx context.Context, c Course) (map[string]RosterEntry, error) {
	known := map[string]RosterEntry{}
	for after := ""; ; {
		page, err := s.o.Store.RosterOf(ctx, c, after, rosterPage)
		if err != nil {
			return nil, fmt.Errorf("load the roster: %w", err)
		}
		for _, e := range page {
			known[e.Subject], after = e, e.Subject
		}
		if len(page) < rosterPage {
			return known, nil
		}
	}
}

// rosterSync is one run of SyncRoster.
type rosterSync struct {
	s       *Service
	c       Course
	at      time.Time // of the reading
	known   map[string]RosterEntry
	present map[string]bool // by subject
	report  RosterReport
}

// member takes what the roster says of one person.
func (r *rosterSync) member(ctx context.Context, m RosterMember) error {
	old, was := r.known[m.Subject]
	switch {
	case m.Subject == "" || !was && (m.Left || !m.Learner):
		return nil
	case m.Left && old.Status == Left:
		return nil
	case m.Left:
		return r.left(ctx, old)
	}
	seen := seenOf(m)
	if was && old.Seen == seen && old.Status == Enrolled {
		return nil
	}
	e := old
	if !was {
		gone, err := r.s.erasedLearner(ctx, ByAccount(r.c.Issuer, m.Subject))
		if err != nil || gone {
			return err
		}
	}
	if !was || old.Seen != seen {
		p, err := r.s.account(ctx, r.c.Issuer, m.Subject, m.Name, m.Email, "", "")
		if err != nil {
			return fmt.Errorf("sync the roster: %w", err)
		}
		e = RosterEntry{Issuer: r.c.Issuer, Course: r.c.ID, Subject: m.Subject, Person: p.ID, Status: old.Status, Since: old.Since, Groups: groupsOf(m), Seen: seen}
	}
	if was && old.Status == Left {
		return r.returned(ctx, e)
	}
	if was {
		r.report.Changed++
	} else {
		r.report.New++
		e.Status, e.Since = Enrolled, r.s.now()
	}
	return r.put(ctx, e)
}

// missing marks whom a complete roster does not have: those an earlier one had, and those who only ever launched.
func (r *rosterSync) missing(ctx context.Context) error {
	subjects := map[PersonID]string{}
	for _, e := range r.known {
		subjects[e.Person] = e.Subject
		if e.Status == Enrolled && !r.present[e.Subject] {
			if err := r.left(ctx, e); err != nil {
				return err
			}
		}
	}
	all, err := r.s.o.Store.EnrolmentsIn(ctx, r.c, MaxBoard)
	if err != nil {
		return fmt.Errorf("sync the roster: %w", err)
	}
	for _, e := range all {
		if e.Preview || !e.LeftAt.IsZero() {
			continue
		}
		subject, known := subjects[e.Learner]
		if !known {
			p, err := r.s.Person(ctx, e.Learner)
			if err != nil {
				return err
			}
			if p.Issuer != r.c.Issuer {
				continue
			}
			subject = p.Subject
		}
		entry, listed := r.known[subject]
		if r.present[subject] || listed && entry.Status == Enrolled { // seen to above
			continue
		}
		entry.Issuer, entry.Course, entry.Subject, entry.Person = r.c.Issuer, r.c.ID, subject, e.Learner
		if err := r.left(ctx, entry); err != nil {
			return err
		}
		entry.Status = Enrolled // once is enough, whatever came of it
		r.known[subject] = entry
	}
	return nil
}

// left notes that a learner left: first in their enrolments, so that an interruption is made up for. Nothing is noted of
// who launched after the roster was read: the next reading knows better.
func (r *rosterSync) left(ctx context.Context, e RosterEntry) error {
	mine, err := r.enrolments(ctx, e.Person)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(mine, func(e *Enrolment) bool { return e.LaunchedAt.After(r.at) }) {
		return nil
	}
	for _, one := range mine {
		if err := r.mark(ctx, one, leftCourse{readAt: r.at}); err != nil {
			return err
		}
	}
	e.Status, e.Since = Left, r.s.now()
	r.report.Left++
	return r.put(ctx, e)
}

// returned notes that a learner is back.
func (r *rosterSync) returned(ctx context.Context, e RosterEntry) error {
	mine, err := r.enrolments(ctx, e.Person)
	if err != nil {
		return err
	}
	for _, one := range mine {
		if one.LeftAt.IsZero() {
			continue
		}
		if err := r.mark(ctx, one, returnedToCourse{}); err != nil {
			return err
		}
	}
	e.Status, e.Since = Enrolled, r.s.now()
	r.report.Returned++
	return r.put(ctx, e)
}

// enrolments are a person's of the course.
func (r *rosterSync) enrolments(ctx context.Context, p PersonID) ([]*Enrolment, error) {
	all, err := r.s.o.Store.EnrolmentsOf(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("sync the roster: %w", err)
	}
	return slices.DeleteFunc(all, func(e *Enrolment) bool { return e.Course.Issuer != r.c.Issuer || e.Course.ID != r.c.ID }), nil
}

func (r *rosterSync) mark(ctx context.Context, e *Enrolment, ev event) error {
	_, err := r.s.change(ctx, e.ID, func(*Workflow, *Enrolment) (event, error) { return ev, nil })
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("sync the roster: %w", err)
	}
	return nil
}

func (r *rosterSync) put(ctx context.Context, e RosterEntry) error {
	r.known[e.Subject] = e
	if err := r.s.o.Store.PutRosterEntry(ctx, e); err != nil {
		return fmt.Errorf("sync the roster: %w", err)
	}
	return nil
}

// leftCourse is a learner missing in a roster that was read at readAt. A launch since then says more.
type leftCourse struct{ readAt time.Time }

func (ev leftCourse) apply(d *decision) error {
	if d.e.LeftAt.IsZero() && !d.e.LaunchedAt.After(ev.readAt) {
		d.e.LeftAt = d.now
	}
	return nil
}

// returnedToCourse is a learner listed again.
type returnedToCourse struct{}

func (returnedToCourse) apply(d *decision) error {
	d.e.LeftAt = time.Time{}
	return nil
}

// maxRosterGroups bounds the groups of one learner that are kept.
const maxRosterGroups = 200

func groupsOf(m RosterMember) []string {
	groups := slices.Clone(m.Groups)
	slices.Sort(groups)
	groups = slices.Compact(groups)
	return groups[:min(len(groups), maxRosterGroups)]
}

// seenOf is a hash of what is kept of a member.
func seenOf(m RosterMember) string {
	h := sha256.New()
	for _, v := range append([]string{m.Name, m.Email}, groupsOf(m)...) {
		fmt.Fprintf(h, "%d:%s", len(v), v)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
