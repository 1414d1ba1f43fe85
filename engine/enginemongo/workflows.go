package enginemongo

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/engine"
)

// PutWorkflow keeps a version of a workflow for good.
func (s *Store) PutWorkflow(ctx context.Context, f engine.WorkflowFile) error {
	const op = "put workflow"
	doc, err := encode(op, f)
	if err != nil {
		return err
	}
	id := engine.Key(string(f.ID), strconv.Itoa(f.Version))
	err = insertOnce(ctx, op, s.workflows, bson.D{{Key: "_id", Value: id},
		{Key: "workflow", Value: string(f.ID)}, {Key: "version", Value: int64(f.Version)}, {Key: "doc", Value: doc}})
	if err != nil {
		return err
	}
	kept, err := document[engine.WorkflowFile](ctx, op, s.workflows, is("_id", id), nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(kept.Source, f.Source) || !maps.Equal(kept.Aids, f.Aids) || !maps.Equal(kept.Media, f.Media) {
		return fmt.Errorf("enginemongo: %s: %w: %s version %d is there already, with another text", op, engine.ErrConflict, f.ID, f.Version)
	}
	return nil
}

// Workflow gives one version, or the highest for version 0.
func (s *Store) Workflow(ctx context.Context, id engine.WorkflowID, version int) (engine.WorkflowFile, error) {
	const op = "workflow"
	if version == 0 {
		return document[engine.WorkflowFile](ctx, op, s.workflows, is("workflow", string(id)), descending("version"))
	}
	return document[engine.WorkflowFile](ctx, op, s.workflows, is("_id", engine.Key(string(id), strconv.Itoa(version))), nil)
}

// Workflows gives the highest version of each workflow, by id.
func (s *Store) Workflows(ctx context.Context) ([]engine.WorkflowFile, error) {
	const op = "workflows"
	cursor, err := s.workflows.Find(ctx, bson.D{}, options.Find().SetLimit(maxRows).
		SetProjection(bson.D{{Key: "workflow", Value: 1}, {Key: "version", Value: 1}}))
	if err != nil {
		return nil, fail(op, err)
	}
	var found []struct {
		Workflow string `bson:"workflow"`
		Version  int64  `bson:"version"`
	}
	if err := cursor.All(ctx, &found); err != nil {
		return nil, fail(op, err)
	}
	highest := map[string]int64{}
	for _, f := range found {
		highest[f.Workflow] = max(highest[f.Workflow], f.Version)
	}
	var all []engine.WorkflowFile
	for _, id := range slices.Sorted(maps.Keys(highest)) {
		f, err := s.Workflow(ctx, engine.WorkflowID(id), int(highest[id]))
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}
