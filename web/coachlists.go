package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/cairn-lms/cairn/engine"
)

// lateList is the Body of the list of who is held up, and by what.
type lateList struct {
	Nav    coachNav
	Course engine.Course
	Rows   []engine.LateRow
	Next   string // where the next page begins, as an address; empty: this is the last
	First  bool
}

const latePeople = 50

// late lists the learners of the course who are held up, each with every reason.
func (s *Site) late(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	after := engine.EnrolmentID(r.URL.Query().Get("after"))
	page, err := service.LateList(r.Context(), engine.By(session.Person), session.Course, after, latePeople)
	if err != nil {
		return fmt.Errorf("web: late list: %w", err)
	}
	v := s.view(r)
	body := lateList{Nav: coachNav{At: "late", Acts: true}, Course: session.Course, Rows: page.Rows, First: after == ""}
	if page.Next != "" {
		body.Next = v.Base + "/board/late?after=" + string(page.Next)
	}
	return s.draw(w, http.StatusOK, "late", v.titled("coach.late.title", "course", session.Course.Title), body)
}

// questionsPage is the Body of the learners' questions that wait for a coach.
type questionsPage struct {
	Nav    coachNav
	Course engine.Course
	Open   []openQuestion
	More   int // that wait too, and stand not here
}

// openQuestion is one thread that waits, with its latest posts.
type openQuestion struct {
	engine.OpenThread
	Thread *engine.ThreadView
}

const maxQuestions = 20

// questions shows a coach what learners asked, longest waiting first.
func (s *Site) questions(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	open, err := service.OpenThreads(r.Context(), engine.By(session.Person), session.Course)
	if err != nil {
		return fmt.Errorf("web: questions: %w", err)
	}
	body := questionsPage{Nav: coachNav{At: "questions", Acts: true}, Course: session.Course, More: max(0, len(open)-maxQuestions)}
	for _, one := range open[:min(len(open), maxQuestions)] {
		thread, err := service.CoachThread(r.Context(), engine.By(session.Person), one.Enrolment, engine.PostRef{}, 3)
		if err != nil {
			return fmt.Errorf("web: questions: %w", err)
		}
		body.Open = append(body.Open, openQuestion{OpenThread: one, Thread: thread})
	}
	return s.draw(w, http.StatusOK, "questions", s.view(r).titled("coach.questions.title", "course", session.Course.Title), body)
}

// queuePage is the Body of what waits for a coach's own answer, in every course.
type queuePage struct {
	Nav    coachNav
	Course engine.Course
	Asked  []engine.Asked
	More   int
}

const maxQueue = 100

// queue shows a coach what they are asked to answer, the earliest due first.
func (s *Site) queue(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	asked, err := service.Queue(r.Context(), engine.By(session.Person), session.Person)
	if err != nil {
		return fmt.Errorf("web: queue: %w", err)
	}
	body := queuePage{Nav: coachNav{At: "asked", Acts: true}, Course: session.Course, Asked: asked[:min(len(asked), maxQueue)], More: max(0, len(asked)-maxQueue)}
	return s.draw(w, http.StatusOK, "queue", s.view(r).titled("coach.queue.title"), body)
}

// enrolPage is the Body of the form by which a coach enrols people.
type enrolPage struct {
	Nav       coachNav
	Course    engine.Course
	Workflows []*engine.Workflow
	Workflow  engine.WorkflowID
	Lines     string
	Problem   string // message key; empty: none
	Results   []enrolledLine
	Enrolled  int
}

// enrolledLine is what came of one line.
type enrolledLine struct {
	Line    string
	Href    string // the person's page; empty: it failed
	Problem string // message key
}

func (s *Site) askEnrol(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	return s.drawEnrol(w, r, session, service, http.StatusOK, enrolPage{Workflow: engine.WorkflowID(r.URL.Query().Get("workflow"))})
}

func (s *Site) drawEnrol(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service, status int, body enrolPage) error {
	all, err := service.Workflows(r.Context())
	if err != nil {
		return fmt.Errorf("web: enrol: %w", err)
	}
	body.Nav, body.Course, body.Workflows = coachNav{At: "enrol", Acts: true}, session.Course, all
	return s.draw(w, status, "enrol", s.view(r).titled("coach.enrol.title", "course", session.Course.Title), body)
}

// enrol enrols whom the lines name: an e-mail address or an account of the LMS, and
// behind a comma, a semicolon or a tab a name.
func (s *Site) enrol(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	if err := parseForm(r); err != nil {
		return err
	}
	body := enrolPage{Workflow: engine.WorkflowID(r.PostForm.Get("workflow")), Lines: strings.ReplaceAll(r.PostForm.Get("people"), "\r\n", "\n")}
	var all []engine.Enrolling
	var lines []string
	for line := range strings.SplitSeq(body.Lines, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		who, name := line, ""
		if i := strings.IndexAny(line, ",;\t"); i >= 0 {
			who, name = strings.TrimSpace(line[:i]), strings.TrimSpace(line[i+1:])
		}
		one := engine.Enrolling{Workflow: body.Workflow, Course: session.Course, Name: name}
		if strings.Contains(who, "@") {
			one.Email = who
		} else {
			one.Subject = who
		}
		all, lines = append(all, one), append(lines, line)
	}
	switch {
	case len(all) == 0:
		body.Problem = "error.required"
	case len(all) > engine.MaxEnrol:
		body.Problem = "coach.enrol.too_many"
	}
	if body.Problem != "" {
		return s.drawEnrol(w, r, session, service, http.StatusUnprocessableEntity, body)
	}
	results, err := service.EnrolCohort(r.Context(), engine.By(session.Person), all)
	if err != nil {
		return fmt.Errorf("web: enrol: %w", err)
	}
	var left []string
	for i, result := range results {
		one := enrolledLine{Line: lines[i]}
		if result.Err == nil {
			one.Href = "/s/" + session.Handle + "/board/people/" + string(result.Enrolment.ID)
			body.Enrolled++
		} else {
			if one.Problem = enrolProblem(result.Err); one.Problem == "" {
				return fmt.Errorf("web: enrol: %w", result.Err)
			}
			left = append(left, lines[i])
		}
		body.Results = append(body.Results, one)
	}
	body.Lines = strings.Join(left, "\n")
	return s.drawEnrol(w, r, session, service, http.StatusOK, body)
}

// enrolProblem is the message why somebody was not enrolled; "": it is ours to mend.
func enrolProblem(err error) string {
	if problems, ok := fieldErrors(err); ok {
		return problems[0].Key
	}
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return "coach.enrol.unknown"
	case errors.Is(err, engine.ErrConflict):
		return "coach.enrol.several"
	case errors.Is(err, engine.ErrInvalid):
		return "coach.enrol.invalid"
	}
	return ""
}
