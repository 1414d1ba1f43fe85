package web

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"

	"github.com/cairn-lms/cairn/engine"
)

// useLogView is what a learner can log: each behaviour with how often it was used.
type useLogView struct {
	Behaviours []useView
}

// useView is one behaviour to log.
type useView struct {
	engine.UseFrequency
	Key string // of the next use: tapped twice it is one
}

func useLogOf(v *view, home *engine.Home) *useLogView {
	log := &useLogView{}
	for _, f := range home.Uses.Behaviours {
		log.Behaviours = append(log.Behaviours, useView{UseFrequency: f, Key: rand.Text()})
	}
	return log
}

// useLogPage is the Body of the page on which a learner logs uses and what got in the way.
type useLogPage struct {
	*useLogView
	Action   string
	Chosen   engine.BehaviourID
	Note     string
	Barrier  string
	Other    string // a barrier in the learner's own words
	Barriers []barrierChoice
	Logged   *useView // what was just logged
	Missed   bool     // ... was what got in the way
	Over     bool
	Charts   []*chart
	Form     *formView
}

// barrierChoice is a barrier to choose: the tag that is counted, and its words.
type barrierChoice struct{ Tag, Words string }

// barrierTags are the barriers that every learner may choose, with the keys of their words: one tag in all languages,
// so that a report counts them together.
var barrierTags = []struct{ Tag, Key string }{
	{"no time", "page.barrier.time"}, {"no occasion", "page.barrier.occasion"}, {"forgot", "page.barrier.forgot"},
	{"unsure how", "page.barrier.unsure"}, {"others did not join in", "page.barrier.others"},
}

// Barrier says a barrier in the reader's language; one in somebody's own words stays as it is.
func (v *view) Barrier(tag string) string {
	for _, b := range barrierTags {
		if b.Tag == tag {
			return v.T(b.Key)
		}
	}
	return tag
}

// maxOwnBarriers is how many of the learner's own barriers are offered again.
const maxOwnBarriers = 5

// barriersOf are those to choose: what all may choose, and what this learner wrote before.
func barriersOf(v *view, home *engine.Home) []barrierChoice {
	var out []barrierChoice
	known := map[string]bool{}
	for _, b := range barrierTags {
		out = append(out, barrierChoice{b.Tag, v.T(b.Key)})
		known[b.Tag] = true
	}
	own := 0
	for _, b := range home.Uses.Barriers {
		if !known[b.Tag] && own < maxOwnBarriers {
			out = append(out, barrierChoice{b.Tag, b.Tag})
			own++
		}
	}
	return out
}

// useLog is the page to log a use, with a note, or what got in the way.
func (s *Site) useLog(w http.ResponseWriter, r *http.Request, session *Session) error {
	q := r.URL.Query()
	return s.drawUseLog(w, r, session, http.StatusOK, useLogPage{Chosen: engine.BehaviourID(q.Get("behaviour"))}, q.Get("logged"), q.Get("missed"), nil)
}

func (s *Site) drawUseLog(w http.ResponseWriter, r *http.Request, session *Session, status int, body useLogPage, logged, missed string, problems engine.FieldErrors) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	home, err := service.Home(r.Context(), session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: use log: %w", err)
	}
	v := s.view(r)
	v.Zone = zoneFor(session, home.Learner.Zone)
	body.useLogView, body.Action, body.Over = useLogOf(v, home), v.Base+"/log", home.Enrolment.State == engine.Stopped
	body.Barriers = barriersOf(v, home)
	body.Form = newFormView(nil, nil, nil, problems)
	for i, p := range body.Form.Problems {
		if p.Field == "note" || p.Field == "barrier" {
			body.Form.Problems[i].Anchor, body.Form.Problems[i].Label = p.Field, "page.log."+p.Field
		}
	}
	for i := range body.Behaviours {
		b := &body.Behaviours[i]
		if string(b.Behaviour.ID) == logged || string(b.Behaviour.ID) == missed {
			body.Logged, body.Missed = b, missed != ""
		}
		if c := usesByWeek(v, b.UseFrequency); c != nil {
			body.Charts = append(body.Charts, c)
		}
	}
	if body.Chosen == "" && len(body.Behaviours) > 0 {
		body.Chosen = body.Behaviours[0].Behaviour.ID
	}
	if n := home.Uses.Barriers; len(n) > 0 {
		body.Charts = append(body.Charts, barrierChart(v, n))
	}
	return s.draw(w, status, "uselog", v.titled("page.log.title"), body)
}

// maxUseWeeks is how many weeks the chart of uses shows.
const maxUseWeeks = 12

// usesByWeek is how often a behaviour was used in the weeks in which it was; nil: never.
func usesByWeek(v *view, f engine.UseFrequency) *chart {
	if len(f.Weeks) == 0 {
		return nil
	}
	table := chartTable{Head: []string{v.T("page.log.week"), v.T("page.log.uses")}}
	var bars []chartBar
	for _, week := range f.Weeks[max(0, len(f.Weeks)-maxUseWeeks):] {
		label, shown := v.T("page.log.week.of", "day", v.ShortDay(week.Monday, "")), fmt.Sprint(week.Uses)
		bars = append(bars, chartBar{Label: label, Value: float64(week.Uses), Shown: shown})
		table.Rows = append(table.Rows, []string{label, shown})
	}
	text := v.In(f.Behaviour.Text)
	return newBars("uses-"+string(f.Behaviour.ID), text, v.T("page.log.summary", "behaviour", text, "n", f.Uses), 0, bars, table)
}

// barrierChart is what got in the way, most often first.
func barrierChart(v *view, all []engine.BarrierCount) *chart {
	table := chartTable{Head: []string{v.T("page.log.barrier"), v.T("page.log.times")}}
	var bars []chartBar
	for _, b := range all {
		bars = append(bars, chartBar{Label: v.Barrier(b.Tag), Value: float64(b.N), Shown: fmt.Sprint(b.N), Tone: 2})
		table.Rows = append(table.Rows, []string{v.Barrier(b.Tag), fmt.Sprint(b.N)})
	}
	return newBars("barriers", v.T("page.log.barriers"), v.T("page.log.barriers.summary", "barrier", v.Barrier(all[0].Tag)), 0, bars, table)
}

// logUse takes a use (do=used) or what kept from it (do=missed); the same key again changes nothing.
func (s *Site) logUse(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	f := r.PostForm
	behaviour, key := engine.BehaviourID(f.Get("behaviour")), f.Get("key")
	barrier := strings.TrimSpace(f.Get("other"))
	if barrier == "" {
		barrier = f.Get("barrier")
	}
	back := "/s/" + session.Handle + "/log?"
	if f.Get("do") == "missed" {
		err = service.LogBarrier(r.Context(), session.Person, session.Enrolment, behaviour, f.Get("note"), barrier, key)
		back += "missed="
	} else {
		err = service.LogUse(r.Context(), session.Person, session.Enrolment, behaviour, f.Get("note"), barrier, key)
		back += "logged="
	}
	if problems, ok := fieldErrors(err); ok {
		body := useLogPage{Chosen: behaviour, Note: f.Get("note"), Barrier: f.Get("barrier"), Other: f.Get("other")}
		return s.drawUseLog(w, r, session, http.StatusUnprocessableEntity, body, "", "", problems)
	}
	if err != nil {
		return fmt.Errorf("web: log a use: %w", err)
	}
	seeOther(w, r, back+string(behaviour))
	return nil
}
