package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/text"
)

// preferencesPage is the Body of the page on which a person says how they want to be reached.
type preferencesPage struct {
	engine.Wishes
	Action              string
	QuietFrom, QuietTo  string // HH:MM; empty: none
	Locales             []string
	Zones               []string
	CanPause            bool // a learner's: everything can stand still for a while
	PauseDays           int  // ... for at most so many
	PauseUntil, Reason  string
	Saved               bool
	Form                *formView
	Bounced, Complained bool
}

func (s *Site) preferences(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	wishes, err := service.Preferences(r.Context(), session.Person)
	if err != nil {
		return fmt.Errorf("web: preferences: %w", err)
	}
	return s.drawPreferences(w, r, session, http.StatusOK, wishes, nil, r.URL.Query().Has("saved"))
}

func (s *Site) drawPreferences(w http.ResponseWriter, r *http.Request, session *Session, status int, wishes engine.Wishes, problems engine.FieldErrors, saved bool) error {
	v := s.view(r)
	t := wishes.Person.MailTrouble
	body := preferencesPage{Wishes: wishes, Action: v.Base + "/preferences", Locales: text.Locales(), Zones: zonesWith(wishes.Preferences.Zone), CanPause: session.Role == RoleLearner,
		PauseDays: int(engine.MaxLearnerPause.Hours() / 24), PauseUntil: r.PostFormValue("until"), Reason: r.PostFormValue("reason"), Saved: saved, Form: newFormView(nil, nil, nil, problems),
		Bounced: wishes.Person.MailStopped() && !t.Bounced.IsZero(), Complained: wishes.Person.MailStopped() && !t.Complained.IsZero()}
	for i, p := range body.Form.Problems {
		body.Form.Problems[i].Anchor, body.Form.Problems[i].Label = p.Field, "page.preferences."+p.Field
		if p.Field == "until" {
			body.Form.Problems[i].Label = "page.pause.day"
		}
	}
	if q := wishes.Quiet; q.From != q.To {
		body.QuietFrom, body.QuietTo = clockTime(q.From), clockTime(q.To)
	}
	return s.draw(w, status, "preferences", v.titled("page.preferences.title"), body)
}

func clockTime(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// minuteOf reads HH:MM; -1: it is none.
func minuteOf(s string) int {
	h, m, ok := strings.Cut(s, ":")
	hours, err1 := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return -1
	}
	return hours*60 + minutes
}

func (s *Site) savePreferences(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	f := r.PostForm
	pref := engine.Preferences{Zone: strings.TrimSpace(f.Get("zone")), Locale: f.Get("locale"),
		Holiday: engine.Holiday{From: f.Get("holiday_from"), Until: f.Get("holiday_until")}}
	if f.Get("quiet_from") != "" || f.Get("quiet_to") != "" {
		pref.Quiet = engine.Quiet{From: minuteOf(f.Get("quiet_from")), To: minuteOf(f.Get("quiet_to"))}
	}
	off := map[string]bool{engine.ChannelEmail: f.Get("email") == "", engine.ChannelChat: f.Get("chat") == ""}
	err = service.SavePreferences(r.Context(), session.Person, pref, off)
	if problems, ok := fieldErrors(err); ok {
		wishes, err := service.Preferences(r.Context(), session.Person)
		if err != nil {
			return fmt.Errorf("web: preferences: %w", err)
		}
		wishes.Preferences, wishes.Off = pref, off
		return s.drawPreferences(w, r, session, http.StatusUnprocessableEntity, wishes, problems, false)
	}
	if err != nil {
		return fmt.Errorf("web: preferences: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/preferences?saved")
	return nil
}

// disclosed puts the notice away that says who is told when the learner is late.
func (s *Site) disclosed(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	if err := service.Disclosed(r.Context(), session.Person, session.Enrolment); err != nil {
		return fmt.Errorf("web: disclosure: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/")
	return nil
}
