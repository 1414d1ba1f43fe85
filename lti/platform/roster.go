package platform

import "fmt"

// RemoveUser takes a person out of the course: the roster lists them no more, and
// where it tells differences, as Deleted. The account stays.
func (p *Platform) RemoveUser(userID string) error {
	err := p.change(func(w *world) error {
		if _, ok := w.user(userID); !ok || w.Gone[userID] {
			return fmt.Errorf("no user %q in the course", userID)
		}
		if w.Gone == nil {
			w.Gone = map[string]bool{}
		}
		w.Gone[userID] = true
		w.moved(userID)
		return nil
	})
	if err != nil {
		return fmt.Errorf("platform: remove user: %w", err)
	}
	return nil
}

// ReturnUser puts a removed person back.
func (p *Platform) ReturnUser(userID string) error {
	err := p.change(func(w *world) error {
		if !w.Gone[userID] {
			return fmt.Errorf("user %q was not removed", userID)
		}
		delete(w.Gone, userID)
		w.moved(userID)
		return nil
	})
	if err != nil {
		return fmt.Errorf("platform: return user: %w", err)
	}
	return nil
}

// moved notes that the roster changed for a person.
func (w *world) moved(userID string) {
	if w.Moves == nil {
		w.Moves = map[string]int{}
	}
	w.Last.Move++
	w.Moves[userID] = w.Last.Move
}

// inCourse says whether the roster lists the person.
func (w *world) inCourse(u User) bool { return u.enrolled() && !w.Gone[u.ID] }
