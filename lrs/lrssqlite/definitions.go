package lrssqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/lrs"
)

const (
	selectRevision   = `SELECT coalesce(max(rev), 0) FROM lrs_definitions`
	selectDefinition = `SELECT doc FROM lrs_definitions WHERE key = ? AND activity = ?`
	upsertDefinition = `INSERT INTO lrs_definitions (key, activity, rev, doc)
		VALUES (?, ?, (SELECT coalesce(max(rev), 0) + 1 FROM lrs_definitions), ?)
		ON CONFLICT (key) DO UPDATE SET activity = excluded.activity, rev = excluded.rev, doc = excluded.doc`
)

func defines(activity string) lrs.IndexKey { return lrs.IndexKey("d " + activity) }

// define merges what the batches that made it say of activities.
func (w *writer) define(group []*batch) error {
	var list []lrs.Definition
	for _, b := range group {
		if b.err != nil || len(b.existing) > 0 {
			continue
		}
		for _, e := range b.entries {
			list = append(list, e.Definitions...)
		}
	}
	if len(list) == 0 {
		return nil
	}
	st, err := w.statement(selectRevision) //nolint:sqlclosecheck // closed with the transaction
	if err != nil {
		return err
	}
	var revision int64
	if err := st.QueryRowContext(w.ctx).Scan(&revision); err != nil {
		return err
	}
	w.defined.At(revision)
	news := w.defined.News(list)
	for activity, list := range news {
		changed, err := w.merge(activity, list)
		if err != nil {
			return err
		}
		if changed {
			revision++
		}
	}
	w.defined.Done(news, revision)
	return nil
}

// merge puts the definitions over the activity's, and tells whether that changed.
func (w *writer) merge(activity string, list []lrs.Definition) (changed bool, err error) {
	key := w.hash(defines(activity))
	st, err := w.statement(selectDefinition) //nolint:sqlclosecheck // closed with the transaction
	if err != nil {
		return false, err
	}
	var old []byte
	if err := st.QueryRowContext(w.ctx, key, activity).Scan(&old); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	doc := old
	for _, d := range list {
		if doc, err = d.Over(doc); err != nil {
			return false, err
		}
	}
	if slices.Equal(doc, old) {
		return false, nil
	}
	_, err = w.exec(upsertDefinition, key, activity, doc)
	return true, err
}

// Definitions implements lrs.Definitions.
func (s *Store) Definitions(ctx context.Context, activities []string) (map[string][]byte, error) {
	found := make(map[string][]byte, len(activities))
	for chunk := range slices.Chunk(activities, atOnce) {
		if err := s.definitions(ctx, chunk, found); err != nil {
			return nil, fmt.Errorf("lrssqlite: definitions: %w", err)
		}
	}
	return found, nil
}

func (s *Store) definitions(ctx context.Context, activities []string, found map[string][]byte) error {
	n := 1 // a power of two, so that there are few texts to keep prepared
	for n < len(activities) {
		n *= 2
	}
	args := make([]any, n)
	for i := range args {
		args[i] = s.hash(defines(activities[min(i, len(activities)-1)]))
	}
	st, err := s.prepared(ctx, `SELECT activity, doc FROM lrs_definitions WHERE key IN (?`+strings.Repeat(", ?", n-1)+`)`) //nolint:sqlclosecheck // kept ready
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, args...) //nolint:sqlclosecheck // each closes them
	return each(rows, err, func() error {
		var activity string
		var doc []byte
		if err := rows.Scan(&activity, &doc); err != nil {
			return err
		}
		if slices.Contains(activities, activity) {
			found[activity] = doc
		}
		return nil
	})
}
