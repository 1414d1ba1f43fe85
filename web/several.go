package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/engine"
)

// severalPage is the Body of the page on which a coach does the same for several learners: chosen first, then confirmed.
type severalPage struct {
	Nav     coachNav
	Course  engine.Course
	Rows    []severalRow
	People  pager
	Action  string // of the form: who is chosen stands on this part of the list
	Label   string // of the part of the cohort they are to move into
	Do      string // confirmed next; "": still to be chosen
	Problem string // message key; "": none
}

type severalRow struct {
	engine.BoardRow
	Label string // of the part of the cohort they are in
	On    bool
}

// What is done for several: the course is completed, or they move into a part of their cohort with a name of its own.
const (
	severalCompleted = "completed"
	severalSplit     = "split"
)

// several lets a coach choose learners of the course, by pages of at most 200.
func (s *Site) several(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	return s.drawSeveral(w, r, session, service, http.StatusOK, severalPage{}, nil)
}

func (s *Site) drawSeveral(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service, status int, body severalPage, chosen []engine.EnrolmentID) error {
	asked := boardAskedIn(r)
	page, err := service.Board(r.Context(), session.Course, engine.BoardFilter{}, (asked.Page-1)*tablePage, tablePage)
	if err != nil {
		return fmt.Errorf("web: several: %w", err)
	}
	v := s.view(r)
	for _, row := range page.Rows {
		one := severalRow{BoardRow: row, On: slices.Contains(chosen, row.Enrolment.ID)}
		if m := row.Enrolment.Cohort; m != nil {
			one.Label = m.Label
		}
		if body.Do == "" || one.On {
			body.Rows = append(body.Rows, one)
		}
	}
	if body.Do == "" {
		body.People = pagerOf(page.From, len(page.Rows), page.Count, tablePage, func(from int) string {
			return v.Base + "/board/several?" + url.Values{"page": {fmt.Sprint(from/tablePage + 1)}}.Encode()
		})
	}
	body.Action = v.Base + "/board/several?" + url.Values{"page": {fmt.Sprint(asked.Page)}}.Encode()
	body.Nav, body.Course = coachNav{At: "several", Acts: true}, session.Course
	return s.draw(w, status, "several", v.titled("coach.several.title", "course", session.Course.Title), body)
}

// doSeveral asks to confirm what is to be done for those chosen, and with confirm=1 does it. Each is looked up in the
// session's course; what is done for some and fails for another is not undone, and the same again does the rest.
func (s *Site) doSeveral(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	if err := parseForm(r); err != nil {
		return err
	}
	f := r.PostForm
	body := severalPage{Label: strings.TrimSpace(f.Get("label"))}
	var chosen []engine.EnrolmentID
	for _, id := range f["enrolment"] {
		if !slices.Contains(chosen, engine.EnrolmentID(id)) {
			chosen = append(chosen, engine.EnrolmentID(id))
		}
	}
	do := f.Get("do")
	switch {
	case do != severalCompleted && do != severalSplit, len(chosen) > tablePage:
		return fmt.Errorf("web: several: neither completed nor split, or too many: %w", ErrUpload)
	case len(chosen) == 0:
		body.Problem = "coach.several.nobody"
	case len(body.Label) > 100:
		body.Problem = "coach.several.label_long"
	}
	if body.Problem != "" {
		return s.drawSeveral(w, r, session, service, http.StatusUnprocessableEntity, body, chosen)
	}
	for _, id := range chosen {
		e, err := service.Enrolment(r.Context(), id)
		if err != nil {
			return fmt.Errorf("web: several: %w", err)
		}
		if e.Course.Key() != session.Course.Key() || e.Preview {
			return fmt.Errorf("web: several: not a learner of this course: %w", errNotYours)
		}
	}
	if f.Get("confirm") != "1" {
		body.Do = do
		return s.drawSeveral(w, r, session, service, http.StatusOK, body, chosen)
	}
	if do == severalSplit {
		if err := service.SplitCohort(r.Context(), engine.By(session.Person), body.Label, chosen...); err != nil {
			return fmt.Errorf("web: several: %w", err)
		}
	} else {
		for _, id := range chosen {
			if err := service.CompleteCourse(r.Context(), session.Person, id); err != nil {
				return fmt.Errorf("web: several: %w", err)
			}
		}
	}
	seeOther(w, r, "/s/"+session.Handle+"/board/several")
	return nil
}
