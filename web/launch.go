package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// The launch parameters that the site reads; workflows may name more.
const (
	paramWorkflow = "workflow"
	paramZone     = "zone"
	paramRelaunch = "relaunch_url"
)

// setupPage is the Body of the page for an activity that names no workflow.
type setupPage struct {
	Staff     bool
	Asked     string
	Workflows []*engine.Workflow
	Admin     string // signs an administrator of the platform in; empty: is none
}

// Launched turns a validated launch into an arrival, a session and a redirect.
// It is lti.Options.OnLaunch.
func (s *Site) Launched(w http.ResponseWriter, r *http.Request, l *lti.Launch) {
	s.page(func(w http.ResponseWriter, r *http.Request) error {
		setPolicy(w.Header(), ancestorsOf(l.FrameURLs()...))
		return s.arrive(w, r, l)
	}).ServeHTTP(w, r)
}

func (s *Site) arrive(w http.ResponseWriter, r *http.Request, l *lti.Launch) error {
	anonymous := l.Subject == ""
	if anonymous { // let in by Options.AllowAnonymous: somebody new each time
		named := *l
		named.Subject = "anonymous-" + l.RequestID
		l = &named
	}
	v := s.view(r).speak(l.Locale)
	v.Frames = ancestorsOf(l.FrameURLs()...)
	service, err := s.tenant(r.Context(), l.Tenant)
	if err != nil {
		return err
	}
	session := Session{
		Tenant: l.Tenant, Registration: string(l.Registration.ID), Deployment: l.Deployment.ID, Course: courseOf(l),
		Ancestors: ancestorsOf(l.FrameURLs()...), Locale: l.Locale, Zone: zoneOf(l.Custom[paramZone]),
		ReturnURL: l.ReturnURL, RelaunchURL: relaunchOf(l),
	}
	switch l.MessageType {
	case lti.MessageDeepLinking:
		return s.arriveDesigner(w, r, l, service, session)
	case lti.MessageSubmissionReview:
		return s.arriveReviewer(w, r, l, service, session)
	}
	roles := staffRoles(l)
	staff := len(roles) > 0
	link := linkOf(l)
	visits := !staff && !l.IsLearner() && looksAfter(l) // has no steps of their own

	workflow, err := workflowOf(r.Context(), service, l)
	if err != nil {
		return fmt.Errorf("web: launch: %w", err)
	}
	if link.anyWorkflow() && !staff && !visits {
		return s.arrivePortfolio(w, r, l, service, session)
	}
	if !visits && !link.anyWorkflow() {
		_, err := service.Workflow(r.Context(), workflow, 0)
		if workflow == "" || errors.Is(err, engine.ErrNotFound) {
			return s.drawSetup(w, r, v, service, l, session, string(workflow))
		}
		if err != nil {
			return fmt.Errorf("web: launch: %w", err)
		}
	}
	if !visits && !link.anyWorkflow() && !link.part() && !anonymous && !l.IsPreview() {
		if err := service.KnowLink(r.Context(), engine.CourseLink{
			Course: session.Course, Workflow: workflow, DeploymentID: l.DeploymentID, ResourceLinkID: l.ResourceLink.ID,
			RelaunchURL: relaunchOf(l), LineItemsURL: l.LineItemsURL, Custom: l.Custom,
		}); err != nil {
			return fmt.Errorf("web: launch: %w", err)
		}
	}
	switch {
	case staff, visits:
		if visits {
			roles = []string{"mentor"}
			session.Role = RoleVisitor
		} else {
			session.Role, session.Administrator = RoleStaff, mayAdminister(l)
			session.Landing = link.staffLanding(workflow)
		}
		person, err := service.ArriveStaff(r.Context(), staffArrival(l, session, roles...))
		if err != nil {
			return fmt.Errorf("web: launch: %w", err)
		}
		session.Person = person.ID
	default:
		session.Role = RoleLearner
		if err := completes(r.Context(), service, l); err != nil {
			return fmt.Errorf("web: launch: %w", err)
		}
		enrolment, err := service.Arrive(r.Context(), engine.Arrival{
			Issuer: l.Issuer, Subject: l.Subject, Name: l.Name, Email: l.Email, Locale: l.Locale, Zone: session.Zone,
			Username: l.Username, Names: namesOf(l), Workflow: workflow, Course: session.Course,
			DeploymentID: l.DeploymentID, ResourceLinkID: l.ResourceLink.ID,
			LineItem: l.LineItemURL, LineItemsURL: l.LineItemsURL, RelaunchURL: relaunchOf(l),
			Custom: l.Custom, Preview: l.IsPreview() || anonymous, Part: link.part(),
		})
		if err != nil {
			return fmt.Errorf("web: launch: %w", err)
		}
		session.Person, session.Enrolment = enrolment.Learner, enrolment.ID
		s.launchedBy(w, r, service, session.Tenant, enrolment.Learner)
		session.Landing = link.landing()
	}
	return s.enter(w, r, session)
}

