package web

import (
	"fmt"
	"net/http"
	"time"
)

// myData streams all that is kept about the person of the session. It breaks off
// rather than ends whole if something cannot be read.
func (s *Site) myData(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	if _, err := service.Person(r.Context(), session.Person); err != nil {
		return fmt.Errorf("web: my data: %w", err)
	}
	allowSlowUpload(w)
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="my-data-`+s.now().Format(time.DateOnly)+`.zip"`)
	if err := service.WritePersonalData(r.Context(), session.Person, true, w); err != nil {
		s.log.WarnContext(r.Context(), "my data broke off", "request_id", traceOf(r.Context()).id, "error", err)
		panic(http.ErrAbortHandler) // a download that ends must be whole
	}
	return nil
}
