package lti_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func (w *world) score() lti.Score {
	return lti.Score{
		Registration: w.reg.ID, LineItem: w.platform.URL + "/2/lineitems/11/lineitem?type_id=1", UserID: "5",
		Given: 8, Maximum: 10, Activity: lti.ActivityInProgress, Timestamp: w.clock.Now(), Comment: "Well done",
	}
}

const scoresPath = "/2/lineitems/11/lineitem/scores"

func TestAScoreGoesBesideTheQueryWithEverythingMoodleWants(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		w.platform.handle(scoresPath, func(http.ResponseWriter, *http.Request) {})
		for range 3 {
			if err := w.tool.PostScore(t.Context(), w.score()); err != nil {
				t.Fatal(err)
			}
		}
		sent := w.platform.requests(scoresPath)
		if len(sent) != 3 || sent[0].URI != scoresPath+"?type_id=1" || sent[0].Header.Get("Content-Type") != "application/vnd.ims.lis.v1.score+json" ||
			sent[0].Header.Get("Authorization") != "Bearer token-1" || sent[0].Header.Get("User-Agent") == "" {
			t.Fatalf("got %+v", sent)
		}
		last := time.Time{}
		for _, r := range sent {
			var body struct {
				UserID, ActivityProgress, GradingProgress, Timestamp, Comment string
				ScoreGiven, ScoreMaximum                                      *float64
			}
			if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, body.Timestamp)
			if err != nil || !strings.Contains(body.Timestamp, ".") || at.Unix() <= last.Unix() {
				t.Fatalf("timestamp %q after %v: %v", body.Timestamp, last, err)
			}
			last = at
			if body.UserID != "5" || body.GradingProgress != "FullyGraded" || body.ActivityProgress != "InProgress" || *body.ScoreGiven != 8 || *body.ScoreMaximum != 10 || body.Comment != "Well done" {
				t.Fatalf("got %s", r.Body)
			}
		}
		if n := len(w.platform.requests("/token")); n != 1 {
			t.Fatalf("%d tokens for three scores", n)
		}
	})
}

func TestTheTokenRequestIsSignedBackdatedAndShortLived(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	w.platform.handle(scoresPath, func(http.ResponseWriter, *http.Request) {})
	if err := w.tool.PostScore(t.Context(), w.score()); err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(w.platform.requests("/token")[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	if form.Get("grant_type") != "client_credentials" || form.Get("scope") != "https://purl.imsglobal.org/spec/lti-ags/scope/score" ||
		form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		t.Fatalf("got %v", form)
	}
	header, claims := w.verifyOwn(form.Get("client_assertion"))
	iat, exp, now := int64(claims["iat"].(float64)), int64(claims["exp"].(float64)), w.clock.Now().Unix()
	if claims["iss"] != "client-1" || claims["sub"] != "client-1" || claims["aud"] != w.platform.URL+"/token" || claims["jti"] == "" ||
		claims[claim+"deployment_id"] != "1" || header["kid"] == "" || iat >= now || exp <= now || exp-iat > 300 {
		t.Fatalf("got %v", claims)
	}
}

// verifyOwn checks a JWS of ours against the published key set with the standard library.
func (w *world) verifyOwn(compact string) (header, claims map[string]any) {
	w.t.Helper()
	res, err := http.Get(w.server.URL + "/lti/jwks")
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var set struct{ Keys []struct{ Kid, N string } }
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil {
		w.t.Fatal(err)
	}
	parts := strings.Split(compact, ".")
	for i, into := range []*map[string]any{&header, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			w.t.Fatal(err)
		}
		if err := json.Unmarshal(data, into); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, k := range set.Keys {
		if k.Kid != header["kid"] {
			continue
		}
		n, _ := base64.RawURLEncoding.DecodeString(k.N)
		sig, _ := base64.RawURLEncoding.DecodeString(parts[2])
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if err := rsa.VerifyPKCS1v15(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}, crypto.SHA256, sum[:], sig); err != nil {
			w.t.Fatal(err)
		}
		return header, claims
	}
	w.t.Fatalf("no published key %v", header["kid"])
	return nil, nil
}

