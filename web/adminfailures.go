package web

import (
	"net/http"
	"slices"
	"sort"

	"github.com/cairn-lms/cairn/lti"
)

// failuresPage is the Body of the list of refused launches.
type failuresPage struct {
	Registration string // filtered by; empty: all
	Failures     []failureView
}

// failureView is one refusal as an administrator reads it.
type failureView struct {
	lti.Failure
	Saw    string // key of the sentence that the person read; empty if nobody did
	Advice string // key of what to do about it
	Facts  []fact // claims with values, by name
}

type fact struct{ Name, Value string }

const failuresShown = 100

func (s *Site) listFailures(w http.ResponseWriter, r *http.Request, session *Session) error {
	asked := r.URL.Query().Get("registration")
	failures, err := s.failuresOf(r, session, lti.RegistrationID(asked), failuresShown)
	if err != nil {
		return err
	}
	return s.drawAdmin(w, r, session, http.StatusOK, "failures", failuresPage{Registration: asked, Failures: failures})
}

// failuresOf are the refusals of an administrator's tenants, of one registration or
// of all, latest first. What belongs to nobody is the operator's.
func (s *Site) failuresOf(r *http.Request, session *Session, reg lti.RegistrationID, limit int) ([]failureView, error) {
	tenants, err := s.tenantsOf(r, session)
	if err != nil {
		return nil, err
	}
	if session.operator() {
		tenants = append(slices.Clone(tenants), "")
	}
	m := s.view(r)
	var views []failureView
	for _, tenant := range tenants {
		some, err := s.tool.Failures(r.Context(), tenant, 0)
		if err != nil {
			return nil, err
		}
		for _, f := range some {
			if reg == "" || f.Registration == reg {
				views = append(views, viewOfFailure(m, f))
			}
		}
	}
	sort.SliceStable(views, func(i, j int) bool { return views[i].Last.After(views[j].Last) })
	return views[:min(len(views), limit)], nil
}

func viewOfFailure(m *view, f lti.Failure) failureView {
	v := failureView{Failure: f, Saw: "page.refused.launch", Advice: "admin.advice." + adviceOf(f.Kind, f.Code)}
	if f.Kind == lti.FailedRegistration {
		v.Saw = "page.refused.registration"
	}
	if key := "page.refused." + f.Code; m.Has(key) {
		v.Saw = key
	}
	if f.Kind == lti.FailedNotice || f.Kind == lti.FailedLiveEvent {
		v.Saw = "" // servers among themselves
	}
	for name, value := range f.Claims {
		v.Facts = append(v.Facts, fact{name, value})
	}
	slices.SortFunc(v.Facts, func(a, b fact) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return v
}

// adviceOf is the topic of what an administrator can do about a refusal.
func adviceOf(kind, code string) string {
	switch code {
	case "event_unsigned", "too_many_events":
		return "stream"
	case "unknown_issuer", "unknown_client", "ambiguous_client":
		return "register"
	case "too_many_logins":
		return "flood"
	case "registration_suspended", "deployment_suspended":
		return "suspended"
	case "unknown_deployment", "deployment_pending":
		return "approve"
	case "state_other_browser", "state_missing", "state_unknown", "storage_mismatch", "storage_not_offered", "storage_other_site":
		return "browser"
	case "state_reused", "nonce_reused", "state_expired", "restart_unknown":
		return "again"
	case "issued_in_future", "issued_too_long_ago", "token_expired", "not_yet_valid":
		return "clock"
	case "keys_unavailable", "kid_unknown":
		if kind == lti.FailedLiveEvent {
			return "stream"
		}
		return "keys"
	case "target_off_origin", "token_target_off_origin", "target_mismatch":
		return "address"
	case "subject_missing", "subject_empty":
		return "privacy"
	case "wrong_version", "version_missing", "not_lti":
		return "version"
	case "platform_error":
		return "platform"
	case "invite_missing", "invite_unknown":
		return "invite"
	case "configuration_missing", "configuration_url", "configuration_invalid", "configuration_unreachable", "configuration_issuer",
		"registration_refused", "registration_answer":
		return "configuration"
	case "registration_taken", "issuer_taken":
		return "taken"
	case "internal":
		return "internal"
	case "bad_signature", "alg_none", "alg_not_allowed", "embedded_key", "critical_header", "key_wrong_type", "key_too_short",
		"key_not_for_signing", "key_other_alg", "key_malformed", "wrong_audience", "untrusted_audience", "azp_wrong", "issuer_mismatch",
		"nonce_unknown", "nonce_other_state", "deployment_mismatch":
		return "forged"
	}
	if kind == lti.FailedLiveEvent {
		return "stream"
	}
	return "message"
}
