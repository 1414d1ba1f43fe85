package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// purposeShare marks the token of a link to a portfolio: tenant, secret.
const purposeShare = "p1"

// ShareToken is what a link to a portfolio names. The secret is kept by nobody but who has the link.
type ShareToken struct{ Tenant, Secret string }

// Share is the address of a portfolio that somebody shows.
func (l Links) Share(tenant, secret string) string {
	return l.PublicURL + "/p/" + l.seal(purposeShare, tenant, secret, "")
}

// ReadShare opens the token of a link to a portfolio; ErrToken if it is not ours.
func (l Links) ReadShare(token string) (ShareToken, error) {
	f, err := l.open(token, purposeShare)
	if err != nil {
		return ShareToken{}, err
	}
	return ShareToken{Tenant: f[0], Secret: f[1]}, nil
}

// linksPage is the Body of the page of links to a portfolio.
type linksPage struct {
	New      string // the address of a link that was just made: shown this once
	Links    []linkView
	Plans    []engine.Plan
	Days     []int
	Chosen   int
	Label    string
	Problems engine.FieldErrors
}

type linkView struct {
	engine.PortfolioLink
	Over bool
}

// shareLinks shows the links by which the learner shows the portfolio.
func (s *Site) shareLinks(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.drawLinks(w, r, session, http.StatusOK, linksPage{Chosen: 30})
}

func (s *Site) drawLinks(w http.ResponseWriter, r *http.Request, session *Session, status int, body linksPage) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	all, err := service.Plans(r.Context(), session.Person)
	if err != nil {
		return fmt.Errorf("web: links: %w", err)
	}
	links, err := service.PortfolioLinks(r.Context(), session.Person)
	if err != nil {
		return fmt.Errorf("web: links: %w", err)
	}
	body.Plans, body.Days = oncePerWorkflow(all.Plans), engine.ShareDays()
	for _, l := range links {
		body.Links = append(body.Links, linkView{l, l.Over(s.now())})
	}
	v := s.view(r)
	v.Zone = zoneFor(session, all.Learner.Zone)
	return s.draw(w, status, "links", v.titled("page.links.title"), body)
}

// share makes a link and shows its address, this once: it is kept nowhere, so no later page could.
func (s *Site) share(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	days, _ := strconv.Atoi(r.PostForm.Get("days")) // none of the choices otherwise
	in := engine.Sharing{Label: r.PostForm.Get("label"), Days: days, CustomerData: r.PostForm.Get("customers") == "yes"}
	if id := r.PostForm.Get("workflow"); id != "" {
		in.Workflows = []engine.WorkflowID{engine.WorkflowID(id)}
	}
	secret, _, err := service.SharePortfolio(r.Context(), session.Person, in)
	if problems, ok := fieldErrors(err); ok {
		return s.drawLinks(w, r, session, http.StatusUnprocessableEntity, linksPage{Chosen: days, Label: in.Label, Problems: problems})
	}
	if err != nil {
		return fmt.Errorf("web: share: %w", err)
	}
	return s.drawLinks(w, r, session, http.StatusOK, linksPage{New: s.o.Links.Share(session.Tenant, secret), Chosen: 30})
}

// revokeShare takes a link back.
func (s *Site) revokeShare(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	if err := service.RevokePortfolioLink(r.Context(), session.Person, engine.PortfolioLinkID(r.PostForm.Get("link"))); err != nil {
		return fmt.Errorf("web: revoke a link: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/portfolio/links")
	return nil
}

// sharedPage is the Body of a portfolio that somebody shows.
type sharedPage struct {
	Learner engine.Person
	Entries []entryView
	Link    engine.PortfolioLink
	More    bool
}

// byShare finds the portfolio of a link. Its pages are for nobody's index, frame or referrer.
func (s *Site) byShare(w http.ResponseWriter, r *http.Request) (ShareToken, *engine.Service, error) {
	tokenPage(w.Header())
	token, err := s.o.Links.ReadShare(mux.Vars(r)["token"])
	if err != nil {
		return ShareToken{}, nil, err
	}
	service, err := s.tenant(r.Context(), token.Tenant)
	return token, service, err
}

// shared shows a portfolio to whoever has a link to it. Of the look only its time is noted.
func (s *Site) shared(w http.ResponseWriter, r *http.Request) error {
	token, service, err := s.byShare(w, r)
	if err != nil {
		return err
	}
	all, link, err := service.SharedPortfolio(r.Context(), token.Secret)
	if errors.Is(err, engine.ErrNotFound) {
		return s.draw(w, http.StatusNotFound, "unshared", s.view(r).titled("page.unshared.title"), nil)
	}
	if err != nil {
		return fmt.Errorf("web: shared portfolio: %w", err)
	}
	if r.Method == http.MethodGet {
		if err := service.LookedAtShare(r.Context(), token.Secret); err != nil {
			s.log.WarnContext(r.Context(), "note a look at a portfolio", "request_id", traceOf(r.Context()).id, "error", err)
		}
	}
	v := s.view(r)
	v.Reader = "anybody" // roles are told as of the learner; points stay unseen
	v.Zone = all.Learner.Zone
	path := "/p/" + mux.Vars(r)["token"] + "/"
	return s.draw(w, http.StatusOK, "shared", v.titled("page.shared.title", "name", v.Name(all.Learner)), sharedPage{
		Learner: all.Learner, Link: link, More: all.More,
		Entries: entryViews(all, func(e engine.Entry) string { return path + string(e.Enrolment.ID) + "/" }),
	})
}

// sharedEvidence gives a file that a link shows, and no other.
func (s *Site) sharedEvidence(w http.ResponseWriter, r *http.Request) error {
	token, service, err := s.byShare(w, r)
	if err != nil {
		return err
	}
	id := engine.EnrolmentID(mux.Vars(r)["enrolment"])
	return s.sendFile(w, r, func(sha string) (engine.EvidenceFile, error) {
		return service.SharedFile(r.Context(), token.Secret, id, sha)
	})
}
