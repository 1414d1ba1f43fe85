package lti

import (
	"fmt"
	"log/slog"
	"net/http"
)

// Rejection says why a login, a launch, a registration, a notice or a Live Event was refused. Detail is
// for an administrator: it holds no personal data and may be logged and shown.
type Rejection struct {
	Code   string // stable, distinct per reason
	Spec   string // where the rule stands
	Detail string
	Status int // HTTP

	// Expected and Received say what would have been right and what came, where
	// two values are compared; no personal data.
	Expected, Received string

	// PlatformSays is the platform's own wording of an error answer: show it as
	// text, never log it.
	PlatformSays string

	cause error // of an internal error; logged, not shown
}

func (r *Rejection) Error() string { return fmt.Sprintf("lti: %s: %s (%s)", r.Code, r.Detail, r.Spec) }

// Unwrap makes errors.Is(rej, ErrLaunch) true.
func (r *Rejection) Unwrap() error { return ErrLaunch }

// reject makes the rejection of a code that rule knows.
func reject(code, detail string, args ...any) *Rejection {
	spec, status := rule(code)
	return &Rejection{Code: code, Spec: spec, Status: status, Detail: fmt.Sprintf(detail, args...)}
}

// vs says which value was expected and which came.
func (r *Rejection) vs(expected, received string) *Rejection {
	r.Expected, r.Received = printable(expected, maxFailureText), printable(received, maxFailureText)
	return r
}

// broken is our own failure, not the platform's.
func broken(op string, err error) *Rejection {
	r := reject("internal", "%s failed", op)
	r.cause = err
	return r
}

// Restartable reports whether beginning the login again can help.
func (r *Rejection) Restartable() bool {
	switch r.Code {
	case "state_other_browser", "storage_not_offered", "storage_other_site", "storage_mismatch", "state_expired", "state_reused", "nonce_reused", "token_expired",
		"issued_too_long_ago", "keys_unavailable", "internal", "platform_error":
		return true
	}
	return false
}

