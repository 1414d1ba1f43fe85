package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrssqlite"
	"github.com/cairn-lms/cairn/web/api"
	"github.com/cairn-lms/cairn/xapi"
)

// world is the API over real stores, with Sam enrolled in a workflow that hears of deals.
type world struct {
	t      *testing.T
	url    string
	api    *api.API
	engine *engine.Service
	keys   lrs.KeyStore
	store  engine.Store
	logged *bytes.Buffer
	secret []byte

	mu  sync.Mutex
	now time.Time
	sam *engine.Enrolment
	all lrs.Credential // api/all
}

type nowhere struct{}

func (nowhere) Record(context.Context, []xapi.Statement) error { return nil }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const lms = "https://lms.example"

func newWorld(t *testing.T, change ...func(*api.Options)) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), secret: bytes.Repeat([]byte("s"), 32), logged: &bytes.Buffer{}}
	db, err := sqlitedb.Open(ctx, filepath.Join(t.TempDir(), "cairn.db"))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	w.store, err = enginesqlite.New(ctx, db)
	must(t, err)
	w.keys, err = lrssqlite.NewKeys(ctx, db)
	must(t, err)
	clock := func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	}
	log := slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.engine = engine.New(engine.Options{Log: log, Tenant: "main", Store: w.store, Recorder: nowhere{}, Now: clock, Wall: clock, IRIBase: "https://cairn.example"})
	source, err := os.ReadFile("testdata/deals.yaml")
	must(t, err)
	_, problems, err := w.engine.ImportWorkflow(ctx, "deals.yaml", source, os.DirFS("testdata"))
	must(t, err)
	if problems.Refused() {
		t.Fatal(problems)
	}
	w.sam, err = w.engine.Arrive(ctx, engine.Arrival{Issuer: lms, Subject: "5", Name: "Sam Sailor", Email: "sam@example.org", Zone: "Europe/Berlin", Workflow: "deals",
		Course: engine.Course{Issuer: lms, ID: "2", Title: "Deals"}, Custom: map[string]string{"manager_email": "max@example.org"}})
	must(t, err)
	server := httptest.NewUnstartedServer(nil)
	options := api.Options{
		PublicURL: "https://cairn.example", Log: log, Keys: w.keys, Secrets: [][]byte{w.secret}, Now: clock, Wall: clock, Share: func(tenant, secret string) string { return "https://cairn.example/p/" + tenant + secret },
		Engine: func(context.Context, string) (*engine.Service, error) { return w.engine, nil },
	}
	for _, f := range change {
		f(&options)
	}
	w.api, err = api.New(options)
	must(t, err)
	server.Config.Handler = w.api
	server.Start()
	t.Cleanup(server.Close)
	w.url = server.URL
	w.all = w.key(lrs.ScopeAPI)
	return w
}

// key makes a key.
func (w *world) key(scopes ...string) lrs.Credential {
	w.t.Helper()
	c, err := lrs.CreateKey(w.t.Context(), w.keys, lrs.Key{Name: "test", Tenant: "main", Scopes: scopes}, w.now)
	must(w.t, err)
	return c
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// answer is an answer, read whole.
type answer struct {
	*http.Response
	text string
}

// into reads the answer's JSON.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.text), v); err != nil {
		t.Fatalf("%v in %s", err, a.text)
	}
}

// as sends a request with a key; headers come in pairs.
func (w *world) as(c lrs.Credential, method, path, body string, headers ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	must(w.t, err)
	if c.ID != "" {
		r.SetBasicAuth(c.ID, c.Secret)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	must(w.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(w.t, err)
	return answer{response, string(text)}
}

func (w *world) get(path string) answer { w.t.Helper(); return w.as(w.all, "GET", path, "") }

func (w *world) post(path, body string) answer {
	w.t.Helper()
	return w.as(w.all, "POST", path, body)
}

// want fails unless the answer has the status.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.text)
	}
	return a
}
