package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// talkView is the thread of a step with each post's replies below it.
type talkView struct {
	Posts  []talkPost // latest first
	Count  int
	Older  string // address of the page before; empty: there is none
	Needed int    // how many posts of one's own are missing still
}

type talkPost struct {
	engine.PostView
	Replies []engine.PostView // oldest first
}

// talkOf arranges a page of a thread.
func talkOf(step *engine.StepView, base string) *talkView {
	if !step.CanPost || step.Thread == nil {
		return nil
	}
	t := &talkView{Count: len(step.Thread.Posts)}
	if rule, ok := step.Step.Done.Find("posts"); ok && !step.State.State.Settled() {
		own := 0
		if step.State.Talk != nil {
			own = step.State.Talk.Own
		}
		t.Needed = max(0, max(1, int(rule.N))-own)
	}
	at := map[engine.PostID]int{}
	for _, p := range step.Thread.Posts {
		if p.ReplyTo == "" {
			at[p.ID] = len(t.Posts)
			t.Posts = append(t.Posts, talkPost{PostView: p})
		}
	}
	for _, p := range slices.Backward(step.Thread.Posts) {
		if p.ReplyTo == "" {
			continue
		}
		root := p.ReplyTo
		for range 20 { // a reply to a reply stands with it
			i := slices.IndexFunc(step.Thread.Posts, func(o engine.PostView) bool { return o.ID == root })
			if i < 0 || step.Thread.Posts[i].ReplyTo == "" {
				break
			}
			root = step.Thread.Posts[i].ReplyTo
		}
		if i, ok := at[root]; ok {
			t.Posts[i].Replies = append(t.Posts[i].Replies, p)
		} else {
			t.Posts = append(t.Posts, talkPost{PostView: p}) // what it answers is on an older page
		}
	}
	if step.Thread.More {
		t.Older = base + "?before=" + step.Thread.Before.At.UTC().Format(time.RFC3339Nano) + "_" + string(step.Thread.Before.ID)
	}
	return t
}

// olderPosts is the page of a step's thread that the address asks for (before=time_post), else the latest.
func olderPosts(r *http.Request, service *engine.Service, session *Session, step *engine.StepView) (*engine.ThreadView, error) {
	at, id, ok := strings.Cut(r.URL.Query().Get("before"), "_")
	before, err := time.Parse(time.RFC3339Nano, at)
	if !ok || err != nil || !step.CanPost {
		return step.Thread, nil
	}
	page, err := service.Thread(r.Context(), engine.By(session.Person), session.Enrolment, step.Step.ID, engine.PostRef{At: before, ID: engine.PostID(id)}, 0)
	if err != nil {
		return nil, fmt.Errorf("web: thread: %w", err)
	}
	return page, nil
}

func postToStep(r *http.Request, service *engine.Service, session *Session) error {
	if err := service.Opened(r.Context(), session.Person, session.Enrolment, stepID(r)); err != nil {
		return err
	}
	_, err := service.Post(r.Context(), session.Person, session.Enrolment, stepID(r), r.PostForm.Get("text"), engine.PostID(r.PostForm.Get("reply_to")))
	return err
}

func markHelpful(r *http.Request, service *engine.Service, session *Session) error {
	return service.MarkHelpful(r.Context(), engine.By(session.Person), session.Enrolment, engine.PostID(r.PostForm.Get("post")))
}

// takeBack takes one's own words out of a thread.
func takeBack(r *http.Request, service *engine.Service, session *Session) error {
	return service.HidePost(r.Context(), engine.By(session.Person), session.Enrolment, engine.PostID(r.PostForm.Get("post")), true)
}
