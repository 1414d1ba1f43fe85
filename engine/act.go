package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// actOf is what the learner can do about a step now.
func actOf(e *Enrolment, s *Step, st *StepState) string {
	if e.State == Stopped || !st.InUse() {
		return ActNone
	}
	if s.By != Learner || st.State == Submitted {
		return ActOther
	}
	switch {
	case s.handsIn():
		return ActForm
	case s.wants("posts"):
		if r, _ := s.Done.Find("posts"); st.Talk != nil && st.Talk.Own >= max(1, int(r.N)) {
			return ActOther // others have not written yet
		}
		return ActPost
	case s.wants("attended"):
		return ActAttend
	case s.wants("viewed", "watched", "acknowledged") && (st.Viewed.IsZero() || st.Again != nil):
		return ActConfirm
	}
	return ActLMS
}

// mine refuses whoever is not the learner of the enrolment.
func mine(acting PersonID, e *Enrolment) error {
	if acting != e.Learner {
		return fmt.Errorf("enrolment %s is somebody else's: %w", e.ID, ErrForbidden)
	}
	return nil
}

// act is a change by the learner.
func (s *Service) act(ctx context.Context, acting PersonID, id EnrolmentID, ev event) error {
	_, err := s.change(ctx, id, func(_ *Workflow, e *Enrolment) (event, error) { return ev, mine(acting, e) })
	return err
}

// Opened records the learner's first look at a step, once per step.
func (s *Service) Opened(ctx context.Context, acting PersonID, id EnrolmentID, step StepID) error {
	return s.act(ctx, acting, id, looked{step: step})
}

// MarkDone is the learner's word that a step is done: read it, watched it, did it. Twice is once.
func (s *Service) MarkDone(ctx context.Context, acting PersonID, id EnrolmentID, step StepID) error {
	return s.act(ctx, acting, id, confirmed{step: step})
}

// Skip is the learner's word that a step is not possible, with a reason.
func (s *Service) Skip(ctx context.Context, acting PersonID, id EnrolmentID, step StepID, reason string) error {
	reason = clip(strings.TrimSpace(reason), maxReason)
	if reason == "" {
		return FieldErrors{{Field: "reason", Key: "error.required"}}
	}
	return s.act(ctx, acting, id, skipped{step: step, reason: reason})
}

// SaveDraft keeps what the learner has answered so far, beside the enrolment.
func (s *Service) SaveDraft(ctx context.Context, acting PersonID, id EnrolmentID, step StepID, a Answers) error {
	return s.KeepDraft(ctx, acting, id, step, Submission{Answers: a})
}

// KeepDraft keeps what the learner has written and rated so far, beside the enrolment: answers, ratings and the comment.
// Files and links are recorded apart (Record).
func (s *Service) KeepDraft(ctx context.Context, acting PersonID, id EnrolmentID, step StepID, sub Submission) error {
	w, e, f, err := s.current(ctx, id)
	if err != nil {
		return err
	}
	if err := mine(acting, e); err != nil {
		return err
	}
	if err := freshFor(ctx, e); err != nil {
		return err
	}
	of := w.Step(step)
	if of == nil {
		return fmt.Errorf("step %q: %w", step, ErrNotFound)
	}
	st := e.Steps[step]
	if of.By != Learner || st == nil || !st.takes() {
		return fmt.Errorf("draft of step %q: it is not open: %w", step, ErrConflict)
	}
	answered, bad := fill(of.Asks(), sub.Answers, f.Learner.Locale, false)
	if len(bad) > 0 {
		return bad
	}
	c := Contribution{ID: draftID(id, step, st.Attempt), Enrolment: id, Step: step, Attempt: st.Attempt, Author: acting, Draft: true, Answers: answered, At: s.now(),
		Comment: clip(strings.ToValidUTF8(sub.Comment, "�"), maxComment)}
	c.Ratings, _ = rated(w, of.Rate, sub.Ratings) // as far as they go
	if err := s.o.Store.PutContribution(ctx, c); err != nil {
		return fmt.Errorf("save draft: %w", err)
	}
	return nil
}

func draftID(e EnrolmentID, step StepID, attempt int) ContributionID {
	return ContributionID(derivedID("draft", string(e), string(step), strconv.Itoa(attempt)))
}

// Submit hands a step in. What falls short of the step's `done` is refused with FieldErrors; the same hand-in twice is
// one. Files and the hand-in itself are stored before the enrolment refers to them.
func (s *Service) Submit(ctx context.Context, acting PersonID, id EnrolmentID, step StepID, sub Submission) error {
	if len(sub.Files) > maxFiles {
		return FieldErrors{{Field: "files", Key: "error.too_many_files", Args: map[string]any{"max": maxFiles}}}
	}
	files := describe(sub.Files)
	stored := map[ContributionID]bool{}
	_, err := s.change(ctx, id, func(w *Workflow, e *Enrolment) (event, error) {
		if err := mine(acting, e); err != nil {
			return nil, err
		}
		now, c, err := s.handIn(ctx, w, e, step, sub, files)
		if err != nil {
			return nil, err
		}
		of := w.Step(step)
		if st := now.Steps[step]; !st.takes() && !st.had(c.ID) {
			return nil, fmt.Errorf("hand in step %q while %s: %w", step, st.State, ErrConflict)
		}
		if !stored[c.ID] {
			if err := s.keep(ctx, c, sub.Files); err != nil {
				return nil, err
			}
			stored[c.ID] = true
		}
		return handedIn{c: c, score: score(of, c.Answers)}, nil
	})
	return err
}

