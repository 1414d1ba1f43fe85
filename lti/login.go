package lti

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// loginRequest is a login initiation, bounded and checked in form.
type loginRequest struct {
	Issuer, LoginHint, TargetLinkURI  string
	MessageHint, DeploymentID, Client string
	StorageTarget                     string `json:"-"` // a restart is in a window of its own
}

// parseLogin reads the parameters of a login initiation. Canvas spells
// lti_deployment_id without its prefix.
func parseLogin(v url.Values) (loginRequest, *Rejection) {
	p, rej := single(v, "iss", "login_hint", "target_link_uri", "lti_message_hint", "lti_deployment_id", "deployment_id", "client_id", "lti_storage_target")
	if rej != nil {
		return loginRequest{}, rej
	}
	q := loginRequest{
		Issuer: p["iss"], LoginHint: p["login_hint"], TargetLinkURI: p["target_link_uri"],
		MessageHint: p["lti_message_hint"], DeploymentID: p["lti_deployment_id"], Client: p["client_id"],
		StorageTarget: storageTarget(p["lti_storage_target"]),
	}
	if other := p["deployment_id"]; q.DeploymentID == "" {
		q.DeploymentID = other
	} else if other != "" && other != q.DeploymentID {
		return q, reject("deployment_ambiguous", "lti_deployment_id and deployment_id name two deployments").vs(p["lti_deployment_id"], p["deployment_id"])
	}
	switch {
	case q.Issuer == "":
		return q, reject("issuer_missing", "the login names no iss")
	case q.LoginHint == "":
		return q, reject("login_hint_missing", "the login has no login_hint")
	case q.TargetLinkURI == "":
		return q, reject("target_missing", "the login has no target_link_uri")
	}
	for _, f := range []struct {
		name, value string
		max         int
	}{
		{"iss", q.Issuer, maxID}, {"client_id", q.Client, maxID}, {"lti_deployment_id", q.DeploymentID, maxID},
		{"login_hint", q.LoginHint, maxLoginHint}, {"target_link_uri", q.TargetLinkURI, maxTarget}, {"lti_message_hint", q.MessageHint, maxHint},
	} {
		if len(f.value) > f.max {
			return q, reject("parameter_too_long", "%s is longer than %d bytes", f.name, f.max)
		}
	}
	return q, nil
}

func (t *Tool) serveLogin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	id := requestID(w)
	var known failing
	refuse := func(rej *Rejection, more ...any) {
		t.logRejection(r, "login", rej, id, more...)
		t.keepFailure(r.Context(), FailedLogin, rej, known, id)
		t.o.Pages.LaunchRefused(w, r, rej, id, "")
	}
	form, rej := readForm(w, r, maxLoginBody)
	if rej != nil {
		refuse(rej)
		return
	}
	q, rej := parseLogin(form)
	known.issuer, known.clientID = q.Issuer, q.Client
	if rej != nil {
		refuse(rej)
		return
	}
	t.purgeSometimes(r.Context())
	reg, rej := t.registrationFor(r.Context(), q)
	if rej != nil {
		refuse(rej, "issuer", q.Issuer)
		return
	}
	known.registration = reg
	if rej := t.begin(w, r, reg, q); rej != nil {
		refuse(rej, "issuer", q.Issuer, "registration", reg.ID)
	}
}

