package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine/text"
	"github.com/cairn-lms/cairn/lti"
)

func TestTheToolsPagesSayWhatHappened(t *testing.T) {
	w := newWorld(t)
	draw := func(f func(http.ResponseWriter, *http.Request)) *httptest.ResponseRecorder {
		out := httptest.NewRecorder()
		f(out, httptest.NewRequest(http.MethodPost, "/lti/launch", nil))
		return out
	}
	has := func(out *httptest.ResponseRecorder, status int, texts ...string) {
		t.Helper()
		if out.Code != status {
			t.Errorf("status %d, want %d", out.Code, status)
		}
		for _, text := range texts {
			if !strings.Contains(out.Body.String(), text) {
				t.Errorf("%q is missing:\n%s", text, out.Body)
			}
		}
		policy := out.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "form-action 'self'") {
			t.Errorf("the policy is %s", policy)
		}
	}

	has(draw(func(rw http.ResponseWriter, r *http.Request) {
		w.site.LaunchRefused(rw, r, &lti.Rejection{Code: "state_other_browser", Spec: "§7.3.1", Detail: "no <b>cookie</b>", Status: 403}, "req-1", w.url+"/lti/restart?h=1")
	}), 403, "state_other_browser", "no &lt;b&gt;cookie", "req-1", "§7.3.1", `href="`+w.url+`/lti/restart?h=1" target="_blank"`, "blocked the cookie")
	has(draw(func(rw http.ResponseWriter, r *http.Request) {
		w.site.LaunchRefused(rw, r, &lti.Rejection{Code: "kid_missing", Status: 401, PlatformSays: "<i>no</i>"}, "req-2", "")
	}), 401, "kid_missing", "req-2", "send the lines below to your administrator", "&lt;i&gt;no")
	refused := draw(func(rw http.ResponseWriter, r *http.Request) {
		w.site.RegistrationRefused(rw, r, &lti.Rejection{Code: "invite_unknown", Status: 403}, "req-3")
	})
	has(refused, 403, "The registration did not work", "cairn lms invite", "req-3")
	if strings.Contains(refused.Body.String(), "Open in a new window") {
		t.Error("a restart is offered where there is none")
	}

	repeat := draw(func(rw http.ResponseWriter, r *http.Request) {
		w.site.RepeatPost(rw, r, "/lti/launch", map[string]string{"state": `a"b`, "id_token": "x.y.z"})
	})
	has(repeat, 200, `<form method="post" action="/lti/launch" id="repeat">`, `name="id_token" value="x.y.z"`, `name="state" value="a&#34;b"`, "repeat.js", "<button")

	has(draw(func(rw http.ResponseWriter, r *http.Request) {
		w.site.Registered(rw, r, lti.Registration{Issuer: issuer, ClientID: "client-1", ProductFamily: "moodle"})
	}), 200, "close.js", issuer, "client-1", "Activate")
}

func TestThePageAfterRegisteringSaysWhatHappensToNewDeployments(t *testing.T) {
	w := newWorld(t)
	for auto, want := range map[bool]string{true: "taken on as they launch", false: "waits for approval"} {
		out := httptest.NewRecorder()
		w.site.Registered(out, httptest.NewRequest(http.MethodGet, "/lti/register", nil), lti.Registration{ID: "r1", Issuer: issuer, ProductFamily: "canvas", AutoDeploy: auto})
		if page := out.Body.String(); !strings.Contains(page, want) || !strings.Contains(page, `href="/admin/platforms/r1" target="_blank"`) {
			t.Errorf("taken on: %v:\n%s", auto, page)
		}
	}
}

func TestEveryRefusalHasItsPageInEveryLanguage(t *testing.T) {
	w := newWorld(t)
	source, err := os.ReadFile("../lti/rejection.go")
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, m := range regexp.MustCompile(`case ("[a-z_]+"(?:, "[a-z_]+")*):\n\t\treturn `).FindAllStringSubmatch(string(source), -1) {
		codes = append(codes, strings.Split(strings.ReplaceAll(m[1], `"`, ""), ", ")...)
	}
	if len(codes) < 80 {
		t.Fatalf("found %d codes", len(codes))
	}
	general := map[string]string{"en": "send the lines below to your administrator", "de": "Administration"}
	for language, sentence := range general {
		for _, code := range codes {
			out := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodPost, "/lti/launch", nil)
			r.Header.Set("Accept-Language", language)
			w.site.LaunchRefused(out, r, &lti.Rejection{Code: code, Spec: "the rule", Detail: "the detail", Status: 403}, "the-request", "")
			page := out.Body.String()
			for _, part := range []string{code, "the rule", "the detail", "the-request", `lang="` + language + `"`} {
				if !strings.Contains(page, part) {
					t.Errorf("%s in %s: %q is missing", code, language, part)
				}
			}
			own := text.Catalogue(language).Has("page.refused." + code)
			if !own && !strings.Contains(page, sentence) {
				t.Errorf("%s in %s: no sentence for people", code, language)
			}
			if strings.Contains(page, "page.refused") || out.Code != 403 {
				t.Errorf("%s in %s: HTTP %d, or a key instead of its message", code, language, out.Code)
			}
		}
	}
}

func TestAnAnonymousPersonIsSomebodyNewEachTimeAndInNoReport(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"req-a", "req-b"} {
		l := launchOf("5", "Sam Sailor", "Learner")
		l.Subject, l.Name, l.GivenName, l.FamilyName, l.Email, l.RequestID = "", "", "", "", "", id
		p, first := w.launch(l)
		if first.StatusCode != http.StatusOK || p.base == "" {
			t.Fatalf("got HTTP %d at %s: %s", first.StatusCode, first.Request.URL.Path, first.text)
		}
		somebody, err := w.store.PersonByAccount(t.Context(), issuer, "anonymous-"+id)
		must(t, err)
		enrolments, err := w.store.EnrolmentsOf(t.Context(), somebody.ID)
		must(t, err)
		if len(enrolments) != 1 || !enrolments[0].Preview {
			t.Fatalf("got %+v", enrolments)
		}
	}
}

