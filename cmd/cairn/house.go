package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/cairn-lms/cairn/cmd/egress"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/mail"
	"github.com/cairn-lms/cairn/engine/queue"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web"
	"github.com/cairn-lms/cairn/web/api"
)

// house is one process with its rooms joined: the stores, the LTI tool, the
// pages, and per tenant a record store and an engine. serve, worker, demo and
// the commands of the admin all build one and use the rooms they need.
type house struct {
	name    string // of this process, in leases
	cfg     *config
	log     *slog.Logger
	clock   *devClock     // nil: real time
	hopping *hoppingClock // the same for a process that runs the worker
	stores  *stores
	links   web.Links
	tool    *lti.Tool
	site    *web.Site
	api     *api.API
	queue   *queue.Client // nil in commands that have no Redis
	mailer  engine.Mailer // nil without -smtp-url: messages wait
	chat    engine.Chat
	sealer  *sealer
	counted messageCount

	wishes chan rosterWish // of launches

	mu      sync.Mutex
	tenants map[string]*rooms
}

// rooms are what one tenant has for itself.
type rooms struct {
	iriBase string
	lrs     *lrs.LRS
	engine  *engine.Service
	store   engine.Store
}

// build joins the packages by cfg. Close the house when done.
func build(ctx context.Context, cfg *config, log *slog.Logger) (_ *house, err error) {
	h := &house{name: processName(), cfg: cfg, log: log, tenants: map[string]*rooms{}, wishes: make(chan rosterWish, rosterSoon), counted: newMessageCount()}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	if cfg.devClock != "" {
		if h.clock, err = openClock(cfg.devClock); err != nil {
			return nil, err
		}
		if cfg.worker {
			h.hopping = &hoppingClock{devClock: h.clock}
		}
		log.Warn("the development clock is on: anyone who reaches the pages can move time", "file", cfg.devClock)
	}
	if cfg.allowPrivatePlatforms {
		log.Warn("platforms may be private addresses and plain http: for development only")
	}
	secret, err := cfg.secretKey()
	if err != nil {
		return nil, err
	}
	if h.stores, err = openStores(ctx, cfg); err != nil {
		return nil, err
	}
	if err := h.ensureTenant(ctx, "main"); err != nil {
		return nil, err
	}
	if cfg.redisURL != "" {
		if h.queue, err = queue.NewClient(cfg.redisURL, queue.WithNow(h.now)); err != nil {
			return nil, err
		}
	}
	if cfg.smtpURL != "" {
		if h.mailer, err = mail.New(mail.Options{URL: cfg.smtpURL, From: cfg.mailFrom, Now: h.now, Log: log}); err != nil {
			return nil, err
		}
	}
	previous, err := cfg.previousSecretKey()
	if err != nil {
		return nil, err
	}
	if h.sealer, err = newSealer(secret, previous); err != nil {
		return nil, err
	}
	h.chat = mail.NewChat(chatPoster{egress.New(egress.Options{AllowPrivate: cfg.allowPrivatePlatforms, MaxBytes: 64 << 10})}, h.now)
	if err := h.openDoors(secret); err != nil {
		return nil, err
	}
	if h.hopping != nil {
		h.hopping.house.Store(h)
	}
	return h, nil
}

// openDoors makes what people and platforms meet: the pages and the LTI tool.
func (h *house) openDoors(secret []byte) (err error) {
	if h.links, err = web.NewLinks(h.cfg.publicURL, secret); err != nil {
		return err
	}
	options := web.Options{
		PublicURL: h.cfg.publicURL, Store: h.stores.site, Links: h.links, Now: h.now, Log: h.log,
		Engine: h.engine, Ready: h.ready, LaunchParameters: launchParameters(), MailReports: h.mailReports,
	}
	if h.clock != nil {
		options.DevClock = h.clock
	}
	if h.hopping != nil {
		options.DevClock = h.hopping
	}
	if h.site, err = web.New(options); err != nil {
		return err
	}
	previous, err := h.cfg.previousSecretKey()
	if err != nil {
		return err
	}
	h.tool, err = lti.New(h.stores.platforms, lti.Options{
		PublicURL: h.cfg.publicURL, Secret: secret, PreviousSecret: previous, Now: h.now, Log: h.log,
		Client:       egress.New(egress.Options{AllowPrivate: h.cfg.allowPrivatePlatforms}),
		AllowPrivate: h.cfg.allowPrivatePlatforms, AllowAnonymous: h.cfg.allowAnonymous,
		Skew:  time.Duration(h.cfg.clockSkew) * time.Second,
		Pages: h.site, OnLaunch: h.launched,
		OnLiveEvent:      h.liveEvent,
		CustomParameters: launchParameters(), Announced: h.site.Announced(),
	})
	if err != nil {
		return err
	}
	h.site.Mount(h.tool, h.lrsHandler())
	return h.openAPI(secret, previous)
}

