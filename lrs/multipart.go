package lrs

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"
)

// hashHeader names the digest of the attachment that a part holds.
const hashHeader = "X-Experience-API-Hash"

// What bounds a multipart request, apart from its size.
const (
	maxParts    = 1_000    // with attachments
	maxBetween  = 64 << 10 // bytes of a part's headers, before the first boundary, and after the last
	maxBoundary = 70       // characters (RFC 2046)
)

// takeApart reads a multipart/mixed body (RFC 2046; 1.0.3 Communication 1.5.2;
// 2.0 4.1.3). The first part is JSON of at most most bytes, which first gets
// whole. Each other is the bytes of an attachment: next gets its place in errors,
// its digest as sent, and the bytes to read. The error is one of theirs or that
// the body is not as it should be; it comes before the end of a body that never
// ends.
func takeApart(body io.Reader, boundary string, most int64, first func(data []byte) error, next func(path, sha2 string, r io.Reader) error) error {
	if boundary == "" || len(boundary) > maxBoundary {
		return &problem{http.StatusBadRequest, "Content-Type", fmt.Sprintf("multipart/mixed needs a boundary of 1 to %d characters", maxBoundary)}
	}
	in := &gauge{r: body}
	reader := multipart.NewReader(in, boundary)
	for n := 0; ; n++ {
		path := fmt.Sprintf("parts[%d]", n)
		in.bind(maxBetween)
		part, err := reader.NextRawPart()
		if err == io.EOF && n > 0 { //nolint:errorlint // in gives no such error: it is the last boundary
			in.bind(maxBetween)
			if _, err := io.Copy(io.Discard, in); !errors.Is(err, io.ErrUnexpectedEOF) {
				return in.blame("after the last part", err)
			}
			return nil
		}
		if err != nil {
			return in.blame(path, err)
		}
		if n > maxParts {
			return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d attachments at once; send fewer at a time", maxParts))
		}
		in.release()
		if n == 0 {
			err = readFirst(part, most, first)
		} else {
			err = readNext(part, path, next)
		}
		if in.err != nil || errors.Is(err, io.ErrUnexpectedEOF) {
			return in.blame(path, err)
		}
		if err != nil {
			return err
		}
	}
}

func readFirst(part *multipart.Part, most int64, first func(data []byte) error) error {
	if typ, _, err := mime.ParseMediaType(part.Header.Get("Content-Type")); err != nil || typ != "application/json" {
		return &problem{http.StatusBadRequest, "parts[0].Content-Type", "the first part holds the statements, as application/json"}
	}
	if err := plain(part, "parts[0]", "binary", "8bit", "7bit"); err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(part, most+1))
	if err != nil {
		return err
	}
	if int64(len(data)) > most {
		return &http.MaxBytesError{Limit: most}
	}
	return first(data)
}

func readNext(part *multipart.Part, path string, next func(path, sha2 string, r io.Reader) error) error {
	hashes := part.Header.Values(hashHeader)
	if len(hashes) != 1 {
		return &problem{http.StatusBadRequest, path + "." + hashHeader, "every part but the first names here, once, the SHA-2 digest of its bytes"}
	}
	if err := plain(part, path, "binary"); err != nil {
		return err
	}
	return next(path, strings.TrimSpace(hashes[0]), part)
}

// plain demands that the part is its bytes as they are.
func plain(part *multipart.Part, path string, encodings ...string) error {
	given := part.Header.Values("Content-Transfer-Encoding")
	if len(given) == 0 {
		return nil
	}
	for _, e := range encodings {
		if len(given) == 1 && strings.EqualFold(strings.TrimSpace(given[0]), e) {
			return nil
		}
	}
	return &problem{http.StatusBadRequest, path + ".Content-Transfer-Encoding", "expected binary"}
}

// errBetween says that there is too much between two parts.
var errBetween = errors.New("lrs: too much between two parts")

// gauge reads a body, remembers how that failed, and while it is bound gives only
// so many bytes. The end of the body is an empty line, for a last boundary that
// has none, and then io.ErrUnexpectedEOF: multipart.Reader takes io.EOF for a
// proper end between the boundary and the headers of a part too.
type gauge struct {
	r     io.Reader
	err   error // of r, but for its end; or errBetween
	ended bool
	tail  string // what follows the end
	bound bool
	left  int64
}

func (g *gauge) bind(most int64) { g.bound, g.left = true, most }
func (g *gauge) release()        { g.bound = false }

func (g *gauge) Read(p []byte) (int, error) {
	switch {
	case g.err != nil:
		return 0, g.err
	case g.ended && len(g.tail) == 0:
		return 0, io.ErrUnexpectedEOF
	case g.ended:
		n := copy(p, g.tail)
		g.tail = g.tail[n:]
		return n, nil
	case g.bound && g.left == 0:
		g.err = errBetween
		return 0, g.err
	case g.bound:
		p = p[:min(int64(len(p)), g.left)]
	}
	n, err := g.r.Read(p)
	g.left -= int64(n)
	if err == io.EOF { //nolint:errorlint // a wrapped one is no end
		g.ended, g.tail = true, "\r\n"
		return n, nil
	}
	g.err = err
	return n, err
}

// blame is the answer to a body that could not be read on at path.
func (g *gauge) blame(path string, err error) error {
	switch {
	case errors.Is(g.err, errBetween):
		return &problem{http.StatusBadRequest, path, fmt.Sprintf("more than %d bytes without the boundary and an end of the headers", maxBetween)}
	case g.err != nil:
		return bodyError(g.err)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return &problem{http.StatusBadRequest, path, "the body ends before the last boundary"}
	}
	return &problem{http.StatusBadRequest, path, "a part is a line with the boundary, its headers, an empty line and its bytes"}
}

// bodyError is the answer to a request whose body with attachments could not be
// read.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than the %d bytes this server takes; send fewer attachments at a time", tooLarge.Limit))
	}
	return unread(err, "send fewer attachments at a time")
}

// A client that sends or takes attachments may take its time as long as it gets
// on: it has perMiB for each, and no longer than inAll.
const (
	perMiB = time.Minute
	inAll  = 30 * time.Minute
)

// patience moves the deadlines of a connection while bytes go over it.
type patience struct {
	conn  *http.ResponseController
	start time.Time
	moved int64
}

func newPatience(w http.ResponseWriter) *patience {
	return &patience{conn: http.NewResponseController(w), start: time.Now()}
}

// more notes n bytes. Where deadlines cannot be moved those of the server hold.
func (p *patience) more(n int) {
	before := p.moved >> 20
	if p.moved += int64(n); p.moved>>20 == before {
		return
	}
	deadline := time.Now().Add(perMiB)
	if last := p.start.Add(inAll); deadline.After(last) {
		deadline = last
	}
	_ = p.conn.SetReadDeadline(deadline)
	_ = p.conn.SetWriteDeadline(deadline.Add(perMiB)) // the answer comes after the body
}

// patientReader gives the client time as it reads.
type patientReader struct {
	io.Reader
	*patience
}

func (r patientReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.more(n)
	return n, err
}

// patientWriter gives the client time as it writes.
type patientWriter struct {
	io.Writer
	*patience
}

func (w patientWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.more(n)
	return n, err
}
