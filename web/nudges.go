package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// nudgesPage is the Body of what would be sent next, of a course or of one learner,
// and of the form that holds it back.
type nudgesPage struct {
	Nav     coachNav
	Course  engine.Course
	Learner *engine.Person // nil: the whole course
	Back    string         // to the learner's page
	Path    string
	Held    *engine.NudgeHold
	Whole   *engine.NudgeHold // of the course, on a learner's page
	Acts    []engine.Act      // of the course
	Preview *engine.NudgePreview
	Days    []mailDay // of the preview
	People  pager
	Form    actForm
}

// mailDay is one day of a preview with what would be sent on it.
type mailDay struct {
	Day   string // in words
	Mails []engine.PlannedMail
	Shown bool // unfolded: the first day, unless it is long
}

// maxShownDay is how many mails of the first day stand unfolded.
const maxShownDay = 8

// daysOf sorts what would be sent, the earliest first, into the reader's days.
func daysOf(v *view, mails []engine.PlannedMail) []mailDay {
	var days []mailDay
	for _, mail := range mails {
		day := v.ShortDay(mail.At, v.Zone)
		if len(days) == 0 || days[len(days)-1].Day != day {
			days = append(days, mailDay{Day: day})
		}
		last := &days[len(days)-1]
		last.Mails = append(last.Mails, mail)
	}
	if len(days) > 0 {
		days[0].Shown = len(days[0].Mails) <= maxShownDay
	}
	return days
}

// nudges shows a coach what would be sent in the course in the next days.
func (s *Site) nudges(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	return s.drawNudges(w, r, session, service, http.StatusOK, actForm{})
}

func (s *Site) drawNudges(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service, status int, form actForm) error {
	by := engine.By(session.Person)
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = max(1, min(page, engine.MaxStandings))
	plan, err := service.PreviewCourseNudges(r.Context(), by, session.Course, (page-1)*engine.PreviewPeople)
	if err != nil {
		return fmt.Errorf("web: nudges: %w", err)
	}
	on, err := service.CourseNudges(r.Context(), by, session.Course)
	if err != nil {
		return fmt.Errorf("web: nudges: %w", err)
	}
	v := s.view(r)
	body := nudgesPage{Nav: coachNav{At: "nudges", Acts: true}, Course: session.Course, Path: v.Base + "/board/nudges", Held: on.Held, Acts: on.Acts, Preview: plan, Days: daysOf(v, plan.Mails), Form: form}
	body.People = pagerOf(plan.Place, plan.People, plan.Count, engine.PreviewPeople, func(from int) string {
		return body.Path + "?page=" + strconv.Itoa(from/engine.PreviewPeople+1)
	})
	return s.draw(w, status, "nudges", v.titled("coach.nudges.title", "course", session.Course.Title), body)
}

// holdNudges holds the course's nudges back, or lets them go on.
func (s *Site) holdNudges(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	if err := parseForm(r); err != nil {
		return err
	}
	var err error
	switch by := engine.By(session.Person); r.PostForm.Get("do") {
	case engine.ActHold:
		err = service.HoldCourseNudges(r.Context(), by, session.Course, r.PostForm.Get("reason"))
	case engine.ActRelease:
		err = service.ReleaseCourseNudges(r.Context(), by, session.Course)
	default:
		return ErrUpload
	}
	var problems engine.FieldErrors
	if errors.As(err, &problems) {
		return s.drawNudges(w, r, session, service, http.StatusUnprocessableEntity, actForm{Do: r.PostForm.Get("do"), Values: r.PostForm, Problems: problems})
	}
	if err != nil {
		return fmt.Errorf("web: hold nudges: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/board/nudges")
	return nil
}

// personNudges shows a coach what would be sent about one learner.
func (s *Site) personNudges(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.drawPersonNudges(w, r, session, http.StatusOK, actForm{})
}

func (s *Site) drawPersonNudges(w http.ResponseWriter, r *http.Request, session *Session, status int, form actForm) error {
	service, e, err := s.coached(r, session, engine.EnrolmentID(mux.Vars(r)["enrolment"]))
	if err != nil {
		return fmt.Errorf("web: nudges of a person: %w", err)
	}
	by := engine.By(session.Person)
	plan, err := service.PreviewNudges(r.Context(), by, e.ID)
	if err != nil {
		return fmt.Errorf("web: nudges of a person: %w", err)
	}
	on, err := service.CourseNudges(r.Context(), by, session.Course)
	if err != nil {
		return fmt.Errorf("web: nudges of a person: %w", err)
	}
	learner, err := service.Person(r.Context(), e.Learner)
	if err != nil {
		return fmt.Errorf("web: nudges of a person: %w", err)
	}
	v := s.view(r)
	back := v.Base + "/board/people/" + string(e.ID)
	body := nudgesPage{Nav: coachNav{At: "people", Acts: true}, Course: session.Course, Learner: &learner, Back: back, Path: back + "/nudges", Held: e.NudgesHeld, Whole: on.Held,
		Preview: plan, Days: daysOf(v, plan.Mails), Form: form}
	return s.draw(w, status, "nudges", v.titled("coach.nudges.person_title", "name", v.Name(learner)), body)
}

// holdPersonNudges holds the nudges about one learner back, or lets them go on.
func (s *Site) holdPersonNudges(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, e, err := s.coached(r, session, engine.EnrolmentID(mux.Vars(r)["enrolment"]))
	if err != nil {
		return fmt.Errorf("web: hold nudges of a person: %w", err)
	}
	switch by := engine.By(session.Person); r.PostForm.Get("do") {
	case engine.ActHold:
		err = service.HoldNudges(r.Context(), by, e.ID, r.PostForm.Get("reason"))
	case engine.ActRelease:
		err = service.ReleaseNudges(r.Context(), by, e.ID)
	default:
		return ErrUpload
	}
	var problems engine.FieldErrors
	if errors.As(err, &problems) {
		return s.drawPersonNudges(w, r, session, http.StatusUnprocessableEntity, actForm{Do: r.PostForm.Get("do"), Values: r.PostForm, Problems: problems})
	}
	if err != nil {
		return fmt.Errorf("web: hold nudges of a person: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/board/people/"+string(e.ID)+"/nudges")
	return nil
}
