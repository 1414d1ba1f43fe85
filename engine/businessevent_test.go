package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

const crm = `workflow: crm
version: 1
title: Deals
goal:
  outcome: Fewer gifts
  metric:
    id: pct
    unit: percent
    baseline: 14
    target: 8
    from: {event: crm.deal.closed, who: event.data.owner_email, value: event.data.pct}
behaviours:
  - {id: trade, text: Trades, scale: [never, sometimes, always], target: 2, observers: [learner, manager]}
roles:
  manager: {from: [launch.custom.manager_email]}
events:
  - {id: big, type: crm.deal.closed, if: "event.data.amount >= 50000", who: event.data.owner_email}
  - {id: passed, type: xapi.statement, if: "event.data.verb == 'http://adlnet.gov/expapi/verbs/passed' and event.data.score >= 0.8"}
phases:
  - phase: before
    steps:
      - {id: plan, kind: plan, title: Plan, by: learner, done: response}
      - {id: back, kind: reflect, title: Look back, by: learner, opens: event.big + 2d, done: response}
      - {id: start, kind: read, title: Start, by: learner, opens: event.project.started, done: viewed}
      - {id: quote, kind: practise, title: Quote, by: learner, opens: course_completed, done: {event: crm.quote.sent, if: "event.data.discount <= 5"}}
      - {id: test, kind: practise, title: Test, by: learner, opens: event.passed, done: {any: [{event: passed}, response]}}
      - {id: used, kind: checkin, title: Used it, by: learner, needs: [plan], opens: never, due: open + 3wd, log: trade, form: report, done: response}
      - {id: see, kind: survey, title: See, by: manager, rate: [trade], done: response}
aids:
  - {id: planner, format: checklist, title: Trade planner}
  - {id: calm, format: guide, title: Three techniques}
prompts:
  - {id: big-deal, event: crm.opportunity.created, who: event.data.owner_email, if: "event.data.amount >= 50000", show: planner, via: [widget, email], cap: {days: 7}, from: enrolled + 1d, until: enrolled + 60d, then: {after: 5wd, step: used}}
  - {id: complaint, event: desk.ticket, if: "event.data.kind == complaint", show: calm}
  - {id: after-course, event: lms.course_completed, show: calm}
  - {id: after-test, event: passed, show: calm}
`

// crmHouse has Sam in the workflow above since Monday morning.
func crmHouse(t *testing.T) *house {
	t.Helper()
	h := newHouse(t, monday)
	_, problems, err := h.ImportWorkflow(t.Context(), "crm.yaml", []byte(crm), nil)
	if err != nil {
		t.Fatal(err, problems)
	}
	h.arrive("crm", maxed)
	return h
}

// happens sends one event of the CRM.
func (h *house) happens(id, typ, subject, data string) engine.BusinessEvent {
	h.t.Helper()
	return h.takes(engine.CloudEvent{ID: id, Source: "/crm", Type: typ, Subject: subject, Time: h.now, Data: json.RawMessage(data)})
}

func (h *house) takes(ev engine.CloudEvent) engine.BusinessEvent {
	h.t.Helper()
	taken, err := h.TakeEvents(h.t.Context(), "test", []engine.CloudEvent{ev})
	must(h.t, err)
	kept, err := h.Event(h.t.Context(), taken[0].Key)
	must(h.t, err)
	if kept.AppliedAt.IsZero() {
		h.t.Fatalf("event %s was not applied: %s", ev.ID, kept.LastError)
	}
	return kept
}

func effects(ev engine.BusinessEvent) []string {
	out := []string{}
	for _, e := range ev.Effects {
		out = append(out, e.Effect+" "+e.Name)
	}
	return out
}

func wantEffects(t *testing.T, ev engine.BusinessEvent, want ...string) {
	t.Helper()
	if got := effects(ev); !slices.Equal(got, want) {
		t.Errorf("%s did %q (%s), want %q", ev.Type, got, ev.Note, want)
	}
}

func (h *house) stateOf(id engine.StepID) engine.State {
	h.t.Helper()
	e, err := h.Enrolment(h.t.Context(), h.id)
	must(h.t, err)
	if e.Steps[id] == nil {
		return engine.Locked
	}
	return e.Steps[id].State
}

func (h *house) prompts() []engine.PromptView {
	h.t.Helper()
	all, err := h.Prompts(h.t.Context(), h.sam, false)
	must(h.t, err)
	return all
}

