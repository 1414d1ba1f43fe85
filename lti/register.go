package lti

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	maxRegistration = 1 << 20
	claimPlatform   = "https://purl.imsglobal.org/spec/lti-platform-configuration"
	claimTool       = "https://purl.imsglobal.org/spec/lti-tool-configuration"
)

// Invite makes a one-time URL that an administrator of a platform pastes into its
// dynamic registration. It is good for a week and for one registration of tenant.
func (t *Tool) Invite(ctx context.Context, tenant string) (string, error) {
	return t.InviteFor(ctx, tenant, "", "")
}

// inviter is what an invitation rests on, kept as Ticket.Data.
type inviter struct {
	Registration RegistrationID `json:"registration"`
	Deployment   string         `json:"deployment,omitempty"`
}

// InviteFor is Invite by somebody who came by a launch of that registration and
// deployment ("": by none). The invitation is good while these stand: a platform
// that was suspended or removed does not come back by one that its people kept.
func (t *Tool) InviteFor(ctx context.Context, tenant string, by RegistrationID, deployment string) (string, error) {
	if tenant == "" {
		return "", errors.New("lti: invite: a tenant is required")
	}
	code := secret()
	invite := Ticket{Hash: hash(code), Purpose: "invite", Tenant: tenant, ExpiresAt: t.now().Add(inviteLife)}
	if by != "" {
		data, err := json.Marshal(inviter{by, deployment})
		if err != nil {
			return "", fmt.Errorf("lti: invite: %w", err)
		}
		invite.Data = string(data)
	}
	if err := t.store.PutTicket(ctx, invite); err != nil {
		return "", fmt.Errorf("lti: invite: %w", err)
	}
	return t.o.PublicURL + "/lti/register?code=" + code, nil
}

// Registrations lists all registrations, oldest first.
func (t *Tool) Registrations(ctx context.Context) ([]Registration, error) {
	regs, err := t.store.Registrations(ctx)
	if err != nil {
		return nil, fmt.Errorf("lti: registrations: %w", err)
	}
	return regs, nil
}

// Register enters a registration by hand, for platforms without dynamic
// registration: issuer, client id, the three URLs and the tenant are required;
// the rest is filled in. Deployments named here are active. With none named, unknown
// ones are taken on, unless the platform is Canvas: there customers who know nothing
// of each other can share a client id, so each deployment waits for approval.
// ErrConflict if issuer and client id are registered, ErrIssuer if the issuer has other keys.
func (t *Tool) Register(ctx context.Context, reg Registration, deployments ...string) (Registration, error) {
	return t.RegisterBy(ctx, ByOperator, reg, deployments...)
}

// RegisterBy is Register on somebody's behalf: an issuer that another tenant has
// registered with other keys is entered by an operator only.
func (t *Tool) RegisterBy(ctx context.Context, by Authority, reg Registration, deployments ...string) (Registration, error) {
	if reg.Issuer == "" || reg.ClientID == "" || reg.Tenant == "" {
		return Registration{}, errors.New("lti: register: issuer, client id and tenant are required")
	}
	for _, u := range []string{reg.AuthURL, reg.TokenURL, reg.JWKSURL} {
		if !t.platformURL(u) {
			return Registration{}, fmt.Errorf("lti: register: %q is not an https URL", u)
		}
	}
	for _, alg := range reg.Algorithms {
		if !knownAlg(alg) {
			return Registration{}, fmt.Errorf("lti: register: %q is not an algorithm that can be allowed", alg)
		}
	}
	if err := t.admitIssuer(ctx, reg, by); err != nil {
		return Registration{}, fmt.Errorf("lti: register %q: %w", printable(reg.Issuer, maxID), err)
	}
	// Letters and digits only, so that no command takes the id for a flag.
	for _, d := range deployments {
		if d == "" || len(d) > maxID {
			return Registration{}, fmt.Errorf("lti: register: a deployment id has 1 to %d bytes", maxID)
		}
	}
	reg.ID, reg.Rev, reg.CreatedAt = RegistrationID(strings.ToLower(rand.Text())), 0, t.now()
	if reg.Status == "" {
		reg.Status = StatusActive
	}
	reg.ProductFamily = string(reg.Family())
	reg.AutoDeploy = reg.AutoDeploy || len(deployments) == 0 && reg.Family() != FamilyCanvas
	key, err := t.newKey(reg.ID)
	if err != nil {
		return Registration{}, err
	}
	if err := t.store.CreateRegistration(ctx, reg, key); err != nil {
		return Registration{}, fmt.Errorf("lti: register: %w", err)
	}
	for _, d := range deployments {
		if _, err := t.store.AddDeployment(ctx, Deployment{
			Registration: reg.ID, ID: d, Tenant: reg.Tenant, Status: StatusActive, CreatedAt: t.now(),
		}); err != nil {
			return Registration{}, fmt.Errorf("lti: register: %w", err)
		}
	}
	return reg, nil
}

