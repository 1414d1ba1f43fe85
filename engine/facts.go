package engine

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
)

// facts gathers what a decision on an enrolment needs of other documents.
func (s *Service) facts(ctx context.Context, w *Workflow, e *Enrolment) (Facts, error) {
	learner, err := s.o.Store.Person(ctx, e.Learner)
	if err != nil {
		return Facts{}, fmt.Errorf("load learner of enrolment %s: %w", e.ID, err)
	}
	f := Facts{Tenant: s.o.Tenant, IRIBase: s.o.IRIBase, Learner: learner, People: map[PersonID]Person{}, Candidates: map[Role][]Assignment{}}
	var staff []Staff
	for _, role := range []Role{Manager, Peer, Coach} {
		for _, from := range w.Roles[role].From {
			if key, ok := strings.CutPrefix(from, "launch.custom."); ok {
				for _, address := range addresses(e.Custom[key]) {
					p, found, err := s.knownReviewer(ctx, address, learner)
					if err != nil {
						return Facts{}, err
					}
					if found {
						f.People[p.ID] = p
						f.Candidates[role] = append(f.Candidates[role], Assignment{Person: p.ID, Source: from})
					}
				}
			}
			want, ok := strings.CutPrefix(from, "launch.role.")
			if named, rostered := strings.CutPrefix(from, "roster.role."); rostered {
				want, ok = rosterRole+named, true
			}
			if ok {
				if staff == nil {
					if staff, err = s.o.Store.StaffOf(ctx, e.Course); err != nil {
						return Facts{}, fmt.Errorf("load staff: %w", err)
					}
				}
				for _, m := range staff {
					if m.Role == want && standsBehind(staff, m.Person, learner) {
						f.Candidates[role] = append(f.Candidates[role], Assignment{Person: m.Person, Source: from})
					}
				}
			}
		}
	}
	if f.Cohort, err = s.cohortFacts(ctx, w, e, learner); err != nil {
		return Facts{}, err
	}
	if e.Cohort != nil && w.peers() > 0 {
		for _, m := range e.Cohort.Mates {
			f.Candidates[Peer] = append(f.Candidates[Peer], Assignment{Person: m.Person, Source: withCohort})
		}
	}
	if err := s.people(ctx, e, &f); err != nil {
		return Facts{}, err
	}
	if _, assumes := w.Anchors[AnchorCourseCompleted]; assumes && e.Anchors[AnchorCourseCompleted].IsZero() && e.State == Active {
		f.CourseSends, err = s.courseSends(ctx, w, e, f)
	}
	return f, err
}

// people loads everybody an enrolment names.
func (s *Service) people(ctx context.Context, e *Enrolment, f *Facts) error {
	need := map[PersonID]bool{}
	for _, as := range f.Candidates {
		for _, a := range as {
			need[a.Person] = true
		}
	}
	for _, a := range e.Named {
		need[a.Person] = true
	}
	for _, as := range e.Appointed {
		for _, a := range as {
			need[a.Person] = true
		}
	}
	for _, st := range e.Steps {
		for _, r := range st.Requests {
			if r.Waiting() {
				need[r.Person] = true
			}
		}
	}
	for id := range need {
		if _, ok := f.People[id]; ok {
			continue
		}
		p, err := s.o.Store.Person(ctx, id)
		if err != nil {
			return fmt.Errorf("load person %s: %w", id, err)
		}
		f.People[id] = p
	}
	return nil
}

// courseSends tells whether a course has sent completions, once that matters.
func (s *Service) courseSends(ctx context.Context, w *Workflow, e *Enrolment, f Facts) (bool, error) {
	d := &decision{w: w, e: e, f: f, now: s.now()}
	if m, ok := d.assumed(AnchorCourseCompleted); !ok || m.at.After(d.now) {
		return false, nil
	}
	others, err := s.o.Store.StandingsIn(ctx, e.Course, 200)
	if err != nil {
		return false, fmt.Errorf("load where others of the course stand: %w", err)
	}
	return slices.ContainsFunc(others, func(o Standing) bool { return o.Sent }), nil
}

// meet makes the people whom a launch names, if they are new. Looking at an enrolment only finds them.
func (s *Service) meet(ctx context.Context, w *Workflow, learner Person, custom map[string]string) error {
	for _, rule := range w.Roles {
		for _, from := range rule.From {
			if key, ok := strings.CutPrefix(from, "launch.custom."); ok {
				for _, address := range addresses(custom[key]) {
					gone, err := s.erasedReviewer(ctx, address)
					if err != nil {
						return err
					}
					if gone {
						continue
					}
					if _, _, err := s.reviewer(ctx, address, learner, "", ""); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// erasedReviewer tells whether whoever had an address was erased and has not been named anew.
func (s *Service) erasedReviewer(ctx context.Context, email string) (bool, error) {
	gone, err := s.buried(ctx, ByEmail(email))
	if err != nil || !gone {
		return false, err
	}
	_, err = s.o.Store.PersonByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return false, err
}

// knownReviewer is the person behind an e-mail address. Not found: nobody yet, no address, or the learner's own.
func (s *Service) knownReviewer(ctx context.Context, email string, learner Person) (Person, bool, error) {
	email, ok := validEmail(email)
	if !ok || learner.hasAddress(email) {
		return Person{}, false, nil
	}
	p, err := s.o.Store.PersonByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) {
		return Person{}, false, nil
	}
	if err != nil {
		return Person{}, false, fmt.Errorf("find reviewer: %w", err)
	}
	return p, true, nil
}

// reviewer is the person behind an e-mail address, made if new. Not found: no address, or the learner's own.
func (s *Service) reviewer(ctx context.Context, email string, learner Person, name string, namedBy PersonID) (Person, bool, error) {
	p, found, err := s.knownReviewer(ctx, email, learner)
	if found || err != nil {
		return p, found, err
	}
	email, ok := validEmail(email)
	if !ok || learner.hasAddress(email) {
		return Person{}, false, nil
	}
	p = Person{ID: PersonID(s.o.NewID()), Email: email, Name: name, NamedBy: namedBy, CreatedAt: s.now()}
	err = s.o.Store.CreatePerson(ctx, p)
	if err == nil || errors.Is(err, ErrConflict) { // or somebody else was faster
		p, err = s.o.Store.PersonByEmail(ctx, email)
	}
	if err != nil {
		return Person{}, false, fmt.Errorf("find reviewer: %w", err)
	}
	return p, true, nil
}

// validEmail is an address as we keep it: bare and in lower case.
func validEmail(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 254 || strings.ContainsAny(s, "\r\n<>\"") {
		return "", false
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return "", false
	}
	_, domain, _ := strings.Cut(s, "@")
	return strings.ToLower(s), strings.Trim(domain, ".") != ""
}
