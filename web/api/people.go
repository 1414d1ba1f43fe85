package api

import (
	"io"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// personView is one person.
type personView struct {
	ID        engine.PersonID      `json:"id"`
	Issuer    string               `json:"issuer,omitempty"`
	Subject   string               `json:"subject,omitempty"`
	Name      string               `json:"name,omitempty"`
	Email     string               `json:"email,omitempty"`
	Locale    string               `json:"locale,omitempty"`
	Zone      string               `json:"zone,omitempty"`
	Off       map[string]time.Time `json:"unsubscribed,omitempty" doc:"Channels that the person stopped, since when"`
	CreatedAt time.Time            `json:"created_at"`
}

func viewPerson(p engine.Person) personView {
	return personView{ID: p.ID, Issuer: p.Issuer, Subject: p.Subject, Name: p.Name, Email: p.Email, Locale: p.Locale, Zone: p.Zone,
		Off: p.Unsubscribed, CreatedAt: p.CreatedAt}
}

// person is the one of the path.
func (c *call) person() engine.PersonID { return engine.PersonID(c.PathValue("person")) }

// preferencesIn are how a person wants to be reached.
type preferencesIn struct {
	Preferences engine.Preferences `json:"preferences"`
	Off         map[string]bool    `json:"off,omitempty" doc:"By channel (email, chat): stopped; a channel that is not named stays as it is"`
}

type erasureIn struct {
	Really bool `json:"really" doc:"false: only say what would be removed"`
}

const personPath = "/api/v1/people/{person}"

func personRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/people", id: "findPeople", tag: "People", summary: "Find people by a name",
			detail: "name is an e-mail address, an account as issuer|subject, or a person's id.", scope: lrs.ScopePeopleRead,
			query: []param{{name: "name", required: true}}, reply: list[personView]{}, do: func(c *call) (any, error) {
				found, err := c.engine.PeopleCalled(c.Context(), c.param("name"))
				views := []personView{}
				for _, p := range found {
					views = append(views, viewPerson(p))
				}
				return all(views), err
			}},
		{method: "GET", path: personPath, id: "showPerson", tag: "People", summary: "One person", scope: lrs.ScopePeopleRead, reply: personView{}, do: func(c *call) (any, error) {
			p, err := c.engine.Person(c.Context(), c.person())
			return viewPerson(p), err
		}},
		{method: "GET", path: personPath + "/portfolio", id: "showPortfolio", tag: "People", summary: "What a person handed in, everywhere", detail: "What is private is left out.", scope: lrs.ScopePeopleRead,
			reply: engine.Portfolio{}, do: func(c *call) (any, error) {
				if !c.may(lrs.ScopeEnrolmentsRead) {
					return nil, refuse(403, "scope", "the key lacks the scope "+lrs.ScopeEnrolmentsRead)
				}
				return c.engine.Portfolio(c.Context(), c.person(), false)
			}},
		{method: "GET", path: personPath + "/data.zip", id: "exportPerson", tag: "People", summary: "All that is kept about a person, as a ZIP of JSON and the files they handed in",
			detail: "For a request for access. What is private to the learner is left out: they get it themselves, under Preferences. about.json, the last file, says what else is. Nothing of others is in it but what they answered, without their names.",
			scope:  lrs.ScopePeopleRead, reply: "", produces: "application/zip", do: func(c *call) (any, error) {
				if !c.may(lrs.ScopeEnrolmentsRead) {
					return nil, refuse(403, "scope", "the key lacks the scope "+lrs.ScopeEnrolmentsRead)
				}
				if _, err := c.engine.Person(c.Context(), c.person()); err != nil {
					return nil, err
				}
				c.w.Header().Set("Content-Disposition", `attachment; filename="data.zip"`)
				return streamReply{"application/zip", func(to io.Writer) error {
					return c.engine.WritePersonalData(c.Context(), c.person(), false, to)
				}}, nil
			}},
		{method: "GET", path: personPath + "/portfolio/links", id: "listPortfolioLinks", tag: "People", summary: "The links by which a person shows the portfolio",
			detail: "The addresses are kept nowhere.", scope: lrs.ScopePeopleRead, reply: list[engine.PortfolioLink]{}, do: func(c *call) (any, error) {
				found, err := c.engine.PortfolioLinks(c.Context(), c.person())
				return all(found), err
			}},
		{method: "POST", path: personPath + "/portfolio/links/{link}/revoke", id: "revokePortfolioLink", tag: "People", summary: "Take a link to a portfolio back", scope: lrs.ScopePeopleWrite,
			body: struct{}{}, sample: `{}`, do: func(c *call) (any, error) {
				return nil, c.engine.RevokePortfolioLink(c.Context(), c.person(), engine.PortfolioLinkID(c.PathValue("link")))
			}},
		{method: "GET", path: personPath + "/queue", id: "showQueue", tag: "Requests", summary: "All that waits for one person's answer", scope: lrs.ScopeEnrolmentsRead,
			reply: list[engine.Asked]{}, do: func(c *call) (any, error) {
				asked, err := c.engine.Queue(c.Context(), c.by(), c.person())
				if !c.may(lrs.ScopeEnrolmentsAct) {
					for i := range asked {
						asked[i].Link = "" // opens the request to whoever has it
					}
				}
				return all(asked), err
			}},
		{method: "GET", path: personPath + "/preferences", id: "showPreferences", tag: "People", summary: "How a person wants to be reached", scope: lrs.ScopePeopleRead,
			reply: engine.Wishes{}, do: func(c *call) (any, error) { return c.engine.Preferences(c.Context(), c.person()) }},
		{method: "PUT", path: personPath + "/preferences", id: "savePreferences", tag: "People", summary: "Say how a person wants to be reached", scope: lrs.ScopePeopleWrite,
			body: preferencesIn{}, sample: `{"preferences": {"zone": "Europe/Berlin"}, "off": {"email": true}}`, reply: engine.Wishes{}, do: func(c *call) (any, error) {
				in := c.body.(*preferencesIn)
				if err := c.engine.SavePreferences(c.Context(), c.person(), in.Preferences, in.Off); err != nil {
					return nil, err
				}
				return c.engine.Preferences(c.Context(), c.person())
			}},
		{method: "POST", path: personPath + "/erase", id: "erasePerson", tag: "People", summary: "Remove all that workflows know of a person; it cannot be undone",
			detail: "Statements in the record store are removed by cairn erase.", scope: lrs.ScopePeopleWrite, body: erasureIn{}, sample: `{"really": false}`,
			reply: engine.PersonErasure{}, do: func(c *call) (any, error) {
				if _, err := c.engine.Person(c.Context(), c.person()); err != nil {
					return nil, err
				}
				return c.engine.ErasePerson(c.Context(), c.by(), c.engine.ByPerson(c.person()), !c.body.(*erasureIn).Really)
			}},
	}
}

