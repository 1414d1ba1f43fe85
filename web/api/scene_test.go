package api_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web/api"
)

// scene is one learner in a course of their own, with one of each thing that an operation can be about.
type scene struct {
	w       *world
	n       int
	course  engine.Course
	e       *engine.Enrolment
	tessa   engine.PersonID // teaches the course
	manager engine.PersonID
	request engine.RequestID
	post    engine.PostID
	prompt  string
	event   string
	sha256  string
	shown   string // what the reviewer sees
	letter  string
	action  string // about a barrier
	link    string
	source  engine.EventSource
}

// scenery imports the workflow of the scenes.
func (w *world) scenery() {
	w.t.Helper()
	source, err := os.ReadFile("testdata/yard.yaml")
	must(w.t, err)
	if _, problems, err := w.engine.ImportWorkflow(w.t.Context(), "yard.yaml", source, os.DirFS("testdata")); err != nil {
		w.t.Fatal(err, problems)
	}
}

// scene makes the nth one; nothing in it is in another.
func (w *world) scene(n int) *scene {
	w.t.Helper()
	ctx := w.t.Context()
	s := &scene{w: w, n: n, course: engine.Course{Issuer: lms, ID: fmt.Sprint("c", n), Title: "Deals"}}
	tessa, err := w.engine.ArriveStaff(ctx, engine.StaffArrival{Issuer: lms, Subject: fmt.Sprint("t", n), Name: "Tessa", Email: fmt.Sprintf("tessa%d@example.org", n),
		Zone: "Europe/Berlin", Course: s.course, Roles: []string{"instructor"}})
	must(w.t, err)
	s.tessa = tessa.ID
	s.e, err = w.engine.Arrive(ctx, engine.Arrival{Issuer: lms, Subject: fmt.Sprint("s", n), Name: "Sam Sailor", Email: s.email(), Zone: "Europe/Berlin", Workflow: "yard",
		Course: s.course, Custom: map[string]string{"manager_email": fmt.Sprintf("max%d@example.org", n), "course_start": "2026-12-07"}})
	must(w.t, err)
	id, sam := s.e.ID, s.e.Learner
	must(w.t, w.engine.Submit(ctx, sam, id, "draft", engine.Submission{Answers: engine.Answers{"did": {"asked for a longer contract"}, "result": {"they agreed"}}}))
	must(w.t, w.engine.Submit(ctx, sam, id, "proof", engine.Submission{Answers: engine.Answers{"text": {"The quote"}}, Files: []engine.Upload{{Name: "quote.txt", ContentType: "text/plain", Data: []byte(fmt.Sprint("quote ", n))}}}))
	written, err := w.engine.Post(ctx, sam, id, "tell", "They asked for 60 days.", "")
	must(w.t, err)
	_, err = w.engine.AskCoach(ctx, sam, id, "What if they say no?")
	must(w.t, err)
	s.post = written.ID
	kept, err := w.engine.TakeEvents(ctx, "test", []engine.CloudEvent{{ID: fmt.Sprint("e", n), Source: "/crm", Type: "crm.yard.created", Time: w.now,
		Data: []byte(`{"owner_email": "` + s.email() + `"}`)}})
	must(w.t, err)
	s.event = kept[0].Key
	prompts, err := w.engine.Prompts(ctx, sam, true)
	must(w.t, err)
	if len(prompts) != 1 {
		w.t.Fatalf("%d prompts", len(prompts))
	}
	s.prompt = prompts[0].ID
	s.e, err = w.engine.Enrolment(ctx, id)
	must(w.t, err)
	r := s.e.Steps["draft"].Requests[0]
	s.request, s.manager, s.shown = r.ID, r.Person, r.SHA256
	v, err := w.engine.StepView(ctx, id, "proof", true)
	must(w.t, err)
	s.sha256 = v.Hand.Files[0].SHA256
	due := s.e // a wake that was given up
	due.WakeAt = w.now
	must(w.t, w.store.SaveEnrolment(ctx, due))
	w.engine.Bury(ctx, engine.DeadWake, string(id), "", 5, nil)
	s.letter = engine.DeadWake + "-" + string(id)
	barrier, err := w.engine.AddBarrierAction(ctx, engine.Actor{System: "test"}, engine.Course{Issuer: "https://lms.example", ID: "2"},
		engine.BarrierAction{Tag: "no time", Action: "Free Fridays", Owner: "Max", Due: w.now})
	must(w.t, err)
	s.action = barrier.ID
	_, shown, err := w.engine.SharePortfolio(ctx, sam, engine.Sharing{Days: 7})
	must(w.t, err)
	s.link = string(shown.ID)
	s.source, err = w.engine.AddEventSource(ctx, "CRM", 5)
	must(w.t, err)
	return s
}

func (s *scene) email() string { return fmt.Sprintf("sam%d@example.org", s.n) }

// stepOf is the step that an operation is tried on, where it is not the plan.
var stepOf = map[string]string{
	"confirmStep": "page", "openedStep": "page", "watchedStep": "video", "attendStep": "call", "agreeTime": "lunch", "showInvite": "call", "showMedia": "clip",
	"openStep": "gate", "showThread": "tell", "post": "tell", "reopenStep": "page",
}

