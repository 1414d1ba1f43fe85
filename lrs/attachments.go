package lrs

import (
	"fmt"

	"github.com/cairn-lms/cairn/xapi"
)

// attachments are those of the statement and of its sub-statement.
func attachments(s *xapi.Statement) []xapi.Attachment {
	if s.Object.Sub == nil {
		return s.Attachments
	}
	return append(s.Attachments[:len(s.Attachments):len(s.Attachments)], s.Object.Sub.Attachments...)
}

// maxLinked bounds the attachments with a fileUrl of one statement whose bytes may
// come with it all the same: each has a flag.
const maxLinked = 48

// linked calls f with the attachments that have a fileUrl, so that their bytes may
// or may not have come, and the number of each in the statement. A signature is
// not counted: it always comes, and erasure takes it out.
func linked(s *xapi.Statement, f func(n int, a xapi.Attachment)) {
	n := 0
	for _, a := range attachments(s) {
		if a.FileURL != "" && a.UsageType != xapi.UsageSignature {
			f(n, a)
			n++
		}
	}
}

// cameWith is the flag of the attachment with this number: its bytes came with the
// statement. Beyond maxLinked there is none.
func cameWith(n int) Flags {
	if n >= maxLinked {
		return 0
	}
	return 1 << (8 + n)
}

// setCame notes which of the linked attachments came, by their digests in lower
// case.
func (e *Entry) setCame(s *xapi.Statement, came map[string]bool) {
	linked(s, func(n int, a xapi.Attachment) {
		if came[lower(a)] {
			e.Flags |= cameWith(n)
		}
	})
}

// Attachments are the attachments of the statement whose bytes came with it, each
// digest (in lower case) once: Blobs has them, unless they were erased.
func (r Row) Attachments() ([]xapi.Attachment, error) {
	s, err := xapi.DecodeStored(r.Doc)
	if err != nil {
		return nil, fmt.Errorf("lrs: attachments of statement %s: %w", r.ID, err)
	}
	came := map[string]bool{}
	linked(s, func(n int, a xapi.Attachment) {
		if flag := cameWith(n); flag != 0 && r.Flags.Has(flag) {
			came[lower(a)] = true
		}
	})
	var out []xapi.Attachment
	seen := map[string]bool{}
	for _, a := range attachments(s) {
		a.SHA2 = lower(a)
		if !seen[a.SHA2] && (a.FileURL == "" || a.UsageType == xapi.UsageSignature || came[a.SHA2]) {
			seen[a.SHA2] = true
			out = append(out, a)
		}
	}
	return out, nil
}
