package lti_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// openedx is Open edX's own LTI platform in a process of its own; see
// .ci/peers/openedx/shim.py.
type openedx struct {
	Issuer     string `json:"issuer"`
	ClientID   string `json:"client_id"`
	Deployment string `json:"deployment"`
	Auth       string `json:"auth"`
	Token      string `json:"token"`
	JWKS       string `json:"jwks"`

	w   *world
	reg lti.Registration
}

// startOpenEdX needs CAIRN_TEST_OPENEDX, a checkout of github.com/openedx/xblock-lti-consumer.
// It is AGPL and no part of this repository, so that a machine without one skips, CI too.
func startOpenEdX(t *testing.T, w *world) *openedx {
	t.Helper()
	checkout := os.Getenv("CAIRN_TEST_OPENEDX")
	if checkout == "" {
		t.Skip("CAIRN_TEST_OPENEDX is not set: no checkout of openedx/xblock-lti-consumer to run")
	}
	var o *openedx
	var said string
	for range 3 { // it must know its port before it listens; somebody else may be faster
		if o, said = runOpenEdX(t, w, checkout); o != nil {
			break
		}
	}
	if o == nil {
		t.Fatalf("Open edX did not start:\n%s", said)
	}
	o.w = w
	var err error
	o.reg, err = w.tool.Register(t.Context(), lti.Registration{
		Issuer: o.Issuer, ClientID: o.ClientID, AuthURL: o.Auth, TokenURL: o.Token, JWKSURL: o.JWKS, Tenant: "main",
	}, o.Deployment)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// runOpenEdX answers a running Open edX, or what it said as it ended.
func runOpenEdX(t *testing.T, w *world, checkout string) (*openedx, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	_ = ln.Close()
	shim, err := filepath.Abs("../.ci/peers/openedx/shim.py")
	if err != nil {
		t.Fatal(err)
	}
	python := os.Getenv("CAIRN_TEST_PYTHON")
	if python == "" {
		python = "/usr/bin/python3" // the one that Debian's python3-django is for
	}
	cmd := exec.CommandContext(t.Context(), python, shim, strconv.Itoa(port))
	cmd.Env = append(os.Environ(), "OPENEDX_LTI="+checkout, "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stdin = strings.NewReader(string(jsonOf(map[string]string{
		"login": w.server.URL + "/lti/login", "launch": w.target, "deep_link": w.target, "jwks": w.server.URL + "/lti/jwks",
	})))
	log := &lockedBuffer{}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("Open edX said:\n%s", log)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	o := &openedx{}
	if err != nil || json.Unmarshal(line, o) != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, log.String()
	}
	return o, ""
}