func TestABusinessEventOpensAStep(t *testing.T) {
	h := crmHouse(t)
	wantEffects(t, h.happens("1", "project.started", "mailto:Sam@Example.org", ""), "anchor event.project.started")
	if got := h.stateOf("start"); got != engine.Open {
		t.Errorf("the step is %s", got)
	}
}

func TestAnAnchorIsTheFirstEventAboutTheLearnerAndMovesOnlyBack(t *testing.T) {
	h := crmHouse(t)
	big := `{"owner_email":"sam@example.org","amount":60000}`
	wantEffects(t, h.happens("small", "crm.deal.closed", "", `{"owner_email":"sam@example.org","amount":10,"pct":"9.5"}`), "metric pct")
	wantEffects(t, h.happens("1", "crm.deal.closed", "", big), "anchor event.big")
	first := h.now
	h.now = h.now.Add(24 * time.Hour)
	wantEffects(t, h.happens("2", "crm.deal.closed", "", big))
	e, err := h.Enrolment(t.Context(), h.id)
	must(t, err)
	if at := e.Anchors["event.big"]; !at.Equal(first.UTC().Truncate(time.Millisecond)) {
		t.Errorf("the anchor is %s, the first was at %s", at, first)
	}
	if h.stateOf("back") != engine.Locked {
		t.Error("the step opened before two days had passed")
	}
	h.now = first.Add(48 * time.Hour)
	if h.stateOf("back") != engine.Open {
		t.Errorf("two days after, the step is %s", h.stateOf("back"))
	}
}

func TestABusinessEventCompletesAStepAlsoWhileItIsLocked(t *testing.T) {
	h := crmHouse(t)
	wantEffects(t, h.happens("1", "crm.quote.sent", "sam@example.org", `{"discount":10}`))
	wantEffects(t, h.happens("2", "crm.quote.sent", "sam@example.org", `{}`)) // a value that is missing is false
	if got := h.stateOf("quote"); got != engine.Locked {
		t.Fatalf("the step is %s", got)
	}
	wantEffects(t, h.happens("3", "crm.quote.sent", "sam@example.org", `{"discount":5}`), "done quote")
	if got := h.stateOf("quote"); got != engine.Done {
		t.Errorf("the step is %s", got)
	}
}

func TestAStatementByPatternOpensCompletesAndPrompts(t *testing.T) {
	h := crmHouse(t)
	score := 0.5
	statement := func(id string) *xapi.Statement {
		return &xapi.Statement{ID: id, Actor: xapi.AccountAgent(lms, "5"), Verb: xapi.VerbOf(xapi.VerbPassed), Timestamp: h.now,
			Object: xapi.ActivityObject(xapi.Activity{ID: lms + "/quiz/1"}), Result: &xapi.Result{Score: &xapi.Score{Scaled: &score}}}
	}
	authority := xapi.AccountAgent(iriBase, "lms-key")
	must(t, h.Observe(t.Context(), 1, statement("00000000-0000-4000-8000-000000000001"), authority))
	if h.stateOf("test") != engine.Locked || len(h.prompts()) != 0 {
		t.Fatal("a score below the pattern counted")
	}
	score = 0.9
	for range 2 { // the same statement again changes nothing
		must(t, h.Observe(t.Context(), 2, statement("00000000-0000-4000-8000-000000000002"), authority))
	}
	if h.stateOf("test") != engine.Done || len(h.prompts()) != 1 || h.prompts()[0].Prompt != "after-test" {
		t.Errorf("the step is %s, prompts %v", h.stateOf("test"), h.prompts())
	}
}

func TestACompletionOfTheCoursePrompts(t *testing.T) {
	h := crmHouse(t)
	h.completes()
	h.completes()
	if got := h.prompts(); len(got) != 1 || got[0].Event != engine.EventCourseCompleted || got[0].Title != "Three techniques" {
		t.Errorf("prompts %+v", got)
	}
}

