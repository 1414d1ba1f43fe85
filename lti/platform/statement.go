package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
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
	status, answer, err := p.post(ctx, strings.TrimRight(cfg.Endpoint, "/")+"/statements", typeJSON, body, func(r *http.Request) {
		r.SetBasicAuth(cfg.Key, cfg.Secret)
		r.Header.Set("X-Experience-API-Version", "1.0.3")
	})
	if err != nil {
		return fmt.Errorf("platform: post statement: %w", err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("platform: post statement: the LRS answered %d: %s", status, excerpt(answer))
	}
	return nil
}
