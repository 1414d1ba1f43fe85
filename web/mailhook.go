package web

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// maxMailReport bounds the body of a report of a mail service.
const maxMailReport = 1 << 20

// mailReports takes what a mail service reports: bounces, complaints, deliveries. The token in the path is the authority;
// mail services sign differently or not at all. It is answered in words, for whoever sets it up.
func (s *Site) mailReports(w http.ResponseWriter, r *http.Request) error {
	tokenPage(w.Header())
	tenant, err := s.o.Links.ReadMailHook(mux.Vars(r)["token"])
	if err != nil {
		return err
	}
	if s.o.MailReports == nil {
		return errNoPage
	}
	if !s.hooks.take(tenant, s.wall()) {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many reports; try again in a minute", http.StatusTooManyRequests)
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("read the report: %w", err)
	}
	reports, err := s.o.MailReports(r.Context(), r.Header.Get("Content-Type"), body)
	if err != nil {
		s.log.InfoContext(r.Context(), "a report on mails cannot be read", "request_id", traceOf(r.Context()).id)
		http.Error(w, "this is no report on mails that Cairn can read", http.StatusUnprocessableEntity)
		return nil
	}
	tenants := []string{tenant}
	if tenant == EveryTenant {
		all, err := s.o.Store.Tenants(r.Context())
		if err != nil {
			return fmt.Errorf("web: mail reports: %w", err)
		}
		tenants = tenants[:0]
		for _, t := range all {
			tenants = append(tenants, t.Name)
		}
	}
	for _, name := range tenants {
		service, err := s.tenant(r.Context(), name)
		if err != nil {
			return err
		}
		if err := reportTo(r, service, reports); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func reportTo(r *http.Request, service *engine.Service, reports []engine.MailReport) error {
	for _, report := range reports {
		if err := service.ReportMail(r.Context(), report); err != nil && classify(err).status >= 500 {
			return fmt.Errorf("web: mail reports: %w", err)
		}
	}
	return nil
}

// EveryTenant stands for all tenants in the address for reports, where they share one mail service.
const EveryTenant = "*"

// MailHook is the address to which a mail service reports bounces and complaints on the mails of a tenant.
func (l Links) MailHook(tenant string) string {
	return l.PublicURL + "/hooks/mail/" + l.seal(purposeMailHook, tenant, "mail", "1")
}

// ReadMailHook opens the token of such an address; ErrToken if it is not ours.
func (l Links) ReadMailHook(token string) (tenant string, err error) {
	f, err := l.open(token, purposeMailHook)
	if err != nil {
		return "", err
	}
	return f[0], nil
}

const purposeMailHook = "b1"

// maxReportsPerMinute bounds the calls of the mail services of one tenant, which bundle when they are many.
const maxReportsPerMinute = 600

// rate counts calls by name in the minute they came in.
type rate struct {
	mu     sync.Mutex
	minute int64
	calls  map[string]int
}

// take tells whether one more call is let in.
func (c *rate) take(name string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if minute := now.Unix() / 60; minute != c.minute || c.calls == nil {
		c.minute, c.calls = minute, map[string]int{}
	}
	c.calls[name]++
	return c.calls[name] <= maxReportsPerMinute
}