func TestAPromptShowsAnAidOncePerCapAndOpensAStepAfterwards(t *testing.T) {
	h := crmHouse(t)
	deal := func(id string, amount int) engine.BusinessEvent {
		return h.happens(id, "crm.opportunity.created", "", fmt.Sprintf(`{"owner_email":"sam@example.org","amount":%d}`, amount))
	}
	wantEffects(t, deal("early", 60000)) // before `from`
	h.pass("2026-11-25 10:00")
	wantEffects(t, deal("small", 49999))
	wantEffects(t, deal("1", 50000), "prompt big-deal")
	wantEffects(t, deal("2", 90000), "capped big-deal")
	if got := h.prompts(); len(got) != 1 || got[0].Aid != "planner" || !got[0].Widget {
		t.Fatalf("prompts %+v", got)
	}
	if n := h.book.count("prompted"); n != 1 {
		t.Errorf("%d statements say so", n)
	}
	h.sweep()
	if got := h.post.told(); !slices.Contains(got, "sam prompt ") {
		t.Errorf("mails %v", got)
	}
	h.pass("2026-12-02 09:59") // 5 working days later, not yet
	if h.stateOf("used") != engine.Open {
		// beginnings fall on the start of hours: 2 December, 9:00
		t.Errorf("the step is %s", h.stateOf("used"))
	}
	h.pass("2026-12-02 10:00")
	wantEffects(t, deal("3", 60000), "prompt big-deal") // seven local days later
	h.pass("2026-12-09 12:00")
	if e, err := h.Enrolment(t.Context(), h.id); err != nil || e.Steps["used"].Attempt != 1 {
		t.Errorf("an attempt is open, but another was opened: %v %v", e.Steps["used"], err)
	}
	h.pass("2027-01-28 12:00")
	wantEffects(t, deal("late", 60000)) // after `until`
}

func TestAPromptIsDismissedAnsweredAndFeedsTheRecord(t *testing.T) {
	h := crmHouse(t)
	ctx := t.Context()
	h.happens("1", "desk.ticket", "sam@example.org", `{"kind":"complaint"}`)
	p := h.prompts()[0]
	must(t, h.AnswerPrompt(ctx, h.sam, h.id, p.ID, true))
	must(t, h.AnswerPrompt(ctx, h.sam, h.id, p.ID, true))
	must(t, h.DismissPrompt(ctx, h.sam, h.id, p.ID))
	must(t, h.DismissPrompt(ctx, h.sam, h.id, p.ID))
	if len(h.prompts()) != 0 || h.book.count("applied") != 1 {
		t.Errorf("prompts %v, applied %d", h.prompts(), h.book.count("applied"))
	}
	all, err := h.Prompts(ctx, h.sam, true)
	must(t, err)
	if len(all) != 1 || !all[0].Used || !all[0].Dismissed {
		t.Errorf("all %+v", all)
	}
	if err := h.DismissPrompt(ctx, "somebody", h.id, p.ID); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("somebody else: %v", err)
	}
	if err := h.DismissPrompt(ctx, h.sam, h.id, "none"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("no such prompt: %v", err)
	}
}

func TestNoStatementTellsWhatStoodInAnEvent(t *testing.T) {
	h := crmHouse(t)
	h.happens("1", "desk.ticket", "sam@example.org", `{"kind":"complaint","customer":"Secret Customer Ltd"}`)
	for id, text := range h.book.byID {
		if strings.Contains(text, "Secret Customer") || strings.Contains(text, "complaint") {
			t.Errorf("statement %s: %s", id, text)
		}
	}
}

func TestTheSameEventTwiceChangesNothing(t *testing.T) {
	h := crmHouse(t)
	ev := engine.CloudEvent{ID: "1", Source: "/crm", Type: "desk.ticket", Subject: "sam@example.org", Data: []byte(`{"kind":"complaint"}`)}
	h.takes(ev)
	before, err := h.store.Enrolment(t.Context(), h.id)
	must(t, err)
	taken, err := h.TakeEvents(t.Context(), "test", []engine.CloudEvent{ev, ev})
	must(t, err)
	if !taken[0].Duplicate || !taken[1].Duplicate {
		t.Errorf("taken %+v", taken)
	}
	_, err = h.ReplayEvent(t.Context(), taken[0].Key)
	must(t, err)
	after, err := h.store.Enrolment(t.Context(), h.id)
	must(t, err)
	if after.Rev != before.Rev {
		t.Errorf("revision %d became %d", before.Rev, after.Rev)
	}
}

