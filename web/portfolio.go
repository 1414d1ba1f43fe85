package web

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// portfolioPage is the Body of a learner's portfolio.
type portfolioPage struct {
	Entries []entryView
	More    bool
	Home    bool // there is a home to go back to
}

// entryView is one entry with where its files are.
type entryView struct {
	engine.Entry
	Written writtenView
	Several bool // entries of several workflows stand on the page: name this one's
}

// entryViews gives each entry the address of its files.
func entryViews(p *engine.Portfolio, path func(engine.Entry) string) []entryView {
	several := slices.ContainsFunc(p.Entries, func(e engine.Entry) bool { return e.Enrolment.ID != p.Entries[0].Enrolment.ID })
	list := make([]entryView, 0, len(p.Entries))
	for _, e := range p.Entries {
		one := entryView{Entry: e, Several: several}
		if e.Hand != nil {
			one.Written = writtenView{Step: e.Step, Hand: e.Hand, Rated: e.Workflow.Behaviours, Path: path(e)}
		}
		list = append(list, one)
	}
	return list
}

// hasFile tells whether a portfolio holds a file of an enrolment.
func hasFile(p *engine.Portfolio, enrolment engine.EnrolmentID, sha string) bool {
	return slices.ContainsFunc(p.Entries, func(e engine.Entry) bool {
		return e.Enrolment.ID == enrolment && e.Hand != nil &&
			slices.ContainsFunc(e.Hand.Files, func(f engine.File) bool { return f.SHA256 == sha })
	})
}

// portfolio shows the learner what they handed in and what came back, everywhere.
func (s *Site) portfolio(w http.ResponseWriter, r *http.Request, session *Session) error {
	all, err := s.portfolioOf(r, session)
	if err != nil {
		return err
	}
	v := s.view(r)
	v.Zone = zoneFor(session, all.Learner.Zone)
	return s.draw(w, http.StatusOK, "portfolio", v.titled("page.portfolio.title"), portfolioPage{
		Entries: entryViews(all, func(e engine.Entry) string { return v.Base + "/portfolio/" + string(e.Enrolment.ID) + "/" }),
		More:    all.More, Home: session.Enrolment != "",
	})
}

func (s *Site) portfolioOf(r *http.Request, session *Session) (*engine.Portfolio, error) {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return nil, err
	}
	all, err := service.Portfolio(r.Context(), session.Person, true)
	if err != nil {
		return nil, fmt.Errorf("web: portfolio: %w", err)
	}
	return all, nil
}

// portfolioEvidence gives the learner a file that the portfolio shows.
func (s *Site) portfolioEvidence(w http.ResponseWriter, r *http.Request, session *Session) error {
	all, err := s.portfolioOf(r, session)
	if err != nil {
		return err
	}
	enrolment := engine.EnrolmentID(mux.Vars(r)["enrolment"])
	if !hasFile(all, enrolment, mux.Vars(r)["sha"]) {
		return errNoPage
	}
	return s.serveEvidence(w, r, session.Tenant, enrolment, true)
}
