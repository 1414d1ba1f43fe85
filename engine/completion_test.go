package engine_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

const canvas = "https://canvas.instructure.com"

func (h *house) complete(c engine.Completion) {
	h.t.Helper()
	must(h.t, h.Complete(h.t.Context(), c))
}

// says is the word of a source about Sam's course.
func (h *house) says(source engine.Source, at time.Time) engine.Completion {
	return engine.Completion{Who: engine.ByAccount(lms, "5"), Course: engine.CourseName{ID: "2"}, Source: source, At: at}
}

func (h *house) enrolment() *engine.Enrolment {
	h.t.Helper()
	e, err := h.store.Enrolment(h.t.Context(), h.id)
	must(h.t, err)
	return e
}

func completed(e *engine.Enrolment) time.Time { return e.Anchors[engine.AnchorCourseCompleted] }

func TestACourseCompletedByTwoSourcesCountsOnceAndTheEarliestStands(t *testing.T) {
	early, late := at(t, "2026-11-23 11:00").UTC(), at(t, "2026-11-23 15:00").UTC()
	for name, order := range map[string][]time.Time{"the early one first": {early, late}, "the late one first": {late, early}} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, monday)
			h.arrive("negotiation-skills", maxed)
			h.now = at(t, "2026-11-23 16:00")
			for range 3 {
				h.complete(h.says(engine.SourceStatement, order[0]))
				h.complete(h.says(engine.SourceFollowUp, order[1]))
			}
			e := h.enrolment()
			if !completed(e).Equal(early) || !slices.Equal(e.CompletedBy(), []engine.Source{engine.SourceStatement, engine.SourceFollowUp}) {
				t.Fatalf("completed %s by %v", completed(e), e.CompletedBy())
			}
			n := 0
			for _, st := range h.book.order {
				if st.Verb.ID == xapi.VerbCompleted && strings.HasSuffix(st.Object.Activity.ID, "/course") {
					n++
					if raw := h.book.byID[st.ID]; !strings.Contains(raw, `"`+xapi.ExtCompletedBy+`":["statement"]`) {
						t.Errorf("the statement does not say by what: %s", raw)
					}
				}
			}
			if n != 1 {
				t.Errorf("the course step was completed %d times", n)
			}
			rows := h.board(e.Course)
			if len(rows) != 1 || len(rows[0].CompletedBy) != 2 {
				t.Errorf("the board shows %+v", rows)
			}
		})
	}
}

func TestEverySourceCompletesAndIsKeptForWhoEnrolsLater(t *testing.T) {
	for _, source := range []engine.Source{
		engine.SourceStatement, engine.SourceCanvasEvent, engine.SourceCanvasState, engine.SourceResult, engine.SourceFollowUp, engine.SourceFinish,
	} {
		h := newHouse(t, monday)
		h.complete(h.says(source, h.now))
		e := h.arrive("first-steps", maxed)
		if !slices.Equal(e.CompletedBy(), []engine.Source{source}) {
			t.Errorf("enrolled after a completion by %s: %v", source, e.CompletedBy())
		}
	}
}