func TestWhomAnEventIsAbout(t *testing.T) {
	h := crmHouse(t)
	ticket := `{"kind":"complaint"}`
	for i, who := range []string{"sam@example.org", "mailto:SAM@example.org", lms + "|5", string(h.sam), "urn:uuid:" + string(h.sam)} {
		ev := h.happens(fmt.Sprint("known", i), "desk.ticket", who, ticket)
		wantEffects(t, ev, "prompt complaint")
		if !slices.Equal(ev.People, []engine.PersonID{h.sam}) {
			t.Errorf("%s: people %v", who, ev.People)
		}
	}
	for i, who := range []string{"", "max@nowhere.example", lms + "|6", "Sam Sailor"} {
		if ev := h.happens(fmt.Sprint("unknown", i), "desk.ticket", who, ticket); ev.Note != engine.EventAboutNobody || len(ev.Effects) > 0 {
			t.Errorf("%q: %s %v", who, ev.Note, effects(ev))
		}
	}
	// An address elsewhere in the data is not the person of a workflow that looks at the subject.
	if ev := h.happens("elsewhere", "desk.ticket", "", `{"kind":"complaint","author":"sam@example.org"}`); len(ev.Effects) > 0 {
		t.Errorf("%v", effects(ev))
	}
	_, err := h.Arrive(t.Context(), engine.Arrival{Issuer: "https://other.example", Subject: "9", Name: "Another Sam", Email: "sam@example.org",
		Workflow: "crm", Course: engine.Course{Issuer: "https://other.example", ID: "1"}})
	must(t, err)
	if ev := h.happens("several", "desk.ticket", "sam@example.org", ticket); ev.Note != engine.EventAboutSeveral || len(ev.Effects) > 0 {
		t.Errorf("a name of two: %s %v", ev.Note, effects(ev))
	}
}

// stumbling is a store whose enrolments cannot be saved for a while.
type stumbling struct {
	engine.Store
	fails int
}

func (s *stumbling) SaveEnrolment(ctx context.Context, e *engine.Enrolment) error {
	if s.fails > 0 {
		s.fails--
		return errors.New("the store is away")
	}
	return s.Store.SaveEnrolment(ctx, e)
}

func TestAnEventThatCannotBeAppliedIsAppliedByTheSweep(t *testing.T) {
	h := crmHouse(t)
	store := &stumbling{Store: h.store, fails: 1}
	o := h.options
	o.Store = store
	h.Service = engine.New(o)
	taken, err := h.TakeEvents(t.Context(), "test", []engine.CloudEvent{{ID: "1", Source: "/desk", Type: "desk.ticket", Subject: "sam@example.org", Data: []byte(`{"kind":"complaint"}`)}})
	must(t, err) // it is stored: that is what counts
	if len(h.prompts()) != 0 {
		t.Fatal("it was applied to a store that is away")
	}
	h.now = h.now.Add(time.Hour)
	h.sweep()
	h.sweep()
	if ev, err := h.Event(t.Context(), taken[0].Key); err != nil || ev.AppliedAt.IsZero() || len(h.prompts()) != 1 {
		t.Errorf("after the sweep: %v %v, %d prompts", ev.AppliedAt, err, len(h.prompts()))
	}
}

func TestATestOfAnEventSaysWhatItWouldDoAndDoesNothing(t *testing.T) {
	h := crmHouse(t)
	before, err := h.store.Enrolment(t.Context(), h.id)
	must(t, err)
	would, note, err := h.TestEvent(t.Context(), engine.CloudEvent{ID: "1", Source: "/crm", Type: "project.started", Subject: "sam@example.org"})
	must(t, err)
	var words []string
	for _, e := range would {
		words = append(words, e.Effect+" "+e.Name)
	}
	if !slices.Equal(words, []string{"anchor event.project.started", "opens start"}) || note != "" {
		t.Errorf("would do %v (%s)", words, note)
	}
	after, err := h.store.Enrolment(t.Context(), h.id)
	must(t, err)
	if log, err := h.Events(t.Context(), engine.EventPlace{}, 10); err != nil || len(log) != 0 || after.Rev != before.Rev {
		t.Errorf("log %v, %v; revision %d became %d", log, err, before.Rev, after.Rev)
	}
}

