package lrs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/cairn-lms/cairn/xapi"
)

// answer sends JSON; if attachments were asked for, as the first part of a
// multipart that has the bytes of those of the rows, each once.
func (r *request) answer(w http.ResponseWriter, doc []byte, q Query, rows ...Row) error {
	if !q.Attachments {
		write(w, http.StatusOK, "application/json", doc)
		return nil
	}
	out := multipartAnswer{boundary: "cairn" + rand.Text(), doc: doc}
	if err := out.collect(r.Context(), r.lrs.o.Blobs, rows); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "multipart/mixed; boundary="+out.boundary)
	w.Header().Set("Content-Length", strconv.FormatInt(out.size(), 10))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	// It has begun: what fails now is seen by the client as an answer cut short.
	err := out.send(r.Context(), patientWriter{w, newPatience(w)}, r.lrs.o.Blobs)
	if err != nil && r.Context().Err() == nil {
		r.lrs.o.Log.ErrorContext(r.Context(), "xapi answer with attachments was cut short", "err", err)
	}
	return nil
}

// multipartAnswer is a multipart/mixed body whose length is known before it is
// sent (1.0.3 Communication 1.5.2; 2.0 4.1.3).
type multipartAnswer struct {
	boundary string
	doc      []byte
	parts    []answerPart
}

type answerPart struct {
	sha2 string
	head string // the boundary before it, and its headers
	size int64
}

// collect finds the attachments of the rows, in order. Those whose bytes are gone
// (erased) are left out.
func (m *multipartAnswer) collect(ctx context.Context, blobs Blobs, rows []Row) error {
	seen := map[string]bool{}
	for _, row := range rows {
		list, err := row.Attachments()
		if err != nil {
			return err
		}
		for _, a := range list {
			if seen[a.SHA2] {
				continue
			}
			seen[a.SHA2] = true
			blob, size, err := blobs.Open(ctx, a.SHA2)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return fmt.Errorf("lrs: find attachment: %w", err)
			}
			if err := blob.Close(); err != nil {
				return fmt.Errorf("lrs: find attachment: %w", err)
			}
			m.parts = append(m.parts, answerPart{a.SHA2, m.headOf(a), size})
		}
	}
	return nil
}

func (m *multipartAnswer) first() string {
	return "--" + m.boundary + "\r\nContent-Type: application/json\r\n\r\n"
}

func (m *multipartAnswer) headOf(a xapi.Attachment) string {
	return "\r\n--" + m.boundary + "\r\nContent-Type: " + headerType(a.ContentType) +
		"\r\nContent-Transfer-Encoding: binary\r\n" + hashHeader + ": " + a.SHA2 + "\r\n\r\n"
}

func (m *multipartAnswer) last() string { return "\r\n--" + m.boundary + "--\r\n" }

func (m *multipartAnswer) size() int64 {
	n := int64(len(m.first()) + len(m.doc) + len(m.last()))
	for _, p := range m.parts {
		n += int64(len(p.head)) + p.size
	}
	return n
}

func (m *multipartAnswer) send(ctx context.Context, w io.Writer, blobs Blobs) error {
	if _, err := io.WriteString(w, m.first()); err != nil {
		return err
	}
	if _, err := w.Write(m.doc); err != nil {
		return err
	}
	for _, p := range m.parts {
		if err := p.send(ctx, w, blobs); err != nil {
			return fmt.Errorf("attachment %s: %w", p.sha2, err)
		}
	}
	_, err := io.WriteString(w, m.last())
	return err
}

func (p answerPart) send(ctx context.Context, w io.Writer, blobs Blobs) error {
	blob, size, err := blobs.Open(ctx, p.sha2)
	if err != nil {
		return err
	}
	defer blob.Close() //nolint:errcheck // only read
	if size != p.size {
		return fmt.Errorf("has %d bytes now, had %d", size, p.size)
	}
	if _, err := io.WriteString(w, p.head); err != nil {
		return err
	}
	_, err = io.CopyN(w, blob, size)
	return err
}

// headerType is a media type as a header may hold it: what a statement says after
// the semicolon may be anything.
func headerType(declared string) string {
	for i := range len(declared) {
		if declared[i] < ' ' || declared[i] > '~' {
			if base, _, err := mime.ParseMediaType(declared); err == nil {
				return base
			}
			return "application/octet-stream"
		}
	}
	return declared
}
