package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

func metaRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/openapi.json", id: "describe", tag: "API", summary: "This description", open: true, reply: json.RawMessage{},
			do: func(c *call) (any, error) { return rawReply{"application/json", c.api.openapi}, nil }},
		{method: "GET", path: "/api/v1/key", id: "showKey", tag: "API", summary: "What the key in use may do", reply: keyView{}, do: func(c *call) (any, error) {
			return keyView{ID: c.key.ID, Name: c.key.Name, Tenant: c.key.Tenant, Scopes: c.key.Scopes, ExpiresAt: c.key.ExpiresAt, PerMinute: c.api.o.PerMinute}, nil
		}},
	}
}

type keyView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Tenant    string     `json:"tenant"`
	Scopes    []string   `json:"scopes"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	PerMinute int        `json:"per_minute" doc:"Requests a minute"`
}

// workflowView is one version of a workflow.
type workflowView struct {
	ID         engine.WorkflowID  `json:"id"`
	Version    int                `json:"version"`
	Title      engine.Text        `json:"title"`
	Outcome    engine.Text        `json:"outcome"`
	Minutes    int                `json:"minutes" doc:"What the learner's required steps take, as far as the author said"`
	Behaviours []engine.Behaviour `json:"behaviours"`
	Phases     []phaseView        `json:"phases"`
	Aids       []engine.Aid       `json:"aids"`
	Events     []string           `json:"events" doc:"Types of events that the workflow names"`
	Prompts    []string           `json:"prompts"`
	Metric     string             `json:"metric,omitempty"`
}

type phaseView struct {
	Phase string      `json:"phase"`
	Title engine.Text `json:"title,omitempty"`
	Goal  engine.Text `json:"goal,omitempty"`
	Steps []stepPlan  `json:"steps"`
}

// stepPlan is a step as it is written.
type stepPlan struct {
	ID       engine.StepID   `json:"id"`
	Kind     engine.Kind     `json:"kind"`
	Title    engine.Text     `json:"title"`
	Why      engine.Text     `json:"why,omitempty"`
	By       engine.Role     `json:"by"`
	With     string          `json:"with,omitempty"`
	Opens    string          `json:"opens"`
	Due      string          `json:"due,omitempty"`
	At       string          `json:"at,omitempty"`
	Needs    []engine.StepID `json:"needs,omitempty"`
	Minutes  int             `json:"minutes,omitempty"`
	Optional bool            `json:"optional,omitempty"`
	Private  bool            `json:"private,omitempty"`
}

func viewOf(w *engine.Workflow) workflowView {
	v := workflowView{ID: w.ID, Version: w.Version, Title: w.Title, Outcome: w.Goal.Outcome, Minutes: w.Minutes(), Behaviours: w.Behaviours,
		Aids: w.Aids, Events: w.EventTypes(), Phases: []phaseView{}}
	for _, p := range w.Prompts {
		v.Prompts = append(v.Prompts, p.ID)
	}
	if w.Goal.Metric != nil {
		v.Metric = w.Goal.Metric.ID
	}
	for _, p := range w.Phases {
		view := phaseView{Phase: p.Phase, Title: p.Title, Goal: p.Goal}
		for _, s := range p.Steps {
			plan := stepPlan{ID: s.ID, Kind: s.Kind, Title: s.Title, Why: s.Why, By: s.By, With: s.With, Opens: s.Opens.String(), Needs: s.Needs,
				Minutes: s.Minutes, Optional: s.Optional, Private: s.Private}
			if s.Due != nil {
				plan.Due = s.Due.String()
			}
			if s.At != nil {
				plan.At = s.At.String()
			}
			view.Steps = append(view.Steps, plan)
		}
		v.Phases = append(v.Phases, view)
	}
	return v
}

// definition is a workflow's file as it is sent.
type definition struct {
	Source string            `json:"source" doc:"The YAML of the definition"`
	Aids   map[string]string `json:"aids,omitempty" doc:"Texts of the files that aids name, by path"`
}

type lintReport struct {
	Valid    bool             `json:"valid"`
	ID       string           `json:"id,omitempty"`
	Version  int              `json:"version,omitempty"`
	Steps    int              `json:"steps"`
	Problems []engine.Problem `json:"problems" doc:"Warnings too; line and column count from 1"`
}

var versionParam = param{name: "version", doc: "Which version; the highest if left out", integer: true}

func workflowRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/workflows", id: "listWorkflows", tag: "Workflows", summary: "All workflows, each in its highest version", scope: lrs.ScopeWorkflowsRead,
			reply: list[*engine.Workflow]{}, do: func(c *call) (any, error) {
				found, err := c.engine.Workflows(c.Context())
				return all(found), err
			}},
		{method: "GET", path: "/api/v1/workflows/{workflow}", id: "showWorkflow", tag: "Workflows", summary: "One workflow with its steps", scope: lrs.ScopeWorkflowsRead,
			query: []param{versionParam}, reply: workflowView{}, do: func(c *call) (any, error) {
				w, err := c.workflow()
				if err != nil {
					return nil, err
				}
				return viewOf(w), nil
			}},
		{method: "GET", path: "/api/v1/workflows/{workflow}/source", id: "exportWorkflow", tag: "Workflows", summary: "The definition in its canonical form, as YAML",
			scope: lrs.ScopeWorkflowsRead, query: []param{versionParam}, reply: "", produces: "application/yaml", do: func(c *call) (any, error) {
				w, err := c.workflow()
				if err != nil {
					return nil, err
				}
				return rawReply{"application/yaml", engine.Export(w)}, nil
			}},
		{method: "GET", path: "/api/v1/workflows/{workflow}/diff", id: "diffWorkflow", tag: "Workflows", summary: "What changed between two versions, and what it means",
			scope: lrs.ScopeWorkflowsRead, query: []param{{name: "from", integer: true, required: true}, {name: "to", doc: "The highest if left out", integer: true}},
			reply: engine.Difference{}, do: func(c *call) (any, error) {
				from, _ := strconv.Atoi(c.param("from")) // checked
				to, _ := strconv.Atoi(c.param("to"))
				return c.engine.DiffWorkflow(c.Context(), engine.WorkflowID(c.PathValue("workflow")), from, to)
			}},
		{method: "POST", path: "/api/v1/lint", id: "lintWorkflow", tag: "Workflows", summary: "Check a definition; nothing is kept", scope: lrs.ScopeWorkflowsRead,
			body: definition{}, sample: `{"source": "workflow: hello\nversion: 1\n"}`, reply: lintReport{}, do: func(c *call) (any, error) {
				w, problems := engine.ParseWorkflow("", []byte(c.body.(*definition).Source))
				report := lintReport{Valid: w != nil, Problems: problems}
				if w != nil {
					report.ID, report.Version, report.Steps = string(w.ID), w.Version, len(w.Steps())
				}
				return report, nil
			}},
		{method: "POST", path: "/api/v1/workflows", id: "importWorkflow", tag: "Workflows", summary: "Import a definition; what runs stays on its version",
			detail: "The same definition again changes nothing; another one under the same version is a conflict. What refuses the file is told with lines and columns.",
			scope:  lrs.ScopeWorkflowsWrite, body: definition{}, sample: `{"source": "workflow: hello\nversion: 1\n"}`, reply: lintReport{}, status: http.StatusCreated, limit: 6 << 20,
			do: func(c *call) (any, error) {
				in := c.body.(*definition)
				w, problems, err := c.engine.ImportWorkflow(c.Context(), "", []byte(in.Source), texts(in.Aids))
				if err != nil {
					return nil, err
				}
				c.w.Header().Set("Location", "/api/v1/workflows/"+string(w.ID)+"?version="+strconv.Itoa(w.Version))
				return lintReport{Valid: true, ID: string(w.ID), Version: w.Version, Steps: len(w.Steps()), Problems: problems}, nil
			}},
		{method: "POST", path: "/api/v1/workflows/{workflow}/offer", id: "offerVersion", tag: "Workflows", summary: "Move those who have not started to a version",
			scope: lrs.ScopeEnrolmentsWrite, body: offerIn{}, sample: `{"version": 1}`, reply: engine.OfferReport{}, do: func(c *call) (any, error) {
				return c.engine.OfferVersion(c.Context(), c.by(), engine.WorkflowID(c.PathValue("workflow")), c.body.(*offerIn).Version)
			}},
		{method: "GET", path: "/api/v1/workflows/{workflow}/metric", id: "showMetric", tag: "Reports", summary: "The metric of a workflow: baseline, target and its values by month",
			scope: lrs.ScopeEnrolmentsRead, query: []param{{name: "values", doc: "With the single values too (needs people/read)", enum: []string{"true", "false"}}},
			reply: engine.MetricView{}, do: func(c *call) (any, error) {
				values := c.param("values") == "true"
				if values && !c.may(lrs.ScopePeopleRead) {
					return nil, refuse(http.StatusForbidden, "scope", "the key lacks the scope "+lrs.ScopePeopleRead)
				}
				return c.engine.Metric(c.Context(), engine.WorkflowID(c.PathValue("workflow")), values)
			}},
		{method: "POST", path: "/api/v1/workflows/{workflow}/metric", id: "importMetric", tag: "Reports", summary: "Bring values of a workflow's metric",
			detail: "The same rows again change nothing. A person is an e-mail address, an account as issuer|subject, or a person's id; left out for values of nobody in particular.",
			scope:  lrs.ScopeEventsWrite, body: metricRows{}, sample: `{"rows": [{"person": "sam@example.org", "at": "2026-11-20T00:00:00Z", "value": 11.5}]}`,
			reply: engine.MetricImport{}, do: func(c *call) (any, error) {
				return c.engine.ImportMetric(c.Context(), engine.WorkflowID(c.PathValue("workflow")), c.body.(*metricRows).Rows, "api")
			}},
		{method: "GET", path: "/api/v1/workflows/{workflow}/funnel", id: "showFunnel", tag: "Reports", summary: "Who never started, who stalled, who finished, in one course",
			scope: lrs.ScopeEnrolmentsRead, query: append(courseParams(), param{name: "class", doc: "Rows of this class only"}, limitParam, cursorParam),
			reply: engine.Funnel{}, do: func(c *call) (any, error) {
				page := engine.FunnelPage{Class: c.param("class"), After: c.param("cursor"), Limit: c.limit()}
				return c.engine.Funnel(c.Context(), c.by(), engine.WorkflowID(c.PathValue("workflow")), c.course(), page)
			}},
	}
}

type offerIn struct {
	Version int `json:"version"`
}

type metricRows struct {
	Rows []engine.MetricRow `json:"rows"`
}

// workflow is the one of the path, in the version of the query.
func (c *call) workflow() (*engine.Workflow, error) {
	version, _ := strconv.Atoi(c.param("version")) // checked; none: the highest
	return c.engine.Workflow(c.Context(), engine.WorkflowID(c.PathValue("workflow")), version)
}

func courseParams() []param {
	return []param{{name: "course_issuer", doc: "Issuer of the LMS that has the course", required: true}, {name: "course", doc: "The course's id in the LMS", required: true}}
}

// course is the one of the query.
func (c *call) course() engine.Course {
	return engine.Course{Issuer: c.param("course_issuer"), ID: c.param("course")}
}
