package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// Picking is what a platform asked a designer to choose (Deep Linking 2.0). It
// stays on our side: the browser holds the session and nothing else.
type Picking struct {
	Handle   string `json:"handle"`   // of lti.Tool.DeepLinkResponse; works once
	Multiple bool   `json:"multiple"` // several may be placed at once
	LineItem bool   `json:"line_item"`
	Links    bool   `json:"links"` // the platform takes LTI resource links, the only thing we place
}

// Bounds of a choice.
const (
	maxPicked    = 20  // links placed at once
	maxShown     = 40  // workflows listed
	maxSearch    = 100 // bytes of a search
	maxItemTitle = 255 // characters
)

// arriveDesigner opens the picker for those who may change a course.
func (s *Site) arriveDesigner(w http.ResponseWriter, r *http.Request, l *lti.Launch, service *engine.Service, session Session) error {
	if !l.IsInstructor() && !l.IsAdministrator() && !l.HasRole("ContentDeveloper") || l.DeepLink == nil {
		return fmt.Errorf("a deep linking request by somebody who does not design courses: %w", errNotYours)
	}
	person, err := service.ArriveStaff(r.Context(), staffArrival(l, session)) // choosing content makes nobody staff of the course
	if err != nil {
		return fmt.Errorf("web: launch: %w", err)
	}
	session.Role, session.Person, session.Landing = RoleDesigner, person.ID, "pick"
	session.Pick = &Picking{
		Handle: l.DeepLink.Handle, Multiple: l.DeepLink.AcceptMultiple, LineItem: l.DeepLink.AcceptLineItem,
		Links: slices.Contains(l.DeepLink.AcceptTypes, "ltiResourceLink"),
	}
	return s.enter(w, r, session)
}

// choice is one link that can be placed. Its key names it in forms:
// whole/WORKFLOW, step/WORKFLOW/STEP, finish/WORKFLOW, portfolio.
type choice struct {
	Key      string
	Kind     string // whole, step, finish, portfolio
	Workflow *engine.Workflow
	Step     *engine.Step
	On       bool
}

// placeable are the steps that make sense as a link of their own: the learner's.
func placeable(w *engine.Workflow) []*engine.Step {
	var list []*engine.Step
	for _, step := range w.Steps() {
		if step.By == engine.Learner {
			list = append(list, step)
		}
	}
	return list
}

// chosenFrom reads keys; what names nothing that is there is left out and told.
func chosenFrom(keys []string, all []*engine.Workflow) (chosen []choice, unknown bool) {
	seen := map[string]bool{}
	for _, key := range keys {
		if seen[key] || len(chosen) >= maxPicked {
			continue
		}
		seen[key] = true
		c, ok := choiceOf(key, all)
		if !ok {
			unknown = true
			continue
		}
		chosen = append(chosen, c)
	}
	return chosen, unknown
}

func choiceOf(key string, all []*engine.Workflow) (choice, bool) {
	kind, rest, _ := strings.Cut(key, "/")
	c := choice{Key: key, Kind: kind, On: true}
	if kind == viewPortfolio {
		return c, rest == ""
	}
	id, stepID, hasStep := strings.Cut(rest, "/")
	i := slices.IndexFunc(all, func(w *engine.Workflow) bool { return string(w.ID) == id })
	if i < 0 {
		return choice{}, false
	}
	c.Workflow = all[i]
	switch kind {
	case "whole", viewFinish:
		return c, !hasStep
	case paramStep:
		j := slices.IndexFunc(placeable(c.Workflow), func(s *engine.Step) bool { return string(s.ID) == stepID })
		if j < 0 {
			return choice{}, false
		}
		c.Step = placeable(c.Workflow)[j]
		return c, true
	}
	return choice{}, false
}

// Title is what the link is called unless the designer says otherwise.
func (c choice) Title(v *view) string {
	switch c.Kind {
	case paramStep:
		return v.In(c.Step.Title)
	case viewFinish:
		return v.T("page.pick.finish.title", "workflow", v.In(c.Workflow.Title))
	case viewPortfolio:
		return v.T("page.portfolio.title")
	default:
		return v.In(c.Workflow.Title)
	}
}

// custom are the launch parameters that lead the link to its part.
func (c choice) custom() map[string]string {
	p := map[string]string{}
	if c.Workflow != nil {
		p[paramWorkflow] = string(c.Workflow.ID)
	}
	switch c.Kind {
	case paramStep:
		p[paramStep] = string(c.Step.ID)
	case viewFinish, viewPortfolio:
		p[paramView] = c.Kind
	}
	return p
}

// pickPage is the Body of the picker.
type pickPage struct {
	Query     string
	Multiple  bool
	None      bool // nothing has been imported yet
	Unusable  bool // the platform takes no links
	Nothing   bool // "go on" without a choice
	TooMany   bool
	Gone      bool // something that was chosen is there no more
	Chosen    []choice
	Workflows []pickWorkflow
	Portfolio choice
	Hidden    int // found, but not listed
	Guard     string
}

