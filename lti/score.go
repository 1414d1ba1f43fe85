package lti

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
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
	target, err := scoresURL(s.LineItem)
	if err != nil {
		return &ServiceError{Op: "score", Kind: ErrRefused, Detail: "the line item is not a URL"}
	}
	if s.UserID == "" || !finite(s.Given) || !finite(s.Maximum) || s.Given < 0 || s.Maximum <= 0 {
		return &ServiceError{Op: "score", Kind: ErrRefused, Detail: "a score needs a user, a value from 0 and a maximum above 0"}
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
	at, err := t.store.NextScoreTime(ctx, s.Registration, s.LineItem, s.UserID, s.Timestamp.UTC().Truncate(time.Millisecond), scoreStep)
	if err != nil {
		return fmt.Errorf("lti: score: %w", err)
	}
	body, err := json.Marshal(scoreBody(s, at, reg.ProductFamily))
	if err != nil {
		return fmt.Errorf("lti: score: %w", err)
	}
	_, _, err = t.call(ctx, s.Registration, call{ //nolint:bodyclose // call has read and closed it
		op: "score", scope: scopeScore, method: http.MethodPost, url: target,
		contentType: "application/vnd.ims.lis.v1.score+json", body: body,
	})
	return err
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func scoreBody(s Score, at time.Time, family string) map[string]any {
	if s.Activity == "" {
		s.Activity = ActivityInProgress
		if s.Given >= s.Maximum {
			s.Activity = ActivityCompleted
		}
	}
	if s.Grading == "" {
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
	if family == "canvas" { // else each score would burn one of the learner's attempts
		body["https://canvas.instructure.com/lti/submission"] = map[string]any{"new_submission": false}
	}
	return body
}

// scoresURL puts /scores at the end of the path and keeps the query.
func scoresURL(lineItem string) (string, error) {
	if _, ok := webURL(lineItem); !ok {
		return "", fmt.Errorf("lti: %q is not a line item URL", lineItem)
	}
	u, err := url.Parse(lineItem)
	if err != nil {
		return "", err
	}
	u.Fragment, u.RawFragment = "", ""
	if u.RawPath != "" {
		u.RawPath = strings.TrimSuffix(u.RawPath, "/") + "/scores"
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/scores"
	return u.String(), nil
}
