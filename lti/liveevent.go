package lti

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// LiveEventKeys is where Instructure publishes the keys that sign the Live Events
// of its cloud: the last, the current and the next one, changed every month.
const LiveEventKeys = "https://8axpcl50e4.execute-api.us-east-1.amazonaws.com/main/jwks"

const (
	liveEventPath  = "/lti/canvas/events/"
	maxLiveEvents  = 200     // of one request
	maxEventBody   = 1 << 20 // bytes
	maxEventMember = 255     // of an id or a name in an event
)

// LiveEvent is one Canvas Live Event (format "Canvas", delivered over HTTPS with
// its payload signed) that says a person has completed a course. Ids are Canvas's
// own, local or global as they came; they are not those of launches.
type LiveEvent struct {
	Registration Registration
	Tenants      []string // of the registration and its deployments
	ID           string   // the same when an event is delivered again
	Name         string   // "course_completed", "course_progress", "enrollment_updated"
	Account      string   // the root account's GUID, as in a launch's PlatformGUID; may be empty
	AccountID    string   // the root account's id
	User, Course string
	At           time.Time
}

// LiveEventsURL is where Canvas is to deliver the Live Events of a registration's
// accounts. It cannot be guessed; that the events are Canvas's, their signature says.
// It comes from Options.Secret; that of the previous secret is taken as long as that
// is named, so that there is time to change it in Canvas.
func (t *Tool) LiveEventsURL(id RegistrationID) string {
	return t.o.PublicURL + liveEventPath + liveEventCode(t.o.Secret, id)
}

func liveEventCode(secret []byte, id RegistrationID) string {
	return string(id) + "." + derived(secret, "cairn canvas live events", string(id))[:24]
}

// SetLiveEventKeys names the key set that signs a registration's Live Events; "" is LiveEventKeys.
func (t *Tool) SetLiveEventKeys(ctx context.Context, id RegistrationID, keysURL string) error {
	if keysURL != "" && !t.platformURL(keysURL) {
		return fmt.Errorf("lti: live events: %q is not an https URL", printable(keysURL, 200))
	}
	return t.changeRegistration(ctx, "set live event keys", id, func(r *Registration) error { r.EventKeysURL = keysURL; return nil })
}

// serveLiveEvents takes what Canvas delivers: one signed event as a compact JWS, or a
// JSON array of them. It answers 200 once all is kept, also for events that mean
// nothing here, since Canvas switches off an endpoint that refuses.
func (t *Tool) serveLiveEvents(w http.ResponseWriter, r *http.Request) {
	answer := func(status int, reason string, took int) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"reason": reason, "completions": took})
	}
	reg, err := t.liveEventRegistration(r.Context(), mux.Vars(r)["code"])
	switch {
	case t.o.OnLiveEvent == nil, errors.Is(err, ErrNotFound):
		answer(http.StatusNotFound, "no registration has this address for its Live Events", 0)
		return
	case err != nil:
		t.log.ErrorContext(r.Context(), "live events", "error", err)
		answer(http.StatusServiceUnavailable, "try again", 0)
		return
	}
	known := failing{registration: reg}
	events, rej := t.receiveLiveEvents(w, r, &known)
	if rej != nil {
		id := requestID(w)
		t.logRejection(r, "live event", rej, id, "registration", reg.ID)
		t.keepFailure(r.Context(), FailedLiveEvent, rej, known, id)
		answer(rej.Status, rej.Code+": "+rej.Detail, 0)
		return
	}
	for _, e := range events {
		if err := t.o.OnLiveEvent(r.Context(), e); err != nil {
			t.log.ErrorContext(r.Context(), "live event", "registration", reg.ID, "event", e.Name, "error", err)
			answer(http.StatusServiceUnavailable, "try again", 0)
			return
		}
	}
	answer(http.StatusOK, "", len(events))
}

// receiveLiveEvents reads the events of a request to the address of known.registration.
func (t *Tool) receiveLiveEvents(w http.ResponseWriter, r *http.Request, known *failing) ([]LiveEvent, *Rejection) {
	if reg := known.registration; reg.Status != StatusActive {
		return nil, reject("registration_suspended", "this registration is %s", reg.Status)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEventBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, reject("body_too_large", "at most %d bytes are taken at a time", maxEventBody)
	case err != nil:
		return nil, reject("bad_form", "the body could not be read")
	}
	return t.readLiveEvents(r.Context(), known, body)
}

