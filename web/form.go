package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web/upload"
)

// Bounds of what one form may hold.
const (
	maxFiles  = 5
	maxFile   = 10 << 20
	maxFields = 400
)

// filesField is the name of the field that carries files.
const filesField = "evidence"

// readForm reads a form, be it urlencoded or multipart, into r.PostForm, and
// returns the files of it, at most files many. All fields together have at most
// fieldBytes. What is too large is errTooLarge (413), what cannot be read ErrUpload.
func (s *Site) readForm(r *http.Request, files int, fieldBytes int64) ([]engine.Upload, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && r.Header.Get("Content-Type") != "" {
		return nil, fmt.Errorf("read form: %w: %w", ErrUpload, err)
	}
	if kind != "multipart/form-data" {
		r.Body = http.MaxBytesReader(nil, r.Body, fieldBytes)
		return nil, parseForm(r)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("read form: %w: %w", ErrUpload, err)
	}
	form := url.Values{}
	r.PostForm, r.Form = form, form // whatever happens, what was read so far is there
	var uploads []engine.Upload
	left := fieldBytes
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, partError(err)
		}
		if n >= maxFields {
			return nil, fmt.Errorf("read form: more than %d fields: %w", maxFields, errTooLarge)
		}
		if part.FileName() == "" {
			value, err := readPart(part, left)
			if err != nil {
				return nil, err
			}
			left -= int64(len(value))
			if part.FormName() != filesField { // an empty file field comes without a name
				form.Add(part.FormName(), string(value))
			}
			continue
		}
		if part.FormName() != filesField || len(uploads) >= files {
			return nil, fmt.Errorf("read form: more than %d files: %w", files, errTooLarge)
		}
		data, err := readPart(part, maxFile)
		if err != nil {
			return nil, err
		}
		one, err := s.uploads.Take(r.Context(), part.FileName(), data)
		if errors.Is(err, upload.ErrRefused) {
			return nil, fmt.Errorf("read form: %w: %w", ErrUpload, err)
		}
		if err != nil {
			return nil, fmt.Errorf("read form: %w", err)
		}
		uploads = append(uploads, one)
	}
	return uploads, nil
}

func readPart(part *multipart.Part, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return nil, partError(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("read form: a part is over %d bytes: %w", limit, errTooLarge)
	}
	return data, nil
}

func partError(err error) error {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return fmt.Errorf("read form: %w", err)
	}
	return fmt.Errorf("read form: %w: %w", ErrUpload, err)
}

// localPath tells whether a path stays on this site.
func localPath(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") && !strings.ContainsAny(p, "\\\r\n")
}

// seeOther sends the browser on, after a form, to a path of this site.
func seeOther(w http.ResponseWriter, r *http.Request, path string) {
	if !localPath(path) {
		path = "/"
	}
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // checked just above
}

// parseForm reads a form of plain fields. What is too large says so (413); what
// cannot be read is ErrUpload.
func parseForm(r *http.Request) error {
	err := r.ParseForm()
	var tooLong *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLong):
		return fmt.Errorf("read form: %w", err)
	default:
		return fmt.Errorf("read form: %w: %w", ErrUpload, err)
	}
}

// uploadTime is how long a hand-in may take: five files from a phone with little
// reception. The server's own limits are for requests without files.
const uploadTime = 15 * time.Minute

// allowSlowUpload gives this request uploadTime, and its answer a minute more.
func allowSlowUpload(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	now := time.Now() // deadlines are real time
	// A writer that knows no deadlines has none.
	_ = control.SetReadDeadline(now.Add(uploadTime))
	_ = control.SetWriteDeadline(now.Add(uploadTime + time.Minute))
}
