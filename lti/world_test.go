package lti_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/cmd/egress"
	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/lti/ltimongo"
	"github.com/cairn-lms/cairn/lti/ltisqlite"
	demolms "github.com/cairn-lms/cairn/lti/platform"
)

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// shown is what a page of the test says, as JSON.
type shown struct {
	Page, Code, Spec, Detail, RequestID, Restart, Says, Action string
	Fields                                                     map[string]string
	Storage                                                    lti.Storage
	Value, Answer                                              string
	Launch                                                     *lti.Launch
	Status                                                     int `json:"-"`
}

type pages struct{}

func show(w http.ResponseWriter, status int, s shown) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(s)
}
func (pages) LaunchRefused(w http.ResponseWriter, _ *http.Request, rej *lti.Rejection, id, restart string) {
	show(w, rej.Status, shown{Page: "refused", Code: rej.Code, Spec: rej.Spec, Detail: rej.Detail, RequestID: id, Restart: restart, Says: rej.PlatformSays})
}
func (pages) RepeatPost(w http.ResponseWriter, _ *http.Request, action string, fields map[string]string) {
	show(w, http.StatusOK, shown{Page: "repeat", Action: action, Fields: fields})
}
func (pages) KeepInStorage(w http.ResponseWriter, _ *http.Request, s lti.Storage, value, next string) {
	show(w, http.StatusOK, shown{Page: "keep", Storage: s, Value: value, Action: next})
}
func (pages) AskStorage(w http.ResponseWriter, _ *http.Request, s lti.Storage, action string, fields map[string]string, answer, restart string) {
	show(w, http.StatusOK, shown{Page: "ask", Storage: s, Action: action, Fields: fields, Answer: answer, Restart: restart})
}
func (pages) Registered(w http.ResponseWriter, _ *http.Request, reg lti.Registration) {
	show(w, http.StatusOK, shown{Page: "registered", Detail: reg.ClientID})
}
func (pages) RegistrationRefused(w http.ResponseWriter, _ *http.Request, rej *lti.Rejection, id string) {
	show(w, rej.Status, shown{Page: "refused", Code: rej.Code, Spec: rej.Spec, Detail: rej.Detail, RequestID: id})
}

// world is a tool on a real server, a platform, and a registration between them.
type world struct {
	t        *testing.T
	clock    *clock
	store    lti.Store
	platform *platform
	server   *httptest.Server
	tool     *lti.Tool
	reg      lti.Registration
	log      *lockedBuffer
	target   string
	options  lti.Options
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}
func (l *lockedBuffer) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func newWorld(t *testing.T, store lti.Store, change ...func(*lti.Options)) *world {
	t.Helper()
	w := &world{t: t, store: store, clock: &clock{at: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)}, log: &lockedBuffer{}}
	w.platform = newPlatform(t, w.clock.Now)
	router := mux.NewRouter()
	w.server = httptest.NewUnstartedServer(router)
	o := lti.Options{
		PublicURL: "http://" + w.server.Listener.Addr().String(), Client: egress.New(egress.Options{AllowPrivate: true}),
		Now: w.clock.Now, Log: slog.New(slog.NewTextHandler(w.log, nil)), Secret: bytes.Repeat([]byte{7}, 32), Pages: pages{}, AllowPrivate: true,
		OnLaunch: func(w http.ResponseWriter, _ *http.Request, l *lti.Launch) {
			show(w, 200, shown{Page: "launched", Launch: l})
		},
		CustomParameters: map[string]string{"manager_email": "$Person.manager.email"},
	}
	for _, c := range change {
		c(&o)
	}
	if strings.HasPrefix(o.PublicURL, "https:") {
		w.server.StartTLS()
	} else {
		w.server.Start()
	}
	t.Cleanup(w.server.Close)
	var err error
	if w.tool, err = lti.New(store, o); err != nil {
		t.Fatal(err)
	}
	w.options = o
	w.tool.Routes(router)
	w.target = o.PublicURL + "/lti/launch"
	w.reg, err = w.tool.Register(t.Context(), lti.Registration{
		Issuer: w.platform.URL, ClientID: "client-1", AuthURL: w.platform.URL + "/auth?x=1", TokenURL: w.platform.URL + "/token",
		JWKSURL: w.platform.URL + "/jwks", Tenant: "main",
	}, "1")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// in answers the world with failures reported to a subtest.
func (w *world) in(t *testing.T) *world { c := *w; c.t = t; return &c }

func overTLS(o *lti.Options) { o.PublicURL = "https" + strings.TrimPrefix(o.PublicURL, "http") }

// browser is a client that keeps cookies and does not leave for the platform.
func (w *world) browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, Transport: w.server.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (w *world) loginParams() url.Values {
	return url.Values{
		"iss": {w.platform.URL}, "login_hint": {"5"}, "target_link_uri": {w.target},
		"lti_message_hint": {`{"cmid":11,"launchid":"ltilaunch10_1 &+ü"}`}, "client_id": {"client-1"}, "lti_deployment_id": {"1"},
	}
}

// login begins a login and answers the query of the authorization request.
func (w *world) login(b *http.Client, params url.Values) url.Values {
	w.t.Helper()
	res, err := b.PostForm(w.server.URL+"/lti/login", params)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		body, _ := io.ReadAll(res.Body)
		w.t.Fatalf("login answered %d: %s", res.StatusCode, body)
	}
	to, err := res.Location()
	if err != nil {
		w.t.Fatal(err)
	}
	return to.Query()
}

