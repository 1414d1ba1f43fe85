package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lti"
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
	item := e.LineItem
	if item == "" {
		if e.LineItemsURL == "" {
			return nil // the platform gave us no gradebook: nothing to do, for good
		}
		var err error
		item, err = g.tool.EnsureLineItem(ctx, course, e.LineItemsURL, lti.LineItem{
			ResourceLinkID: e.ResourceLinkID, ResourceID: string(e.Workflow), Tag: "cairn", Label: string(e.Workflow), ScoreMaximum: grade.Max,
		})
		if err != nil {
			return gradeError(err)
		}
	}
	score := lti.Score{
		Registration: course.Registration, Deployment: course.Deployment, LineItem: item, UserID: learner.Subject,
		Given: grade.Score, Maximum: grade.Max, Timestamp: grade.At, Comment: grade.Comment,
		Activity: "InProgress", Grading: "FullyGraded", // Moodle keeps only what is FullyGraded
	}
	if grade.Complete {
		score.Activity = "Completed"
	}
	if err := g.tool.PostScore(ctx, score); err != nil {
		return gradeError(err)
	}
	return nil
}

// tokenPatience is how long a grade waits when the platform gives us no token, or
// not for grades. That is never about the grade: a clock, a key or a switch is
// wrong over there, and an admin will mend it.
const tokenPatience = 10 * time.Minute

// gradeError tells the engine whether trying again can help.
func gradeError(err error) error {
	var failed *lti.ServiceError
	switch {
	case !errors.As(err, &failed): // our own store or key, not the platform
		return &engine.RetryError{Err: err}
	case failed.Op == "token", failed.Cause == lti.CauseScope, failed.Cause == lti.CauseSuspended, failed.Cause == lti.CauseToken:
		return &engine.RetryError{After: max(failed.After, tokenPatience), Err: err}
	case errors.Is(err, lti.ErrRetry):
		return &engine.RetryError{After: failed.After, Err: err}
	default:
		return fmt.Errorf("post grade: %w", err)
	}
}
