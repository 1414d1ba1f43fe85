package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

func upload(name, data string) []engine.Upload {
	return []engine.Upload{{Name: name, ContentType: "text/plain", Data: []byte(data)}}
}

// piece is the only piece of a kind.
func (h *house) piece(kind string) engine.Evidence {
	h.t.Helper()
	all, err := h.Evidence(h.t.Context(), h.id, true)
	must(h.t, err)
	i := slices.IndexFunc(all, func(e engine.Evidence) bool { return e.Kind == kind })
	if i < 0 {
		h.t.Fatalf("no %s among %d pieces", kind, len(all))
	}
	return all[i]
}

const (
	trying   = `{id: try, kind: experiment, title: Try, by: learner, due: open + 5wd, meets: [s1], done: {any: [{words: 40}, {evidence: 1}]}, review: {by: manager, rate: [ask]}}`
	thinking = `{id: think, kind: reflect, title: Think, by: learner, about: try, done: {words: 3}}`
	signing  = `{id: sign, kind: signoff, title: Sign, by: manager, needs: [%s], covers: [try], due: open + 5wd, done: approved}`
	listed   = "standards:\n  - {id: s1, text: Tries}\n  - {id: s2, text: Thinks}"
)

func TestOneFilePassesRecordedReflectedSubmittedVerified(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "loop", listed, `{id: try, kind: experiment, title: Try, by: learner, meets: [s1], done: {evidence: 1}}`, thinking, strings.Replace(signing, "%s", "try, think", 1))
	h.arrive("loop", maxed)
	ctx := t.Context()
	must(t, h.Record(ctx, h.sam, h.id, "try", engine.Submission{Files: upload("note.txt", "I asked."), Consent: true}))
	must(t, h.SaveDraft(ctx, h.sam, h.id, "try", engine.Answers{"did": {"I asked"}}))
	f := h.piece("file")
	if f.State != engine.Recorded || f.Name != "note.txt" || !f.Consent || f.CustomerData {
		t.Fatalf("recorded: %+v", f)
	}
	sub := report("I asked.")
	sub.Keep, sub.CustomerData, sub.Consent = []string{f.SHA256}, true, true
	must(t, h.Submit(ctx, h.sam, h.id, "try", sub))
	if f = h.piece("file"); f.State != engine.Recorded || !f.CustomerData || len(f.Standards) != 1 {
		t.Fatalf("handed in: %+v", f)
	}
	must(t, h.Submit(ctx, h.sam, h.id, "think", engine.Submission{Answers: wordy(5)}))
	h.sweep()
	if f = h.piece("file"); f.State != engine.EvidenceSubmitted || f.ReflectedAt.IsZero() { // the sign-off is asked for
		t.Fatalf("asked for: %+v", f)
	}
	r := h.request("max@example.org")
	v, err := h.OpenRequest(ctx, h.id, r)
	must(t, err)
	if len(v.Covers) != 1 || v.Covers[0].Hand.Files[0].SHA256 != f.SHA256 || !v.Covers[0].Hand.CustomerData {
		t.Fatalf("the signer sees %+v", v.Covers)
	}
	must(t, h.Answer(ctx, h.id, r, engine.Answer{Outcome: engine.OutcomeApprove, SHA256: v.SHA256}))
	if f = h.piece("file"); f.State != engine.Verified || len(f.VerifiedBy) != 1 {
		t.Fatalf("signed off: %+v", f)
	}
	m, err := h.Matrix(ctx, h.id, false)
	must(t, err)
	if row := m.Rows[0]; row.Standard.ID != "s1" || row.State != engine.Verified || len(row.Evidence) != 2 || row.Gap {
		t.Fatalf("the matrix: %+v", row)
	}
}

func TestReflectedComesBeforeSubmitted(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "loop", `{id: try, kind: experiment, title: Try, by: learner, done: {evidence: 1}}`, thinking)
	h.arrive("loop", maxed)
	sub := report("I asked.")
	sub.Links = []string{"https://files.example/mine"}
	must(t, h.Submit(t.Context(), h.sam, h.id, "try", sub))
	if l := h.piece("link"); l.State != engine.Recorded || l.Name != "https://files.example/mine" {
		t.Fatalf("%+v", l)
	}
	must(t, h.Submit(t.Context(), h.sam, h.id, "think", engine.Submission{Answers: wordy(5)}))
	if l := h.piece("link"); l.State != engine.Reflected {
		t.Fatalf("%+v", l)
	}
}

