package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// journeyPage is the Body of the whole way: by phases, or by weeks.
type journeyPage struct {
	*engine.Home
	Week    int // the present one, from 1
	ByWeeks bool
	Phases  []phaseList
	Weeks   []weekList
	Others  *engine.Others
	Percent int
	Stones  []stone
}

// weekList is one week with the steps that open in it.
type weekList struct {
	N        int // from 1; 0: the time is not known yet
	From, To time.Time
	Now      bool
	Steps    []pathStep
}

func (s *Site) journey(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	home, err := service.Home(r.Context(), session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: journey: %w", err)
	}
	others, err := service.OthersCount(r.Context(), home.Enrolment)
	if err != nil {
		return fmt.Errorf("web: journey: %w", err)
	}
	v := s.view(r)
	v.Zone = zoneFor(session, home.Learner.Zone)
	way := home.Journey(s.now())
	body := journeyPage{
		Home: home, Week: way.Week, ByWeeks: r.URL.Query().Get("by") == "weeks", Others: others, Percent: percentDone(home), Stones: stones(home.Done, home.Required),
	}
	if !body.ByWeeks {
		body.Phases = phasesOf(home)
		return s.draw(w, http.StatusOK, "journey", v.titled("page.journey.title"), body)
	}
	for _, week := range way.Weeks {
		list := weekList{N: week.Week, From: week.From, Now: week.Week == way.Week}
		if !week.From.IsZero() {
			list.To = week.From.AddDate(0, 0, 6)
		}
		for _, id := range week.Steps {
			if step := home.Step(id); step != nil {
				list.Steps = append(list.Steps, pathStepOf(*step))
			}
		}
		body.Weeks = append(body.Weeks, list)
	}
	return s.draw(w, http.StatusOK, "journey", v.titled("page.journey.title"), body)
}

// Settled is how many of a phase's steps are settled.
func (p phaseList) Settled() int {
	n := 0
	for _, step := range p.Steps {
		if step.State.State.Settled() {
			n++
		}
	}
	return n
}

// Open tells whether there is something to do in a phase now.
func (p phaseList) Open() bool {
	for _, step := range p.Steps {
		if st := step.State.State; st == engine.Open || st == engine.Returned || st == engine.Submitted {
			return true
		}
	}
	return false
}
