package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// PostView is a post as somebody sees it.
type PostView struct {
	Post
	Name  string
	Mine  bool
	Found bool // the reader found it helpful
}

// ThreadView is a page of a thread, latest first.
type ThreadView struct {
	Posts   []PostView
	Before  PostRef // the next page, if More
	More    bool
	CanPost bool
}

// Thread is a page of the thread of a step, before a place (zero: from the latest), for the learner, for whom the step is
// with, and for a coach. Looking changes nothing.
func (s *Service) Thread(ctx context.Context, by Actor, id EnrolmentID, step StepID, before PostRef, limit int) (*ThreadView, error) {
	w, e, f, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	of := w.Step(step)
	if of == nil || !of.threaded() {
		return nil, fmt.Errorf("thread of step %q: %w", step, ErrNotFound)
	}
	if _, err := s.mayRead(ctx, by, e, of); err != nil {
		return nil, err
	}
	if e.Steps[step].State == Locked && !groupTalks(f, step) {
		return &ThreadView{}, nil
	}
	v, err := s.thread(ctx, by, threadOf(e, of), before, limit)
	if v != nil {
		v.CanPost = e.State != Stopped
	}
	return v, err
}

func (s *Service) thread(ctx context.Context, by Actor, thread ThreadID, before PostRef, limit int) (*ThreadView, error) {
	if limit <= 0 || limit > maxThread {
		limit = maxThread
	}
	posts, err := s.o.Store.PostsIn(ctx, thread, before, limit+1)
	if err != nil {
		return nil, fmt.Errorf("load thread: %w", err)
	}
	v := &ThreadView{}
	if len(posts) > limit {
		v.More, posts = true, posts[:limit]
		last := posts[limit-1]
		v.Before = PostRef{At: last.At, ID: last.ID}
	}
	names := map[PersonID]string{}
	for _, p := range posts {
		name, ok := names[p.Author]
		if !ok {
			author, err := s.o.Store.Person(ctx, p.Author)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return nil, fmt.Errorf("load author of a post: %w", err)
			}
			name = author.Name
			names[p.Author] = name
		}
		one := PostView{Post: p, Name: name, Mine: p.Author == by.Person, Found: slices.Contains(p.Helpful, by.Person)}
		if p.Hidden {
			one.Text = ""
		}
		v.Posts = append(v.Posts, one)
	}
	return v, nil
}

// MarkHelpful notes that somebody who reads a thread found a post in it helpful: another's, and once.
func (s *Service) MarkHelpful(ctx context.Context, by Actor, id EnrolmentID, post PostID) error {
	return s.changePost(ctx, by, id, post, func(p *Post, _ Role) error {
		if p.Author == by.Person || by.Person == "" {
			return fmt.Errorf("mark one's own post: %w", ErrForbidden)
		}
		if !slices.Contains(p.Helpful, by.Person) && len(p.Helpful) < maxHelpful {
			p.Helpful = append(p.Helpful, by.Person)
		}
		return nil
	})
}

// HidePost takes the words of a post out of its thread, or brings them back: a coach may, and who wrote it. What a coach
// hid only a coach brings back.
func (s *Service) HidePost(ctx context.Context, by Actor, id EnrolmentID, post PostID, hidden bool) error {
	return s.changePost(ctx, by, id, post, func(p *Post, role Role) error {
		if role != Coach && p.Author != by.Person {
			return fmt.Errorf("hide another's post: %w", ErrForbidden)
		}
		if role != Coach && p.Hidden && !p.Withdrawn {
			if hidden {
				return nil
			}
			return fmt.Errorf("show a post that a coach hid: %w", ErrForbidden)
		}
		p.Hidden, p.Withdrawn = hidden, hidden && role != Coach
		return nil
	})
}

