package enginetest

import (
	"errors"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func barrierActionsAreKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	course := engine.Course{Issuer: "https://lms.example", ID: "2"}
	first := engine.BarrierAction{ID: "a", Course: course, Tag: "no time", Action: "Ask the boss", Owner: "Max", Due: at(9), By: engine.By("tessa"), At: at(0)}
	second := first
	second.ID, second.At = "b", at(1)
	elsewhere := first
	elsewhere.ID, elsewhere.Course.ID = "c", "3"
	for _, a := range []engine.BarrierAction{first, second, elsewhere} {
		must(t, s.SaveBarrierAction(ctx, a))
	}
	if err := s.SaveBarrierAction(ctx, first); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("the same id again is %v", err)
	}
	first.Rev = 1
	second.Rev = 1
	same(t, "of the course", got[[]engine.BarrierAction](t)(s.BarrierActionsIn(ctx, course, 10)), []engine.BarrierAction{second, first})
	same(t, "the latest", len(got[[]engine.BarrierAction](t)(s.BarrierActionsIn(ctx, course, 1))), 1)
	first.DoneAt, first.DoneBy = at(2), engine.By("max")
	must(t, s.SaveBarrierAction(ctx, first))
	if err := s.SaveBarrierAction(ctx, first); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("a stale save is %v", err)
	}
	first.Rev = 2
	same(t, "when done", got[engine.BarrierAction](t)(s.BarrierAction(ctx, "a")), first)
	if _, err := s.BarrierAction(ctx, "none"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("none is %v", err)
	}
}
