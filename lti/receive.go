package lti

import (
	"context"
	"errors"
	"net/http"
)

// repeatField marks the form that came back from Pages.RepeatPost.
const repeatField = "cairn_repeat"

func (t *Tool) serveLaunch(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	id := requestID(w)
	got, rej := t.receive(w, r)
	if rej != nil {
		more := []any{}
		again := ""
		if got.login.Registration != "" {
			more = append(more, "registration", got.login.Registration)
			if rej.Restartable() {
				again = t.restartURL(r.Context(), got.login)
			}
		}
		t.logRejection(r, "launch", rej, id, more...)
		t.keepFailure(r.Context(), FailedLaunch, rej, got.known, id)
		t.o.Pages.LaunchRefused(w, r, rej, id, again)
		return
	}
	if got.ask != nil {
		t.log.InfoContext(r.Context(), "launch without cookie, asking the platform's storage",
			"request_id", id, "registration", got.login.Registration)
		t.o.Pages.AskStorage(w, r, *got.ask, t.o.PublicURL+"/lti/launch", got.repeat, storageField, t.restartURL(r.Context(), got.login))
		return
	}
	if got.repeat != nil {
		t.log.InfoContext(r.Context(), "launch without cookie, posted again from our own origin",
			"request_id", id, "registration", got.login.Registration)
		t.o.Pages.RepeatPost(w, r, t.o.PublicURL+"/lti/launch", got.repeat)
		return
	}
	l := got.launch
	l.RequestID = id
	l.FromIframe = inFrame(r, l.DocumentTarget)
	t.releaseBrowser(w, got.login.State)
	t.log.InfoContext(r.Context(), "launch accepted", "request_id", id, "registration", l.Registration.ID,
		"deployment", l.DeploymentID, "tenant", l.Tenant, "message", l.MessageType, "iframe", l.FromIframe)
	t.learnFamily(r.Context(), l)
	t.inherit(r.Context(), l)
	t.know(r.Context(), l)
	t.o.OnLaunch(w, r, l)
}

// inFrame reports that the answer is shown in a frame. The browser knows; the
// platform says only where it meant to show it, and an older browser says nothing.
func inFrame(r *http.Request, documentTarget string) bool {
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" {
		return dest == "iframe" || dest == "frame"
	}
	return documentTarget == "iframe" || documentTarget == "frame"
}

// received is how far a launch came: a launch, a form to post again, or with a
// rejection whatever was known by then.
type received struct {
	login  Login
	repeat map[string]string
	ask    *Storage // to be asked before the form is posted again
	launch *Launch
	known  failing // for the administrator
}

// receive takes the authorization answer through every check, and uses the login
// up as the very last.
func (t *Tool) receive(w http.ResponseWriter, r *http.Request) (received, *Rejection) {
	var got received
	form, rej := readForm(w, r, maxLaunchBody)
	if rej != nil {
		return got, rej
	}
	f, rej := single(form, "id_token", "state", "error", "error_description", repeatField, storageField)
	if rej != nil {
		return got, rej
	}
	ctx := r.Context()
	if f["error"] != "" {
		if l, err := t.store.Login(ctx, hash(f["state"])); err == nil {
			got.login = l
			got.known.registration, _ = t.store.Registration(ctx, l.Registration) // unknown: nobody's
			if l.UsedAt.IsZero() && (t.bound(r, l) || t.development()) {
				return got, platformError(f["error"], f["error_description"])
			}
		}
		// Anybody can make a browser post this: their words are not shown as a platform's.
		return got, reject("platform_error", "an error was answered to no login that this browser has under way")
	}
	if f["state"] == "" {
		return got, reject("state_missing", "the answer has no state")
	}
	if f["id_token"] == "" {
		return got, reject("token_missing", "the answer has no id_token")
	}
	login, err := t.store.Login(ctx, hash(f["state"]))
	if errors.Is(err, ErrNotFound) {
		return got, reject("state_unknown", "no login is under way with this state")
	}
	if err != nil {
		return got, broken("reading the login", err)
	}
	got.login = login
	got.known.registration, err = t.store.Registration(ctx, login.Registration)
	if errors.Is(err, ErrNotFound) {
		return got, reject("registration_removed", "this registration was removed after the login")
	}
	if err != nil {
		return got, broken("reading the registration", err)
	}
	if tok, rej := splitToken(f["id_token"]); rej == nil {
		got.known.claims = tok.claims
		got.known.issuer, _, _ = tok.claims.text("iss") // as received, of whatever type
	}
	if !login.UsedAt.IsZero() {
		return got, replayed(login, f["id_token"])
	}
	if t.now().After(login.ExpiresAt) {
		return got, reject("state_expired", "the login began more than %s ago", loginLife)
	}
	if !t.bound(r, login) {
		switch ask, offered := storageOf(login); {
		case f[storageField] != "":
			if rej := t.boundByStorage(r, login, f[storageField]); rej != nil {
				return got, rej
			}
		case f[repeatField] == "" && (offered || t.development()):
			got.repeat = map[string]string{"id_token": f["id_token"], "state": f["state"], repeatField: "1"}
			if offered {
				got.ask = &ask
			}
			return got, nil
		default:
			return got, reject("state_other_browser", "the login began in another browser, or this one kept no cookie")
		}
	}
	launch, rej := t.validate(ctx, &got.known, login, f["id_token"])
	if rej != nil {
		return got, rej
	}
	switch err := t.store.UseLogin(ctx, login.State, t.now()); {
	case errors.Is(err, ErrConflict):
		return got, reject("nonce_reused", "this launch was used already")
	case err != nil:
		return got, broken("using the login", err)
	}
	if launch.DeepLink != nil {
		if launch.DeepLink.Handle, err = t.keepDeepLink(ctx, launch); err != nil {
			return got, broken("remembering the deep link", err)
		}
	}
	got.launch = launch
	return got, nil
}

