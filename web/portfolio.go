package web

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// portfolioPage is the Body of a learner's portfolio.
type portfolioPage struct {
	Entries []entryView
	More    bool
	Home    bool // there is a home to go back to
	Any     bool // there is something, whatever the filter leaves
	Filter  engine.PortfolioFilter
	Plans   []engine.Plan // one of each workflow
}

// Kinds and States are what a portfolio is narrowed by.
func (portfolioPage) Kinds() []engine.EntryKind {
	return []engine.EntryKind{engine.Artefact, engine.Reflection, engine.Feedback, engine.Signature}
}

// Filtered tells whether only a part is shown.
func (p portfolioPage) Filtered() bool {
	return p.Filter.Kind != "" || p.Filter.State != "" || p.Filter.Workflow != ""
}

// States are those of evidence, in the order they are passed.
func (portfolioPage) States() []engine.EvidenceState { return evidenceWay }

var evidenceWay = []engine.EvidenceState{engine.Recorded, engine.Reflected, engine.EvidenceSubmitted, engine.Verified}

// filterOf reads what a portfolio is narrowed by; what we do not know asks for all.
func filterOf(r *http.Request) engine.PortfolioFilter {
	q := r.URL.Query()
	f := engine.PortfolioFilter{Workflow: engine.WorkflowID(q.Get("workflow"))}
	if kind := engine.EntryKind(q.Get("kind")); slices.Contains(portfolioPage{}.Kinds(), kind) {
		f.Kind = kind
	}
	if state := engine.EvidenceState(q.Get("state")); slices.Contains(evidenceWay, state) {
		f.State = state
	}
	return f
}

// entryView is one entry with where its files are.
type entryView struct {
	engine.Entry
	Written writtenView
	Several bool // entries of several workflows stand on the page: name this one's
}

// Way is how far the evidence of the entry has come, one stage after the other; nil: it holds none.
func (e entryView) Way() []stageView {
	if len(e.Evidence) == 0 {
		return nil
	}
	ev := e.Evidence[0]
	return []stageView{{engine.Recorded, ev.RecordedAt}, {engine.Reflected, ev.ReflectedAt}, {engine.EvidenceSubmitted, ev.SubmittedAt}, {engine.Verified, ev.VerifiedAt}}
}

// stageView is one state of evidence and when it was passed; zero: not yet.
type stageView struct {
	State engine.EvidenceState
	At    time.Time
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
	filter := filterOf(r)
	all, err := s.portfolioOf(r, session, filter)
	if err != nil {
		return err
	}
	v := s.view(r)
	v.Zone = zoneFor(session, all.Learner.Zone)
	body := portfolioPage{
		Entries: entryViews(all, func(e engine.Entry) string { return v.Base + "/portfolio/" + string(e.Enrolment.ID) + "/" }),
		More:    all.More, Home: session.Enrolment != "", Filter: filter, Plans: oncePerWorkflow(all.Plans),
		Any: len(all.Entries) > 0 || filter != engine.PortfolioFilter{},
	}
	return s.draw(w, http.StatusOK, "portfolio", v.titled("page.portfolio.title"), body)
}

func oncePerWorkflow(plans []engine.Plan) []engine.Plan {
	var once []engine.Plan
	for _, p := range plans {
		if !slices.ContainsFunc(once, func(o engine.Plan) bool { return o.Workflow.ID == p.Workflow.ID }) {
			once = append(once, p)
		}
	}
	return once
}

func (s *Site) portfolioOf(r *http.Request, session *Session, filter engine.PortfolioFilter) (*engine.Portfolio, error) {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return nil, err
	}
	all, err := service.PortfolioWhere(r.Context(), session.Person, true, filter)
	if err != nil {
		return nil, fmt.Errorf("web: portfolio: %w", err)
	}
	return all, nil
}

// portfolioEvidence gives the learner a file that the portfolio shows.
func (s *Site) portfolioEvidence(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	return s.sendFile(w, r, func(sha string) (engine.EvidenceFile, error) {
		return service.PortfolioFile(r.Context(), session.Person, engine.EnrolmentID(mux.Vars(r)["enrolment"]), sha)
	})
}
