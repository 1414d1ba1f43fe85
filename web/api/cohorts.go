package api

import (
	"strconv"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// cohortRoutes are what concerns a course as a whole.
func cohortRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/board", id: "showBoard", tag: "Cohorts", summary: "Everybody of a course: how far, what is late, who is missing", scope: lrs.ScopeEnrolmentsRead,
			query: append(courseParams(), param{name: "workflow"}, param{name: "only", doc: "Whom to show; all if left out", enum: engine.BoardOnly()},
				param{name: "search", doc: "Part of a name or of an e-mail address"}, limitParam, cursorParam),
			reply: boardView{}, do: showBoard},
		{method: "GET", path: "/api/v1/late", id: "listLate", tag: "Cohorts", summary: "Who of a course is late, with what", scope: lrs.ScopeEnrolmentsRead,
			query: append(courseParams(), limitParam, cursorParam), reply: engine.LatePage{}, do: func(c *call) (any, error) {
				return c.engine.LateList(c.Context(), c.by(), c.course(), engine.EnrolmentID(c.param("cursor")), min(c.limit(), 100))
			}},
	}
}

// cohortIn says which cohort: a workflow's enrolments in one course, or of these what a coach split off under a label.
type cohortIn struct {
	Workflow engine.WorkflowID `json:"workflow"`
	Course   courseIn          `json:"course"`
	Label    string            `json:"label,omitempty"`
}

func (in cohortIn) key() engine.CohortKey {
	return engine.CohortKey{Workflow: in.Workflow, Course: engine.Course{Issuer: in.Course.Issuer, ID: in.Course.ID}, Label: in.Label}
}

// gatherRoutes are what a coach does for a whole cohort.
func gatherRoutes() []route {
	type startIn struct {
		Cohort cohortIn `json:"cohort"`
		Day    string   `json:"day" doc:"YYYY-MM-DD"`
		Zone   string   `json:"zone,omitempty" doc:"IANA name; that of the first member if left out"`
	}
	type stepIn struct {
		Cohort cohortIn      `json:"cohort"`
		Step   engine.StepID `json:"step"`
	}
	type eventIn struct {
		Cohort cohortIn      `json:"cohort"`
		Step   engine.StepID `json:"step"`
		At     time.Time     `json:"at"`
	}
	type splitIn struct {
		Label      string               `json:"label"`
		Enrolments []engine.EnrolmentID `json:"enrolments"`
	}
	type attendedIn struct {
		Step       engine.StepID        `json:"step"`
		Enrolments []engine.EnrolmentID `json:"enrolments"`
	}
	const cohort = `"cohort": {"workflow": "deals", "course": {"issuer": "https://lms.example", "id": "2"}}`
	act := func(path, id, summary string, body any, sample string, do func(c *call) error) route {
		return route{method: "POST", path: "/api/v1/cohort/" + path, id: id, tag: "Cohorts", summary: summary, scope: lrs.ScopeEnrolmentsWrite, body: body, sample: sample,
			do: func(c *call) (any, error) { return nil, do(c) }}
	}
	return []route{
		{method: "GET", path: "/api/v1/cohort", id: "showCohort", tag: "Cohorts", summary: "What a cohort waits for and meets for", scope: lrs.ScopeEnrolmentsRead,
			query: append(courseParams(), param{name: "workflow", required: true}, param{name: "label"}), reply: engine.CohortView{}, do: func(c *call) (any, error) {
				v, err := c.engine.Cohort(c.Context(), c.by(), engine.CohortKey{Workflow: engine.WorkflowID(c.param("workflow")), Course: c.course(), Label: c.param("label")})
				if err == nil && !c.may(lrs.ScopeEnrolmentsWrite) {
					for i := range v.Steps {
						v.Steps[i].Code = "" // whoever has it can attend
					}
				}
				return v, err
			}},
		act("start", "setCourseStart", "Say on which day the course starts for a cohort", startIn{}, `{`+cohort+`, "day": "2026-12-07"}`, func(c *call) error {
			in := c.body.(*startIn)
			day, err := time.Parse(time.DateOnly, in.Day)
			if err != nil {
				return malformed(faults{{Pointer: "/day", Detail: "is no date", Better: "write 2026-12-07"}})
			}
			return c.engine.SetCourseStart(c.Context(), c.by(), in.Cohort.key(), day, in.Zone)
		}),
		act("gates", "openGate", "Open a step for everybody, though not all are ready", stepIn{}, `{`+cohort+`, "step": "plan"}`, func(c *call) error {
			in := c.body.(*stepIn)
			return c.engine.OpenGate(c.Context(), c.by(), in.Cohort.key(), in.Step)
		}),
		act("events", "setEventTime", "Say when a cohort meets", eventIn{}, `{`+cohort+`, "step": "plan", "at": "2026-12-07T09:00:00Z"}`, func(c *call) error {
			in := c.body.(*eventIn)
			return c.engine.SetEventTime(c.Context(), c.by(), in.Cohort.key(), in.Step, in.At)
		}),
		{method: "POST", path: "/api/v1/cohort/codes", id: "drawCode", tag: "Cohorts", summary: "The code by which members say that they attend; the same each time", scope: lrs.ScopeEnrolmentsWrite,
			body: stepIn{}, sample: `{` + cohort + `, "step": "plan"}`, reply: codeView{}, do: func(c *call) (any, error) {
				in := c.body.(*stepIn)
				code, err := c.engine.EventCode(c.Context(), c.by(), in.Cohort.key(), in.Step)
				return codeView{code}, err
			}},
		act("attendance", "markAttended", "Say who attended", attendedIn{}, `{"step": "plan", "enrolments": []}`, func(c *call) error {
			in := c.body.(*attendedIn)
			return c.engine.MarkAttended(c.Context(), c.by(), in.Step, in.Enrolments...)
		}),
		act("split", "splitCohort", "Make some enrolments a cohort of their own; an empty label takes them back", splitIn{}, `{"label": "north", "enrolments": []}`, func(c *call) error {
			in := c.body.(*splitIn)
			return c.engine.SplitCohort(c.Context(), c.by(), in.Label, in.Enrolments...)
		}),
		{method: "GET", path: "/api/v1/uses", id: "showUses", tag: "Reports", summary: "How often behaviours are used, by week, and what gets in the way", scope: lrs.ScopeEnrolmentsRead,
			query: append(courseParams(), param{name: "workflow", required: true}), reply: engine.UseReport{}, do: func(c *call) (any, error) {
				return c.engine.UseFrequencyIn(c.Context(), c.course(), engine.WorkflowID(c.param("workflow")))
			}},
		{method: "GET", path: "/api/v1/come-back", id: "showComeBack", tag: "Reports", summary: "What nudges led to in a course, by arm of the nudge test", scope: lrs.ScopeEnrolmentsRead,
			query: courseParams(), reply: map[string]engine.ComeBack{}, do: func(c *call) (any, error) {
				return c.engine.ComeBack(c.Context(), c.by(), c.course())
			}},
	}
}