// liveEventRegistration finds the registration of an address.
func (t *Tool) liveEventRegistration(ctx context.Context, code string) (Registration, error) {
	id, _, ok := strings.Cut(code, ".")
	for _, secret := range [][]byte{t.o.Secret, t.o.PreviousSecret} {
		if ok && len(code) <= maxID && len(secret) > 0 && hmac.Equal([]byte(code), []byte(liveEventCode(secret, RegistrationID(id)))) {
			return t.store.Registration(ctx, RegistrationID(id))
		}
	}
	return Registration{}, fmt.Errorf("lti: live events: %w", ErrNotFound)
}

// readLiveEvents verifies every token of a body before it reads any. The same keys
// sign for all customers of Canvas's cloud: what an event is about is the caller's to
// match by its root account.
func (t *Tool) readLiveEvents(ctx context.Context, known *failing, body []byte) ([]LiveEvent, *Rejection) {
	reg := known.registration
	compact, rej := liveEventTokens(body)
	if rej != nil {
		return nil, rej
	}
	signer := Registration{JWKSURL: LiveEventKeys}
	if reg.EventKeysURL != "" {
		signer.JWKSURL = reg.EventKeysURL
	}
	var payloads []object
	for _, one := range compact {
		if err := ctx.Err(); err != nil {
			return nil, broken("live events", err)
		}
		tok, rej := splitToken(one)
		if rej != nil {
			return nil, rej
		}
		known.claims, known.verified = tok.claims, false
		if rej := t.verify(ctx, signer, tok); rej != nil {
			if rej.Status == http.StatusBadRequest {
				rej.Status = http.StatusUnauthorized
			}
			return nil, rej
		}
		known.verified = true
		if rej := t.checkEventTimes(tok.claims); rej != nil {
			return nil, rej
		}
		payloads = append(payloads, eventsIn(tok.claims)...)
		if len(payloads) > maxLiveEvents {
			return nil, reject("too_many_events", "more than %d events in one request", maxLiveEvents)
		}
	}
	tenants, err := t.tenantsOf(ctx, reg)
	if err != nil {
		return nil, broken("live events", err)
	}
	var events []LiveEvent
	for _, o := range payloads {
		if e, ok := readLiveEvent(o); ok {
			e.Registration, e.Tenants = reg, tenants
			events = append(events, e)
		}
	}
	return events, nil
}

// liveEventTokens takes the signed tokens out of a body: the bare token, the token as
// a JSON string, or an array of such strings.
func liveEventTokens(body []byte) ([]string, *Rejection) {
	body = bytes.TrimSpace(body)
	var many []string
	var one string
	switch {
	case len(body) == 0:
		return nil, nil // a probe
	case body[0] == '[':
		if err := json.Unmarshal(body, &many); err != nil {
			return nil, reject("event_unsigned", "the array holds something else than signed events; switch on \"Sign payload\" of the data stream")
		}
	case body[0] == '"':
		if err := json.Unmarshal(body, &one); err != nil {
			return nil, reject("token_malformed", "the body is not a JSON string")
		}
		many = []string{one}
	case body[0] == '{':
		return nil, reject("event_unsigned", "the event is not signed; switch on \"Sign payload\" of the data stream")
	default:
		many = []string{string(body)}
	}
	if len(many) > maxLiveEvents {
		return nil, reject("too_many_events", "more than %d events in one request", maxLiveEvents)
	}
	return many, nil
}

// checkEventTimes checks the times that a token may carry. None is required: an
// event that comes late, or again, says what it said.
func (t *Tool) checkEventTimes(c object) *Rejection {
	now := t.now()
	exp, hasExp, err := c.instant("exp")
	if err != nil {
		return reject("bad_time", "%s", err)
	}
	iat, hasIAT, err := c.instant("iat")
	switch {
	case err != nil:
		return reject("bad_time", "%s", err)
	case hasExp && !now.Before(exp.Add(t.o.Skew)):
		return reject("token_expired", "the event's token expired %s ago; are both clocks right?", now.Sub(exp).Round(time.Second))
	case hasIAT && iat.After(now.Add(t.o.Skew)):
		return reject("issued_in_future", "the event's token was issued %s in our future; are both clocks right?", iat.Sub(now).Round(time.Second))
	}
	return nil
}

