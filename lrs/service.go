package lrs

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// Service serves /xapi for all tenants: Basic credentials name a key, the key
// its tenant, the tenant its LRS.
type Service struct {
	Keys      KeyStore
	Tenant    func(ctx context.Context, name string) (*LRS, error)
	IRIBase   func(tenant string) string // home page of the authorities of a tenant's keys
	Now       func() time.Time           // nil: time.Now
	Log       *slog.Logger               // nil: discarded
	Base      string                     // path it is mounted at; "": "/xapi"
	MaxBody   int64                      // bytes of a request body; 0: 16 MiB
	MaxUpload int64                      // bytes of a body with attachments, of which MaxBody for statements; 0: 256 MiB
}

const versionHeader = "X-Experience-API-Version"

// noVersion answers a request whose version is missing or unknown. Clients of
// both versions take it for "not the one you asked for", as they should.
const noVersion = "0.95"

// Handler is the service over HTTP. The paths it serves begin with Base.
func (s *Service) Handler() http.Handler {
	h := handler{Service: *s, resources: resources(), decoding: newDecoding()}
	if h.Now == nil {
		h.Now = time.Now
	}
	if h.Log == nil {
		h.Log = slog.New(slog.DiscardHandler)
	}
	if h.Base == "" {
		h.Base = defaultBase
	}
	if h.MaxBody <= 0 {
		h.MaxBody = defaultBody
	}
	if h.MaxUpload <= 0 {
		h.MaxUpload = defaultUpload
	}
	return &h
}

// handler is a Service with its defaults filled in.
type handler struct {
	Service
	resources map[string]map[string]method
	origins   origins
	uses      uses
	decoding  decoding
}

// request is one authenticated request to one tenant's record store.
type request struct {
	*http.Request
	lrs       *LRS
	key       Key
	version   xapi.Version
	maxBody   int64
	maxUpload int64
	iriBase   string
	decoding  decoding
	below     string // the rest of the path, of a resource that stands for all below
}

// authority is the agent that vouches for what the request writes.
func (r *request) authority() xapi.Agent { return xapi.AccountAgent(r.iriBase, r.key.ID) }

// problem is an answer that is no success.
type problem struct {
	status int
	path   string // the value that is wrong
	reason string
}

func (p *problem) Error() string { return p.reason }

func refuse(status int, reason string) error { return &problem{status: status, reason: reason} }

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	h.openTo(w, r)
	path, ok := strings.CutPrefix(r.URL.Path, h.Base)
	if isAlternate(r) {
		inner, err := h.alternate(w, r, path)
		if err != nil {
			_, _ = h.speak(w, r)
			h.refuse(w, r, path, err)
			return
		}
		if r = inner; r.Method == http.MethodHead {
			w = bodiless{w}
		}
	}
	version, err := h.speak(w, r)
	switch {
	case !ok:
		h.fail(w, r, refuse(http.StatusNotFound, "no such resource"))
	case r.Method == http.MethodOptions:
		h.preflight(w, r, path)
	case path == "/about":
		if err != nil {
			w.Header().Set(versionHeader, string(xapi.V200))
		}
		h.about(w, r)
	case err != nil:
		h.refuse(w, r, path, err)
	default:
		req := &request{Request: r, version: version, maxBody: h.MaxBody, maxUpload: h.MaxUpload, decoding: h.decoding}
		err := h.authenticate(req) //nolint:contextcheck // the request holds it
		if err == nil {
			req.key.narrow(w, r)
			err = h.serve(req, w, path) //nolint:contextcheck // the request holds it
		}
		if err != nil {
			h.fail(w, r, err)
		}
	}
}

// refuse answers a request that cannot be understood. If its key is good, the
// answer has what all answers of the resource have.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, path string, err error) {
	if strings.HasPrefix(path, "/statements") {
		req := &request{Request: r}
		if h.authenticate(req) == nil { //nolint:contextcheck // the request holds it
			req.key.narrow(w, r)
			_ = req.consistentThrough(w) // if the store fails, there is still what was wrong to tell
		}
	}
	h.fail(w, r, err)
}

// speak reads which version the request is in and says so in the answer.
func (h *handler) speak(w http.ResponseWriter, r *http.Request) (xapi.Version, error) {
	version, err := xapi.ParseVersion(r.Header.Get(versionHeader))
	if err != nil {
		version, err = noVersion, &problem{http.StatusBadRequest, versionHeader, strings.TrimPrefix(err.Error(), "xapi: ")}
	}
	w.Header().Set(versionHeader, string(version))
	return version, err
}

// method answers one HTTP method of a resource.
type method func(r *request, w http.ResponseWriter) error

