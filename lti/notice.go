package lti

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Types of notices that this tool handles (Platform Notification Service 1.0).
const (
	NoticeHelloWorld = "LtiHelloWorldNotice"
	NoticeCourseCopy = "LtiContextCopyNotice"
)

const (
	noticePath   = "/lti/notices"
	maxNotices   = 50
	noticeMemory = 30 * 24 * time.Hour // how long a notice's id is remembered
	noticeWork   = time.Minute         // what one process has to act on it
)

// noticeTypes are those that a handler is registered for.
func noticeTypes() []string { return []string{NoticeHelloWorld, NoticeCourseCopy} }

// RegisterNotices tells the platform where to send the notices that it offers in a
// course and that are not registered yet.
func (t *Tool) RegisterNotices(ctx context.Context, c KnownCourse) error {
	if c.NoticesURL == "" {
		return nil
	}
	handler := t.o.PublicURL + noticePath
	for _, kind := range noticeTypes() {
		if !slices.Contains(c.NoticeTypes, kind) || slices.Contains(c.NoticeHandlers, kind+" "+c.NoticesURL) {
			continue
		}
		body, err := json.Marshal(map[string]string{"notice_type": kind, "handler": handler})
		if err != nil {
			return fmt.Errorf("lti: notices: %w", err)
		}
		if _, _, err = t.call(ctx, c.CourseKey, call{ //nolint:bodyclose // call has read and closed it
			op: "notices", scope: scopeNotices, method: http.MethodPut, url: c.NoticesURL,
			accept: "application/json", contentType: "application/json", body: body,
		}); err != nil {
			return err
		}
		if _, err = t.ChangeCourse(ctx, c.CourseKey, func(known *KnownCourse) {
			known.NoticeHandlers = slices.DeleteFunc(slices.Clone(known.NoticeHandlers), func(s string) bool { return strings.HasPrefix(s, kind+" ") })
			known.NoticeHandlers = append(known.NoticeHandlers, kind+" "+c.NoticesURL)
		}); err != nil {
			return err
		}
	}
	return nil
}

