package api

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// enrolmentView is one enrolment. Its learner is a person's id.
type enrolmentView struct {
	ID             engine.EnrolmentID                  `json:"id"`
	Rev            int64                               `json:"rev" doc:"The ETag"`
	Workflow       engine.WorkflowID                   `json:"workflow"`
	Version        int                                 `json:"version"`
	RegistrationID string                              `json:"registration_id" doc:"context.registration of its statements"`
	Learner        engine.PersonID                     `json:"learner"`
	Course         engine.Course                       `json:"course"`
	State          engine.EnrolmentState               `json:"state"`
	Progress       float64                             `json:"progress" doc:"0 to 1"`
	Anchors        map[string]time.Time                `json:"anchors"`
	AnchorSource   map[string]string                   `json:"anchor_source"`
	Roles          map[engine.Role][]engine.Assignment `json:"roles"`
	Steps          map[engine.StepID]stepBrief         `json:"steps"`
	Paused         bool                                `json:"paused"`
	Unreachable    []engine.PersonID                   `json:"unreachable,omitempty" doc:"Are asked, but mails to them come back"`
	CreatedAt      time.Time                           `json:"created_at"`
	UpdatedAt      time.Time                           `json:"updated_at"`
	CompletedAt    time.Time                           `json:"completed_at,omitzero"`
	WakeAt         time.Time                           `json:"wake_at,omitzero" doc:"When something happens by itself next"`
}

// stepBrief is where a step stands.
type stepBrief struct {
	State   engine.State `json:"state"`
	Attempt int          `json:"attempt,omitempty"`
	Opened  time.Time    `json:"opened_at,omitzero"`
	Due     time.Time    `json:"due_at,omitzero"`
	Done    time.Time    `json:"done_at,omitzero"`
	Score   *float64     `json:"score,omitempty"`
}

func viewEnrolment(e *engine.Enrolment) enrolmentView {
	v := enrolmentView{ID: e.ID, Rev: e.Rev, Workflow: e.Workflow, Version: e.Version, RegistrationID: e.RegistrationID, Learner: e.Learner,
		Course: e.Course, State: e.State, Progress: e.Progress, Anchors: e.Anchors, AnchorSource: e.AnchorSource, Roles: e.Roles, Paused: e.Paused(),
		Steps: map[engine.StepID]stepBrief{}, CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt, CompletedAt: e.CompletedAt, WakeAt: e.WakeAt}
	for id, is := range e.Unreachable {
		if is {
			v.Unreachable = append(v.Unreachable, id)
		}
	}
	slices.Sort(v.Unreachable)
	for id, st := range e.Steps {
		v.Steps[id] = stepBrief{State: st.State, Attempt: st.Attempt, Opened: st.OpenedAt, Due: st.DueAt, Done: st.DoneAt, Score: st.Score}
	}
	return v
}

// newEnrolment asks to enrol somebody: a person we know, an account, or the address of somebody on the roster.
type newEnrolment struct {
	Workflow engine.WorkflowID `json:"workflow"`
	Course   courseIn          `json:"course"`
	Person   engine.PersonID   `json:"person,omitempty"`
	Subject  string            `json:"subject,omitempty" doc:"The learner's id in the LMS that has the course; made if new"`
	Name     string            `json:"name,omitempty"`
	Email    string            `json:"email,omitempty"`
}

type courseIn struct {
	Issuer string `json:"issuer" doc:"Of the LMS"`
	ID     string `json:"id"`
}

const enrolmentPath = "/api/v1/enrolments/{enrolment}"

func enrolmentRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/enrolments", id: "listEnrolments", tag: "Enrolments", summary: "Enrolments, oldest first", scope: lrs.ScopeEnrolmentsRead,
			query: []param{{name: "course_issuer", doc: "With course: the issuer of the LMS that has it"}, {name: "course", doc: "The course's id in the LMS"},
				{name: "workflow"}, {name: "learner", doc: "A person's id"},
				{name: "state", enum: []string{"active", "completed", "stopped"}}, limitParam, cursorParam},
			reply: list[enrolmentView]{}, do: listEnrolments},
		{method: "POST", path: "/api/v1/enrolments", id: "createEnrolment", tag: "Enrolments", summary: "Enrol somebody without a launch",
			detail: "Who is enrolled already stays so and is answered with 201 too. After an unenrolment it resumes.",
			scope:  lrs.ScopeEnrolmentsWrite, body: newEnrolment{}, once: true, status: http.StatusCreated, reply: enrolmentView{},
			sample: `{"workflow": "first-steps", "course": {"issuer": "https://lms.example", "id": "2"}, "subject": "5", "name": "Sam Sailor", "email": "sam@example.org"}`,
			do: func(c *call) (any, error) {
				in := c.body.(*newEnrolment)
				e, err := c.engine.Enrol(c.Context(), c.by(), engine.Enrolling{Workflow: in.Workflow, Course: engine.Course{Issuer: in.Course.Issuer, ID: in.Course.ID},
					Person: in.Person, Subject: in.Subject, Name: in.Name, Email: in.Email})
				if err != nil {
					return nil, err
				}
				c.w.Header().Set("Location", "/api/v1/enrolments/"+string(e.ID))
				return c.enrolmentView(e)
			}},
		{method: "GET", path: enrolmentPath, id: "showEnrolment", tag: "Enrolments", summary: "One enrolment as it is now", scope: lrs.ScopeEnrolmentsRead, tagged: true,
			reply: enrolmentView{}, do: func(c *call) (any, error) { return c.shown(nil) }},
		{method: "GET", path: enrolmentPath + "/home", id: "showHome", tag: "Enrolments", summary: "What the learner's home shows: the next step, all steps, progress",
			scope: lrs.ScopeEnrolmentsRead, reply: engine.Home{}, do: func(c *call) (any, error) { return c.engine.Home(c.Context(), c.enrolment()) }},
		{method: "GET", path: enrolmentPath + "/next", id: "showNext", tag: "Enrolments", summary: "The one next step: why, minutes, due", scope: lrs.ScopeEnrolmentsRead,
			reply: engine.Next{}, do: func(c *call) (any, error) { return c.engine.Next(c.Context(), c.enrolment()) }},
		{method: "GET", path: enrolmentPath + "/journey", id: "showJourney", tag: "Enrolments", summary: "Weeks, with what is done, open and locked until when",
			scope: lrs.ScopeEnrolmentsRead, reply: engine.Journey{}, do: func(c *call) (any, error) { return c.engine.Journey(c.Context(), c.enrolment()) }},
		{method: "GET", path: enrolmentPath + "/behaviour", id: "showBehaviour", tag: "Reports", summary: "How behaviours were rated at first and since, by whom",
			scope: lrs.ScopeEnrolmentsRead, reply: engine.Gap{}, do: func(c *call) (any, error) { return c.engine.Gap(c.Context(), c.enrolment()) }},
		{method: "GET", path: enrolmentPath + "/uses", id: "showUsesOf", tag: "Reports", summary: "How often one learner uses behaviours, by week", scope: lrs.ScopeEnrolmentsRead,
			reply: engine.UseReport{}, do: func(c *call) (any, error) { return c.engine.UseFrequency(c.Context(), c.enrolment()) }},
		{method: "GET", path: enrolmentPath + "/evidence", id: "listEvidence", tag: "Reports", summary: "Evidence with its state, oldest first; nothing of private steps",
			scope: lrs.ScopeEnrolmentsRead, reply: list[engine.Evidence]{}, do: func(c *call) (any, error) {
				found, err := c.engine.Evidence(c.Context(), c.enrolment(), false)
				return all(found), err
			}},
		{method: "GET", path: enrolmentPath + "/matrix", id: "showMatrix", tag: "Reports", summary: "What there is to show for each standard and behaviour", scope: lrs.ScopeEnrolmentsRead,
			reply: engine.Matrix{}, do: func(c *call) (any, error) { return c.engine.Matrix(c.Context(), c.enrolment(), false) }},
		{method: "GET", path: enrolmentPath + "/others", id: "showOthers", tag: "Reports", summary: "Others on the same journey; counts only, and none below five people",
			scope: lrs.ScopeEnrolmentsRead, reply: engine.Others{}, do: func(c *call) (any, error) { return c.engine.Others(c.Context(), c.enrolment()) }},
	}
}

