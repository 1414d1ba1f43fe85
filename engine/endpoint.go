package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"
)

// Endpoint is a place in a chat tool that takes messages by webhook, set up by an administrator of the tenant. Its URL and
// secret are sealed at rest.
type Endpoint struct {
	Name       string       `json:"name"` // unique in the tenant
	Kind       EndpointKind `json:"kind"`
	Workflow   WorkflowID   `json:"workflow,omitempty"`   // only of this workflow; empty: of all
	Issuer     string       `json:"issuer,omitempty"`     // with Course: only in this course
	Course     string       `json:"course,omitempty"`     // Course.ID; empty: in all
	Who        []Role       `json:"who"`                  // whom it reaches: learner, manager, coach
	Host       string       `json:"host"`                 // of the URL, for lists
	Sealed     []byte       `json:"sealed"`               // EndpointSecrets
	Failures   int          `json:"failures,omitempty"`   // in a row
	DisabledAt time.Time    `json:"disabled_at,omitzero"` // nothing is sent there any more
	Reason     string       `json:"reason,omitempty"`     // why
	CreatedAt  time.Time    `json:"created_at"`

	EndpointSecrets `json:"-"` // opened
}

// EndpointSecrets are what is sealed of an endpoint. Secret is of the Standard Webhooks form whsec_…; only generic ones have one.
type EndpointSecrets struct {
	URL    string `json:"url"`
	Secret string `json:"secret,omitempty"`
}

// EndpointKind is what stands behind an endpoint.
type EndpointKind string

// Slack takes its incoming webhook's format, Teams a workflow's Adaptive Card, Generic a signed JSON message (Standard
// Webhooks). Slack and Teams show a message to everybody in the channel, so that no personal link ever goes there.
const (
	Slack   EndpointKind = "slack"
	Teams   EndpointKind = "teams"
	Generic EndpointKind = "generic"
)

// MaxEndpoints bounds the endpoints of a tenant.
const MaxEndpoints = 100

// EndpointStore keeps endpoints.
type EndpointStore interface {
	// PutEndpoint upserts by name.
	PutEndpoint(ctx context.Context, e Endpoint) error
	// Endpoints lists them by name (at most MaxEndpoints).
	Endpoints(ctx context.Context) ([]Endpoint, error)
	// DeleteEndpoint forgets one; one that is not there is ErrNotFound.
	DeleteEndpoint(ctx context.Context, name string) error
}

var endpointName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// AddEndpoint keeps an endpoint, in place of one of that name. A generic one without Secret gets one. What it returns has
// the secret, which is never shown again.
func (s *Service) AddEndpoint(ctx context.Context, e Endpoint) (Endpoint, error) {
	if s.o.Sealer == nil {
		return e, fmt.Errorf("add channel: nothing to seal its URL with: %w", ErrInvalid)
	}
	u, err := url.Parse(e.URL)
	switch {
	case !endpointName.MatchString(e.Name):
		return e, fmt.Errorf("add channel: name %.70q: use letters, digits, dots, dashes: %w", e.Name, ErrInvalid)
	case e.Kind != Slack && e.Kind != Teams && e.Kind != Generic:
		return e, fmt.Errorf("add channel %s: kind %.20q: use %s, %s or %s: %w", e.Name, e.Kind, Slack, Teams, Generic, ErrInvalid)
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(e.URL) > 2000:
		return e, fmt.Errorf("add channel %s: the URL is not an https address: %w", e.Name, ErrInvalid)
	case len(e.Who) == 0:
		return e, fmt.Errorf("add channel %s: say whom it reaches: learner, manager, coach: %w", e.Name, ErrInvalid)
	case (e.Issuer == "") != (e.Course == ""):
		return e, fmt.Errorf("add channel %s: a course is its issuer and its id: %w", e.Name, ErrInvalid)
	}
	for _, r := range e.Who {
		if r != Learner && r != Manager && r != Coach {
			return e, fmt.Errorf("add channel %s: %.20q: use learner, manager, coach: %w", e.Name, r, ErrInvalid)
		}
	}
	all, err := s.o.Store.Endpoints(ctx)
	if err != nil {
		return e, fmt.Errorf("add channel: %w", err)
	}
	if len(all) >= MaxEndpoints && !slices.ContainsFunc(all, func(o Endpoint) bool { return o.Name == e.Name }) {
		return e, fmt.Errorf("add channel %s: there are %d already: %w", e.Name, len(all), ErrInvalid)
	}
	switch {
	case e.Kind != Generic:
		e.Secret = ""
	case e.Secret == "":
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		e.Secret = "whsec_" + base64.StdEncoding.EncodeToString(key)
	}
	plain, err := json.Marshal(e.EndpointSecrets)
	if err != nil {
		return e, err
	}
	e.Host, e.Sealed, e.CreatedAt = u.Host, s.o.Sealer.Seal(plain, s.endpointLabel(e.Name)), s.now()
	e.Failures, e.DisabledAt, e.Reason = 0, time.Time{}, ""
	if err := s.o.Store.PutEndpoint(ctx, e); err != nil {
		return e, fmt.Errorf("add channel %s: %w", e.Name, err)
	}
	return e, nil
}