// serveNotices takes {"notices":[{"jwt"}]}. Each is verified as an id_token is, and
// handled once. What is forged or of no meaning to us is kept for the administrator
// and done with; only a failure of our own asks the platform to send all again. The first
// that no platform of ours has signed ends the request: a stranger costs us one signature.
func (t *Tool) serveNotices(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	id := requestID(w)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLaunchBody))
	var sent struct {
		Notices []struct {
			JWT string `json:"jwt"`
		} `json:"notices"`
	}
	if err == nil {
		err = json.Unmarshal(body, &sent)
	}
	if err != nil || len(sent.Notices) == 0 || len(sent.Notices) > maxNotices {
		http.Error(w, fmt.Sprintf("want a JSON object with 1 to %d notices", maxNotices), http.StatusBadRequest)
		return
	}
	good, broke, forged := 0, false, false
	for _, one := range sent.Notices {
		if broke = broke || r.Context().Err() != nil; broke || forged {
			break
		}
		var known failing
		rej, err := t.notice(r.Context(), one.JWT, &known)
		switch {
		case err != nil:
			broke = true
			t.log.ErrorContext(r.Context(), "take a notice", "request_id", id, "error", err)
		case rej != nil:
			forged = !known.verified
			t.logRejection(r, "notice", rej, id, "registration", known.registration.ID)
			t.keepFailure(r.Context(), FailedNotice, rej, known, id)
		default:
			good++
		}
	}
	switch {
	case broke:
		w.Header().Set("Retry-After", "60")
		http.Error(w, "try again", http.StatusServiceUnavailable)
	case forged:
		http.Error(w, "a notice could not be verified; it and those after it were not taken", http.StatusUnauthorized)
	case good == 0:
		http.Error(w, "none of the notices could be verified", http.StatusUnauthorized)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// notice verifies one notice and acts on it, if it is new.
func (t *Tool) notice(ctx context.Context, compact string, known *failing) (*Rejection, error) {
	tok, rej := splitToken(compact)
	if rej != nil {
		return rej, nil
	}
	known.claims = tok.claims
	known.issuer, _, _ = tok.claims.text("iss") // as received
	reg, rej, err := t.sender(ctx, tok.claims)
	known.registration = reg
	if rej != nil || err != nil {
		return rej, err
	}
	if rej := t.verify(ctx, reg, tok); rej != nil {
		return rej, nil
	}
	known.verified = true
	if _, rej := checkSecurityClaims(tok.claims, reg.ClientID, t.now(), t.o.Skew); rej != nil {
		return rej, nil
	}
	rd := &reader{}
	about, _ := rd.object(tok.claims, claim+"notice")
	id, kind := rd.id(about, "id"), rd.id(about, "type")
	deployment := rd.id(tok.claims, claim+"deployment_id")
	course, _ := rd.object(tok.claims, claim+"context")
	copied := KnownCourse{CourseKey: CourseKey{reg.ID, deployment, rd.id(course, "id")}, Title: rd.label(course, "title"), Issuer: reg.Issuer}
	origins := rd.texts(tok.claims, claim+"origin_contexts")
	switch {
	case rd.rej != nil:
		return rd.rej, nil
	case id == "" || kind == "":
		return reject("not_lti", "the token is no notice with id and type"), nil
	}
	return t.once(ctx, hash(string(reg.ID)+"\n"+id), func() (*Rejection, error) {
		if kind == NoticeCourseCopy {
			if rej, err := t.courseCopied(ctx, copied, origins, known); rej != nil || err != nil {
				return rej, err
			}
		}
		t.log.InfoContext(ctx, "a notice was taken", "registration", reg.ID, "type", printable(kind, 64))
		return nil, nil
	})
}

// once does the work of a notice unless it is done. It holds two leases meanwhile,
// for a minute: that it is under way, and that it is done, which becomes a month
// when it is. If the process dies over it, both end, and the next delivery does the
// work; one that comes before is an error, so that it comes again.
func (t *Tool) once(ctx context.Context, notice string, work func() (*Rejection, error)) (*Rejection, error) {
	doing, done, holder, now := "noticing "+notice, "notice "+notice, secret(), time.Now()
	for _, name := range []string{doing, done} {
		mine, err := t.store.TakeLease(ctx, name, holder, now, now.Add(noticeWork))
		switch {
		case err != nil:
			return nil, fmt.Errorf("lti: notice: %w", err)
		case !mine && name == doing:
			return nil, fmt.Errorf("lti: notice: it is under way already: %w", ErrConflict)
		case !mine:
			return nil, t.store.ReleaseLease(ctx, doing, holder)
		}
	}
	rej, err := work()
	ctx = context.WithoutCancel(ctx)
	if rej != nil || err != nil { // it may come again
		err = errors.Join(err, t.store.ReleaseLease(ctx, done, holder))
	} else {
		now = time.Now()
		_, err = t.store.TakeLease(ctx, done, holder, now, now.Add(noticeMemory)) // not mine: another was faster
	}
	return rej, errors.Join(err, t.store.ReleaseLease(ctx, doing, holder))
}

// sender finds the registration that a notice is for, by issuer and audience.
func (t *Tool) sender(ctx context.Context, c object) (Registration, *Rejection, error) {
	iss, _, err := c.text("iss")
	if err != nil {
		return Registration{}, badType(err), nil
	}
	if iss == "" || len(iss) > maxID {
		return Registration{}, reject("token_issuer_missing", "the token has no usable iss"), nil
	}
	regs, err := t.store.RegistrationsOf(ctx, iss)
	if err != nil {
		return Registration{}, nil, fmt.Errorf("lti: notice: %w", err)
	}
	rej := reject("unknown_issuer", "no registration for the token's issuer %q", printable(iss, maxID))
	for _, reg := range regs {
		if rej = checkAudience(c, reg.ClientID); rej == nil {
			if reg.Status != StatusActive {
				return reg, reject("registration_suspended", "this registration is %s", reg.Status), nil
			}
			return reg, nil, nil
		}
	}
	return Registration{}, rej, nil
}

// courseCopied remembers what a course is a copy of, so that its line items are
// found and its activities know their workflow.
func (t *Tool) courseCopied(ctx context.Context, c KnownCourse, origins []string, known *failing) (*Rejection, error) {
	d, err := t.store.Deployment(ctx, c.Registration, c.Deployment)
	known.tenant = d.Tenant
	switch {
	case errors.Is(err, ErrNotFound):
		return reject("unknown_deployment", "the deployment %q is not known under this registration", printable(c.Deployment, maxID)), nil
	case err != nil:
		return nil, fmt.Errorf("lti: notice: %w", err)
	case d.Status != StatusActive:
		return reject("deployment_suspended", "this deployment is %s", d.Status), nil
	case c.Course == "":
		return reject("not_lti", "the notice does not say which course is the copy"), nil
	}
	_, err = t.changeCourse(ctx, c.CourseKey, true, func(copied *KnownCourse) {
		if copied.Rev == 0 {
			copied.Tenant, copied.Issuer, copied.Title, copied.SeenAt = d.Tenant, c.Issuer, c.Title, t.now()
		}
		for _, from := range origins {
			if from != "" && from != c.Course && len(from) <= maxID {
				copied.Origins = append(slices.DeleteFunc(copied.Origins, func(s string) bool { return s == from }), from)
			}
		}
		copied.Origins = copied.Origins[max(0, len(copied.Origins)-maxOrigins):]
	})
	return nil, err
}

// inherit gives a launch that names no workflow the one of the activity it is a
// copy of, as far as the platform told us of the copy: the activity of the same
// name, or the only workflow of the course. Where it is not clear, nothing is given.
func (t *Tool) inherit(ctx context.Context, l *Launch) {
	key, ok := KeyOf(l)
	if target, err := url.Parse(l.TargetLinkURI); !ok || l.MessageType != MessageResourceLink || resolved(l.Custom["workflow"]) != "" ||
		err == nil && target.Query().Get("workflow") != "" {
		return
	}
	origins, err := t.origins(ctx, key)
	if err != nil {
		t.log.WarnContext(ctx, "look for the workflow of a copied activity", "request_id", l.RequestID, "error", err)
	}
	named, all := map[string]bool{}, map[string]bool{}
	for _, c := range origins {
		for _, link := range c.Links {
			if link.Workflow != "" {
				all[link.Workflow] = true
				if link.Title == l.ResourceLink.Title {
					named[link.Workflow] = true
				}
			}
		}
	}
	for _, found := range []map[string]bool{named, all} {
		if len(found) != 1 {
			continue
		}
		for workflow := range found {
			if l.Custom == nil {
				l.Custom = map[string]string{}
			}
			l.Custom["workflow"] = workflow
		}
		return
	}
}
