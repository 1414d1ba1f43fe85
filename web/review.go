package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// arriveReviewer takes somebody from the gradebook to one learner's work (Submission
// Review 1.0): to the request that waits for this person, else to what was handed
// in. Learners see their own. A manager by role alone is nobody here: Canvas calls
// those so who lead a group of learners and are learners themselves. Who is turned
// away has become nobody's staff.
func (s *Site) arriveReviewer(w http.ResponseWriter, r *http.Request, l *lti.Launch, service *engine.Service, session Session) error {
	roles := staffRoles(l)
	staff, theirMentor := len(roles) > 0, looksAfter(l) && slices.Contains(l.MentorOf, l.ForUser)
	mayBeAsked := l.IsMentor() && len(l.MentorOf) == 0 // the platform does not say whose
	switch {
	case l.ForUser == l.Subject && !staff:
		return s.arrivePortfolio(w, r, l, service, session)
	case !staff && !theirMentor && !mayBeAsked:
		return fmt.Errorf("the review of somebody whom this person neither teaches nor mentors: %w", errNotYours)
	}
	found, err := service.LearnerIn(r.Context(), l.Issuer, l.ForUser, session.Course, namedWorkflow(l))
	if err != nil && !errors.Is(err, engine.ErrNotFound) {
		return fmt.Errorf("web: launch: %w", err)
	}
	person, err := service.ArriveStaff(r.Context(), staffArrival(l, session)) // without a role until it is clear that they may
	if err != nil {
		return fmt.Errorf("web: launch: %w", err)
	}
	session.Role, session.Person = RoleReviewer, person.ID
	asked := false
	for _, e := range found {
		requests, err := service.RequestsTo(r.Context(), person.ID, e.ID)
		if err != nil {
			return fmt.Errorf("web: launch: %w", err)
		}
		asked = asked || len(requests) > 0
		if open := openOf(requests); len(open) > 0 {
			session.Enrolment, session.Landing = e.ID, "review/"+string(open[0].ID)
			break
		}
		if session.Enrolment == "" {
			session.Enrolment = e.ID
		}
	}
	if !staff && !asked && !theirMentor {
		return fmt.Errorf("the review of somebody about whom this person was asked nothing: %w", errNotYours)
	}
	if !staff {
		roles = []string{"mentor"}
	}
	if _, err := service.ArriveStaff(r.Context(), staffArrival(l, session, roles...)); err != nil {
		return fmt.Errorf("web: launch: %w", err)
	}
	return s.enter(w, r, session)
}

func openOf(requests []engine.Request) []engine.Request {
	return slices.DeleteFunc(slices.Clone(requests), func(r engine.Request) bool { return !r.Waiting() })
}

// inReview serves h with a request that is addressed to the person of the session.
func (s *Site) inReview(h func(http.ResponseWriter, *http.Request, asked) error) func(http.ResponseWriter, *http.Request, *Session) error {
	return func(w http.ResponseWriter, r *http.Request, session *Session) error {
		service, err := s.tenant(r.Context(), session.Tenant)
		if err != nil {
			return err
		}
		request := engine.RequestID(mux.Vars(r)["request"])
		mine, err := service.RequestsTo(r.Context(), session.Person, session.Enrolment)
		if err != nil {
			return fmt.Errorf("web: review: %w", err)
		}
		if !slices.ContainsFunc(mine, func(one engine.Request) bool { return one.ID == request }) {
			return fmt.Errorf("web: review: a request to somebody else: %w", errNotYours)
		}
		view, err := service.OpenRequest(r.Context(), session.Enrolment, request)
		if err != nil {
			return fmt.Errorf("web: review: %w", err)
		}
		return h(w, r, asked{
			token: RequestToken{Tenant: session.Tenant, Enrolment: session.Enrolment, Request: request},
			path:  "/s/" + session.Handle + "/review/" + string(request), back: "/s/" + session.Handle + "/",
			service: service, view: view,
		})
	}
}

// reviewedPage is the Body of the page of one learner for whoever came from the
// gradebook.
type reviewedPage struct {
	Learner *engine.Person // nil: has not opened the workflow
	Open    []openRequest  // waiting for this person
	Turn    *waiting       // of somebody else
	Entries []entryView
	More    bool
}

type openRequest struct {
	Path string
	Step *engine.Step
}

// reviewed shows what waits for this person, and what the learner handed in.
func (s *Site) reviewed(w http.ResponseWriter, r *http.Request, session *Session) error {
	v := s.view(r).titled("page.reviewed.title")
	base := v.Base
	v.Base, v.Reader = "", session.Person // a reviewer reads: others' points stay with them
	if session.Enrolment == "" {
		return s.draw(w, http.StatusOK, "reviewed", v, reviewedPage{})
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	handed, err := service.HandedIn(r.Context(), session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: reviewed: %w", err)
	}
	home, err := service.Home(r.Context(), session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: reviewed: %w", err)
	}
	mine, err := service.RequestsTo(r.Context(), session.Person, session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: reviewed: %w", err)
	}
	body := reviewedPage{Learner: &handed.Learner, More: handed.More,
		Entries: entryViews(handed, func(engine.Entry) string { return base + "/handed/" })}
	for _, one := range openOf(mine) {
		body.Open = append(body.Open, openRequest{Path: base + "/review/" + string(one.ID), Step: home.Workflow.Step(one.Step)})
	}
	if len(body.Open) == 0 {
		turn := waitingOf(home)
		body.Turn = &turn
	}
	v.titled("page.reviewed.title_of", "learner", v.Name(handed.Learner))
	return s.draw(w, http.StatusOK, "reviewed", v, body)
}

// handedEvidence gives a reviewer a file that the page of the learner shows.
func (s *Site) handedEvidence(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	handed, err := service.HandedIn(r.Context(), session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: reviewed: %w", err)
	}
	if !hasFile(handed, session.Enrolment, mux.Vars(r)["sha"]) {
		return errNoPage
	}
	return s.serveEvidence(w, r, session.Tenant, session.Enrolment, false)
}