// launchParameters are asked for at registration. A platform that does not know
// a variable sends it back literally, which the launch then ignores.
func launchParameters() map[string]string {
	return map[string]string{
		"zone":          "$Person.address.timezone",
		"manager_email": "$Person.manager.email",
		"course_start":  "$CourseSection.timeFrame.begin",
		"course_end":    "$CourseSection.timeFrame.end",
		// By these the sources of a course's completion name people and courses; see docs/course-completion.md.
		"username":               "$User.username",
		"canvas_user_id":         "$Canvas.user.id",
		"canvas_course_id":       "$Canvas.course.id",
		"canvas_root_account_id": "$Canvas.rootAccount.id",
		"canvas_enrolment_state": "$Canvas.enrollment.enrollmentState",
	}
}

func (h *house) lrsHandler() http.Handler {
	service := &lrs.Service{
		Keys: h.stores.keys, Now: h.now, Log: h.log, MaxUpload: h.cfg.maxUpload << 20,
		Tenant: func(ctx context.Context, name string) (*lrs.LRS, error) {
			r, err := h.rooms(ctx, name)
			if err != nil {
				return nil, err
			}
			return r.lrs, nil
		},
		IRIBase: func(name string) string {
			r, err := h.rooms(context.Background(), name)
			if err != nil {
				return h.cfg.publicURL // the rooms could not be opened: the request fails next
			}
			return r.iriBase
		},
	}
	return service.Handler()
}

// now is the development clock's time, or real time.
func (h *house) now() time.Time {
	if h.clock != nil {
		return h.clock.Now().UTC()
	}
	return time.Now().UTC()
}

// ensureTenant makes a tenant if there is none of that name. The public URL at its
// first start becomes the base of its IRIs for good, so only a process that knows
// it for sure (serve, or any with -public-url) may make one. A process that was
// not told the public URL takes over that of the last start of serve.
func (h *house) ensureTenant(ctx context.Context, name string) error {
	known, err := h.stores.site.Tenant(ctx, name)
	if errors.Is(err, web.ErrNotFound) {
		if h.cfg.publicURL == "" {
			return errors.New("this installation has not been started yet: run cairn serve first, or give its address with -public-url")
		}
		known, err = h.stores.site.EnsureTenant(ctx, web.Tenant{Name: name, IRIBase: h.cfg.publicURL, CreatedAt: h.now()})
	}
	if err != nil {
		return fmt.Errorf("make tenant %s: %w", name, err)
	}
	if h.cfg.publicURL == "" {
		last, err := h.stores.site.Installation(ctx)
		if err != nil && !errors.Is(err, web.ErrNotFound) {
			return fmt.Errorf("read the public URL: %w", err)
		}
		h.cfg.publicURL = cmp.Or(last.PublicURL, known.IRIBase)
	}
	return nil
}

// rooms opens a tenant's rooms once.
func (h *house) rooms(ctx context.Context, name string) (*rooms, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r, ok := h.tenants[name]; ok {
		return r, nil
	}
	// The rooms outlive the request that opens them.
	ctx = context.WithoutCancel(ctx)
	tenant, err := h.stores.site.Tenant(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("open tenant %s: %w", name, err)
	}
	store, err := h.stores.openTenant(ctx, name, h.now)
	if err != nil {
		return nil, fmt.Errorf("open tenant %s: %w", name, err)
	}
	r := &rooms{iriBase: tenant.IRIBase, store: store.workflows}
	r.lrs = lrs.New(store.statements, lrs.Options{Now: h.now, Log: h.log, Blobs: store.blobs, IRIBase: tenant.IRIBase})
	options := engine.Options{
		Tenant: name, Store: store.workflows, IRIBase: tenant.IRIBase, Links: h.links, Now: h.now,
		Log:       h.log.With("tenant", name),
		Recorder:  recorder{lrs: r.lrs, authority: engineAuthority(tenant.IRIBase)},
		Gradebook: gradebook{tool: h.tool},
		Mailer:    h.mailer,
		Wording:   mail.Wording{},
		Width:     sweepWidth,
		Chat:      h.chat, Sealer: h.sealer, Counter: h.counted,
	}
	if h.queue != nil {
		options.Alarms = h.queue
	}
	r.engine = engine.New(options)
	h.tenants[name] = r
	return r, nil
}

// sweepWidth is how many documents a sweep works on at once: they wait for the disk and for the mail server, not for
// each other, and those that wait for the disk together share a commit.
const sweepWidth = 24

func (h *house) engine(ctx context.Context, tenant string) (*engine.Service, error) {
	r, err := h.rooms(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return r.engine, nil
}

func (h *house) tenantNames(ctx context.Context) ([]string, error) {
	all, err := h.stores.site.Tenants(ctx)
	names := make([]string, 0, len(all))
	for _, tenant := range all {
		names = append(names, tenant.Name)
	}
	return names, err
}

// ready reports whether the stores answer (for /readyz).
func (h *house) ready(ctx context.Context) error {
	_, err := h.stores.site.Tenant(ctx, "main")
	return err
}

// Close closes the queue's client and the stores.
func (h *house) Close() error {
	var errs []error
	if sender, ok := h.mailer.(*mail.Sender); ok && sender != nil {
		sender.Close()
	}
	if h.queue != nil {
		errs = append(errs, h.queue.Close())
	}
	if h.stores != nil {
		errs = append(errs, h.stores.Close())
	}
	return errors.Join(errs...)
}
