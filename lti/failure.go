package lti

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Failure is a refused login, launch, registration, notice or Live Event, kept for the administrator
// to see why. It holds no personal data: of a token's claims only those of a
// short list are kept with their values, of all others the names.
//
// What is alike (tenant, registration, kind, code) within an hour is kept as at
// most five entries that count, so a burst fills nothing; see also [Tool.Failures].
type Failure struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`    // the first of those counted
	Last   time.Time `json:"last"`  // the latest
	Count  int       `json:"count"` // at least: a flood is not counted one by one
	Kind   string    `json:"kind"`  // FailedLogin …
	Code   string    `json:"code"`
	Spec   string    `json:"spec"`
	Detail string    `json:"detail"`

	// Tenant of the deployment, else of the registration; "" if nobody's, as with
	// an unknown issuer: those are the operator's.
	Tenant       string         `json:"tenant"`
	Registration RegistrationID `json:"registration,omitempty"`
	Issuer       string         `json:"issuer,omitempty"`    // as received, bounded
	ClientID     string         `json:"client_id,omitempty"` // as received, bounded
	RequestIDs   []string       `json:"request_ids"`         // oldest first, the latest twenty

	Expected string `json:"expected,omitempty"` // the value that would have been right
	Received string `json:"received,omitempty"` // the value that came instead, the latest time
	// Seen are all the values that came instead, each with one request: the first ten
	// and the latest ten.
	Seen []SeenValue `json:"seen,omitempty"`

	// SkewSeconds is the token's iat minus our clock: above zero, the platform is
	// ahead. nil without such a token.
	SkewSeconds *int64 `json:"skew_seconds,omitempty"`
	// Verified: the token's signature is the platform's. If not, ClaimNames and
	// Claims (and SkewSeconds) are whatever somebody sent.
	Verified   bool              `json:"verified"`
	ClaimNames []string          `json:"claim_names,omitempty"` // sorted, at most 60
	Claims     map[string]string `json:"claims,omitempty"`      // by short name
}

// Kinds of failures.
const (
	FailedLogin        = "login"
	FailedLaunch       = "launch"
	FailedRegistration = "registration"
	FailedRestart      = "restart"
	FailedNotice       = "notice"     // of the Platform Notification Service
	FailedLiveEvent    = "live_event" // of Canvas
)

// Failures keeps failures.
type Failures interface {
	// AddFailure keeps f, or joins it to the one that is kept under its id, as
	// Failure.Join says.
	AddFailure(ctx context.Context, f Failure) error
	// Failures lists the tenant's, latest first; all of them with limit 0.
	Failures(ctx context.Context, tenant string, limit int) ([]Failure, error)
	// RemoveFailures removes those of the tenant; unknown ids are none.
	RemoveFailures(ctx context.Context, tenant string, ids []string) error
}

// Bounds of what is kept. Failures of verified tokens come from a platform that
// we know, all others from anybody: each sort has its own half, and no reason can
// hold more than its share, so a stranger cannot push out what matters.
const (
	FailureLife        = 30 * 24 * time.Hour
	maxFailures        = 500 // of a tenant, verified and not verified each
	maxFailuresAlike   = 10  // of them with one registration, kind and code
	failureSlots       = 5   // alike within an hour
	failureWriteEvery  = time.Second
	maxFailureRequests = 20
	maxFailureSeen     = 20 // half of them the first, half the latest
	maxFailureClaims   = 60
	maxFailureText     = 300
)

// SeenValue is what came instead of the expected value, and the latest request with it.
type SeenValue struct {
	Received  string `json:"received"`
	RequestID string `json:"request_id"`
}

// Join is f with a later one of the same id counted in. It says of itself what the
// later one does, but keeps the values that came before.
func (f Failure) Join(later Failure) Failure {
	f.Count += later.Count
	if !later.Last.Before(f.Last) {
		f.Last, f.Detail, f.Issuer, f.ClientID = later.Last, later.Detail, later.Issuer, later.ClientID
		f.Expected, f.Received, f.SkewSeconds = later.Expected, later.Received, later.SkewSeconds
		f.ClaimNames, f.Claims = later.ClaimNames, later.Claims
	}
	f.Seen = slices.Clone(f.Seen)
	for _, v := range later.Seen {
		if i := slices.IndexFunc(f.Seen, func(old SeenValue) bool { return old.Received == v.Received }); i >= 0 {
			f.Seen[i].RequestID = v.RequestID
			continue
		}
		if f.Seen = append(f.Seen, v); len(f.Seen) > maxFailureSeen {
			f.Seen = slices.Delete(f.Seen, maxFailureSeen/2, maxFailureSeen/2+1)
		}
	}
	f.RequestIDs = append(slices.Clone(f.RequestIDs), later.RequestIDs...)
	if surplus := len(f.RequestIDs) - maxFailureRequests; surplus > 0 {
		f.RequestIDs = f.RequestIDs[surplus:]
	}
	return f
}

// Failures lists what was refused of a tenant in the last thirty days, latest
// first, at most limit (0: all, a thousand at most). Tenant "" is what belongs to
// nobody, such as logins of unknown issuers: show it to the operator only.
func (t *Tool) Failures(ctx context.Context, tenant string, limit int) ([]Failure, error) {
	all, err := t.store.Failures(ctx, tenant, limit)
	if err != nil {
		return nil, fmt.Errorf("lti: failures: %w", err)
	}
	oldest := t.now().Add(-FailureLife)
	return slices.DeleteFunc(all, func(f Failure) bool { return f.Last.Before(oldest) }), nil
}

// failing is what a request has shown of itself by the time it is refused.
type failing struct {
	registration     Registration // zero while unknown
	tenant           string       // of the deployment, if known
	issuer, clientID string       // as received
	claims           object       // of the token, if there is one
	verified         bool
}

// newFailure describes a refusal; pure.
func newFailure(kind string, rej *Rejection, k failing, requestID string, now time.Time) Failure {
	f := Failure{
		At: now, Last: now, Count: 1, Kind: kind, Code: rej.Code, Spec: rej.Spec, Detail: bounded(rej.Detail),
		Tenant: cmp.Or(k.tenant, k.registration.Tenant), Registration: k.registration.ID,
		Issuer: printable(cmp.Or(k.issuer, k.registration.Issuer), maxID), ClientID: printable(cmp.Or(k.clientID, k.registration.ClientID), maxID),
		RequestIDs: []string{requestID}, Expected: bounded(rej.Expected), Received: bounded(rej.Received), Verified: k.verified,
	}
	if f.Received != "" {
		f.Seen = []SeenValue{{f.Received, requestID}}
	}
	if k.claims != nil {
		f.ClaimNames, f.Claims = harmless(k.claims)
		if iat, ok, err := k.claims.instant("iat"); err == nil && ok {
			skew := int64(iat.Sub(now).Round(time.Second) / time.Second)
			f.SkewSeconds = &skew
		}
	}
	// What differs in detail falls into different slots of the hour, as far as they go.
	slot := hash(f.Detail + "\n" + f.Expected + "\n" + f.Received)[0] % failureSlots
	f.ID = hash(fmt.Sprintf("%q %q %q %q %v %d %d", f.Tenant, f.Registration, kind, rej.Code, f.Verified, now.Unix()/3600, slot))[:32]
	return f
}

func bounded(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxFailureText)], "") }

// harmless answers the names of the claims, and the values of those that name no
// person and open nothing.
func harmless(c object) (names []string, values map[string]string) {
	for name := range c {
		names = append(names, printable(name, 120))
	}
	slices.Sort(names)
	names = names[:min(len(names), maxFailureClaims)]

	values = map[string]string{}
	put := func(short string, o object, name string, read func(json.RawMessage) (string, bool)) {
		if !o.has(name) {
			return
		}
		if v, ok := read(o[name]); ok {
			values[short] = v
		} else {
			values[short] = "(" + jsonKind(o[name]) + ")"
		}
	}
	for _, name := range []string{"iss", "azp"} {
		put(name, c, name, plainText)
	}
	for _, name := range []string{"exp", "iat", "nbf"} {
		put(name, c, name, plainNumber)
	}
	put("aud", c, "aud", plainTexts)
	for _, name := range []string{"deployment_id", "message_type", "version"} {
		put(name, c, claim+name, plainText)
	}
	put("target_link_uri", c, claim+"target_link_uri", plainURL)
	put("roles", c, claim+"roles", plainTexts)
	for _, in := range []struct{ name, member string }{
		{"resource_link", "id"}, {"context", "id"}, {"tool_platform", "product_family_code"},
	} {
		if !c.has(claim + in.name) {
			continue
		}
		if o, _, err := c.object(claim + in.name); err == nil {
			put(in.name+"."+in.member, o, in.member, plainText)
		} else {
			values[in.name] = "(" + jsonKind(c[claim+in.name]) + ")"
		}
	}
	return names, values
}

func plainText(raw json.RawMessage) (string, bool) {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return printable(s, maxID), true
}

func plainNumber(raw json.RawMessage) (string, bool) {
	var n float64
	if json.Unmarshal(raw, &n) != nil {
		return "", false
	}
	return printable(strconv.FormatFloat(n, 'f', -1, 64), 20), true
}

// plainTexts reads a text or up to ten.
func plainTexts(raw json.RawMessage) (string, bool) {
	if s, ok := plainText(raw); ok {
		return s, true
	}
	var all []string
	if json.Unmarshal(raw, &all) != nil {
		return "", false
	}
	more := ""
	if len(all) > 10 {
		more = fmt.Sprintf(" … (%d)", len(all))
		all = all[:10]
	}
	for i, s := range all {
		all[i] = printable(s, 128)
	}
	return strings.Join(all, " ") + more, true
}

// plainURL drops query and fragment, which may say anything.
func plainURL(raw json.RawMessage) (string, bool) {
	s, ok := plainText(raw)
	return withoutQuery(s), ok
}

func withoutQuery(s string) string {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		return s[:i] + "?…"
	}
	return s
}

func jsonKind(raw json.RawMessage) string {
	switch strings.TrimSpace(string(raw))[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a text"
	case 't', 'f':
		return "true or false"
	}
	return "a number"
}

// failureLog writes failures with restraint.
type failureLog struct {
	mu      sync.Mutex
	written map[string]time.Time // by failure id
	pending map[string]int       // refusals since, not counted yet
	dirty   map[string]bool      // tenants with new entries since they were trimmed
}

func newFailureLog() *failureLog {
	return &failureLog{written: map[string]time.Time{}, pending: map[string]int{}, dirty: map[string]bool{}}
}

// take answers how many refusals to write for this id now: 0 if one was written
// within the last second.
func (l *failureLog) take(f Failure) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.written[f.ID]; ok && within(f.Last, at, failureWriteEvery) {
		l.pending[f.ID]++
		return 0
	}
	if len(l.written) > 10000 {
		clear(l.written)
		clear(l.pending)
	}
	n := 1 + l.pending[f.ID]
	delete(l.pending, f.ID)
	l.written[f.ID] = f.Last
	l.dirty[f.Tenant] = true
	return n
}

func (l *failureLog) takeDirty() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	tenants := slices.Sorted(maps.Keys(l.dirty))
	clear(l.dirty)
	return tenants
}

// keepFailure remembers a refusal. That it cannot is logged; the person's page
// does not depend on it.
func (t *Tool) keepFailure(ctx context.Context, kind string, rej *Rejection, k failing, requestID string) {
	f := newFailure(kind, rej, k, requestID, t.now())
	if f.Count = t.failures.take(f); f.Count == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := t.store.AddFailure(ctx, f); err != nil {
		t.log.ErrorContext(ctx, "refusal not kept for the administrator", "request_id", requestID, "code", rej.Code, "err", err)
	}
}

// trimFailures keeps what the bounds allow of the tenants that had new failures.
func (t *Tool) trimFailures(ctx context.Context) error {
	for _, tenant := range t.failures.takeDirty() {
		all, err := t.store.Failures(ctx, tenant, 0)
		if err != nil {
			return fmt.Errorf("lti: trim failures: %w", err)
		}
		if surplus := surplusFailures(all, t.now()); len(surplus) > 0 {
			if err := t.store.RemoveFailures(ctx, tenant, surplus); err != nil {
				return fmt.Errorf("lti: trim failures: %w", err)
			}
		}
	}
	return nil
}

// surplusFailures picks the ids to forget of all a tenant's failures, latest first; pure.
func surplusFailures(all []Failure, now time.Time) []string {
	type reason struct {
		registration RegistrationID
		kind, code   string
		verified     bool
	}
	alike, sort, surplus := map[reason]int{}, map[bool]int{}, []string(nil)
	for _, f := range all {
		r := reason{f.Registration, f.Kind, f.Code, f.Verified}
		if f.Last.Before(now.Add(-FailureLife)) || alike[r] >= maxFailuresAlike || sort[f.Verified] >= maxFailures {
			surplus = append(surplus, f.ID)
			continue
		}
		alike[r]++
		sort[f.Verified]++
	}
	return surplus
}
