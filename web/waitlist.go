package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// A reviewer's waitlist, /w/{token}, says who needs them and what to ask. It is read-only: each answer is given behind
// the link of its own request. The link lasts for two weeks, or until its owner ends it; then a fresh one is mailed to
// the address we have, and to no other.
const (
	purposeWaitlist = "w1"
	waitlistLife    = 14 * 24 * time.Hour
)

// WaitlistToken is what the link of a waitlist names.
type WaitlistToken struct {
	Tenant     string
	Person     engine.PersonID
	Generation int
	Made       time.Time
}

// Waitlist is the address of the page of all that waits for a person.
func (l Links) Waitlist(tenant string, p engine.PersonID, generation int, made time.Time) string {
	return l.PublicURL + "/w/" + l.seal(purposeWaitlist, tenant, string(p), strconv.Itoa(generation)+"."+strconv.FormatInt(made.Unix(), 10))
}

// ReadWaitlist opens the token of such a link; ErrToken if it is not ours. Whether it still counts is another question.
func (l Links) ReadWaitlist(token string) (WaitlistToken, error) {
	f, err := l.open(token, purposeWaitlist)
	if err != nil {
		return WaitlistToken{}, err
	}
	generation, made, _ := strings.Cut(f[2], ".")
	n, err1 := strconv.Atoi(generation)
	at, err2 := strconv.ParseInt(made, 10, 64)
	if err1 != nil || err2 != nil {
		return WaitlistToken{}, fmt.Errorf("read link: odd fields: %w", ErrToken)
	}
	return WaitlistToken{Tenant: f[0], Person: engine.PersonID(f[1]), Generation: n, Made: time.Unix(at, 0).UTC()}, nil
}

// waitlistPage is the Body of a waitlist.
type waitlistPage struct {
	Groups  []waitGroup
	Talks   []engine.TalkWanted
	Count   int
	Week    int    // of them due within seven days, or late
	Action  string // of the form for a fresh link; empty: none is needed
	Until   time.Time
	Expired bool
	Sent    bool
	Back    string // within a session: its first page
}

// waitGroup is what one learner needs.
type waitGroup struct {
	Learner engine.Person
	Items   []waitItem
	Ask     string // a question that helps
}

type waitItem struct {
	engine.Asked
	Path  string
	Takes int // minutes
	Late  bool
	Own   bool // opens in this window
}

// newWaitlistPage groups what waits by learner, whoever is to be answered first first.
func newWaitlistPage(v *view, l *engine.Waitlist, path func(engine.Asked) (string, bool)) waitlistPage {
	p := waitlistPage{Talks: l.Talks, Count: len(l.Asked)}
	place := map[engine.PersonID]int{}
	for _, a := range l.Asked {
		i, ok := place[a.Learner.ID]
		if !ok {
			i = len(p.Groups)
			place[a.Learner.ID] = i
			p.Groups = append(p.Groups, waitGroup{Learner: a.Learner, Ask: askIn(v, a)})
		}
		if !a.Due.IsZero() && a.Due.Before(v.Now.AddDate(0, 0, 7)) {
			p.Week++
		}
		to, own := path(a)
		p.Groups[i].Items = append(p.Groups[i].Items, waitItem{Asked: a, Path: to, Own: own, Takes: takes(a.Step), Late: !a.Due.IsZero() && a.Due.Before(v.Now)})
	}
	return p
}

// askIn is a question that helps in a talk about a request: the author's, else one that fits any.
func askIn(v *view, a engine.Asked) string {
	if a.Ask != "" {
		return a.Ask
	}
	return v.T("review.list.ask." + a.Request.Purpose)
}

// waitlist shows a reviewer all that waits for them. Looking changes nothing.
func (s *Site) waitlist(w http.ResponseWriter, r *http.Request) error {
	return s.drawWaitlist(w, r, false)
}

func (s *Site) drawWaitlist(w http.ResponseWriter, r *http.Request, sent bool) error {
	token, service, person, err := s.waitlistOf(w, r)
	if err != nil {
		return err
	}
	v := s.view(r).speak(person.Locale).titled("review.list.title")
	v.Zone, v.Reader = person.Zone, person.ID
	if s.ended(token, person) || sent {
		status := http.StatusGone
		if sent {
			status = http.StatusOK
		}
		return s.draw(w, status, "waitlist", v, waitlistPage{Expired: true, Sent: sent, Action: r.URL.Path})
	}
	list, err := service.Waitlist(r.Context(), token.Person)
	if err != nil {
		return fmt.Errorf("web: waitlist: %w", err)
	}
	speakAs(v, list)
	body := newWaitlistPage(v, list, func(a engine.Asked) (string, bool) { return strings.TrimPrefix(a.Link, s.o.Links.PublicURL), true })
	body.Action, body.Until = r.URL.Path, token.Made.Add(waitlistLife)
	return s.draw(w, http.StatusOK, "waitlist", v, body)
}

// speakAs gives a reviewer without language or zone of their own those of who waits for them.
func speakAs(v *view, l *engine.Waitlist) {
	if len(l.Asked) == 0 {
		return
	}
	if v.Zone == "" {
		v.Zone = l.Asked[0].Zone
	}
	if l.Person.Locale == "" {
		v.speak(l.Asked[0].Learner.Locale)
	}
}

func (s *Site) ended(t WaitlistToken, p engine.Person) bool {
	return t.Generation != p.Waitlists || !s.now().Before(t.Made.Add(waitlistLife))
}

func (s *Site) waitlistOf(w http.ResponseWriter, r *http.Request) (WaitlistToken, *engine.Service, engine.Person, error) {
	tokenPage(w.Header())
	token, err := s.o.Links.ReadWaitlist(mux.Vars(r)["token"])
	if err != nil {
		return token, nil, engine.Person{}, err
	}
	service, err := s.tenant(r.Context(), token.Tenant)
	if err != nil {
		return token, nil, engine.Person{}, err
	}
	person, err := service.Person(r.Context(), token.Person)
	if err != nil {
		return token, nil, person, fmt.Errorf("web: waitlist: %w: %w", ErrToken, err)
	}
	return token, service, person, nil
}

// renewWaitlist mails a fresh link. From a link that still counts its owner may end all links at the same time.
func (s *Site) renewWaitlist(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	token, service, person, err := s.waitlistOf(w, r)
	if err != nil {
		return err
	}
	if !s.ended(token, person) {
		if err := service.EndWaitlists(r.Context(), token.Person, token.Generation); err != nil {
			return fmt.Errorf("web: waitlist: %w", err)
		}
	}
	if err := service.SendWaitlist(r.Context(), token.Person); err != nil {
		return fmt.Errorf("web: waitlist: %w", err)
	}
	return s.drawWaitlist(w, r, true)
}

// ownWaitlist is the waitlist of whoever came from the LMS. What is about another learner than the session's opens in
// a window of its own, as personal links are framed by nobody.
func (s *Site) ownWaitlist(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	list, err := service.Waitlist(r.Context(), session.Person)
	if err != nil {
		return fmt.Errorf("web: waitlist: %w", err)
	}
	v := s.view(r).titled("review.list.title")
	base := v.Base
	v.Base, v.Reader = "", session.Person
	body := newWaitlistPage(v, list, func(a engine.Asked) (string, bool) {
		if a.Enrolment == session.Enrolment {
			return base + "/review/" + string(a.Request.ID), true
		}
		return strings.TrimPrefix(a.Link, s.o.Links.PublicURL), false
	})
	body.Back = base + "/"
	return s.draw(w, http.StatusOK, "waitlist", v, body)
}
