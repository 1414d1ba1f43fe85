package engine_test

import (
	"errors"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// Whoever is asked in a survey without names learns nothing of the others by trying their addresses.
func TestPassingOnTellsNobodyWhoElseIsAskedWithoutNames(t *testing.T) {
	asked := func(t *testing.T) (*house, engine.RequestID) {
		h := newHouse(t, monday)
		whole(t, h, "360", peerRoles, peerSurvey, planAfter)
		h.staff()
		h.arrive("360", map[string]string{"peer_emails": "pia@example.org, paul@example.org;pit@example.org"})
		h.sweep()
		return h, h.request("pia@example.org")
	}
	outcome := func(h *house, r engine.RequestID) string {
		t.Helper()
		v, err := h.OpenRequest(t.Context(), h.id, r)
		must(t, err)
		return v.Request.Outcome
	}
	for what, to := range map[string]string{"somebody new": "kim@example.org", "who is asked already": "paul@example.org"} {
		t.Run(what, func(t *testing.T) {
			h, pia := asked(t)
			must(t, h.Forward(t.Context(), h.id, pia, "", to))
			if have := outcome(h, pia); have != engine.OutcomeForwarded {
				t.Errorf("it ended as %q", have)
			}
			must(t, h.Forward(t.Context(), h.id, pia, "", to)) // twice is once
			h.sweep()
			if _, err := h.OpenRequest(t.Context(), h.id, h.request(to)); err != nil {
				t.Errorf("%s is not asked: %v", to, err)
			}
		})
	}
	t.Run("back to who passed it on", func(t *testing.T) {
		h, pia := asked(t)
		must(t, h.Forward(t.Context(), h.id, pia, "", "kim@example.org"))
		h.sweep()
		kim := h.request("kim@example.org")
		must(t, h.Forward(t.Context(), h.id, kim, "", "pia@example.org"))
		h.sweep()
		for _, r := range []engine.RequestID{pia, kim} {
			if have := outcome(h, r); have != engine.OutcomeForwarded {
				t.Errorf("it ended as %q", have)
			}
		}
		h.rates("paul@example.org", 2, "Once.") // the others are asked as before
		h.rates("pit@example.org", 3, "Twice.")
	})
	t.Run("where answers have names it is said", func(t *testing.T) {
		h := reviewed(t, askedRoles, tryReviewed)
		must(t, h.Submit(t.Context(), h.sam, h.id, "try", report("One")))
		h.sweep()
		must(t, h.Forward(t.Context(), h.id, h.request("max@example.org"), "", "mia@example.org"))
		h.sweep()
		h.refusedTo(h.request("mia@example.org"), "", "max@example.org", "error.forward_back")
		var bad engine.FieldErrors
		if err := h.Forward(t.Context(), h.id, h.request("mia@example.org"), "", "sam@example.org"); !errors.As(err, &bad) {
			t.Errorf("to the learner: %v", err)
		}
	})
}

// What a learner has kept for a hand-in, and not handed in, is nobody else's yet: neither its name nor its bytes.
func TestWhatIsKeptForAHandInIsTheLearnersAlone(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "loop", listed, `{id: try, kind: experiment, title: Try, by: learner, meets: [s1], done: {evidence: 1}}`)
	h.arrive("loop", maxed)
	ctx := t.Context()
	must(t, h.Record(ctx, h.sam, h.id, "try", engine.Submission{Files: upload("salaries.txt", "secret")}))
	mine := h.piece("file")
	for _, own := range []bool{true, false} {
		all, err := h.Evidence(ctx, h.id, own)
		must(t, err)
		m, err := h.Matrix(ctx, h.id, own)
		must(t, err)
		_, _, err = h.Blob(ctx, h.id, mine.SHA256, own)
		if (len(all) > 0) != own || (len(m.Evidence) > 0) != own || (err == nil) != own {
			t.Errorf("own %t: %d pieces, %d in the matrix, the file: %v", own, len(all), len(m.Evidence), err)
		}
	}
	sub := report("I asked.")
	sub.Keep = []string{mine.SHA256}
	must(t, h.Submit(ctx, h.sam, h.id, "try", sub))
	if all, err := h.Evidence(ctx, h.id, false); err != nil || len(all) == 0 {
		t.Errorf("handed in and not seen: %v, %v", all, err)
	}
}
