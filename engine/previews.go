package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// previewLife is how long a preview stays that nobody looks at.
const previewLife = 30 * 24 * time.Hour

// ForgetPreviews removes the enrolments of previews that nobody has launched for a month, with what was written there, and
// says how many. Who made them stays.
func (s *Service) ForgetPreviews(ctx context.Context) (int, error) {
	n := 0
	for {
		old, err := s.o.Store.OldPreviews(ctx, s.now().Add(-previewLife), 100)
		if err != nil || len(old) == 0 {
			return n, err
		}
		for _, id := range old {
			e, err := s.o.Store.Enrolment(ctx, id)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err == nil {
				err = (&erasing{s: s}).enrolment(ctx, e)
			}
			if err != nil {
				return n, fmt.Errorf("forget previews: %w", err)
			}
			n++
		}
	}
}