// replayed names the refusal of an answer to a login that was used: the same
// token again, or another token with a used state.
func replayed(l Login, idToken string) *Rejection {
	if tok, rej := splitToken(idToken); rej == nil {
		if nonce, _, err := tok.claims.text("nonce"); err == nil && hash(nonce) == l.Nonce {
			return reject("nonce_reused", "this launch was used already")
		}
	}
	return reject("state_reused", "a launch with this state was used already")
}

// platformError is the platform's own refusal, posted instead of an id_token.
func platformError(code, description string) *Rejection {
	rej := reject("platform_error", "the platform answered %s", printable(code, 64))
	rej.PlatformSays = printable(description, 300)
	return rej
}

// printable keeps ASCII text of bounded length.
func printable(s string, max int) string {
	out := make([]byte, 0, min(len(s), max))
	for i := 0; i < len(s) && len(out) < max; i++ {
		if s[i] >= 0x20 && s[i] < 0x7f {
			out = append(out, s[i])
		}
	}
	return string(out)
}

// validate turns an id_token into a launch of the login's registration.
func (t *Tool) validate(ctx context.Context, known *failing, login Login, idToken string) (*Launch, *Rejection) {
	reg := known.registration
	if reg.Status != StatusActive {
		return nil, reject("registration_suspended", "this registration is %s", reg.Status)
	}
	tok, rej := splitToken(idToken)
	if rej != nil {
		return nil, rej
	}
	if rej := t.checkIssuer(ctx, reg, tok.claims); rej != nil {
		return nil, rej
	}
	if rej := t.verify(ctx, reg, tok); rej != nil {
		return nil, rej
	}
	known.verified = true
	issued, rej := checkSecurityClaims(tok.claims, reg.ClientID, t.now(), t.o.Skew)
	if rej != nil {
		return nil, rej
	}
	if rej := t.checkNonce(ctx, login, tok.claims); rej != nil {
		return nil, rej
	}
	launch, rej := readLaunch(tok.claims, t.o.AllowAnonymous)
	if rej != nil {
		return nil, rej
	}
	if rej := t.checkTarget(launch, login); rej != nil {
		return nil, rej
	}
	rej = t.checkDeployment(ctx, reg, launch, login)
	known.tenant = launch.Deployment.Tenant
	if rej != nil {
		return nil, rej
	}
	launch.Registration = reg
	if rej := t.checkMigration(ctx, launch, tok.claims); rej != nil {
		return nil, rej
	}
	launch.Issuer, launch.ClientID, launch.IssuedAt = reg.Issuer, reg.ClientID, issued
	if launch.ProductFamily == "" {
		launch.ProductFamily = string(reg.Family())
	}
	return launch, nil
}

// checkIssuer looks at iss before the signature, so that a token from nowhere is
// called that and not a forgery.
func (t *Tool) checkIssuer(ctx context.Context, reg Registration, c object) *Rejection {
	iss, ok, err := c.text("iss")
	if err != nil {
		return badType(err)
	}
	if !ok || iss == "" {
		return reject("token_issuer_missing", "the token has no iss")
	}
	if iss == reg.Issuer {
		return nil
	}
	if len(iss) <= maxID {
		if regs, err := t.store.RegistrationsOf(ctx, iss); err == nil && len(regs) == 0 {
			return reject("unknown_issuer", "no registration for the token's issuer %q", iss).vs(reg.Issuer, iss)
		}
	}
	return reject("issuer_mismatch", "the token's issuer is not the one of the login, %q", reg.Issuer).vs(reg.Issuer, iss)
}

func (t *Tool) checkNonce(ctx context.Context, login Login, c object) *Rejection {
	nonce, ok, err := c.text("nonce")
	if err != nil {
		return badType(err)
	}
	if !ok || nonce == "" {
		return reject("nonce_missing", "the token has no nonce")
	}
	if hash(nonce) == login.Nonce {
		return nil
	}
	other, err := t.store.LoginByNonce(ctx, hash(nonce))
	switch {
	case errors.Is(err, ErrNotFound):
		return reject("nonce_unknown", "the token's nonce was never ours")
	case err != nil:
		return broken("reading the nonce", err)
	case !other.UsedAt.IsZero():
		return reject("nonce_reused", "the token's nonce was used already, in another login")
	}
	return reject("nonce_other_state", "the token's nonce belongs to another login")
}

func (t *Tool) checkTarget(l *Launch, login Login) *Rejection {
	target, ok := webURL(l.TargetLinkURI)
	if !ok || !sameOrigin(target, t.public) {
		return reject("token_target_off_origin", "the token's target_link_uri is not on %s", t.o.PublicURL).vs(t.o.PublicURL, withoutQuery(l.TargetLinkURI))
	}
	if l.TargetLinkURI != login.TargetLinkURI {
		return reject("target_mismatch", "the token's target_link_uri is not the one of the login").vs(withoutQuery(login.TargetLinkURI), withoutQuery(l.TargetLinkURI))
	}
	return nil
}

func (t *Tool) checkDeployment(ctx context.Context, reg Registration, l *Launch, login Login) *Rejection {
	if login.DeploymentID != "" && login.DeploymentID != l.DeploymentID {
		return reject("deployment_mismatch", "the token's deployment is not the one of the login").vs(login.DeploymentID, l.DeploymentID)
	}
	var rej *Rejection
	l.Deployment, rej = t.deploymentFor(ctx, reg, l.DeploymentID)
	l.Tenant = l.Deployment.Tenant
	return rej
}
