package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

const (
	rosterFresh   = 55 * time.Minute // a roster read since is not read again by the hourly pass
	rosterTeacher = time.Minute      // nor by a teacher's launch
	rosterWhole   = 24 * time.Hour   // everybody is read at least so often, not the differences only
	rosterBackoff = 24 * time.Hour   // at most, after failures in a row
	rosterSoon    = 64               // courses that wait to be read after a launch; more wait for the pass
	rosterGroups  = 500              // groups kept of a course
)

// rosterJob reads a course's roster once an hour.
func (h *house) rosterJob() courseJob {
	return courseJob{name: "roster", run: func(ctx context.Context, r *rooms, c lti.KnownCourse) error {
		return h.syncRoster(ctx, r, c.CourseKey, rosterFresh)
	}}
}

// syncRoster hands a course's roster to the engine, unless it was read within
// fresh. A platform that fails is asked again later and later.
func (h *house) syncRoster(ctx context.Context, r *rooms, key lti.CourseKey, fresh time.Duration) error {
	c, err := h.tool.KnownCourse(ctx, key)
	if err != nil {
		return err
	}
	now := h.now()
	if c.MembershipsURL == "" || now.Sub(c.Synced.At) < fresh && !c.Synced.At.After(now) || now.Before(rosterAgain(c.Synced)) {
		return nil
	}
	synced := c.Synced
	synced.TriedAt = now
	groups, members, failure := h.readRoster(ctx, r, c, &synced)
	if failure == nil {
		synced.At, synced.Failures, synced.Cause, synced.Members = now, 0, "", members
	} else {
		synced.Failures, synced.Cause = synced.Failures+1, lti.CauseOf(failure)
	}
	if ctx.Err() != nil {
		return failure
	}
	_, err = h.tool.ChangeCourse(ctx, key, func(c *lti.KnownCourse) {
		c.Synced = synced
		if failure == nil {
			c.Groups = groups
		}
	})
	return errors.Join(failure, err)
}

// rosterAgain is when a course that failed is asked again.
func rosterAgain(s lti.Synced) time.Time {
	if s.Failures == 0 {
		return time.Time{}
	}
	return s.TriedAt.Add(min(15*time.Minute<<min(s.Failures, 10), rosterBackoff))
}

// readRoster reads a roster, or what has changed since, and hands it to the engine.
func (h *house) readRoster(ctx context.Context, r *rooms, c lti.KnownCourse, synced *lti.Synced) ([]lti.Group, int, error) {
	var groups []lti.Group
	if c.GroupsURL != "" {
		var err error
		if groups, err = h.tool.Groups(ctx, c.CourseKey, c.GroupsURL); err != nil {
			h.log.Warn("read the groups of a course", "registration", c.Registration, "course", c.Course, "error", err)
			groups = c.Groups // as they were
		}
		groups = groups[:min(len(groups), rosterGroups)]
	}
	query := lti.RosterQuery{Groups: len(groups) > 0}
	var roster lti.Roster
	whole, err := true, error(nil)
	if c.Synced.Differences != "" && c.GroupsURL == "" && c.Synced.Failures == 0 && h.now().Sub(c.Synced.WholeAt) < rosterWhole {
		roster, err = h.tool.Roster(ctx, c.CourseKey, c.Synced.Differences, lti.RosterQuery{})
		whole = err != nil // a link that has run out
	}
	if whole {
		roster, err = h.tool.Roster(ctx, c.CourseKey, c.MembershipsURL, query)
	}
	if err != nil {
		return nil, 0, err
	}
	var members []engine.RosterMember
	for _, m := range roster.Members {
		if m.IsPreview() {
			continue
		}
		members = append(members, engine.RosterMember{
			Subject: m.UserID, Name: m.Name, Email: m.Email, Learner: m.HasRole("Learner"),
			Left: m.Status != lti.MemberActive, Groups: m.Groups, Roles: rosterRoles(m),
		})
	}
	course := engine.Course{Registration: string(c.Registration), Issuer: c.Issuer, ID: c.Course, Title: c.Title}
	report, err := r.engine.SyncRoster(ctx, course, engine.RosterReading{Members: members, Complete: whole, At: synced.TriedAt})
	if err != nil {
		return nil, 0, err
	}
	if report != (engine.RosterReport{}) {
		h.log.Info("a roster was read", "registration", c.Registration, "course", c.Course, "new", report.New,
			"changed", report.Changed, "left", report.Left, "returned", report.Returned)
	}
	synced.Differences = roster.Differences
	count := c.Synced.Members
	if whole {
		synced.WholeAt, count = synced.TriedAt, len(members)
	}
	return groups, count, nil
}

// rosterRoles are the words by which workflows ask for people of a course: its
// context roles in lower case.
func rosterRoles(m lti.Member) []string {
	var roles []string
	for _, role := range []string{"Mentor", "Manager", "Instructor", "TeachingAssistant", "Administrator", "ContentDeveloper", "Officer"} {
		if m.HasRole(role) {
			roles = append(roles, strings.ToLower(role))
		}
	}
	return roles
}

// rosterWish asks for a roster to be read soon, after a launch.
type rosterWish struct {
	tenant string
	key    lti.CourseKey
	fresh  time.Duration
}

// launched is lti.Options.OnLaunch: a wish for the course's roster, and the page,
// which does not wait for it.
func (h *house) launched(w http.ResponseWriter, r *http.Request, l *lti.Launch) {
	h.wishRoster(l)
	h.site.Launched(w, r, l)
}

// wishRoster asks for a roster to be read: at once if a teacher came, else if it
// is an hour old.
func (h *house) wishRoster(l *lti.Launch) {
	key, ok := lti.KeyOf(l)
	if !ok || l.MembershipsURL == "" {
		return
	}
	wish := rosterWish{tenant: l.Tenant, key: key, fresh: rosterFresh}
	if l.IsInstructor() {
		wish.fresh = rosterTeacher
	}
	select {
	case h.wishes <- wish:
	default: // the hourly pass reads it
	}
}

// readWishes reads the rosters that launches ask for, one after the other, until
// ctx ends.
func (h *house) readWishes(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case wish := <-h.wishes:
			r, err := h.rooms(ctx, wish.tenant)
			if err == nil {
				err = h.runJob(ctx, syncTime, courseJob{name: "roster", run: func(ctx context.Context, r *rooms, c lti.KnownCourse) error {
					return h.syncRoster(ctx, r, c.CourseKey, wish.fresh)
				}}, r, lti.KnownCourse{CourseKey: wish.key})
			}
			if err != nil && ctx.Err() == nil {
				h.log.Warn("read a roster after a launch", "registration", wish.key.Registration, "course", wish.key.Course, "error", err)
			}
		}
	}
}
