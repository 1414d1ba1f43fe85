package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// barriersPage is the Body of what gets in the way of learners, and what is done about it.
type barriersPage struct {
	Nav     coachNav
	Course  engine.Course
	Chart   *chart // nil: nobody has tagged a barrier
	Tags    []string
	Actions []engine.BarrierAction
	Form    actForm
}

const maxBarrierTags = 20

func (s *Site) barriers(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	return s.drawBarriers(w, r, session, service, http.StatusOK, actForm{})
}

func (s *Site) drawBarriers(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service, status int, form actForm) error {
	v := s.view(r)
	body := barriersPage{Nav: coachNav{At: "barriers", Acts: true}, Course: session.Course, Form: form}
	counts, err := barrierCounts(r, service, session.Course)
	if err != nil {
		return fmt.Errorf("web: barriers: %w", err)
	}
	if len(counts) > 0 {
		bars := make([]chartBar, 0, len(counts))
		table := chartTable{Head: []string{v.T("coach.barriers.tag"), v.T("coach.barriers.n")}}
		for _, c := range counts {
			bars = append(bars, chartBar{Label: c.Tag, Value: float64(c.N), Shown: strconv.Itoa(c.N)})
			table.Rows = append(table.Rows, []string{c.Tag, strconv.Itoa(c.N)})
			body.Tags = append(body.Tags, c.Tag)
		}
		body.Chart = newBars("barriers-chart", "", v.T("coach.barriers.summary", "tag", counts[0].Tag, "n", counts[0].N), 0, bars, table)
	}
	if body.Actions, err = service.BarrierActions(r.Context(), engine.By(session.Person), session.Course); err != nil {
		return fmt.Errorf("web: barriers: %w", err)
	}
	return s.draw(w, status, "barriers", v.titled("coach.barriers.title", "course", session.Course.Title), body)
}

// barrierCounts are the barriers that learners of a course tagged, the most frequent first.
func barrierCounts(r *http.Request, service *engine.Service, c engine.Course) ([]engine.BarrierCount, error) {
	board, err := service.Board(r.Context(), c, engine.BoardFilter{}, 0, 1)
	if err != nil {
		return nil, err
	}
	sums := map[string]int{}
	for _, id := range board.Workflows {
		report, err := service.UseFrequencyIn(r.Context(), c, id)
		if err != nil {
			return nil, err
		}
		for _, b := range report.Barriers {
			sums[b.Tag] += b.N
		}
	}
	var counts []engine.BarrierCount
	for tag, n := range sums {
		counts = append(counts, engine.BarrierCount{Tag: tag, N: n})
	}
	slices.SortFunc(counts, func(a, b engine.BarrierCount) int { return cmp.Or(b.N-a.N, strings.Compare(a.Tag, b.Tag)) })
	return counts[:min(len(counts), maxBarrierTags)], nil
}

// addBarrier notes what is done about a barrier, by whom and until when.
func (s *Site) addBarrier(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	if err := parseForm(r); err != nil {
		return err
	}
	f := r.PostForm
	due, err := time.Parse(time.DateOnly, strings.TrimSpace(f.Get("due")))
	if err != nil {
		due = time.Time{} // the engine says that it is missing
	}
	_, err = service.AddBarrierAction(r.Context(), engine.By(session.Person), session.Course,
		engine.BarrierAction{Tag: f.Get("tag"), Action: f.Get("action"), Owner: f.Get("owner"), Due: due})
	if problems, ok := fieldErrors(err); ok {
		return s.drawBarriers(w, r, session, service, http.StatusUnprocessableEntity, actForm{Do: "barrier", Values: f, Problems: problems})
	}
	if err != nil {
		return fmt.Errorf("web: barriers: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/board/barriers")
	return nil
}

// endBarrier says that something was done about a barrier, or is open again: do=done or open.
func (s *Site) endBarrier(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	if err := parseForm(r); err != nil {
		return err
	}
	do := r.PostForm.Get("do")
	if do != "done" && do != "open" {
		return fmt.Errorf("web: barriers: neither done nor open: %w", ErrUpload)
	}
	if err := service.EndBarrierAction(r.Context(), engine.By(session.Person), session.Course, mux.Vars(r)["action"], do == "done"); err != nil {
		return fmt.Errorf("web: barriers: %w", err)
	}
	seeOther(w, r, "/s/"+session.Handle+"/board/barriers")
	return nil
}

// reportsPage is the Body of how far the learners of a course are, as pictures.
type reportsPage struct {
	Nav     coachNav
	Course  engine.Course
	Funnels []funnelView
}

type funnelView struct {
	Workflow *engine.Workflow
	All      int
	Chart    *chart
}

// reports shows a coach how many never started, are stalled, active or through.
func (s *Site) reports(w http.ResponseWriter, r *http.Request, session *Session, service *engine.Service) error {
	v := s.view(r)
	body := reportsPage{Nav: coachNav{At: "reports", Acts: true}, Course: session.Course}
	board, err := service.Board(r.Context(), session.Course, engine.BoardFilter{}, 0, 1)
	if err != nil {
		return fmt.Errorf("web: reports: %w", err)
	}
	for _, id := range board.Workflows {
		workflow, err := service.Workflow(r.Context(), id, 0)
		if err != nil {
			return fmt.Errorf("web: reports: %w", err)
		}
		f, err := service.Funnel(r.Context(), engine.By(session.Person), id, session.Course, engine.FunnelPage{Limit: 1})
		if err != nil {
			return fmt.Errorf("web: reports: %w", err)
		}
		table := chartTable{Head: []string{v.T("coach.funnel.class"), v.T("page.board.learner")}}
		var bars []chartBar
		for _, class := range engine.FunnelClasses() {
			n := f.Counts[class]
			bars = append(bars, chartBar{Label: v.T("coach.funnel." + class), Value: float64(n), Shown: strconv.Itoa(n)})
			table.Rows = append(table.Rows, []string{v.T("coach.funnel." + class), strconv.Itoa(n)})
		}
		summary := v.T("coach.funnel.summary", "all", f.All, "never", f.Counts[engine.FunnelNever], "stalled", f.Counts[engine.FunnelStalled], "finished", f.Counts[engine.FunnelFinished])
		body.Funnels = append(body.Funnels, funnelView{Workflow: workflow, All: f.All, Chart: newBars("funnel-"+string(id), "", summary, float64(f.All), bars, table)})
	}
	return s.draw(w, http.StatusOK, "reports", v.titled("coach.reports.title", "course", session.Course.Title), body)
}
