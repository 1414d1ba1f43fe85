package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of threads.
const (
	maxPost     = 8 << 10 // bytes
	maxPostsDay = 50      // of one person in one thread
	maxThread   = 100     // posts of one page
	maxHelpful  = 1_000
	maxCounted  = 200
)

// threaded tells whether people write to one another in a step.
func (s *Step) threaded() bool {
	return s.By == Learner && s.Done.Has("posts")
}

// talksWith is the role whose post a discuss waits for; "": nobody's.
func (s *Step) talksWith() Role {
	if s.Kind != KindDiscuss || !s.Done.Has("posts") || s.Private || s.With == withCohort {
		return ""
	}
	return Role(s.With)
}

// threadOf is the thread of a step for an enrolment: one of the whole cohort, of the group of peers, or its own.
func threadOf(e *Enrolment, s *Step) ThreadID {
	cohort := string(e.CohortKey().ID())
	switch {
	case s.Private:
	case s.With == withCohort || s.Kind == KindShare && s.With == "":
		return ThreadID(Key(withCohort, cohort, string(s.ID)))
	case s.With == string(Peer) && e.Cohort != nil && e.Cohort.Group != 0:
		return ThreadID(Key("group", cohort, strconv.Itoa(e.Cohort.Group), string(s.ID)))
	}
	return ownThread(e.ID, s.ID)
}

// ownThread is the thread of a step that is one enrolment's only.
func ownThread(id EnrolmentID, step StepID) ThreadID {
	return ThreadID(Key("step", string(id), string(step)))
}

// coachThread is where a learner and the coach write to each other.
func coachThread(id EnrolmentID) ThreadID { return ThreadID(Key("coach", string(id))) }

// talk is the state of a step's thread, made if there is none.
func (st *StepState) talk() *TalkState {
	if st.Talk == nil {
		st.Talk = &TalkState{}
	}
	return st.Talk
}

// talked tells whether a step's posts are enough: so many by the doer, and of a discuss one by whom it is with.
func (d *decision) talked(s *Step, st *StepState, n int) bool {
	talk := st.Talk
	if talk == nil || talk.Own < max(1, n) {
		return false
	}
	switch {
	case s.talksWith() != "":
		return talk.With > 0
	case s.Kind == KindDiscuss && s.With == withCohort && !s.Private && d.f.Cohort != nil:
		t := d.f.Cohort.Talks[s.ID]
		return t.Both || t.First != "" && t.First != d.e.Learner
	}
	return true
}

// counted tells an enrolment of a post in one of its threads. Counts come from the store, so telling twice does no harm.
type counted struct {
	step   StepID
	own    bool // by the learner
	count  int  // of posts by the learner, or by whom the step is with
	author PersonID
	at     time.Time
}

func (ev counted) apply(d *decision) error {
	_, st, err := d.of(ev.step)
	if err != nil {
		return err
	}
	talk := st.talk()
	if ev.own {
		talk.Own = max(talk.Own, ev.count)
	} else {
		talk.With = max(talk.With, ev.count)
		for i := range st.Requests {
			if r := &st.Requests[i]; r.Purpose == ForDiscuss && r.Person == ev.author && r.Waiting() {
				r.AnsweredAt, r.Outcome, r.ExpiresAt = d.now, OutcomeResponse, time.Time{}
				delete(d.e.Silent, r.Role)
			}
		}
	}
	if ev.at.After(talk.Last) {
		talk.Last = ev.at
	}
	return nil
}

// coachTalked notes a word between learner and coach and lets the other know.
type coachTalked struct{ post Post }

func (ev coachTalked) apply(d *decision) error {
	if d.e.Asked == nil {
		d.e.Asked = &CoachTalk{}
	}
	t, p := d.e.Asked, ev.post
	if p.Author == d.e.Learner {
		if !p.At.After(t.AskedAt) {
			return nil
		}
		t.AskedAt = p.At
		for _, coach := range d.everybody(Coach) {
			d.send(Message{To: coach, Purpose: PurposeCoachAsked}, &StepState{}, string(p.ID))
		}
		return nil
	}
	if !p.At.After(t.AnsweredAt) {
		return nil
	}
	t.AnsweredAt = p.At
	d.send(Message{To: d.e.Learner, Purpose: PurposeCoachAnswered}, &StepState{}, string(p.ID))
	return nil
}

