package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Enrolling says whom to enrol where: a person we know, an account of the LMS, or the e-mail address of a learner who is
// on the course's roster or launched before.
type Enrolling struct {
	Workflow WorkflowID
	Course   Course // issuer and id
	Person   PersonID
	Subject  string // of the account, in the course's issuer; made if new
	Name     string // of a new account; who is known keeps theirs
	Email    string // as Name; without Person and Subject it says who
}

// Enrol enrols somebody who has not launched, or resumes who was unenrolled; who takes part already stays as they are.
// A teacher of the course or the tenant itself does. Mails lead to the course's own link, if anybody has launched it.
func (s *Service) Enrol(ctx context.Context, by Actor, en Enrolling) (*Enrolment, error) {
	r := s.enrolOne(ctx, by, en)
	return r.Enrolment, r.Err
}

func (s *Service) enrolOne(ctx context.Context, by Actor, en Enrolling) EnrolResult {
	fail := func(err error) EnrolResult { return EnrolResult{Err: fmt.Errorf("enrol: %w", err)} }
	if en.Course.Issuer == "" || en.Course.ID == "" || en.Workflow == "" {
		return fail(fmt.Errorf("workflow, or issuer or id of the course missing: %w", ErrInvalid))
	}
	if err := s.mayCoachIn(ctx, by, en.Course); err != nil {
		return fail(err)
	}
	p, err := s.toEnrol(ctx, en)
	if err != nil {
		return fail(err)
	}
	link, err := s.courseLink(ctx, en.Course, en.Workflow)
	if err != nil {
		return fail(err)
	}
	before, err := s.o.Store.FindEnrolment(ctx, en.Workflow, p.ID, en.Course)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fail(err)
	}
	e, err := s.enrolPerson(ctx, by, by.source(), en.Workflow, en.Course, p, link)
	if err != nil {
		return fail(err)
	}
	out := EnrolResult{Enrolment: e, What: EnrolledThere}
	switch {
	case before == nil:
		out.What = EnrolledNew
	case !before.Anchors[AnchorUnenrolled].IsZero():
		out.What = EnrolledAgain
	}
	return out
}

// toEnrol is the person to enrol: one with an account, for only they can launch.
func (s *Service) toEnrol(ctx context.Context, en Enrolling) (Person, error) {
	switch {
	case en.Person != "":
		p, err := s.Person(ctx, en.Person)
		if err == nil && p.Issuer != en.Course.Issuer {
			err = fmt.Errorf("person %s has no account in the LMS of the course: %w", p.ID, ErrInvalid)
		}
		return p, err
	case en.Subject != "":
		if len(en.Subject) > maxAccount {
			return Person{}, fmt.Errorf("a subject of more than %d bytes: %w", maxAccount, ErrInvalid)
		}
		p, err := s.o.Store.PersonByAccount(ctx, en.Course.Issuer, en.Subject)
		if errors.Is(err, ErrNotFound) {
			return s.account(ctx, en.Course.Issuer, en.Subject, en.Name, en.Email, "", "")
		}
		if err != nil {
			return Person{}, fmt.Errorf("find person: %w", err)
		}
		return p, nil // only their launch and the roster say what they are called and where they are reached
	}
	address, ok := validEmail(en.Email)
	if !ok {
		return Person{}, FieldErrors{{Field: "email", Key: "error.not_an_email"}}
	}
	found, err := s.named(ctx, ByEmail(address))
	if err != nil {
		return Person{}, err
	}
	roster, err := s.Roster(ctx, en.Course)
	if err != nil {
		return Person{}, err
	}
	for _, entry := range roster {
		p, err := s.Person(ctx, entry.Person)
		if err != nil {
			return Person{}, err
		}
		if a, _ := validEmail(p.Email); a == address && !slices.ContainsFunc(found, func(f Person) bool { return f.ID == p.ID }) {
			found = append(found, p)
		}
	}
	found = slices.DeleteFunc(found, func(p Person) bool { return p.Issuer != en.Course.Issuer })
	switch len(found) {
	case 0:
		return Person{}, fmt.Errorf("nobody of that address is on the roster or has launched; enrol by the account (subject): %w", ErrNotFound)
	case 1:
		return found[0], nil
	}
	return Person{}, fmt.Errorf("%d people have that address; enrol by the account (subject): %w", len(found), ErrConflict)
}

func (s *Service) courseLink(ctx context.Context, c Course, w WorkflowID) (*CourseLink, error) {
	links, err := s.o.Store.CourseLinks(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("load the links of the course: %w", err)
	}
	if i := slices.IndexFunc(links, func(l CourseLink) bool { return l.Workflow == w }); i >= 0 {
		return &links[i], nil
	}
	return nil, nil //nolint:nilnil // the course has none
}

// enrolPerson enrols a person, or resumes their enrolment. What is known of the completion of the course counts.
func (s *Service) enrolPerson(ctx context.Context, by Actor, source string, w WorkflowID, c Course, p Person, link *CourseLink) (*Enrolment, error) {
	fill := func(e *Enrolment) {
		if link != nil {
			link.lead(e)
		}
	}
	return s.place(ctx, w, p, c, fill, func(_ *Workflow, e *Enrolment) (event, error) {
		ev := enrolled{by: by, source: source, link: link}
		if e.Anchors[AnchorCourseCompleted].IsZero() {
			signals, err := s.signalsOf(ctx, p)
			if err != nil {
				return nil, err
			}
			ev.completed = notesFor(e, signals)
		}
		return ev, nil
	})
}

// maxRosterEnrol bounds how many one reading of a roster enrols in one workflow; the next enrols more.
const maxRosterEnrol = 200

// enrolRoster enrols everybody on a course's roster in the workflows whose link says so (ParamEnrol), so that what is to
// be done before a course opens for those too who never launched. Staff of the course is not enrolled, nor who left it.
func (s *Service) enrolRoster(ctx context.Context, c Course, known map[string]RosterEntry) (int, error) {
	links, err := s.o.Store.CourseLinks(ctx, c)
	if err != nil {
		return 0, fmt.Errorf("enrol by roster: %w", err)
	}
	links = slices.DeleteFunc(links, func(l CourseLink) bool { return !l.Roster })
	if len(links) == 0 {
		return 0, nil
	}
	staff, err := s.o.Store.StaffOf(ctx, c)
	if err != nil {
		return 0, fmt.Errorf("enrol by roster: %w", err)
	}
	there, err := s.o.Store.EnrolmentsIn(ctx, c, maxAwaiting)
	if err != nil {
		return 0, fmt.Errorf("enrol by roster: %w", err)
	}
	has := map[string]bool{}
	for _, e := range there {
		has[string(e.Workflow)+" "+string(e.Learner)] = true
	}
	var subjects []string
	for subject := range known {
		subjects = append(subjects, subject)
	}
	slices.Sort(subjects)
	total := 0
	for _, l := range links {
		n := 0
		for _, subject := range subjects {
			entry := known[subject]
			if entry.Status != Enrolled || has[string(l.Workflow)+" "+string(entry.Person)] || n >= maxRosterEnrol ||
				slices.ContainsFunc(staff, func(m Staff) bool { return m.Person == entry.Person }) {
				continue
			}
			p, err := s.Person(ctx, entry.Person)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return total, fmt.Errorf("enrol by roster: %w", err)
			}
			course := l.Course
			if _, err := s.enrolPerson(ctx, Actor{System: "roster"}, "roster", l.Workflow, course, p, &l); err != nil {
				return total, fmt.Errorf("enrol by roster in %s: %w", l.Workflow, err)
			}
			n++
		}
		total += n
	}
	return total, nil
}
