package points

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// each runs the test twice: on a server over SQLite, and on one over MongoDB if
// CAIRN_TEST_MONGO_URI names one. Both are empty. configure may change what the
// servers and their record stores are started with.
func each(t *testing.T, test func(t *testing.T, s *server), configure ...func(*setup)) {
	t.Run("sqlite", func(t *testing.T) { test(t, start(t, sqlite(t), configure)) })
	t.Run("mongodb", func(t *testing.T) { test(t, start(t, mongodb(t), configure)) })
}

// eachVersion is each for a client that speaks 1.0.3, then for one that speaks 2.0.0.
func eachVersion(t *testing.T, test func(t *testing.T, s *server), configure ...func(*setup)) {
	for _, version := range []string{"1.0.3", "2.0.0"} {
		t.Run(version, func(t *testing.T) {
			each(t, func(t *testing.T, s *server) { test(t, s.in(version)) }, configure...)
		})
	}
}

// setup is what a server is started with.
type setup struct {
	service *lrs.Service
	options func(tenant string) lrs.Options // of each tenant's record store
	web     *httptest.Server
}

// server is a running record store, seen by a client with a key that speaks one
// version. The client starts with a key for everything in the tenant main and
// speaks 1.0.3; as and in give other clients of the same server.
type server struct {
	t       *testing.T
	url     string // ends in /xapi
	cred    lrs.Credential
	version string // "": the header is not sent

	keys    lrs.KeyStore
	lrs     *lrs.LRS // the tenant main, in process
	web     *httptest.Server
	tenants func(name string) *lrs.LRS
}

// as is a client with another key.
func (s *server) as(cred lrs.Credential) *server {
	c := *s
	c.cred = cred
	return &c
}

// in is a client that speaks another version.
func (s *server) in(version string) *server {
	c := *s
	c.version = version
	return &c
}

// with is the same client within a subtest.
func (s *server) with(t *testing.T) *server {
	c := *s
	c.t = t
	return &c
}

// versions runs the test once for each version, on the same server.
func (s *server) versions(test func(t *testing.T, s *server)) {
	for _, version := range []string{"1.0.3", "2.0.0"} {
		s.t.Run(version, func(t *testing.T) { test(t, s.with(t).in(version)) })
	}
}

// key makes a key in the tenant main; without scopes, for everything.
func (s *server) key(scopes ...string) lrs.Credential {
	s.t.Helper()
	return s.keyOf("main", scopes...)
}

// keyOf makes a key in a tenant, which is there once it is named.
func (s *server) keyOf(tenant string, scopes ...string) lrs.Credential {
	s.t.Helper()
	c, err := lrs.CreateKey(s.t.Context(), s.keys, lrs.Key{Tenant: tenant, Name: "test", Scopes: scopes}, time.Now())
	must(s.t, err)
	return c
}

// do sends a request to path below /xapi. The client's key, its version and, with
// a body, JSON go along, unless the headers (name, value, name, value …) say
// otherwise; a header of "" is not sent. It may be called from several goroutines.
func (s *server) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Errorf("%s %s: %v", method, path, err)
		return answer{t: s.t, Response: &http.Response{Header: http.Header{}}}
	}
	if s.cred.ID != "" {
		r.SetBasicAuth(s.cred.ID, s.cred.Secret)
	}
	if s.version != "" {
		r.Header.Set("X-Experience-API-Version", s.version)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(headers, 2) {
		if pair[1] == "" {
			r.Header.Del(pair[0])
		} else {
			r.Header.Set(pair[0], pair[1])
		}
	}
	a := answer{t: s.t, what: method + " " + path, Response: &http.Response{Header: http.Header{}}}
	res, err := http.DefaultClient.Do(r)
	if err == nil {
		defer res.Body.Close()
		a.Response = res
		a.body, err = io.ReadAll(res.Body)
	}
	if err != nil {
		s.t.Errorf("%s: %v", a.what, err)
	}
	return a
}

func (s *server) get(path string, headers ...string) answer {
	s.t.Helper()
	return s.do("GET", path, "", headers...)
}

func (s *server) post(path, body string, headers ...string) answer {
	s.t.Helper()
	return s.do("POST", path, body, headers...)
}

func (s *server) put(path, body string, headers ...string) answer {
	s.t.Helper()
	return s.do("PUT", path, body, headers...)
}

func (s *server) delete(path string, headers ...string) answer {
	s.t.Helper()
	return s.do("DELETE", path, "", headers...)
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	t    *testing.T
	what string // the request
	body []byte
}

// want ends the test unless the status is one of these.
func (a answer) want(status ...int) answer {
	a.t.Helper()
	if !slices.Contains(status, a.StatusCode) {
		a.t.Fatalf("%.200s answers %d, want %d: %.2000s", a.what, a.StatusCode, status, a.body)
	}
	return a
}

