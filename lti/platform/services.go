package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Media types of the services.
const (
	typeLineItem   = "application/vnd.ims.lis.v2.lineitem+json"
	typeLineItems  = "application/vnd.ims.lis.v2.lineitemcontainer+json"
	typeResults    = "application/vnd.ims.lis.v2.resultcontainer+json"
	typeScore      = "application/vnd.ims.lis.v1.score+json"
	typeMembers    = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
	servicesPath   = "/mod/lti/services.php"
	maxServiceBody = 1 << 20
)

// serviceError is a service's answer other than success.
type serviceError struct {
	status int
	reason string
	// contentType, when set, answers with an empty JSON array of that type, as
	// the score service does.
	contentType string
}

func (e *serviceError) Error() string { return e.reason }

func refuse(status int, reason string) error { return &serviceError{status: status, reason: reason} }

// serviceCall is a request to a service resource, past the routing.
type serviceCall struct {
	w       http.ResponseWriter
	r       *http.Request
	token   accessToken
	tool    Tool
	course  string
	item    string // line item ID, if the path names one
	accept  string // "*/*" if there was none
	content string // media type of the body, without parameters
	body    []byte
}

// resource is one path of the services, with the media types it deals in.
type resource struct {
	formats []string
	serve   func(*Platform, *serviceCall) error
	lists   bool // Accept may name several types: what Moodle serves takes exactly one
}

// services dispatches AGS and NRPS. Like Moodle, a path whose media types do
// not fit is not found at all ("No handler found"), before any token is looked
// at; */* fits every GET.
//
//	{course}/lineitems, {course}/lineitems/{id}/lineitem[/scores|/results],
//	CourseSection/{course}/bindings/{tool}/memberships
func (p *Platform) services(w http.ResponseWriter, r *http.Request) {
	c := &serviceCall{w: w, r: r, accept: r.Header.Get("Accept")}
	if err := p.limited(w, r); err != nil {
		p.serviceFailed(c, err)
		return
	}
	if c.accept == "" {
		c.accept = "*/*"
	}
	c.content, _, _ = strings.Cut(r.Header.Get("Content-Type"), ";")
	c.content = strings.TrimSpace(c.content)
	path := strings.TrimPrefix(r.URL.Path, servicesPath)
	res, ok := route(path, c)
	if !ok || !p.fits(res, c) {
		accept, content := c.accept, c.content
		if r.Method != http.MethodGet {
			accept = ""
		} else {
			content = ""
		}
		p.serviceFailed(c, refuse(http.StatusBadRequest, "No handler found for "+path+" "+accept+" "+content))
		return
	}
	if c.token, ok = p.bearer(r); !ok {
		p.serviceFailed(c, refuse(http.StatusUnauthorized, "Unauthorized"))
		return
	}
	var err error
	if c.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxServiceBody)); err != nil {
		p.serviceFailed(c, refuse(http.StatusRequestEntityTooLarge, "Request body too large"))
		return
	}
	known := false
	p.view(func(w *world) { c.tool, ok = w.tool(c.token.clientID); _, known = w.course(c.course) })
	switch {
	case !ok:
		err = refuse(http.StatusUnauthorized, "Unauthorized")
	case !known:
		err = refuse(http.StatusNotFound, "Not Found: Course "+c.course+" doesn't exist")
	default:
		err = res.serve(p, c)
	}
	if err != nil {
		p.serviceFailed(c, err)
	}
}

// limited refuses a call as other platforms do whose services are watched.
func (p *Platform) limited(w http.ResponseWriter, r *http.Request) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quirks.NeedUserAgent && r.UserAgent() == "" {
		return refuse(http.StatusForbidden, "403 Forbidden: a User-Agent is required")
	}
	if p.quirks.RateLimited <= 0 {
		return nil
	}
	p.quirks.RateLimited--
	if after := p.quirks.RetryAfter; after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
		return refuse(http.StatusTooManyRequests, "Too Many Requests")
	}
	return refuse(http.StatusForbidden, "403 Forbidden (Rate Limit Exceeded)")
}

