package platform

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// actor is a person in a statement, as the logstore's settings name people.
func (p *Platform) actor(u User) map[string]any {
	p.mu.Lock()
	how := p.xapi.Actor
	p.mu.Unlock()
	a := map[string]any{"name": u.Name}
	switch how {
	case "mbox":
		a["mbox"] = "mailto:" + u.Email
	case "username":
		a["account"] = map[string]any{"homePage": p.issuer, "name": u.Username}
	default:
		a["account"] = map[string]any{"homePage": p.issuer, "name": u.ID}
	}
	return a
}

// canvasAccount is the platform's root account as Canvas numbers it, on a shard of its own.
const (
	canvasAccount = 1
	canvasShard   = 2107
)

// canvasGlobal is the global form of a local id.
func canvasGlobal(local string) string {
	n, err := strconv.ParseInt(local, 10, 64)
	if err != nil {
		return local
	}
	return strconv.FormatInt(canvasShard*10_000_000_000_000+n, 10)
}

// canvasVariables are those that Canvas substitutes, called with mu held.
func (p *Platform) canvasVariables(vars map[string]any, course Course, u User) {
	state := "active"
	if _, done := p.w.Completed[u.ID]; done {
		state = "completed"
	}
	vars["Canvas.user.id"], vars["Canvas.course.id"] = u.ID, course.ID
	vars["Canvas.rootAccount.id"], vars["Canvas.enrollment.enrollmentState"] = strconv.Itoa(canvasAccount), state
}

// CanvasEvent is a Canvas Live Event (format "Canvas") about a learner and the
// course: "course_completed", "course_progress" with so many requirements done of
// all, or "enrollment_updated" to a state.
func (p *Platform) CanvasEvent(name, userID string, done, all int, state string) map[string]any {
	var course Course
	p.view(func(w *world) { course = w.Course })
	at := p.now().UTC().Format("2006-01-02T15:04:05.000Z")
	event := map[string]any{"metadata": map[string]any{
		"event_name": name, "event_time": at, "producer": "canvas",
		"root_account_id": canvasGlobal(strconv.Itoa(canvasAccount)), "root_account_lti_guid": hashOf(p.issuer)[:32],
	}}
	if name == "enrollment_updated" {
		event["body"] = map[string]any{
			"course_id": canvasGlobal(course.ID), "user_id": canvasGlobal(userID), "type": "StudentEnrollment", "updated_at": at, "workflow_state": state,
		}
		return event
	}
	event["body"] = map[string]any{
		"course":   map[string]any{"id": course.ID, "name": course.Title},
		"user":     map[string]any{"id": userID},
		"progress": map[string]any{"completed_at": nil, "requirement_completed_count": done, "requirement_count": all},
	}
	return event
}

// PostLiveEvents delivers events as Canvas does over HTTPS with its payload signed:
// each a compact JWS by the platform's key, several as an array.
func (p *Platform) PostLiveEvents(ctx context.Context, endpoint string, events ...map[string]any) error {
	var signed []string
	for _, e := range events {
		token, err := p.ForgeToken(nil, e, KeyPlatform)
		if err != nil {
			return err
		}
		signed = append(signed, token)
	}
	body := []byte(nil)
	if len(signed) == 1 {
		body = []byte(signed[0])
	} else {
		var err error
		if body, err = json.Marshal(signed); err != nil {
			return fmt.Errorf("platform: post live events: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("platform: post live events: %w", err)
	}
	req.Header.Set("Content-Type", "application/jwt")
	req.Header.Set("User-Agent", userAgent)
	res, err := p.client.Do(req)
	if err != nil {
		return fmt.Errorf("platform: post live events: %w", err)
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, 8<<10))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("platform: post live events: the tool answered %d: %s", res.StatusCode, excerpt(answer))
	}
	return nil
}

// SetGrade is a teacher's own entry in the gradebook.
func (p *Platform) SetGrade(userID, itemID string, given float64) error {
	return p.change(func(w *world) error {
		_, it, ok := w.item(itemID)
		if !ok {
			return fmt.Errorf("platform: no line item %q", itemID)
		}
		if u, ok := w.user(userID); !ok || !u.gradable() {
			return fmt.Errorf("platform: %q is no learner here", userID)
		}
		key := scoreKey(it.ID, userID)
		w.Scores[key] = Score{
			UserID: userID, LineItemID: it.ID, Given: given, Maximum: it.ScoreMaximum, ActivityProgress: "Completed", GradingProgress: "FullyGraded",
			Timestamp: p.time(), ReceivedAt: p.time(), Writes: w.Scores[key].Writes + 1,
		}
		return nil
	})
}
