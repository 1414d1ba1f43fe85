package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web"
	"github.com/cairn-lms/cairn/xapi"
)

// recorder is engine.Recorder: a tenant's record store, bound to the authority
// by which the engine later knows its own statements.
type recorder struct {
	lrs       *lrs.LRS
	authority xapi.Agent
}

func (r recorder) Record(ctx context.Context, statements []xapi.Statement) error {
	err := r.lrs.Record(ctx, r.authority, statements)
	if errors.Is(err, lrs.ErrConflict) {
		// Another statement has this id: trying again cannot help.
		return fmt.Errorf("%w: %w", engine.ErrConflict, err)
	}
	return err
}

// engineAuthority vouches for the statements of the engine.
func engineAuthority(iriBase string) xapi.Agent {
	return xapi.AccountAgent(iriBase, "cairn")
}

// gradebook is engine.Gradebook over LTI Assignment and Grade Services.
type gradebook struct{ tool *lti.Tool }

func (g gradebook) Post(ctx context.Context, e *engine.Enrolment, learner engine.Person, grade engine.OutGrade) error {
	course := lti.CourseKey{Registration: lti.RegistrationID(e.Course.Registration), Deployment: e.DeploymentID, Course: e.Course.ID}
	score := lti.Score{
		Registration: course.Registration, Deployment: course.Deployment, LineItem: e.LineItem, UserID: learner.Subject,
		Given: grade.Score, Maximum: grade.Max, Timestamp: grade.At, Comment: grade.Comment,
		Activity: lti.ActivityInProgress, Grading: lti.GradingFullyGraded, // Moodle keeps only what is FullyGraded
	}
	if grade.Complete {
		score.Activity = lti.ActivityCompleted
	}
	if score.LineItem != "" {
		err := g.tool.PostScore(ctx, score)
		var failed *lti.ServiceError
		gone := errors.As(err, &failed) && failed.Op == "score" && failed.Cause == lti.CauseGone
		if !gone || e.LineItemsURL == "" {
			return gradeError(err)
		}
		// Somebody deleted the column that the launch named: another takes its place.
	}
	if e.LineItemsURL == "" {
		return nil // the platform gave us no gradebook: nothing to do, for good
	}
	var err error
	if score.LineItem, err = g.column(ctx, course, e, grade); err != nil {
		return gradeError(err)
	}
	return gradeError(g.tool.PostScore(ctx, score))
}

// column finds the column of a workflow, or makes it.
func (g gradebook) column(ctx context.Context, course lti.CourseKey, e *engine.Enrolment, grade engine.OutGrade) (string, error) {
	return g.tool.EnsureLineItem(ctx, course, e.LineItemsURL, lti.LineItem{
		ResourceLinkID: e.ResourceLinkID, ResourceID: string(e.Workflow), Tag: web.LineItemTag,
		Label: cmp.Or(grade.Title, string(e.Workflow)), ScoreMaximum: grade.Max,
	})
}

// tokenPatience is how long a grade waits when the platform gives us no token, or
// not for grades. That is never about the grade: a clock, a key or a switch is
// wrong over there, and an admin will mend it.
const tokenPatience = 10 * time.Minute

// gradeError tells the engine whether trying again can help.
func gradeError(err error) error {
	var failed *lti.ServiceError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &failed): // our own store or key, not the platform
		return &engine.RetryError{Err: err}
	case failed.Op == "token", failed.Cause == lti.CauseScope, failed.Cause == lti.CauseSuspended, failed.Cause == lti.CauseToken:
		return &engine.RetryError{After: max(failed.After, tokenPatience), Err: err}
	case errors.Is(err, lti.ErrRetry):
		return &engine.RetryError{After: failed.After, Err: err}
	default:
		return fmt.Errorf("post grade: %w", &engine.RefusedError{Cause: string(failed.Cause), Err: err})
	}
}
