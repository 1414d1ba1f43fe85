package web

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// The launch parameters of links that designers place (see pickPage), beside
// view=finish, which says that the course is completed and shows home.
const (
	paramStep     = "step"      // opens that step
	viewPortfolio = "portfolio" // shows what the person handed in, over all workflows
	viewBoard     = "board"     // of a course's menu: shows staff the board, learners what they have
)

// partLink is the part of a workflow that a launch asks for; zero: the whole.
type partLink struct {
	Step engine.StepID
	View string
}

var idShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// linkOf reads the part from the launch parameters. What is no id or no view of
// ours (an unresolved variable, say) asks for the whole.
func linkOf(l *lti.Launch) partLink {
	var p partLink
	if step := l.Custom[paramStep]; idShape.MatchString(step) {
		p.Step = engine.StepID(step)
	}
	if view := l.Custom[paramView]; view == viewFinish || view == viewPortfolio || view == viewBoard {
		p.View = view
	}
	if target, err := url.Parse(l.TargetLinkURI); err == nil && p.View == "" && target.Query().Get(paramView) == viewBoard {
		p.View = viewBoard // a Canvas typed in by hand gives its menu no parameters, but a target
	}
	return p
}

// part tells whether the launch is for less than the whole workflow.
func (p partLink) part() bool { return p != partLink{} }

// anyWorkflow tells whether the link stands for all workflows of the course.
func (p partLink) anyWorkflow() bool { return p.View == viewPortfolio || p.View == viewBoard }

// landing is where the link leads within a learner's session.
func (p partLink) landing() string {
	if p.Step != "" {
		return "steps/" + string(p.Step)
	}
	return ""
}

// staffLanding is where the link leads teaching staff: to the step with how far
// each learner is, not into a workflow of their own.
func (p partLink) staffLanding(workflow engine.WorkflowID) string {
	if p.Step != "" && idShape.MatchString(string(workflow)) {
		return "board/steps/" + string(workflow) + "/" + string(p.Step)
	}
	return ""
}

// arrivePortfolio opens the person's own portfolio, or from a course's menu the
// workflow that they are in. It enrols in nothing.
func (s *Site) arrivePortfolio(w http.ResponseWriter, r *http.Request, l *lti.Launch, service *engine.Service, session Session) error {
	person, err := service.ArriveStaff(r.Context(), staffArrival(l, session))
	if err != nil {
		return fmt.Errorf("web: launch: %w", err)
	}
	session.Role, session.Person, session.Landing = RoleLearner, person.ID, "portfolio"
	mine, err := service.LearnerIn(r.Context(), l.Issuer, l.Subject, session.Course, "")
	if err != nil {
		return fmt.Errorf("web: launch: %w", err)
	}
	if len(mine) > 0 {
		session.Enrolment = mine[0].ID // for the way home
		if linkOf(l).View == viewBoard {
			session.Landing = ""
		}
	}
	return s.enter(w, r, session)
}

// enter begins a session and sends the browser to it.
func (s *Site) enter(w http.ResponseWriter, r *http.Request, session Session) error {
	session, err := s.newSession(w, r, session)
	if err != nil {
		return err
	}
	ticket, err := s.issueTicket(r, session)
	if err != nil {
		return err
	}
	seeOther(w, r, arrivalPath(session.Handle, ticket))
	return nil
}

// landingPath is the first page of a session.
func landingPath(session *Session) string {
	return "/s/" + session.Handle + "/" + session.Landing
}

// absentPage is the Body of the page of a step that a link names and the
// enrolment does not show.
type absentPage struct{ Known bool }

// drawAbsent says why the step of a link cannot be shown: it opens only when
// something calls for it, or the workflow has it no longer.
func (s *Site) drawAbsent(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service, step engine.StepID) error {
	home, err := service.Home(r.Context(), session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: step: %w", err)
	}
	known := slices.ContainsFunc(home.Workflow.Steps(), func(s *engine.Step) bool { return s.ID == step })
	return s.draw(w, http.StatusNotFound, "absent", s.view(r).titled("page.absent.title"), absentPage{Known: known})
}

// isLanding tells whether the launch itself led to the step.
func isLanding(session *Session, step engine.StepID) bool {
	named, ok := strings.CutPrefix(session.Landing, "steps/")
	return ok && named == string(step)
}
