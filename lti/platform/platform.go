package platform

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Platform is a running LTI platform. Its methods are safe for concurrent use.
type Platform struct {
	o        Options
	issuer   string // no trailing slash
	log      *slog.Logger
	client   *http.Client
	pages    *pages
	server   *http.Server
	served   chan struct{} // closed once the server has stopped
	serveErr error         // why it stopped; read after served

	// The keys are set once, before serving; the forger's are made when asked for.
	key   *rsa.PrivateKey
	wrong func() (*rsa.PrivateKey, error)
	short func() (*rsa.PrivateKey, error)

	mu       sync.Mutex
	w        *world
	xapi     XAPIConfig
	quirks   Quirks
	hostile  *Forgery
	nonces   map[string]string // client ID → nonce of its previous token
	migrated map[string]any    // client ID → migration claim of its previous token
	states   map[string]string // client ID → state of its previous launch
	pending  *bounded[pendingLaunch]
	picks    *bounded[*pick]
	invites  *bounded[bool] // client IDs of registration tokens: true once used
	tokens   *bounded[accessToken]
	jtis     *bounded[bool]
	changed  chan struct{} // closed and replaced at every change
}

// Start listens and serves. ctx bounds the starting only; Close stops.
func Start(ctx context.Context, o Options) (*Platform, error) {
	w, err := loadWorld(o.StateFile)
	if err != nil {
		return nil, err
	}
	key, err := w.privateKey()
	if err != nil {
		return nil, err
	}
	pages, err := newPages()
	if err != nil {
		return nil, err
	}
	ln, err := listen(ctx, o.Addr, w.Addr)
	if err != nil {
		return nil, err
	}
	p := &Platform{
		o: o, log: o.Log, client: o.Client, pages: pages, key: key, wrong: sync.OnceValues(makeWrongKey), short: sync.OnceValues(makeShortKey),
		served: make(chan struct{}), w: w, xapi: o.XAPI, quirks: o.Quirks,
		nonces:   map[string]string{},
		states:   map[string]string{},
		migrated: map[string]any{},
		pending:  newBounded[pendingLaunch](10_000),
		picks:    newBounded[*pick](1_000),
		invites:  newBounded[bool](1_000),
		tokens:   newBounded[accessToken](10_000),
		jtis:     newBounded[bool](10_000),
		changed:  make(chan struct{}),
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.client == nil {
		p.client = &http.Client{Timeout: 15 * time.Second}
	}
	if p.issuer, err = publicURL(o.PublicURL, ln.Addr().String()); err != nil {
		_ = ln.Close()
		return nil, err
	}
	if err := p.change(func(w *world) error { w.Addr = ln.Addr().String(); return nil }); err != nil {
		_ = ln.Close()
		return nil, err
	}
	p.server = &http.Server{
		Handler:           p.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	go func() {
		defer close(p.served)
		if err := p.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			p.serveErr = err
			p.log.Error("platform stopped", "error", err)
		}
	}()
	p.log.Info("platform listens", "url", p.issuer, "addr", ln.Addr().String())
	return p, nil
}

// listen takes addr; for a free port it tries the remembered one first, so that
// a restarted platform is still the issuer its tools know.
func listen(ctx context.Context, addr, remembered string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var lc net.ListenConfig
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("platform: address %q: %w", addr, err)
	}
	if oldHost, _, err := net.SplitHostPort(remembered); err == nil && port == "0" && oldHost == host {
		if ln, err := lc.Listen(ctx, "tcp", remembered); err == nil {
			return ln, nil
		}
	}
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("platform: listen: %w", err)
	}
	return ln, nil
}

// publicURL is the issuer: what was asked for, with a port of 0 filled in.
func publicURL(asked, addr string) (string, error) {
	if asked == "" {
		return "http://" + addr, nil
	}
	u, err := url.Parse(asked)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", fmt.Errorf("platform: public URL %q must be an http(s) origin", asked)
	}
	if u.Port() == "0" {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return "", fmt.Errorf("platform: public URL: %w", err)
		}
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u.Scheme + "://" + u.Host, nil
}

// URL is the platform's origin and issuer, without a trailing slash.
func (p *Platform) URL() string { return p.issuer }

// closeGrace is how long requests under way may take to end.
const closeGrace = 5 * time.Second

// Close stops serving. Requests under way get a few seconds, at most until ctx
// ends, and are then cut.
func (p *Platform) Close(ctx context.Context) error {
	grace, cancel := context.WithTimeout(ctx, closeGrace)
	defer cancel()
	if p.server.Shutdown(grace) != nil {
		_ = p.server.Close()
	}
	<-p.served
	if p.serveErr != nil {
		return fmt.Errorf("platform: serve: %w", p.serveErr)
	}
	return nil
}

// now is the platform's time, as its (possibly wrong) clock shows it.
func (p *Platform) now() time.Time {
	p.mu.Lock()
	skew := p.quirks.ClockSkew
	p.mu.Unlock()
	return p.time().Add(skew)
}

// time is the true time.
func (p *Platform) time() time.Time {
	if p.o.Clock != nil {
		return p.o.Clock.Now().UTC()
	}
	return time.Now().UTC()
}

// change applies f to the world, saves it and wakes whoever waits. An error of
// f leaves the world unsaved; f must not change anything before it fails.
func (p *Platform) change(f func(*world) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := f(p.w); err != nil {
		return err
	}
	close(p.changed)
	p.changed = make(chan struct{})
	return p.w.save(p.o.StateFile)
}

