package lrs

import (
	"context"
	"fmt"

	"github.com/cairn-lms/cairn/xapi"
)

// Record is one stored statement as Follow tells it.
type Record struct {
	Seq       int64 // stored, in nanoseconds; the cursor
	Statement *xapi.Statement
	Raw       []byte // the statement as format=exact returns it
	Authority xapi.Agent
}

// maxFollow bounds one answer of Follow.
const maxFollow = 1_000

// Follow returns up to limit statements stored after the cursor, in order,
// voided ones too; what cannot be read is passed over. It does not wait: none means there is nothing new yet. Who
// keeps the Seq of the last one handled sees every statement at least once.
func (l *LRS) Follow(ctx context.Context, after int64, limit int) ([]Record, error) {
	if limit <= 0 || limit > maxFollow {
		limit = maxFollow
	}
	through, err := l.store.Through(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("lrs: follow: %w", err)
	}
	for {
		rows, more, err := l.store.Select(ctx, Selection{
			After: after, Until: through, Ascending: true, Limit: limit, MaxBytes: pageBytes, Voided: true,
		})
		if err != nil {
			return nil, fmt.Errorf("lrs: follow: %w", err)
		}
		if out := l.records(ctx, rows); len(out) > 0 || !more {
			return out, nil
		}
		after = rows[len(rows)-1].Stored // of all these none can be read
	}
}

// records are the rows that can be read. The others are logged: they must not
// keep from who follows what comes after them.
func (l *LRS) records(ctx context.Context, rows []Row) []Record {
	out := make([]Record, 0, len(rows))
	for _, row := range rows {
		raw := row.JSON()
		s, err := xapi.DecodeStored(raw)
		if err != nil {
			if l.passOver(row.Stored) {
				l.o.Log.ErrorContext(ctx, "a statement that cannot be read is kept from who follows", "statement", row.ID, "err", err)
			}
			continue
		}
		r := Record{Seq: row.Stored, Statement: s, Raw: raw}
		if s.Authority != nil {
			r.Authority = *s.Authority
		}
		out = append(out, r)
	}
	return out
}

// passOver notes how far Follow has passed over what cannot be read, and tells
// whether it was not there before.
func (l *LRS) passOver(stored int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if stored <= l.passed {
		return false
	}
	l.passed = stored
	return true
}