// bodyOf is what an operation is sent, where the description's example names what only its reader has.
var bodyOf = map[string]string{
	"handIn":          `{"answers": {"when": ["a buyer asks"], "then": ["I ask back"]}}`,
	"saveDraft":       `{"answers": {"when": ["a buyer"]}}`,
	"answerRequest":   `{"outcome": "approve", "ratings": {"trade": 2}, "sha256": "{shown}"}`,
	"attendStep":      `{"code": "{code}"}`,
	"forwardRequest":  `{"name": "Mia", "email": "mia{n}@example.org"}`,
	"nameReviewer":    `{"role": "peer", "name": "Pia", "email": "pia{n}@example.org"}`,
	"confirmNamed":    `{"role": "peer"}`,
	"markHelpful":     `{"person": "{tessa}"}`,
	"markAttended":    `{"step": "call", "enrolments": ["{enrolment}"]}`,
	"splitCohort":     `{"label": "north", "enrolments": ["{enrolment}"]}`,
	"openGate":        `{{cohort}, "step": "gate"}`,
	"setEventTime":    `{{cohort}, "step": "call", "at": "2026-12-08T09:00:00Z"}`,
	"drawCode":        `{{cohort}, "step": "call"}`,
	"setCourseStart":  `{{cohort}, "day": "2026-12-14"}`,
	"createEnrolment": `{"workflow": "yard", "course": {"issuer": "https://lms.example", "id": "c{n}"}, "subject": "new{n}", "name": "Nora", "email": "nora{n}@example.org"}`,
	"enrolCohort":     `{"workflow": "yard", "course": {"issuer": "https://lms.example", "id": "c{n}"}, "people": [{"subject": "new{n}", "name": "Nora"}]}`,
	"importWorkflow":  `{"source": "workflow: hello{n}\nversion: 1\ntitle: Hello\ngoal: {outcome: Hello}\nbehaviours: [{id: hi, text: Greets, scale: [no, yes], target: 2, observers: [learner]}]\nphases:\n  - phase: before\n    steps:\n      - {id: hi, kind: reflect, title: Hi, by: learner, done: response}\n"}`,
	"importMetric":    `{"rows": [{"person": "sam{n}@example.org", "at": "2026-11-20T00:00:00Z", "value": 11.5}]}`,
	"testEvent":       `{"specversion": "1.0", "id": "{n}", "source": "/crm", "type": "crm.yard.created", "data": {"owner_email": "sam{n}@example.org"}}`,
}

// mayBeRefused are the operations that cannot succeed here, by operationId, with the reason: none.
var mayBeRefused = map[string]string{}

// before is what an operation needs to have happened.
func (s *scene) before(operation string) {
	s.w.t.Helper()
	ctx, by, id := s.w.t.Context(), engine.Actor{System: "test"}, s.e.ID
	switch operation {
	case "resumeEnrolment":
		must(s.w.t, s.w.engine.Pause(ctx, by, id, time.Time{}, "test"))
	case "reenrol":
		must(s.w.t, s.w.engine.Unenrol(ctx, by, id, "test"))
	case "confirmNamed":
		must(s.w.t, s.w.engine.NameReviewer(ctx, s.e.Learner, id, engine.Peer, "Pia", fmt.Sprintf("pia%d@example.org", s.n)))
	case "removeEvidence":
		must(s.w.t, s.w.engine.Record(ctx, s.e.Learner, id, "plan", engine.Submission{Links: []string{"https://wiki.example/our-offer"}}))
	case "reopenStep":
		must(s.w.t, s.w.engine.MarkDone(ctx, s.e.Learner, id, "page"))
	}
}

// fill puts the ids of the scene into a path or body.
func (s *scene) fill(operation, text string) string {
	s.w.t.Helper()
	code := ""
	if operation == "attendStep" {
		var err error
		code, err = s.w.engine.EventCode(s.w.t.Context(), engine.Actor{System: "test"}, s.e.CohortKey(), "call")
		must(s.w.t, err)
	}
	step := stepOf[operation]
	if step == "" {
		step = "plan"
	}
	return strings.NewReplacer("{enrolment}", string(s.e.ID), "{person}", string(s.e.Learner), "{workflow}", "yard", "{step}", step, "{n}", fmt.Sprint(s.n),
		"{event}", s.event, "{request}", string(s.request), "{prompt}", s.prompt, "{sha256}", s.sha256, "{letter}", s.letter, "{action}", s.action, "{link}", s.link, "{post}", string(s.post),
		"{source}", api.SourceName("main", s.source), "{tessa}", string(s.tessa), "{code}", code, "{shown}", s.shown,
		"{cohort}", fmt.Sprintf(`"cohort": {"workflow": "yard", "course": {"issuer": %q, "id": %q}}`, lms, s.course.ID)).Replace(text)
}

// signed are the headers of an event that the scene's source signs.
func (s *scene) signed(body string) []string {
	h := http.Header{}
	api.Sign(h, api.SourceSecret(s.w.secret, "main", s.source), fmt.Sprint("m", s.n), s.w.now, []byte(body))
	var out []string
	for name := range h {
		out = append(out, name, h.Get(name))
	}
	return out
}
