package platform

import (
	"context"
	"errors"
	"fmt"
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
