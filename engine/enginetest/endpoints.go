package enginetest

import (
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func endpointsAreKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	same(t, "no endpoints", len(got[[]engine.Endpoint](t)(s.Endpoints(ctx))), 0)
	sales := engine.Endpoint{Name: "sales", Kind: engine.Slack, Workflow: "w", Issuer: lms, Course: "2", Who: []engine.Role{engine.Learner, engine.Coach},
		Host: "hooks.example", Sealed: []byte{0, 1, 255}, CreatedAt: start}
	bot := engine.Endpoint{Name: "a.bot", Kind: engine.Generic, Who: []engine.Role{engine.Manager}, Host: "bot.example", Sealed: []byte("x"), CreatedAt: start}
	must(t, s.PutEndpoint(ctx, sales))
	must(t, s.PutEndpoint(ctx, bot))
	same(t, "by name", got[[]engine.Endpoint](t)(s.Endpoints(ctx)), []engine.Endpoint{bot, sales})

	sales.Failures, sales.DisabledAt, sales.Reason = 3, at(1), "it is gone (410)"
	must(t, s.PutEndpoint(ctx, sales))
	same(t, "replaced", got[[]engine.Endpoint](t)(s.Endpoints(ctx)), []engine.Endpoint{bot, sales})

	must(t, s.DeleteEndpoint(ctx, "sales"))
	wantErr(t, s.DeleteEndpoint(ctx, "sales"), engine.ErrNotFound)
	same(t, "one left", got[[]engine.Endpoint](t)(s.Endpoints(ctx)), []engine.Endpoint{bot})
}
