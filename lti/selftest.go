package lti

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// CheckState is how a self-test went.
type CheckState string

// The outcomes of a self-test.
const (
	CheckOK      CheckState = "ok"
	CheckWarn    CheckState = "warn" // works, but somebody should look
	CheckFail    CheckState = "fail"
	CheckSkipped CheckState = "skipped" // there is nothing to try it with yet
)

// Check is the outcome of one self-test of a registration.
type Check struct {
	Name  string     `json:"name"` // "status", "address", "keys", "clock", "our_keys", "token", "roster", "line_items", "launches"
	State CheckState `json:"state"`
	// Cause is what was found: of a call that failed, CauseOf. Detail is technical,
	// without personal data.
	Cause  Cause  `json:"cause"`
	Detail string `json:"detail,omitempty"`
}

const (
	selfTestTime = 40 * time.Second
	clockWarn    = 5 * time.Second // the Date header tells whole seconds, and the way takes time
	searchMost   = 2000            // known courses looked through for one to try
)

// SelfTest tries what a registration needs and says of each part whether it works
// and, if not, why. It reads only: nothing at the platform changes. Courses and
// refused launches of the named tenants alone play a part: one registration may
// serve several, and whoever asks may see theirs.
func (t *Tool) SelfTest(ctx context.Context, id RegistrationID, tenants []string) ([]Check, error) {
	ctx, cancel := context.WithTimeout(ctx, selfTestTime)
	defer cancel()
	reg, err := t.store.Registration(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("lti: self-test: %w", err)
	}
	checks := []Check{t.checkAddress()}
	if reg.Status != StatusActive {
		return append(checks, Check{Name: "status", State: CheckWarn, Cause: CauseSuspended}), nil
	}
	keys, clock := t.checkKeys(ctx, reg)
	checks = append(checks, keys, clock)
	course, err := t.courseToTry(ctx, reg, tenants)
	if err != nil {
		return nil, fmt.Errorf("lti: self-test: %w", err)
	}
	tokens, granted := t.checkTokens(ctx, reg, course)
	checks = append(checks, tokens...)
	checks = append(checks, t.checkRoster(ctx, course, granted), t.checkLineItems(ctx, course, granted))
	checks = append(checks, checkLaunches(reg, course))
	if c, off, err := t.checkLaunchClock(ctx, reg, tenants); err != nil {
		return nil, fmt.Errorf("lti: self-test: %w", err)
	} else if off {
		checks = append(checks, c)
	}
	return checks, nil
}

// checkLaunchClock looks for launches of the last day that were refused because
// the platform's clock, by the tokens it signed, is not ours.
func (t *Tool) checkLaunchClock(ctx context.Context, reg Registration, tenants []string) (c Check, off bool, err error) {
	var failures []Failure
	for _, tenant := range tenants {
		of, err := t.Failures(ctx, tenant, 0)
		if err != nil {
			return c, false, err
		}
		failures = append(failures, of...)
	}
	slices.SortStableFunc(failures, func(a, b Failure) int { return b.Last.Compare(a.Last) })
	for _, f := range failures { // the latest first
		if f.Registration == reg.ID && f.Verified && f.SkewSeconds != nil && within(t.now(), f.Last, 24*time.Hour) &&
			(f.Code == "issued_in_future" || f.Code == "issued_too_long_ago" || f.Code == "token_expired") {
			skew := (time.Duration(*f.SkewSeconds) * time.Second).String()
			return Check{Name: "clock", State: CheckWarn, Cause: "clock_launches", Detail: skew + ", " + f.Code}, true, nil
		}
	}
	return c, false, nil
}

// checkAddress looks at our own address as Moodle's HTTP security would.
func (t *Tool) checkAddress() Check {
	c := Check{Name: "address", State: CheckOK, Cause: "address_fine", Detail: t.o.PublicURL}
	port := t.public.Port()
	ip := net.ParseIP(t.public.Hostname())
	switch {
	case t.public.Scheme != "https":
		c.State, c.Cause = CheckWarn, "address_http"
	case t.public.Hostname() == "localhost", ip != nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()):
		c.State, c.Cause = CheckWarn, "address_private"
	case port != "" && port != "443" && port != "80":
		c.State, c.Cause = CheckWarn, "address_port"
	}
	return c
}

