package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

const (
	video     = "https://video.example/concession"
	watchStep = `{id: video, kind: watch, title: Watch, by: learner, due: open + 2wd, content: {url: "` + video + `"}, done: {watched: 0.9}}`
)

func played(parts ...float64) []engine.Segment {
	var out []engine.Segment
	for i := 0; i+1 < len(parts); i += 2 {
		out = append(out, engine.Segment{From: parts[i], To: parts[i+1]})
	}
	return out
}

func TestAVideoIsDoneOnceEnoughOfItWasWatchedInSegments(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "video", watchStep)
	h.arrive("video", maxed)
	ctx := t.Context()
	must(t, h.Opened(ctx, h.sam, h.id, "video"))
	h.now = h.now.Add(50 * time.Second)
	must(t, h.Watched(ctx, h.sam, h.id, "video", played(0, 30, 20, 50), 100)) // an overlap counts once
	must(t, h.Watched(ctx, h.sam, h.id, "video", played(0, 30, 20, 50), 100))
	if st := h.state("video"); st.State != engine.Open || st.Watched.Share() != 0.5 {
		t.Fatalf("%s, watched %v", st.State, st.Watched.Share())
	}
	h.now = h.now.Add(40 * time.Second)
	must(t, h.Watched(ctx, h.sam, h.id, "video", played(60, 100), 100)) // the gap stays a gap
	st := h.state("video")
	if st.State != engine.Done || st.SelfReported || st.Watched.Share() != 0.9 {
		t.Fatalf("%s, watched %v %v", st.State, st.Watched.Share(), st.Watched.Segments)
	}
	if h.book.count("viewed") != 1 || h.book.count("completed") != 1 {
		t.Errorf("statements: %v", h.book.verbs())
	}
	must(t, h.Watched(ctx, h.sam, h.id, "video", played(0, 100), 100)) // once more for pleasure
}

func TestNobodyWatchesFasterThanTwiceTheClock(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "video", watchStep)
	h.arrive("video", maxed)
	ctx := t.Context()
	for range 5 { // five reports at once are no way around
		must(t, h.Watched(ctx, h.sam, h.id, "video", played(0, 600), 600))
	}
	if got := h.state("video").Watched.Share(); got != 15.0/600 {
		t.Fatalf("at once: %v", got)
	}
	h.now = h.now.Add(2 * time.Minute)
	must(t, h.Watched(ctx, h.sam, h.id, "video", played(0, 600), 600))
	if got := h.state("video").Watched.Share(); got != 255.0/600 {
		t.Fatalf("after two minutes: %v", got)
	}
	h.now = h.now.Add(-time.Hour) // a development clock put back
	must(t, h.Watched(ctx, h.sam, h.id, "video", played(0, 600), 600))
	h.now = h.now.Add(2 * time.Hour)
	must(t, h.Watched(ctx, h.sam, h.id, "video", played(0, 600), 600))
	if st := h.state("video"); st.State != engine.Done {
		t.Fatalf("an hour later: %s, %v", st.State, st.Watched.Share())
	}
	for _, bad := range [][]engine.Segment{played(-1, 3), played(5, 2)} {
		if err := h.Watched(ctx, h.sam, h.id, "video", bad, 600); !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if err := h.Watched(ctx, h.sam, h.id, "last", played(0, 3), 600); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("a step without a video: %v", err)
	}
}

func TestWithoutScriptsTheLearnersWordIsTakenAndMarkedAsSuch(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "video", watchStep)
	h.arrive("video", maxed)
	must(t, h.MarkDone(t.Context(), h.sam, h.id, "video"))
	if st := h.state("video"); st.State != engine.Done || !st.SelfReported {
		t.Fatalf("%s, self-reported %v", st.State, st.SelfReported)
	}
	h.sweep()
	for _, st := range h.book.order {
		if st.Verb.ID == xapi.VerbCompleted && st.Context.Extension(xapi.ExtSelfReported) != true {
			t.Error("the statement does not say that it is the learner's word")
		}
	}
}

