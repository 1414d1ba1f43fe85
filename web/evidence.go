package web

import (
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web/upload"
)

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

// smallSide is the longer side, in pixels, of a picture in a list: twice what is shown, for sharp screens.
const smallSide = 320

// ownEvidence gives a learner a file of the own enrolment.
func (s *Site) ownEvidence(w http.ResponseWriter, r *http.Request, session *Session) error {
	return s.serveEvidence(w, r, session.Tenant, session.Enrolment, true)
}

// serveEvidence sends a file of an enrolment, to the learner or to somebody
// else; the engine finds it within the enrolment only.
func (s *Site) serveEvidence(w http.ResponseWriter, r *http.Request, tenant string, enrolment engine.EnrolmentID, own bool) error {
	service, err := s.tenant(r.Context(), tenant)
	if err != nil {
		return err
	}
	return s.sendFile(w, r, func(sha string) (engine.EvidenceFile, error) { return service.FileIn(r.Context(), enrolment, sha, own) })
}

// sendFile sends the file that the address names, once it is found. With ?small=1 a
// picture comes as small as lists show it. A file is never a page of ours: it is
// sandboxed, cannot be framed or sniffed, and all but plain pictures are saved, not shown.
func (s *Site) sendFile(w http.ResponseWriter, r *http.Request, find func(sha string) (engine.EvidenceFile, error)) error {
	sha := mux.Vars(r)["sha"]
	if !sha256Form.MatchString(sha) {
		return errNoPage
	}
	file, err := find(sha)
	if err != nil {
		return fmt.Errorf("web: evidence: %w", err)
	}
	var data []byte
	if r.URL.Query().Get("small") != "" {
		data, err = s.uploads.Small(r.Context(), sha, file.ContentType, smallSide, file.Bytes)
		if data != nil {
			file.ContentType = "image/jpeg"
		}
	}
	if err == nil && data == nil {
		data, err = file.Bytes(r.Context())
	}
	if err != nil {
		return fmt.Errorf("web: evidence: %w", err)
	}
	disposition := "attachment"
	if upload.ShownInline(file.ContentType) {
		disposition = "inline"
	}
	contentType := file.ContentType
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": upload.FileName(file.Name)}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(data) //nolint:gosec // sandboxed and not sniffed, see above; the reader has gone; there is nobody to tell
	}
	return nil
}