// checkKeys reads the platform's key set past the cache, and its clock on the way.
func (t *Tool) checkKeys(ctx context.Context, reg Registration) (keys, clock Check) {
	keys = Check{Name: "keys", State: CheckFail, Detail: reg.JWKSURL}
	clock = Check{Name: "clock", State: CheckSkipped, Cause: "clock_unknown"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, reg.JWKSURL, nil)
	if err != nil {
		keys.Cause = "keys_not_a_set"
		return keys, clock
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	sent := time.Now()
	res, body, err := t.do(req, "key set") //nolint:bodyclose // do has read and closed it
	if err != nil {
		keys.Cause = reachCause(err)
		return keys, clock
	}
	clock = checkClock(res.Header.Get("Date"), sent, time.Now())
	if res.StatusCode != http.StatusOK {
		keys.Cause, keys.Detail = "keys_status", "HTTP "+strconv.Itoa(res.StatusCode)+" "+reg.JWKSURL
		return keys, clock
	}
	set, err := parseKeySet(body)
	if err != nil || len(body) > maxKeySet {
		keys.Cause = "keys_not_a_set"
		return keys, clock
	}
	usable := 0
	algorithms := reg.Algorithms
	if len(algorithms) == 0 {
		algorithms = []string{"RS256"}
	}
	for _, key := range set {
		if slices.ContainsFunc(algorithms, func(alg string) bool { _, rej := key.forAlg(alg); return rej == nil }) {
			usable++
		}
	}
	keys.State, keys.Cause = CheckOK, "keys_fine"
	if usable == 0 {
		keys.State, keys.Cause = CheckFail, "keys_none_usable"
	}
	return keys, clock
}

// checkClock compares the Date of an answer with our clock while it was made. Both
// are machines' clocks: a development clock plays no part.
func checkClock(date string, sent, received time.Time) Check {
	c := Check{Name: "clock", State: CheckSkipped, Cause: "clock_unknown"}
	theirs, err := http.ParseTime(date)
	if err != nil {
		return c
	}
	var skew time.Duration // theirs minus ours, as far as the header can tell
	switch {
	case theirs.Before(sent.Truncate(time.Second)):
		skew = theirs.Sub(sent.Truncate(time.Second))
	case theirs.After(received):
		skew = theirs.Sub(received)
	}
	c.State, c.Cause, c.Detail = CheckOK, "clock_fine", skew.Round(time.Second).String()
	switch {
	case skew.Abs() >= defaultSkew:
		c.State, c.Cause = CheckFail, "clock_off"
	case skew.Abs() >= clockWarn:
		c.State, c.Cause = CheckWarn, "clock_drifts"
	}
	return c
}

// checkTokens asks for a token of each granted scope, in the name of the course's
// deployment if there is one. One that is given proves that
// the platform has read our keys.
func (t *Tool) checkTokens(ctx context.Context, reg Registration, course *KnownCourse) (checks []Check, granted []string) {
	deployment := ""
	if course != nil {
		deployment = course.Deployment
	}
	scopes := reg.Scopes
	if len(scopes) == 0 {
		scopes = toolScopes()
	}
	scopes = slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !slices.Contains(toolScopes(), s) })
	ours := Check{Name: "our_keys", State: CheckSkipped, Cause: "no_scope"}
	for _, scope := range scopes {
		_, _, err := t.fetchToken(ctx, reg, deployment, scope)
		c := Check{Name: "token", State: CheckOK, Cause: "token_fine", Detail: scope}
		if err != nil {
			c.State, c.Cause = CheckFail, CauseOf(err)
			c.Detail += statusOf(err)
		} else {
			granted = append(granted, scope)
		}
		checks = append(checks, c)
		if ours.State == CheckOK {
			continue
		}
		switch c.Cause {
		case "token_fine", CauseScope:
			ours = Check{Name: "our_keys", State: CheckOK, Cause: "our_keys_read", Detail: t.o.PublicURL + "/lti/jwks"}
		case CauseKeys, CauseKeyUnknown, CauseSignature, CauseClock, CauseClient:
			ours = Check{Name: "our_keys", State: CheckFail, Cause: c.Cause, Detail: t.o.PublicURL + "/lti/jwks"}
		default:
			ours = Check{Name: "our_keys", State: CheckSkipped, Cause: "token_no_answer", Detail: t.o.PublicURL + "/lti/jwks"}
		}
	}
	return append([]Check{ours}, checks...), granted
}

