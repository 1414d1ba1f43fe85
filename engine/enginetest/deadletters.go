package enginetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

func deadLettersAreKept(t *testing.T, store engine.Store) {
	ctx, at := t.Context(), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	late := engine.DeadLetter{ID: "message-1", Kind: engine.DeadMessage, Of: "1", About: "step_open", Error: "refused", Tries: 8, DeadAt: at.Add(time.Hour)}
	early := engine.DeadLetter{ID: "grade-e", Kind: engine.DeadGrade, Of: "e", DeadAt: at}
	for _, l := range []engine.DeadLetter{late, early, {ID: late.ID, DeadAt: at.Add(-time.Hour)}, late} {
		if err := store.PutDeadLetter(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	list := func(limit int) []engine.DeadLetter {
		all, err := store.DeadLetters(ctx, limit)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if have := list(10); !reflect.DeepEqual(have, []engine.DeadLetter{early, late}) {
		t.Errorf("the list is %+v", have)
	}
	if have := list(1); len(have) != 1 || have[0].ID != early.ID {
		t.Errorf("the first is %+v", have)
	}
	for range 2 {
		if err := store.RemoveDeadLetter(ctx, early.ID); err != nil {
			t.Fatal(err)
		}
	}
	if have := list(10); len(have) != 1 || have[0].ID != late.ID {
		t.Errorf("after removing one: %+v", have)
	}
}