// workflowOf is the workflow of a launch: the one it names; a site with one
// workflow needs no name; "" is none.
func workflowOf(ctx context.Context, service *engine.Service, l *lti.Launch) (engine.WorkflowID, error) {
	if named := namedWorkflow(l); named != "" {
		return named, nil
	}
	all, err := service.Workflows(ctx)
	if err != nil || len(all) != 1 {
		return "", err
	}
	return all[0].ID, nil
}

// namedWorkflow is the workflow that a launch names: by the custom parameter, else
// in the query of its target; "" is none.
func namedWorkflow(l *lti.Launch) engine.WorkflowID {
	if named := l.Custom[paramWorkflow]; named != "" && !strings.HasPrefix(named, "$") {
		return engine.WorkflowID(named)
	}
	if target, err := url.Parse(l.TargetLinkURI); err == nil {
		return engine.WorkflowID(target.Query().Get(paramWorkflow))
	}
	return ""
}

// drawSetup says what is missing to those who can mend it, and to learners that
// somebody will.
func (s *Site) drawSetup(w http.ResponseWriter, r *http.Request, v *view, service *engine.Service, l *lti.Launch, session Session, asked string) error {
	body := setupPage{Staff: len(staffRoles(l)) > 0, Asked: asked}
	if body.Staff {
		var err error
		if body.Workflows, err = service.Workflows(r.Context()); err != nil {
			return fmt.Errorf("web: launch: %w", err)
		}
	}
	if body.Staff && mayAdminister(l) {
		person, err := service.ArriveStaff(r.Context(), staffArrival(l, session, staffRoles(l)...))
		if err != nil {
			return fmt.Errorf("web: launch: %w", err)
		}
		session.Role, session.Person = RoleAdmin, person.ID
		if body.Admin, err = s.adminLink(r.Context(), session); err != nil {
			return err
		}
	}
	return s.draw(w, http.StatusNotFound, "setup", v.titled("page.setup.title"), body)
}

// relaunchOf is where a mail leads the learner back: the page of the LMS that
// starts this launch again. Where we know of none it is what the admin gave as the
// custom parameter relaunch_url, else the way back that the platform signed, else
// the platform itself: the activity is a click or two from there.
func relaunchOf(l *lti.Launch) string {
	if known := l.RelaunchURL(); known != "" {
		return known
	}
	if own := l.Custom[paramRelaunch]; slices.Contains(ancestorsOf(l.FrameURLs()...), originOf(own)) {
		return own
	}
	for _, way := range []string{l.ReturnURL, l.Issuer} {
		if originOf(way) != "" {
			return way
		}
	}
	return ""
}

// courseOf is the course of a launch. A launch without one (its context is
// optional, LTI Core 1.3 §5.4.1) stands for a course of its own.
func courseOf(l *lti.Launch) engine.Course {
	c := engine.Course{Registration: string(l.Registration.ID), Issuer: l.Issuer, ID: l.Course.ID, Title: l.Course.Title}
	if c.ID == "" {
		c.ID, c.Title = "link:"+l.ResourceLink.ID, l.ResourceLink.Title
	}
	return c
}

// staffArrival is a launch by somebody who is no learner here; without a role they
// are known from then on, and no staff of the course.
func staffArrival(l *lti.Launch, session Session, roles ...string) engine.StaffArrival {
	return engine.StaffArrival{
		Issuer: l.Issuer, Subject: l.Subject, Name: l.Name, Email: l.Email, Locale: l.Locale, Zone: session.Zone,
		Course: session.Course, Roles: roles, MentorOf: l.MentorOf,
	}
}

// staffRoles are the words the engine has for the roles of teaching staff. Teaching
// assistants are instructors, by whichever of its forms the role is sent. Who
// develops content (Canvas calls them designers) sees the board and decides nothing
// about learners; who learns too is a learner.
func staffRoles(l *lti.Launch) []string {
	var roles []string
	if l.IsInstructor() || l.HasRole("TeachingAssistant") {
		roles = append(roles, "instructor")
	}
	if l.IsAdministrator() {
		roles = append(roles, "administrator")
	}
	if l.HasRole("ContentDeveloper") && !l.IsLearner() {
		roles = append(roles, "content_developer")
	}
	return roles
}

// looksAfter tells whether the person stands behind learners of the course: their
// mentor (an observer in Canvas) or manager.
func looksAfter(l *lti.Launch) bool { return l.IsMentor() || l.HasRole("Manager") }

// zoneOf is the IANA zone a platform named, or "": an unresolved variable comes
// as it is, and Moodle says 99 for "the server's".
func zoneOf(value string) string {
	if value == "" || value == "Local" || len(value) > 64 {
		return ""
	}
	if _, err := time.LoadLocation(value); err != nil {
		return ""
	}
	return value
}
