package engine_test

import (
	"slices"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// answers gives the first of some outcomes as an answer to the newest request to somebody.
func (h *house) answers(to, outcome string) {
	h.t.Helper()
	r := h.request(to)
	v, err := h.OpenRequest(h.t.Context(), h.id, r)
	must(h.t, err)
	must(h.t, h.Answer(h.t.Context(), h.id, r, engine.Answer{Outcome: outcome, SHA256: v.SHA256, Comment: "So."}))
	h.sweep()
}

const tryOnce = `{id: try, kind: experiment, title: Try, by: learner, done: response}`

func TestASignOffByAStandInWhomTheLearnerNamedNeedsTheCoach(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "loop", `roles:
  peer: {from: [launch.custom.peer_email], else: manager}
  manager: {from: [ask_learner]}
  coach: {from: [launch.role.instructor]}`, tryOnce, `{id: sign, kind: signoff, title: Sign, by: peer, needs: [try], covers: [try], done: approved}`)
	h.staff()
	h.arrive("loop", nil)
	must(t, h.NameReviewer(t.Context(), h.sam, h.id, engine.Manager, "Mia", "mia@example.org"))
	must(t, h.Submit(t.Context(), h.sam, h.id, "try", report("One")))
	h.sweep()
	h.answers("mia@example.org", engine.OutcomeApprove)
	if st := h.state("sign"); st.State != engine.Submitted {
		t.Fatalf("without the coach: %s", st.State)
	}
	h.answers("tessa@example.org", engine.OutcomeApprove)
	if st := h.state("sign"); st.State != engine.Done {
		t.Fatalf("with the coach: %s", st.State)
	}
}

func TestEvidenceThatChangesBeforeTheCoachConfirmsVoidsTheSignOff(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "loop", "standards: []", tryOnce, `{id: sign, kind: signoff, title: Sign, by: manager, needs: [try], covers: [try], due: open + 5wd, done: approved}`,
		`{id: once, kind: plan, title: Once, by: learner, needs: [sign], if: "count(sign.approved) == 1", done: response}`)
	h.staff()
	h.arrive("loop", nil)
	ctx := t.Context()
	must(t, h.NameReviewer(ctx, h.sam, h.id, engine.Manager, "Mia", "mia@example.org"))
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("One")))
	h.sweep()
	h.answers("mia@example.org", engine.OutcomeApprove)
	toConfirm := h.request("tessa@example.org")
	must(t, h.Reopen(ctx, engine.Actor{System: "cli"}, h.id, "try", "once more"))
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("Two")))
	h.sweep()
	if st := h.state("sign"); st.State != engine.Open || h.book.count("voided") != 1 {
		t.Fatalf("the sign-off is %s, %d statements are voided", st.State, h.book.count("voided"))
	}
	if !slices.Contains(h.post.told(), "mia signoff_void sign") {
		t.Errorf("mails: %v", h.post.told())
	}
	if v, err := h.OpenRequest(ctx, h.id, toConfirm); err != nil || !v.Closed {
		t.Errorf("the coach may still confirm what is void: %+v (%v)", v, err)
	}
	h.answers("mia@example.org", engine.OutcomeApprove)
	h.answers("tessa@example.org", engine.OutcomeApprove)
	if h.state("sign").State != engine.Done || h.state("once").State != engine.Open {
		t.Fatalf("signed and confirmed, one approved attempt: %s, %s", h.state("sign").State, h.state("once").State)
	}
}

func TestACoachConfirmsNothingThatChangedDuringAPause(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "loop", "standards: []", tryOnce, `{id: sign, kind: signoff, title: Sign, by: manager, needs: [try], covers: [try], done: approved}`)
	h.staff()
	h.arrive("loop", nil)
	ctx := t.Context()
	must(t, h.NameReviewer(ctx, h.sam, h.id, engine.Manager, "Mia", "mia@example.org"))
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("One")))
	h.sweep()
	h.answers("mia@example.org", engine.OutcomeApprove)
	r := h.request("tessa@example.org")
	must(t, h.Reopen(ctx, engine.Actor{System: "cli"}, h.id, "try", "once more"))
	must(t, h.Pause(ctx, engine.Actor{System: "cli"}, h.id, h.now.AddDate(0, 0, 7), ""))
	must(t, h.Submit(ctx, h.sam, h.id, "try", report("Two")))
	v, err := h.OpenRequest(ctx, h.id, r)
	must(t, err)
	if err := h.Answer(ctx, h.id, r, engine.Answer{Outcome: engine.OutcomeApprove, SHA256: v.SHA256}); err == nil || h.state("sign").State == engine.Done {
		t.Fatalf("the coach confirmed what the manager has not seen: %s", h.state("sign").State)
	}
}
