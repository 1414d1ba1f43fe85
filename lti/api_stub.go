package lti

import (
	"context"
	"net/http"
	"time"
)

type Rejection struct {
	Code, Spec, Detail string
	Status             int
}

func (r *Rejection) Error() string { return r.Code }

type sealer struct{}

func newSealer([]byte) (*sealer, error) { return &sealer{}, nil }

type keySets struct{}

func newKeySets(*http.Client, func() time.Time) *keySets { return nil }

type tokens struct{}

func newTokens() *tokens { return nil }

type keyedLocks struct{}

func newKeyedLocks() *keyedLocks { return nil }

func (t *Tool) serveLogin(w http.ResponseWriter, r *http.Request)    {}
func (t *Tool) serveLaunch(w http.ResponseWriter, r *http.Request)   {}
func (t *Tool) serveRestart(w http.ResponseWriter, r *http.Request)  {}
func (t *Tool) serveJWKS(w http.ResponseWriter, r *http.Request)     {}
func (t *Tool) serveRegister(w http.ResponseWriter, r *http.Request) {}

type DeepLink struct{}

// Score is one grade.
type Score struct {
	Registration      RegistrationID
	LineItem, UserID  string
	Given, Maximum    float64
	Activity, Grading string
	Timestamp         time.Time
	Comment           string
}

// Member of a course.
type Member struct {
	UserID, Name, GivenName, FamilyName, Email, Status string
	Roles                                              []string
}

func (t *Tool) PostScore(ctx context.Context, s Score) error { return nil }
func (t *Tool) Members(ctx context.Context, r RegistrationID, membershipsURL string) ([]Member, error) {
	return nil, nil
}
func (t *Tool) EnsureLineItem(ctx context.Context, r RegistrationID, lineItemsURL, resourceLinkID, resourceID, tag, label string, max float64) (string, error) {
	return "", nil
}
func (t *Tool) Invite(ctx context.Context, tenant string) (string, error) { return "", nil }
func (t *Tool) Registrations(ctx context.Context) ([]Registration, error) { return nil, nil }