func TestALinkIsAWebAddress(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "loop", `{id: try, kind: experiment, title: Try, by: learner, done: {evidence: 1}}`)
	h.arrive("loop", maxed)
	for _, bad := range []string{"javascript:alert(1)", "file:///etc/passwd", "//x", "https://", "https://user:word@x.example/", "https://x.example/a b"} {
		sub := report("I asked.")
		sub.Links = []string{bad}
		var fields engine.FieldErrors
		if err := h.Submit(t.Context(), h.sam, h.id, "try", sub); !errors.As(err, &fields) || fields[0].Field != "links" {
			t.Errorf("%s: %v", bad, err)
		}
	}
	sub := report("I asked.")
	sub.Keep = []string{"https://never.example/recorded"}
	if err := h.Submit(t.Context(), h.sam, h.id, "try", sub); !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("kept out of nothing: %v", err)
	}
}

func TestOfSeveralWaysToBeDoneOneIsEnoughAndNoneIsRefused(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "loop", listed, trying)
	h.arrive("loop", maxed)
	var fields engine.FieldErrors
	if err := h.Submit(t.Context(), h.sam, h.id, "try", report("Too short.")); !errors.As(err, &fields) || fields[0].Key != "error.words_missing" {
		t.Fatalf("short of both: %v", err)
	}
	sub := report("Too short.")
	sub.Files = upload("a.txt", "but shown")
	must(t, h.Submit(t.Context(), h.sam, h.id, "try", sub))
	if st := h.state("try"); st.State != engine.Submitted {
		t.Fatalf("%s", st.State)
	}
}

func TestChangedEvidenceVoidsTheSignOffAndTellsTheSigner(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "loop", "standards: []", `{id: try, kind: experiment, title: Try, by: learner, done: response}`, strings.Replace(signing, "%s", "try", 1))
	h.arrive("loop", maxed)
	ctx := t.Context()
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("One")))
	h.sweep()
	r := h.request("max@example.org")
	v, err := h.OpenRequest(ctx, h.id, r)
	must(t, err)
	must(t, h.Answer(ctx, h.id, r, engine.Answer{Outcome: engine.OutcomeApprove, SHA256: v.SHA256}))
	if e := h.home().Enrolment; e.State != engine.Completed || h.piece("text").State != engine.Verified {
		t.Fatalf("%s, %s", e.State, h.piece("text").State)
	}
	must(t, h.Reopen(ctx, engine.Actor{System: "cli"}, h.id, "try", "once more"))
	if st := h.state("sign"); st.State != engine.Done { // the hand-in that was seen still stands
		t.Fatalf("%s before anything has changed", st.State)
	}
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("Two")))
	h.sweep()
	if st := h.state("sign"); st.State != engine.Open {
		t.Fatalf("the sign-off is %s", st.State)
	}
	if !slices.Contains(h.post.told(), "max signoff_void sign") || h.request("max@example.org") == r {
		t.Errorf("mails: %v", h.post.told())
	}
	var verified, voided string
	for _, st := range h.book.order {
		switch st.Verb.ID {
		case xapi.VerbVerified:
			verified = st.ID
		case xapi.VerbVoided:
			voided = st.Object.Ref.ID
		}
	}
	if verified == "" || voided != verified {
		t.Errorf("verified by %q, voided %q", verified, voided)
	}
	if h.piece("text").State == engine.Verified && h.piece("text").Attempt == 2 {
		t.Error("what nobody has seen counts as verified")
	}
}

func TestASignOffThatWouldCoverNoEvidenceOpensItsLastStepFirstOnce(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "loop", "standards: []", `{id: try, kind: experiment, title: Try, by: learner, done: {any: [viewed, {evidence: 1}, response]}}`, strings.Replace(signing, "%s", "try", 1))
	h.arrive("loop", maxed)
	ctx := t.Context()
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("No file")))
	st := h.state("try")
	if st.State != engine.Open || st.Attempt != 2 || st.Because != "evidence:sign" || h.state("sign").State != engine.Locked {
		t.Fatalf("try is %s (attempt %d, %q), sign is %s", st.State, st.Attempt, st.Because, h.state("sign").State)
	}
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("Still no file")))
	if st := h.state("sign"); st.State != engine.Open {
		t.Fatalf("asked once, and sign is %s", st.State)
	}
}

