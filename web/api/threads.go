package api

import (
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// postView is a post of a thread; its author is a person's id.
type postView struct {
	ID      engine.PostID   `json:"id"`
	Step    engine.StepID   `json:"step,omitempty"`
	Author  engine.PersonID `json:"author"`
	Role    engine.Role     `json:"role" doc:"In which the author writes"`
	ReplyTo engine.PostID   `json:"reply_to,omitempty"`
	Text    string          `json:"text" doc:"Empty where a coach has hidden it"`
	At      time.Time       `json:"at"`
	Helpful int             `json:"helpful" doc:"How many found it so"`
	Hidden  bool            `json:"hidden,omitempty"`
}

func viewPost(p engine.Post) postView {
	v := postView{ID: p.ID, Step: p.Step, Author: p.Author, Role: p.Role, ReplyTo: p.ReplyTo, Text: p.Text, At: p.At, Helpful: len(p.Helpful), Hidden: p.Hidden}
	if p.Hidden {
		v.Text = ""
	}
	return v
}

// postIn is what somebody writes into a thread.
type postIn struct {
	Text    string          `json:"text"`
	ReplyTo engine.PostID   `json:"reply_to,omitempty"`
	Person  engine.PersonID `json:"person,omitempty" doc:"Who writes; the learner if left out"`
}

// threadRoutes are what people write to each other.
func threadRoutes() []route {
	type whoIn struct {
		Person engine.PersonID `json:"person"`
	}
	type hideIn struct {
		Hidden bool `json:"hidden"`
	}
	thread := func(path, id, summary string, load func(c *call, before engine.PostRef) (*engine.ThreadView, error)) route {
		return route{method: "GET", path: path, id: id, tag: "Threads", summary: summary, detail: "Latest first.", scope: lrs.ScopeEnrolmentsRead,
			query: []param{limitParam, cursorParam}, reply: list[postView]{}, do: func(c *call) (any, error) { return c.thread(load) }}
	}
	write := func(path, id, summary string, do func(c *call, in *postIn) (engine.Post, error)) route {
		return route{method: "POST", path: path, id: id, tag: "Threads", summary: summary, scope: lrs.ScopeEnrolmentsAct, body: postIn{}, once: true,
			sample: `{"text": "They asked for 60 days; we asked for a reference call."}`, reply: postView{}, do: func(c *call) (any, error) {
				p, err := do(c, c.body.(*postIn))
				return viewPost(p), err
			}}
	}
	const postPath = enrolmentPath + "/posts/{post}"
	return []route{
		thread(stepPath+"/thread", "showThread", "What was posted to a step", func(c *call, before engine.PostRef) (*engine.ThreadView, error) {
			return c.engine.Thread(c.Context(), c.by(), c.enrolment(), c.step(), before, c.limit())
		}),
		write(stepPath+"/posts", "post", "Post to a step", func(c *call, in *postIn) (engine.Post, error) {
			learner, err := c.learner()
			if err != nil {
				return engine.Post{}, err
			}
			if in.Person == "" || in.Person == learner {
				return c.engine.Post(c.Context(), learner, c.enrolment(), c.step(), in.Text, in.ReplyTo)
			}
			return c.engine.PostAs(c.Context(), engine.Actor{Person: in.Person}, c.enrolment(), c.step(), in.Text, in.ReplyTo)
		}),
		thread(enrolmentPath+"/coach-thread", "showCoachThread", "What a learner asked the coach, and the answers", func(c *call, before engine.PostRef) (*engine.ThreadView, error) {
			return c.engine.CoachThread(c.Context(), c.by(), c.enrolment(), before, c.limit())
		}),
		write(enrolmentPath+"/coach-thread", "askCoach", "The learner asks the coach, or the coach named in person answers", func(c *call, in *postIn) (engine.Post, error) {
			learner, err := c.learner()
			if err != nil {
				return engine.Post{}, err
			}
			if in.Person == "" || in.Person == learner {
				return c.engine.AskCoach(c.Context(), learner, c.enrolment(), in.Text)
			}
			return c.engine.AnswerCoach(c.Context(), engine.Actor{Person: in.Person}, c.enrolment(), in.Text, in.ReplyTo)
		}),
		{method: "POST", path: postPath + "/helpful", id: "markHelpful", tag: "Threads", summary: "A person found a post helpful; each counts once", scope: lrs.ScopeEnrolmentsAct,
			body: whoIn{}, sample: `{"person": "none"}`, do: func(c *call) (any, error) {
				return nil, c.engine.MarkHelpful(c.Context(), engine.Actor{Person: c.body.(*whoIn).Person}, c.enrolment(), c.post())
			}},
		{method: "POST", path: postPath + "/hide", id: "hidePost", tag: "Threads", summary: "Hide a post, or show it again", scope: lrs.ScopeEnrolmentsWrite,
			body: hideIn{}, sample: `{"hidden": true}`, do: func(c *call) (any, error) {
				return nil, c.engine.HidePost(c.Context(), c.by(), c.enrolment(), c.post(), c.body.(*hideIn).Hidden)
			}},
		{method: "GET", path: "/api/v1/open-threads", id: "listOpenThreads", tag: "Threads", summary: "Learners of a course who wait for their coach's answer, longest first",
			scope: lrs.ScopeEnrolmentsRead, query: courseParams(), reply: list[engine.OpenThread]{}, do: func(c *call) (any, error) {
				found, err := c.engine.OpenThreads(c.Context(), c.by(), c.course())
				return all(found), err
			}},
	}
}

// post is the one of the path.
func (c *call) post() engine.PostID { return engine.PostID(c.PathValue("post")) }

// thread answers a page of a thread.
func (c *call) thread(load func(*call, engine.PostRef) (*engine.ThreadView, error)) (any, error) {
	parts, err := c.place(2)
	if err != nil {
		return nil, err
	}
	var before engine.PostRef
	if parts != nil {
		if before.At, err = c.unstamp(parts[0]); err != nil {
			return nil, err
		}
		before.ID = engine.PostID(parts[1])
	}
	v, err := load(c, before)
	if err != nil {
		return nil, err
	}
	page := all([]postView{})
	for _, p := range v.Posts {
		page.Items = append(page.Items, viewPost(p.Post))
	}
	if v.More {
		page.Next = cursor(stamp(v.Before.At), string(v.Before.ID))
	}
	return page, nil
}