// begin opens the tool as a person would, up to the form that carries the id_token.
func (o *openedx) begin(t *testing.T, query string) (b *http.Client, form url.Values) {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	b = &http.Client{Jar: jar, Timeout: 20 * time.Second}
	page := o.page(t, b, "/start?"+query)
	if action := regexp.MustCompile(`action="([^"]*)"`).FindStringSubmatch(page); action == nil || action[1] != o.w.target {
		t.Fatalf("no form to the launch in %s", page)
	}
	form = url.Values{}
	for _, m := range regexp.MustCompile(`<input name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	return b, form
}

func (o *openedx) page(t *testing.T, b *http.Client, path string) string {
	t.Helper()
	res, err := b.Get(o.Issuer + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %d: %s", path, res.StatusCode, body)
	}
	return string(body)
}

func (o *openedx) launch(t *testing.T, query string) *lti.Launch {
	t.Helper()
	got := o.w.in(t).postForm(o.begin(t, query))
	if got.Page != "launched" {
		t.Fatalf("refused with %s: %s", got.Code, got.Detail)
	}
	return got.Launch
}

// seen is what Open edX has kept.
type seen struct {
	Items []struct {
		Type       string
		Attributes struct {
			URL, Title string
			Custom     map[string]string
		}
	}
	Published []struct {
		User           string
		Score, Maximum float64
	}
	Scores []struct {
		UserID   string  `json:"user_id"`
		Given    float64 `json:"score_given"`
		Maximum  float64 `json:"score_maximum"`
		Activity string  `json:"activity_progress"`
		Grading  string  `json:"grading_progress"`
	}
	LineItems []struct {
		Label, Tag string
		ResourceID string `json:"resource_id"`
	} `json:"line_items"`
}

func (o *openedx) saw(t *testing.T) (s seen) {
	t.Helper()
	if err := json.Unmarshal([]byte(o.page(t, http.DefaultClient, "/saw")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// A platform that we did not write launches the tool, takes its deep linking answer and
// its grades, and tells it the roster. Its keys have no alg, its deep linking requests
// carry a resource link.
func TestOpenEdXLaunchesTheTool(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	w.clock.Advance(time.Since(w.clock.Now()))
	o := startOpenEdX(t, w)

	t.Run("its keys have no alg", func(t *testing.T) {
		if keys := o.page(t, http.DefaultClient, strings.TrimPrefix(o.JWKS, o.Issuer)); strings.Contains(keys, `"alg"`) || !strings.Contains(keys, `"kty": "RSA"`) {
			t.Fatalf("got %s", keys)
		}
	})
	t.Run("a learner launches", func(t *testing.T) {
		l := o.launch(t, "user=5&role=student&workflow=first-steps")
		if l.Subject != "5" || !l.IsLearner() || l.Email != "sam@example.org" || l.Name != "Sam Sailor" || l.Custom["workflow"] != "first-steps" ||
			l.Course.Title != "Negotiation skills" || l.ResourceLink.ID == "" || l.DeploymentID != "1" {
			t.Fatalf("got %+v", l)
		}
	})
	t.Run("an instructor launches", func(t *testing.T) {
		if l := o.launch(t, "user=3&role=instructor"); l.Subject != "3" || l.IsLearner() || !slices.ContainsFunc(l.Roles, func(r string) bool { return strings.HasSuffix(r, "#Instructor") }) {
			t.Fatalf("got %+v", l)
		}
	})
	t.Run("the same launch again is refused", func(t *testing.T) {
		b, form := o.begin(t, "user=5&role=student")
		if got := w.in(t).postForm(b, form); got.Page != "launched" {
			t.Fatalf("refused with %s: %s", got.Code, got.Detail)
		}
		w.in(t).wantCode(w.in(t).postForm(b, form), "nonce_reused")
	})
	t.Run("a token with a changed signature is refused", func(t *testing.T) {
		b, form := o.begin(t, "user=5&role=student")
		token := form.Get("id_token")
		form.Set("id_token", token[:len(token)-8]+"AAAAAAAA")
		w.in(t).wantCode(w.in(t).postForm(b, form), "bad_signature")
	})
	t.Run("a token of another state is refused", func(t *testing.T) {
		_, other := o.begin(t, "user=6&role=student")
		b, form := o.begin(t, "user=5&role=student")
		form.Set("id_token", other.Get("id_token"))
		w.in(t).wantCode(w.in(t).postForm(b, form), "nonce_other_state")
	})
	t.Run("it verifies and keeps our deep linking answer", func(t *testing.T) {
		l := o.launch(t, "user=3&role=instructor&message=LtiDeepLinkingRequest")
		if l.DeepLink == nil || !l.DeepLink.AcceptMultiple || !slices.Contains(l.DeepLink.AcceptTypes, "ltiResourceLink") {
			t.Fatalf("got %+v", l.DeepLink)
		}
		answer, err := w.tool.DeepLinkResponse(t.Context(), l.DeepLink.Handle, []lti.ContentItem{
			{Title: "First steps", Text: "Prepare, try, reflect", Custom: map[string]string{"workflow": "first-steps"}, LineItem: &lti.ContentLineItem{ScoreMaximum: 100, ResourceID: "first-steps"}},
			{Title: "Negotiation", Custom: map[string]string{"workflow": "negotiation-skills"}},
		}, "two workflows")
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.PostForm(answer.Action, url.Values{"JWT": {answer.JWT}})
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("the answer was refused with %d: %s", res.StatusCode, body)
		}
		kept := o.saw(t).Items
		if len(kept) != 2 || kept[0].Type != "ltiResourceLink" || kept[0].Attributes.Title != "First steps" || kept[0].Attributes.Custom["workflow"] != "first-steps" ||
			kept[1].Attributes.Custom["workflow"] != "negotiation-skills" || kept[0].Attributes.URL != w.target {
			t.Fatalf("Open edX kept %+v", kept)
		}
	})
	t.Run("it refuses a deep linking answer under a foreign key", func(t *testing.T) {
		claims := map[string]any{"iss": o.ClientID, "aud": o.Issuer, "iat": w.clock.Now().Unix(), "exp": w.clock.Now().Unix() + 60, claim + "message_type": "LtiDeepLinkingResponse",
			claimDL + "content_items": []any{map[string]any{"type": "ltiResourceLink", "url": w.target, "title": "forged"}}}
		forged := signRS256(testKey(t), map[string]any{"alg": "RS256", "kid": "x"}, claims)
		res, err := http.PostForm(o.Issuer+"/api/lti_consumer/v1/lti/1/lti-dl/response", url.Values{"JWT": {forged}})
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden || strings.Contains(o.page(t, http.DefaultClient, "/saw"), "forged") {
			t.Fatalf("got %d: this test would not notice a platform that verifies nothing", res.StatusCode)
		}
	})
	t.Run("it takes a grade", func(t *testing.T) {
		l := o.launch(t, "user=5&role=student")
		if l.LineItemURL == "" || l.LineItemsURL == "" {
			t.Fatalf("no line item in %+v", l)
		}
		for _, given := range []float64{40, 80} {
			if err := w.tool.PostScore(t.Context(), lti.Score{Registration: o.reg.ID, LineItem: l.LineItemURL, UserID: l.Subject, Given: given, Maximum: 100, Timestamp: w.clock.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		s := o.saw(t)
		if len(s.Scores) != 1 || s.Scores[0].Given != 80 || s.Scores[0].Activity != "InProgress" || s.Scores[0].Grading != "FullyGraded" || len(s.Published) != 2 || s.Published[1].Score != 0.8 {
			t.Fatalf("Open edX kept %+v", s)
		}
	})
	t.Run("it makes a line item, once", func(t *testing.T) {
		l := o.launch(t, "user=3&role=instructor")
		first, err := w.tool.EnsureLineItem(t.Context(), lti.CourseKey{Registration: o.reg.ID}, l.LineItemsURL, lti.LineItem{ResourceLinkID: l.ResourceLink.ID, ResourceID: "signoff", Tag: "signoff", Label: "Sign-off", ScoreMaximum: 100})
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.tool.EnsureLineItem(t.Context(), lti.CourseKey{Registration: o.reg.ID}, l.LineItemsURL, lti.LineItem{ResourceLinkID: l.ResourceLink.ID, ResourceID: "signoff", Tag: "signoff", Label: "Sign-off", ScoreMaximum: 100})
		if err != nil || again != first {
			t.Fatalf("got %q, %v, want %q", again, err, first)
		}
		if items := o.saw(t).LineItems; len(items) != 2 || items[1].Tag != "signoff" || items[1].ResourceID != "signoff" {
			t.Fatalf("Open edX kept %+v", items)
		}
	})
	t.Run("it tells the roster", func(t *testing.T) {
		l := o.launch(t, "user=3&role=instructor")
		members, err := w.tool.Members(t.Context(), lti.CourseKey{Registration: o.reg.ID}, l.MembershipsURL)
		if err != nil {
			t.Fatal(err)
		}
		if len(members) != 3 || !slices.ContainsFunc(members, func(m lti.Member) bool { return m.UserID == "5" && m.Email == "sam@example.org" }) {
			t.Fatalf("got %+v", members)
		}
	})
}