func (s *Service) endpointLabel(name string) string {
	return "chat endpoint\x00" + s.o.Tenant + "\x00" + name
}

// Endpoints lists the tenant's, by name, without their secrets.
func (s *Service) Endpoints(ctx context.Context) ([]Endpoint, error) {
	all, err := s.o.Store.Endpoints(ctx)
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	return all, nil
}

// RemoveEndpoint forgets one.
func (s *Service) RemoveEndpoint(ctx context.Context, name string) error {
	if err := s.o.Store.DeleteEndpoint(ctx, name); err != nil {
		return fmt.Errorf("remove channel %s: %w", name, err)
	}
	return nil
}

// ResealEndpoints seals the secrets of all endpoints with the key of today, so that the one before can be forgotten, and
// says how many were sealed with another. One that no key opens does not keep the others.
func (s *Service) ResealEndpoints(ctx context.Context) (int, error) {
	all, err := s.o.Store.Endpoints(ctx)
	if err != nil || s.o.Sealer == nil {
		return 0, err
	}
	n, errs := 0, []error(nil)
	for _, e := range all {
		fresh, changed, err := s.o.Sealer.Again(e.Sealed, s.endpointLabel(e.Name))
		if err == nil && changed {
			e.Sealed = fresh
			err = s.o.Store.PutEndpoint(ctx, e)
			n++
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("seal channel %s anew: %w", e.Name, err))
		}
	}
	return n, errors.Join(errs...)
}

// TestEndpoint sends a message that says that it is a test, also to an endpoint that is disabled; if it arrives, the
// endpoint is on again.
func (s *Service) TestEndpoint(ctx context.Context, name string) error {
	all, err := s.o.Store.Endpoints(ctx)
	if err != nil {
		return fmt.Errorf("test channel: %w", err)
	}
	i := slices.IndexFunc(all, func(e Endpoint) bool { return e.Name == name })
	if i < 0 {
		return fmt.Errorf("test channel %s: %w", name, ErrNotFound)
	}
	if s.o.Chat == nil {
		return fmt.Errorf("test channel %s: this process sends nothing: %w", name, ErrInvalid)
	}
	to, err := s.unseal(all[i])
	if err != nil {
		return fmt.Errorf("test channel %s: %w", name, err)
	}
	m := Mail{Message: Message{ID: MessageID(s.o.NewID()), Purpose: PurposeTest}, Zone: "UTC"}
	if err := s.o.Chat.Post(ctx, to, m); err != nil {
		return fmt.Errorf("test channel %s: %w", name, err)
	}
	on := all[i]
	on.Failures, on.DisabledAt, on.Reason = 0, time.Time{}, ""
	return s.o.Store.PutEndpoint(ctx, on)
}

// PurposeTest is the purpose of the message that tries an endpoint.
const PurposeTest = "test"