// Post adds a learner's words to the thread of a step (share, discuss). What falls short is FieldErrors; the same words
// by the same person again within five minutes are one post. A step that is settled takes posts too; a thread of a group is open from when it
// opened for the first of the group.
func (s *Service) Post(ctx context.Context, acting PersonID, id EnrolmentID, step StepID, text string, replyTo PostID) (Post, error) {
	w, e, f, err := s.current(ctx, id)
	if err != nil {
		return Post{}, err
	}
	if err := mine(acting, e); err != nil {
		return Post{}, err
	}
	of := w.Step(step)
	if of == nil {
		return Post{}, fmt.Errorf("step %q: %w", step, ErrNotFound)
	}
	if !of.threaded() || e.State == Stopped || e.Steps[step].State == Locked && !groupTalks(f, step) {
		return Post{}, fmt.Errorf("post to step %q, which takes none now: %w", step, ErrConflict)
	}
	return s.post(ctx, Post{Thread: threadOf(e, of), Enrolment: id, Step: step, Author: acting, Role: Learner, Text: text, ReplyTo: replyTo}, e.Steps[step])
}

// groupTalks tells whether a thread of the group is open because another's step is.
func groupTalks(f Facts, step StepID) bool {
	return f.Cohort != nil && slices.ContainsFunc(f.Cohort.Mates, func(m CohortMember) bool { return slices.Contains(m.Talks, step) })
}

// PostAs adds the words of somebody else than the learner to the thread of a learner's step: of whom the step is with, or
// of a coach.
func (s *Service) PostAs(ctx context.Context, by Actor, id EnrolmentID, step StepID, text string, replyTo PostID) (Post, error) {
	w, e, _, err := s.current(ctx, id)
	if err != nil {
		return Post{}, err
	}
	of := w.Step(step)
	if of == nil {
		return Post{}, fmt.Errorf("step %q: %w", step, ErrNotFound)
	}
	role, err := s.mayRead(ctx, by, e, of)
	if err != nil {
		return Post{}, err
	}
	if !of.threaded() || e.State == Stopped || e.Steps[step].State == Locked || role == Learner || by.Person == "" {
		return Post{}, fmt.Errorf("post to step %q, which takes none now: %w", step, ErrConflict)
	}
	return s.post(ctx, Post{Thread: threadOf(e, of), Enrolment: id, Step: step, Author: by.Person, Role: role, Text: text, ReplyTo: replyTo}, e.Steps[step])
}

// talks tells whether somebody who was asked to take part in a discussion still does: not if that was withdrawn before
// they had answered.
func (st *StepState) talks(r Request) bool {
	return !r.gone() || slices.ContainsFunc(st.Requests, func(o Request) bool {
		return o.Purpose == ForDiscuss && o.Person == r.Person && o.Outcome == OutcomeResponse
	})
}

// mayRead is the role in which somebody sees the thread of a step: the learner, whom it is with, who was asked to take
// part (unless that was withdrawn), a coach. What is private is the learner's only.
func (s *Service) mayRead(ctx context.Context, by Actor, e *Enrolment, of *Step) (Role, error) {
	if by.Person != "" && by.Person == e.Learner {
		return Learner, nil
	}
	if of.Private {
		return "", fmt.Errorf("read step %q, which is private: %w", of.ID, ErrForbidden)
	}
	if slices.ContainsFunc(e.Roles[Role(of.With)], func(a Assignment) bool { return a.Person == by.Person }) {
		return Role(of.With), nil
	}
	if st := e.Steps[of.ID]; st != nil && by.Person != "" {
		i := slices.IndexFunc(st.Requests, func(r Request) bool {
			return r.Purpose == ForDiscuss && r.Person == by.Person && !r.gone()
		})
		if i >= 0 {
			return st.Requests[i].Role, nil
		}
	}
	return Coach, s.mayCoach(ctx, by, e)
}

