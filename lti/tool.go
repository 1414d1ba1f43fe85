package lti

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"
)

// Bounds and lifetimes. Every input has one.
const (
	maxLoginBody  = 64 << 10
	maxLaunchBody = 256 << 10
	maxAnswer     = 4 << 20
	maxID         = 255
	loginLife     = 10 * time.Minute // from login initiation to launch
	loginGrace    = 10 * time.Minute // how long what expired unused is remembered, to say so
	loginMemory   = 24 * time.Hour   // how long a used login is remembered, to name replays
	maxLoginHint  = 2 << 10          // Moodle: a number; Canvas: 40 characters
	maxHint       = 8 << 10          // lti_message_hint. Moodle: below 1 kB; Canvas: a token of some kB
	maxTarget     = 2 << 10
	inviteLife    = 7 * 24 * time.Hour
	tokenAge      = 5 * time.Minute // how old an id_token may be, plus skew
	defaultSkew   = time.Minute
	purgeEvery    = 10 * time.Minute
)

// Pages draws what people see; web implements it, so that this package has no HTML.
type Pages interface {
	// LaunchRefused explains rej, whose Status it answers with. restart, if not
	// empty, is a URL that starts the login again: open it in a new window.
	LaunchRefused(w http.ResponseWriter, r *http.Request, rej *Rejection, requestID string, restart string)
	// RepeatPost draws a page that posts the fields to action, on our own origin,
	// at once: cookies with SameSite=Lax travel then.
	RepeatPost(w http.ResponseWriter, r *http.Request, action string, fields map[string]string)
	// Registered says so, and posts {subject:'org.imsglobal.lti.close'} to the opener or parent.
	Registered(w http.ResponseWriter, r *http.Request, reg Registration)
	RegistrationRefused(w http.ResponseWriter, r *http.Request, rej *Rejection, requestID string)

	StoragePages
}

// Options wire the tool. PublicURL, Secret, Pages and OnLaunch are required.
type Options struct {
	PublicURL string           // where browsers and platforms reach us, without trailing slash
	Client    *http.Client     // for platforms' URLs; must be guarded (cmd/egress)
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // nil: silent
	Secret    []byte           // 32 bytes; seals private keys at rest
	// PreviousSecret, if any, still opens what was sealed with it; see Tool.Reseal.
	PreviousSecret []byte
	Pages          Pages
	OnLaunch       func(w http.ResponseWriter, r *http.Request, l *Launch)

	// OnLiveEvent takes a completion told by a Canvas Live Event; the same may come
	// again. An error makes Canvas deliver it once more. nil: there is no such endpoint.
	OnLiveEvent func(ctx context.Context, e LiveEvent) error

	AllowPrivate   bool          // development: platform URLs may be http
	KeyLife        time.Duration // from one rotation of our keys to the next; 0: 90 days
	AllowAnonymous bool          // accept launches without sub
	Skew           time.Duration // clock difference borne with; 0: one minute
	MaxLogins      int           // open logins of a registration within ten minutes; 0: 50,000

	ToolName         string            // shown in the LMS; "": Cairn
	CustomParameters map[string]string // asked for at registration
	Announced        Announced         // how the tool presents itself at registration
}

// Tool is the LTI Advantage tool. Its methods are safe for concurrent use.
type Tool struct {
	store  Store
	o      Options
	public *url.URL
	now    func() time.Time
	log    *slog.Logger
	seal   *sealer

	keySets *keySets // of platforms
	tokens  *tokens  // of platforms' services
	items   *keyedLocks

	failures *failureLog
	logins   *loginCap

	purge struct {
		sync.Mutex
		last time.Time
	}
}

// New checks the options and makes a tool; it starts nothing.
func New(store Store, o Options) (*Tool, error) {
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Host == "" || (public.Scheme != "http" && public.Scheme != "https") {
		return nil, fmt.Errorf("lti: new: public URL %q is not an http(s) URL", o.PublicURL)
	}
	if store == nil || o.Pages == nil || o.OnLaunch == nil {
		return nil, errors.New("lti: new: store, pages and launch handler are required")
	}
	seal, err := newSealer(o.Secret, o.PreviousSecret)
	if err != nil {
		return nil, fmt.Errorf("lti: new: %w", err)
	}
	if o.Client == nil {
		return nil, errors.New("lti: new: an HTTP client for platforms is required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Skew == 0 {
		o.Skew = defaultSkew
	}
	if o.MaxLogins == 0 {
		o.MaxLogins = maxLogins
	}
	if o.KeyLife == 0 {
		o.KeyLife = defaultKeyLife
	}
	if o.ToolName == "" {
		o.ToolName = "Cairn"
	}
	o.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	t := &Tool{store: store, o: o, public: public, log: o.Log, seal: seal, items: newKeyedLocks(), failures: newFailureLog(), logins: newLoginCap(o.MaxLogins)}
	t.now = func() time.Time { return o.Now().UTC() }
	t.keySets = newKeySets(o.Client, t.now)
	t.tokens = newTokens()
	return t, nil
}

// Routes mounts the tool's paths; see the package comment for the table.
func (t *Tool) Routes(r *mux.Router) {
	r.HandleFunc("/lti/login", t.serveLogin).Methods(http.MethodGet, http.MethodPost)
	r.HandleFunc("/lti/launch", t.serveLaunch).Methods(http.MethodPost)
	r.HandleFunc("/lti/restart", t.serveRestart).Methods(http.MethodGet)
	r.HandleFunc("/lti/jwks", t.serveJWKS).Methods(http.MethodGet, http.MethodHead)
	r.HandleFunc("/lti/canvas.json", t.serveCanvas).Methods(http.MethodGet, http.MethodHead)
	r.HandleFunc("/lti/register", t.serveRegister).Methods(http.MethodGet)
	r.HandleFunc(noticePath, t.serveNotices).Methods(http.MethodPost)
	r.HandleFunc(liveEventPath+"{code}", t.serveLiveEvents).Methods(http.MethodPost)
}
