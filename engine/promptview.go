package engine

import (
	"context"
	"fmt"
	"slices"
	"time"
)

func errNoPrompt(id string) error { return fmt.Errorf("prompt %q: %w", clip(id, 64), ErrNotFound) }

// PromptView is one prompt for the widget.
type PromptView struct {
	ID        string
	Enrolment EnrolmentID
	Workflow  WorkflowID
	Prompt    string // its id in the workflow
	Event     string // the type of the event that asked for it
	At        time.Time
	Aid       string // id
	Title     string // of the aid, in the person's language
	Format    string // of the aid
	Content   string // Markdown of the aid, in the person's language
	Widget    bool   // it is meant for the widget (`via`)
	Dismissed bool
	Answered  bool // the person said whether they used it
	Used      bool
}

// Prompts are the help that was offered to a person because of events and is not dismissed, latest first (at most 50).
// With all the dismissed too.
func (s *Service) Prompts(ctx context.Context, person PersonID, all bool) ([]PromptView, error) {
	p, err := s.Person(ctx, person)
	if err != nil {
		return nil, err
	}
	enrolments, err := s.o.Store.EnrolmentsOf(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("load enrolments: %w", err)
	}
	views := []PromptView{}
	for _, e := range enrolments {
		if len(e.Prompts) == 0 {
			continue
		}
		w, err := s.Workflow(ctx, e.Workflow, e.Version)
		if err != nil {
			return nil, err
		}
		for _, shown := range e.Prompts {
			def := w.Prompt(shown.Prompt)
			if def == nil || !all && !shown.DismissedAt.IsZero() {
				continue
			}
			v := PromptView{ID: shown.ID, Enrolment: e.ID, Workflow: w.ID, Prompt: def.ID, Event: shown.Event, At: shown.At, Aid: def.Show,
				Widget: len(def.Via) == 0 || slices.Contains(def.Via, viaWidget), Dismissed: !shown.DismissedAt.IsZero(),
				Answered: !shown.AnsweredAt.IsZero(), Used: shown.Used}
			if a := w.Aid(def.Show); a != nil {
				v.Title, v.Format, v.Content = a.Title.In(p.Locale), a.Format, a.Body(p.Locale)
			}
			views = append(views, v)
		}
	}
	slices.SortStableFunc(views, func(a, b PromptView) int { return b.At.Compare(a.At) })
	return views[:min(len(views), maxPrompts)], nil
}

// DismissPrompt takes a prompt from the learner's widget. Twice is once.
func (s *Service) DismissPrompt(ctx context.Context, acting PersonID, id EnrolmentID, prompt string) error {
	return s.act(ctx, acting, id, promptAnswered{id: prompt})
}

// AnswerPrompt takes the learner's answer to "did you use it?". The last answer counts.
func (s *Service) AnswerPrompt(ctx context.Context, acting PersonID, id EnrolmentID, prompt string, used bool) error {
	return s.act(ctx, acting, id, promptAnswered{id: prompt, used: &used})
}