func TestATokenIsKeptUntilItExpiresAndReplacedOnceWhenRefused(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	spent := map[string]bool{}
	w.platform.handle(scoresPath, func(rw http.ResponseWriter, r *http.Request) {
		if spent[r.Header.Get("Authorization")] {
			rw.WriteHeader(http.StatusUnauthorized)
		}
	})
	post := func() error { return w.tool.PostScore(t.Context(), w.score()) }
	tokens := func(want int) {
		t.Helper()
		if n := len(w.platform.requests("/token")); n != want {
			t.Fatalf("%d tokens fetched, want %d", n, want)
		}
	}
	if err := post(); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(58 * time.Minute)
	if err := post(); err != nil {
		t.Fatal(err)
	}
	tokens(1)
	w.clock.Advance(2 * time.Minute)
	if err := post(); err != nil {
		t.Fatal(err)
	}
	tokens(2)
	spent["Bearer token-2"] = true
	if err := post(); err != nil {
		t.Fatal(err)
	}
	tokens(3)
	spent["Bearer token-3"], spent["Bearer token-4"] = true, true
	if err := post(); !errors.Is(err, lti.ErrRefused) {
		t.Fatalf("got %v, want a refusal after one new token", err)
	}
	tokens(4)
}

func TestFailuresSayWhetherToTryAgain(t *testing.T) {
	status := func(code int, h http.Header, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for name := range h {
				w.Header().Set(name, h.Get(name))
			}
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		path   string
		answer http.HandlerFunc
		kind   error
		after  time.Duration
		says   string
	}{
		"busy":             {scoresPath, status(503, nil, ""), lti.ErrRetry, 30 * time.Second, ""},
		"slow down":        {scoresPath, status(429, http.Header{"Retry-After": {"120"}}, ""), lti.ErrRetry, 2 * time.Minute, ""},
		"Canvas's limit":   {scoresPath, status(403, nil, "403 Forbidden (Rate Limit Exceeded)"), lti.ErrRetry, 30 * time.Second, ""},
		"no permission":    {scoresPath, status(403, nil, ""), lti.ErrRefused, 0, ""},
		"stale timestamp":  {scoresPath, status(409, nil, "[]"), lti.ErrRefused, 0, ""},
		"nobody to grade":  {scoresPath, status(400, nil, ""), lti.ErrRefused, 0, ""},
		"a redirect":       {scoresPath, status(302, http.Header{"Location": {"/"}}, ""), lti.ErrRefused, 0, "redirects"},
		"keys not fetched": {"/token", status(404, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, "<html>"), lti.ErrRetry, 5 * time.Minute, "/lti/jwks"},
		"unknown kid":      {"/token", status(400, nil, `{"error" : ""kid" invalid, unable to lookup correct key"}`), lti.ErrRefused, 0, ""},
		"unknown client":   {"/token", status(401, nil, `{"error":"invalid_client"}`), lti.ErrRefused, 0, "invalid_client"},
		"token server out": {"/token", status(500, nil, ""), lti.ErrRetry, 30 * time.Second, ""},
		"scope dropped":    {"/token", status(200, nil, `{"access_token":"x","token_type":"Bearer","expires_in":3600,"scope":"other"}`), lti.ErrRefused, 0, "scope"},
		"no token":         {"/token", status(200, nil, `{}`), lti.ErrRefused, 0, ""},
		"a page for token": {"/token", status(200, nil, `<html>`), lti.ErrRefused, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sqliteStore(t))
			w.platform.handle(scoresPath, func(http.ResponseWriter, *http.Request) {})
			w.platform.handle(c.path, c.answer)
			err := w.tool.PostScore(t.Context(), w.score())
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v", err)
			}
			if after, ok := lti.After(err); ok != errors.Is(c.kind, lti.ErrRetry) || after != c.after {
				t.Fatalf("try again after %v, %v", after, ok)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		w := newWorld(t, sqliteStore(t))
		w.platform.Close()
		if err := w.tool.PostScore(t.Context(), w.score()); !errors.Is(err, lti.ErrRetry) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestAScoreThatWouldClearOrConfuseAGradeIsNotSent(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	for name, spoil := range map[string]func(*lti.Score){
		"no maximum": func(s *lti.Score) { s.Maximum = 0 }, "no number": func(s *lti.Score) { s.Given = math.NaN() },
		"negative": func(s *lti.Score) { s.Given = -1 }, "nobody": func(s *lti.Score) { s.UserID = "" }, "no line item": func(s *lti.Score) { s.LineItem = "" },
	} {
		s := w.score()
		spoil(&s)
		if err := w.tool.PostScore(t.Context(), s); !errors.Is(err, lti.ErrRefused) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	reg := w.reg
	reg.Scopes = []string{"https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"}
	if err := w.store.SaveRegistration(t.Context(), reg); err != nil {
		t.Fatal(err)
	}
	if err := w.tool.PostScore(t.Context(), w.score()); !errors.Is(err, lti.ErrRefused) || !strings.Contains(err.Error(), "did not grant") {
		t.Errorf("without the scope: got %v", err)
	}
	if n := len(w.platform.requests("/token")); n != 0 {
		t.Errorf("%d calls went out", n)
	}
}

func TestALineItemIsFoundBeforeItIsCreated(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	var mu sync.Mutex
	items := []map[string]any{{"id": w.platform.URL + "/2/lineitems/1/lineitem?type_id=1", "label": "x", "scoreMaximum": 1, "resourceLinkId": "9", "tag": "progress"}}
	w.platform.handle("/2/lineitems", func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodGet {
			if r.Header.Get("Accept") != "application/vnd.ims.lis.v2.lineitemcontainer+json" || r.URL.Query().Get("type_id") != "1" {
				rw.WriteHeader(http.StatusBadRequest)
				return
			}
			_ = json.NewEncoder(rw).Encode(items) // heeds no filter
			return
		}
		if r.Header.Get("Content-Type") != "application/vnd.ims.lis.v2.lineitem+json" {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		var it map[string]any
		_ = json.NewDecoder(r.Body).Decode(&it)
		it["id"] = w.platform.URL + "/2/lineitems/2/lineitem?type_id=1"
		items = append(items, it)
		rw.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(rw).Encode(it)
	})
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			got, err := w.tool.EnsureLineItem(t.Context(), lti.CourseKey{Registration: w.reg.ID}, w.platform.URL+"/2/lineitems?type_id=1",
				lti.LineItem{ResourceLinkID: "10", ResourceID: "first-steps", Tag: "progress", Label: "First steps", ScoreMaximum: 100})
			if err != nil || got != w.platform.URL+"/2/lineitems/2/lineitem?type_id=1" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if len(items) != 2 || items[1]["resourceLinkId"] != "10" || items[1]["resourceId"] != "first-steps" || items[1]["scoreMaximum"] != 100.0 {
		t.Fatalf("got %v", items)
	}
}

func TestTheRosterIsReadToItsLastPageAndOnTheSameHostOnly(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	page := func(next string, ids ...string) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept") != "application/vnd.ims.lti-nrps.v2.membershipcontainer+json" {
				rw.WriteHeader(http.StatusBadRequest)
				return
			}
			if next != "" {
				rw.Header().Set("Link", "<"+next+`>; rel="next"`)
			}
			var members []map[string]any
			for _, id := range ids {
				members = append(members, map[string]any{"user_id": id, "roles": []string{"Learner"}, "email": id + "@example.org"})
			}
			_ = json.NewEncoder(rw).Encode(map[string]any{"id": "x", "members": members})
		}
	}
	w.platform.handle("/memberships", page(w.platform.URL+"/Page2?limit=2&from=2", "4", "5"))
	w.platform.handle("/Page2", page("", "6")) // case kept
	got, err := w.tool.Members(t.Context(), lti.CourseKey{Registration: w.reg.ID}, w.platform.URL+"/memberships")
	if err != nil || len(got) != 3 || got[2].UserID != "6" || got[2].Status != "Active" || got[0].Email != "4@example.org" {
		t.Fatalf("got %+v, %v", got, err)
	}
	w.platform.handle("/memberships", page("https://evil.example/Page2", "4"))
	if _, err := w.tool.Members(t.Context(), lti.CourseKey{Registration: w.reg.ID}, w.platform.URL+"/memberships"); !errors.Is(err, lti.ErrRefused) {
		t.Fatalf("a next page elsewhere: got %v", err)
	}
	w.platform.handle("/memberships", page(w.platform.URL+"/memberships", "4"))
	if _, err := w.tool.Members(t.Context(), lti.CourseKey{Registration: w.reg.ID}, w.platform.URL+"/memberships"); !errors.Is(err, lti.ErrRefused) {
		t.Fatalf("pages in a circle: got %v", err)
	}
}