// registrationFor picks the registration a login means. Without client_id the issuer
// must have one only that is active, or one that knows the named deployment.
func (t *Tool) registrationFor(ctx context.Context, q loginRequest) (Registration, *Rejection) {
	regs, err := t.store.RegistrationsOf(ctx, q.Issuer)
	if err != nil {
		return Registration{}, broken("reading the registrations", err)
	}
	if len(regs) == 0 {
		return Registration{}, reject("unknown_issuer", "no registration for the issuer %q", q.Issuer)
	}
	if q.Client != "" {
		for _, reg := range regs {
			if reg.ClientID == q.Client {
				return reg, nil
			}
		}
		return Registration{}, reject("unknown_client", "the issuer is registered, but not with the client id %q", q.Client).vs(clientsOf(regs), q.Client)
	}
	if regs = active(regs); len(regs) == 1 {
		return regs[0], nil
	}
	var found []Registration
	for _, reg := range regs {
		if q.DeploymentID == "" {
			break
		}
		_, err := t.store.Deployment(ctx, reg.ID, q.DeploymentID)
		if err == nil {
			found = append(found, reg)
		} else if !errors.Is(err, ErrNotFound) {
			return Registration{}, broken("reading the deployments", err)
		}
	}
	if len(found) != 1 {
		return Registration{}, reject("ambiguous_client", "the issuer has %d registrations and the login names no client_id that tells them apart", len(regs))
	}
	return found[0], nil
}

// clientsOf lists the client ids of some registrations.
func clientsOf(regs []Registration) string {
	var ids []string
	for _, reg := range regs[:min(len(regs), 5)] {
		ids = append(ids, reg.ClientID)
	}
	return strings.Join(ids, ", ")
}

// begin remembers a new login and sends the browser to the platform, by way of a
// page that leaves the login's secret in the platform's storage where that is
// offered and a cookie may not come back.
func (t *Tool) begin(w http.ResponseWriter, r *http.Request, reg Registration, q loginRequest) *Rejection {
	if reg.Status != StatusActive {
		return reject("registration_suspended", "this registration is %s", reg.Status)
	}
	if target, ok := webURL(q.TargetLinkURI); !ok || !sameOrigin(target, t.public) {
		return reject("target_off_origin", "target_link_uri is not on %s", t.o.PublicURL).vs(t.o.PublicURL, withoutQuery(q.TargetLinkURI))
	}
	auth, ok := webURL(reg.AuthURL)
	if !ok {
		return broken("reading the registration", fmt.Errorf("authorization URL %q", reg.AuthURL))
	}
	state, nonce, browser, now := secret(), secret(), secret(), t.now()
	login := Login{
		State: hash(state), Nonce: hash(nonce), Browser: hash(browser),
		Registration: reg.ID, DeploymentID: q.DeploymentID, TargetLinkURI: q.TargetLinkURI,
		LoginHint: q.LoginHint, MessageHint: q.MessageHint,
		CreatedAt: now, ExpiresAt: now.Add(loginLife),
	}
	if q.StorageTarget != "" && !cookiesReturn(r) {
		login.StorageTarget, login.StorageOrigin = q.StorageTarget, originOf(auth)
	}
	if !t.logins.admit(login) {
		w.Header().Set("Retry-After", "60")
		return reject("too_many_logins", "%d logins of this registration began within %s", t.o.MaxLogins, loginLife)
	}
	if err := t.store.PutLogin(r.Context(), login); err != nil {
		return broken("remembering the login", err)
	}
	t.bindBrowser(w, r, login.State, browser)
	v := auth.Query()
	for name, value := range map[string]string{
		"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none",
		"client_id": reg.ClientID, "redirect_uri": t.o.PublicURL + "/lti/launch",
		"login_hint": q.LoginHint, "state": state, "nonce": nonce,
	} {
		v.Set(name, value)
	}
	if q.MessageHint != "" {
		v.Set("lti_message_hint", q.MessageHint)
	}
	auth.RawQuery = v.Encode()
	if storage, ok := storageOf(login); ok {
		storage.Prelaunch = slices.Contains([]Family{"", FamilySakai}, reg.Family())
		t.o.Pages.KeepInStorage(w, r, storage, browser, auth.String())
		return nil
	}
	http.Redirect(w, r, auth.String(), http.StatusSeeOther)
	return nil
}

// restart is what a one-time handle for a new window stands for.
type restart struct {
	Registration RegistrationID `json:"registration"`
	Login        loginRequest   `json:"login"`
}

