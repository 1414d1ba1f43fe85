// Package api is the JSON API: what the pages do, for other programs.
//
//	/api/events             business events as CloudEvents 1.0, with a key
//	/api/events/{source}    ... signed by a source's secret (Standard Webhooks)
//	/api/v1/…               workflows, enrolments, steps, people, nudges, events, metrics
//	/api/v1/openapi.json    the description of all of it, OpenAPI 3.1
//
// One table (routes) registers the handlers and writes the description, so neither can say what the other does not do. A
// handler gets a call: the key, its tenant's engine and the body, decoded strictly. What it returns is rendered by one
// writer (render), which leaves out names and addresses unless the key may read people. Errors are problem+json.
//
// A key belongs to a tenant and has scopes; it is not a person. What a learner does by the API is done for the learner
// whose enrolment it is.
package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/web/upload"
)

// Options wire the API. PublicURL, Keys, Engine and Secret are required.
type Options struct {
	PublicURL string
	Keys      lrs.KeyStore
	Engine    func(ctx context.Context, tenant string) (*engine.Service, error)
	Secrets   [][]byte         // of the installation, the present one first: those of event sources are made from them
	Now       func() time.Time // nil: time.Now
	Wall      func() time.Time // real time, for signatures and quotas; nil: time.Now
	Log       *slog.Logger     // nil: silent
	PerMinute int              // requests of one key; 0: 600
	Uploads   *upload.Taker    // shared with the pages, so that one picture is decoded at a time; nil: one of its own
	// Share is the address of a portfolio behind the secret of a link; nil: none are made.
	Share func(tenant, secret string) string
	// Tenant tells whether there is a tenant of that name.
	Tenant func(ctx context.Context, name string) bool
}

// API serves /api/.
type API struct {
	o        Options
	door     *lrs.Door
	routes   []route
	mux      *http.ServeMux
	limits   limits
	failures limits // of signatures, by address
	openapi  []byte
	origins  originList
	uploads  *upload.Taker
}

// New makes the API; it starts nothing.
func New(o Options) (*API, error) {
	if o.PublicURL == "" || o.Keys == nil || o.Engine == nil || len(o.Secrets) == 0 {
		return nil, errors.New("api: new: public URL, keys, engine and secrets are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wall == nil {
		o.Wall = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.PerMinute == 0 {
		o.PerMinute = 600
	}
	if o.Uploads == nil {
		o.Uploads = upload.New()
	}
	a := &API{o: o, door: &lrs.Door{Keys: o.Keys, Now: o.Now, Log: o.Log}, mux: http.NewServeMux(), routes: routes(), uploads: o.Uploads}
	paths := map[string]map[string]*route{}
	for i := range a.routes {
		r := &a.routes[i]
		if paths[r.path] == nil {
			paths[r.path] = map[string]*route{}
		}
		paths[r.path][r.method] = r
	}
	for path, methods := range paths {
		a.mux.HandleFunc(path, func(w http.ResponseWriter, q *http.Request) { a.dispatch(w, q, methods) })
	}
	a.mux.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) {
		a.fail(w, q, refuse(http.StatusNotFound, "not-found", "no such resource; /api/v1/openapi.json has them all"))
	})
	var err error
	a.openapi, err = json.MarshalIndent(a.describe(), "", "  ")
	return a, err
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if h.Get("X-Request-Id") == "" {
		h.Set("X-Request-Id", strings.ToLower(rand.Text()[:16]))
	}
	a.mux.ServeHTTP(w, r)
}

// call is one request that a key makes.
type call struct {
	*http.Request
	api    *API
	route  *route
	w      http.ResponseWriter
	key    lrs.Key
	from   string // who says so: the key or source
	engine *engine.Service
	raw    []byte
	body   any // pointer to route.body's type
}

func (c *call) may(scopes ...string) bool { return c.key.May(append(scopes, lrs.ScopeAPI)...) }

// by is the key, or the operator, as an actor.
func (c *call) by() engine.Actor {
	if _, yes := c.operates(); yes {
		return operator
	}
	return engine.Actor{System: "api:" + c.key.ID} // histories show which key it was
}

// maxBody bounds bodies unless a route says otherwise.
const maxBody = 1 << 20

// dispatch finds the route of a method. HEAD is answered as GET, without the body.
func (a *API) dispatch(w http.ResponseWriter, r *http.Request, methods map[string]*route) {
	name := r.Method
	if name == http.MethodHead {
		name = http.MethodGet
	}
	route := methods[name]
	if route == nil {
		a.otherMethod(w, r, slices.Sorted(maps.Keys(methods)))
		return
	}
	if err := a.answer(w, r, route); err != nil {
		a.fail(w, r, err)
	}
}

