package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Who has a role in a course is read from its roster only if a workflow of the tenant says so by `roster.role.x`: in
// Moodle non-editing teachers look like learners, and what nobody asks for is not kept. Such a role is a Staff entry of
// its own kind, which lets nobody in anywhere.

// rosterRole stands before the word of a role that a roster told.
const rosterRole = "roster."

// maxRosterRoles bounds the people whom a roster gives a role in one course.
const maxRosterRoles = 60

// mentees is Staff.Of of a role somebody arrived with.
func mentees(role string, of []string) []string {
	if role != "mentor" {
		return nil
	}
	return slices.Clone(of[:min(len(of), 1000)])
}

// standsBehind tells whether a person may be taken for somebody of a learner: not a mentor of others only.
func standsBehind(staff []Staff, p PersonID, learner Person) bool {
	for _, m := range staff {
		if m.Person == p && len(m.Of) > 0 {
			return slices.Contains(m.Of, learner.Subject)
		}
	}
	return true
}

// rosterRoles are the roles that workflows take from rosters.
func (s *Service) rosterRoles(ctx context.Context) (map[string]bool, error) {
	all, err := s.Workflows(ctx)
	if err != nil {
		return nil, err
	}
	roles := map[string]bool{}
	for _, w := range all {
		for _, rule := range w.Roles {
			for _, from := range rule.From {
				if role, ok := strings.CutPrefix(from, "roster.role."); ok {
					roles[role] = true
				}
			}
		}
	}
	return roles, nil
}

// syncRosterRoles takes who has a role from a reading of the roster. Of a complete one those it does not have lose it.
func (s *Service) syncRosterRoles(ctx context.Context, c Course, reading RosterReading) error {
	roles, err := s.rosterRoles(ctx)
	if err != nil {
		return fmt.Errorf("sync roles by roster: %w", err)
	}
	staff, err := s.o.Store.StaffOf(ctx, c)
	if err != nil {
		return fmt.Errorf("sync roles by roster: %w", err)
	}
	had := map[string]Staff{}
	for _, m := range staff {
		if strings.HasPrefix(m.Role, rosterRole) {
			had[string(m.Person)+" "+m.Role] = m
		}
	}
	if len(roles) == 0 && len(had) == 0 {
		return nil
	}
	has := map[string]bool{}
	told := map[PersonID]bool{}
	count := len(had)
	for _, m := range reading.Members {
		p, known, err := s.rosterPerson(ctx, c, m, roles, count < maxRosterRoles)
		if err != nil {
			return err
		}
		if !known {
			continue
		}
		told[p.ID] = true
		if m.Left {
			continue
		}
		for _, role := range m.Roles {
			key := string(p.ID) + " " + rosterRole + role
			if !roles[role] {
				continue
			}
			has[key] = true
			if _, was := had[key]; was || count >= maxRosterRoles {
				continue
			}
			count++
			if err := s.o.Store.AddStaff(ctx, Staff{Issuer: c.Issuer, Course: c.ID, Person: p.ID, Role: rosterRole + role, Seen: s.now()}); err != nil {
				return fmt.Errorf("sync roles by roster: %w", err)
			}
		}
	}
	for key, m := range had {
		if !has[key] && (reading.Complete || told[m.Person]) {
			if err := s.o.Store.RemoveStaff(ctx, m); err != nil {
				return fmt.Errorf("sync roles by roster: %w", err)
			}
		}
	}
	return nil
}

// rosterPerson is the person of a member who has, or may have had, a role; made if new and may is true.
func (s *Service) rosterPerson(ctx context.Context, c Course, m RosterMember, roles map[string]bool, may bool) (Person, bool, error) {
	wanted := !m.Left && may && slices.ContainsFunc(m.Roles, func(r string) bool { return roles[r] })
	p, err := s.o.Store.PersonByAccount(ctx, c.Issuer, m.Subject)
	switch {
	case m.Subject == "" || errors.Is(err, ErrNotFound) && !wanted:
		return Person{}, false, nil
	case err != nil && !errors.Is(err, ErrNotFound):
		return Person{}, false, fmt.Errorf("sync roles by roster: %w", err)
	case err == nil && (!wanted || p.Email == m.Email && p.Name == m.Name):
		return p, true, nil
	}
	if gone, err := s.erasedLearner(ctx, ByAccount(c.Issuer, m.Subject)); err != nil || gone {
		return Person{}, false, err
	}
	p, err = s.account(ctx, c.Issuer, m.Subject, m.Name, m.Email, "", "")
	if err != nil {
		return Person{}, false, fmt.Errorf("sync roles by roster: %w", err)
	}
	return p, true, nil
}

// erasedLearner tells whether the person of an account was erased and has not come back by a launch of their own.
func (s *Service) erasedLearner(ctx context.Context, account Identity) (bool, error) {
	gone, err := s.buried(ctx, account)
	if err != nil || !gone {
		return false, err
	}
	_, err = s.o.Store.PersonByAccount(ctx, account.Issuer, account.Name)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return false, err
}