func (s *Service) unseal(e Endpoint) (Endpoint, error) {
	if s.o.Sealer == nil {
		return e, errors.New("nothing to open the sealed URL with")
	}
	plain, err := s.o.Sealer.Open(e.Sealed, s.endpointLabel(e.Name))
	if err != nil {
		return e, fmt.Errorf("open the sealed URL: %w", err)
	}
	return e, json.Unmarshal(plain, &e.EndpointSecrets)
}

// takes tells whether an endpoint is for a message to somebody in a role.
func (e Endpoint) takes(of *Enrolment, role Role, m Message) bool {
	return e.DisabledAt.IsZero() && (e.Workflow == "" || e.Workflow == of.Workflow) &&
		(e.Course == "" || e.Issuer == of.Course.Issuer && e.Course == of.Course.ID) &&
		slices.Contains(e.Who, role) && (e.Kind == Generic || m.Request == "")
}

// closeness orders endpoints: the one for just this course and workflow first.
func (e Endpoint) closeness() int {
	n := 0
	if e.Course != "" {
		n += 2
	}
	if e.Workflow != "" {
		n++
	}
	return n
}

// endpoint is where a message to the receiver goes by chat; nil: nowhere.
func (d *delivery) endpoint(ctx context.Context, w *Workflow, e *Enrolment, m Message) (*Endpoint, error) {
	if d.s.o.Chat == nil || d.s.o.Sealer == nil {
		return nil, nil //nolint:nilnil // nowhere is no error
	}
	if !d.looked {
		all, err := d.s.o.Store.Endpoints(ctx)
		if err != nil {
			return nil, fmt.Errorf("load channels: %w", err)
		}
		d.endpoints, d.looked = all, true
	}
	var best *Endpoint
	for i := range d.endpoints {
		if c := &d.endpoints[i]; c.takes(e, roleIn(e, m), m) && (best == nil || cmp.Compare(c.closeness(), best.closeness()) > 0) {
			best = c
		}
	}
	if best == nil {
		return nil, nil //nolint:nilnil // nowhere is no error
	}
	open, err := d.s.unseal(*best)
	if err != nil {
		d.s.o.Log.Error("a channel cannot be used", "channel", best.Name, "error", err)
		return nil, nil //nolint:nilnil // another channel may reach
	}
	return &open, nil
}

// roleIn is as what the receiver of a message gets it.
func roleIn(e *Enrolment, m Message) Role {
	if m.To == e.Learner {
		return Learner
	}
	for _, st := range e.Steps {
		for _, r := range st.Requests {
			if r.ID == m.Request && m.Request != "" {
				return r.Role
			}
		}
	}
	for _, role := range []Role{Coach, Manager, Peer} {
		if slices.ContainsFunc(e.Roles[role], func(a Assignment) bool { return a.Person == m.To }) {
			return role
		}
	}
	return ""
}

// maxFailures is how many messages in a row an endpoint may refuse before it is disabled.
const maxFailures = 20

// judge notes on an endpoint what became of a message there.
func (d *delivery) judge(ctx context.Context, to Endpoint, failure error) {
	var gone *GoneError
	i := slices.IndexFunc(d.endpoints, func(e Endpoint) bool { return e.Name == to.Name })
	if i < 0 || failure == nil && d.endpoints[i].Failures == 0 {
		return
	}
	c := &d.endpoints[i]
	switch {
	case failure == nil:
		c.Failures = 0
	case errors.As(failure, &gone):
		c.DisabledAt, c.Reason = d.s.now(), "it is gone (410)"
	default:
		if c.Failures++; c.Failures >= maxFailures {
			c.DisabledAt, c.Reason = d.s.now(), fmt.Sprintf("%d messages failed in a row", c.Failures)
		}
	}
	if !c.DisabledAt.IsZero() {
		d.s.o.Log.Error("a channel is disabled", "channel", c.Name, "reason", c.Reason)
	}
	if err := d.s.o.Store.PutEndpoint(ctx, *c); err != nil {
		d.s.o.Log.Warn("note on a channel", "channel", c.Name, "error", err)
	}
}
