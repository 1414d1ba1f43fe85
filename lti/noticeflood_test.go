package lti_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/mux"
)

func noticesOf(jwts ...string) string {
	type one struct {
		JWT string `json:"jwt"`
	}
	body := struct {
		Notices []one `json:"notices"`
	}{}
	for _, s := range jwts {
		body.Notices = append(body.Notices, one{s})
	}
	data, _ := json.Marshal(body)
	return string(data)
}

// Whoever forges one notice is not listened to any further.
func TestTheFirstForgedNoticeEndsTheRequest(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	forged := signRS256(testKey(t), w.platform.header(), w.platform.claims(w.target, "n"))
	var many []string
	for range 50 {
		many = append(many, forged)
	}
	res, err := http.Post(w.server.URL+"/lti/notices", "application/json", strings.NewReader(noticesOf(many...)))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if n := strings.Count(w.log.String(), "code=bad_signature"); res.StatusCode != http.StatusUnauthorized || n != 1 {
		t.Fatalf("HTTP %d, %d forged notices were looked at, want 401 and one", res.StatusCode, n)
	}
}

func TestNobodyWorksOnForASenderThatLeft(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	forged := signRS256(testKey(t), w.platform.header(), w.platform.claims(w.target, "n"))
	ctx, leave := context.WithCancel(t.Context())
	leave()
	router := mux.NewRouter()
	w.tool.Routes(router)
	rec := httptest.NewRecorder()
	router.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, http.MethodPost, "/lti/notices", strings.NewReader(noticesOf(forged, forged))))
	if log := w.log.String(); rec.Code != http.StatusServiceUnavailable || strings.Contains(log, "code=") || len(w.platform.requests("/jwks")) != 0 {
		t.Fatalf("HTTP %d, %d fetches, log:\n%s", rec.Code, len(w.platform.requests("/jwks")), log)
	}
}
