package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/lti"
)

// setPlatform sets what is typed on the page of a registration: who else may frame
// it, whose keys sign its Live Events, and the LTI 1.1 keys of its tenant.
func (s *Site) setPlatform(w http.ResponseWriter, r *http.Request, session *Session, row platformRow, do string) error {
	ctx, value := r.Context(), func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	entry := AuditEntry{Act: "registration." + do, Tenant: row.Tenant, Object: string(row.ID)}
	var act func() error
	card := "legacy" // of the page, to go back to
	switch do {
	case "frames":
		card = "frames"
		origins := strings.Fields(value("origins"))
		entry.Detail, act = strings.Join(origins, " "), func() error { return s.tool.SetFrames(ctx, row.ID, origins) }
	case "live_events":
		card = "events"
		keys := value("keys")
		entry.Detail, act = cmp.Or(keys, lti.LiveEventKeys), func() error { return s.tool.SetLiveEventKeys(ctx, row.ID, keys) }
	case "legacy_key.add":
		key, secret := value("consumer_key"), r.PostForm.Get("secret")
		entry.Act, entry.Object = do, key
		act = func() error { return s.tool.AddLegacyKey(ctx, row.Tenant, key, secret) }
	case "legacy_key.remove":
		key := value("consumer_key")
		entry.Act, entry.Object = do, key
		act = func() error { return s.tool.RemoveLegacyKey(ctx, row.Tenant, key) }
	}
	if len(entry.Detail)+len(entry.Object) > 2000 {
		return fmt.Errorf("web: set %s: too long: %w", do, ErrUpload)
	}
	if err := s.note(r, session, entry); err != nil {
		return err
	}
	if err := act(); errors.Is(err, lti.ErrNotFound) || errors.Is(err, lti.ErrConflict) {
		return fmt.Errorf("web: set %s: %w", do, err)
	} else if err != nil {
		return fmt.Errorf("web: set %s: %w: %w", do, ErrUpload, err)
	}
	seeOther(w, r, "/admin/platforms/"+string(row.ID)+"#"+card)
	return nil
}

// failingCourses are the courses of a registration whose roster could not be read
// when it was last tried, those that fail longest first, at most a hundred.
func (s *Site) failingCourses(r *http.Request, session *Session, id lti.RegistrationID) ([]lti.KnownCourse, error) {
	tenants, err := s.tenantsOf(r, session)
	if err != nil {
		return nil, err
	}
	var failing []lti.KnownCourse
	for _, tenant := range tenants {
		for c, err := range s.tool.EachCourse(r.Context(), tenant, coursesLookedAt) {
			if err != nil {
				return nil, fmt.Errorf("web: courses that fail: %w", err)
			}
			if c.Registration == id && c.Synced.Failures > 0 {
				failing = append(failing, c)
			}
		}
	}
	slices.SortStableFunc(failing, func(a, b lti.KnownCourse) int { return b.Synced.Failures - a.Synced.Failures })
	return failing[:min(len(failing), 100)], nil
}
