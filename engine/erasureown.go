package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// own removes a person's enrolments.
func (r *erasing) own(ctx context.Context, p Person) error {
	all, err := r.s.o.Store.EnrolmentsOf(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, e := range all {
		if err := r.enrolment(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (r *erasing) enrolment(ctx context.Context, e *Enrolment) error {
	r.report.Enrolments++
	list, err := r.s.o.Store.Contributions(ctx, e.ID)
	if err != nil {
		return err
	}
	r.report.Written += len(list)
	files := map[string]bool{}
	for _, c := range list {
		for _, f := range c.Files {
			files[f.SHA256] = true
		}
	}
	asked := map[PersonID]bool{}
	for _, st := range e.Steps {
		for _, q := range st.Requests {
			asked[q.Person] = true
		}
	}
	for _, as := range e.Roles {
		for _, a := range as {
			asked[a.Person] = true
		}
	}
	if r.dry {
		r.report.Files += len(files)
		return nil
	}
	if err := r.leaveCohort(ctx, e); err != nil {
		return err
	}
	for p := range asked {
		n, err := r.s.o.Store.DeleteMessages(ctx, p, e.ID)
		if err != nil {
			return err
		}
		r.report.Messages += n
	}
	for _, sha := range slices.Sorted(maps.Keys(files)) {
		gone, err := r.s.removeFile(ctx, sha, func(ctx context.Context) (bool, error) { return r.s.o.Store.BlobUsed(ctx, sha, e.ID) })
		if err != nil {
			return err
		}
		if gone {
			r.report.Files++
		}
	}
	threads := []ThreadID{coachThread(e.ID)}
	for _, id := range slices.Sorted(maps.Keys(e.Steps)) {
		threads = append(threads, ownThread(e.ID, id))
	}
	for _, thread := range threads {
		if _, err := r.s.o.Store.DeleteThread(ctx, thread); err != nil {
			return err
		}
	}
	for _, kind := range []string{DeadGrade, DeadStatements, DeadWake, DeadRelay} {
		if err := r.s.o.Store.RemoveDeadLetter(ctx, kind+"-"+string(e.ID)); err != nil {
			return err
		}
	}
	return r.s.o.Store.DeleteEnrolment(ctx, e.ID) // last: all the rest is found by it
}

// leaveCohort takes an enrolment out of what its cohort waits for. Who it was stays as an id that names nobody.
func (r *erasing) leaveCohort(ctx context.Context, e *Enrolment) error {
	m, err := r.s.o.Store.MemberOf(ctx, e.ID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	m.Rev, m.State, m.Waits, m.Ready = max(m.Rev, e.Rev)+maxTries, MemberLeft, nil, nil // later than any save under way
	if err := r.s.o.Store.PutMember(ctx, m); err != nil {
		return err
	}
	w, err := r.s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return err
	}
	return r.s.leftBehind(ctx, w, e.CohortKey(), e.ID) // it may have been the last one waited for
}

// posts empties what a person wrote into threads. The place stays, as others may have answered.
func (r *erasing) posts(ctx context.Context, p PersonID) error {
	for after := PostID(""); ; {
		page, err := r.s.o.Store.PostsOfAuthor(ctx, p, after, 500)
		if err != nil {
			return err
		}
		for _, post := range page {
			after = post.ID
			r.report.Posts++
			if r.dry || post.Text == "" {
				continue
			}
			post.Text, post.Hidden = "", true
			if err := r.s.o.Store.SavePost(ctx, post); err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
		}
		if len(page) < 500 {
			return nil
		}
	}
}

// person removes what hangs from a person and leaves a document that names nobody, for what they wrote about others.
func (r *erasing) person(ctx context.Context, p Person) error {
	account := ByAccount(p.Issuer, p.Subject)
	if err := r.posts(ctx, p.ID); err != nil {
		return err
	}
	if r.dry {
		return nil
	}
	values, err := r.s.o.Store.EraseMetricValuesOf(ctx, p.ID)
	if err != nil {
		return err
	}
	r.report.Events += values
	if _, err := r.s.o.Store.DeletePortfolioLinks(ctx, p.ID); err != nil {
		return err
	}
	n, err := r.s.o.Store.DeleteMessages(ctx, p.ID, "")
	if err != nil {
		return err
	}
	r.report.Messages += n
	if n, err = r.s.o.Store.DeleteStaff(ctx, p.ID); err != nil {
		return err
	}
	r.report.Staff += n
	if !account.zero() {
		if n, err = r.s.o.Store.DeleteRosterEntries(ctx, account); err != nil {
			return err
		}
		r.report.Roster += n
	}
	return nil
}
