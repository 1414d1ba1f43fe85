package engine

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cairn-lms/cairn/xapi"
)

// The tests of this file ask what holds of every workflow, whatever happens in whatever order: see (*always).do.

// happened is one event that was taken, with when and what was known then.
type happened struct {
	at time.Time
	ev event
	f  Facts
}

// always is one enrolment under random events. It keeps what happened, to live through it again.
type always struct {
	*world
	begin *Enrolment
	log   []happened
	steps *int // events decided, over all cases

	moving, moved bool // the learner moves to other zones; has done so
}

// maxEnrolment is what an enrolment may take in the store, in bytes.
const maxEnrolment = 256 << 10

func newAlways(t *rapid.T, w *Workflow, steps *int) *always {
	start := genStart(t)
	o := &always{steps: steps, world: &world{t: t, w: w, now: start, seen: map[string]bool{}, f: genFacts(t)}}
	o.begin = enrolment(w, start)
	o.e = enrolment(w, start)
	o.take(arrived{a: Arrival{Custom: genCustom(t)}})
	return o
}

// genStart is any time, often one near a change of clocks.
func genStart(t *rapid.T) time.Time {
	near := []time.Time{
		time.Date(2026, 3, 27, 22, 0, 0, 0, time.UTC), time.Date(2026, 10, 23, 23, 30, 0, 0, time.UTC), // Berlin
		time.Date(2026, 3, 6, 6, 0, 0, 0, time.UTC), time.Date(2028, 2, 27, 12, 0, 0, 0, time.UTC), // New York; a leap day
		time.Date(2026, 4, 3, 14, 0, 0, 0, time.UTC), time.Date(2026, 12, 22, 9, 0, 0, 0, time.UTC), // Lord Howe; Christmas
	}
	if rapid.Bool().Draw(t, "near") {
		return rapid.SampledFrom(near).Draw(t, "day").Add(time.Duration(rapid.IntRange(0, 4*24*60).Draw(t, "minutes")) * time.Minute)
	}
	return time.Date(2026, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), rapid.IntRange(0, 23).Draw(t, "hour"), 7, 13, 0, time.UTC)
}

