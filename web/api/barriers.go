package api

import (
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// barrierRoutes are what is done about what gets in learners' way.
func barrierRoutes() []route {
	type barrierIn struct {
		Course courseIn `json:"course"`
		Tag    string   `json:"tag" doc:"Of the barrier, as learners tagged it"`
		Action string   `json:"action"`
		Owner  string   `json:"owner" doc:"Who does it, as people call them"`
		Due    string   `json:"due" doc:"YYYY-MM-DD"`
	}
	type doneIn struct {
		Course courseIn `json:"course"`
		Done   bool     `json:"done"`
	}
	return []route{
		{method: "GET", path: "/api/v1/barrier-actions", id: "listBarrierActions", tag: "Cohorts", summary: "What is done about the barriers of a course, the open ones first", scope: lrs.ScopeEnrolmentsRead,
			query: courseParams(), reply: list[engine.BarrierAction]{}, do: func(c *call) (any, error) {
				found, err := c.engine.BarrierActions(c.Context(), c.by(), c.course())
				return all(found), err
			}},
		{method: "POST", path: "/api/v1/barrier-actions", id: "addBarrierAction", tag: "Cohorts", summary: "Note what is done about a barrier, by whom and until when", scope: lrs.ScopeEnrolmentsWrite,
			body: barrierIn{}, once: true, status: 201, reply: engine.BarrierAction{},
			sample: `{"course": {"issuer": "https://lms.example", "id": "2"}, "tag": "no time", "action": "Keep Friday mornings free", "owner": "Max", "due": "2026-12-18"}`,
			do: func(c *call) (any, error) {
				in := c.body.(*barrierIn)
				due, err := time.Parse(time.DateOnly, in.Due)
				if err != nil {
					return nil, malformed(faults{{Pointer: "/due", Detail: "is no date", Better: "write 2026-12-07"}})
				}
				return c.engine.AddBarrierAction(c.Context(), c.by(), engine.Course{Issuer: in.Course.Issuer, ID: in.Course.ID},
					engine.BarrierAction{Tag: in.Tag, Action: in.Action, Owner: in.Owner, Due: due})
			}},
		{method: "POST", path: "/api/v1/barrier-actions/{action}", id: "endBarrierAction", tag: "Cohorts", summary: "Say that a barrier action is done, or open again", scope: lrs.ScopeEnrolmentsWrite,
			body: doneIn{}, sample: `{"course": {"issuer": "https://lms.example", "id": "2"}, "done": true}`, do: func(c *call) (any, error) {
				in := c.body.(*doneIn)
				return nil, c.engine.EndBarrierAction(c.Context(), c.by(), engine.Course{Issuer: in.Course.Issuer, ID: in.Course.ID}, c.PathValue("action"), in.Done)
			}},
	}
}