func TestASignOffBySomebodyTheLearnerNamedNeedsTheCoach(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "loop", "standards: []", `{id: try, kind: experiment, title: Try, by: learner, done: response}`, strings.Replace(signing, "%s", "try", 1))
	h.staff()
	h.arrive("loop", nil)
	ctx := t.Context()
	must(t, h.NameReviewer(ctx, h.sam, h.id, engine.Manager, "Mia", "mia@example.org"))
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("One")))
	h.sweep()
	answer := func(to, outcome string) {
		t.Helper()
		r := h.request(to)
		v, err := h.OpenRequest(ctx, h.id, r)
		must(t, err)
		must(t, h.Answer(ctx, h.id, r, engine.Answer{Outcome: outcome, SHA256: v.SHA256, Comment: "So."}))
		h.sweep()
	}
	answer("mia@example.org", engine.OutcomeApprove)
	if st := h.state("sign"); st.State != engine.Submitted {
		t.Fatalf("without the coach: %s", st.State)
	}
	if h.piece("text").State == engine.Verified {
		t.Fatal("verified without the coach")
	}
	answer("tessa@example.org", engine.OutcomeNotYet)
	if st := h.state("sign"); st.State != engine.Open || h.book.count("voided") != 1 {
		t.Fatalf("the coach says not yet: %s, %v", st.State, h.book.verbs())
	}
}

// staff makes Tessa the teacher of the course.
func (h *house) staff() {
	h.t.Helper()
	_, err := h.ArriveStaff(h.t.Context(), engine.StaffArrival{Issuer: lms, Subject: "9", Name: "Tessa", Email: "tessa@example.org", Locale: "en",
		Course: engine.Course{Registration: "r1", Issuer: lms, ID: "2"}, Roles: []string{"instructor"}})
	must(h.t, err)
}

func TestAStandardWithoutEvidenceOpensAStepOnce(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "cpd", "standards:\n  - {id: s1, text: Tries}",
		`{id: try, kind: experiment, title: Try, by: learner, meets: [s1], done: response}`,
		`{id: show, kind: assignment, title: Show, by: learner, needs: [try], meets: [s1]}`)
	h.arrive("cpd", maxed)
	ctx := t.Context()
	must(t, h.Skip(ctx, h.sam, h.id, "try", "no chance"))
	if st := h.state("try"); st.State != engine.Skipped {
		t.Fatalf("something may still bring evidence, and try is %s", st.State)
	}
	must(t, h.Skip(ctx, h.sam, h.id, "show", "no chance"))
	st := h.state("try")
	if st.State != engine.Open || st.Because != "standard:s1" || h.next() != "try" {
		t.Fatalf("%s because %q; next %s", st.State, st.Because, h.next())
	}
	m, err := h.Matrix(ctx, h.id, true)
	must(t, err)
	if row := m.Rows[0]; !row.Gap || row.State != "" || len(row.Steps) != 2 {
		t.Fatalf("the matrix: %+v", row)
	}
	h.now = h.now.Add(time.Minute)
	must(t, h.Skip(ctx, h.sam, h.id, "try", "really no chance"))
	if st := h.state("try"); st.State != engine.Skipped {
		t.Fatalf("asked twice: %s", st.State)
	}
}

func TestAnAssignmentIsReturnedHandedInAgainAndGraded(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "work", "exit: {complete: {all: [work]}, passback: {score: work.score, when: change}}", `{id: work, kind: assignment, title: Work, by: learner, done: {all: [{evidence: 1}, {score: 0.6}]}, review: {by: manager, grade: true}}`)
	h.arrive("work", maxed)
	ctx := t.Context()
	hand := func(data string) {
		t.Helper()
		must(t, h.Submit(ctx, h.sam, h.id, "work", engine.Submission{Answers: wordy(3), Files: upload("work.txt", data)}))
	}
	judge := func(outcome string, grade *float64) error {
		h.sweep()
		r := h.request("max@example.org")
		v, err := h.OpenRequest(ctx, h.id, r)
		must(t, err)
		if !v.Grades {
			t.Fatal("the reviewer is not asked for a grade")
		}
		return h.Answer(ctx, h.id, r, engine.Answer{Outcome: outcome, SHA256: v.SHA256, Comment: "So.", Grade: grade})
	}
	low, high, wrong := 40.0, 80.0, 101.0
	hand("one")
	must(t, judge(engine.OutcomeReturn, nil))
	hand("two")
	var fields engine.FieldErrors
	for _, g := range []*float64{nil, &wrong} {
		if err := judge(engine.OutcomeApprove, g); !errors.As(err, &fields) || fields[0].Field != "grade" {
			t.Fatalf("approved with grade %v: %v", g, err)
		}
	}
	must(t, judge(engine.OutcomeApprove, &low))
	if st := h.state("work"); st.State != engine.Open || st.Attempt != 2 || *st.Score != 0.4 {
		t.Fatalf("graded too low: %s, attempt %d, %v", st.State, st.Attempt, *st.Score)
	}
	hand("three")
	must(t, judge(engine.OutcomeApprove, &high))
	st := h.state("work")
	if st.State != engine.Done || *st.Score != 0.8 || len(st.Reviews) != 3 {
		t.Fatalf("graded: %s, %v", st.State, *st.Score)
	}
	h.sweep()
	if g := h.book.grades[len(h.book.grades)-1]; g.Score != 80 {
		t.Errorf("the gradebook has %v", g.Score)
	}
}

