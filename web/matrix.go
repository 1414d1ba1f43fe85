package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cairn-lms/cairn/engine"
)

// matrixPage is the Body of the page of evidence by standard and behaviour.
type matrixPage struct {
	Plans []matrixView
}

// matrixView is one enrolment's.
type matrixView struct {
	*engine.Matrix
	Rows []matrixRow
	Here bool // of the enrolment of this session: its steps can be opened
}

// matrixRow is a standard or a behaviour, with its evidence and what can bring some.
type matrixRow struct {
	engine.MatrixRow
	Evidence []engine.Evidence
	Brings   []engine.StepView // steps that can still bring some, where there is none
}

// handView is one hand-in of a row: its pieces stand alike.
type handView struct {
	Step   *engine.Step
	State  engine.EvidenceState
	Pieces []engine.Evidence
}

// Hands are the hand-ins of the row, oldest first.
func (r matrixRow) Hands() []handView {
	var out []handView
	for _, ev := range r.Evidence {
		if n := len(out); n > 0 && out[n-1].Pieces[0].Hand.ID == ev.Hand.ID {
			out[n-1].Pieces = append(out[n-1].Pieces, ev)
			continue
		}
		out = append(out, handView{Step: ev.Step, State: ev.State, Pieces: []engine.Evidence{ev}})
	}
	return out
}

// Text is the standard or the behaviour in words.
func (r matrixRow) Text() engine.Text {
	if r.Standard != nil {
		return r.Standard.Text
	}
	return r.Behaviour.Text
}

// matrices are those of all enrolments of the person.
func (s *Site) matrices(r *http.Request, session *Session) (*engine.Portfolio, []matrixView, error) {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return nil, nil, err
	}
	all, err := service.Plans(r.Context(), session.Person)
	if err != nil {
		return nil, nil, fmt.Errorf("web: matrix: %w", err)
	}
	var views []matrixView
	for _, p := range all.Plans {
		m, err := service.Matrix(r.Context(), p.Enrolment.ID, true)
		if err != nil {
			return nil, nil, fmt.Errorf("web: matrix: %w", err)
		}
		if len(m.Rows) == 0 {
			continue
		}
		home, err := service.Home(r.Context(), p.Enrolment.ID)
		if err != nil {
			return nil, nil, fmt.Errorf("web: matrix: %w", err)
		}
		one := matrixView{Matrix: m, Here: p.Enrolment.ID == session.Enrolment}
		for _, row := range m.Rows {
			view := matrixRow{MatrixRow: row}
			for _, i := range row.Evidence {
				view.Evidence = append(view.Evidence, m.Evidence[i])
			}
			slices.SortStableFunc(view.Evidence, func(a, b engine.Evidence) int { // the pieces of a hand-in together
				return cmp.Or(a.RecordedAt.Compare(b.RecordedAt), strings.Compare(string(a.Hand.ID), string(b.Hand.ID)), strings.Compare(b.Kind, a.Kind))
			})
			if row.State == "" {
				for _, of := range row.Steps {
					if step := home.Step(of.ID); step != nil && !step.State.State.Settled() {
						view.Brings = append(view.Brings, *step)
					}
				}
			}
			one.Rows = append(one.Rows, view)
		}
		views = append(views, one)
	}
	return all, views, nil
}

// matrix shows the evidence there is for each standard and behaviour, and which step brings what is missing.
func (s *Site) matrix(w http.ResponseWriter, r *http.Request, session *Session) error {
	all, views, err := s.matrices(r, session)
	if err != nil {
		return err
	}
	v := s.view(r)
	v.Zone = zoneFor(session, all.Learner.Zone)
	return s.draw(w, http.StatusOK, "matrix", v.titled("page.matrix.title"), matrixPage{Plans: views})
}

// matrixCSV gives the same as a table for other programs: a row for each piece, and one for what has none.
func (s *Site) matrixCSV(w http.ResponseWriter, r *http.Request, session *Session) error {
	_, views, err := s.matrices(r, session)
	if err != nil {
		return err
	}
	v := s.view(r)
	rows := [][]string{{"workflow", "course", "kind", "id", "text", "state", "step", "attempt", "evidence", "name", "recorded", "reflected", "submitted", "verified", "sha256", "customer_data"}}
	for _, m := range views {
		for _, row := range m.Rows {
			kind, id := "behaviour", ""
			if row.Standard != nil {
				kind, id = "standard", row.Standard.ID
			} else {
				id = string(row.Behaviour.ID)
			}
			head := []string{v.In(m.Workflow.Title), m.Enrolment.Course.Title, kind, id, v.In(row.Text())}
			if len(row.Evidence) == 0 {
				rows = append(rows, append(head, make([]string, 11)...))
			}
			for _, ev := range row.Evidence {
				rows = append(rows, append(head[:5:5], string(ev.State), v.In(ev.Step.Title), strconv.Itoa(ev.Attempt), ev.Kind, ev.Name,
					stamp(ev.RecordedAt), stamp(ev.ReflectedAt), stamp(ev.SubmittedAt), stamp(ev.VerifiedAt), ev.SHA256, strconv.FormatBool(ev.CustomerData)))
			}
		}
	}
	return sendTable(w, "evidence.csv", rows)
}