// handIn makes the contribution of a submission to an enrolment as it is now.
func (s *Service) handIn(ctx context.Context, w *Workflow, e *Enrolment, step StepID, sub Submission, files []File) (*Enrolment, Contribution, error) {
	of := w.Step(step)
	if of == nil {
		return nil, Contribution{}, fmt.Errorf("step %q: %w", step, ErrNotFound)
	}
	if of.By != Learner || !of.handsIn() {
		return nil, Contribution{}, fmt.Errorf("hand in step %q, which takes no hand-in: %w", step, ErrConflict)
	}
	_, now, f, err := s.asOfNow(ctx, e)
	if err != nil {
		return nil, Contribution{}, err
	}
	if now.Steps[step].untouched() {
		return nil, Contribution{}, fmt.Errorf("hand in step %q while locked: %w", step, ErrConflict)
	}
	files, sub.Links, err = s.takeAlong(ctx, now, of, sub, files)
	if err != nil {
		return nil, Contribution{}, err
	}
	c, err := handIn(w, now, of, f.Learner.Locale, sub, files, s.now())
	return now, c, err
}

// describe names uploads by what they hold.
func describe(uploads []Upload) []File {
	var files []File
	for _, u := range uploads {
		sum := sha256.Sum256(u.Data)
		name := clip(strings.Map(printable, u.Name), maxFileName)
		files = append(files, File{Name: name, ContentType: clip(u.ContentType, 200), Size: int64(len(u.Data)), SHA256: hex.EncodeToString(sum[:])})
	}
	return files
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

// keep stores a hand-in with its files.
func (s *Service) keep(ctx context.Context, c Contribution, uploads []Upload) error {
	return s.putFiles(ctx, c.Files, uploads, func() error {
		if _, err := s.o.Store.Contribution(ctx, c.ID); err == nil {
			return nil // handed in before: it stays as it was, with its time
		}
		if err := s.o.Store.PutContribution(ctx, c); err != nil {
			return fmt.Errorf("keep hand-in: %w", err)
		}
		return nil
	})
}

// NameReviewer takes the learner's choice of a person for a role. The learner cannot be that person.
func (s *Service) NameReviewer(ctx context.Context, acting PersonID, id EnrolmentID, role Role, name, email string) error {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return fmt.Errorf("load enrolment %s: %w", id, err)
	}
	if err := mine(acting, e); err != nil {
		return err
	}
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return err
	}
	if role == Learner || role == Coach || !slices.Contains(w.Roles[role].From, "ask_learner") {
		return fmt.Errorf("name a %s: the workflow does not ask the learner: %w", role, ErrForbidden)
	}
	learner, err := s.Person(ctx, acting)
	if err != nil {
		return err
	}
	address, ok := validEmail(email)
	if !ok {
		return FieldErrors{{Field: "email", Key: "error.not_an_email"}}
	}
	if learner.hasAddress(address) {
		return FieldErrors{{Field: "email", Key: "error.own_email"}}
	}
	p, _, err := s.reviewer(ctx, address, learner, clip(strings.TrimSpace(name), 200), acting)
	if err != nil {
		return err
	}
	return s.act(ctx, acting, id, named{role: role, person: p.ID})
}

// CompleteCourse is a coach's word that the learner has completed the LMS course. The learner cannot say so.
func (s *Service) CompleteCourse(ctx context.Context, acting PersonID, id EnrolmentID) error {
	_, err := s.change(ctx, id, func(_ *Workflow, e *Enrolment) (event, error) {
		allowed, err := s.MayCompleteCourse(ctx, acting, e.Course)
		if err != nil {
			return nil, err
		}
		if !allowed {
			return nil, fmt.Errorf("complete the course of enrolment %s: %w", id, ErrForbidden)
		}
		return completedCourse{notes: []CompletionNote{{Source: SourceCoach, At: s.now()}}}, nil
	})
	return err
}

// MayCompleteCourse tells whether a person may say that learners have completed a course: its teachers and administrators.
func (s *Service) MayCompleteCourse(ctx context.Context, acting PersonID, c Course) (bool, error) {
	staff, err := s.o.Store.StaffOf(ctx, c)
	if err != nil {
		return false, fmt.Errorf("load staff: %w", err)
	}
	return slices.ContainsFunc(staff, func(m Staff) bool {
		return m.Person == acting && (m.Role == "instructor" || m.Role == "administrator")
	}), nil
}

// Wake lets time pass for an enrolment. It is safe at any time.
func (s *Service) Wake(ctx context.Context, id EnrolmentID) error {
	_, err := s.change(ctx, id, func(*Workflow, *Enrolment) (event, error) { return woke{}, nil })
	return err
}
