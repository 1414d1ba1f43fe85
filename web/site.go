package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web/upload"
)

// Clock is the development clock: it can be moved forward, on a page.
type Clock interface {
	Now() time.Time
	Advance(d time.Duration) error
	Offset() time.Duration
}

// Options wire a site. PublicURL, Store, Engine and Links are required.
type Options struct {
	PublicURL string // where browsers reach us: scheme and host, no path
	Store     Store
	Engine    func(ctx context.Context, tenant string) (*engine.Service, error)
	Links     Links
	Now       func() time.Time                // what pages show; nil: time.Now
	Wall      func() time.Time                // real time, for sessions and tickets; nil: time.Now
	Log       *slog.Logger                    // nil: silent
	DevClock  Clock                           // nil in production
	Ready     func(ctx context.Context) error // nil: always ready

	// MailReports reads what a mail service reports of addresses; nil: nothing is taken.
	MailReports func(ctx context.Context, contentType string, body []byte) ([]engine.MailReport, error)

	// Groups are those of a course; nil: what the tool knows of it.
	Groups func(ctx context.Context, course lti.CourseKey) ([]lti.Group, error)

	// LaunchParameters are what launches may carry, by name with the platform's
	// variable; designers can ask for them with each link they place.
	LaunchParameters map[string]string
}

// Site is everything people see. It implements lti.Pages.
type Site struct {
	o      Options
	now    func() time.Time
	wall   func() time.Time
	log    *slog.Logger
	origin string // of PublicURL
	plain  bool   // PublicURL is http: development
	pages  *pages
	assets *assets
	packer packer

	tool *lti.Tool
	lrs  http.Handler
	api  http.Handler

	uploads *upload.Taker
	hooks   rate         // calls of mail services
	purged  atomic.Int64 // UnixNano of the last purge of the store
}

var _ lti.Pages = (*Site)(nil)

// Uploads takes files, one picture at a time: whatever else of this process takes files is to share it.
func (s *Site) Uploads() *upload.Taker { return s.uploads }

// New checks the options; it starts nothing. Call Mount
// before Handler.
func New(o Options) (*Site, error) {
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Host == "" || (public.Scheme != "http" && public.Scheme != "https") || strings.Trim(public.Path, "/") != "" {
		return nil, fmt.Errorf("web: new: public URL %q is not http(s)://host", o.PublicURL)
	}
	if o.Store == nil || o.Engine == nil || len(o.Links.Secret) == 0 {
		return nil, errors.New("web: new: store, engine and links are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wall == nil {
		o.Wall = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	s := &Site{
		o: o, log: o.Log, uploads: upload.New(), origin: public.Scheme + "://" + public.Host, plain: public.Scheme == "http",
		now:  func() time.Time { return o.Now().UTC() },
		wall: func() time.Time { return o.Wall().UTC() },
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("web: new: %w", err)
	}
	if s.pages, err = loadPages(); err != nil {
		return nil, fmt.Errorf("web: new: %w", err)
	}
	return s, nil
}

// Mount gives the site the tool, which was made with the site as its pages, and
// the handler of the record store.
func (s *Site) Mount(tool *lti.Tool, lrs http.Handler) { s.tool, s.lrs = tool, lrs }

// MountAPI gives the site the handler of /api/; without it there is none. Call it before Handler.
func (s *Site) MountAPI(api http.Handler) { s.api = api }

// Handler serves everything; see the package comment for the table.
func (s *Site) Handler() http.Handler {
	r := mux.NewRouter()
	r.Use(s.named)
	r.HandleFunc("/healthz", s.serveHealth).Methods(http.MethodGet, http.MethodHead)
	r.HandleFunc("/readyz", s.serveReady).Methods(http.MethodGet, http.MethodHead)
	r.HandleFunc("/static/{version}/{file}", s.assets.serve).Methods(http.MethodGet, http.MethodHead)
	if s.tool != nil {
		s.tool.Routes(r)
	}
	if s.lrs != nil {
		r.Handle("/xapi", s.lrs)
		r.PathPrefix("/xapi/").Handler(s.lrs)
	}

	if s.api != nil {
		r.PathPrefix("/api/").Handler(s.api)
	}

	get := func(path string, h handler) { r.Handle(path, s.page(h)).Methods(http.MethodGet, http.MethodHead) }
	post := func(path string, limit int64, h handler) {
		r.Handle(path, s.page(h, limit)).Methods(http.MethodPost)
	}
	get("/", s.front)
	post("/open", maxForm, s.openWindow)
	get("/s/{handle}/", s.inSession(s.start))
	get("/u/{token}", s.askLeave)
	get("/n/{token}", s.followNudge)
	post("/hooks/mail/{token}", maxMailReport, s.mailReports)
	post("/u/{token}", maxForm, s.leave)
	s.learnerRoutes(get, post)
	s.portfolioRoutes(get, post)
	s.reviewerRoutes(get, post)
	s.staffRoutes(get, post)
	s.adminRoutes(get, post)
	if s.o.DevClock != nil {
		post("/dev/clock", maxForm, s.moveClock)
	}
	r.NotFoundHandler = s.named(s.page(func(http.ResponseWriter, *http.Request) error { return errNoPage }))
	r.MethodNotAllowedHandler = s.named(s.page(func(http.ResponseWriter, *http.Request) error { return errMethod }))
	return s.tracked(s.recovered(s.sameOrigin(r)))
}

// tenant gives the engine of a tenant.
func (s *Site) tenant(ctx context.Context, name string) (*engine.Service, error) {
	service, err := s.o.Engine(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("web: open tenant: %w", err)
	}
	return service, nil
}
