package main

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

	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/cairn-lms/cairn/engine"
)

// bot is a receiver of signed messages.
type bot struct {
	mu     sync.Mutex
	secret string
	bodies []string
	status int
}

func (b *bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(b.secret, "whsec_"))
	h := hmac.New(sha256.New, key)
	h.Write([]byte(r.Header.Get("webhook-id") + "." + r.Header.Get("webhook-timestamp") + "." + string(body)))
	if r.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	b.bodies = append(b.bodies, string(body))
	if b.status != 0 {
		w.WriteHeader(b.status)
	}
}

func TestAChannelIsAddedTriedAndRemovedByCommands(t *testing.T) {
	data := t.TempDir()
	peer := &bot{}
	server := httptest.NewServer(peer)
	defer server.Close()
	urlFile := filepath.Join(data, "url")
	must(t, os.WriteFile(urlFile, []byte(server.URL+"/hook\n"), 0o600))
	command := func(args ...string) (string, error) {
		var out bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		args = append([]string{"cairn", "channel"}, append(args, "-data", data, "-public-url", "http://localhost:1")...)
		err := run(ctx, args, func(string) string { return "" }, &out, io.Discard)
		return out.String(), err
	}
	out, err := command("add", "-kind", "generic", "-who", "learner,coach", "-url-file", urlFile, "-json", "bot", "-allow-private-platforms")
	must(t, err)
	var added struct{ Secret, Host string }
	must(t, json.Unmarshal([]byte(out), &added))
	peer.secret = added.Secret
	if !strings.HasPrefix(added.Secret, "whsec_") || strings.Contains(out, server.URL) {
		t.Errorf("it said %s", out)
	}
	if out, err = command("list"); err != nil || !strings.Contains(out, "learner,coach") || strings.Contains(out, "/hook") || strings.Contains(out, "whsec_") {
		t.Errorf("the list is %s, %v", out, err)
	}
	if _, err = command("test", "bot"); err == nil || len(peer.bodies) != 0 {
		t.Errorf("a private address was called: %v", err)
	}
	_, err = command("test", "bot", "-allow-private-platforms")
	must(t, err)
	if len(peer.bodies) != 1 || !strings.Contains(peer.bodies[0], `"cairn.test"`) {
		t.Errorf("the bot got %v", peer.bodies)
	}
	for _, file := range []string{"workflows.db", "workflows.db-wal"} {
		stored, err := os.ReadFile(filepath.Join(data, "tenants", "main", file))
		if err == nil && (bytes.Contains(stored, []byte("/hook")) || bytes.Contains(stored, []byte(added.Secret))) {
			t.Errorf("%s holds the address or the secret in the clear", file)
		}
	}
	peer.status = http.StatusGone
	if _, err = command("test", "bot", "-allow-private-platforms"); err == nil {
		t.Error("a channel that is gone took a message")
	}
	_, err = command("remove", "bot")
	must(t, err)
	if _, err = command("remove", "bot"); err == nil {
		t.Error("removed twice")
	}
	for _, wrong := range [][]string{{"add", "-kind", "irc", "-who", "learner", "-url-file", urlFile, "x"}, {"add", "-kind", "slack", "-who", "boss", "-url-file", urlFile, "x"},
		{"add", "-kind", "slack", "-who", "learner", "-url-file", urlFile, "no name"}, {"add", "-kind", "slack", "-who", "learner", "-url-file", filepath.Join(data, "none"), "x"}} {
		if _, err := command(wrong...); err == nil {
			t.Errorf("%v was taken", wrong)
		}
	}
}

func TestRetryAfterIsReadAsSecondsOrDate(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{"": 0, "120": 2 * time.Minute, "-5": 0, "99999999999": time.Hour, "86400": time.Hour,
		"Mon, 23 Nov 2026 09:10:00 GMT": 10 * time.Minute, "Mon, 23 Nov 2026 08:00:00 GMT": 0, "soon": 0} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
}

func TestWhatIsSealedOpensWithItsLabelAndTheSecretBefore(t *testing.T) {
	old, fresh := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	before, err := newSealer(old, nil)
	must(t, err)
	sealed := before.Seal([]byte("https://hooks.example"), "a")
	after, err := newSealer(fresh, old)
	must(t, err)
	if plain, err := after.Open(sealed, "a"); err != nil || string(plain) != "https://hooks.example" {
		t.Errorf("after a new secret: %q, %v", plain, err)
	}
	alone, err := newSealer(fresh, nil)
	must(t, err)
	for name, open := range map[string]func() ([]byte, error){
		"another label":  func() ([]byte, error) { return before.Open(sealed, "b") },
		"another secret": func() ([]byte, error) { return alone.Open(sealed, "a") },
		"cut off":        func() ([]byte, error) { return before.Open(sealed[:5], "a") },
	} {
		if _, err := open(); err == nil {
			t.Errorf("%s opened it", name)
		}
	}
}

// A day after the secret key was changed the previous one is needed no more.
func TestChannelsAreSealedAnewAfterTheSecretKeyWasChanged(t *testing.T) {
	secret := func(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) }
	peer := &bot{}
	server := httptest.NewServer(peer)
	defer server.Close()
	data := t.TempDir()
	with := func(now, before string, do func(h *house, r *rooms)) {
		t.Helper()
		h, err := build(t.Context(), &config{data: data, publicURL: "https://learn.example.org", secret: now, previous: before, allowPrivatePlatforms: true}, slog.New(slog.DiscardHandler))
		must(t, err)
		r, err := h.rooms(t.Context(), "main")
		must(t, err)
		do(h, r)
		must(t, h.Close())
	}
	with(secret(1), "", func(_ *house, r *rooms) {
		added, err := r.engine.AddEndpoint(t.Context(), engine.Endpoint{Name: "bot", Kind: engine.Generic, Who: []engine.Role{engine.Learner}, EndpointSecrets: engine.EndpointSecrets{URL: server.URL + "/hook"}})
		must(t, err)
		peer.secret = added.Secret
	})
	with(secret(2), "", func(_ *house, r *rooms) {
		if err := r.engine.TestEndpoint(t.Context(), "bot"); err == nil {
			t.Fatal("it opened without the key that sealed it: nothing is shown")
		}
	})
	with(secret(2), secret(1), func(h *house, r *rooms) {
		must(t, h.upkeepTenant(t.Context(), "main"))
		if n, err := r.engine.ResealEndpoints(t.Context()); n != 0 || err != nil {
			t.Errorf("%d were sealed twice, %v", n, err)
		}
	})
	with(secret(2), "", func(_ *house, r *rooms) { must(t, r.engine.TestEndpoint(t.Context(), "bot")) })
	if len(peer.bodies) != 1 {
		t.Errorf("the bot got %v", peer.bodies)
	}
}