// nudgeRoutes are messages and prompts.
func nudgeRoutes() []route {
	type readIn struct {
		Messages []engine.MessageID `json:"messages,omitempty"`
		All      bool               `json:"all,omitempty" doc:"true, without messages: all that are there"`
	}
	type usedIn struct {
		Used bool `json:"used"`
	}
	promptPath := enrolmentPath + "/prompts/{prompt}"
	return slicesOf([]route{
		{method: "GET", path: personPath + "/inbox", id: "showInbox", tag: "Nudges", summary: "A person's inbox: nudges, requests and news", scope: lrs.ScopeNudgesRead,
			query: []param{limitParam, cursorParam}, reply: engine.Inbox{}, do: func(c *call) (any, error) {
				return c.engine.Inbox(c.Context(), c.person(), engine.Paging{After: c.param("cursor"), Limit: c.limit()})
			}},
		{method: "POST", path: personPath + "/inbox/read", id: "readInbox", tag: "Nudges", summary: "The person has read messages", scope: lrs.ScopeNudgesWrite,
			body: readIn{}, sample: `{"all": true}`, do: func(c *call) (any, error) {
				in := c.body.(*readIn)
				if in.All == (len(in.Messages) > 0) {
					return nil, malformed(faults{{Pointer: "/messages", Detail: "which messages is not said", Better: "name some in messages, or send all: true"}})
				}
				return nil, c.engine.ReadInbox(c.Context(), c.person(), in.Messages...)
			}},
		{method: "GET", path: personPath + "/messages", id: "listMessages", tag: "Nudges", summary: "Messages to a person, planned and sent, latest first",
			scope: lrs.ScopeNudgesRead, query: []param{limitParam}, reply: list[engine.Message]{}, do: func(c *call) (any, error) {
				found, err := c.engine.MessagesTo(c.Context(), c.person(), c.limit())
				return all(found), err
			}},
		{method: "GET", path: personPath + "/prompts", id: "listPrompts", tag: "Nudges", summary: "Help that business events brought up for a person", scope: lrs.ScopeNudgesRead,
			query: []param{{name: "all", doc: "true: the dismissed too", enum: []string{"true", "false"}}}, reply: list[engine.PromptView]{}, do: func(c *call) (any, error) {
				found, err := c.engine.Prompts(c.Context(), c.person(), c.param("all") == "true")
				return all(found), err
			}},
		{method: "POST", path: promptPath + "/dismiss", id: "dismissPrompt", tag: "Nudges", summary: "The learner wants the prompt away", scope: lrs.ScopeNudgesWrite,
			body: struct{}{}, sample: `{}`, do: func(c *call) (any, error) {
				p, err := c.learner()
				return nil, orThen(err, func() error { return c.engine.DismissPrompt(c.Context(), p, c.enrolment(), c.PathValue("prompt")) })
			}},
		{method: "POST", path: promptPath + "/answer", id: "answerPrompt", tag: "Nudges", summary: "Did the learner use it?", scope: lrs.ScopeNudgesWrite,
			body: usedIn{}, sample: `{"used": true}`, do: func(c *call) (any, error) {
				p, err := c.learner()
				return nil, orThen(err, func() error {
					return c.engine.AnswerPrompt(c.Context(), p, c.enrolment(), c.PathValue("prompt"), c.body.(*usedIn).Used)
				})
			}},
		{method: "GET", path: "/api/v1/channels", id: "listChannels", tag: "Nudges", summary: "Chat endpoints that nudges may go to", scope: lrs.ScopeNudgesRead,
			reply: list[channelView]{}, do: func(c *call) (any, error) {
				found, err := c.engine.Endpoints(c.Context())
				views := []channelView{}
				for _, e := range found {
					views = append(views, channelView{Name: e.Name, Kind: string(e.Kind), Host: e.Host, Disabled: !e.DisabledAt.IsZero()})
				}
				return all(views), err
			}},
	}, requestRoutes(), reviewerRoutes())
}

type channelView struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Host     string `json:"host"`
	Disabled bool   `json:"disabled"`
}

func slicesOf(parts ...[]route) []route {
	var out []route
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
