package api

import (
	"net/http"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// reviewerRoutes are what reviewers do besides answering, and what learners show by link: as the pages do it.
func reviewerRoutes() []route {
	type forwardIn struct {
		Name  string `json:"name,omitempty"`
		Email string `json:"email" doc:"Of the right person"`
	}
	type declineIn struct {
		Reason string `json:"reason,omitempty" doc:"For the coach; at most 500 characters"`
	}
	type shareIn struct {
		Label        string              `json:"label,omitempty" doc:"For whom, in the learner's words"`
		Days         int                 `json:"days" doc:"7, 30 or 90"`
		Workflows    []engine.WorkflowID `json:"workflows,omitempty" doc:"Empty: all"`
		CustomerData bool                `json:"customer_data,omitempty" doc:"Also what holds data of customers"`
	}
	type shareView struct {
		URL  string               `json:"url" doc:"Given this once: it is kept nowhere"`
		Link engine.PortfolioLink `json:"link"`
	}
	left := func(c *call, err error) (any, error) {
		if err != nil {
			return nil, err
		}
		return c.engine.OpenRequest(c.Context(), c.enrolment(), engine.RequestID(c.PathValue("request")))
	}
	return []route{
		{method: "POST", path: requestPath + "/forward", id: "forwardRequest", tag: "Requests", summary: "Not the reviewer: pass the request on to the right person", scope: lrs.ScopeEnrolmentsAct,
			detail: "They are asked this and all else that the role is asked of this learner; the links of who passed it on end. The same again changes nothing.",
			body:   forwardIn{}, sample: `{"name": "Mia Mentor", "email": "mia@example.org"}`, reply: engine.RequestView{}, status: http.StatusOK, do: func(c *call) (any, error) {
				in := c.body.(*forwardIn)
				return left(c, c.engine.Forward(c.Context(), c.enrolment(), engine.RequestID(c.PathValue("request")), in.Name, in.Email))
			}},
		{method: "POST", path: requestPath + "/decline", id: "declineRequest", tag: "Requests", summary: "The reviewer cannot judge this", scope: lrs.ScopeEnrolmentsAct,
			detail: "The stand-in is asked if there is one and nobody else is left to answer, and the coach is told. The same again changes nothing.",
			body:   declineIn{}, sample: `{"reason": "I was not there"}`, reply: engine.RequestView{}, status: http.StatusOK, do: func(c *call) (any, error) {
				return left(c, c.engine.Decline(c.Context(), c.enrolment(), engine.RequestID(c.PathValue("request")), c.body.(*declineIn).Reason))
			}},
		{method: "GET", path: personPath + "/waitlist", id: "showWaitlist", tag: "Requests", summary: "Who needs a reviewer, and what to ask: requests, and talks that would help", scope: lrs.ScopeEnrolmentsRead,
			reply: engine.Waitlist{}, do: func(c *call) (any, error) {
				list, err := c.engine.Waitlist(c.Context(), c.person())
				if err == nil && !c.may(lrs.ScopeEnrolmentsAct) {
					for i := range list.Asked {
						list.Asked[i].Link = "" // opens the request to whoever has it
					}
				}
				return list, err
			}},
		{method: "POST", path: personPath + "/waitlist", id: "sendWaitlist", tag: "Requests", summary: "Mail a reviewer a fresh link to all that waits for them", scope: lrs.ScopeEnrolmentsAct,
			detail: "At most once an hour, to the address we have; nothing if nothing waits for them.", body: struct{}{}, sample: `{}`, do: func(c *call) (any, error) {
				return nil, c.engine.SendWaitlist(c.Context(), c.person())
			}},
		{method: "POST", path: personPath + "/portfolio/links", id: "sharePortfolio", tag: "People", summary: "Make a link by which whoever has it may look at a person's portfolio", scope: lrs.ScopePeopleWrite,
			detail: "What is private, or not handed in, is not shown.", body: shareIn{}, sample: `{"label": "for my next manager", "days": 30}`, reply: shareView{}, do: func(c *call) (any, error) {
				if c.api.o.Share == nil {
					return nil, refuse(http.StatusNotFound, "not-found", "this installation shows portfolios nowhere")
				}
				in := c.body.(*shareIn)
				secret, link, err := c.engine.SharePortfolio(c.Context(), c.person(), engine.Sharing{Label: in.Label, Days: in.Days, Workflows: in.Workflows, CustomerData: in.CustomerData})
				if err != nil {
					return nil, err
				}
				return shareView{URL: c.api.o.Share(c.key.Tenant, secret), Link: link}, nil
			}},
	}
}
