package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// pauseMe lets everything of a learner's enrolment stand still until the morning of a day.
func (s *Site) pauseMe(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	wishes, err := service.Preferences(r.Context(), session.Person)
	if err != nil {
		return fmt.Errorf("web: pause: %w", err)
	}
	zone, err := time.LoadLocation(zoneFor(session, wishes.Person.Zone))
	if err != nil {
		zone = time.UTC
	}
	until, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(r.PostForm.Get("until")), zone)
	if err != nil {
		return s.drawPreferences(w, r, session, http.StatusUnprocessableEntity, wishes, engine.FieldErrors{{Field: "until", Key: "page.pause.day.bad"}}, false)
	}
	err = service.Pause(r.Context(), engine.By(session.Person), session.Enrolment, until, r.PostForm.Get("reason"))
	if problems, ok := fieldErrors(err); ok {
		return s.drawPreferences(w, r, session, http.StatusUnprocessableEntity, wishes, problems, false)
	}
	if err != nil {
		return fmt.Errorf("web: pause: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/")
	return nil
}

// resumeMe ends a learner's own pause now.
func (s *Site) resumeMe(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	if err := service.Resume(r.Context(), engine.By(session.Person), session.Enrolment); err != nil {
		return fmt.Errorf("web: resume: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/")
	return nil
}

// zones are those that the page of preferences offers, by name; another one that is chosen already is kept.
var zones = strings.Fields("Africa/Cairo Africa/Johannesburg Africa/Lagos Africa/Nairobi America/Argentina/Buenos_Aires America/Bogota America/Chicago America/Denver " +
	"America/Halifax America/Lima America/Los_Angeles America/Mexico_City America/New_York America/Phoenix America/Santiago America/Sao_Paulo America/Toronto America/Vancouver " +
	"Asia/Bangkok Asia/Dhaka Asia/Dubai Asia/Ho_Chi_Minh Asia/Hong_Kong Asia/Jakarta Asia/Jerusalem Asia/Karachi Asia/Kolkata Asia/Manila Asia/Riyadh Asia/Seoul Asia/Shanghai " +
	"Asia/Singapore Asia/Taipei Asia/Tehran Asia/Tokyo Atlantic/Azores Atlantic/Reykjavik Australia/Adelaide Australia/Brisbane Australia/Perth Australia/Sydney " +
	"Europe/Amsterdam Europe/Athens Europe/Belgrade Europe/Berlin Europe/Brussels Europe/Bucharest Europe/Budapest Europe/Copenhagen Europe/Dublin Europe/Helsinki Europe/Istanbul " +
	"Europe/Kyiv Europe/Lisbon Europe/London Europe/Madrid Europe/Oslo Europe/Paris Europe/Prague Europe/Rome Europe/Sofia Europe/Stockholm Europe/Vienna Europe/Warsaw Europe/Zurich " +
	"Pacific/Auckland Pacific/Honolulu UTC")

// zonesWith are the zones to choose from, with the one chosen among them.
func zonesWith(chosen string) []string {
	for _, z := range zones {
		if z == chosen {
			return zones
		}
	}
	if chosen == "" {
		return zones
	}
	return append([]string{chosen}, zones...)
}
