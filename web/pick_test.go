package web_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web"
)

// picks is the launch of somebody who adds content to a course.
func picks(role string) *lti.Launch {
	l := launchOf("9", "Tessa Teacher", role)
	l.MessageType, l.ResourceLink, l.Custom = lti.MessageDeepLinking, lti.ResourceLink{}, map[string]string{}
	l.DeepLink = &lti.DeepLink{
		ReturnURL: issuer + "/mod/lti/contentitem_return.php?sesskey=s3cret", AcceptTypes: []string{"ltiResourceLink"},
		AcceptMultiple: true, AcceptLineItem: true, Handle: "the-handle",
	}
	return l
}

// imports adds a workflow of two steps.
func (w *world) imports(id, title, behaviour string) {
	w.t.Helper()
	importInto(w.t, w.service, id, title, behaviour)
}

func importInto(t testing.TB, service *engine.Service, id, title, behaviour string) {
	t.Helper()
	source := "workflow: " + id + "\nversion: 1\ntitle: '" + title + "'\ngoal: {outcome: Better work}\nbehaviours:\n  - id: b\n    text: '" + behaviour + `'
    scale: [never, always]
    target: 2
    observers: [learner]
phases:
  - phase: before
    steps:
      - {id: one, kind: reflect, title: 'Step one', by: learner, done: {words: 1}}
      - {id: two, kind: survey, title: 'Ask the boss', by: manager, questions: [{id: q, ask: How, type: text}], done: response}
roles:
  manager: {from: [ask_learner]}
exit:
  complete: {all: [one]}
`
	_, problems, err := service.ImportWorkflow(t.Context(), id+".yaml", []byte(source), nil)
	must(t, err)
	if problems.Refused() {
		t.Fatal(problems)
	}
}

func TestDesignersGetAPickerAndNobodyElse(t *testing.T) {
	for _, role := range []string{"Instructor", "ContentDeveloper", "Administrator"} {
		w := newWorld(t)
		tessa, first := w.launch(picks(role))
		first.has(t, http.StatusOK, `id="pick-form"`, "A small trial", `value="whole/trial"`, `value="step/trial/think"`, `value="finish/trial"`, `value="portfolio"`, `type="checkbox"`)
		first.hasNot(t, "the-handle", "s3cret", `value="step/trial/signoff"`)
		if policy := first.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'self' "+issuer) {
			t.Errorf("%s: the picker cannot be framed: %s", role, policy)
		}
		tessa.get(tessa.base+"/").has(t, http.StatusOK, `id="pick-form"`)
		tessa.get(tessa.base+"/steps/read").has(t, http.StatusForbidden)
		if staff, err := w.store.StaffOf(t.Context(), engine.Course{Issuer: issuer, ID: "2"}); err != nil || len(staff) != 0 {
			t.Errorf("choosing made %v staff (%v)", staff, err)
		}
	}
	w := newWorld(t)
	for _, role := range []string{"Learner", "Mentor", "Member"} {
		_, first := w.launch(picks(role))
		first.has(t, http.StatusForbidden)
		first.hasNot(t, "A small trial")
	}
	sam := w.sam()
	sam.get(sam.base+"/pick").has(t, http.StatusForbidden)
	sam.post(sam.base+"/pick", url.Values{"do": {"place"}, "item": {"whole/trial"}}).has(t, http.StatusForbidden)
	w.stranger().get(sam.base+"/pick").has(t, http.StatusForbidden)
}