// decoded is a statement as the record store hands it on.
func decoded(t *testing.T, st string) *xapi.Statement {
	t.Helper()
	out, err := xapi.Decode([]byte(st), xapi.V103)
	must(t, err)
	return out
}

func TestStatementsOfTheVideoProfileCountToo(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "video", watchStep)
	h.arrive("video", maxed)
	key := xapi.AccountAgent(iriBase, "player-key")
	say := func(verb, result string) {
		t.Helper()
		st := decoded(t, `{"actor":{"account":{"homePage":"`+lms+`","name":"5"}},"verb":{"id":"https://w3id.org/xapi/video/verbs/`+verb+`"},
			"object":{"id":"`+video+`"},"result":{"extensions":{`+result+`}},"context":{"extensions":{"https://w3id.org/xapi/video/extensions/length":240}}}`)
		must(t, h.Observe(t.Context(), 1, st, key))
	}
	say("paused", `"https://w3id.org/xapi/video/extensions/played-segments":"0[.]100[,]90[.]120.2"`)
	if st := h.state("video"); st.State != engine.Open || st.Watched.Share() != 0.5 {
		t.Fatalf("%s, %v", st.State, st.Watched)
	}
	say("paused", `"https://w3id.org/xapi/video/extensions/progress":0.6`)
	if got := h.state("video").Watched.Share(); got != 0.6 {
		t.Fatalf("progress: %v", got)
	}
	say("terminated", `"https://w3id.org/xapi/video/extensions/played-segments":"0[.]230"`)
	if st := h.state("video"); st.State != engine.Done || st.SelfReported {
		t.Fatalf("%s", st.State)
	}
}

