package lrssqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/cairn-lms/cairn/lrs"
)

// Select implements lrs.Store: it walks the index range of the first term in
// order, and probes the other terms row by row.
func (s *Store) Select(ctx context.Context, sel lrs.Selection) ([]lrs.Row, bool, error) {
	text, args := s.query(sel)
	st, err := s.prepared(ctx, text) //nolint:sqlclosecheck // kept ready
	if err != nil {
		return nil, false, fmt.Errorf("lrssqlite: select: %w", err)
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, false, fmt.Errorf("lrssqlite: select: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []lrs.Row
	bytes := 0
	for rows.Next() {
		var segment int64
		r, err := scanRow(rows, &segment)
		if err != nil {
			return nil, false, fmt.Errorf("lrssqlite: select: %w", err)
		}
		if len(out) > 0 && out[len(out)-1].Stored == r.Stored {
			continue // found by two keys of one term
		}
		if len(out) == sel.Limit || len(out) > 0 && sel.MaxBytes > 0 && bytes+len(r.Doc) > sel.MaxBytes {
			return out, true, nil
		}
		bytes += len(r.Doc)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("lrssqlite: select: %w", err)
	}
	return out, false, nil
}

// query is the SQL of a selection. Its text depends on the shape only, so that
// it can be kept prepared.
func (s *Store) query(sel lrs.Selection) (string, []any) {
	// LIMIT ? alone would make SQLite prepare the statement anew each time.
	order := "DESC"
	if sel.Ascending {
		order = "ASC"
	}
	live := " AND s.flags & 1 = 0"
	if sel.Voided {
		live = ""
	}
	if len(sel.Terms) == 0 {
		return `SELECT s.stored, s.id, s.flags, s.doc, 0 FROM lrs_statements s WHERE s.stored > ? AND s.stored <= ?` + live +
			` ORDER BY s.stored ` + order + ` LIMIT ?+0`, []any{sel.After, sel.Until, sel.Limit + 1}
	}
	var probes strings.Builder
	var probed []any
	for _, term := range sel.Terms[1:] {
		probes.WriteString(` AND EXISTS (SELECT 1 FROM lrs_refs p WHERE p.segment = g.n AND p.key IN (?` + strings.Repeat(", ?", len(term)-1) + `) AND p.stored = r.stored)`)
		for _, k := range term {
			probed = append(probed, s.hash(k))
		}
	}
	// CROSS JOIN keeps the order of the tables: segment by segment, the index range
	// drives. The segments before that of After, and behind that of Until, are left
	// out.
	one := `SELECT r.stored, s.id, s.flags, s.doc, g.n FROM lrs_segments g CROSS JOIN lrs_refs r CROSS JOIN lrs_statements s
		WHERE g.n >= coalesce(` + segmentOf + `, 1) AND g.n <= ` + segmentOf + `
		AND r.segment = g.n AND r.key = ? AND r.stored > ? AND r.stored <= ? AND s.stored = r.stored` + live + probes.String()
	var parts []string
	var args []any
	for _, k := range sel.Terms[0] {
		parts = append(parts, one)
		args = append(append(args, sel.After, sel.Until, s.hash(k), sel.After, sel.Until), probed...)
	}
	// A row may come once per key of the term; sorted, its copies are neighbours.
	args = append(args, (sel.Limit+1)*len(parts))
	return strings.Join(parts, " UNION ALL ") + ` ORDER BY 5 ` + order + `, 1 ` + order + ` LIMIT ?+0`, args
}