func TestTheSearchWorksWithoutScriptsAndKeepsTheChoice(t *testing.T) {
	w := newWorld(t)
	w.imports("sales", "Selling with care", "Names the price first")
	w.imports("lead", "Lead a small team", "Listens before deciding")
	tessa, first := w.launch(picks("Instructor"))
	first.has(t, http.StatusOK, "3 workflows")
	for query, want := range map[string]string{"selling": "sales", "LISTENS deciding": "lead", "Ein kleiner Versuch": "trial", "concessions": "trial"} {
		found := tessa.get(tessa.base + "/pick?do=search&item=step/sales/one&q=" + url.QueryEscape(query))
		found.has(t, http.StatusOK, "1 workflow<", `data-workflow="`+want+`"`, `value="step/sales/one" checked`)
		if n := strings.Count(found.text, "data-workflow="); n != 1 {
			t.Errorf("%q finds %d workflows", query, n)
		}
		if n := strings.Count(found.text, `value="step/sales/one"`); n != 1 {
			t.Errorf("%q: the choice stands %d times", query, n)
		}
	}
	tessa.get(tessa.base+"/pick?q=unheard").has(t, http.StatusOK, `id="none-found"`, "0 workflows")
	tessa.get(tessa.base+"/pick?do=next").has(t, http.StatusUnprocessableEntity, `id="problems"`, "Nothing is chosen yet")
	tessa.get(tessa.base+"/pick?do=next&item=whole/no-such").has(t, http.StatusUnprocessableEntity, "not here any more")
	tessa.get(tessa.base+"/pick?q="+strings.Repeat("x", 100_000)).has(t, http.StatusOK)
	next := tessa.get(tessa.base + "/pick?do=next&item=whole/sales&item=step/lead/one&item=portfolio")
	next.has(t, http.StatusOK, `name="title.whole/sales" value="Selling with care"`, `name="title.step/lead/one" value="Step one"`, `name="grade.whole/sales"`,
		"Add 3 to the course", `value="My portfolio"`)
	next.hasNot(t, `name="grade.step/lead/one"`, `name="grade.portfolio"`)
}

func TestAPlatformThatTakesOneLinkOrNoColumnIsOfferedNoMore(t *testing.T) {
	w := newWorld(t)
	l := picks("Instructor")
	l.DeepLink.AcceptMultiple, l.DeepLink.AcceptLineItem = false, false
	tessa, first := w.launch(l)
	first.has(t, http.StatusOK, `type="radio" name="item"`)
	first.hasNot(t, `type="checkbox"`)
	tessa.get(tessa.base+"/pick?do=next&item=whole/trial&item=portfolio").has(t, http.StatusUnprocessableEntity, "one link at a time")
	tessa.get(tessa.base+"/pick?do=next&item=whole/trial").has(t, http.StatusOK, `id="place"`)
	tessa.get(tessa.base+"/pick?do=next&item=whole/trial").hasNot(t, "grade.", "open it once yourself")
	tessa.get(tessa.base+"/pick?do=next&item=finish/trial").has(t, http.StatusOK, "open it once yourself")
	l.DeepLink.AcceptTypes = []string{"file"}
	_, first = w.launch(l)
	first.has(t, http.StatusOK, `id="unusable"`, `id="cancel"`)
	first.hasNot(t, `id="pick-form"`)
}

var guardOf = regexp.MustCompile(`name="guard" value="([^"]+)"`)

func TestThePickersFormIsBoundToItsSession(t *testing.T) {
	w := newWorld(t)
	tessa, first := w.launch(picks("Instructor"))
	_, other := w.launch(picks("Instructor"))
	mine, theirs := guardOf.FindStringSubmatch(first.text), guardOf.FindStringSubmatch(other.text)
	if mine == nil || theirs == nil || mine[1] == theirs[1] {
		t.Fatalf("the guards are %v and %v", mine, theirs)
	}
	form := url.Values{"do": {"place"}, "item": {"whole/trial"}, "title.whole/trial": {"Trial"}}
	for _, guard := range []string{"", "x", theirs[1]} {
		form.Set("guard", guard)
		tessa.post(tessa.base+"/pick", form).has(t, http.StatusForbidden)
	}
	form.Set("guard", mine[1])
	tessa.do(http.MethodPost, tessa.base+"/pick", strings.NewReader(form.Encode()), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"},
	}).has(t, http.StatusForbidden)
	for name, spoil := range map[string]func(url.Values){
		"no-title":   func(f url.Values) { f.Set("title.whole/trial", "  ") },
		"long-title": func(f url.Values) { f.Set("title.whole/trial", strings.Repeat("ä", 256)) },
		"maximum":    func(f url.Values) { f.Set("grade.whole/trial", "1"); f.Set("max.whole/trial", "NaN") },
	} {
		bad := url.Values{"do": {"place"}, "item": {"whole/trial"}, "title.whole/trial": {"Trial"}, "guard": {mine[1]}}
		spoil(bad)
		answer := tessa.post(tessa.base+"/pick", bad)
		answer.has(t, http.StatusUnprocessableEntity, `id="problems"`, `aria-invalid="true"`)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	form.Set("item", "whole/no-such")
	tessa.post(tessa.base+"/pick", form).has(t, http.StatusUnprocessableEntity)
}

