package lrs

import (
	"context"
	"fmt"

	"github.com/cairn-lms/cairn/xapi"
)

// maxLookups bounds how many activities of one page get their canonical
// definition; further ones are shown as their statements define them.
const maxLookups = 5_000

// present is the rows as the query asks for them and as the version may see them.
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
		return docs, l.canonical(ctx, rows, docs, q.Languages)
	}
	return docs, nil
}

// canonical makes the documents what format=canonical says: activities as they
// are defined by now, in one language.
func (l *LRS) canonical(ctx context.Context, rows []Row, docs [][]byte, languages string) error {
	read := make([]xapi.Document, len(docs))
	var asked []string
	seen := map[string]bool{}
	for i, doc := range docs {
		var err error
		if read[i], err = xapi.ReadDocument(doc); err != nil {
			return fmt.Errorf("lrs: canonical: statement %s: %w", rows[i].ID, err)
		}
		for _, id := range read[i].Activities() {
			if !seen[id] && len(asked) < maxLookups {
				seen[id] = true
				asked = append(asked, id)
			}
		}
	}
	definitions, err := l.store.Definitions(ctx, asked)
	if err != nil {
		return fmt.Errorf("lrs: canonical: %w", err)
	}
	c, err := xapi.NewCanonical(languages, definitions)
	if err != nil {
		return fmt.Errorf("lrs: canonical: %w", err)
	}
	for i := range docs {
		docs[i] = c.Show(read[i])
	}
	return nil
}

// vouchedBy tells whether the row was written by the authority with the key.
func vouchedBy(row Row, authority string) (bool, error) {
	s, err := xapi.DecodeStored(row.Doc)
	if err != nil {
		return false, fmt.Errorf("lrs: authority of statement %s: %w", row.ID, err)
	}
	return s.Authority != nil && s.Authority.Key() == authority, nil
}
