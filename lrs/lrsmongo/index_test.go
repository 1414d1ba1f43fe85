package lrsmongo

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func TestWhatHasTermsNamesItsIndex(t *testing.T) {
	var hint atomic.Value
	s, _ := stores(t, options.Client().SetMonitor(&event.CommandMonitor{
		Started: func(_ context.Context, e *event.CommandStartedEvent) {
			if e.CommandName == "find" && e.Command.Lookup("find").StringValue() == "lrs_statements" {
				name, _ := e.Command.Lookup("hint").StringValueOK()
				hint.Store(name)
			}
		},
	}))
	s.insert(t, about(1, did, 0))
	for want, terms := range map[string][][]lrs.IndexKey{byKeys: {{"v " + did}}, "": nil} {
		rows, _, err := s.Select(t.Context(), lrs.Selection{Terms: terms, Until: 1 << 62, Limit: 10})
		if err != nil || len(rows) != 1 || hint.Load() != want {
			t.Errorf("with %v: %d rows by the index %q, %v; want 1 by %q", terms, len(rows), hint.Load(), err, want)
		}
	}
}