// pickWorkflow is a workflow with its choices; those chosen stand above.
type pickWorkflow struct {
	*engine.Workflow
	Whole, Finish choice
	Parts         []choice
}

func (s *Site) pick(w http.ResponseWriter, r *http.Request, session *Session) error {
	if session.Pick == nil {
		return fmt.Errorf("web: pick: %w", errNoPage)
	}
	all, err := s.workflowsOf(r.Context(), session)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	chosen, gone := chosenFrom(q["item"], all)
	if q.Get("do") == "next" && len(chosen) > 0 && !gone && (session.Pick.Multiple || len(chosen) == 1) {
		return s.drawPlacing(w, r, session, http.StatusOK, placingsOf(chosen))
	}
	v := s.view(r)
	body := pickPage{
		Query: cut(q.Get("q"), maxSearch), Multiple: session.Pick.Multiple, None: len(all) == 0, Unusable: !session.Pick.Links,
		Chosen: chosen, Gone: gone, Guard: s.guard(session),
	}
	body.Nothing = q.Get("do") == "next" && len(chosen) == 0 && !gone
	body.TooMany = q.Get("do") == "next" && len(chosen) > 1 && !session.Pick.Multiple
	found := slices.DeleteFunc(slices.Clone(all), func(w *engine.Workflow) bool { return !matches(w, body.Query) })
	slices.SortStableFunc(found, func(a, b *engine.Workflow) int {
		return cmp.Compare(strings.ToLower(v.In(a.Title)), strings.ToLower(v.In(b.Title)))
	})
	body.Hidden = max(len(found)-maxShown, 0)
	taken := func(key string) bool { return slices.ContainsFunc(chosen, func(c choice) bool { return c.Key == key }) }
	for _, found := range found[:len(found)-body.Hidden] {
		one := pickWorkflow{Workflow: found}
		one.Whole = choice{Key: "whole/" + string(found.ID), Kind: "whole", Workflow: found}
		one.Finish = choice{Key: viewFinish + "/" + string(found.ID), Kind: viewFinish, Workflow: found}
		one.Whole.On, one.Finish.On = taken(one.Whole.Key), taken(one.Finish.Key)
		for _, step := range placeable(found) {
			key := paramStep + "/" + string(found.ID) + "/" + string(step.ID)
			one.Parts = append(one.Parts, choice{Key: key, Kind: paramStep, Workflow: found, Step: step, On: taken(key)})
		}
		body.Workflows = append(body.Workflows, one)
	}
	body.Portfolio = choice{Key: viewPortfolio, Kind: viewPortfolio, On: taken(viewPortfolio)}
	status := http.StatusOK
	if body.Nothing || body.TooMany || gone {
		status = http.StatusUnprocessableEntity
	}
	return s.draw(w, status, "pick", v.titled("page.pick.title"), body)
}

func (s *Site) workflowsOf(ctx context.Context, session *Session) ([]*engine.Workflow, error) {
	service, err := s.tenant(ctx, session.Tenant)
	if err != nil {
		return nil, err
	}
	all, err := service.Workflows(ctx)
	if err != nil {
		return nil, fmt.Errorf("web: pick: %w", err)
	}
	return all, nil
}

// AnyPart tells whether a step of the workflow is chosen: its list stands open then.
func (p pickWorkflow) AnyPart() bool {
	return slices.ContainsFunc(p.Parts, func(c choice) bool { return c.On })
}

// Away are the choices that the list below does not show: a search hides no choice.
func (p pickPage) Away() []choice {
	return slices.DeleteFunc(slices.Clone(p.Chosen), func(c choice) bool {
		return c.Workflow == nil || slices.ContainsFunc(p.Workflows, func(w pickWorkflow) bool { return w.ID == c.Workflow.ID })
	})
}

// matches tells whether every word of the search stands somewhere in what the
// workflow says of itself, in any language.
func matches(w *engine.Workflow, query string) bool {
	var b strings.Builder
	add := func(t engine.Text) {
		for _, s := range t {
			b.WriteString(strings.ToLower(s))
			b.WriteByte('\n')
		}
	}
	b.WriteString(strings.ToLower(string(w.ID)) + "\n")
	add(w.Title)
	add(w.Goal.Outcome)
	for _, behaviour := range w.Behaviours {
		add(behaviour.Text)
	}
	for _, step := range w.Steps() {
		add(step.Title)
	}
	said := b.String()
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if !strings.Contains(said, word) {
			return false
		}
	}
	return true
}

// cut cuts a text to at most n bytes, between characters.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// backTo is the address of the picker with a choice kept.
func backTo(base string, chosen []choice) string {
	q := url.Values{}
	for _, c := range chosen {
		q.Add("item", c.Key)
	}
	return base + "/pick?" + q.Encode()
}
