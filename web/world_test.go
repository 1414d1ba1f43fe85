package web_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/engine/mail"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrssqlite"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web"
	"github.com/cairn-lms/cairn/web/websqlite"
	"github.com/cairn-lms/cairn/xapi"
)

// readTimeout is short: what takes longer must have asked for more time.
const readTimeout = time.Second

const (
	issuer = "https://lms.example"
	iris   = "https://cairn.example"
)

// world is a site over a real engine, real stores and a real server. Launches are
// handed to the site as the tool would hand them.
type world struct {
	t       testing.TB
	url     string
	site    *web.Site
	service *engine.Service
	store   engine.Store
	lrs     *lrs.LRS
	web     web.Store
	links   web.Links
	clock   *clock
	log     *logs
	mux     *http.ServeMux

	mu      sync.Mutex
	pending map[string]*lti.Launch
	reg     *lti.Registration // of launches that name none of their own
}

// clock is a clock that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return nil
}

func (c *clock) Offset() time.Duration { return 0 }

// recorder is an LRS as the engine needs it.
type recorder struct{ lrs *lrs.LRS }

func (r recorder) Record(ctx context.Context, statements []xapi.Statement) error {
	return r.lrs.Record(ctx, xapi.AccountAgent(iris, "engine"), statements)
}

// logs keeps what was logged.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t testing.TB, change ...func(*web.Options)) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t, pending: map[string]*lti.Launch{}, log: &logs{},
		clock: &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}} // a Monday
	db, err := sqlitedb.Open(ctx, filepath.Join(t.TempDir(), "cairn.db"))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	records, err := lrssqlite.New(ctx, db)
	must(t, err)
	w.store, err = enginesqlite.New(ctx, db)
	must(t, err)
	w.web, err = websqlite.New(ctx, db)
	must(t, err)

	mux := http.NewServeMux()
	w.mux = mux
	server := httptest.NewUnstartedServer(mux)
	server.Config.ReadTimeout = readTimeout
	server.Start()
	t.Cleanup(server.Close)
	w.url = server.URL
	w.links, err = web.NewLinks(w.url, []byte(strings.Repeat("k", 32)))
	must(t, err)
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.lrs = lrs.New(records, lrs.Options{Now: w.clock.Now, Log: log})
	w.service = engine.New(engine.Options{
		Tenant: "main", Store: w.store, Recorder: recorder{w.lrs},
		Links: w.links, Now: w.clock.Now, IRIBase: iris, Log: log, Wording: mail.Wording{},
	})
	source, err := os.ReadFile("testdata/trial.yaml")
	must(t, err)
	_, problems, err := w.service.ImportWorkflow(ctx, "trial.yaml", source, os.DirFS("testdata"))
	must(t, err)
	if problems.Refused() {
		t.Fatal(problems)
	}

	options := web.Options{
		PublicURL: w.url, Store: w.web, Links: w.links, Now: w.clock.Now, Wall: w.clock.Now, Log: log,
		Engine: func(context.Context, string) (*engine.Service, error) { return w.service, nil },
	}
	for _, f := range change {
		f(&options)
	}
	w.site, err = web.New(options)
	must(t, err)
	w.site.Mount(nil, nil)
	mux.Handle("/", w.site.Handler())
	mux.HandleFunc("/test/launch/{key}", func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		l := w.pending[r.PathValue("key")]
		w.mu.Unlock()
		w.site.Launched(rw, r, l)
	})
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func launchOf(subject, name, role string) *lti.Launch {
	return &lti.Launch{
		Registration: lti.Registration{ID: "reg"}, Tenant: "main", Issuer: issuer, Subject: subject, Name: name,
		Email: strings.ToLower(strings.Fields(name)[0]) + "@example.org", Locale: "en", MessageType: lti.MessageResourceLink,
		Roles:  []string{"http://purl.imsglobal.org/vocab/lis/v2/membership#" + role},
		Course: lti.Course{ID: "2", Title: "Negotiation skills"}, ResourceLink: lti.ResourceLink{ID: "7"}, ProductFamily: "moodle",
		Custom: map[string]string{"workflow": "trial", "manager_email": "max@example.org", "zone": "Europe/Berlin"},
	}
}

// person is somebody with a browser, in one session.
type person struct {
	*world
	client *http.Client
	base   string // "/s/<handle>"
}

// page is an answer, read whole.
type page struct {
	*http.Response
	text string
}

// launch opens the activity and follows to the first page.
func (w *world) launch(l *lti.Launch) (*person, page) {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	must(w.t, err)
	p := &person{world: w, client: &http.Client{Jar: jar}}
	first := p.open(l)
	if parts := strings.Split(first.Request.URL.Path, "/"); len(parts) > 2 && parts[1] == "s" {
		p.base = "/s/" + parts[2]
	}
	return p, first
}

// open launches once more, in the same browser.
func (p *person) open(l *lti.Launch) page {
	p.t.Helper()
	p.mu.Lock()
	if l.Registration.ID == "reg" && p.reg != nil {
		named := *l
		named.Registration = *p.reg
		l = &named
	}
	key := l.Subject + "-" + l.Course.ID
	p.pending[key] = l
	p.mu.Unlock()
	return p.do(http.MethodPost, "/test/launch/"+key, nil, nil)
}