// sameClick is how long the same words by the same person are one post.
const sameClick = 5 * time.Minute

// post checks, keeps and counts a post. of is the state of the step it belongs to, nil if there is none: words for one
// attempt are not those for the next.
func (s *Service) post(ctx context.Context, p Post, of *StepState) (Post, error) {
	attempt, begun := 0, time.Time{}
	if of != nil && of.Attempt > 1 {
		attempt, begun = of.Attempt, of.OpenedAt
	}
	p.Text = strings.ToValidUTF8(strings.TrimSpace(strings.ReplaceAll(p.Text, "\r\n", "\n")), "�")
	switch {
	case p.Text == "":
		return p, FieldErrors{{Field: "text", Key: "error.required"}}
	case len(p.Text) > maxPost:
		return p, FieldErrors{{Field: "text", Key: "error.too_long", Args: map[string]any{"max": maxPost}}}
	}
	p.At, p.Uncounted = s.now(), true
	// Two clicks at once get one id; two that a bucket divides are told by what is there.
	p.ID = PostID(derivedID("post", string(p.Thread), string(p.Author), string(p.ReplyTo), p.Text, strconv.Itoa(attempt), p.At.UTC().Truncate(sameClick).Format(time.RFC3339)))
	if kept, err := s.o.Store.Post(ctx, p.ID); err == nil {
		return kept, s.count(ctx, kept)
	}
	since := p.At.Add(-sameClick)
	if begun.After(since) {
		since = begun
	}
	recent, err := s.o.Store.PostsBy(ctx, p.Thread, p.Author, since, maxPostsDay)
	if err != nil {
		return p, fmt.Errorf("load posts: %w", err)
	}
	if i := slices.IndexFunc(recent, func(o Post) bool { return o.Text == p.Text && o.ReplyTo == p.ReplyTo }); i >= 0 {
		return recent[i], s.count(ctx, recent[i])
	}
	if p.ReplyTo != "" {
		to, err := s.o.Store.Post(ctx, p.ReplyTo)
		if err != nil || to.Thread != p.Thread {
			return p, fmt.Errorf("reply to post %s, which is not in this thread: %w", p.ReplyTo, ErrNotFound)
		}
	}
	today, err := s.o.Store.PostsBy(ctx, p.Thread, p.Author, p.At.Add(-24*time.Hour), maxPostsDay)
	if err != nil {
		return p, fmt.Errorf("load posts: %w", err)
	}
	if len(today) >= maxPostsDay {
		return p, FieldErrors{{Field: "text", Key: "error.too_many_posts", Args: map[string]any{"max": maxPostsDay}}}
	}
	if err := s.o.Store.AddPost(ctx, p); err != nil {
		return p, fmt.Errorf("keep post: %w", err)
	}
	p.Rev = 1
	if err := s.count(ctx, p); err != nil { // it is kept: the sweep counts it
		s.o.Log.Warn("count a post", "post", p.ID, "error", err)
	}
	return p, nil
}

// count tells the enrolments that a post concerns of it, and records it. Done again, it changes nothing.
func (s *Service) count(ctx context.Context, p Post) error {
	if !p.Uncounted {
		return nil
	}
	e, err := s.o.Store.Enrolment(ctx, p.Enrolment)
	if errors.Is(err, ErrNotFound) {
		return s.countedPost(ctx, p) // erased meanwhile
	}
	if err != nil {
		return fmt.Errorf("load enrolment %s: %w", p.Enrolment, err)
	}
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return err
	}
	if p.Thread == coachThread(e.ID) {
		_, err = s.change(ctx, e.ID, func(*Workflow, *Enrolment) (event, error) { return coachTalked{post: p}, nil })
	} else {
		err = s.countStep(ctx, w, e, p)
	}
	if err != nil {
		return err
	}
	if err := s.recordPost(ctx, w, e, p); err != nil {
		return err
	}
	return s.countedPost(ctx, p)
}

