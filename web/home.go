package web

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// homePage is the Body of a learner's home.
type homePage struct {
	*engine.Home
	Complete, Stopped bool
	Percent           int
	Stones            []stone
	News              []engine.StepReview
	Returned          *engine.StepReview // the comment with which the next step came back
	Idle              waiting            // whose turn it is when it is not the learner's
	More              bool               // steps of the learner are left
	Notice            bool               // the notice who is told when they are late is not put away yet
	Letters           letterbox
	Why               string      // why the next step is the next one
	Ahead             []pathStep  // the few steps after it
	Whole             int         // steps of the whole path
	Gaps              []*chart    // behaviours, from how they were to how they are to be
	Log               *useLogView // what can be logged; nil when it is over
	Others            *engine.Others
	Tips              []engine.Tip
	Asked             bool // the coach has been asked and has not answered
}

// maxAhead is how many steps home shows after the next one; the journey has them all.
const maxAhead = 5

// phaseList is one phase of the journey with the steps to show.
type phaseList struct {
	Phase *engine.Phase
	Steps []pathStep
}

// pathStep is one step in a list.
type pathStep struct {
	engine.StepView
	Mark string // which icon: a state, or "late"
	Open bool   // there is something to see or do
}

// newsLife is how long an answer is news.
const newsLife = 14 * 24 * time.Hour

// maxNews is how many answers home shows; the steps keep them all.
const maxNews = 3

func (s *Site) home(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	home, err := service.Home(r.Context(), session.Enrolment)
	if err != nil {
		return fmt.Errorf("web: home: %w", err)
	}
	v := s.view(r)
	v.Zone, v.Rated = zoneFor(session, home.Learner.Zone), home.Workflow.Behaviours
	body := homePage{
		Home: home, Complete: home.Enrolment.State == engine.Completed, Stopped: home.Enrolment.State == engine.Stopped,
		Stones: stones(home.Done, home.Required), Idle: waitingOf(home),
	}
	body.More = slices.ContainsFunc(home.Steps, func(step engine.StepView) bool {
		return step.Step.By == engine.Learner && !step.State.State.Settled()
	})
	body.Whole, body.Ahead = len(home.Steps), aheadOf(home)
	if key, args := home.Reason(); key != "" {
		body.Why = v.T(key, args)
	}
	if err := s.aroundHome(r.Context(), service, session, v, &body); err != nil {
		return fmt.Errorf("web: home: %w", err)
	}
	body.Notice = home.Enrolment.NoticedAt.IsZero() && !home.Enrolment.Preview
	if body.Letters, err = s.letters(r, service, session); err != nil {
		return err
	}
	all, err := service.LatestReviews(r.Context(), home, s.now().Add(-newsLife))
	if err != nil {
		return fmt.Errorf("web: home: %w", err)
	}
	for i, n := range all {
		if home.Next != nil && home.Next.State.State == engine.Returned && n.Step.ID == home.Next.Step.ID {
			body.Returned = &all[i]
		} else {
			body.News = append(body.News, n)
		}
	}
	body.News = body.News[:min(len(body.News), maxNews)]
	body.Percent = percentDone(home)
	return s.draw(w, http.StatusOK, "home", v.titled("page.home.title", "workflow", v.In(home.Workflow.Title)), body)
}

// aroundHome adds what stands beside the next step.
func (s *Site) aroundHome(ctx context.Context, service *engine.Service, session *Session, v *view, body *homePage) error {
	gap, err := service.GapOf(ctx, body.Home)
	if err != nil {
		return err
	}
	body.Gaps = gapCharts(v, gap)
	if !body.Stopped {
		body.Log = useLogOf(v, body.Home)
	}
	body.Asked = body.Enrolment.Asked.Open()
	if body.Others, err = service.OthersCount(ctx, body.Enrolment); err != nil {
		return err
	}
	if !body.Others.Hidden {
		body.Tips, err = service.Tips(ctx, session.Person, body.Home)
	}
	return err
}

// aheadOf are the few steps after the next one: what is open too, what others have, then what opens.
func aheadOf(home *engine.Home) []pathStep {
	var now, then []pathStep
	for _, step := range home.Steps {
		one := pathStepOf(step)
		switch state := step.State.State; {
		case home.Next != nil && step.Step.ID == home.Next.Step.ID || state.Settled():
		case state == engine.Locked:
			then = append(then, one)
		default:
			now = append(now, one)
		}
	}
	all := append(now, then...)
	return all[:min(len(all), maxAhead)]
}

func phasesOf(home *engine.Home) []phaseList {
	var lists []phaseList
	for _, step := range home.Steps {
		if len(lists) == 0 || lists[len(lists)-1].Phase != step.Step.Phase {
			lists = append(lists, phaseList{Phase: step.Step.Phase})
		}
		last := &lists[len(lists)-1]
		last.Steps = append(last.Steps, pathStepOf(step))
	}
	return lists
}

// percentDone is how far a learner is, of what is required.
func percentDone(home *engine.Home) int {
	if home.Required == 0 {
		return 0
	}
	return int(math.Round(100 * float64(home.Done) / float64(home.Required)))
}

func pathStepOf(step engine.StepView) pathStep {
	live := step.State.State != engine.Locked || step.CanPost || step.CanAttend // others talk in it already, or the event takes place
	return pathStep{StepView: step, Mark: markOf(step), Open: live && step.Step.ForLearner()}
}

func markOf(step engine.StepView) string {
	if step.Late && step.State.State == engine.Open {
		return "late"
	}
	return string(step.State.State)
}

// stone is one stone of the cairn that progress builds.
type stone struct {
	X, Y, RX, RY float64
	Laid, Top    bool
}

const maxStones = 7

// stones piles up one stone per required step, or seven for many steps; the
// last one is laid only when all is done.
func stones(done, required int) []stone {
	count := min(required, maxStones)
	if count == 0 {
		return nil
	}
	laid := done
	if required > maxStones {
		laid = done * maxStones / required
	}
	list := make([]stone, count)
	height := min(19.0, 94/float64(count))
	y := 101.0
	for i := range list {
		t := float64(i) / float64(max(count-1, 1)) // 0 at the ground, 1 at the top
		ry := height / 2 * (1.1 - .2*t)
		y -= ry
		sway := []float64{0, -2.6, 2.2, -1.4, 1.8, -1, 0}[i%maxStones]
		list[i] = stone{X: 50 + sway, Y: round1(y), RX: round1(44 - 27*t), RY: round1(ry), Laid: i < laid, Top: i < laid && i == count-1}
		y -= ry * .96
	}
	return list
}

func round1(f float64) float64 { return math.Round(f*10) / 10 }

// zoneFor is the zone a person reads times in: what the launch said, else what
// we know of the person.
func zoneFor(session *Session, known string) string {
	if session.Zone != "" {
		return session.Zone
	}
	return known
}
