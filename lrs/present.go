package lrs

import (
	"context"
	"fmt"

	"github.com/cairn-lms/cairn/xapi"
)

// present is the rows as the query asks for them and as the version may see them.
// It may be fewer than the rows, but one at least: with format=canonical they may
// grow too large for a page.
func (l *LRS) present(ctx context.Context, rows []Row, q Query, v xapi.Version) ([][]byte, error) {
	docs := make([][]byte, len(rows))
	for i, row := range rows {
		docs[i] = row.JSON()
		var err error
		if len(docs[i]) == 0 || docs[i][0] != '{' {
			err = xapi.ErrStored // which else nobody would see with format=exact
		} else if row.Flags.Has(Adapt) {
			docs[i], err = xapi.Adapt(docs[i], v)
		}
		if err == nil && q.Format == FormatIDs {
			docs[i], err = xapi.IDsOnly(docs[i])
		}
		if err != nil {
			return nil, fmt.Errorf("lrs: present statement %s: %w", row.ID, err)
		}
	}
	if q.Format == FormatCanonical {
		return l.canonical(ctx, rows, docs, q.Languages)
	}
	return docs, nil
}

// vouchedBy tells whether the row was written by the authority with the key.
func vouchedBy(row Row, authority string) (bool, error) {
	s, err := xapi.DecodeStored(row.Doc)
	if err != nil {
		return false, fmt.Errorf("lrs: authority of statement %s: %w", row.ID, err)
	}
	return s.Authority != nil && s.Authority.Key() == authority, nil
}