// courseToTry is the course of the registration, in one of the tenants, that was
// launched last.
func (t *Tool) courseToTry(ctx context.Context, reg Registration, tenants []string) (*KnownCourse, error) {
	var best *KnownCourse
	for _, tenant := range tenants {
		for c, err := range t.EachCourse(ctx, tenant, searchMost) {
			if err != nil {
				return nil, err
			}
			if c.Registration == reg.ID && (best == nil || c.SeenAt.After(best.SeenAt)) {
				best = &c
			}
		}
	}
	return best, nil
}

func (t *Tool) checkRoster(ctx context.Context, course *KnownCourse, granted []string) Check {
	c := Check{Name: "roster", State: CheckSkipped}
	switch {
	case course == nil:
		c.Cause = "no_launch_yet"
	case course.MembershipsURL == "":
		c.State, c.Cause = CheckWarn, "roster_not_offered"
	case !slices.Contains(granted, scopeMembers):
		c.Cause = "no_token"
	default:
		members, err := t.Members(ctx, course.CourseKey, course.MembershipsURL)
		if err != nil {
			c.State, c.Cause, c.Detail = CheckFail, CauseOf(err), statusOf(err)
			return c
		}
		c.State, c.Cause, c.Detail = CheckOK, "roster_fine", strconv.Itoa(len(members))
	}
	return c
}

func (t *Tool) checkLineItems(ctx context.Context, course *KnownCourse, granted []string) Check {
	c := Check{Name: "line_items", State: CheckSkipped}
	scope := scopeLineItem
	if !slices.Contains(granted, scope) {
		scope = scopeLineItemRead
	}
	switch {
	case course == nil:
		c.Cause = "no_launch_yet"
	case course.LineItemsURL == "":
		c.State, c.Cause = CheckWarn, "grades_not_offered"
	case !slices.Contains(granted, scope):
		c.Cause = "no_token"
	default:
		_, body, err := t.call(ctx, course.CourseKey, call{ //nolint:bodyclose // call has read and closed it
			op: "line items", scope: scope, method: http.MethodGet, url: course.LineItemsURL, accept: mediaLineItems,
		})
		var items []json.RawMessage
		if err == nil && json.Unmarshal(body, &items) != nil {
			err = &ServiceError{Op: "line items", Status: http.StatusOK, Kind: ErrRefused, Cause: CauseAnswer}
		}
		if err != nil {
			c.State, c.Cause, c.Detail = CheckFail, CauseOf(err), statusOf(err)
			return c
		}
		c.State, c.Cause, c.Detail = CheckOK, "line_items_fine", strconv.Itoa(len(items))
	}
	return c
}

// checkLaunches says whether anybody came through yet: Moodle keeps a registered
// tool pending until somebody presses Activate.
func checkLaunches(reg Registration, course *KnownCourse) Check {
	switch {
	case course != nil:
		return Check{Name: "launches", State: CheckOK, Cause: "launched", Detail: course.SeenAt.UTC().Format(time.DateOnly)}
	case reg.Family() == FamilyMoodle:
		return Check{Name: "launches", State: CheckWarn, Cause: "pending_moodle"}
	case reg.Family() == FamilyCanvas:
		return Check{Name: "launches", State: CheckWarn, Cause: "pending_canvas"}
	}
	return Check{Name: "launches", State: CheckWarn, Cause: "no_launch_yet"}
}

// reachCause says why a URL could not be reached.
func reachCause(err error) Cause {
	var (
		blocked interface{ Blocked() bool } // of the guarded client
		name    *net.DNSError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		host    x509.HostnameError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		timeout interface{ Timeout() bool }
	)
	switch {
	case errors.As(err, &blocked) && blocked.Blocked():
		return "blocked"
	case errors.As(err, &name):
		return "name_unknown"
	case errors.As(err, &verify), errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &host), errors.As(err, &record):
		return "certificate"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection_refused"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	}
	return "unreachable"
}

// statusOf is the HTTP status of an error, with a space before it, if there was one.
func statusOf(err error) string {
	var e *ServiceError
	if errors.As(err, &e) && e.Status != 0 {
		return " (HTTP " + strconv.Itoa(e.Status) + ")"
	}
	return ""
}
