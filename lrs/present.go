package lrs

import (
	"fmt"

	"github.com/cairn-lms/cairn/xapi"
)

// present is the row as the query asks for it and as the version may see it.
func present(row Row, q Query, v xapi.Version) ([]byte, error) {
	doc := row.JSON()
	var err error
	if row.Flags.Has(Adapt) {
		doc, err = xapi.Adapt(doc, v)
	}
	if err == nil {
		switch q.Format {
		case FormatIDs:
			doc, err = xapi.IDsOnly(doc)
		case FormatCanonical:
			doc, err = xapi.InLanguage(doc, q.Languages)
		case FormatExact:
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lrs: present statement %s: %w", row.ID, err)
	}
	return doc, nil
}

// vouchedBy tells whether the row was written by the authority with the key.
func vouchedBy(row Row, authority string) bool {
	s, err := xapi.DecodeStored(row.Doc)
	return err == nil && s.Authority != nil && s.Authority.Key() == authority
}
