package api

import (
	"net/http"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// cohortRoutes are what concerns a course as a whole.
func cohortRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/board", id: "showBoard", tag: "Cohorts", summary: "Everybody of a course: how far, what is late, who is missing", scope: lrs.ScopeEnrolmentsRead,
			query: courseParams(), reply: list[engine.BoardRow]{}, do: func(c *call) (any, error) {
				rows, err := c.engine.Board(c.Context(), c.course())
				return all(rows), err
			}},
		{method: "GET", path: "/api/v1/late", id: "listLate", tag: "Cohorts", summary: "Who of a course is late, with what", scope: lrs.ScopeEnrolmentsRead,
			query: append(courseParams(), limitParam, cursorParam), reply: engine.LatePage{}, do: func(c *call) (any, error) {
				return c.engine.LateList(c.Context(), c.by(), c.course(), engine.EnrolmentID(c.param("cursor")), min(c.limit(), 100))
			}},
	}
}

// queueRoutes are the dead letters.
func queueRoutes() []route {
	act := func(verb, id, summary string, do func(q Queue, c *call) error) route {
		return route{method: "POST", path: "/api/v1/queue/dead/{queue}/{task}/" + verb, id: id, tag: "Queue", summary: summary, scope: lrs.ScopeAPI, do: func(c *call) (any, error) {
			q, err := c.queue()
			return nil, orThen(err, func() error { return do(q, c) })
		}}
	}
	return []route{
		{method: "GET", path: "/api/v1/queue/dead", id: "listDeadTasks", tag: "Queue", summary: "What the queue gave up", scope: lrs.ScopeAPI, query: []param{limitParam},
			reply: list[DeadTask]{}, do: func(c *call) (any, error) {
				q, err := c.queue()
				if err != nil {
					return nil, err
				}
				found, err := q.Dead(c.Context(), c.limit())
				mine := []DeadTask{}
				for _, t := range found {
					if t.Tenant == c.key.Tenant {
						mine = append(mine, t)
					}
				}
				return all(mine), err
			}},
		act("retry", "retryDeadTask", "Try it again", func(q Queue, c *call) error {
			return q.Retry(c.Context(), c.key.Tenant, c.PathValue("queue"), c.PathValue("task"))
		}),
		act("drop", "dropDeadTask", "Forget it", func(q Queue, c *call) error {
			return q.Drop(c.Context(), c.key.Tenant, c.PathValue("queue"), c.PathValue("task"))
		}),
	}
}

func (c *call) queue() (Queue, error) {
	if c.api.o.Queue == nil {
		return nil, refuse(http.StatusServiceUnavailable, "unavailable", "this process has no queue")
	}
	return c.api.o.Queue, nil
}