// refused wants the status and an error about path whose reason has these words.
func (a answer) refused(status int, path, reason string) {
	a.t.Helper()
	a.want(status)
	got := decode[struct{ Error, Path string }](a.t, a.body)
	if got.Path != path || !strings.Contains(got.Error, reason) {
		a.t.Errorf("%.200s is refused at %q because %q; want path %q and a reason with %q", a.what, got.Path, got.Error, path, reason)
	}
}

// object is the body of an answer that is a JSON object.
func (a answer) object() map[string]any {
	a.t.Helper()
	return decode[map[string]any](a.t, a.want(200).body)
}

// decode reads JSON.
func decode[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v: %.2000s", err, data)
	}
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// query is "?name=value&…" of the pairs, escaped.
func query(pairs ...string) string {
	v := url.Values{}
	for pair := range slices.Chunk(pairs, 2) {
		v.Add(pair[0], pair[1])
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

// result is a StatementResult.
type result struct {
	Statements []map[string]any
	More       string
}

// list asks for statements by parameters (name, value …), one page.
func (s *server) list(params ...string) result {
	s.t.Helper()
	return decode[result](s.t, s.get("/statements"+query(params...)).want(200).body)
}

// next is the page after r.
func (s *server) next(r result) result {
	s.t.Helper()
	path, ok := strings.CutPrefix(r.More, "/xapi")
	if !ok {
		s.t.Fatalf("more is %q", r.More)
	}
	return decode[result](s.t, s.get(path).want(200).body)
}

// wantIDs asks for statements and wants those of id(n) for these n, in this
// order, over all pages: wantIDs("3 2 1", "verb", v).
func (s *server) wantIDs(want string, params ...string) {
	s.t.Helper()
	page := s.list(params...)
	got := page.numbers()
	for page.More != "" {
		page = s.next(page)
		got = append(got, page.numbers()...)
	}
	if all := strings.Join(got, " "); all != want {
		s.t.Errorf("%v answers %q, want %q", params, all, want)
	}
}

// numbers are the n of statements with id(n).
func (r result) numbers() []string {
	out := make([]string, 0, len(r.Statements))
	for _, s := range r.Statements {
		out = append(out, strings.TrimLeft(strings.TrimPrefix(s["id"].(string), "00000000-0000-4000-8000-"), "0"))
	}
	return out
}

// id is a UUID made of n.
func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// obj is a JSON object to be, as obj{"actor": …}.
type obj map[string]any

func (o obj) String() string {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// but is a copy with other members (name, value …); a value of nil removes one.
func (o obj) but(pairs ...any) obj {
	c := make(obj, len(o))
	for k, v := range o {
		c[k] = v
	}
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] == nil {
			delete(c, pair[0].(string))
		} else {
			c[pair[0].(string)] = pair[1]
		}
	}
	return c
}

// statement has id(n) and says that a learner completed an activity; but changes it.
func statement(n int, but ...any) obj {
	return obj{
		"id":     id(n),
		"actor":  obj{"account": obj{"homePage": "https://lms.example", "name": "ann"}},
		"verb":   obj{"id": "http://adlnet.gov/expapi/verbs/completed"},
		"object": obj{"id": "https://lms.example/act"},
	}.but(but...)
}

// batch is a JSON array.
func batch(list ...obj) string {
	data, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func start(t *testing.T, at place, configure []func(*setup)) *server {
	t.Helper()
	var mu sync.Mutex
	open := map[string]*lrs.LRS{}
	with := setup{
		service: &lrs.Service{
			Keys:    at.keys,
			IRIBase: func(tenant string) string { return "https://cairn.example/" + tenant },
			MaxBody: 4 << 20,
		},
		options: func(string) lrs.Options { return lrs.Options{PageSize: 20} },
		web:     httptest.NewUnstartedServer(nil),
	}
	tenants := func(name string) *lrs.LRS {
		mu.Lock()
		defer mu.Unlock()
		if open[name] == nil {
			o := with.options(name)
			if o.Blobs == nil {
				o.Blobs = at.blobs(name, o.Now)
			}
			open[name] = lrs.New(at.store(name), o)
		}
		return open[name]
	}
	with.service.Tenant = func(_ context.Context, name string) (*lrs.LRS, error) { return tenants(name), nil }
	for _, c := range configure {
		c(&with)
	}
	with.web.Config.Handler = with.service.Handler()
	with.web.Start()
	t.Cleanup(with.web.Close)
	s := &server{t: t, url: with.web.URL + "/xapi", version: "1.0.3", keys: at.keys, lrs: tenants("main"), web: with.web, tenants: tenants}
	s.cred = s.key()
	return s
}