func listEnrolments(c *call) (any, error) {
	f := engine.EnrolmentFilter{Course: c.course(), Workflow: engine.WorkflowID(c.param("workflow")), Learner: engine.PersonID(c.param("learner")),
		State: engine.EnrolmentState(c.param("state"))}
	if (f.Course.ID == "") != (f.Course.Issuer == "") {
		return nil, malformed(faults{{Pointer: "query/course", Detail: "course and course_issuer go together"}})
	}
	var behind engine.EnrolmentPlace
	parts, err := c.place(2)
	if err != nil {
		return nil, err
	}
	if parts != nil {
		if behind.At, err = c.unstamp(parts[0]); err != nil {
			return nil, err
		}
		behind.ID = engine.EnrolmentID(parts[1])
	}
	found, next, err := c.engine.Enrolments(c.Context(), f, behind, c.limit())
	if err != nil {
		return nil, err
	}
	page := all([]enrolmentView{})
	for _, e := range found {
		page.Items = append(page.Items, viewEnrolment(e))
	}
	if next != (engine.EnrolmentPlace{}) {
		page.Next = cursor(stamp(next.At), string(next.ID))
	}
	return page, nil
}

// enrolment is the one of the path.
func (c *call) enrolment() engine.EnrolmentID { return engine.EnrolmentID(c.PathValue("enrolment")) }

// shown answers an act on an enrolment with the enrolment as it is then.
func (c *call) shown(err error) (any, error) {
	if err != nil {
		return nil, err
	}
	e, err := c.engine.Enrolment(c.Context(), c.enrolment())
	if err != nil {
		return nil, err
	}
	return c.enrolmentView(e)
}

func (c *call) enrolmentView(e *engine.Enrolment) (any, error) {
	c.etag(e.Rev)
	return viewEnrolment(e), nil
}

// learner is who the enrolment of the path belongs to: acts of learners are done for them.
func (c *call) learner() (engine.PersonID, error) {
	e, err := c.engine.Enrolment(c.Context(), c.enrolment())
	if err != nil {
		return "", err
	}
	return e.Learner, nil
}

type reasonIn struct {
	Reason string `json:"reason,omitempty"`
}