// platformURL: an absolute web address, https unless in development.
func (t *Tool) platformURL(s string) bool {
	u, ok := webURL(s)
	return ok && len(s) <= 4<<10 && (u.Scheme == "https" || t.o.AllowPrivate)
}

func (t *Tool) serveRegister(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	id := requestID(w)
	var known failing
	reg, rej := t.register(w, r, &known)
	if rej != nil {
		t.logRejection(r, "registration", rej, id)
		t.keepFailure(r.Context(), FailedRegistration, rej, known, id)
		t.o.Pages.RegistrationRefused(w, r, rej, id)
		return
	}
	t.log.InfoContext(r.Context(), "registered", "request_id", id, "registration", reg.ID, "issuer", reg.Issuer,
		"family", reg.Family(), "tenant", reg.Tenant, "scopes", len(reg.Scopes))
	t.o.Pages.Registered(w, r, reg)
}

// register takes the invitation, and gives it back if nothing came of it.
func (t *Tool) register(w http.ResponseWriter, r *http.Request, known *failing) (Registration, *Rejection) {
	form, rej := readForm(w, r, maxLoginBody)
	if rej != nil {
		return Registration{}, rej
	}
	f, rej := single(form, "code", "openid_configuration", "registration_token")
	if rej != nil {
		return Registration{}, rej
	}
	if f["code"] == "" {
		return Registration{}, reject("invite_missing", "the registration URL carries no invitation")
	}
	if f["openid_configuration"] == "" {
		return Registration{}, reject("configuration_missing", "paste this URL into the platform's dynamic registration; it was opened without openid_configuration")
	}
	ctx := r.Context()
	invite, err := t.store.TakeTicket(ctx, "invite", hash(f["code"]), t.now())
	if errors.Is(err, ErrNotFound) {
		return Registration{}, reject("invite_unknown", "the invitation was used, is too old or never existed")
	}
	if err != nil {
		return Registration{}, broken("taking the invitation", err)
	}
	if rej := t.inviterStands(ctx, invite); rej != nil {
		return Registration{}, rej
	}
	known.tenant = invite.Tenant
	if at, ok := webURL(f["openid_configuration"]); ok {
		known.issuer = at.Scheme + "://" + at.Host
	}
	reg, rej := t.exchange(ctx, invite.Tenant, f["openid_configuration"], f["registration_token"])
	if rej != nil {
		if err := t.store.PutTicket(context.WithoutCancel(ctx), invite); err != nil {
			t.log.ErrorContext(ctx, "invitation not given back", "err", err)
		}
		return Registration{}, rej
	}
	return reg, nil
}

// inviterStands refuses an invitation made by somebody whose platform is let in no more.
func (t *Tool) inviterStands(ctx context.Context, invite Ticket) *Rejection {
	if invite.Data == "" {
		return nil
	}
	var by inviter
	if err := json.Unmarshal([]byte(invite.Data), &by); err != nil {
		return broken("reading the invitation", err)
	}
	_, err := t.Standing(ctx, by.Registration, by.Deployment, invite.Tenant)
	switch {
	case errors.Is(err, ErrForbidden), errors.Is(err, ErrNotFound):
		return reject("invite_unknown", "who made the invitation came from a platform that has been suspended or removed since")
	case err != nil:
		return broken("asking who made the invitation", err)
	}
	return nil
}