// restartURL makes a handle that begins login l again; "" if that fails. However
// often it is asked for, a login has one.
func (t *Tool) restartURL(ctx context.Context, l Login) string {
	reg, err := t.store.Registration(ctx, l.Registration)
	if err != nil {
		return ""
	}
	data, err := json.Marshal(restart{Registration: reg.ID, Login: loginRequest{
		Issuer: reg.Issuer, LoginHint: l.LoginHint, TargetLinkURI: l.TargetLinkURI,
		MessageHint: l.MessageHint, DeploymentID: l.DeploymentID, Client: reg.ClientID,
	}})
	if err != nil {
		return ""
	}
	handle := derived(t.o.Secret, "cairn restart", l.State)
	there := func() bool { _, err := t.store.Ticket(ctx, "restart", hash(handle), t.now()); return err == nil }
	if there() {
		return t.o.PublicURL + "/lti/restart?h=" + handle
	}
	if err := t.store.PutTicket(ctx, Ticket{
		Hash: hash(handle), Purpose: "restart", Tenant: reg.Tenant, Data: string(data), ExpiresAt: t.now().Add(loginLife),
	}); err != nil && !there() { // the same answer twice at once
		t.log.ErrorContext(ctx, "restart handle not kept", "err", err)
		return ""
	}
	return t.o.PublicURL + "/lti/restart?h=" + handle
}

// serveRestart begins a login again, now first-party in a window of its own.
func (t *Tool) serveRestart(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	id := requestID(w)
	var known failing
	refuse := func(rej *Rejection) {
		t.logRejection(r, "restart", rej, id)
		t.keepFailure(r.Context(), FailedRestart, rej, known, id)
		t.o.Pages.LaunchRefused(w, r, rej, id, "")
	}
	ticket, err := t.store.TakeTicket(r.Context(), "restart", hash(r.URL.Query().Get("h")), t.now())
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			refuse(reject("restart_unknown", "this link was used or is too old; open the activity from the course again"))
		} else {
			refuse(broken("taking the handle", err))
		}
		return
	}
	var again restart
	if err := json.Unmarshal([]byte(ticket.Data), &again); err != nil {
		refuse(broken("reading the handle", err))
		return
	}
	reg, err := t.store.Registration(r.Context(), again.Registration)
	if errors.Is(err, ErrNotFound) {
		refuse(reject("registration_removed", "this registration was removed after the login"))
		return
	}
	if err != nil {
		refuse(broken("reading the registration", err))
		return
	}
	known.registration = reg
	if page := launchPage(reg, again.Login.MessageHint); page != "" {
		http.Redirect(w, r, page, http.StatusSeeOther)
		return
	}
	if rej := t.begin(w, r, reg, again.Login); rej != nil {
		refuse(rej)
	}
}

// launchPage is the platform's own page that launches again. Moodle takes a
// message hint once only, so there the login must begin in Moodle; the hint names
// the course module.
func launchPage(reg Registration, messageHint string) string {
	if reg.Family() != FamilyMoodle {
		return ""
	}
	var hint struct {
		CMID json.Number `json:"cmid"`
	}
	if err := json.Unmarshal([]byte(messageHint), &hint); err != nil {
		return ""
	}
	if _, err := strconv.ParseUint(hint.CMID.String(), 10, 63); err != nil {
		return ""
	}
	return strings.TrimSuffix(reg.Issuer, "/") + "/mod/lti/launch.php?id=" + hint.CMID.String()
}

// purgeSometimes forgets old logins and tickets, at most every ten minutes.
func (t *Tool) purgeSometimes(ctx context.Context) {
	now := t.now()
	t.purge.Lock()
	due := now.Sub(t.purge.last).Abs() >= purgeEvery
	if due {
		t.purge.last = now
	}
	t.purge.Unlock()
	if !due {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := t.store.Purge(ctx, now.Add(-loginGrace), now.Add(-loginMemory)); err != nil {
		t.log.ErrorContext(ctx, "old logins not purged", "err", err)
	}
	if err := t.trimFailures(ctx); err != nil {
		t.log.ErrorContext(ctx, "old failures not trimmed", "err", err)
	}
}