func TestScriptsCloseAndRepeatAsTheProtocolSays(t *testing.T) {
	w := newWorld(t)
	front := w.stranger().get("/")
	front.has(t, http.StatusOK, "This is Cairn", "app.js")
	_, rest, _ := strings.Cut(front.text, "/static/")
	version, _, _ := strings.Cut(rest, "/")
	base := "/static/" + version
	for name, want := range map[string]string{
		"close.js": "(window.opener || window.parent).postMessage({ subject: 'org.imsglobal.lti.close' }, '*')",
		"frame.js": "lti.frameResize", "storage.js": "event.origin !== storage.origin", "repeat.js": ".submit()", "style.css": "prefers-color-scheme: dark",
	} {
		got := w.stranger().get(base + "/" + name)
		got.has(t, http.StatusOK, want)
		if !strings.Contains(got.Header.Get("Cache-Control"), "immutable") || got.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has %v", name, got.Header)
		}
	}
	w.stranger().get("/static/old/style.css").has(t, http.StatusOK)
	w.stranger().get(base+"/nothing.js").has(t, http.StatusNotFound)
}

func TestHealthIsAnsweredAlwaysAndReadinessWhenReady(t *testing.T) {
	w := newWorld(t)
	w.stranger().get("/healthz").has(t, http.StatusOK, "ok")
	w.stranger().get("/readyz").has(t, http.StatusOK, "ready")
}

func TestAHomeMayBeFramedByItsPlatformOnlyAndTellsItsHeightThere(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	home := sam.get(sam.base + "/")
	policy := home.Header.Get("Content-Security-Policy")
	if !strings.HasSuffix(policy, "frame-ancestors 'self' "+issuer) || strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("the policy is %s", policy)
	}
	home.has(t, http.StatusOK, `data-frames="`+issuer+`">`)
}

// Canvas: all schools share an issuer, the sign-in has a host of its own, and the
// frame is on the school's.
func TestAPlatformMayFrameFromEveryHostThatItsRegistrationAndLaunchName(t *testing.T) {
	w := newWorld(t)
	l := launchOf("5", "Sam Sailor", "Learner")
	l.Issuer, l.ReturnURL = "https://canvas.instructure.com", "https://school.instructure.com/courses/2"
	l.Registration.AuthURL = "https://sso.canvaslms.com/api/lti/authorize_redirect"
	l.Registration.Frames = []string{"https://learn.school.example"}
	_, first := w.launch(l)
	const origins = "https://canvas.instructure.com https://sso.canvaslms.com https://school.instructure.com https://learn.school.example"
	first.has(t, http.StatusOK, `data-frames="`+origins+`"`)
	if policy := first.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "frame-ancestors 'self' "+origins) {
		t.Errorf("the policy is %s", policy)
	}
}

func TestThePagesAboutStorageWorkWithScriptsAndWithout(t *testing.T) {
	w := newWorld(t)
	storage := lti.Storage{Target: "post_message_forwarding", Origin: "https://sso.example", Key: "cairn-lti-1", MessageID: "m-1", Prelaunch: true}
	keep := httptest.NewRecorder()
	w.site.KeepInStorage(keep, httptest.NewRequest(http.MethodPost, "/lti/login", nil), storage, `s"1`, `https://sso.example/auth?a=1&b="><script>`)
	ask := httptest.NewRecorder()
	w.site.AskStorage(ask, httptest.NewRequest(http.MethodPost, "/lti/launch", nil), storage, w.url+"/lti/launch",
		map[string]string{"state": `a"b`, "id_token": "x.y.z"}, "cairn_storage", w.url+"/lti/restart?h=1")
	for name, c := range map[string]struct {
		page *httptest.ResponseRecorder
		has  []string
	}{
		"keep": {keep, []string{
			`data-target="post_message_forwarding" data-origin="https://sso.example" data-key="cairn-lti-1" data-message="m-1" data-prelaunch="1"`,
			`data-value="s&#34;1"`, `data-next="https://sso.example/auth?a=1&amp;b=`, "keep.js",
			`<noscript><meta http-equiv="refresh" content="0; url=https://sso.example/auth?a=1&amp;b=&#34;&gt;&lt;script&gt;"></noscript>`, `id="go" href="https://sso.example/auth?a=1&amp;b=%22%3e%3cscript%3e"`,
		}},
		"ask": {ask, []string{
			`data-origin="https://sso.example"`, `data-answer="cairn_storage"`, `action="` + w.url + `/lti/launch"`, `name="state" value="a&#34;b"`,
			`name="cairn_storage" value=""`, "ask.js", `id="restart" href="` + w.url + `/lti/restart?h=1" target="_blank"`, "<noscript>", `<button class="primary" id="go">`,
		}},
	} {
		for _, text := range c.has {
			if !strings.Contains(c.page.Body.String(), text) {
				t.Errorf("%s: %s is missing:\n%s", name, text, c.page.Body)
			}
		}
		policy := c.page.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "form-action 'self'") {
			t.Errorf("%s: the policy is %s", name, policy)
		}
		if c.page.Header().Get("Cache-Control") != "no-store" || c.page.Code != http.StatusOK {
			t.Errorf("%s: %d %v", name, c.page.Code, c.page.Header())
		}
	}
}