func (s *Service) changePost(ctx context.Context, by Actor, id EnrolmentID, post PostID, change func(*Post, Role) error) error {
	w, e, _, err := s.current(ctx, id)
	if err != nil {
		return err
	}
	for range maxTries {
		p, err := s.o.Store.Post(ctx, post)
		if err != nil {
			return fmt.Errorf("load post %s: %w", post, err)
		}
		of := w.Step(p.Step)
		if of == nil || p.Thread != threadOf(e, of) {
			return fmt.Errorf("post %s in enrolment %s: %w", post, id, ErrNotFound)
		}
		role, err := s.mayRead(ctx, by, e, of)
		if err != nil {
			return err
		}
		if err := change(&p, role); err != nil {
			return err
		}
		if err := s.o.Store.SavePost(ctx, p); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("save post %s: %w", post, ErrConflict)
}

// AskCoach is a learner's question to the coach, in a thread of the two. The coach is told at once.
func (s *Service) AskCoach(ctx context.Context, acting PersonID, id EnrolmentID, text string) (Post, error) {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return Post{}, fmt.Errorf("load enrolment %s: %w", id, err)
	}
	if err := mine(acting, e); err != nil {
		return Post{}, err
	}
	if e.State == Stopped {
		return Post{}, fmt.Errorf("ask the coach: the workflow is over: %w", ErrConflict)
	}
	return s.post(ctx, Post{Thread: coachThread(id), Enrolment: id, Author: acting, Role: Learner, Text: text}, nil)
}

// AnswerCoach is a coach's answer to a learner. The learner is told at once.
func (s *Service) AnswerCoach(ctx context.Context, by Actor, id EnrolmentID, text string, replyTo PostID) (Post, error) {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return Post{}, fmt.Errorf("load enrolment %s: %w", id, err)
	}
	if err := s.mayCoach(ctx, by, e); err != nil {
		return Post{}, err
	}
	if by.Person == "" || by.Person == e.Learner {
		return Post{}, fmt.Errorf("answer as a coach: a person must, and not the learner: %w", ErrForbidden)
	}
	return s.post(ctx, Post{Thread: coachThread(id), Enrolment: id, Author: by.Person, Role: Coach, Text: text, ReplyTo: replyTo}, nil)
}

// CoachThread is a page of the thread of a learner and the coach.
func (s *Service) CoachThread(ctx context.Context, by Actor, id EnrolmentID, before PostRef, limit int) (*ThreadView, error) {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load enrolment %s: %w", id, err)
	}
	if by.Person == "" || by.Person != e.Learner {
		if err := s.mayCoach(ctx, by, e); err != nil {
			return nil, err
		}
	}
	v, err := s.thread(ctx, by, coachThread(id), before, limit)
	if v != nil {
		v.CanPost = e.State != Stopped
	}
	return v, err
}

// OpenThread is a learner who waits for the coach's answer.
type OpenThread struct {
	Enrolment EnrolmentID
	Workflow  WorkflowID
	Learner   Person
	AskedAt   time.Time
}

// OpenThreads lists the learners of a course who have asked their coach and wait, longest first.
func (s *Service) OpenThreads(ctx context.Context, by Actor, c Course) ([]OpenThread, error) {
	if err := s.mayCoachIn(ctx, by, c); err != nil {
		return nil, err
	}
	all, err := s.o.Store.StandingsIn(ctx, c, MaxStandings)
	if err != nil {
		return nil, fmt.Errorf("load open threads: %w", err)
	}
	var out []OpenThread
	for _, one := range all {
		if one.Asked.IsZero() {
			continue
		}
		p, err := s.Person(ctx, one.Learner)
		if err != nil {
			return nil, err
		}
		out = append(out, OpenThread{Enrolment: one.Enrolment, Workflow: one.Workflow, Learner: p, AskedAt: one.Asked})
	}
	slices.SortStableFunc(out, func(a, b OpenThread) int { return a.AskedAt.Compare(b.AskedAt) })
	return out, nil
}

// meets says of a step that people do together what the learner can do about it now.
func (v *viewer) meets(sv *StepView) {
	s, st := sv.Step, &sv.State
	if st.Event != nil {
		sv.At = st.Event.At
	}
	if s.By != Learner || v.e.State == Stopped {
		return
	}
	live := !st.State.Settled()
	sv.CanAttend = s.wants("attended") && live && (st.Event == nil || st.Event.Attended.IsZero()) && (st.State != Locked || !sv.At.IsZero() && !sv.At.After(v.now))
	sv.CanSetAt = s.dated() && s.At == nil && s.With != withCohort && live && st.State != Locked
	sv.CanPost = s.threaded() && (st.State != Locked || groupTalks(v.f, s.ID))
}
