package simulate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

// learn lets a learner plan what to do about what is open.
func (l *life) learn(ctx context.Context, p *player, e *engine.Enrolment) error {
	if p.persona == Never {
		return nil
	}
	home, err := l.s.Home(ctx, p.id)
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	for _, role := range home.Ask {
		l.plan(fmt.Sprint("name ", p.id, role), l.now, func(ctx context.Context) error {
			err := l.s.NameReviewer(ctx, p.person, p.id, role, nameOf(role), string(role)+domain)
			return passed(err)
		})
	}
	for _, v := range home.Steps {
		st := v.State
		if v.Step.By != engine.Learner || v.Act == engine.ActNone || v.Act == engine.ActOther {
			continue
		}
		id := v.Step.ID
		key := fmt.Sprint("do ", p.id, id, st.Attempt, st.Hands, st.State, st.OpenedAt.UnixNano(), st.ReturnedAt.UnixNano())
		l.plan(key, l.mind(p, v), func(ctx context.Context) error { return l.do(ctx, p, id) })
	}
	return nil
}

// mind is when a learner means to do an open step.
func (l *life) mind(p *player, v engine.StepView) time.Time {
	if v.Act == engine.ActAttend && v.At.After(v.State.OpenedAt) {
		return v.At // nobody is late for an event: one is there, or is not
	}
	since := v.State.OpenedAt
	if v.State.ReturnedAt.After(since) {
		since = v.State.ReturnedAt
	}
	if p.persona == Late {
		if !v.Due.IsZero() {
			since = v.Due
		}
		return l.w.Calendar.WorkingDay(since, 3, l.w.Calendar.Start+60, l.zone)
	}
	return l.sameDay(since)
}

// sameDay is an hour after t, or as much as is left of the working hours; of the next ones if t is outside.
func (l *life) sameDay(t time.Time) time.Time {
	t = l.w.Calendar.NextWorking(t, l.zone)
	left := l.w.Calendar.WorkingDay(t, 0, l.w.Calendar.End, l.zone).Sub(t)
	if left > 2*time.Hour {
		left = 2 * time.Hour
	}
	return t.Add(max(left, 0) / 2).Truncate(time.Minute)
}

// do does an open step, whatever it asks for.
func (l *life) do(ctx context.Context, p *player, step engine.StepID) error {
	v, err := l.s.StepView(ctx, p.id, step, true)
	if err != nil {
		return passed(err)
	}
	if v.Act == engine.ActNone || v.Act == engine.ActOther {
		return nil
	}
	if err := passed(l.s.Opened(ctx, p.person, p.id, step)); err != nil {
		return err
	}
	switch v.Act {
	case engine.ActConfirm:
		err = l.s.MarkDone(ctx, p.person, p.id, step)
	case engine.ActForm:
		err = l.s.Submit(ctx, p.person, p.id, step, l.submission(v))
	case engine.ActLMS:
		err = l.inLMS(ctx, p, v.Step)
	case engine.ActPost:
		err = l.post(ctx, p, v.Step)
	case engine.ActAttend:
		err = l.s.MarkAttended(ctx, engine.Actor{System: "simulation"}, step, p.id)
	}
	var fields engine.FieldErrors
	if errors.As(err, &fields) {
		l.stuck(p, v.Step, fields.Error())
		return nil
	}
	return passed(err)
}

// post writes as much as a step asks for.
func (l *life) post(ctx context.Context, p *player, s *engine.Step) error {
	posts, _ := s.Done.Find("posts")
	for n := range max(1, int(posts.N)) {
		if _, err := l.s.Post(ctx, p.person, p.id, s.ID, fmt.Sprintf("word %d", n+1), ""); err != nil {
			return err
		}
	}
	return nil
}

// stuck notes a step that the people played cannot do.
func (l *life) stuck(p *player, s *engine.Step, why string) {
	if p == l.sam {
		l.add(Entry{At: l.now, What: Stuck, Step: s.ID, Who: s.By, Detail: why})
	}
}

// passed leaves out that somebody else was faster, or that it is over.
func passed(err error) error {
	if errors.Is(err, engine.ErrConflict) || errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrForbidden) {
		return nil
	}
	return err
}

// inLMS does what a step waits for outside: the course, or whatever the statement tells of.
func (l *life) inLMS(ctx context.Context, p *player, s *engine.Step) error {
	if r, ok := s.Done.Find("statement"); ok {
		object := r.Object
		if object == "" {
			object = issuer + "/activity"
		}
		return l.s.Observe(ctx, 1, &xapi.Statement{
			ID: l.newID(), Actor: xapi.AccountAgent(issuer, p.subject), Verb: xapi.VerbOf(r.Verb), Timestamp: l.now,
			Object: xapi.ActivityObject(xapi.Activity{ID: object}),
		}, xapi.AccountAgent(issuer, "lms"))
	}
	return l.complete(ctx, p)
}

