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
// voided ones too. It does not wait: none means there is nothing new yet. Who
// keeps the Seq of the last one handled sees every statement at least once.
func (l *LRS) Follow(ctx context.Context, after int64, limit int) ([]Record, error) {
	if limit <= 0 || limit > maxFollow {
		limit = maxFollow
	}
	through, err := l.store.Through(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("lrs: follow: %w", err)
	}
	rows, _, err := l.store.Select(ctx, Selection{
		After: after, Until: through, Ascending: true, Limit: limit, MaxBytes: pageBytes, Voided: true,
	})
	if err != nil {
		return nil, fmt.Errorf("lrs: follow: %w", err)
	}
	out := make([]Record, len(rows))
	for i, r := range rows {
		raw := r.JSON()
		s, err := xapi.DecodeStored(raw)
		if err != nil {
			return nil, fmt.Errorf("lrs: follow: statement %s: %w", r.ID, err)
		}
		out[i] = Record{Seq: r.Stored, Statement: s, Raw: raw}
		if s.Authority != nil {
			out[i].Authority = *s.Authority
		}
	}
	return out, nil
}