func (s *Service) countedPost(ctx context.Context, p Post) error {
	p.Uncounted = false
	if err := s.o.Store.SavePost(ctx, p); err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("note that a post is counted: %w", err)
	}
	return nil
}

// countStep counts a post to a step's thread: for who wrote it, for the others of the group, for the cohort.
func (s *Service) countStep(ctx context.Context, w *Workflow, e *Enrolment, p Post) error {
	of := w.Step(p.Step)
	if of == nil {
		return nil
	}
	tell := func(id EnrolmentID, own bool) error {
		_, err := s.change(ctx, id, func(_ *Workflow, e *Enrolment) (event, error) {
			ev := counted{step: p.Step, own: own, count: 1, author: p.Author, at: p.At}
			if own {
				since := time.Time{}
				if st := e.Steps[p.Step]; st != nil && st.Attempt > 1 {
					since = st.OpenedAt
				}
				mine, err := s.o.Store.PostsBy(ctx, p.Thread, p.Author, since, maxCounted)
				if err != nil {
					return nil, fmt.Errorf("count posts: %w", err)
				}
				ev.count = len(mine)
			}
			return ev, nil
		})
		if errors.Is(err, ErrNotFound) {
			return nil // erased, or another workflow by now
		}
		return err
	}
	if p.Role != Learner {
		if p.Role == of.talksWith() || s.standsIn(w, of, p) {
			return tell(e.ID, false)
		}
		return nil
	}
	if err := tell(e.ID, true); err != nil {
		return err
	}
	switch {
	case of.Private:
	case of.With == withCohort && of.Kind == KindDiscuss:
		_, err := s.changeCohort(ctx, e.CohortKey(), func(c *Cohort) (bool, error) { return c.talk(p.Step, p.Author), nil })
		return err
	case of.With == string(Peer) && e.Cohort != nil:
		for _, m := range e.Cohort.Mates {
			if err := tell(m.Enrolment, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// standsIn tells whether a coach's or manager's post counts for the role a discuss is with.
func (s *Service) standsIn(w *Workflow, of *Step, p Post) bool {
	with := of.talksWith()
	return with != "" && w.Roles[with].Else == p.Role
}

// talk notes who has posted to a thread of the whole cohort, as far as it matters.
func (c *Cohort) talk(step StepID, author PersonID) bool {
	t := c.Talks[step]
	switch {
	case t.Both || t.First == author:
		return false
	case t.First == "":
		t.First = author
	default:
		t.Both = true
	}
	if c.Talks == nil {
		c.Talks = map[StepID]Talk{}
	}
	c.Talks[step] = t
	return true
}

// answerInThread takes the answer to a request to take part in a discussion, which is a post; false: it is another
// request. Who has answered may go on writing after the step is settled, though somebody else is asked by now.
func (s *Service) answerInThread(ctx context.Context, id EnrolmentID, request RequestID, a Answer) (bool, error) {
	w, e, _, err := s.current(ctx, id)
	if err != nil {
		return false, err
	}
	of, st, r, err := e.request(w, request)
	if err != nil || r.Purpose != ForDiscuss {
		return false, err
	}
	if e.State == Stopped || r.Outcome == OutcomeExpired || !st.talks(*r) || a.Outcome != OutcomeResponse {
		return true, fmt.Errorf("answer request %s (%s) with %q: %w", r.ID, r.Outcome, a.Outcome, ErrConflict)
	}
	text := a.Comment
	if given := a.Answers["text"]; len(given) > 0 {
		text = given[0]
	}
	_, err = s.post(ctx, Post{Thread: threadOf(e, of), Enrolment: id, Step: of.ID, Author: r.Person, Role: r.Role, Request: r.ID, Text: text}, st)
	return true, err
}