func TestMoodlesMalformedLinkHeaderIsUnderstood(t *testing.T) {
	data, err := os.ReadFile("testdata/ags.lineitems.limit1.json")
	if err != nil {
		t.Fatal(err)
	}
	var captured struct {
		Response struct {
			Headers map[string]string
			Body    []map[string]any
		}
	}
	if err := json.Unmarshal(data, &captured); err != nil {
		t.Fatal(err)
	}
	// The capture read the header's UTF-8 as Latin-1; send the bytes that Moodle sent.
	var raw []byte
	for _, r := range captured.Response.Headers["link"] {
		raw = append(raw, byte(r))
	}
	w := newWorld(t, sqliteStore(t))
	link := strings.ReplaceAll(string(raw), "http://localhost:8000", w.platform.URL)
	item := captured.Response.Body[0]
	item["id"] = w.platform.URL + "/mod/lti/services.php/2/lineitems/2/lineitem?type_id=1"
	w.platform.handle("/mod/lti/services.php/2/lineitems", func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("from") == "1" {
			_ = json.NewEncoder(rw).Encode([]any{item})
			return
		}
		rw.Header().Set("Link", link)
		_, _ = rw.Write([]byte("[]"))
	})
	got, err := w.tool.EnsureLineItem(t.Context(), lti.CourseKey{Registration: w.reg.ID}, w.platform.URL+"/mod/lti/services.php/2/lineitems?type_id=1",
		lti.LineItem{ResourceLinkID: "1", ResourceID: "res-plan", Tag: "wf-plan-tag", Label: "x", ScoreMaximum: 1})
	if err != nil || got != item["id"] {
		t.Fatalf("got %q, %v", got, err)
	}
	if calls := w.platform.requests("/mod/lti/services.php/2/lineitems"); len(calls) != 2 || calls[1].URI != "/mod/lti/services.php/2/lineitems?type_id=1&limit=1&from=1" {
		t.Fatalf("got %+v", calls)
	}
}