func TestAStatementSettlesAStepByPatternAndParentAlsoWhileLocked(t *testing.T) {
	const passed = "http://adlnet.gov/expapi/verbs/passed"
	for name, c := range map[string]struct {
		rule, object, context string
		want                  engine.State
	}{
		"exact":               {`{statement: {verb: "` + passed + `", object: "https://el.example/a"}}`, "https://el.example/a", "", engine.Done},
		"another":             {`{statement: {verb: "` + passed + `", object: "https://el.example/a"}}`, "https://el.example/ab", "", engine.Locked},
		"pattern":             {`{statement: {verb: "` + passed + `", object: "https://el.example/a*"}}`, "https://el.example/ab", "", engine.Done},
		"another by pattern":  {`{statement: {verb: "` + passed + `", object: "https://el.example/a*"}}`, "https://evil.example/a", "", engine.Locked},
		"parent":              {`{statement: {verb: "` + passed + `", object: "https://el.example/a"}}`, "https://el.example/q1", `{"contextActivities":{"parent":[{"id":"https://el.example/a"}]}}`, engine.Done},
		"grouping by pattern": {`{statement: {verb: "` + passed + `", object: "https://el.example/*"}}`, "urn:q:1", `{"contextActivities":{"grouping":[{"id":"https://el.example/a"}]}}`, engine.Done},
		"category is no part": {`{statement: {verb: "` + passed + `", object: "https://el.example/a"}}`, "urn:q:1", `{"contextActivities":{"category":[{"id":"https://el.example/a"}]}}`, engine.Locked},
		"any":                 {`{any: [{lms: course_completed}, {statement: {verb: "` + passed + `"}}]}`, "https://el.example/a", "", engine.Done},
		"one of all":          {`{all: [{statement: {verb: "` + passed + `"}}, {statement: {verb: "` + passed + `", object: "urn:x"}}]}`, "https://el.example/a", "", engine.Locked},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, monday)
			small(t, h, "el", `{id: el, kind: elearning, title: E, by: learner, needs: [last], content: {url: "https://el.example/a"}, done: `+c.rule+`}`)
			h.arrive("el", maxed)
			context := ""
			if c.context != "" {
				context = `,"context":` + c.context
			}
			st := decoded(t, `{"id":"3f0c3a52-6c7e-4b7e-9a52-0a9f1d6f1c11","actor":{"account":{"homePage":"`+lms+`","name":"5"}},"verb":{"id":"`+passed+`"},"object":{"id":"`+c.object+`"}`+context+`}`)
			for range 2 {
				must(t, h.Observe(t.Context(), 1, st, xapi.AccountAgent(iriBase, "lrs-key")))
			}
			if got := h.state("el").State; got != c.want {
				t.Fatalf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestAStatementUnderAnotherNameOfTheLearnerCounts(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "el", `{id: el, kind: elearning, title: E, by: learner, done: {statement: {verb: "http://adlnet.gov/expapi/verbs/passed"}}}`)
	a := arrival("el", maxed)
	a.Username = "sam.sailor"
	e, err := h.Arrive(t.Context(), a)
	must(t, err)
	h.id, h.sam = e.ID, e.Learner
	st := decoded(t, `{"actor":{"account":{"homePage":"`+lms+`","name":"sam.sailor"}},"verb":{"id":"http://adlnet.gov/expapi/verbs/passed"},"object":{"id":"`+lms+`/x"}}`)
	must(t, h.Observe(t.Context(), 1, st, xapi.AccountAgent(iriBase, "lrs-key")))
	if got := h.state("el").State; got != engine.Done {
		t.Fatalf("%s", got)
	}
}

func TestANewAttemptIsNotSettledByTheStatementOfTheLast(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "el", `{id: el, kind: practise, title: E, by: learner, done: {all: [response, {statement: {verb: "http://adlnet.gov/expapi/verbs/passed"}}]}, repeat: {until: "count(el.attempts) >= 2", every: 1wd, max: 3, at_max: {tell: coach}}}`)
	h.arrive("el", maxed)
	say := func(id, at string) {
		t.Helper()
		st := decoded(t, `{"id":"`+id+`","timestamp":"`+at+`","actor":{"account":{"homePage":"`+lms+`","name":"5"}},"verb":{"id":"http://adlnet.gov/expapi/verbs/passed"},"object":{"id":"urn:x"}}`)
		must(t, h.Observe(t.Context(), 1, st, xapi.AccountAgent(iriBase, "lrs-key")))
	}
	first := func() { say("3f0c3a52-6c7e-4b7e-9a52-0a9f1d6f1c11", "2026-11-23T08:59:00Z") }
	first()
	must(t, h.Submit(t.Context(), h.sam, h.id, "el", report("One")))
	if st := h.state("el"); st.State != engine.Locked || st.Attempt != 1 {
		t.Fatalf("%s %d", st.State, st.Attempt)
	}
	h.pass("2026-11-24 10:00")
	must(t, h.Submit(t.Context(), h.sam, h.id, "el", report("Two")))
	first() // the record store may say it again
	if st := h.state("el"); st.State != engine.Open || st.Attempt != 2 {
		t.Fatalf("the same statement again: %s %d", st.State, st.Attempt)
	}
	say("3f0c3a52-6c7e-4b7e-9a52-0a9f1d6f1c12", "2026-11-24T08:59:00Z")
	if st := h.state("el"); st.State != engine.Done || st.Attempt != 2 {
		t.Fatalf("another: %s %d", st.State, st.Attempt)
	}
}

func TestASpacedVideoIsWatchedAgainFromItsStart(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "video", strings.TrimSuffix(watchStep, "}")+", spaced: [4w]}")
	h.arrive("video", maxed)
	ctx := t.Context()
	h.now = h.now.Add(100 * time.Second)
	must(t, h.Watched(ctx, h.sam, h.id, "video", played(0, 100), 100))
	h.pass("2026-12-22 12:00")
	if st := h.state("video"); st.Again == nil {
		t.Fatalf("not asked again: %+v", st)
	}
	must(t, h.Opened(ctx, h.sam, h.id, "video"))
	h.now = h.now.Add(5 * time.Second)
	must(t, h.Watched(ctx, h.sam, h.id, "video", played(0, 5), 100))
	if st := h.state("video"); st.Again == nil {
		t.Fatal("five seconds answer the second time")
	}
	h.now = h.now.Add(100 * time.Second)
	must(t, h.Watched(ctx, h.sam, h.id, "video", played(0, 100), 100))
	if st := h.state("video"); st.Again != nil {
		t.Fatal("watched again, and still asked")
	}
}