// attempt is a launch in the making; tests spoil one thing of it.
type attempt struct {
	w       *world
	browser *http.Client
	auth    url.Values
	header  map[string]any
	claims  map[string]any
	form    url.Values
	sign    func(header, claims map[string]any) string
}

func (w *world) attempt() *attempt {
	w.t.Helper()
	return w.loggedIn(func(url.Values) {})
}

// loggedIn is an attempt after a login with other parameters.
func (w *world) loggedIn(change func(url.Values)) *attempt {
	w.t.Helper()
	q := w.loginParams()
	change(q)
	a := &attempt{w: w, browser: w.browser()}
	a.auth = w.login(a.browser, q)
	a.header, a.claims = w.platform.header(), w.platform.claims(w.target, a.auth.Get("nonce"))
	a.form = url.Values{"state": {a.auth.Get("state")}}
	a.sign = func(h, c map[string]any) string { return signRS256(w.platform.key, h, c) }
	return a
}

func (a *attempt) post() shown {
	a.w.t.Helper()
	if !a.form.Has("id_token") {
		a.form.Set("id_token", a.sign(a.header, a.claims))
	}
	return a.w.postForm(a.browser, a.form)
}

func (w *world) postForm(b *http.Client, form url.Values) shown {
	w.t.Helper()
	res, err := b.PostForm(w.server.URL+"/lti/launch", form)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.read(res)
}

func (w *world) get(b *http.Client, target string) shown {
	w.t.Helper()
	res, err := b.Get(target)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.read(res)
}

func (w *world) read(res *http.Response) shown {
	w.t.Helper()
	defer res.Body.Close()
	var s shown
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		w.t.Fatalf("HTTP %d: %v", res.StatusCode, err)
	}
	s.Status = res.StatusCode
	return s
}

func (w *world) wantCode(got shown, code string) {
	w.t.Helper()
	if got.Page != "refused" || got.Code != code {
		w.t.Fatalf("got page %q with code %q (%s), want a refusal with %q", got.Page, got.Code, got.Detail, code)
	}
	if got.Spec == "" || got.Detail == "" || got.Status < 400 {
		w.t.Fatalf("the refusal says too little: %+v", got)
	}
	if got.RequestID == "" || !strings.Contains(w.log.String(), "request_id="+got.RequestID+" code="+code) {
		w.t.Fatalf("no line with request id %q and code %q in the log:\n%s", got.RequestID, code, w.log)
	}
}

// stores are both kinds; MongoDB when CAIRN_TEST_MONGO_URI is set.
func stores(t *testing.T, check func(t *testing.T, s lti.Store)) {
	t.Run("sqlite", func(t *testing.T) { check(t, sqliteStore(t)) })
	t.Run("mongo", func(t *testing.T) { check(t, mongoStore(t)) })
}

func sqliteStore(t *testing.T) lti.Store {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s, err := ltisqlite.New(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mongoStore(t *testing.T) lti.Store {
	t.Helper()
	uri := os.Getenv("CAIRN_TEST_MONGO_URI")
	if uri == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("CAIRN_TEST_MONGO_URI is not set, and CI must run this")
		}
		t.Skip("CAIRN_TEST_MONGO_URI is not set")
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	name := make([]byte, 6)
	_, _ = rand.Read(name)
	db := client.Database("cairn_test_tool_" + hex.EncodeToString(name))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = db.Drop(ctx)
		_ = client.Disconnect(ctx)
	})
	s, err := ltimongo.New(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// again is a second process: another tool over the same store.
func (w *world) again(t *testing.T) *lti.Tool {
	t.Helper()
	tool, err := lti.New(w.store, lti.Options{
		PublicURL: w.server.URL, Client: egress.New(egress.Options{AllowPrivate: true}), Now: w.clock.Now, Secret: bytes.Repeat([]byte{7}, 32),
		Pages: pages{}, AllowPrivate: true, OnLaunch: func(http.ResponseWriter, *http.Request, *lti.Launch) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

func writeJSON(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

// sharedClock lets tool and demo LMS live in one time.
type sharedClock struct{ *clock }

func (c sharedClock) Advance(d time.Duration) error { c.clock.Advance(d); return nil }

// besideDemoLMS is a world and a demo LMS that behaves as the quirks say; neither
// knows the other.
func besideDemoLMS(t *testing.T, s lti.Store, quirks demolms.Quirks) (*world, *demolms.Platform) {
	t.Helper()
	w := newWorld(t, s)
	w.clock.Advance(time.Since(w.clock.Now()))
	lms, err := demolms.Start(t.Context(), demolms.Options{Clock: sharedClock{w.clock}, Quirks: quirks})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lms.Close(context.WithoutCancel(t.Context())) })
	return w, lms
}

// withDemoLMS is a world whose tool is registered with the demo LMS.
func withDemoLMS(t *testing.T, s lti.Store, quirks demolms.Quirks) (*world, *demolms.Platform, demolms.Tool, lti.Registration) {
	t.Helper()
	w, lms := besideDemoLMS(t, s, quirks)
	tool, err := lms.RegisterTool(t.Context(), w.invite())
	if err != nil {
		t.Fatal(err)
	}
	reg, err := w.store.RegistrationFor(t.Context(), lms.URL(), tool.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	return w, lms, tool, reg
}
