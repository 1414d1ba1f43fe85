package api

import (
	"strconv"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// plannedView is a message that would be sent.
type plannedView struct {
	At        time.Time          `json:"at"`
	Channel   string             `json:"channel" enum:"lms,email,chat"`
	Held      bool               `json:"held,omitempty" doc:"Nudges are held back: it would wait"`
	To        engine.PersonID    `json:"to"`
	Enrolment engine.EnrolmentID `json:"enrolment"`
	Step      engine.StepID      `json:"step,omitempty"`
	Purpose   string             `json:"purpose"`
	Escalate  bool               `json:"escalate,omitempty"`
	Subject   string             `json:"subject,omitempty"`
	Text      string             `json:"text,omitempty"`
}

// previewView is what would be sent if nobody did anything.
type previewView struct {
	From  time.Time     `json:"from"`
	Until time.Time     `json:"until"`
	Items []plannedView `json:"items"`
	More  bool          `json:"more,omitempty" doc:"The list ends early"`
	Place int           `json:"place" doc:"Of the first learner looked at, from 0"`
	Count int           `json:"count" doc:"Learners of the course"`
	Next  string        `json:"next,omitempty" doc:"cursor of the next learners"`
}

func viewPreview(p *engine.NudgePreview, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	v := previewView{From: p.From, Until: p.Until, Items: []plannedView{}, More: p.More, Place: p.Place, Count: p.Count}
	for _, m := range p.Mails {
		one := plannedView{At: m.At, Channel: m.Channel, Held: m.Held, To: m.To.ID, Enrolment: m.Enrolment, Purpose: m.Purpose, Escalate: m.Escalate, Subject: m.Subject, Text: m.Text}
		if m.Step != nil {
			one.Step = m.Step.ID
		}
		v.Items = append(v.Items, one)
	}
	return v, nil
}

// heldNudgeRoutes are what would be sent next, and holding it back.
func heldNudgeRoutes() []route {
	type holdIn struct {
		Held   bool   `json:"held"`
		Reason string `json:"reason,omitempty" doc:"Required to hold"`
	}
	type courseHoldIn struct {
		Course courseIn `json:"course"`
		Held   bool     `json:"held"`
		Reason string   `json:"reason,omitempty" doc:"Required to hold"`
	}
	return []route{
		{method: "GET", path: enrolmentPath + "/nudges", id: "previewNudges", tag: "Nudges", summary: "What would be sent about a learner in the next 14 days if nobody did anything",
			detail: "Nothing is stored or sent. Texts hold no personal links; they need people/read.", scope: lrs.ScopeNudgesRead, reply: previewView{}, do: func(c *call) (any, error) {
				return viewPreview(c.engine.PreviewNudges(c.Context(), c.by(), c.enrolment()))
			}},
		{method: "POST", path: enrolmentPath + "/nudges", id: "holdNudges", tag: "Nudges", summary: "Hold a learner's nudges back while steps go on, or let them go on", scope: lrs.ScopeNudgesWrite,
			body: holdIn{}, sample: `{"held": true, "reason": "trade fair"}`, do: func(c *call) (any, error) {
				in := c.body.(*holdIn)
				if in.Held {
					return nil, c.engine.HoldNudges(c.Context(), c.by(), c.enrolment(), in.Reason)
				}
				return nil, c.engine.ReleaseNudges(c.Context(), c.by(), c.enrolment())
			}},
		{method: "GET", path: "/api/v1/course-nudges/preview", id: "previewCourseNudges", tag: "Nudges", summary: "What would be sent about 25 learners of a course in the next 14 days", scope: lrs.ScopeNudgesRead,
			query: append(courseParams(), cursorParam), reply: previewView{}, do: func(c *call) (any, error) {
				from, err := c.fromPlace()
				if err != nil {
					return nil, err
				}
				p, err := c.engine.PreviewCourseNudges(c.Context(), c.by(), c.course(), from)
				v, err := viewPreview(p, err)
				if page, ok := v.(previewView); ok && p.Place+p.People < p.Count {
					page.Next = cursor(strconv.Itoa(p.Place + p.People))
					return page, nil
				}
				return v, err
			}},
		{method: "GET", path: "/api/v1/course-nudges", id: "showCourseNudges", tag: "Nudges", summary: "Whether the nudges of a course are held back, and by whom", scope: lrs.ScopeNudgesRead,
			query: courseParams(), reply: engine.CourseNudges{}, do: func(c *call) (any, error) { return c.engine.CourseNudges(c.Context(), c.by(), c.course()) }},
		{method: "POST", path: "/api/v1/course-nudges", id: "holdCourseNudges", tag: "Nudges", summary: "Hold the nudges of a course back while steps go on, or let them go on", scope: lrs.ScopeNudgesWrite,
			body: courseHoldIn{}, sample: `{"course": {"issuer": "https://lms.example", "id": "2"}, "held": true, "reason": "trade fair"}`, do: func(c *call) (any, error) {
				in := c.body.(*courseHoldIn)
				at := engine.Course{Issuer: in.Course.Issuer, ID: in.Course.ID}
				if in.Held {
					return nil, c.engine.HoldCourseNudges(c.Context(), c.by(), at, in.Reason)
				}
				return nil, c.engine.ReleaseCourseNudges(c.Context(), c.by(), at)
			}},
	}
}