func TestAMetricIsBroughtByEventsAndFiles(t *testing.T) {
	h := crmHouse(t)
	ctx := t.Context()
	closed := func(id, pct string) {
		h.happens(id, "crm.deal.closed", "", `{"owner_email":"sam@example.org","pct":`+pct+`}`)
	}
	closed("1", "10")
	closed("1", "10")
	closed("2", `"12"`)
	closed("3", `"much"`)
	rows, err := engine.ParseMetricCSV(strings.NewReader("person,at,value\nsam@example.org,2026-10-01,20\nnobody@example.org,2026-10-01,1\n,2026-10-02,22\n"))
	must(t, err)
	for range 2 {
		report, err := h.ImportMetric(ctx, "crm", rows, "import")
		must(t, err)
		if report.Kept != 2 || report.Skipped != 1 || !slices.Equal(report.Unknown, []int{1}) {
			t.Errorf("report %+v", report)
		}
	}
	m, err := h.Metric(ctx, "crm", true)
	must(t, err)
	if m.N != 4 || m.People != 1 || m.Baseline != 14 || m.Target != 8 || len(m.Series) != 2 || m.Series[0].Mean != 21 || m.Series[1].Mean != 11 || *m.Latest != 11 {
		t.Errorf("metric %+v", m)
	}
	for _, bad := range []string{"", "at\n2026-10-01\n", "at,value,colour\n", "at,value\nyesterday,1\n", "at,value\n2026-10-01,NaN\n", "at,value\n2026-10-01,x\n", "at,at,value\n"} {
		if _, err := engine.ParseMetricCSV(strings.NewReader(bad)); !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestEventsAreForgottenAfterNinetyDays(t *testing.T) {
	h := crmHouse(t)
	h.happens("1", "desk.ticket", "sam@example.org", "")
	h.now = h.now.AddDate(0, 0, 89)
	if n, err := h.ForgetEvents(t.Context()); err != nil || n != 0 {
		t.Errorf("forgot %d, %v", n, err)
	}
	h.now = h.now.AddDate(0, 0, 2)
	if n, err := h.ForgetEvents(t.Context()); err != nil || n != 1 {
		t.Errorf("forgot %d, %v", n, err)
	}
}

func TestDefinitionsThatNameEventsWronglyAreRefused(t *testing.T) {
	for change, want := range map[string]string{
		"opens: event.big + 2d\nopens: event.bigg + 2d":                                     `no event "bigg"; did you mean "big"?`,
		"{event: crm.quote.sent,\n{event: crm quote,":                                       "is no type of an event",
		"who: event.data.owner_email, if\nwho: owner, if":                                   "is no place in an event",
		"via: [widget, email]\nvia: [widget, fax]":                                          `"fax"`,
		"from: enrolled + 1d\nfrom: enroled + 1d":                                           `no anchor "enroled" here`,
		"value: event.data.pct}\nvalue: pct}":                                               "is no place in an event",
		"if: \"event.data.discount <= 5\"}\nif: \"event.date.discount <= 5\"}":              `no value "event.date.discount"`,
		"{id: big, type: crm.deal.closed, if\n{id: big, kind: x, type: crm.deal.closed, if": `unknown key "kind"`,
	} {
		from, to, _ := strings.Cut(change, "\n")
		if !strings.Contains(crm, from) {
			t.Fatalf("no %q in the definition", from)
		}
		_, problems := engine.ParseWorkflow("crm.yaml", []byte(strings.Replace(crm, from, to, 1)))
		if !problems.Refused() || !strings.Contains(problems.Error(), want) {
			t.Errorf("%s: %v", to, problems)
		}
	}
	w, problems := engine.ParseWorkflow("crm.yaml", []byte(crm))
	if problems.Refused() {
		t.Fatal(problems)
	}
	again, problems := engine.ParseWorkflow("again.yaml", engine.Export(w))
	if problems.Refused() || string(engine.Export(again)) != string(engine.Export(w)) {
		t.Errorf("exported and read again it differs: %v", problems)
	}
}

func TestErasingAPersonTakesTheirEventsAndMetricsAlong(t *testing.T) {
	h := crmHouse(t)
	ctx := t.Context()
	h.happens("1", "desk.ticket", "sam@example.org", `{"kind":"complaint"}`)
	h.happens("2", "crm.deal.closed", "", `{"owner_email":"sam@example.org","pct":10}`)
	h.happens("3", "desk.ticket", "ada@example.org", "")
	report, err := h.ErasePerson(ctx, engine.Actor{System: "test"}, engine.ByEmail("sam@example.org"), false)
	must(t, err)
	log, err := h.Events(ctx, engine.EventPlace{}, 10)
	must(t, err)
	m, err := h.Metric(ctx, "crm", true)
	must(t, err)
	if report.Events != 3 || len(log) != 1 || log[0].ID != "3" || m.N != 0 {
		t.Errorf("report %+v, %d events, %d values left", report, len(log), m.N)
	}
}
