package engine

import (
	"context"
	"fmt"
	"slices"
)

// recordedID is the document that holds what was recorded for an attempt before it is handed in: apart from the draft,
// so that saving one never loses the other.
func recordedID(e EnrolmentID, step StepID, attempt int) ContributionID {
	return ContributionID(derivedID("recorded", string(e), string(step), fmt.Sprint(attempt)))
}

// Record keeps files and links for a step that the learner works on, to be handed in later (Submission.Keep). Handing
// in takes along what it names. At most 10 of each are kept.
func (s *Service) Record(ctx context.Context, acting PersonID, id EnrolmentID, step StepID, sub Submission) error {
	w, e, _, err := s.current(ctx, id)
	if err != nil {
		return err
	}
	if err := mine(acting, e); err != nil {
		return err
	}
	of, st := w.Step(step), e.Steps[step]
	if of == nil {
		return fmt.Errorf("step %q: %w", step, ErrNotFound)
	}
	if of.By != Learner || !of.handsIn() || !st.takes() {
		return fmt.Errorf("record for step %q: it is not open: %w", step, ErrConflict)
	}
	links, bad := webLinks(sub.Links)
	files := describe(sub.Files)
	c := Contribution{ID: recordedID(id, step, st.Attempt), Enrolment: id, Step: step, Attempt: st.Attempt, Author: acting, Draft: true,
		Files: files, Links: links, CustomerData: sub.CustomerData, Consent: sub.Consent, At: s.now()}
	ctx, right, err := s.leaseInTurn(ctx, "record/"+string(c.ID)) // of two uploads at once the second adds to the first
	if err != nil {
		return err
	}
	defer right.giveBack(ctx)
	if had, err := s.o.Store.Contribution(ctx, c.ID); err == nil {
		for _, f := range had.Files {
			if !slices.ContainsFunc(files, func(g File) bool { return g.SHA256 == f.SHA256 }) {
				c.Files = append(c.Files, f)
			}
		}
		for _, l := range had.Links {
			if !slices.Contains(links, l) {
				c.Links = append(c.Links, l)
			}
		}
		c.CustomerData, c.Consent, c.At = c.CustomerData || had.CustomerData, c.Consent || had.Consent, had.At
	}
	if len(c.Files) > maxFiles || len(c.Links) > maxLinks {
		bad = append(bad, FieldError{Field: "files", Key: "error.too_many_files", Args: map[string]any{"max": maxFiles}})
	}
	if len(bad) > 0 {
		return bad
	}
	return s.keepRecorded(ctx, c, sub.Files)
}

func (s *Service) keepRecorded(ctx context.Context, c Contribution, uploads []Upload) error {
	return s.putFiles(ctx, c.Files, uploads, func() error {
		if err := s.o.Store.PutContribution(ctx, c); err != nil {
			return fmt.Errorf("record evidence: %w", err)
		}
		return nil
	})
}

// Unrecord takes a file (by its SHA-256) or a link away that was recorded for the attempt under way. The bytes of a file go
// too, unless something else names them. ErrNotFound: nothing of that name was recorded.
func (s *Service) Unrecord(ctx context.Context, acting PersonID, id EnrolmentID, step StepID, name string) error {
	w, e, _, err := s.current(ctx, id)
	if err != nil {
		return err
	}
	if err := mine(acting, e); err != nil {
		return err
	}
	st := e.Steps[step]
	if w.Step(step) == nil || st == nil {
		return fmt.Errorf("step %q: %w", step, ErrNotFound)
	}
	c := recordedID(id, step, st.Attempt)
	ctx, right, err := s.leaseInTurn(ctx, "record/"+string(c))
	if err != nil {
		return err
	}
	defer right.giveBack(ctx)
	had, err := s.o.Store.Contribution(ctx, c)
	if err != nil {
		return fmt.Errorf("take away what was recorded: %w", err)
	}
	files, links := len(had.Files), len(had.Links)
	had.Files = slices.DeleteFunc(had.Files, func(f File) bool { return f.SHA256 == name })
	had.Links = slices.DeleteFunc(had.Links, func(l string) bool { return l == name })
	if len(had.Files) == files && len(had.Links) == links {
		return fmt.Errorf("take away %q: nothing of that name was recorded: %w", clip(name, 100), ErrNotFound)
	}
	if err := s.o.Store.PutContribution(ctx, had); err != nil {
		return fmt.Errorf("take away what was recorded: %w", err)
	}
	if len(had.Files) == files {
		return nil
	}
	return s.dropBlob(ctx, id, name)
}

// dropBlob removes a file that nothing names any more.
func (s *Service) dropBlob(ctx context.Context, id EnrolmentID, sha256 string) error {
	_, err := s.removeFile(ctx, sha256, func(ctx context.Context) (bool, error) {
		all, err := s.contributions(ctx, id)
		if err != nil {
			return false, err
		}
		for _, c := range all {
			if slices.ContainsFunc(c.Files, func(f File) bool { return f.SHA256 == sha256 }) {
				return true, nil
			}
		}
		return s.o.Store.BlobUsed(ctx, sha256, id)
	})
	return err
}

// takeAlong adds the files and links that a submission keeps from what was recorded, or handed in before, to those it
// brings. ErrInvalid: there is no such file or link.
func (s *Service) takeAlong(ctx context.Context, e *Enrolment, of *Step, sub Submission, files []File) ([]File, []string, error) {
	files, links := slices.Clone(files), slices.Clone(sub.Links)
	if len(sub.Keep) == 0 {
		return files, links, nil
	}
	st := e.Steps[of.ID]
	var before []Contribution
	for _, id := range []ContributionID{recordedID(e.ID, of.ID, st.Attempt), st.Hand} {
		if c, err := s.o.Store.Contribution(ctx, id); err == nil {
			before = append(before, c)
		}
	}
	for _, want := range sub.Keep {
		found := false
		for _, c := range before {
			if i := slices.IndexFunc(c.Files, func(f File) bool { return f.SHA256 == want }); i >= 0 && !found {
				if !slices.Contains(files, c.Files[i]) {
					files = append(files, c.Files[i])
				}
				found = true
			}
			if slices.Contains(c.Links, want) && !found {
				links, found = append(links, want), true
			}
		}
		if !found {
			return nil, nil, fmt.Errorf("keep %q: nothing of that name was recorded: %w", clip(want, 100), ErrInvalid)
		}
	}
	return files, links, nil
}
