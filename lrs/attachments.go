package lrs

import (
	"fmt"
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// attachments are those of the statement and of its sub-statement.
func attachments(s *xapi.Statement) []xapi.Attachment {
	if s.Object.Sub == nil {
		return s.Attachments
	}
	return append(s.Attachments[:len(s.Attachments):len(s.Attachments)], s.Object.Sub.Attachments...)
}

// Attachments are the attachments of the statement whose bytes came with it, each
// digest (in lower case) once: Blobs has them, unless they were erased.
func (r Row) Attachments() ([]xapi.Attachment, error) {
	s, err := xapi.DecodeStored(r.Doc)
	if err != nil {
		return nil, fmt.Errorf("lrs: attachments of statement %s: %w", r.ID, err)
	}
	var out []xapi.Attachment
	seen := map[string]bool{}
	for _, a := range attachments(s) {
		a.SHA2 = strings.ToLower(a.SHA2)
		if !seen[a.SHA2] && (a.FileURL == "" || r.Flags.Has(Attached)) {
			seen[a.SHA2] = true
			out = append(out, a)
		}
	}
	return out, nil
}