// route finds the resource of a path and fills in what the path names.
func route(path string, c *serviceCall) (resource, bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	switch {
	case len(parts) == 5 && parts[0] == "CourseSection" && parts[2] == "bindings" && parts[4] == "memberships":
		c.course = parts[1]
		return resource{formats: []string{typeMembers}, serve: (*Platform).members}, true
	case len(parts) == 3 && parts[0] == "CourseSection" && parts[2] == "groups":
		c.course = parts[1]
		return resource{[]string{typeGroups}, (*Platform).groups, true}, true
	case len(parts) == 3 && parts[0] == "CourseSection" && parts[2] == "groupsets":
		c.course = parts[1]
		return resource{[]string{typeGroupSets, typeGroups}, (*Platform).groupSets, true}, true
	case len(parts) == 2 && parts[0] == "notices":
		return resource{[]string{typeJSON}, (*Platform).noticeHandlers, true}, true
	case len(parts) == 2 && parts[1] == "lineitems":
		c.course = parts[0]
		return resource{formats: []string{typeLineItems, typeLineItem}, serve: (*Platform).lineItems}, true
	case len(parts) >= 4 && parts[1] == "lineitems" && parts[3] == "lineitem":
		c.course, c.item = parts[0], parts[2]
		switch {
		case len(parts) == 4:
			return resource{formats: []string{typeLineItem}, serve: (*Platform).lineItem}, true
		case len(parts) == 5 && parts[4] == "scores":
			return resource{formats: []string{typeScore}, serve: (*Platform).scores}, true
		case len(parts) == 5 && parts[4] == "results":
			return resource{formats: []string{typeResults}, serve: (*Platform).results}, true
		}
	}
	return resource{}, false
}

func (p *Platform) fits(res resource, c *serviceCall) bool {
	switch c.r.Method {
	case http.MethodGet:
		return strings.Contains(c.accept, "*/*") || slices.Contains(res.formats, c.accept) || (res.lists && slices.ContainsFunc(res.formats, func(f string) bool { return strings.Contains(c.accept, f) })) || p.Quirks().LenientAccept
	case http.MethodDelete:
		return true
	default:
		return slices.Contains(res.formats, c.content)
	}
}

// serviceFailed writes an error as Moodle's services do.
func (p *Platform) serviceFailed(c *serviceCall, err error) {
	var e *serviceError
	if !errors.As(err, &e) {
		p.log.Error("service failed", "path", c.r.URL.Path, "error", err)
		e = &serviceError{status: http.StatusInternalServerError, reason: "Internal Server Error"}
	}
	p.log.Info("service refused", "method", c.r.Method, "path", c.r.URL.Path, "status", e.status)
	if e.contentType != "" {
		p.writeJSON(c.w, e.status, e.contentType+"; charset=utf-8", []string{})
		return
	}
	request := map[string]any{"method": c.r.Method, "url": c.r.URL.RequestURI(), "accept": c.accept}
	if c.content != "" && c.r.Method != http.MethodGet {
		request["contentType"] = c.content
	}
	p.writeJSON(c.w, e.status, "application/json; charset=utf-8", map[string]any{
		"status": e.status, "reason": e.reason, "request": request,
	})
}

// writeJSON writes a whole answer; unlike the pages it need not be pretty.
func (p *Platform) writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	data, err := json.Marshal(v)
	if err != nil { // our own types always marshal
		p.log.Error("write JSON", "error", err)
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// lineItemsURL, lineItemURL and membershipsURL are the services' addresses;
// type_id names the tool, and must be kept by whoever extends the path.
func (p *Platform) lineItemsURL(course string, t Tool) string {
	return p.issuer + servicesPath + "/" + url.PathEscape(course) + "/lineitems?type_id=" + url.QueryEscape(t.DeploymentID)
}

func (p *Platform) lineItemURL(it LineItem, t Tool) string {
	return fmt.Sprintf("%s%s/%s/lineitems/%s/lineitem?type_id=%s", p.issuer, servicesPath,
		url.PathEscape(it.CourseID), url.PathEscape(it.ID), url.QueryEscape(t.DeploymentID))
}

func (p *Platform) membershipsURL(course string, t Tool) string {
	return fmt.Sprintf("%s%s/CourseSection/%s/bindings/%s/memberships", p.issuer, servicesPath,
		url.PathEscape(course), url.PathEscape(t.DeploymentID))
}

// lineItemOfURL reads the ID out of a line item URL.
func lineItemOfURL(s string) (id string, ok bool) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "", false
	}
	parts := strings.Split(u.Path, "/lineitems/")
	if len(parts) != 2 {
		return "", false
	}
	id, _, _ = strings.Cut(parts[1], "/")
	return id, id != ""
}
