package platform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// ErrNoLRS says that a completion was recorded, but no LRS is set to hear of it.
var ErrNoLRS = errors.New("platform: no LRS is set")

// CompleteCourse marks the course complete for a learner and posts the
// statement that Moodle's logstore_xapi posts then. The completion is recorded
// whatever becomes of the statement; calling again posts it again, with the
// time of the first completion.
func (p *Platform) CompleteCourse(ctx context.Context, userID string) error {
	var user User
	var at time.Time
	err := p.change(func(w *world) error {
		var ok bool
		if user, ok = w.user(userID); !ok || !user.gradable() {
			return fmt.Errorf("platform: %q is no learner here", userID)
		}
		if at, ok = w.Completed[userID]; !ok {
			at = p.time()
			w.Completed[userID] = at
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.postStatement(ctx, p.completionStatement(user, at))
}

// completionStatement is logstore_xapi's translation of \core\event\course_completed:
// no id, and seconds with .000.
func (p *Platform) completionStatement(u User, at time.Time) map[string]any {
	activity := func(id, kind, name string) map[string]any {
		return map[string]any{
			"objectType": "Activity", "id": id,
			"definition": map[string]any{"type": kind, "name": map[string]string{"en": name}},
		}
	}
	var course Course
	p.view(func(w *world) { course = w.Course })
	return map[string]any{
		"actor": p.actor(u),
		"verb": map[string]any{
			"id": "http://adlnet.gov/expapi/verbs/completed", "display": map[string]string{"en": "Completed"},
		},
		"object":    activity(p.issuer+"/course/view.php?id="+course.ID, "https://w3id.org/xapi/cmi5/activitytype/course", course.Title),
		"timestamp": at.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05.000Z"),
		"context": map[string]any{
			"platform": "Moodle", "language": "en", "registration": batchUUID(),
			"extensions": map[string]any{
				"http://lrs.learninglocker.net/define/extensions/info": map[string]any{
					"http://moodle.org": moodleVersion,
					"https://github.com/xAPI-vle/moodle-logstore_xapi": "5.0.1",
					"event_name":     `\core\event\course_completed`,
					"event_function": `\src\transformer\events\core\course_completed`,
				},
			},
			"contextActivities": map[string]any{
				"category": []map[string]any{activity(p.issuer, "http://id.tincanapi.com/activitytype/lms", siteName)},
			},
		},
	}
}

// batchUUID is the random UUID that logstore_xapi gives each batch.
func batchUUID() string {
	h := []byte(randomHex(16))
	h[12], h[16] = '4', "89ab"[h[16]&3]
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

// postStatement sends one batch. Like Moodle it takes exactly 200 for success
// and never tries again by itself.
func (p *Platform) postStatement(ctx context.Context, statement map[string]any) error {
	p.mu.Lock()
	cfg := p.xapi
	p.mu.Unlock()
	if cfg.Endpoint == "" {
		return ErrNoLRS
	}
	body, err := json.Marshal([]any{statement})
	if err != nil {
		return fmt.Errorf("platform: post statement: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(cfg.Endpoint, "/")+"/statements", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("platform: post statement: %w", err)
	}
	req.SetBasicAuth(cfg.Key, cfg.Secret)
	req.Header.Set("X-Experience-API-Version", "1.0.3")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	res, err := p.client.Do(req)
	if err != nil {
		return fmt.Errorf("platform: post statement: %w", err)
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, 8<<10))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("platform: post statement: the LRS answered %d: %s", res.StatusCode, excerpt(answer))
	}
	return nil
}