func (w *world) sam() *person {
	w.t.Helper()
	p, first := w.launch(launchOf("5", "Sam Sailor", "Learner"))
	if first.StatusCode != http.StatusOK || p.base == "" {
		w.t.Fatalf("Sam's launch ended in %d at %s\n%s", first.StatusCode, first.Request.URL, first.text)
	}
	return p
}

// stranger is a browser without any session: a reviewer's, a scanner's.
func (w *world) stranger() *person { return &person{world: w, client: &http.Client{}} }

func (p *person) do(method, path string, body io.Reader, header http.Header) page {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, body)
	must(p.t, err)
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := p.client.Do(r)
	must(p.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(p.t, err)
	return page{answer, string(text)}
}

func (p *person) get(path string) page { p.t.Helper(); return p.do(http.MethodGet, path, nil, nil) }

func (p *person) post(path string, form url.Values) page {
	p.t.Helper()
	return p.do(http.MethodPost, path, strings.NewReader(form.Encode()), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

// file is a file of a form.
type file struct{ name, data string }

func (p *person) postFiles(path string, form url.Values, files ...file) page {
	p.t.Helper()
	body, kind := multipartBody(p.t, form, files...)
	return p.do(http.MethodPost, path, body, http.Header{"Content-Type": {kind}})
}

func multipartBody(t testing.TB, form url.Values, files ...file) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, values := range form {
		for _, value := range values {
			must(t, m.WriteField(name, value))
		}
	}
	for _, f := range files {
		part, err := m.CreateFormFile("evidence", f.name)
		must(t, err)
		_, err = io.WriteString(part, f.data)
		must(t, err)
	}
	must(t, m.Close())
	return &b, m.FormDataContentType()
}

// enrolment is the one of a learner, as stored.
func (w *world) enrolment(subject string) *engine.Enrolment {
	w.t.Helper()
	who, err := w.store.PersonByAccount(w.t.Context(), issuer, subject)
	must(w.t, err)
	all, err := w.store.EnrolmentsOf(w.t.Context(), who.ID)
	must(w.t, err)
	if len(all) != 1 {
		w.t.Fatalf("%s has %d enrolments", subject, len(all))
	}
	return all[0]
}

func (w *world) state(subject string, step engine.StepID) engine.State {
	w.t.Helper()
	return w.enrolment(subject).Steps[step].State
}

// toTheTrial takes Sam to the experiment, handed in with a file.
func (w *world) toTheTrial() *person {
	w.t.Helper()
	sam := w.sam()
	sam.post(sam.base+"/steps/read/done", nil)
	sam.post(sam.base+"/steps/think", url.Values{"do": {"submit"}, "answer.text": {"I give away too much, too early."}})
	answer := sam.postFiles(sam.base+"/steps/try", url.Values{"do": {"submit"},
		"answer.did": {"I asked <b>first</b>.<script>alert('did')</script>"}, "answer.result": {"24 months."}}, file{`offer "<img src=x>".pdf`, "%PDF-1.7 the offer"})
	if have := w.state("5", "try"); have != engine.Submitted {
		w.t.Fatalf("the experiment is %s after %d\n%s", have, answer.StatusCode, answer.text)
	}
	return sam
}

// recorded are the statements in the record store, as they came, in order, one a line.
func (w *world) recorded() string {
	w.t.Helper()
	all, err := w.lrs.Follow(w.t.Context(), 0, 1000)
	must(w.t, err)
	var b strings.Builder
	for _, one := range all {
		b.Write(one.Raw)
		b.WriteByte('\n')
	}
	return b.String()
}

// requestPath is the personal link of the only open request of a step.
func (w *world) requestPath(step engine.StepID) string {
	w.t.Helper()
	e := w.enrolment("5")
	for _, r := range e.Steps[step].Requests {
		if r.Waiting() {
			return strings.TrimPrefix(w.links.Request("main", e.ID, r.ID), w.url)
		}
	}
	w.t.Fatalf("nobody is asked about %s", step)
	return ""
}

var hiddenSHA = regexp.MustCompile(`name="sha256" value="([0-9a-f]*)"`)

// shown is the hash on a reviewer's page.
func (p page) shown(t testing.TB) string {
	t.Helper()
	found := hiddenSHA.FindStringSubmatch(p.text)
	if found == nil {
		t.Fatalf("no form on the page:\n%s", p.text)
	}
	return found[1]
}

func (p page) has(t testing.TB, status int, texts ...string) page {
	t.Helper()
	if p.StatusCode != status {
		t.Errorf("%s %s answered %d, want %d", p.Request.Method, p.Request.URL.Path, p.StatusCode, status)
	}
	for _, text := range texts {
		if !strings.Contains(p.text, text) {
			t.Errorf("%s %s does not say %q:\n%s", p.Request.Method, p.Request.URL.Path, text, p.text)
		}
	}
	return p
}

func (p page) hasNot(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(p.text, text) {
			t.Errorf("%s %s says %q:\n%s", p.Request.Method, p.Request.URL.Path, text, p.text)
		}
	}
}

// verbs are those of all that was recorded so far, in order.
func (w *world) verbs() []string {
	w.t.Helper()
	all, err := w.lrs.Follow(w.t.Context(), 0, 1000)
	must(w.t, err)
	var out []string
	for _, r := range all {
		out = append(out, r.Statement.Verb.ID)
	}
	return out
}