// rule is the table of all codes: the rule's place in the specification and the
// HTTP status of a refusal.
func rule(code string) (spec string, status int) {
	const (
		login    = "Security Framework 1.0 §5.1.1.1, third-party initiated login"
		answer   = "Security Framework 1.0 §5.1.1.3, authentication response"
		check    = "Security Framework 1.0 §5.1.3, authentication response validation, rule "
		csrf     = "Security Framework 1.0 §7.3.1, preventing CSRF"
		keys     = "Security Framework 1.0 §6.3, key set URL"
		idToken  = "Security Framework 1.0 §5.1.2, ID token"
		core     = "LTI Core 1.3 §5.3"
		deep     = "Deep Linking 2.0 §4.4, deep linking request"
		review   = "Submission Review 1.0, for_user claim"
		register = "Dynamic Registration 1.0"
		events   = "Canvas Live Events, HTTPS delivery"
		jwsSpec  = "RFC 7515"
		ours     = "Cairn"
	)
	const (
		bad       = http.StatusBadRequest
		unauth    = http.StatusUnauthorized
		forbidden = http.StatusForbidden
		conflict  = http.StatusConflict
		gateway   = http.StatusBadGateway
	)
	switch code {
	// The form itself.
	case "body_too_large":
		return ours, http.StatusRequestEntityTooLarge
	case "bad_form":
		return answer, bad
	case "duplicate_parameter":
		return "RFC 6749 §3.1, parameters must not be repeated", bad
	case "platform_error":
		return answer + " (error)", bad

	// Login initiation.
	case "issuer_missing", "login_hint_missing", "target_missing", "parameter_too_long":
		return login, bad
	case "unknown_issuer", "unknown_client":
		return login, forbidden
	case "ambiguous_client":
		return login + ", client_id", bad
	case "deployment_ambiguous":
		return login + ", lti_deployment_id", bad
	case "target_off_origin":
		return "LTI Core 1.3 §5.3.4, target link URI", bad
	case "registration_suspended", "registration_removed", "deployment_suspended":
		return ours, forbidden
	case "too_many_logins":
		return ours, http.StatusServiceUnavailable
	case "restart_unknown":
		return ours, http.StatusGone

	// State and browser.
	case "state_missing", "state_unknown", "state_expired":
		return csrf, bad
	case "state_reused":
		return csrf, conflict
	case "state_other_browser":
		return csrf, forbidden
	case "storage_not_offered", "storage_other_site", "storage_mismatch":
		return "LTI postMessage Storage 0.1; " + csrf, forbidden

	// The token as a signed thing.
	case "token_missing", "token_malformed":
		return idToken, bad
	case "kid_missing":
		return keys, unauth
	case "kid_unknown":
		return keys, unauth
	case "keys_unavailable":
		return keys, gateway
	case "alg_none":
		return check + "6", unauth
	case "alg_not_allowed":
		return check + "6", unauth
	case "embedded_key":
		return jwsSpec + " §4.1.2–4.1.6, keys come from the registration only", unauth
	case "critical_header":
		return jwsSpec + " §4.1.11", unauth
	case "key_wrong_type", "key_too_short", "key_not_for_signing", "key_other_alg", "key_malformed":
		return keys, unauth
	case "bad_signature":
		return check + "1", unauth

	// Issuer, audience, time, nonce.
	case "issuer_mismatch", "token_issuer_missing":
		return check + "2", unauth
	case "audience_missing", "wrong_audience", "untrusted_audience":
		return check + "3", unauth
	case "azp_missing":
		return check + "4", unauth
	case "azp_wrong":
		return check + "5", unauth
	case "exp_missing", "token_expired":
		return check + "7", unauth
	case "iat_missing", "issued_in_future", "issued_too_long_ago":
		return check + "8", unauth
	case "bad_time":
		return "RFC 7519 §2, NumericDate", bad
	case "not_yet_valid":
		return "RFC 7519 §4.1.5", unauth
	case "nonce_missing", "nonce_unknown", "nonce_other_state":
		return check + "9", unauth
	case "nonce_reused":
		return check + "9", conflict

	// LTI claims.
	case "bad_claim_type":
		return core, bad
	case "id_too_long", "id_malformed":
		return core, bad
	case "not_lti", "message_type_missing", "unknown_message_type":
		return core + ".1, message type", bad
	case "version_missing", "wrong_version":
		return core + ".2, version", bad
	case "deployment_missing", "deployment_mismatch":
		return core + ".3, deployment id", bad
	case "unknown_deployment", "deployment_pending":
		return core + ".3, deployment id", forbidden
	case "token_target_missing", "token_target_off_origin", "target_mismatch":
		return core + ".4, target link URI", bad
	case "resource_link_missing", "resource_link_id_missing":
		return core + ".5, resource link", bad
	case "subject_missing", "subject_empty":
		return core + ".6, user identity", bad
	case "roles_missing":
		return core + ".7, roles", bad
	case "deep_linking_settings_missing", "deep_linking_settings_incomplete", "deep_linking_return_url":
		return deep, bad
	case "for_user_missing":
		return review, bad

	case "migration_signature", "migration_key_missing":
		return "LTI 1.1 to 1.3 migration guide, lti1p1 claim", unauth

	// Dynamic registration.
	case "invite_missing", "invite_unknown":
		return ours, forbidden
	case "configuration_missing":
		return register + ", registration initiation", bad
	case "configuration_url", "configuration_invalid":
		return register + ", OpenID configuration", bad
	case "configuration_unreachable":
		return register + ", OpenID configuration", gateway
	case "configuration_issuer":
		return register + ", the issuer must match the configuration's host", forbidden
	case "registration_refused", "registration_answer":
		return register + ", client registration", gateway
	// Canvas Live Events.
	case "event_unsigned":
		return events, unauth
	case "too_many_events":
		return events, http.StatusRequestEntityTooLarge

	case "registration_taken", "issuer_taken":
		return ours, conflict
	case "internal":
		return ours, http.StatusInternalServerError
	}
	return ours, bad
}

// refused logs one line and lets the page say the same.
func (t *Tool) logRejection(r *http.Request, what string, rej *Rejection, requestID string, more ...any) {
	level := slog.LevelWarn
	args := append([]any{"request_id", requestID, "code", rej.Code, "spec", rej.Spec, "status", rej.Status, "detail", rej.Detail}, more...)
	if rej.cause != nil {
		level = slog.LevelError
		args = append(args, "err", rej.cause)
	}
	t.log.Log(r.Context(), level, what+" refused", args...)
}