// coachRoutes are what a coach does about an enrolment.
func coachRoutes() []route {
	act := func(verb, id, summary string, body any, sample string, do func(c *call) error) route {
		return route{method: "POST", path: enrolmentPath + "/" + verb, id: id, tag: "Coach", summary: summary, scope: lrs.ScopeEnrolmentsWrite,
			body: body, sample: sample, reply: enrolmentView{}, tagged: true, do: func(c *call) (any, error) { return c.shown(do(c)) }}
	}
	inPlace := func(r route) route { // of the learner
		r.scope = lrs.ScopeEnrolmentsAct
		return r
	}
	type pauseIn struct {
		Until  time.Time `json:"until,omitzero" doc:"Left out: until somebody resumes it"`
		Reason string    `json:"reason,omitempty"`
	}
	type anchorIn struct {
		Name   string    `json:"name" doc:"course_start, course_completed …"`
		At     time.Time `json:"at,omitzero"`
		Reason string    `json:"reason,omitempty"`
	}
	type assignIn struct {
		Role   engine.Role     `json:"role" enum:"manager,peer,coach"`
		Person engine.PersonID `json:"person,omitempty"`
		Email  string          `json:"email,omitempty"`
		Name   string          `json:"name,omitempty"`
		Reason string          `json:"reason,omitempty"`
	}
	type roleIn struct {
		Role engine.Role `json:"role" enum:"manager,peer,coach"`
	}
	type nameIn struct {
		Role  engine.Role `json:"role" enum:"manager,peer,coach"`
		Name  string      `json:"name,omitempty"`
		Email string      `json:"email"`
	}
	type useIn struct {
		Behaviour engine.BehaviourID `json:"behaviour"`
		Note      string             `json:"note,omitempty"`
		Barrier   string             `json:"barrier,omitempty"`
		Key       string             `json:"key,omitempty" doc:"Your id of this use, up to 200 bytes: the same again under it counts once. Left out: each request is a use of its own"`
	}
	return []route{
		inPlace(act("uses", "logUse", "The learner used a behaviour", useIn{}, `{"behaviour": "trade", "note": "asked for a longer contract", "key": "call-4711"}`, func(c *call) error {
			learner, err := c.learner()
			in := c.body.(*useIn)
			return orThen(err, func() error {
				return c.engine.LogUse(c.Context(), learner, c.enrolment(), in.Behaviour, in.Note, in.Barrier, cmp.Or(in.Key, rand.Text()))
			})
		})),
		inPlace(act("barriers", "logBarrier", "The learner meant to use a behaviour and could not", useIn{}, `{"behaviour": "trade", "barrier": "no time", "key": "call-4712"}`, func(c *call) error {
			learner, err := c.learner()
			in := c.body.(*useIn)
			return orThen(err, func() error {
				return c.engine.LogBarrier(c.Context(), learner, c.enrolment(), in.Behaviour, in.Note, in.Barrier, cmp.Or(in.Key, rand.Text()))
			})
		})),
		act("pause", "pauseEnrolment", "Let an enrolment stand still", pauseIn{}, `{"until": "2027-01-04T08:00:00Z", "reason": "parental leave"}`, func(c *call) error {
			in := c.body.(*pauseIn)
			return c.engine.Pause(c.Context(), c.by(), c.enrolment(), in.Until, in.Reason)
		}),
		act("resume", "resumeEnrolment", "Let a paused enrolment go on", struct{}{}, `{}`, func(c *call) error {
			return c.engine.Resume(c.Context(), c.by(), c.enrolment())
		}),
		act("unenrol", "unenrol", "End an enrolment; enrolling again resumes it", reasonIn{}, `{"reason": "left the company"}`, func(c *call) error {
			return c.engine.Unenrol(c.Context(), c.by(), c.enrolment(), c.body.(*reasonIn).Reason)
		}),
		act("reenrol", "reenrol", "Take an unenrolment back", struct{}{}, `{}`, func(c *call) error {
			return c.engine.Reenrol(c.Context(), c.by(), c.enrolment())
		}),
		act("anchors", "setAnchor", "Say when something was, or take that back", anchorIn{}, `{"name": "course_completed", "at": "2026-11-20T15:00:00Z"}`, func(c *call) error {
			in := c.body.(*anchorIn)
			return c.engine.SetAnchor(c.Context(), c.by(), c.enrolment(), in.Name, in.At, in.Reason)
		}),
		act("people", "assignPerson", "Put somebody into a role", assignIn{}, `{"role": "manager", "email": "max@example.org", "name": "Max Manager"}`, func(c *call) error {
			in := c.body.(*assignIn)
			return c.engine.Assign(c.Context(), c.by(), c.enrolment(), in.Role, engine.Appointment{Person: in.Person, Email: in.Email, Name: in.Name, Reason: in.Reason})
		}),
		act("people/confirm", "confirmNamed", "Confirm whom the learner named", roleIn{}, `{"role": "manager"}`, func(c *call) error {
			return c.engine.ConfirmNamed(c.Context(), c.by(), c.enrolment(), c.body.(*roleIn).Role)
		}),
		inPlace(act("people/name", "nameReviewer", "The learner names somebody for a role", nameIn{}, `{"role": "manager", "name": "Max", "email": "max@example.org"}`, func(c *call) error {
			learner, err := c.learner()
			in := c.body.(*nameIn)
			return orThen(err, func() error {
				return c.engine.NameReviewer(c.Context(), learner, c.enrolment(), in.Role, in.Name, in.Email)
			})
		})),
	}
}

// orThen does the next thing if nothing failed before.
func orThen(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}