func TestACompletionIsOfItsCourseAndItsLearnerOnly(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	other := h.says(engine.SourceResult, h.now)
	other.Course.ID = "3"
	stranger := h.says(engine.SourceResult, h.now)
	stranger.Who = engine.ByAccount(lms, "6")
	elsewhere := h.says(engine.SourceResult, h.now)
	elsewhere.Who = engine.ByAccount("https://other.example", "5")
	for _, c := range []engine.Completion{other, stranger, elsewhere} {
		h.complete(c)
	}
	if e := h.enrolment(); !completed(e).IsZero() {
		t.Fatalf("completed by %v", e.CompletedBy())
	}
	for _, c := range []engine.Completion{{}, {Who: engine.ByAccount(lms, "5"), Source: engine.SourceResult}, {Who: engine.ByEmail("nobody"), Course: engine.CourseName{ID: "2"}, Source: engine.SourceResult}} {
		if err := h.Complete(t.Context(), c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

func TestACompletionTakenBackUndoesNoWorkflowThatHasBegun(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	h.completes()
	was := completed(h.enrolment())
	h.now = h.now.Add(time.Hour)
	must(t, h.Observe(t.Context(), 2, h.withdrawal("5"), xapi.AccountAgent(iriBase, "lms-key")))
	if e := h.enrolment(); completed(e) != was {
		t.Fatalf("after `uncompleted` the course was completed at %s, before at %s", completed(e), was)
	}
}

func TestACompletionTakenBackIsNotUsedForWhoEnrolsLater(t *testing.T) {
	h := newHouse(t, monday)
	h.completes()
	h.now = h.now.Add(24 * time.Hour)
	must(t, h.Observe(t.Context(), 2, h.withdrawal("5"), xapi.AccountAgent(iriBase, "lms-key")))
	if e := h.arrive("first-steps", maxed); !completed(e).IsZero() {
		t.Fatalf("completed at %s", completed(e))
	}
	h.now = h.now.Add(24 * time.Hour)
	must(t, h.Observe(t.Context(), 3, h.withdrawal("5"), xapi.AccountAgent(iriBase, "lms-key"))) // just before, as Moodle does
	h.completes()
	if e := h.enrolment(); !completed(e).Equal(h.now) {
		t.Fatalf("completed again at %s, noted %s", h.now, completed(e))
	}
}

func (h *house) withdrawal(subject string) *xapi.Statement {
	st := h.completion(subject)
	st.Verb.ID = "https://xapi.edlm/profiles/edlm-lms/concepts/verbs/uncompleted"
	return st
}

func TestAFailedCourseAndACompletedActivityAreNoCompletions(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	no := false
	failed, not := h.completion("5"), h.completion("5")
	failed.Result = &xapi.Result{Success: &no}
	not.Result = &xapi.Result{Completion: &no}
	activity := h.completion("5")
	activity.Object.Activity.Definition.Type = "http://adlnet.gov/expapi/activities/media"
	for i, st := range []*xapi.Statement{failed, not, activity} {
		must(t, h.Observe(t.Context(), int64(i), st, xapi.AccountAgent(iriBase, "lms-key")))
	}
	if e := h.enrolment(); !completed(e).IsZero() {
		t.Fatal("the course counts as completed")
	}
}

func TestStatementsAreJoinedByUserNameAndByMailboxToo(t *testing.T) {
	for name, actor := range map[string]xapi.Agent{
		"send_username": xapi.AccountAgent(lms, "student1"),
		"mbox":          {Mbox: "mailto:Sam@Example.org"},
	} {
		for _, first := range []string{"the launch", "the statement"} {
			t.Run(name+", first "+first, func(t *testing.T) {
				h := newHouse(t, monday)
				st := h.completion("5")
				st.Actor = actor
				launch := func() {
					a := arrival("first-steps", maxed)
					a.Username = "student1"
					e, err := h.Arrive(t.Context(), a)
					must(t, err)
					h.id = e.ID
				}
				if first == "the launch" {
					launch()
				}
				must(t, h.Observe(t.Context(), 1, st, xapi.AccountAgent(iriBase, "lms-key")))
				if first != "the launch" {
					launch()
				}
				if e := h.enrolment(); completed(e).IsZero() {
					t.Fatal("the completion was not seen")
				}
			})
		}
	}
}

func TestANameThatCouldBeTwoPeoplesDoesNothingAndSaysSo(t *testing.T) {
	for name, test := range map[string]struct {
		actor xapi.Agent
		kim   func(*engine.Arrival)
	}{
		"an address that two share":               {xapi.Agent{Mbox: "mailto:sam@example.org"}, func(a *engine.Arrival) { a.Email = "SAM@example.org" }},
		"a user name that two have had at a time": {xapi.AccountAgent(lms, "student1"), func(a *engine.Arrival) { a.Username = "student1" }},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, monday)
			var log bytes.Buffer
			h.options.Log = slog.New(slog.NewTextHandler(&log, nil))
			h.Service = engine.New(h.options)
			kim, sam := arrival("first-steps", maxed), arrival("first-steps", maxed)
			sam.Username = "student1"
			kim.Subject, kim.Email = "6", "kim@example.org"
			test.kim(&kim)
			st := h.completion("5")
			st.Actor = test.actor
			var ids []engine.EnrolmentID
			for _, a := range []engine.Arrival{sam, kim} {
				e, err := h.Arrive(t.Context(), a)
				must(t, err)
				ids = append(ids, e.ID)
			}
			must(t, h.Observe(t.Context(), 1, st, xapi.AccountAgent(iriBase, "lms-key")))
			for _, id := range ids {
				e, err := h.store.Enrolment(t.Context(), id)
				must(t, err)
				if !completed(e).IsZero() {
					t.Errorf("the completion was guessed to be %s's", e.Learner)
				}
			}
			if !strings.Contains(log.String(), "several people") || strings.Contains(log.String(), "example.org") {
				t.Errorf("the log does not say so, or says who: %s", log.String())
			}
		})
	}
}

