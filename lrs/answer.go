package lrs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"

	"github.com/cairn-lms/cairn/xapi"
)

// What bounds the attachments of one page, unless its first statement has more.
const (
	maxAttached     = 1_000
	maxAttachedSize = 1 << 30 // bytes
)

// attach finds the attachments of the first n of the rows, if the query asks for
// attachments: as many rows as make one page, one at least.
func (r *request) attach(q Query, rows []Row) (a *multipartAnswer, n int, err error) {
	if !q.Attachments {
		return nil, len(rows), nil
	}
	a = &multipartAnswer{boundary: "cairn" + rand.Text()}
	n, err = a.collect(r.Context(), r.lrs.o.Blobs, rows)
	return a, n, err
}

// answer sends JSON; with attachments, as the first part of a multipart.
func (r *request) answer(w http.ResponseWriter, doc []byte, out *multipartAnswer) error {
	if out == nil {
		write(w, http.StatusOK, "application/json", doc)
		return nil
	}
	out.doc = doc
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

// collect finds the attachments of the first n of the rows, in order, each once.
// Those whose bytes are gone (erased) are left out.
func (m *multipartAnswer) collect(ctx context.Context, blobs Blobs, rows []Row) (n int, err error) {
	seen := map[string]bool{}
	size := int64(0)
	for n, row := range rows {
		list, err := row.Attachments()
		if err != nil {
			return 0, err
		}
		list = slices.DeleteFunc(list, func(a xapi.Attachment) bool { return seen[a.SHA2] })
		if n > 0 && len(seen)+len(list) > maxAttached {
			return n, nil
		}
		before := len(m.parts)
		for _, a := range list {
			seen[a.SHA2] = true
			part, err := m.find(ctx, blobs, a)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return 0, fmt.Errorf("lrs: find attachment: %w", err)
			}
			m.parts = append(m.parts, part)
			size += part.size
		}
		if n > 0 && size > maxAttachedSize {
			m.parts = m.parts[:before]
			return n, nil
		}
	}
	return len(rows), nil
}

func (m *multipartAnswer) find(ctx context.Context, blobs Blobs, a xapi.Attachment) (answerPart, error) {
	blob, size, err := blobs.Open(ctx, a.SHA2)
	if err != nil {
		return answerPart{}, err
	}
	return answerPart{a.SHA2, m.headOf(a), size}, blob.Close()
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