type codeView struct {
	Code string `json:"code"`
}

// queueRoutes are what waits and what was given up.
func queueRoutes() []route {
	act := func(verb, id, summary string, do func(c *call, letter string) error) route {
		return route{method: "POST", path: "/api/v1/queue/dead/{letter}/" + verb, id: id, tag: "Queue", summary: summary, scope: lrs.ScopeAPI,
			do: func(c *call) (any, error) { return nil, do(c, c.PathValue("letter")) }}
	}
	return []route{
		{method: "GET", path: "/api/v1/queue", id: "showQueueBacklog", tag: "Queue", summary: "How much is due and waits; counts stop at 10,000", scope: lrs.ScopeAPI,
			reply: engine.Backlog{}, do: func(c *call) (any, error) { return c.engine.Backlog(c.Context()) }},
		{method: "GET", path: "/api/v1/queue/dead", id: "listDeadLetters", tag: "Queue", summary: "What was given up, oldest first", scope: lrs.ScopeAPI,
			reply: list[engine.DeadLetter]{}, do: func(c *call) (any, error) {
				found, err := c.engine.DeadLetters(c.Context())
				return all(found), err
			}},
		act("retry", "retryDeadLetter", "Try it again", func(c *call, letter string) error { return c.engine.RetryDeadLetter(c.Context(), letter) }),
		act("drop", "dropDeadLetter", "Forget it", func(c *call, letter string) error { return c.engine.DropDeadLetter(c.Context(), letter) }),
	}
}

// boardView is a page of a course's board.
type boardView struct {
	list[engine.BoardRow]
	Count  int            `json:"count" doc:"Learners whom the parameters let through"`
	Counts map[string]int `json:"counts" doc:"How many each value of \"only\" would let through"`
}

// fromPlace is the place in a list that the cursor names, from 0.
func (c *call) fromPlace() (int, error) {
	parts, err := c.place(1)
	if err != nil || parts == nil {
		return 0, err
	}
	from, err := strconv.Atoi(parts[0])
	if err != nil || from < 0 {
		return 0, malformed(faults{{Pointer: "query/cursor", Detail: "is none that this list gave"}})
	}
	return from, nil
}

func showBoard(c *call) (any, error) {
	from, err := c.fromPlace()
	if err != nil {
		return nil, err
	}
	page, err := c.engine.Board(c.Context(), c.course(), engine.BoardFilter{Workflow: engine.WorkflowID(c.param("workflow")), Only: c.param("only"), Search: c.param("search")}, from, c.limit())
	if err != nil {
		return nil, err
	}
	v := boardView{list: all(page.Rows), Count: page.Count, Counts: page.Counts}
	if next := page.From + len(page.Rows); next < page.Count {
		v.Next = cursor(strconv.Itoa(next))
	}
	return v, nil
}