// eventsIn are the events of a token's claims: the claims themselves, or a list in "data" or "events".
func eventsIn(c object) []object {
	if c.has("metadata") {
		return []object{c}
	}
	for _, name := range []string{"data", "events"} {
		var list []json.RawMessage
		if json.Unmarshal(c[name], &list) != nil {
			continue
		}
		var all []object
		for _, raw := range list {
			if o, err := parseObject(raw); err == nil {
				all = append(all, o)
			}
		}
		return all
	}
	return nil
}

// readLiveEvent reads an event that says somebody has completed a course; any other
// is passed over, also one that is not what Canvas describes.
func readLiveEvent(o object) (LiveEvent, bool) {
	meta, body := eventObject(o, "metadata"), eventObject(o, "body")
	e := LiveEvent{
		ID: eventText(meta, "event_id"), Name: eventText(meta, "event_name"), Account: eventText(meta, "root_account_lti_guid"),
		AccountID: eventText(meta, "root_account_id"), At: eventTime(meta, "event_time"),
	}
	switch e.Name {
	case "course_completed", "course_progress":
		progress := eventObject(body, "progress")
		e.User, e.Course = eventText(eventObject(body, "user"), "id"), eventText(eventObject(body, "course"), "id")
		done, required := eventCount(progress, "requirement_completed_count"), eventCount(progress, "requirement_count")
		completed := eventTime(progress, "completed_at")
		all := required > 0 && done >= required
		if !all && (e.Name == "course_progress" || required > 0 || completed.IsZero()) {
			return LiveEvent{}, false
		}
		if !completed.IsZero() {
			e.At = completed
		}
	case "enrollment_updated", "enrollment_created":
		if eventText(body, "type") != "StudentEnrollment" || !slices.Contains([]string{"completed", "concluded"}, eventText(body, "workflow_state")) {
			return LiveEvent{}, false
		}
		e.User, e.Course = eventText(body, "user_id"), eventText(body, "course_id")
		if updated := eventTime(body, "updated_at"); !updated.IsZero() {
			e.At = updated
		}
	default:
		return LiveEvent{}, false
	}
	if e.User == "" || e.Course == "" || e.Account == "" && e.AccountID == "" || e.At.IsZero() {
		return LiveEvent{}, false
	}
	if e.ID == "" { // Canvas numbers requests, not events
		h := sha256.New()
		for _, v := range []string{e.Name, e.Account, e.AccountID, e.User, e.Course, e.At.Format(time.RFC3339Nano)} {
			fmt.Fprintf(h, "%d:%s", len(v), v)
		}
		e.ID = hex.EncodeToString(h.Sum(nil)[:16])
	}
	return e, true
}

func eventObject(o object, name string) object {
	v, _, _ := o.object(name) // what is no object has no members
	return v
}

// eventText is a short string or number.
func eventText(o object, name string) string {
	raw := bytes.TrimSpace(o[name])
	var s string
	if json.Unmarshal(raw, &s) != nil {
		var n json.Number
		if json.Unmarshal(raw, &n) != nil {
			return ""
		}
		s = n.String()
	}
	if len(s) > maxEventMember {
		return ""
	}
	return s
}

func eventCount(o object, name string) int64 {
	n, err := json.Number(eventText(o, name)).Int64()
	if err != nil {
		return 0
	}
	return n
}

func eventTime(o object, name string) time.Time {
	s := eventText(o, name)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST"} {
		if at, err := time.Parse(layout, s); err == nil && at.Year() > 1990 && at.Year() < 2200 {
			return at.UTC()
		}
	}
	return time.Time{}
}

// tenantsOf are the tenants that a registration's accounts belong to.
func (t *Tool) tenantsOf(ctx context.Context, reg Registration) ([]string, error) {
	deployments, err := t.store.Deployments(ctx, reg.ID)
	if err != nil {
		return nil, fmt.Errorf("lti: live events: %w", err)
	}
	tenants := []string{reg.Tenant}
	for _, d := range deployments {
		if d.Status == StatusActive && d.Tenant != "" && !slices.Contains(tenants, d.Tenant) {
			tenants = append(tenants, d.Tenant)
		}
	}
	return tenants, nil
}
