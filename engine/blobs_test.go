package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// meeting is a store where somebody else acts once at a moment of the writing.
type meeting struct {
	engine.Store
	beforeDelete, afterDelete, beforeNaming, afterNaming func()
}

func meets(act *func()) {
	if do := *act; do != nil {
		*act = nil
		do()
	}
}

func (m *meeting) DeleteBlob(ctx context.Context, sha256 string) error {
	meets(&m.beforeDelete)
	err := m.Store.DeleteBlob(ctx, sha256)
	meets(&m.afterDelete)
	return err
}

func (m *meeting) PutContribution(ctx context.Context, c engine.Contribution) error {
	meets(&m.beforeNaming)
	err := m.Store.PutContribution(ctx, c)
	meets(&m.afterNaming)
	return err
}

func TestAFileIsNotMissedByWhoeverHandsItInWhileAnotherTakesItAway(t *testing.T) {
	for name, at := range map[string]func(m *meeting, other func()){
		"before it is removed":          func(m *meeting, other func()) { m.beforeDelete = other },
		"after it is removed":           func(m *meeting, other func()) { m.afterDelete = other },
		"before anything names it":      func(m *meeting, other func()) { m.beforeNaming = other },
		"as soon as something names it": func(m *meeting, other func()) { m.afterNaming = other },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, monday)
			small(t, h, "loop", `{id: try, kind: experiment, title: Try, by: learner, done: {evidence: 1}}`)
			h.arrive("loop", maxed)
			ctx := t.Context()
			ben, err := h.Arrive(ctx, engine.Arrival{Issuer: lms, Subject: "ben", Name: "Ben", Workflow: "loop", Course: course(), Custom: maxed})
			must(t, err)
			must(t, h.Record(ctx, h.sam, h.id, "try", engine.Submission{Files: upload("a.txt", "the same")}))
			v, err := h.StepView(ctx, h.id, "try", true)
			must(t, err)
			sha := v.Recorded.Files[0].SHA256
			o, m := h.options, &meeting{Store: h.store}
			o.Store = m
			s := engine.New(o)
			takes := func() { must(t, h.Unrecord(ctx, h.sam, h.id, "try", sha)) }
			brings := func() {
				must(t, h.Record(ctx, ben.Learner, ben.ID, "try", engine.Submission{Files: upload("a.txt", "the same")}))
			}
			if name == "before it is removed" || name == "after it is removed" {
				at(m, brings)
				must(t, s.Unrecord(ctx, h.sam, h.id, "try", sha))
			} else {
				at(m, takes)
				must(t, s.Record(ctx, ben.Learner, ben.ID, "try", engine.Submission{Files: upload("a.txt", "the same")}))
			}
			if _, err := h.store.Blob(ctx, sha); err != nil {
				t.Errorf("the bytes of Ben's file: %v", err)
			}
		})
	}
}

// What was recorded and is taken away in another window while it is handed in is either there or refused.
func TestAFileThatIsTakenAwayWhileItIsHandedInIsThereOrRefused(t *testing.T) {
	h := newHouse(t, monday)
	small(t, h, "loop", `{id: try, kind: experiment, title: Try, by: learner, done: {evidence: 1}}`)
	h.arrive("loop", maxed)
	ctx := t.Context()
	must(t, h.Record(ctx, h.sam, h.id, "try", engine.Submission{Files: upload("a.txt", "mine")}))
	v, err := h.StepView(ctx, h.id, "try", true)
	must(t, err)
	sha := v.Recorded.Files[0].SHA256
	m := &meeting{Store: h.store}
	m.beforeNaming = func() { must(t, h.Unrecord(ctx, h.sam, h.id, "try", sha)) }
	o := h.options
	o.Store = m
	sub := report("I asked.")
	sub.Keep = []string{sha}
	if err := engine.New(o).Submit(ctx, h.sam, h.id, "try", sub); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("handed in without its bytes: %v", err)
	}
	if v, err = h.StepView(ctx, h.id, "try", true); err != nil || v.Hand != nil {
		t.Errorf("handed in: %+v, %v", v.Hand, err)
	}
	sub.Keep, sub.Files = nil, upload("a.txt", "mine")
	must(t, h.Submit(ctx, h.sam, h.id, "try", sub))
	if _, err := h.store.Blob(ctx, sha); err != nil {
		t.Errorf("brought again: %v", err)
	}
}
