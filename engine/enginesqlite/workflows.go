package enginesqlite

import (
	"bytes"
	"context"
	"fmt"
	"maps"

	"github.com/cairn-lms/cairn/engine"
)

// PutWorkflow keeps a version of a workflow for good.
func (s *Store) PutWorkflow(ctx context.Context, f engine.WorkflowFile) error {
	const op = "put workflow"
	doc, err := encode(op, f)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO engine_workflows (id, version, doc) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		string(f.ID), f.Version, doc)
	if err != nil {
		return fail(op, err)
	}
	kept, err := document[engine.WorkflowFile](ctx, s, op, `SELECT doc FROM engine_workflows WHERE id = ? AND version = ?`, string(f.ID), f.Version)
	if err != nil {
		return err
	}
	if !bytes.Equal(kept.Source, f.Source) || !maps.Equal(kept.Aids, f.Aids) || !maps.Equal(kept.Media, f.Media) {
		return fmt.Errorf("enginesqlite: %s: %w: %s version %d is there already, with another text", op, engine.ErrConflict, f.ID, f.Version)
	}
	return nil
}

// Workflow gives one version, or the highest for version 0.
func (s *Store) Workflow(ctx context.Context, id engine.WorkflowID, version int) (engine.WorkflowFile, error) {
	if version == 0 {
		return document[engine.WorkflowFile](ctx, s, "workflow", `SELECT doc FROM engine_workflows WHERE id = ? ORDER BY version DESC LIMIT 1`, string(id))
	}
	return document[engine.WorkflowFile](ctx, s, "workflow", `SELECT doc FROM engine_workflows WHERE id = ? AND version = ?`, string(id), version)
}

// Workflows gives the highest version of each workflow, by id.
func (s *Store) Workflows(ctx context.Context) ([]engine.WorkflowFile, error) {
	return documents[engine.WorkflowFile](ctx, s, "workflows", `SELECT doc FROM engine_workflows AS w
		WHERE version = (SELECT max(version) FROM engine_workflows WHERE id = w.id) ORDER BY id LIMIT ?`, maxRows)
}
