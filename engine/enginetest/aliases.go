package enginetest

import (
	"fmt"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func signalsExpire(t *testing.T, s engine.Store) {
	ctx := t.Context()
	signal := func(id string, minutes int) engine.Signal {
		g := engine.Signal{ID: id, Issuer: lms, Subject: "5", CourseName: engine.CourseName{ID: "2"}, At: at(0)}
		if minutes > 0 {
			g.ExpiresAt = at(minutes)
		}
		return g
	}
	keep, soon, later := signal("keep", 0), signal("soon", 1), signal("later", 60)
	for _, g := range []engine.Signal{keep, soon, later} {
		must(t, s.PutSignal(ctx, g))
	}
	same(t, "forgotten before any expires", got[int](t)(s.ForgetSignals(ctx, at(0))), 0)
	same(t, "forgotten", got[int](t)(s.ForgetSignals(ctx, at(30))), 1)
	same(t, "forgotten again", got[int](t)(s.ForgetSignals(ctx, at(30))), 0)
	same(t, "what is left", len(got[[]engine.Signal](t)(s.SignalsOf(ctx, lms, "5"))), 2)
}

func namesAreKnown(t *testing.T, s engine.Store) {
	ctx := t.Context()
	name := engine.ByEmail("sam@example.org")
	sam := engine.Alias{Of: name, Issuer: lms, Subject: "5", Seen: at(0)}
	other := engine.Alias{Of: name, Issuer: lms, Subject: "6", Seen: at(5)}
	for _, a := range []engine.Alias{sam, other, sam} {
		must(t, s.PutAlias(ctx, a))
	}
	same(t, "who goes by the name", got[[]engine.Alias](t)(s.AliasesOf(ctx, name)), []engine.Alias{other, sam})
	sam.Seen = at(9)
	same(t, "learnt at once", together(t, 4, nil, func(int) error { return s.PutAlias(ctx, sam) }), 4)
	same(t, "who goes by the name", got[[]engine.Alias](t)(s.AliasesOf(ctx, name)), []engine.Alias{sam, other})
	same(t, "a stranger", len(got[[]engine.Alias](t)(s.AliasesOf(ctx, engine.ByAccount(lms, "sam@example.org")))), 0)
	for i := range 15 {
		must(t, s.PutAlias(ctx, engine.Alias{Of: name, Issuer: lms, Subject: fmt.Sprint(100 + i), Seen: at(20 + i)}))
	}
	many := got[[]engine.Alias](t)(s.AliasesOf(ctx, name))
	same(t, "at most", len(many), 10)
	same(t, "the last seen first", many[0].Subject, "114")
}
