package lti

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"
)

// Values of Score.Activity and Score.Grading.
const (
	ActivityInitialized = "Initialized"
	ActivityStarted     = "Started"
	ActivityInProgress  = "InProgress"
	ActivitySubmitted   = "Submitted"
	ActivityCompleted   = "Completed"

	GradingFullyGraded   = "FullyGraded"
	GradingPending       = "Pending"
	GradingPendingManual = "PendingManual"
	GradingFailed        = "Failed"
	GradingNotReady      = "NotReady"
)

// scoreStep keeps timestamps apart: Moodle compares them to the second.
const scoreStep = time.Second

// Score is one grade on its way to a line item. It always carries a number:
// a score without one would clear the grade in the LMS.
type Score struct {
	Registration RegistrationID
	Deployment   string // "": not known
	LineItem     string // its URL, query and all
	UserID       string // the launch's Subject
	Given        float64
	Maximum      float64 // > 0
	Activity     string  // "": Completed if Given ≥ Maximum, else InProgress
	Grading      string  // "": FullyGraded; Moodle ignores anything else
	Timestamp    time.Time
	Comment      string // plain text; "" clears the old one
}

// PostScore sends a score (AGS 2.0, score publish service). Timestamps sent for
// one (line item, user) strictly increase, whatever s.Timestamp says, so a
// repeated or late call is never mistaken for an old one. Errors are ErrRetry
// (see After) or ErrRefused.
func (t *Tool) PostScore(ctx context.Context, s Score) error {
	target, err := beside(s.LineItem, "/scores")
	switch {
	case err != nil:
		return refused("score", CauseInvalid, "the line item is not a URL")
	case s.UserID == "" || !finite(s.Given) || !finite(s.Maximum) || s.Given < 0 || s.Maximum <= 0:
		return refused("score", CauseInvalid, "a score needs a user, a value from 0 and a maximum above 0")
	case s.Grading == GradingNotReady || s.Activity == ActivityInitialized:
		return refused("score", CauseInvalid, "a score that is not ready, or of an activity begun anew, would clear the grade")
	}
	reg, err := t.store.Registration(ctx, s.Registration)
	if err != nil {
		return fmt.Errorf("lti: score: %w", err)
	}
	if s.Timestamp.IsZero() {
		s.Timestamp = t.now()
	}
	// One at a time per grade, so that answers arrive in the order of the timestamps.
	defer t.items.lock("score\n" + string(s.Registration) + "\n" + s.LineItem + "\n" + s.UserID)()
	err = t.sendScore(ctx, reg, target, s)
	// The platform has a newer score than the time of this one: it is said as of now.
	if now := t.now(); CauseOf(err) == CauseStale && s.Timestamp.Before(now) {
		s.Timestamp = now
		err = t.sendScore(ctx, reg, target, s)
	}
	return err
}

// sendScore sends a score once.
func (t *Tool) sendScore(ctx context.Context, reg Registration, target string, s Score) error {
	at, err := t.store.NextScoreTime(ctx, s.Registration, s.LineItem, s.UserID, s.Timestamp.UTC().Truncate(time.Millisecond), scoreStep)
	if err != nil {
		return fmt.Errorf("lti: score: %w", err)
	}
	body, err := json.Marshal(scoreBody(s, at, reg.Family()))
	if err != nil {
		return fmt.Errorf("lti: score: %w", err)
	}
	_, answer, err := t.call(ctx, CourseKey{Registration: s.Registration, Deployment: s.Deployment}, call{ //nolint:bodyclose // call has read and closed it
		op: "score", scope: scopeScore, method: http.MethodPost, url: target,
		contentType: "application/vnd.ims.lis.v1.score+json", body: body,
	})
	var e *ServiceError
	if errors.As(err, &e) && e.Op == "score" {
		explainScore(e, answer)
	}
	return err
}

// explainScore says what a refusal of a score means.
func explainScore(e *ServiceError, answer []byte) {
	switch {
	case e.Status == http.StatusConflict, e.Status == http.StatusBadRequest && bytes.Contains(bytes.ToLower(answer), []byte("timestamp")):
		e.Cause, e.Detail = CauseStale, "the platform holds a newer grade of this person, or its clock is ahead of ours"
	case e.Status == http.StatusUnprocessableEntity:
		e.Cause, e.Detail = CauseNotGradable, "this person is no student of the course, so the platform keeps no grade of theirs"
	case e.Status == http.StatusBadRequest && len(bytes.Trim(answer, "[] \n")) == 0: // Moodle says no more than that
		e.Cause, e.Detail = CauseNotGradable, "the platform keeps no grade of this person in this column; are they still a student of the course?"
	}
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func scoreBody(s Score, at time.Time, family Family) map[string]any {
	if s.Activity == "" {
		s.Activity = ActivityInProgress
		if s.Given >= s.Maximum {
			s.Activity = ActivityCompleted
		}
	}
	if s.Grading == "" || family == FamilyMoodle { // which ignores any other
		s.Grading = GradingFullyGraded
	}
	body := map[string]any{
		"userId": s.UserID, "scoreGiven": s.Given, "scoreMaximum": s.Maximum,
		"activityProgress": s.Activity, "gradingProgress": s.Grading,
		"timestamp": at.UTC().Format("2006-01-02T15:04:05.000Z07:00"),
	}
	if s.Comment != "" {
		body["comment"] = s.Comment
	}
	if family == FamilyCanvas { // else each score would burn one of the learner's attempts
		body["https://canvas.instructure.com/lti/submission"] = map[string]any{"new_submission": false}
	}
	return body
}