var genZones = []string{"Europe/Berlin", "America/New_York", "", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata"}

func genCustom(t *rapid.T) map[string]string {
	custom := map[string]string{"manager_email": "max@example.org"}
	if role := rapid.SampledFrom([]string{"", "seller", "clerk"}).Draw(t, "role"); role != "" {
		custom["learner_role"] = role
	}
	if rapid.Bool().Draw(t, "start given") {
		custom["course_start"] = fmt.Sprintf("2026-%02d-%02d", rapid.IntRange(1, 12).Draw(t, "start month"), rapid.IntRange(1, 28).Draw(t, "start day"))
	}
	return custom
}

// genFacts are people for every role, none, one or two, from every source.
func genFacts(t *rapid.T) Facts {
	f := people(rapid.SampledFrom(genZones).Draw(t, "zone"))
	f.Candidates, f.CourseSends = map[Role][]Assignment{}, rapid.Bool().Draw(t, "course sends")
	add := func(role Role, id PersonID, from string) {
		f.People[id] = Person{ID: id, Email: string(id) + "@example.org", Zone: rapid.SampledFrom(genZones).Draw(t, "their zone")}
		f.Candidates[role] = append(f.Candidates[role], Assignment{Person: id, Source: from})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "managers") {
		add(Manager, PersonID(fmt.Sprint("max", i)), rapid.SampledFrom([]string{"launch.custom.manager_email", "roster.role.manager"}).Draw(t, "from"))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "coaches") {
		add(Coach, PersonID(fmt.Sprint("tessa", i)), "launch.role.instructor")
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "peers") {
		add(Peer, PersonID(fmt.Sprint("pat", i)), "cohort")
	}
	f.People["nina"] = Person{ID: "nina", Email: "nina@example.org"}
	return f
}

// take decides an event and checks all that must always hold:
//
//   - no step opens before what it needs is settled; a settled step asks nobody; progress and grades never fall (check)
//   - nothing happens by itself before WakeAt, and WakeAt lies ahead (noWakeLost)
//   - the event applied twice changes nothing, and nothing is produced twice (do, relay)
//   - nothing more can happen at that time: settle has come to its end
//   - the document survives its JSON and stays below 256 KB
func (o *always) take(ev event) {
	*o.steps++
	if !o.do(ev) {
		return
	}
	o.log = append(o.log, happened{at: o.now, ev: ev, f: o.f})
	d := &decision{w: o.w, e: o.e.clone(), f: o.f, now: o.now}
	d.assign()
	if d.pass() {
		o.t.Fatalf("after %T more can happen at once: deciding stopped too early", ev)
	}
	data, err := json.Marshal(o.e)
	if err != nil {
		o.t.Fatal(err)
	}
	var back Enrolment
	if err := json.Unmarshal(data, &back); err != nil || !same(o.e, &back) {
		o.t.Fatalf("after %T the enrolment does not survive its JSON: %v", ev, err)
	}
	if len(data) > maxEnrolment {
		o.t.Fatalf("the enrolment has grown to %d bytes", len(data))
	}
}

// wait lets some time pass: minutes to months, often to the very moment of the next wake or just beside it.
func (o *always) wait() {
	draw := func(name string, low, high int) time.Duration {
		return time.Duration(rapid.IntRange(low, high).Draw(o.t, name))
	}
	switch rapid.IntRange(0, 9).Draw(o.t, "wait") {
	case 0, 1, 2:
		o.now = o.now.Add(draw("minutes", 1, 180) * time.Minute)
	case 3, 4:
		o.now = o.now.Add(draw("hours", 1, 60) * time.Hour)
	case 5:
		o.now = o.now.Add(draw("days", 1, 90) * 24 * time.Hour)
	default:
		if wake := o.e.WakeAt; !wake.IsZero() && wake.Sub(o.now) < 200*24*time.Hour {
			if at := wake.Add(draw("beside", -1, 1) * time.Minute); at.After(o.now) {
				o.now = at
			}
		}
		o.now = o.now.Add(time.Millisecond)
	}
}

// open is a step that something can be done about, else any.
func (o *always) open() *Step {
	var open []*Step
	for _, s := range o.w.Steps() {
		if st := o.e.Steps[s.ID]; st != nil && (st.State == Open || st.State == Returned) && s.By == Learner {
			open = append(open, s)
		}
	}
	if len(open) == 0 || rapid.IntRange(0, 9).Draw(o.t, "any") == 0 {
		open = o.w.Steps()
	}
	return open[rapid.IntRange(0, len(open)-1).Draw(o.t, "step")]
}

// act draws something that somebody does.
func (o *always) act() event {
	s := o.open()
	switch rapid.IntRange(0, 23).Draw(o.t, "what") {
	case 0, 1, 2, 3, 4, 5, 6:
		if s.handsIn() {
			return o.hand(s)
		}
		return confirmed{step: s.ID}
	case 7:
		return confirmed{step: s.ID}
	case 8, 9, 10, 11, 12:
		return o.reply()
	case 13:
		return skipped{step: s.ID, reason: "why not"}
	case 14:
		return looked{step: s.ID}
	case 15:
		at := o.now.Add(-time.Duration(rapid.IntRange(0, 100).Draw(o.t, "ago")) * time.Hour)
		return completedCourse{notes: []CompletionNote{{Source: rapid.SampledFrom([]Source{SourceStatement, SourceCoach, SourceResult}).Draw(o.t, "source"), At: at}}}
	case 16:
		return named{role: rapid.SampledFrom([]Role{Manager, Peer, Coach}).Draw(o.t, "role"), person: rapid.SampledFrom([]PersonID{"nina", "max0"}).Draw(o.t, "person")}
	case 17:
		return o.statement()
	case 18:
		return arrived{a: Arrival{Custom: genCustom(o.t)}}
	case 19, 20, 21:
		return o.rare()
	case 22:
		if o.moving {
			o.moves()
		}
		return woke{}
	}
	if rapid.Bool().Draw(o.t, "together") {
		return o.together()
	}
	return o.business()
}

// together draws what a learner's cohort does: an event is attended or gets another time, somebody writes, groups change.
func (o *always) together() event {
	shared := slices.DeleteFunc(slices.Clone(o.w.Steps()), func(s *Step) bool { return s.By != Learner || !s.wants("attended", "posts") })
	if len(shared) == 0 {
		return moved{label: "south"}
	}
	s := shared[rapid.IntRange(0, len(shared)-1).Draw(o.t, "shared step")]
	if !s.wants("attended") {
		own := rapid.Bool().Draw(o.t, "own")
		author := map[bool]PersonID{true: "sam", false: "pat0"}[own]
		return counted{step: s.ID, own: own, count: rapid.IntRange(1, 4).Draw(o.t, "posts"), author: author, at: o.now}
	}
	switch rapid.IntRange(0, 6).Draw(o.t, "how") {
	case 0, 1:
		return attended{step: s.ID, by: rapid.SampledFrom([]Actor{{}, {System: "api"}}).Draw(o.t, "who says"), right: rapid.Bool().Draw(o.t, "right")}
	case 2:
		return setTime{step: s.ID, at: o.now.Add(time.Duration(rapid.IntRange(-10, 300).Draw(o.t, "in hours")) * time.Hour)}
	case 5:
		return moved{label: rapid.SampledFrom([]string{"", "north"}).Draw(o.t, "label")}
	}
	return coachTalked{post: Post{ID: PostID(fmt.Sprint("post ", len(o.log))), Author: rapid.SampledFrom([]PersonID{"sam", "tessa0"}).Draw(o.t, "author"), At: o.now, Text: "?"}}
}

// rare draws what coaches, administrators and other systems do.
func (o *always) rare() event {
	s := o.w.Steps()[rapid.IntRange(0, len(o.w.Steps())-1).Draw(o.t, "coached step")]
	by := rapid.SampledFrom([]Actor{{System: "api"}, By("tessa0")}).Draw(o.t, "by")
	ahead := func(name string, hours int) time.Time {
		return o.now.Add(time.Duration(rapid.IntRange(1, hours).Draw(o.t, name)) * time.Hour)
	}
	switch rapid.IntRange(0, 17).Draw(o.t, "rare") {
	case 0:
		return excused{by: by, step: s.ID, reason: "ill"}
	case 1, 2:
		return reopened{by: by, step: s.ID, reason: "once more"}
	case 3:
		return admitted{by: by, step: s.ID}
	case 4:
		return extended{by: by, step: s.ID, due: ahead("due", 900)}
	case 5:
		return pausing{by: rapid.SampledFrom([]Actor{by, By("sam")}).Draw(o.t, "who"), until: ahead("until", 600)}
	case 6:
		return pausing{by: by}
	case 7, 8:
		return resumed{by: by}
	case 9:
		return unenrolled{by: by, reason: "moved on"}
	case 10, 11:
		return enrolled{by: by, source: "api"}
	case 12:
		at := time.Date(o.now.Year(), o.now.Month(), o.now.Day()+rapid.IntRange(-20, 60).Draw(o.t, "start"), 0, 0, 0, 0, time.UTC)
		return anchored{by: by, name: AnchorCourseStart, at: rapid.SampledFrom([]time.Time{at, {}}).Draw(o.t, "at")}
	case 13:
		return anchored{by: by, name: AnchorCourseCompleted, at: rapid.SampledFrom([]time.Time{o.now.Add(-time.Hour), {}}).Draw(o.t, "at")}
	case 14:
		return appointedTo{by: by, role: rapid.SampledFrom([]Role{Manager, Peer, Coach}).Draw(o.t, "role"), people: rapid.SampledFrom([][]PersonID{{"nina"}, nil}).Draw(o.t, "people")}
	case 15:
		return confirmedNamed{by: by, role: Manager}
	case 16:
		return rapid.SampledFrom([]event{leftCourse{readAt: o.now}, returnedToCourse{}, disclosed{}}).Draw(o.t, "roster")
	}
	return watched{step: s.ID, report: videoReport{segments: []int{0, rapid.IntRange(1, 60).Draw(o.t, "watched")}, length: 60}}
}

// business is an event of another system, one of few ids so that some come twice.
func (o *always) business() event {
	types := []string{"crm.opportunity.created", "crm.deal"}
	for typ := range o.w.heard {
		types = append(types, typ)
	}
	slices.Sort(types)
	data := map[string]any{"amount": float64(rapid.SampledFrom([]int{10, 90000}).Draw(o.t, "amount")), "stage": "new"}
	return heardEvent{id: fmt.Sprint("event ", rapid.IntRange(0, 9).Draw(o.t, "id")), typ: rapid.SampledFrom(types).Draw(o.t, "type"), at: o.now, data: data}
}

func (o *always) statement() event {
	ev := observed{id: fmt.Sprint("statement ", rapid.IntRange(0, 9).Draw(o.t, "id")), verb: xapi.VerbCompleted, objects: []string{"https://lms.example/x"}, at: o.now}
	for _, s := range o.w.Steps() {
		if r, ok := s.Done.Find("statement"); ok {
			ev.verb = r.Verb
		}
	}
	return ev
}

// moves lets somebody move to another time zone.
func (o *always) moves() {
	o.moved = true
	f := o.f
	f.Learner.Zone = rapid.SampledFrom(genZones).Draw(o.t, "new zone")
	o.f = f
}

// again lives through what happened once more, with a worker that is awake in between if it says so, and tells what came
// of it.
func (o *always) again(awake bool) *Enrolment {
	e := *o.begin
	is := &e
	relayed := func(e *Enrolment) *Enrolment {
		e.Statements, e.Messages = nil, nil
		e.Rev++
		return e
	}
	for _, h := range o.log {
		for range 1000 {
			if !awake || is.WakeAt.IsZero() || !is.WakeAt.Before(h.at) {
				break
			}
			next, err := decide(o.w, is, h.f, woke{}, is.WakeAt)
			if err != nil {
				o.t.Fatal(err)
			}
			is = relayed(next)
		}
		next, err := decide(o.w, is, h.f, h.ev, h.at)
		if err != nil {
			o.t.Fatalf("again (awake: %v) %T at %s: %v", awake, h.ev, h.at, err)
		}
		is = relayed(next)
	}
	return is
}

// told is an enrolment without what differs between two that were saved more or less often.
func told(e *Enrolment) *Enrolment {
	c := e.clone()
	c.Rev, c.UpdatedAt, c.Statements, c.Messages = 0, time.Time{}, nil, nil
	return c
}

// lives lets an enrolment live through random events, and then again.
func lives(t *rapid.T, w *Workflow, steps *int) {
	o := newAlways(t, w, steps)
	o.moving = rapid.IntRange(0, 4).Draw(t, "moves") == 0
	for range rapid.IntRange(80, 260).Draw(t, "events") {
		o.wait()
		o.take(o.act())
	}
	if again := o.again(false); !reflect.DeepEqual(told(again), told(o.e)) {
		t.Fatalf("the same events once more come to something else:\n%s\n%s", pretty(told(again)), pretty(told(o.e)))
	}
	if o.moved { // one that slept learns late of the move
		return
	}
	if awake := o.again(true); !same(told(awake), told(o.e)) {
		t.Fatalf("a worker that was awake decides otherwise than one that slept:\n%s", different(told(awake), told(o.e)))
	}
}

func pretty(e *Enrolment) string {
	b, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// different are the steps and the rest of two enrolments, where they differ.
func different(a, b *Enrolment) string {
	out := ""
	for id, st := range a.Steps {
		if x, y := fmt.Sprintf("%+v", *st), fmt.Sprintf("%+v", *b.Steps[id]); x != y {
			out += fmt.Sprintf("%s one:   %s\n%s other: %s\n", id, x, id, y)
		}
	}
	a, b = a.clone(), b.clone()
	a.Steps, b.Steps = nil, nil
	if x, y := pretty(a), pretty(b); x != y {
		out += "one: " + x + "\nother: " + y
	}
	return out
}

func TestOfEveryWorkflowWhateverHappensTheRulesHold(t *testing.T) {
	steps, cases := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		cases++
		lives(t, genWorkflow(t), &steps)
	})
	t.Logf("%d events in %d lives of random workflows", steps, cases)
}

func TestOfEveryWorkflowOfTheLibraryWhateverHappensTheRulesHold(t *testing.T) {
	files, err := filepath.Glob("library/*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	var all []*Workflow
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w, problems := ParseWorkflow(file, source)
		if problems.Refused() {
			t.Fatal(problems)
		}
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b *Workflow) int { return len(a.Steps()) - len(b.Steps()) })
	steps, cases := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		cases++
		lives(t, all[rapid.IntRange(0, len(all)-1).Draw(t, "workflow")], &steps)
	})
	t.Logf("%d events in %d lives of the library's workflows", steps, cases)
}