// resources are the paths below Base that need a key, and their methods. HEAD is
// answered as GET, without the body. A path that ends in / stands for all below.
func resources() map[string]map[string]method {
	return map[string]map[string]method{
		"/statements": {
			http.MethodGet:  (*request).getStatements,
			http.MethodPost: (*request).postStatements,
			http.MethodPut:  (*request).putStatement,
		},
		"/statements/more/": {http.MethodGet: (*request).getMore},

		"/activities": {http.MethodGet: (*request).getActivity},
		"/agents":     {http.MethodGet: (*request).getPerson},

		"/activities/state":   documentMethods(StateDocuments),
		"/activities/profile": documentMethods(ActivityProfileDocuments),
		"/agents/profile":     documentMethods(AgentProfileDocuments),
	}
}

// resource finds the methods of the resource at path, and what of the path is
// below it.
func (h *handler) resource(path string) (methods map[string]method, below string, found bool) {
	methods, found = h.resources[path]
	if i := strings.LastIndexByte(path, '/'); !found && i > 0 {
		methods, found = h.resources[path[:i+1]]
		below = path[i+1:]
	}
	return methods, below, found
}

// allow is the Allow header of a resource.
func allow(methods map[string]method) string {
	names := slices.Sorted(maps.Keys(methods))
	if _, reads := methods[http.MethodGet]; reads {
		names = append(names, http.MethodHead)
	}
	return strings.Join(append(names, http.MethodOptions), ", ")
}

// serve answers for the resource at path.
func (h *handler) serve(r *request, w http.ResponseWriter, path string) error {
	methods, below, found := h.resource(path)
	r.below = below
	if !found {
		return refuse(http.StatusNotFound, "no such resource")
	}
	name := r.Method
	if name == http.MethodHead {
		name = http.MethodGet
	}
	answer, known := methods[name]
	if !known {
		w.Header().Set("Allow", allow(methods))
		answer = (*request).unknownMethod
	}
	err := answer(r, w)
	if err != nil && strings.HasPrefix(path, "/statements") && w.Header().Get(throughHeader) == "" {
		_ = r.consistentThrough(w) // if the store fails, the answer says so already
	}
	return err
}

func (r *request) unknownMethod(http.ResponseWriter) error {
	return refuse(http.StatusMethodNotAllowed, "this resource does not know the method "+r.Method)
}

// authenticate finds the key of the request and the tenant's record store.
func (h *handler) authenticate(r *request) error {
	denied := refuse(http.StatusUnauthorized, "a valid key and secret are needed (HTTP Basic)")
	id, secret, ok := r.BasicAuth()
	if !ok || id == "" {
		return denied
	}
	now := h.Now()
	key, err := h.Keys.Key(r.Context(), id)
	if errors.Is(err, ErrNotFound) || err == nil && !key.opens(secret, now) {
		return denied
	}
	if err != nil {
		return err
	}
	h.used(r.Context(), key, now)
	r.key, r.iriBase = key, h.IRIBase(key.Tenant)
	if r.lrs, err = h.Tenant(r.Context(), key.Tenant); err != nil {
		return err
	}
	if most := r.lrs.o.MaxBody; most > 0 {
		r.maxBody = min(r.maxBody, most)
	}
	return nil
}

// fail answers with the error as {"error": reason, "path": what is wrong}.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	var invalid *xapi.Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &invalid):
		p = &problem{http.StatusBadRequest, invalid.Path, invalid.Reason}
	case errors.As(err, &tooLarge):
		p = &problem{http.StatusRequestEntityTooLarge, "", "the body is larger than this server takes; send fewer statements at a time"}
	case errors.Is(err, xapi.ErrTooMany), errors.Is(err, xapi.ErrTooLarge):
		p = &problem{http.StatusRequestEntityTooLarge, "", strings.TrimPrefix(err.Error(), "xapi: ")}
	case errors.Is(err, ErrConflict):
		p = &problem{http.StatusConflict, "", strings.TrimPrefix(err.Error(), "lrs: ")}
	case errors.Is(err, ErrNotFound):
		p = &problem{http.StatusNotFound, "", "no such statement"}
	case r.Context().Err() != nil:
		p = &problem{http.StatusServiceUnavailable, "", "the request was given up"}
	default:
		h.Log.ErrorContext(r.Context(), "xapi request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		p = &problem{http.StatusInternalServerError, "", "the record store failed; try again"}
	}
	if p.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="xapi", charset="UTF-8"`)
	}
	body, _ := json.Marshal(struct { // texts only: cannot fail
		Error string `json:"error"`
		Path  string `json:"path,omitempty"`
	}{p.reason, p.path})
	write(w, p.status, "application/json", append(body, '\n'))
}