func (l *life) complete(ctx context.Context, p *player) error {
	return l.s.Complete(ctx, engine.Completion{
		Who: engine.ByAccount(issuer, p.subject), Course: engine.CourseName{ID: course}, Source: engine.SourceStatement, At: l.now,
	})
}

// courseWithoutStep lets everybody complete the LMS course where the workflow has no step for it.
func (l *life) courseWithoutStep() {
	if slices.ContainsFunc(l.w.Steps(), func(s *engine.Step) bool { return s.Done.Has("lms") }) {
		return
	}
	y, m, d := l.o.Start.UTC().Date()
	for _, p := range l.players {
		after := map[Persona]int{Prompt: 5, AbsentManager: 5, Late: 8}[p.persona]
		if after == 0 {
			continue
		}
		at := l.w.Calendar.WorkingDay(time.Date(y, m, d, 12, 0, 0, 0, l.zone), after, l.w.Calendar.Start+60, l.zone)
		l.plan("complete "+p.subject, at, func(ctx context.Context) error { return l.complete(ctx, p) })
	}
}

// submission is a hand-in that falls short of nothing.
func (l *life) submission(v *engine.StepView) engine.Submission {
	sub := engine.Submission{Answers: l.answers(v.Step.Asks(), v.MinWords), Ratings: ratings(v.Step, v.Rate)}
	for i := range v.MinFiles {
		sub.Files = append(sub.Files, engine.Upload{
			Name: fmt.Sprintf("%s-%d.txt", v.Step.ID, i+1), ContentType: "text/plain", Data: fmt.Appendf(nil, "%s, attempt %d, file %d", v.Step.ID, v.State.Attempt, i+1),
		})
	}
	if len(v.Questions) == 0 {
		sub.Comment = strings.Repeat("word ", max(v.MinWords, 1))
	}
	return sub
}

// answers answers every question, rightly where there is a right answer, in at least so many words.
func (l *life) answers(questions []engine.Question, words int) engine.Answers {
	out := engine.Answers{}
	text := strings.TrimSpace(strings.Repeat("word ", max(words, 3)))
	for _, q := range questions {
		switch {
		case len(q.Answer) > 0:
			out[q.ID] = q.Answer
		case q.Type == "choice" || q.Type == "many":
			out[q.ID] = []string{q.Choices[0][""]}
		case q.Type == "yesno":
			out[q.ID] = []string{"yes"}
		case q.Type == "number":
			out[q.ID] = []string{"1"}
		default:
			out[q.ID] = []string{text}
		}
	}
	return out
}

// ratings rates behaviours: below their targets before the course, at them after it.
func ratings(s *engine.Step, rate []engine.Behaviour) map[engine.BehaviourID]int {
	short := map[string]int{"before": 2, "during": 1}[s.Phase.Phase]
	out := map[engine.BehaviourID]int{}
	for _, b := range rate {
		out[b.ID] = max(1, min(b.Target, len(b.Scale))-short)
	}
	return out
}

// review lets whoever was asked plan the answer.
func (l *life) review(ctx context.Context, p *player, e *engine.Enrolment) error {
	for _, s := range l.w.Steps() {
		st := e.Steps[s.ID]
		if st == nil {
			continue
		}
		for _, r := range st.Requests {
			role, err := l.roleOf(ctx, r.Person)
			if err != nil {
				return err
			}
			if !r.Waiting() || l.o.Persona == AbsentManager && p == l.sam && role == engine.Manager {
				continue
			}
			asked := r.AskedAt
			if r.Revived > 0 {
				asked = l.now
			}
			at := l.w.Calendar.WorkingDay(asked, 1, l.w.Calendar.Start+60, l.zone)
			l.plan(fmt.Sprint("answer ", r.ID, r.Revived), at, func(ctx context.Context) error { return l.answer(ctx, p, r.ID) })
		}
	}
	return nil
}

// answer answers a request as friendly as it can be.
func (l *life) answer(ctx context.Context, p *player, id engine.RequestID) error {
	v, err := l.s.OpenRequest(ctx, p.id, id)
	if err != nil || v.Closed || len(v.Outcomes) == 0 {
		return passed(err)
	}
	a := engine.Answer{Outcome: v.Outcomes[0], Ratings: ratings(v.Step, v.Rate), Answers: l.answers(v.Questions, v.Step.MinWords()), SHA256: v.SHA256}
	if v.Grades {
		full := 100.0
		a.Grade = &full
	}
	err = l.s.Answer(ctx, p.id, id, a)
	var fields engine.FieldErrors
	if errors.As(err, &fields) {
		l.stuck(p, v.Step, fields.Error())
		return nil
	}
	return passed(err)
}

// roleOf is who a person is in the simulation, by the address they were given.
func (l *life) roleOf(ctx context.Context, id engine.PersonID) (engine.Role, error) {
	if r, ok := l.roles[id]; ok {
		return r, nil
	}
	p, err := l.s.Person(ctx, id)
	if err != nil {
		return "", fmt.Errorf("simulate: %w", err)
	}
	l.roles[id] = engine.Role(strings.TrimSuffix(p.Email, domain))
	return l.roles[id], nil
}
