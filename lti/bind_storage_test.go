package lti_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti"
)

// framed is a browser in a frame of another site that keeps no cookie of ours.
type framed struct {
	*world
	client *http.Client
}

func (w *world) framed() *framed {
	b := w.browser()
	b.Jar = nil
	return &framed{w, b}
}

// send posts a form as a page of the given origin would, "" being a browser that
// does not say.
func (f *framed) send(to, origin string, form url.Values, header ...string) *http.Response {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := f.client.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	return res
}

// kept is a login whose secret a page left with the platform, and the platform's
// answer to it.
type kept struct {
	value string
	at    lti.Storage
	form  url.Values // id_token and state
}

// keep begins a login that offers the target as storage.
func (f *framed) keep(target string) kept {
	f.t.Helper()
	params := f.loginParams()
	params.Set("lti_storage_target", target)
	got := f.read(f.send(f.server.URL+"/lti/login", f.platform.URL, params))
	if got.Page != "keep" {
		f.t.Fatalf("the login is answered with %+v", got)
	}
	next, err := url.Parse(got.Action)
	if err != nil || !strings.HasPrefix(got.Action, f.platform.URL+"/auth?") {
		f.t.Fatalf("the page leads to %q", got.Action)
	}
	token := signRS256(f.platform.key, f.platform.header(), f.platform.claims(f.target, next.Query().Get("nonce")))
	return kept{value: got.Value, at: got.Storage, form: url.Values{"id_token": {token}, "state": {next.Query().Get("state")}}}
}

// ask posts the platform's answer, which finds no cookie, and gives the form of the
// page that asks the storage.
func (f *framed) ask(k kept) (shown, url.Values) {
	f.t.Helper()
	got := f.read(f.send(f.target, f.platform.URL, k.form))
	if got.Page != "ask" {
		f.t.Fatalf("the launch without cookie is answered with %+v", got)
	}
	form := url.Values{}
	for name, value := range got.Fields {
		form.Set(name, value)
	}
	return got, form
}

func TestALaunchIsBoundByTheStorageOfThePlatformWhereNoCookieComesBack(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s, overTLS)
		f := w.framed()
		k := f.keep("post_message_forwarding")
		if k.value == "" || k.at.Target != "post_message_forwarding" || k.at.Origin != w.platform.URL || k.at.Key == "" || k.at.MessageID == "" || !k.at.Prelaunch {
			t.Fatalf("got %+v", k)
		}
		for range 2 { // the page may be loaded again: nothing is used up
			page, form := f.ask(k)
			if page.Storage.Key != k.at.Key || page.Storage.Origin != k.at.Origin || page.Storage.MessageID == k.at.MessageID {
				t.Fatalf("kept at %+v, asked at %+v", k.at, page.Storage)
			}
			if page.Action != w.target || page.Answer == "" || !strings.HasPrefix(page.Restart, w.server.URL+"/lti/restart?h=") || form.Has(page.Answer) {
				t.Fatalf("got %+v", page)
			}
		}
		page, form := f.ask(k)
		form.Set(page.Answer, k.value)
		if got := f.read(f.send(w.target, w.server.URL, form, "Sec-Fetch-Site", "same-origin")); got.Page != "launched" || got.Launch.Subject != "5" {
			t.Fatalf("got %+v", got)
		}
		w.wantCode(f.read(f.send(w.target, w.server.URL, form)), "nonce_reused")
		if strings.Contains(w.log.String(), k.value) {
			t.Error("the log holds the secret")
		}
	})
}

