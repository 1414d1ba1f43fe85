package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

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
	status, answer, err := p.post(ctx, endpoint, "application/jwt", body)
	if err != nil {
		return fmt.Errorf("platform: post live events: %w", err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("platform: post live events: the tool answered %d: %s", status, excerpt(answer))
	}
	return nil
}