func TestACompletionThatWaitedForANameTwoHaveIsNotGuessed(t *testing.T) {
	h := newHouse(t, monday)
	must(t, h.Observe(t.Context(), 1, h.completion("student9"), xapi.AccountAgent(iriBase, "lms-key")))
	sam := arrival("negotiation-skills", maxed)
	sam.Preview = true // known, not enrolled
	sam.Username = "student9"
	_, err := h.Arrive(t.Context(), sam)
	must(t, err)
	kim := arrival("first-steps", maxed)
	kim.Subject, kim.Email, kim.Username = "6", "kim@example.org", "student9"
	for _, a := range []engine.Arrival{kim, arrival("first-steps", maxed)} {
		e, err := h.Arrive(t.Context(), a)
		must(t, err)
		if !completed(e).IsZero() {
			t.Errorf("the completion was guessed to be %s's", a.Subject)
		}
	}
}

func TestANameOfThePastIsNobodys(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	renamed := arrival("first-steps", maxed)
	renamed.Email = "sam.sailor@example.org"
	_, err := h.Arrive(t.Context(), renamed)
	must(t, err)
	st := h.completion("5")
	st.Actor = xapi.Agent{Mbox: "mailto:sam@example.org"} // somebody else has the address by now
	must(t, h.Observe(t.Context(), 1, st, xapi.AccountAgent(iriBase, "lms-key")))
	if e := h.enrolment(); !completed(e).IsZero() {
		t.Fatal("an old address completed the course")
	}
	st.Actor.Mbox = "mailto:sam.sailor@example.org"
	must(t, h.Observe(t.Context(), 2, st, xapi.AccountAgent(iriBase, "lms-key")))
	if e := h.enrolment(); completed(e).IsZero() {
		t.Fatal("the new address did not")
	}
}

func TestCanvasIDsAreJoinedInBothForms(t *testing.T) {
	for global, local := range map[string]string{"21070000000000565": "565", "100000000000005": "5", "565": "565", "0565": "565", "": "", "5x": "", "0": ""} {
		if got := engine.CanvasID(global); got != local {
			t.Errorf("CanvasID(%q) is %q, want %q", global, got, local)
		}
	}
	for _, first := range []string{"the launch", "the event"} {
		for _, ids := range [][2]string{{"21070000000000123", "21070000000000565"}, {"123", "565"}} {
			h := newHouse(t, monday)
			launch := func() {
				a := arrival("first-steps", map[string]string{"canvas_course_id": "565"})
				a.Issuer, a.Course.Issuer, a.Subject, a.Course.ID = canvas, canvas, "535fa085-f22b", "4dde05e8ca19"
				a.Names = []engine.Identity{engine.ByCanvas("r1", "guid.canvas", "123")}
				e, err := h.Arrive(t.Context(), a)
				must(t, err)
				h.id = e.ID
			}
			if first == "the launch" {
				launch()
			}
			for _, c := range []engine.Completion{
				{Who: engine.ByCanvas("r1", "other.canvas", ids[0]), Course: engine.CourseName{Canvas: ids[1]}, Source: engine.SourceCanvasEvent},
				{Who: engine.ByCanvas("r2", "guid.canvas", ids[0]), Course: engine.CourseName{Canvas: ids[1]}, Source: engine.SourceCanvasEvent},
				{Who: engine.ByCanvas("r1", "guid.canvas", ids[0]), Course: engine.CourseName{Canvas: "566"}, Source: engine.SourceCanvasEvent},
			} {
				h.complete(c)
			}
			if first == "the launch" {
				if e := h.enrolment(); !completed(e).IsZero() {
					t.Fatal("an event of another account, registration or course counted")
				}
			}
			h.complete(engine.Completion{Who: engine.ByCanvas("r1", "guid.canvas", ids[0]), Course: engine.CourseName{Canvas: ids[1]}, Source: engine.SourceCanvasEvent})
			if first != "the launch" {
				launch()
			}
			if e := h.enrolment(); completed(e).IsZero() || len(e.Completions) != 1 {
				t.Errorf("%v, first %s: completions %v", ids, first, e.Completions)
			}
		}
	}
}