func TestAValueThatIsNotThisLoginsOrNotFromOurPageBindsNothing(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	f := w.framed()
	other := f.keep("_parent")
	k := f.keep("_parent")
	if k.at.Key == other.at.Key || k.value == other.value {
		t.Fatal("two logins share a key or a secret")
	}
	page, form := f.ask(k)
	with := func(value string) url.Values {
		c := url.Values{page.Answer: {value}}
		for name, values := range form {
			c[name] = values
		}
		return c
	}
	for name, c := range map[string]struct {
		value, origin string
		header        []string
		code          string
	}{
		"no answer of the storage":            {"", w.server.URL, nil, "state_other_browser"},
		"a wrong value":                       {"guess", w.server.URL, nil, "storage_mismatch"},
		"the value of another login":          {other.value, w.server.URL, nil, "storage_mismatch"},
		"the hash instead of the value":       {k.at.Key, w.server.URL, nil, "storage_mismatch"},
		"a very long value":                   {strings.Repeat("a", 100<<10), w.server.URL, nil, "storage_mismatch"},
		"the right value from another site":   {k.value, "https://evil.example", nil, "storage_other_site"},
		"the right value from the platform":   {k.value, w.platform.URL, nil, "storage_other_site"},
		"the right value from a sandbox":      {k.value, "null", nil, "storage_other_site"},
		"the right value from nowhere":        {k.value, "", nil, "storage_other_site"},
		"the right value, cross-site by name": {k.value, w.server.URL, []string{"Sec-Fetch-Site", "cross-site"}, "storage_other_site"},
		"a look-alike origin":                 {k.value, w.server.URL + ".evil.example", nil, "storage_other_site"},
	} {
		t.Run(name, func(t *testing.T) {
			got := f.read(f.send(w.target, c.origin, with(c.value), c.header...))
			w.in(t).wantCode(got, c.code)
			if got.Restart == "" {
				t.Error("no new window is offered")
			}
		})
	}
	if got := f.read(f.send(w.target, w.server.URL, with(k.value))); got.Page != "launched" {
		t.Fatalf("a refusal used the login up: %+v", got)
	}
}

func TestAValueCountsForNothingWhereTheLoginOfferedNoStorage(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	a := w.attempt()
	u, err := url.Parse(w.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	secret := a.browser.Jar.Cookies(u)[0].Value // what binds this login, by the wrong way
	a.form.Set("id_token", a.sign(a.header, a.claims))
	a.form.Set("cairn_storage", secret)
	f := w.framed()
	w.wantCode(f.read(f.send(w.target, w.server.URL, a.form)), "storage_not_offered")
	a.form.Del("cairn_storage")
	if got := a.post(); got.Page != "launched" {
		t.Fatalf("got %+v", got)
	}
}

func TestTheStorageIsNotAskedWhereCookiesWork(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	params := w.loginParams()
	params.Set("lti_storage_target", "_parent")
	for name, header := range map[string][]string{
		"a window of its own":        {"Sec-Fetch-Dest", "document"},
		"a cookie that came back":    {"Cookie", "__Host-cairn-s-abc=1"},
		"a login cookie from before": {"Cookie", "__Host-cairn-lti-abc=1"},
	} {
		res := w.framed().send(w.server.URL+"/lti/login", w.platform.URL, params, header...)
		res.Body.Close()
		if res.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: the login is answered with %d", name, res.StatusCode)
		}
	}
	// The cookie that the page set too is enough, and the storage stays out of it.
	b := w.browser()
	res, err := b.PostForm(w.server.URL+"/lti/login", params)
	if err != nil {
		t.Fatal(err)
	}
	page := w.read(res)
	next, err := url.Parse(page.Action)
	if err != nil || page.Page != "keep" {
		t.Fatalf("got %+v", page)
	}
	token := signRS256(w.platform.key, w.platform.header(), w.platform.claims(w.target, next.Query().Get("nonce")))
	if got := w.postForm(b, url.Values{"id_token": {token}, "state": {next.Query().Get("state")}}); got.Page != "launched" {
		t.Fatalf("got %+v", got)
	}
}

func TestAFrameNameThatIsNoneCountsAsNotOffered(t *testing.T) {
	w := newWorld(t, sqliteStore(t), overTLS)
	for target, offered := range map[string]bool{
		"_parent": true, "post_message_forwarding": true, "lti-storage.1": true, strings.Repeat("a", 100): true,
		"": false, strings.Repeat("a", 101): false, "a b": false, `"><script>`: false, "a\x00b": false, "ü": false, "a[0]": false, "../x": false,
	} {
		params := w.loginParams()
		params.Set("lti_storage_target", target)
		res := w.framed().send(w.server.URL+"/lti/login", w.platform.URL, params)
		res.Body.Close()
		if have := res.StatusCode == http.StatusOK; have != offered || !have && res.StatusCode != http.StatusSeeOther {
			t.Errorf("%q: status %d, want offered %v", target, res.StatusCode, offered)
		}
	}
	params := w.loginParams()
	params["lti_storage_target"] = []string{"_parent", "other"}
	w.wantCode(w.read(w.framed().send(w.server.URL+"/lti/login", w.platform.URL, params)), "duplicate_parameter")
}

func TestOfAHundredParallelReplaysByStorageOneIsALaunch(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s, overTLS)
		f := w.framed()
		k := f.keep("_parent")
		page, form := f.ask(k)
		form.Set(page.Answer, k.value)
		oneOfAHundredIsALaunch(t, func() shown { return f.read(f.send(w.target, w.server.URL, form)) })
	})
}