// view reads the world.
func (p *Platform) view(f func(*world)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p.w)
}

// SetXAPI says where completions are posted from now on.
func (p *Platform) SetXAPI(cfg XAPIConfig) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.xapi = cfg
}

// SetQuirks replaces the departures from Moodle 4.5.
func (p *Platform) SetQuirks(q Quirks) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quirks = q
}

// Quirks are the departures in force.
func (p *Platform) Quirks() Quirks {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.quirks
}

// SetHostile makes every launch and registration from now on a forgery; nil makes
// them honest.
func (p *Platform) SetHostile(f *Forgery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hostile = f
}

// AddUser adds a person to the platform and (but for an admin) to the course.
// An empty ID takes the next number; Username, Name and Role have defaults.
func (p *Platform) AddUser(u User) error {
	err := p.change(func(w *world) error {
		if len(w.Users) >= maxUsers {
			return errFull
		}
		if u.ID == "" {
			for {
				w.Last.User++
				u.ID = strconv.Itoa(w.Last.User)
				if _, taken := w.user(u.ID); !taken {
					break
				}
			}
		} else if _, taken := w.user(u.ID); taken {
			return fmt.Errorf("user %q is there already", u.ID)
		}
		if u.Role == "" {
			u.Role = RoleLearner
		}
		if u.Username == "" {
			u.Username = "user" + u.ID
		}
		if u.Name == "" {
			u.Name = strings.TrimSpace(u.Given + " " + u.Family)
		}
		w.Users = append(w.Users, u)
		w.moved(u.ID)
		return nil
	})
	if err != nil {
		return fmt.Errorf("platform: add user: %w", err)
	}
	return nil
}

// Users are the people, in the order they were added.
func (p *Platform) Users() (users []User) {
	p.view(func(w *world) { users = slices.Clone(w.Users) })
	return users
}

// AddTool registers a tool by hand, active at once. ClientID and DeploymentID
// are made if empty; JWKSURL, LoginURL, RedirectURIs and TargetLinkURI must be
// given. No scopes means all of AGS and NRPS.
func (p *Platform) AddTool(_ context.Context, t Tool) (Tool, error) {
	t.Active = true
	if t.Scopes == nil {
		t.Scopes = p.Quirks().scopes()
	}
	if t.Claims == nil {
		t.Claims = []string{"iss", "sub", "name", "given_name", "family_name", "email"}
	}
	err := p.change(func(w *world) (err error) { t, err = w.addTool(t); return err })
	if err != nil {
		return Tool{}, fmt.Errorf("platform: add tool: %w", err)
	}
	return t, nil
}

// Tools are the registered tools, oldest first.
func (p *Platform) Tools() (tools []Tool) {
	p.view(func(w *world) { tools = slices.Clone(w.Tools) })
	return tools
}

// DefaultActivity is the activity that the demo adds for its tool: the
// workflow first-steps, with the learner's manager and time zone.
func DefaultActivity(t Tool) ResourceLink {
	return ResourceLink{
		ClientID:    t.ClientID,
		Title:       "First steps in negotiation",
		Description: "Short steps before, during and after the course: prepare, try it at work, and see what changes.",
		Custom: map[string]string{
			"workflow":      "first-steps",
			"manager_email": "$Person.manager.email",
			"zone":          "$Person.address.timezone",
		},
	}
}

// AddResourceLink adds an activity of a registered tool to the course and
// returns it with its ID and line item.
func (p *Platform) AddResourceLink(_ context.Context, l ResourceLink) (ResourceLink, error) {
	err := p.change(func(w *world) (err error) { l, err = w.addLink(l); return err })
	if err != nil {
		return ResourceLink{}, fmt.Errorf("platform: add resource link: %w", err)
	}
	return l, nil
}

// ResourceLinks are the activities, oldest first.
func (p *Platform) ResourceLinks() (links []ResourceLink) {
	p.view(func(w *world) { links = slices.Clone(w.Links) })
	return links
}

// LineItems are the columns of the gradebook, oldest first.
func (p *Platform) LineItems() (items []LineItem) {
	p.view(func(w *world) { items = slices.Clone(w.Items) })
	return items
}

// Grade is the grade a person has now in a line item, which is named by its ID
// or its URL. It answers false if there is none, or if it was cleared.
func (p *Platform) Grade(userID, lineItem string) (s Score, ok bool) {
	if id, isURL := lineItemOfURL(lineItem); isURL {
		lineItem = id
	}
	p.view(func(w *world) { s, ok = w.Scores[scoreKey(lineItem, userID)] })
	return s, ok && !s.Cleared
}

// Scores is all the gradebook holds, cleared ones too, by line item and user.
func (p *Platform) Scores() (scores []Score) {
	p.view(func(w *world) {
		for _, s := range w.Scores {
			scores = append(scores, s)
		}
	})
	slices.SortFunc(scores, func(a, b Score) int {
		if c := compareIDs(a.LineItemID, b.LineItemID); c != 0 {
			return c
		}
		return compareIDs(a.UserID, b.UserID)
	})
	return scores
}

// Wait returns once done says so, asking it now and after every change of the
// world, or with ctx's error.
func (p *Platform) Wait(ctx context.Context, done func() bool) error {
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("platform: wait: %w", ctx.Err())
		}
	}
}

// compareIDs orders numbers as numbers and anything else as text.
func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
