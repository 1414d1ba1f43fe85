package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Arrive takes a learner's launch: the first enrols, later ones bring what has changed. Every one is recorded.
func (s *Service) Arrive(ctx context.Context, a Arrival) (*Enrolment, error) {
	if a.Issuer == "" || a.Subject == "" || a.Course.ID == "" {
		return nil, fmt.Errorf("arrive: issuer, subject or course missing: %w", ErrInvalid)
	}
	a.Custom = boundCustom(a.Custom)
	if a.Course.Issuer == "" {
		a.Course.Issuer = a.Issuer
	}
	p, err := s.account(ctx, a.Issuer, a.Subject, a.Name, a.Email, a.Locale, a.Zone)
	if err != nil {
		return nil, fmt.Errorf("arrive: %w", err)
	}
	said, err := s.free(ctx, p, a.Names)
	if err != nil {
		return nil, fmt.Errorf("arrive: %w", err)
	}
	names := append([]Identity{ByEmail(a.Email), ByAccount(a.Issuer, a.Username)}, said...)
	if p, err = s.learnNames(ctx, p, names...); err != nil {
		return nil, fmt.Errorf("arrive: %w", err)
	}
	e, err := s.enrol(ctx, a, p)
	if err != nil {
		return nil, fmt.Errorf("arrive: %w", err)
	}
	if err := s.cameBack(ctx, e); err != nil {
		s.o.Log.Warn("note a return", "enrolment", e.ID, "error", err)
	}
	return e, nil
}

// enrol finds the enrolment of a launch and tells it of the launch, or makes it: in one write, launch and all.
func (s *Service) enrol(ctx context.Context, a Arrival, p Person) (*Enrolment, error) {
	fill := func(e *Enrolment) { e.Preview, e.Custom = a.Preview, a.Custom }
	return s.place(ctx, a.Workflow, p, a.Course, fill, func(w *Workflow, e *Enrolment) (event, error) { return s.arrival(ctx, w, e, a, p) })
}

// place finds the enrolment of a person in a workflow and course and tells it of an event, or makes one with it.
func (s *Service) place(ctx context.Context, workflow WorkflowID, p Person, c Course, fill func(*Enrolment), make func(*Workflow, *Enrolment) (event, error)) (*Enrolment, error) {
	for range maxTries {
		found, err := s.o.Store.FindEnrolment(ctx, workflow, p.ID, c)
		if err == nil {
			return s.change(ctx, found.ID, make)
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		w, err := s.Workflow(ctx, workflow, 0)
		if err != nil {
			return nil, err
		}
		e := &Enrolment{
			ID: EnrolmentID(s.o.NewID()), Workflow: w.ID, Version: w.Version, RegistrationID: uuid.NewString(), Learner: p.ID, Course: c,
			State: Active, CreatedAt: s.now(),
		}
		fill(e)
		ev, err := make(w, e)
		if err != nil {
			return nil, err
		}
		facts, err := s.facts(ctx, w, e)
		if err != nil {
			return nil, err
		}
		made, err := decide(w, e, facts, ev, s.now())
		if err != nil {
			return nil, err
		}
		err = s.o.Store.CreateEnrolment(ctx, made)
		if errors.Is(err, ErrConflict) {
			continue // a second window was faster
		}
		if err != nil {
			return nil, fmt.Errorf("create enrolment: %w", err)
		}
		s.after(ctx, made)
		return made, nil
	}
	return nil, fmt.Errorf("enrol: %w", ErrConflict)
}

// arrival is the event of a launch, with all it needs: who is named is known then, and what the course said before the
// first launch goes into the same write.
func (s *Service) arrival(ctx context.Context, w *Workflow, e *Enrolment, a Arrival, p Person) (event, error) {
	if err := s.meet(ctx, w, p, a.Custom); err != nil {
		return nil, err
	}
	if err := s.launchStart(ctx, w, e, a.Custom); err != nil {
		return nil, err
	}
	ev := arrived{a: a}
	if !e.Preview && e.Anchors[AnchorCourseCompleted].IsZero() {
		signals, err := s.signalsOf(ctx, p)
		if err != nil {
			return nil, err
		}
		launched := *e
		if len(a.Custom) > 0 {
			launched.Custom = a.Custom // by which sources may name the course
		}
		ev.completed = notesFor(&launched, signals)
	}
	return ev, nil
}

// ArriveStaff takes the launch of a teacher, administrator or mentor, who from then on is staff of the course. Whoever
// comes without a role is only known from then on.
func (s *Service) ArriveStaff(ctx context.Context, a StaffArrival) (Person, error) {
	if a.Issuer == "" || a.Subject == "" || a.Course.ID == "" {
		return Person{}, fmt.Errorf("arrive as staff: issuer, subject or course missing: %w", ErrInvalid)
	}
	if a.Course.Issuer == "" {
		a.Course.Issuer = a.Issuer
	}
	p, err := s.account(ctx, a.Issuer, a.Subject, a.Name, a.Email, a.Locale, a.Zone)
	if err != nil {
		return Person{}, fmt.Errorf("arrive as staff: %w", err)
	}
	for i, role := range a.Roles {
		if i >= 10 {
			break
		}
		if err := s.o.Store.AddStaff(ctx, Staff{Issuer: a.Course.Issuer, Course: a.Course.ID, Person: p.ID, Role: clip(role, 40), Seen: s.now(), Of: mentees(role, a.MentorOf)}); err != nil {
			return Person{}, fmt.Errorf("arrive as staff: %w", err)
		}
	}
	return p, nil
}

// account is the person of an LMS account, made if new, with what the launch says of them.
func (s *Service) account(ctx context.Context, issuer, subject, name, email, locale, zone string) (Person, error) {
	update := func(p *Person) {
		if name != "" {
			p.Name = clip(name, 200)
		}
		if e, ok := validEmail(email); ok {
			p.Email = e
		}
		if locale != "" && p.Preferences.Locale == "" {
			p.Locale = clip(locale, 40)
		}
		if _, ok := zoneOf(zone); ok && p.Preferences.Zone == "" {
			p.Zone = zone
		}
	}
	p, err := s.o.Store.PersonByAccount(ctx, issuer, subject)
	if errors.Is(err, ErrNotFound) {
		p = Person{ID: PersonID(s.o.NewID()), Issuer: issuer, Subject: subject, CreatedAt: s.now()}
		update(&p)
		err = s.o.Store.CreatePerson(ctx, p)
		if err == nil || errors.Is(err, ErrConflict) {
			p, err = s.o.Store.PersonByAccount(ctx, issuer, subject)
		}
	}
	if err != nil {
		return Person{}, fmt.Errorf("find person: %w", err)
	}
	if err := s.changePerson(ctx, p.ID, update); err != nil {
		return Person{}, err
	}
	return s.Person(ctx, p.ID)
}

// boundCustom keeps launch parameters small.
func boundCustom(in map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range in {
		if len(out) < 50 && len(k) <= 100 {
			out[k] = clip(v, 1000)
		}
	}
	return out
}

// clip cuts a text to at most n bytes, between characters.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "�")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