// platformConfig is what we need of a platform's OpenID configuration.
type platformConfig struct {
	issuer, authURL, tokenURL, jwksURL, registrationURL string
	tokenAudience                                       string
	family                                              Family
	scopes                                              []string
	messages                                            []messageSupport // empty: the platform does not say
}

// exchange fetches the platform's configuration, announces the tool and keeps the outcome.
func (t *Tool) exchange(ctx context.Context, tenant, configURL, token string) (Registration, *Rejection) {
	conf, rej := t.fetchConfig(ctx, configURL, token)
	if rej != nil {
		return Registration{}, rej
	}
	answer, rej := t.announce(ctx, conf, token)
	if rej != nil {
		return Registration{}, rej
	}
	reg := Registration{
		Issuer: conf.issuer, AuthURL: conf.authURL, TokenURL: conf.tokenURL, JWKSURL: conf.jwksURL,
		TokenAudience: conf.tokenAudience, ProductFamily: string(conf.family), Tenant: tenant, Status: StatusActive,
	}
	rd := &reader{}
	reg.ClientID = rd.id(answer, "client_id")
	if answer.has("scope") {
		reg.Scopes = strings.Fields(rd.text(answer, "scope"))
	} else {
		reg.Scopes = askedScopes(conf.scopes)
	}
	tool, _ := rd.object(answer, claimTool)
	deployment := rd.id(tool, "deployment_id")
	if rd.rej != nil || reg.ClientID == "" || len(reg.Scopes) > 100 {
		return Registration{}, reject("registration_answer", "the platform's answer holds no usable client_id, scope or deployment_id")
	}
	return t.keepRegistration(ctx, reg, deployment)
}

// keepRegistration stores a new registration, or brings an old one of the same
// tenant up to date (Moodle offers that, with the same client id).
func (t *Tool) keepRegistration(ctx context.Context, reg Registration, deployment string) (Registration, *Rejection) {
	ctx = context.WithoutCancel(ctx) // the platform has registered us; keep up
	var named []string
	if deployment != "" {
		named = []string{deployment}
	}
	for range 3 {
		old, err := t.store.RegistrationFor(ctx, reg.Issuer, reg.ClientID)
		if errors.Is(err, ErrNotFound) {
			kept, err := t.RegisterBy(ctx, ByTenant, reg, named...)
			if errors.Is(err, ErrIssuer) {
				return Registration{}, issuerTaken()
			}
			if errors.Is(err, ErrConflict) {
				continue
			}
			if err != nil {
				return Registration{}, broken("storing the registration", err)
			}
			return kept, nil
		}
		if err != nil {
			return Registration{}, broken("reading the registration", err)
		}
		if old.Tenant != reg.Tenant {
			return Registration{}, reject("registration_taken", "this platform's client id is registered for another tenant")
		}
		if err := t.admitIssuer(ctx, reg, ByTenant); errors.Is(err, ErrIssuer) {
			return Registration{}, issuerTaken()
		} else if err != nil {
			return Registration{}, broken("reading the registrations", err)
		}
		reg = old.registeredAgain(reg)
		if err := t.store.SaveRegistration(ctx, reg); errors.Is(err, ErrConflict) {
			continue
		} else if err != nil {
			return Registration{}, broken("storing the registration", err)
		}
		if deployment != "" {
			d, err := t.store.AddDeployment(ctx, Deployment{
				Registration: reg.ID, ID: deployment, Tenant: reg.Tenant, Status: StatusActive, CreatedAt: t.now(),
			})
			if err == nil && d.Status == StatusPending { // the invitation approves it
				err = t.ApproveDeployment(ctx, reg.ID, d.ID, reg.Tenant, ByTenant)
			}
			if err != nil {
				return Registration{}, broken("storing the deployment", err)
			}
		}
		reg.Rev++
		return reg, nil
	}
	return Registration{}, broken("storing the registration", ErrConflict)
}