func TestCompletionsThatNobodyComesForAreForgotten(t *testing.T) {
	h := newHouse(t, monday)
	h.complete(engine.Completion{Who: engine.ByEmail("stranger@example.org"), Course: engine.CourseName{Object: lms + "/course/view.php?id=2"}, Source: engine.SourceStatement})
	n, err := h.ForgetCompletions(t.Context())
	must(t, err)
	h.now = h.now.Add(200 * 24 * time.Hour)
	m, err := h.ForgetCompletions(t.Context())
	must(t, err)
	if n != 0 || m != 1 {
		t.Errorf("forgotten at once %d, after 200 days %d", n, m)
	}
}

// The posts that Moodle's logstore_xapi was captured to send: two learners completed the course, many activities were.
func TestTheCapturedPostsCompleteTheCourseAndNothingElse(t *testing.T) {
	file, err := os.Open("../lti/testdata/logstore_xapi.requests.jsonl")
	must(t, err)
	defer file.Close()
	h := newHouse(t, monday)
	h.now = at(t, "2026-11-23 12:00")
	const moodle = "http://localhost:8000"
	subjects := []string{"5", "6", "7"} // Sam, Sofia, Sanjay
	ids := map[string]engine.EnrolmentID{}
	for i, subject := range subjects {
		a := arrival("first-steps", nil)
		a.Issuer, a.Course.Issuer, a.Subject = moodle, moodle, subject
		a.Username = []string{"student1", "student2", "student3"}[i]
		a.Email = a.Username + "@example.com"
		e, err := h.Arrive(t.Context(), a)
		must(t, err)
		ids[subject] = e.ID
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 4<<20)
	posts, statements := 0, 0
	for lines.Scan() {
		var post struct {
			Body json.RawMessage `json:"body"`
		}
		must(t, json.Unmarshal(lines.Bytes(), &post))
		var text string
		if json.Unmarshal(post.Body, &text) == nil {
			post.Body = json.RawMessage(text)
		}
		var batch []json.RawMessage
		must(t, json.Unmarshal(post.Body, &batch))
		posts++
		for range 2 { // as if it were sent twice
			for _, raw := range batch {
				st, err := xapi.Decode(raw, xapi.V103)
				must(t, err)
				statements++
				must(t, h.Observe(t.Context(), int64(statements), st, xapi.AccountAgent(iriBase, "lms-key")))
			}
		}
	}
	must(t, lines.Err())
	want := map[string]time.Time{"5": time.Date(2026, 11, 21, 9, 45, 2, 0, time.UTC), "6": time.Date(2026, 11, 21, 10, 0, 24, 0, time.UTC), "7": {}}
	for subject, at := range want {
		e, err := h.store.Enrolment(t.Context(), ids[subject])
		must(t, err)
		if !completed(e).Equal(at) || !at.IsZero() && len(e.Completions) != 1 {
			t.Errorf("learner %s completed the course at %s by %v, want %s", subject, completed(e), e.Completions, at)
		}
	}
	t.Logf("%d posts, %d statements", posts, statements/2)
}