func TestADeepLinkIsAnsweredOnceAndSigned(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		a := w.attempt()
		a.claims[claim+"message_type"] = "LtiDeepLinkingRequest"
		a.claims[claimDL+"deep_linking_settings"] = map[string]any{
			"deep_link_return_url": w.platform.URL + "/dl?sesskey=1", "accept_types": []string{"ltiResourceLink"},
			"accept_presentation_document_targets": []string{"iframe"}, "accept_multiple": true, "data": "",
		}
		d := a.post().Launch.DeepLink
		items := []lti.ContentItem{{URL: w.target + "?wf=plan", Title: "Plan", Custom: map[string]string{"workflow": "plan"}, LineItem: &lti.ContentLineItem{ScoreMaximum: 100}}, {Title: "Two"}}
		if _, err := w.tool.DeepLinkResponse(t.Context(), d.Handle, []lti.ContentItem{{URL: "https://evil.example/"}}, ""); err == nil {
			t.Fatal("a link to elsewhere was signed")
		}
		got, err := w.tool.DeepLinkResponse(t.Context(), d.Handle, items, "Added")
		if err != nil || got.Action != w.platform.URL+"/dl?sesskey=1" {
			t.Fatalf("got %+v, %v", got, err)
		}
		_, c := w.verifyOwn(got.JWT)
		if c["iss"] != "client-1" || c["aud"] != w.platform.URL || c[claim+"deployment_id"] != "1" || c[claim+"message_type"] != "LtiDeepLinkingResponse" ||
			c[claimDL+"data"] != "" || len(c[claimDL+"content_items"].([]any)) != 2 || c["nonce"] == "" {
			t.Fatalf("got %v", c)
		}
		if _, err := w.tool.DeepLinkResponse(t.Context(), d.Handle, items, ""); !errors.Is(err, lti.ErrNotFound) {
			t.Fatalf("the second answer: got %v", err)
		}
	})
}
