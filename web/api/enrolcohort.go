package api

import (
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// newCohort asks to enrol several people in a workflow and a course.
type newCohort struct {
	Workflow engine.WorkflowID `json:"workflow"`
	Course   courseIn          `json:"course"`
	People   []newLearner      `json:"people" doc:"1 to 500"`
}

// newLearner is a person we know, an account, or the address of somebody on the roster.
type newLearner struct {
	Person  engine.PersonID `json:"person,omitempty"`
	Subject string          `json:"subject,omitempty" doc:"The learner's id in the LMS that has the course; made if new"`
	Name    string          `json:"name,omitempty"`
	Email   string          `json:"email,omitempty"`
}

// enrolledCohort is what came of it, in the order of the people.
type enrolledCohort struct {
	Enrolled int           `json:"enrolled"`
	Resumed  int           `json:"resumed" doc:"After an unenrolment"`
	There    int           `json:"there" doc:"Took part already; nothing changed"`
	Refused  int           `json:"refused"`
	People   []enrolledOne `json:"people"`
}

type enrolledOne struct {
	Result    string             `json:"result" doc:"enrolled, resumed, there, refused"`
	Enrolment engine.EnrolmentID `json:"enrolment,omitempty"`
	Why       string             `json:"why,omitempty"`
}

func enrolCohortRoutes() []route {
	return []route{
		{method: "POST", path: "/api/v1/cohort/enrolments", id: "enrolCohort", tag: "Cohorts", summary: "Enrol several people without a launch",
			detail: "Each is enrolled or refused alone; the same again changes nothing. Who was unenrolled resumes.",
			scope:  lrs.ScopeEnrolmentsWrite, body: newCohort{}, once: true, reply: enrolledCohort{},
			sample: `{"workflow": "first-steps", "course": {"issuer": "https://lms.example", "id": "2"}, "people": [{"subject": "5", "name": "Sam Sailor"}, {"email": "ada@example.org"}]}`,
			do:     enrolCohort},
	}
}

func enrolCohort(c *call) (any, error) {
	in := c.body.(*newCohort)
	if len(in.People) == 0 || len(in.People) > engine.MaxEnrol {
		return nil, malformed(faults{{Pointer: "/people", Detail: "has too many or none", Better: "1 to 500 people"}})
	}
	all := make([]engine.Enrolling, 0, len(in.People))
	for _, p := range in.People {
		all = append(all, engine.Enrolling{Workflow: in.Workflow, Course: engine.Course{Issuer: in.Course.Issuer, ID: in.Course.ID},
			Person: p.Person, Subject: p.Subject, Name: p.Name, Email: p.Email})
	}
	// What is wrong with all of them is wrong with the request.
	if _, err := c.engine.Workflow(c.Context(), in.Workflow, 0); err != nil {
		return nil, err
	}
	results, err := c.engine.EnrolCohort(c.Context(), c.by(), all)
	if err != nil {
		return nil, err
	}
	out := enrolledCohort{People: make([]enrolledOne, 0, len(results))}
	for _, r := range results {
		if r.Err != nil {
			p := classify(r.Err)
			if p.Status >= 500 {
				return nil, r.Err // the same again goes on
			}
			out.Refused++
			why := p.Title + ": " + p.Detail
			if len(p.Errors) > 0 {
				why = p.Title + ": " + p.Errors[0].Pointer + ": " + p.Errors[0].Detail
			}
			out.People = append(out.People, enrolledOne{Result: "refused", Why: why})
			continue
		}
		switch r.What {
		case engine.EnrolledNew:
			out.Enrolled++
		case engine.EnrolledAgain:
			out.Resumed++
		default:
			out.There++
		}
		out.People = append(out.People, enrolledOne{Result: r.What, Enrolment: r.Enrolment.ID})
	}
	return out, nil
}