// registeredAgain is the registration with what the platform says of itself now.
// All else stays, above all what an administrator set.
func (r Registration) registeredAgain(said Registration) Registration {
	r.AuthURL, r.TokenURL, r.JWKSURL = said.AuthURL, said.TokenURL, said.JWKSURL
	r.TokenAudience, r.Scopes = said.TokenAudience, said.Scopes
	r.ProductFamily = cmp.Or(said.ProductFamily, r.ProductFamily)
	return r
}

// fetchConfig reads the OpenID configuration; its issuer must be where it came from.
func (t *Tool) fetchConfig(ctx context.Context, configURL, token string) (platformConfig, *Rejection) {
	var conf platformConfig
	if !t.platformURL(configURL) {
		return conf, reject("configuration_url", "openid_configuration is not an https URL")
	}
	body, status, err := t.exchangeJSON(ctx, http.MethodGet, configURL, token, nil)
	if err != nil {
		rej := reject("configuration_unreachable", "the platform's configuration could not be fetched")
		rej.cause = err
		return conf, rej
	}
	if status != http.StatusOK {
		return conf, reject("configuration_unreachable", "fetching the platform's configuration answered HTTP %d", status)
	}
	doc, err := parseObject(body)
	if err != nil {
		return conf, reject("configuration_invalid", "the platform's configuration is not a JSON object")
	}
	rd := &reader{}
	conf = platformConfig{
		issuer: rd.id(doc, "issuer"), authURL: rd.text(doc, "authorization_endpoint"), tokenURL: rd.text(doc, "token_endpoint"),
		jwksURL: rd.text(doc, "jwks_uri"), registrationURL: rd.text(doc, "registration_endpoint"),
		tokenAudience: rd.text(doc, "authorization_server"), scopes: rd.texts(doc, "scopes_supported"),
	}
	lms, _ := rd.object(doc, claimPlatform)
	conf.family = familyNamed(rd.label(lms, "product_family_code"))
	conf.messages = readMessageSupport(lms)
	if rd.rej != nil {
		return conf, reject("configuration_invalid", "the platform's configuration: %s", rd.rej.Detail)
	}
	issuer, ok := webURL(conf.issuer)
	at, _ := webURL(configURL)
	if !ok || !sameOrigin(issuer, at) {
		return conf, reject("configuration_issuer", "the issuer %q is not at the host that the configuration came from, %s", conf.issuer, at.Host).vs(at.Host, conf.issuer)
	}
	for name, u := range map[string]string{
		"authorization_endpoint": conf.authURL, "token_endpoint": conf.tokenURL,
		"jwks_uri": conf.jwksURL, "registration_endpoint": conf.registrationURL,
	} {
		if !t.platformURL(u) {
			return conf, reject("configuration_invalid", "the platform's %s is not an https URL", name)
		}
	}
	if algs, ok, err := doc.texts("id_token_signing_alg_values_supported"); err == nil && ok && !slices.Contains(algs, "RS256") {
		return conf, reject("configuration_invalid", "the platform does not sign with RS256")
	}
	return conf, nil
}

// announce posts our client metadata to the platform.
func (t *Tool) announce(ctx context.Context, conf platformConfig, token string) (object, *Rejection) {
	body, err := json.Marshal(t.metadata(conf))
	if err != nil {
		return nil, broken("writing the registration", err)
	}
	answer, status, err := t.exchangeJSON(ctx, http.MethodPost, conf.registrationURL, token, body)
	if err != nil {
		rej := reject("registration_refused", "the platform's registration endpoint could not be reached")
		rej.cause = err
		return nil, rej
	}
	if status != http.StatusOK && status != http.StatusCreated {
		rej := reject("registration_refused", "the platform refused the registration with HTTP %d", status)
		rej.PlatformSays = printable(string(answer), 300)
		return nil, rej
	}
	doc, err := parseObject(answer)
	if err != nil {
		return nil, reject("registration_answer", "the platform's answer to the registration is not a JSON object")
	}
	return doc, nil
}
