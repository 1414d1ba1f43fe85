package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
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
}

// RosterReport counts what a reading of a roster changed.
type RosterReport struct{ New, Changed, Left, Returned int }

// rosterPage is how many entries are read at a time.
const rosterPage = 1000

// SyncRoster takes a course's roster. With complete, members is everybody: who is missing has left. An enrolled learner
// who left gets no nudges until they return, by the roster or by a launch. Nothing is written for what has not changed.
// An empty complete listing is refused: a course that was launched has somebody in it.
func (s *Service) SyncRoster(ctx context.Context, c Course, members []RosterMember, complete bool) (RosterReport, error) {
	var report RosterReport
	if c.Issuer == "" || c.ID == "" {
		return report, fmt.Errorf("sync the roster: issuer or course missing: %w", ErrInvalid)
	}
	if complete && len(members) == 0 {
		return report, fmt.Errorf("sync the roster: a complete roster without anybody: %w", ErrInvalid)
	}
	known, err := s.roster(ctx, c)
	if err != nil {
		return report, err
	}
	first := len(known) == 0
	present := map[string]bool{}
	for _, m := range members {
		present[m.Subject] = !m.Left
		if err := s.syncMember(ctx, c, known, m, &report); err != nil {
			return report, err
		}
	}
	if !complete {
		return report, nil
	}
	for _, e := range known {
		if e.Status == Enrolled && !present[e.Subject] {
			if err := s.rosterStatus(ctx, c, e, Left, &report); err != nil {
				return report, err
			}
		}
	}
	if first {
		return report, s.absentAtFirst(ctx, c, present, &report)
	}
	return report, nil
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

// syncMember takes what the roster says of one person.
func (s *Service) syncMember(ctx context.Context, c Course, known map[string]RosterEntry, m RosterMember, report *RosterReport) error {
	old, was := known[m.Subject]
	switch {
	case m.Subject == "" || !was && (m.Left || !m.Learner):
		return nil
	case m.Left && old.Status == Left:
		return nil
	case m.Left:
		return s.rosterStatus(ctx, c, old, Left, report)
	}
	seen := seenOf(m)
	if was && old.Seen == seen && old.Status == Enrolled {
		return nil
	}
	e := old
	if !was || old.Seen != seen {
		p, err := s.account(ctx, c.Issuer, m.Subject, m.Name, m.Email, "", "")
		if err != nil {
			return fmt.Errorf("sync the roster: %w", err)
		}
		e = RosterEntry{Issuer: c.Issuer, Course: c.ID, Subject: m.Subject, Person: p.ID, Status: old.Status, Since: old.Since, Groups: groupsOf(m), Seen: seen}
	}
	if was && old.Status == Left {
		return s.rosterStatus(ctx, c, e, Enrolled, report)
	}
	if was {
		report.Changed++
	} else {
		report.New++
		e.Status, e.Since = Enrolled, s.now()
	}
	return s.putEntry(ctx, e)
}

// rosterStatus notes that a learner left or returned: first in their enrolments, so that an interruption is made up for.
func (s *Service) rosterStatus(ctx context.Context, c Course, e RosterEntry, status RosterStatus, report *RosterReport) error {
	if err := s.markLeft(ctx, c, e.Person, status == Left); err != nil {
		return err
	}
	e.Status, e.Since = status, s.now()
	if status == Left {
		report.Left++
	} else {
		report.Returned++
	}
	return s.putEntry(ctx, e)
}

func (s *Service) putEntry(ctx context.Context, e RosterEntry) error {
	if err := s.o.Store.PutRosterEntry(ctx, e); err != nil {
		return fmt.Errorf("sync the roster: %w", err)
	}
	return nil
}

// markLeft tells a person's enrolments of a course that they left it, or returned.
func (s *Service) markLeft(ctx context.Context, c Course, p PersonID, left bool) error {
	all, err := s.o.Store.EnrolmentsOf(ctx, p)
	if err != nil {
		return fmt.Errorf("sync the roster: %w", err)
	}
	for _, e := range all {
		if e.Course.Issuer != c.Issuer || e.Course.ID != c.ID || e.LeftAt.IsZero() != left {
			continue
		}
		if err := s.setLeft(ctx, e.ID, left); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) setLeft(ctx context.Context, id EnrolmentID, left bool) error {
	_, err := s.change(ctx, id, func(*Workflow, *Enrolment) (event, error) { return moved{left: left}, nil })
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("sync the roster: %w", err)
	}
	return nil
}

// absentAtFirst marks who left before the roster was read for the first time.
func (s *Service) absentAtFirst(ctx context.Context, c Course, present map[string]bool, report *RosterReport) error {
	all, err := s.o.Store.EnrolmentsIn(ctx, c, maxBoard)
	if err != nil {
		return fmt.Errorf("sync the roster: %w", err)
	}
	for _, e := range all {
		if e.Preview || !e.LeftAt.IsZero() {
			continue
		}
		p, err := s.Person(ctx, e.Learner)
		if err != nil {
			return err
		}
		if p.Issuer != c.Issuer || present[p.Subject] {
			continue
		}
		if err := s.setLeft(ctx, e.ID, true); err != nil {
			return err
		}
		report.Left++
		if err := s.putEntry(ctx, RosterEntry{Issuer: c.Issuer, Course: c.ID, Subject: p.Subject, Person: p.ID, Status: Left, Since: s.now()}); err != nil {
			return err
		}
	}
	return nil
}

// moved is a learner leaving the course in the LMS, or coming back to it.
type moved struct{ left bool }

func (ev moved) apply(d *decision) error {
	switch {
	case !ev.left:
		d.e.LeftAt = time.Time{}
	case d.e.LeftAt.IsZero():
		d.e.LeftAt = d.now
	}
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
