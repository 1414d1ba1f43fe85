package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func TestOnlyTheLearnerSeesWhatIsPrivateInAStepAFileAndThePortfolio(t *testing.T) {
	h := newHouse(t, "2026-11-23 10:00")
	ctx := t.Context()
	h.teaches(strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(diary, "done: {words: 1}, review", "about: secret, done: {words: 1}, review"),
		"kind: reflect, title: To myself, by: learner, private: true, done: {words: 1}", "kind: assignment, title: To myself, by: learner, private: true, done: {evidence: 1}"), "workflow: diary", "workflow: secrets"))
	h.arrive("secrets", map[string]string{"manager_email": "max@example.org"})
	must(t, h.Submit(ctx, h.sam, h.id, "secret", engine.Submission{Answers: engine.Answers{"text": {"For my eyes."}}, Files: []engine.Upload{{Name: "a", Data: []byte("mine")}}}))
	list, err := h.store.Contributions(ctx, h.id)
	must(t, err)
	sha := list[0].Files[0].SHA256
	for _, own := range []bool{true, false} {
		secret, err := h.StepView(ctx, h.id, "secret", own)
		must(t, err)
		shared, err := h.StepView(ctx, h.id, "shared", own)
		must(t, err)
		all, err := h.Portfolio(ctx, h.sam, own)
		must(t, err)
		_, _, err = h.Blob(ctx, h.id, sha, own)
		if (secret.Hand != nil) != own || (shared.About != nil) != own || (len(all.Entries) == 1) != own || errors.Is(err, engine.ErrNotFound) == own {
			t.Errorf("own %v: hand %v, about %v, %d entries, file %v", own, secret.Hand, shared.About, len(all.Entries), err)
		}
	}
}
