package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// 2026-11-23 is a Monday.
const monday = "2026-11-23 10:00"

func wordy(n int) engine.Answers {
	text := []string{strings.Repeat("a word ", n/2)}
	return engine.Answers{"what": text, "so_what": text, "now_what": text, "did": text, "result": text, "text": text}
}

var maxed = map[string]string{"manager_email": "Max@example.org"}

// untilHandedIn walks to a handed-in experiment.
func (h *house) untilHandedIn() {
	h.t.Helper()
	ctx := h.t.Context()
	h.arrive("first-steps", maxed)
	must(h.t, h.Opened(ctx, h.sam, h.id, "read-trades"))
	must(h.t, h.MarkDone(ctx, h.sam, h.id, "read-trades"))
	must(h.t, h.Submit(ctx, h.sam, h.id, "reflect", engine.Submission{Answers: wordy(40)}))
	must(h.t, h.Submit(ctx, h.sam, h.id, "experiment", experiment("first")))
	h.sweep()
}

func experiment(note string) engine.Submission {
	return engine.Submission{Answers: wordy(20), Files: []engine.Upload{{Name: "notes.txt", ContentType: "text/plain", Data: []byte(note)}}}
}

func TestFirstStepsFromTheFirstLaunchToTheSignOff(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	h.arrive("first-steps", maxed)
	if got := h.next(); got != "read-trades" {
		t.Fatalf("the next step is %q", got)
	}
	if v := h.step("read-trades"); !strings.Contains(v.Content, "Trades, not gifts") || v.Act != engine.ActConfirm || v.Due != at(t, "2026-11-25 17:00").UTC() {
		t.Fatalf("the read step shows %q, act %q, due %s", v.Content[:20], v.Act, v.Due)
	}
	must(t, h.Opened(ctx, h.sam, h.id, "read-trades"))
	must(t, h.Opened(ctx, h.sam, h.id, "read-trades"))
	must(t, h.MarkDone(ctx, h.sam, h.id, "read-trades"))
	must(t, h.MarkDone(ctx, h.sam, h.id, "read-trades"))

	var short engine.FieldErrors
	err := h.Submit(ctx, h.sam, h.id, "reflect", engine.Submission{Answers: engine.Answers{"what": {"too short"}}})
	if !errors.As(err, &short) || !errors.Is(err, engine.ErrInvalid) {
		t.Fatalf("a reflection of two words: %v", err)
	}
	must(t, h.SaveDraft(ctx, h.sam, h.id, "reflect", engine.Answers{"what": {"half a thought"}}))
	if v := h.step("reflect"); v.Draft == nil || v.Draft.Answers[0].Value != "half a thought" {
		t.Fatal("the draft is lost")
	}
	must(t, h.Submit(ctx, h.sam, h.id, "reflect", engine.Submission{Answers: wordy(40)}))
	if err := h.Submit(ctx, h.sam, h.id, "experiment", engine.Submission{Answers: wordy(20)}); !errors.As(err, &short) {
		t.Fatalf("an experiment without evidence: %v", err)
	}
	for range 2 {
		must(t, h.Submit(ctx, h.sam, h.id, "experiment", experiment("first")))
	}
	if v := h.step("experiment"); v.State.State != engine.Submitted || v.State.Hands != 1 || len(v.Reviewers) != 1 {
		t.Fatalf("the experiment is %+v", v.State)
	}
	h.sweep()
	first := h.request("max@example.org")
	view, err := h.OpenRequest(ctx, h.id, first)
	must(t, err)
	if view.Hand == nil || len(view.Hand.Files) != 1 || len(view.Rate) != 1 || !slices.Equal(view.Outcomes, []string{"approve", "return"}) {
		t.Fatalf("Max sees %+v", view)
	}
	if err := h.Answer(ctx, h.id, first, engine.Answer{Outcome: "return", SHA256: view.SHA256}); !errors.As(err, &short) {
		t.Fatalf("a return without a word: %v", err)
	}
	must(t, h.Answer(ctx, h.id, first, engine.Answer{Outcome: "return", SHA256: view.SHA256, Comment: "What did they say?"}))
	must(t, h.Answer(ctx, h.id, first, engine.Answer{Outcome: "return", SHA256: view.SHA256, Comment: "What did they say?"}))
	if err := h.Answer(ctx, h.id, first, engine.Answer{Outcome: "approve", SHA256: view.SHA256}); !errors.Is(err, engine.ErrConflict) {
		t.Fatalf("another answer after the first: %v", err)
	}
	v := h.step("experiment")
	if v.State.State != engine.Returned || v.Reviews[0].Comment != "What did they say?" || h.next() != "experiment" {
		t.Fatalf("Sam sees %+v", v)
	}
	must(t, h.Submit(ctx, h.sam, h.id, "experiment", experiment("second")))
	h.sweep()
	second := h.request("max@example.org")
	if second == first {
		t.Fatal("Max was not asked again")
	}
	view, err = h.OpenRequest(ctx, h.id, second)
	must(t, err)
	if err := h.Answer(ctx, h.id, second, engine.Answer{Outcome: "approve", SHA256: "of something else", Ratings: map[engine.BehaviourID]int{"trade": 4}}); !errors.Is(err, engine.ErrConflict) {
		t.Fatalf("an answer to something else: %v", err)
	}
	must(t, h.Answer(ctx, h.id, second, engine.Answer{Outcome: "approve", SHA256: view.SHA256, Ratings: map[engine.BehaviourID]int{"trade": 4}, Comment: "Well done."}))
	if home := h.home(); home.Done != 3 || home.Required != 4 || home.Next != nil {
		t.Fatalf("%d of %d done, next %v", home.Done, home.Required, home.Next)
	}

	h.completes()
	h.completes()
	if up := h.home().Upcoming; up == nil || up.Opens != at(t, "2026-11-25 09:00").UTC() {
		t.Fatalf("upcoming: %+v", up)
	}
	h.pass("2026-12-02 12:00") // due on Monday 17:00, late on Tuesday 09:00
	must(t, h.Submit(ctx, h.sam, h.id, "follow-up", engine.Submission{Answers: engine.Answers{"used": {"yes"}}, Ratings: map[engine.BehaviourID]int{"trade": 4}}))
	h.sweep()
	signoff := h.request("max@example.org")
	view, err = h.OpenRequest(ctx, h.id, signoff)
	must(t, err)
	if len(view.Covers) != 1 || view.Covers[0].Hand == nil || view.Wording == "" {
		t.Fatalf("Max sees %+v", view)
	}
	must(t, h.Answer(ctx, h.id, signoff, engine.Answer{Outcome: "approve", SHA256: view.SHA256, Ratings: map[engine.BehaviourID]int{"trade": 4}}))
	if e := h.home().Enrolment; e.State != engine.Completed {
		t.Fatalf("the enrolment is %s", e.State)
	}
	h.sweep()

	want := []string{
		"max review_request experiment", "max review_request experiment", "sam approved experiment", // Sam was faster than the news of the return
		"sam step_open follow-up", "sam step_due follow-up", "sam step_late follow-up",
		"max signoff_request signoff", "sam completed ",
	}
	got := h.post.told()
	slices.Sort(got) // two at the same instant go out in any order
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("mails:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for verb, n := range map[string]int{
		"registered": 1, "launched": 1, "initialized": 1, "viewed": 1, "reflected": 1, "performed-offline": 2, "uploaded": 2, "submit": 2,
		"request": 3, "reject": 1, "approve": 1, "verified": 1, "achieved": 1, "notified": len(want), "completed": 6, "progressed": 4,
	} {
		if got := h.book.count(verb); got != n {
			t.Errorf("%d statements %q, want %d: %v", got, verb, n, h.book.verbs())
		}
	}
	var scores []float64
	for _, g := range h.book.grades {
		scores = append(scores, g.Score)
	}
	last := h.book.grades[len(h.book.grades)-1]
	if !slices.IsSorted(scores) || last.Score != 100 || !last.Complete {
		t.Errorf("grades: %+v", h.book.grades)
	}
}