func TestQuizResultsAreKeptPerQuestionAndTellWhatIsRightOnlyAtTheEnd(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "quiz", quizStep+"}")
	h.arrive("quiz", maxed)
	ctx := t.Context()
	must(t, h.Submit(ctx, h.sam, h.id, "quiz", answersOf("a", "no")))
	v := h.step("quiz")
	if len(v.Items) != 2 || v.Items[0].Right || v.Items[0].Given[0] != "a" || v.Items[0].Answer != nil || !v.Items[1].Right {
		t.Fatalf("after a miss: %+v", v.Items)
	}
	for _, q := range v.Questions {
		if q.Answer != nil {
			t.Fatalf("the page knows what is right: %+v", q)
		}
	}
	must(t, h.Submit(ctx, h.sam, h.id, "quiz", answersOf("b", "no")))
	v = h.step("quiz")
	if !v.Items[0].Right || v.Items[0].Answer[0] != "b" {
		t.Fatalf("at the end: %+v", v.Items)
	}
	wrong := 0
	all, err := h.store.Contributions(ctx, h.id)
	must(t, err)
	for _, c := range all {
		for _, a := range c.Answers {
			if a.Right != nil && !*a.Right {
				wrong++
			}
		}
	}
	if wrong != 1 || h.book.count("answered") != 4 {
		t.Fatalf("%d wrong answers kept, statements %v", wrong, h.book.verbs())
	}
}

func TestOfUploadsAtOnceNoneIsLost(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "loop", tryOnce)
	h.arrive("loop", maxed)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			name := fmt.Sprintf("%d.txt", i)
			if err := h.Record(t.Context(), h.sam, h.id, "try", engine.Submission{Files: upload(name, name)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	found, err := h.Evidence(t.Context(), h.id, true)
	must(t, err)
	if len(found) != 8 {
		t.Errorf("%d of 8 files are kept", len(found))
	}
}

func TestWhatWasRecordedCanBeTakenAwayAndItsBytesGoUnlessSomethingElseNamesThem(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "loop", `{id: try, kind: experiment, title: Try, by: learner, done: {evidence: 1}}`)
	h.arrive("loop", maxed)
	ctx := t.Context()
	must(t, h.Record(ctx, h.sam, h.id, "try", engine.Submission{Files: append(upload("a.txt", "mine"), upload("b.txt", "stays")...), Links: []string{"https://x.example"}}))
	view := func() *engine.StepView {
		v, err := h.StepView(ctx, h.id, "try", true)
		must(t, err)
		return v
	}
	had := view().Recorded
	a := had.Files[slices.IndexFunc(had.Files, func(f engine.File) bool { return f.Name == "a.txt" })].SHA256
	if err := h.Unrecord(ctx, "somebody", h.id, "try", a); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("somebody else: %v", err)
	}
	must(t, h.Unrecord(ctx, h.sam, h.id, "try", a))
	must(t, h.Unrecord(ctx, h.sam, h.id, "try", "https://x.example"))
	if err := h.Unrecord(ctx, h.sam, h.id, "try", a); !errors.Is(err, engine.ErrNotFound) {
		t.Fatalf("twice: %v", err)
	}
	if _, err := h.store.Blob(ctx, a); !errors.Is(err, engine.ErrNotFound) {
		t.Fatalf("its bytes: %v", err)
	}
	left := view().Recorded
	if len(left.Files) != 1 || left.Files[0].Name != "b.txt" || len(left.Links) != 0 {
		t.Fatalf("left is %+v", left)
	}
	sub := report("I asked.")
	sub.Keep = []string{left.Files[0].SHA256}
	must(t, h.Submit(ctx, h.sam, h.id, "try", sub))
	if v := view(); v.Recorded != nil || len(v.Hand.Files) != 1 {
		t.Fatalf("handed in: %+v, still recorded: %+v", v.Hand, v.Recorded)
	}
}

func TestCustomerDataIsHandedInWithTheConsentOfThoseItShows(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "loop", `{id: try, kind: experiment, title: Try, by: learner, done: response}`)
	h.arrive("loop", maxed)
	sub := report("I asked.")
	sub.CustomerData = true
	var fields engine.FieldErrors
	if err := h.Submit(t.Context(), h.sam, h.id, "try", sub); !errors.As(err, &fields) || fields[0].Field != "consent" {
		t.Fatalf("without: %v", err)
	}
	sub.Consent = true
	must(t, h.Submit(t.Context(), h.sam, h.id, "try", sub))
}
