package enginetest

import (
	"fmt"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func file(id string, version int, source string) engine.WorkflowFile {
	return engine.WorkflowFile{ID: engine.WorkflowID(id), Version: version, Source: []byte(source), ImportedAt: start,
		Aids: map[string]string{"aids/how.to.md": "# How\n", "aids/how.to.de.md": "# Wie\n"}}
}

func workflowIsKeptForGood(t *testing.T, s engine.Store) {
	ctx := t.Context()
	f := file("first-steps", 1, "workflow: first-steps\n")
	must(t, s.PutWorkflow(ctx, f))

	again := f
	again.ImportedAt = at(5)
	must(t, s.PutWorkflow(ctx, again))
	same(t, "the version", got[engine.WorkflowFile](t)(s.Workflow(ctx, f.ID, 1)), f)

	other := f
	other.Source = []byte("workflow: first-steps # changed\n")
	wantErr(t, s.PutWorkflow(ctx, other), engine.ErrConflict)
	other = f
	other.Aids = map[string]string{"aids/how.to.md": "# Why\n"}
	wantErr(t, s.PutWorkflow(ctx, other), engine.ErrConflict)
	same(t, "the version after a refused import", got[engine.WorkflowFile](t)(s.Workflow(ctx, f.ID, 1)), f)
}

func highestVersionIsLatest(t *testing.T, s engine.Store) {
	ctx := t.Context()
	same(t, "an empty list", len(got[[]engine.WorkflowFile](t)(s.Workflows(ctx))), 0)
	for _, f := range []engine.WorkflowFile{file("b", 10, "b10"), file("b", 9, "b9"), file("a", 2, "a2"), file("b", 1, "b1")} {
		must(t, s.PutWorkflow(ctx, f))
	}
	same(t, "version 0", got[engine.WorkflowFile](t)(s.Workflow(ctx, "b", 0)), file("b", 10, "b10"))
	same(t, "version 9", got[engine.WorkflowFile](t)(s.Workflow(ctx, "b", 9)), file("b", 9, "b9"))
	same(t, "the list", got[[]engine.WorkflowFile](t)(s.Workflows(ctx)), []engine.WorkflowFile{file("a", 2, "a2"), file("b", 10, "b10")})

	_, err := s.Workflow(ctx, "b", 2)
	wantErr(t, err, engine.ErrNotFound)
	_, err = s.Workflow(ctx, "c", 0)
	wantErr(t, err, engine.ErrNotFound)
}

func importsAgree(t *testing.T, s engine.Store) {
	same(t, "imports of the same text", together(t, 8, nil, func(int) error { return s.PutWorkflow(t.Context(), file("a", 1, "same")) }), 8)
	same(t, "imports of different texts", together(t, 8, engine.ErrConflict, func(i int) error {
		return s.PutWorkflow(t.Context(), file("a", 2, fmt.Sprint("text ", i)))
	}), 1)
}