func TestTitlesInThePickerAreText(t *testing.T) {
	w := newWorld(t)
	attack := `<img src=x onerror=alert(1)>"<script>alert(2)</script>`
	w.imports("odd", attack, attack)
	tessa, first := w.launch(picks("Instructor"))
	pages := []page{
		first, tessa.get(tessa.base + "/pick?q=" + url.QueryEscape(attack)), tessa.get(tessa.base + "/pick?do=next&item=whole/odd"),
		tessa.get(tessa.base + "/pick?item=" + url.QueryEscape(attack)),
	}
	form := url.Values{"do": {"place"}, "item": {"whole/odd"}, "title.whole/odd": {attack}, "grade.whole/odd": {"1"}, "max.whole/odd": {attack},
		"guard": {guardOf.FindStringSubmatch(first.text)[1]}}
	pages = append(pages, tessa.post(tessa.base+"/pick", form))
	for _, p := range pages {
		p.hasNot(t, "<img src=x", "<script>alert")
	}
	if !strings.Contains(html.UnescapeString(pages[4].text), attack) {
		t.Error("the title is lost")
	}
}

func TestAnEmptySiteSaysHowWorkflowsGetThere(t *testing.T) {
	w := newWorld(t, func(o *web.Options) {
		empty := emptyEngine(t)
		o.Engine = func(context.Context, string) (*engine.Service, error) { return empty, nil }
	})
	_, first := w.launch(picks("Instructor"))
	first.has(t, http.StatusOK, `id="no-workflows"`, "cairn workflow import", `id="cancel"`)
	first.hasNot(t, `id="pick-form"`)
}

func emptyEngine(t testing.TB) *engine.Service {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "empty.db"))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	store, err := enginesqlite.New(t.Context(), db)
	must(t, err)
	return engine.New(engine.Options{Tenant: "other", Store: store, IRIBase: iris})
}

func TestAnotherTenantsWorkflowsAreNeitherListedNorPlaced(t *testing.T) {
	w := newWorld(t, func(o *web.Options) {
		main, other := o.Engine, emptyEngine(t)
		importInto(t, other, "theirs", "Their secret workflow", "Hides")
		o.Engine = func(ctx context.Context, tenant string) (*engine.Service, error) {
			if tenant == "other" {
				return other, nil
			}
			return main(ctx, tenant)
		}
	})
	tessa, first := w.launch(picks("Instructor"))
	first.has(t, http.StatusOK, "A small trial")
	first.hasNot(t, "Their secret workflow")
	tessa.get(tessa.base+"/pick?q=secret").hasNot(t, "Their secret workflow")
	tessa.get(tessa.base+"/pick?do=next&item=whole/theirs").has(t, http.StatusUnprocessableEntity)
	tessa.post(tessa.base+"/pick", url.Values{"do": {"place"}, "item": {"whole/theirs"}, "title.whole/theirs": {"x"}, "guard": {guardOf.FindStringSubmatch(first.text)[1]}}).
		has(t, http.StatusUnprocessableEntity)
	l := picks("Instructor")
	l.Tenant = "other"
	_, first = w.launch(l)
	first.has(t, http.StatusOK, "Their secret workflow")
	first.hasNot(t, "A small trial")
}
