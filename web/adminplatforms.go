package web

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/lti"
)

// platformsPage is the Body of the list of platforms.
type platformsPage struct {
	Operator bool
	Rows     []platformRow
}

type platformRow struct {
	lti.Registration
	Deployments []lti.Deployment // that the administrator may see
	LastLaunch  time.Time        // to the day; zero: none is known
	Whole       bool             // the administrator may change the registration itself
	Locked      bool             // an operator has suspended it, and the administrator is none
}

// Waiting counts deployments that wait to be approved.
func (p platformRow) Waiting() int {
	n := 0
	for _, d := range p.Deployments {
		if d.Status != lti.StatusActive && d.Status != lti.StatusSuspended {
			n++
		}
	}
	return n
}

const coursesLookedAt = 2000 // of one tenant, for the last launch

func (s *Site) listPlatforms(w http.ResponseWriter, r *http.Request, session *Session) error {
	rows, err := s.platformsOf(r, session)
	if err != nil {
		return err
	}
	return s.drawAdmin(w, r, session, http.StatusOK, "platforms", platformsPage{Operator: session.operator(), Rows: rows})
}

// platformsOf are the registrations an administrator may see: of own tenants, and
// those of others that have a deployment there.
func (s *Site) platformsOf(r *http.Request, session *Session) ([]platformRow, error) {
	regs, err := s.tool.Registrations(r.Context())
	if err != nil {
		return nil, err
	}
	launched, err := s.lastLaunches(r, session)
	if err != nil {
		return nil, err
	}
	var rows []platformRow
	for _, reg := range regs {
		row, err := s.platformRow(r, session, reg)
		if errors.Is(err, errNotYours) {
			continue
		}
		if err != nil {
			return nil, err
		}
		row.LastLaunch = launched[reg.ID]
		rows = append(rows, row)
	}
	return rows, nil
}

// platformRow is one registration as an administrator may see it.
func (s *Site) platformRow(r *http.Request, session *Session, reg lti.Registration) (platformRow, error) {
	row := platformRow{Registration: reg, Whole: session.administers(reg.Tenant), Locked: reg.LockedTo(session.authority())}
	all, err := s.tool.Deployments(r.Context(), reg.ID)
	if err != nil {
		return row, fmt.Errorf("web: deployments: %w", err)
	}
	for _, d := range all {
		if session.administers(d.Tenant) {
			row.Deployments = append(row.Deployments, d)
		}
	}
	if !row.Whole && len(row.Deployments) == 0 {
		return row, fmt.Errorf("registration of tenant %s: %w", reg.Tenant, errNotYours)
	}
	return row, nil
}

// lastLaunches are the days of the last launch, by registration.
func (s *Site) lastLaunches(r *http.Request, session *Session) (map[lti.RegistrationID]time.Time, error) {
	tenants, err := s.tenantsOf(r, session)
	if err != nil {
		return nil, err
	}
	last := map[lti.RegistrationID]time.Time{}
	for _, tenant := range tenants {
		for c, err := range s.tool.EachCourse(r.Context(), tenant, coursesLookedAt) {
			if err != nil {
				return nil, fmt.Errorf("web: last launches: %w", err)
			}
			if c.SeenAt.After(last[c.Registration]) {
				last[c.Registration] = c.SeenAt
			}
		}
	}
	return last, nil
}

// platformPage is the Body of the page of one registration.
type platformPage struct {
	platformRow
	Operator bool
	By       lti.Authority
	Tenants  []string
	Action   string
	Checks   []lti.Check // just made
	Failures []failureView
	KeySet   string
	Failing  []lti.KnownCourse // whose roster cannot be read
	Legacy   []string          // LTI 1.1 consumer keys of the tenant
	Events   string            // where Canvas delivers Live Events; empty: not a Canvas
}

// onePlatform finds the registration in the path. What an administrator may not
// see does not exist for them.
func (s *Site) onePlatform(r *http.Request, session *Session) (platformRow, error) {
	reg, err := s.tool.Registration(r.Context(), lti.RegistrationID(mux.Vars(r)["id"]))
	if errors.Is(err, lti.ErrNotFound) {
		return platformRow{}, fmt.Errorf("web: platform: %w", errNoPage)
	}
	if err != nil {
		return platformRow{}, err
	}
	row, err := s.platformRow(r, session, reg)
	if errors.Is(err, errNotYours) {
		return row, fmt.Errorf("web: platform: %w", errNoPage)
	}
	if err != nil {
		return row, err
	}
	launched, err := s.lastLaunches(r, session)
	row.LastLaunch = launched[row.ID]
	return row, err
}

func (s *Site) showPlatform(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.drawPlatform(w, r, session, nil)
}

func (s *Site) drawPlatform(w http.ResponseWriter, r *http.Request, session *Session, checks []lti.Check) error {
	row, err := s.onePlatform(r, session)
	if err != nil {
		return err
	}
	body := platformPage{
		platformRow: row, Operator: session.operator(), By: session.authority(), Checks: checks,
		Action: "/admin/platforms/" + string(row.ID), KeySet: s.tool.Setup().KeySetURL,
	}
	if body.Tenants, err = s.tenantsOf(r, session); err != nil {
		return err
	}
	if body.Failures, err = s.failuresOf(r, session, row.ID, 10); err != nil {
		return err
	}
	if body.Failing, err = s.failingCourses(r, session, row.ID); err != nil {
		return err
	}
	if row.Whole {
		if body.Legacy, err = s.tool.LegacyKeys(r.Context(), row.Tenant); err != nil {
			return err
		}
		if row.Registration.Family() == lti.FamilyCanvas {
			body.Events = s.tool.LiveEventsURL(row.ID)
		}
	}
	return s.drawAdmin(w, r, session, http.StatusOK, "platform", body)
}

// testPlatform runs the self-tests. They call the platform, so they are asked for
// by a button; the answer is shown and not kept.
func (s *Site) testPlatform(w http.ResponseWriter, r *http.Request, session *Session) error {
	row, err := s.onePlatform(r, session)
	if err != nil {
		return err
	}
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(90 * time.Second)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("web: self-test: %w", err)
	}
	if err := s.note(r, session, AuditEntry{Act: "registration.test", Tenant: row.Tenant, Object: string(row.ID)}); err != nil {
		return err
	}
	tenants, err := s.tenantsOf(r, session)
	if err != nil {
		return err
	}
	checks, err := s.tool.SelfTest(r.Context(), row.ID, tenants)
	if err != nil {
		return fmt.Errorf("web: self-test: %w", err)
	}
	return s.drawPlatform(w, r, session, checks)
}

// Product is how people call the platform's family.
func (p platformRow) Product() string {
	switch family := p.Family(); family {
	case "":
		return "LTI 1.3"
	case lti.FamilyMoodle:
		return "Moodle"
	case lti.FamilyCanvas:
		return "Canvas"
	case lti.FamilySakai:
		return "Sakai"
	case lti.FamilyBlackboard:
		return "Blackboard"
	case lti.FamilyBrightspace:
		return "Brightspace"
	default:
		return string(family)
	}
}