func (a *API) answer(w http.ResponseWriter, r *http.Request, route *route) error {
	if err := route.checkQuery(r); err != nil {
		return err
	}
	limit := int64(maxBody)
	if route.limit > 0 {
		limit = route.limit
	}
	c := &call{Request: r, api: a, route: route, w: w}
	var err error
	if !route.open {
		if err := a.admit(c); err != nil {
			return err
		}
		if route.scope != "" && !c.may(route.scope) {
			return refuse(http.StatusForbidden, "scope", "the key lacks the scope "+route.scope)
		}
	}
	if r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
		if c.raw, err = io.ReadAll(http.MaxBytesReader(w, r.Body, limit)); err != nil {
			return err
		}
	}
	if route.body != nil {
		if err := c.decode(); err != nil {
			return err
		}
	}
	if err := c.ifMatch(); err != nil {
		return err
	}
	if route.once && r.Header.Get("Idempotency-Key") != "" {
		return c.once()
	}
	return c.do()
}

// decode reads the body. A body that has only what may be left out may be left out itself.
func (c *call) decode() error {
	c.body = reflect.New(reflect.TypeOf(c.route.body)).Interface()
	media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if len(c.raw) == 0 && c.Header.Get("Content-Type") == "" {
		c.raw = []byte("{}")
	} else if err != nil || media != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "media-type", "send application/json")
	}
	if fs := decode(c.raw, c.body); len(fs) > 0 {
		return malformed(fs)
	}
	return nil
}

// ifMatch makes acts count only at the revision that If-Match names. Where nothing has a revision it is refused: who sends
// it relies on it.
func (c *call) ifMatch() error {
	tag := c.Header.Get("If-Match")
	if tag != "" && !c.route.tagged {
		return refuse(http.StatusBadRequest, "if-match", "this operation gives no ETag and takes no If-Match; leave it out")
	}
	if tag == "" || tag == "*" {
		return nil
	}
	rev, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil || !strings.HasPrefix(tag, `"`) {
		return refuse(http.StatusPreconditionFailed, "stale", "If-Match: "+clip(tag)+" is no ETag of this API")
	}
	c.Request = c.Request.WithContext(engine.IfRev(c.Context(), c.enrolment(), rev))
	return nil
}

// do carries the call out and writes the answer.
func (c *call) do() error {
	reply, err := c.route.do(c)
	if err != nil {
		return err
	}
	return c.write(reply)
}

func (c *call) write(reply any) error {
	status := c.route.status
	if status == 0 {
		status = http.StatusOK
	}
	switch body := reply.(type) {
	case nil:
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	case rawReply:
		c.w.Header().Set("Content-Type", body.media)
		c.w.WriteHeader(status)
		_, _ = c.w.Write(body.data)
		return nil
	case streamReply:
		_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(streamTime)) // real time; a writer that knows no deadlines has none
		c.w.Header().Set("Content-Type", body.media)
		c.w.WriteHeader(status)
		if err := body.write(c.w); err != nil {
			c.api.o.Log.WarnContext(c.Context(), "an answer broke off", "operation", c.route.id, "error", err)
			panic(http.ErrAbortHandler) // what ends must be whole
		}
		return nil
	}
	data, err := c.render(reply)
	if err != nil {
		return err
	}
	if p, ok := reply.(paged); ok {
		if next := p.nextCursor(); next != "" {
			query := c.URL.Query()
			query.Set("cursor", next)
			c.w.Header().Set("Link", "<"+c.URL.Path+"?"+query.Encode()+`>; rel="next"`)
		}
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(data) // whoever has gone needs no answer
	return nil
}

// rawReply is an answer that is not rendered.
type rawReply struct {
	media string
	data  []byte
}

// streamTime is how long an answer may take that is written piece by piece.
const streamTime = 15 * time.Minute

// streamReply is an answer that is written piece by piece. What can be refused is refused before.
type streamReply struct {
	media string
	write func(to io.Writer) error
}

// etag says at which revision the answer is.
func (c *call) etag(rev int64) { c.w.Header().Set("ETag", strconv.Quote(strconv.FormatInt(rev, 10))) }

func (a *API) otherMethod(w http.ResponseWriter, r *http.Request, methods []string) {
	if r.Method == http.MethodOptions {
		a.preflight(w, r, methods)
		return
	}
	allowed := methods
	for _, m := range methods {
		if m == http.MethodGet {
			allowed = append([]string{http.MethodHead}, allowed...)
		}
	}
	w.Header().Set("Allow", strings.Join(append(allowed, http.MethodOptions), ", "))
	a.fail(w, r, refuse(http.StatusMethodNotAllowed, "method", "this resource knows "+strings.Join(methods, ", ")))
}

// fail answers with a problem. What is ours to mend is logged; bodies and addresses are not.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	found := classify(err)
	p := *found
	p.Instance = "urn:cairn:request:" + w.Header().Get("X-Request-Id")
	if p.Status >= http.StatusInternalServerError {
		a.o.Log.ErrorContext(r.Context(), "api request failed", "request_id", w.Header().Get("X-Request-Id"), "method", r.Method, "pattern", r.Pattern, "error", err)
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="cairn", charset="UTF-8"`)
		w.Header().Add("WWW-Authenticate", `Bearer realm="cairn"`)
	}
	if p.retry != "" {
		w.Header().Set("Retry-After", p.retry)
	}
	data, _ := json.Marshal(p) // texts and numbers only: cannot fail
	w.Header().Del("ETag")
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(data, '\n'))
}

// clip shortens what a sender wrote for an answer, between characters.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= 60 {
		return s
	}
	n := 60
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
