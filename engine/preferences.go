package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Preferences are how a person wants to be reached. Zone and Locale, when set, win over what launches say.
type Preferences struct {
	Quiet   Quiet   `json:"quiet,omitzero"`
	Holiday Holiday `json:"holiday,omitzero"`
	Zone    string  `json:"zone,omitempty"`   // IANA; empty: as launches say
	Locale  string  `json:"locale,omitempty"` // en, de; empty: as launches say
}

// Wishes are a person's preferences with what they may choose. Off are the channels they have stopped.
type Wishes struct {
	Preferences
	Person Person
	Off    map[string]bool // "email", "chat"
}

// Preferences are how the acting person wants to be reached.
func (s *Service) Preferences(ctx context.Context, acting PersonID) (Wishes, error) {
	p, err := s.Person(ctx, acting)
	if err != nil {
		return Wishes{}, err
	}
	w := Wishes{Preferences: p.Preferences, Person: p, Off: map[string]bool{}}
	for _, c := range []string{ChannelEmail, ChannelChat} {
		w.Off[c] = !p.Unsubscribed[c].IsZero()
	}
	return w, nil
}

// SavePreferences keeps how the acting person wants to be reached, from now on: also what is already planned keeps to it.
// off says of channels ("email", "chat") whether to stop them; those it does not name stay as they are. What is wrong is FieldErrors.
func (s *Service) SavePreferences(ctx context.Context, acting PersonID, pref Preferences, off map[string]bool) error {
	if bad := pref.check(); len(bad) > 0 {
		return fmt.Errorf("save preferences: %w", bad)
	}
	for c := range off {
		if c != ChannelEmail && c != ChannelChat {
			return fmt.Errorf("save preferences: channel %.20q cannot be stopped: %w", c, ErrInvalid)
		}
	}
	before, err := s.Person(ctx, acting)
	if err != nil {
		return err
	}
	err = s.changePerson(ctx, acting, func(p *Person) {
		p.Preferences = pref
		if pref.Zone != "" {
			p.Zone = pref.Zone
		}
		if pref.Locale != "" {
			p.Locale = pref.Locale
		}
		for _, c := range []string{ChannelEmail, ChannelChat} {
			switch stop, said := off[c]; {
			case stop:
				p.stop(c, s.now())
			case said:
				delete(p.Unsubscribed, c)
			}
		}
	})
	if err != nil || pref.Zone == "" || pref.Zone == before.Zone {
		return err
	}
	return s.rezone(ctx, acting)
}

// rezone recalculates the times of a learner who lives by another clock now.
func (s *Service) rezone(ctx context.Context, p PersonID) error {
	mine, err := s.o.Store.EnrolmentsOf(ctx, p)
	if err != nil {
		return fmt.Errorf("load enrolments: %w", err)
	}
	for _, e := range mine {
		if err := s.Wake(ctx, e.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// check finds what of preferences cannot be kept.
func (p Preferences) check() (bad FieldErrors) {
	day := 24 * 60
	if p.Quiet.From < 0 || p.Quiet.From >= day || p.Quiet.To < 0 || p.Quiet.To >= day {
		bad = append(bad, FieldError{Field: "quiet", Key: "page.preferences.bad_quiet"})
	}
	if _, ok := zoneOf(p.Zone); p.Zone != "" && !ok {
		bad = append(bad, FieldError{Field: "zone", Key: "page.preferences.bad_zone"})
	}
	if l := strings.ToLower(p.Locale); l != "" && (len(l) > 40 || !isLanguage(l)) {
		bad = append(bad, FieldError{Field: "locale", Key: "page.preferences.bad_locale"})
	}
	if h := p.Holiday; h != (Holiday{}) {
		from, err1 := time.Parse(time.DateOnly, h.From)
		until, err2 := time.Parse(time.DateOnly, h.Until)
		if err1 != nil || err2 != nil || until.Before(from) || until.Sub(from) > 366*24*time.Hour {
			bad = append(bad, FieldError{Field: "holiday", Key: "page.preferences.bad_holiday"})
		}
	}
	return bad
}
