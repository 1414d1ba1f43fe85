package egress_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/egress"
)

func TestPublicAddresses(t *testing.T) {
	for addr, want := range map[string]bool{
		"93.184.215.14": true, "1.1.1.1": true, "2606:4700:4700::1111": true, "2a00:1450:4001:80b::200e": true,
		"127.0.0.1": false, "127.9.9.9": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false,
		"192.0.2.1": false, "198.18.0.1": false, "198.51.100.7": false, "203.0.113.9": false, "192.0.0.8": false,
		"::1": false, "::": false, "fe80::1": false, "fc00::1": false, "fd12::1": false, "ff02::1": false, "2001:db8::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:93.184.215.14": true, "::7f00:1": false, "64:ff9b::7f00:1": false,
		"2002:7f00:1::": false, "2001:0:1::": false, "fec0::1": false, "fe80::1%eth0": false,
	} {
		if got := egress.Public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Public(%s) is %v", addr, got)
		}
	}
	if egress.Public(netip.Addr{}) {
		t.Error("no address is not public")
	}
}

func TestPrivateAddressesAreNotDialled(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	u, _ := url.Parse(server.URL)
	client := egress.New(egress.Options{})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		_, err := client.Get("https://" + host + ":" + u.Port() + "/")
		if !errors.Is(err, egress.ErrAddress) && !(err != nil && host == "localhost" && strings.Contains(err.Error(), "lookup")) {
			t.Errorf("%s: got %v", host, err)
		}
	}
	if reached.Load() != 0 {
		t.Fatal("the server was reached")
	}
}

func TestHTTPIsRefusedInProduction(t *testing.T) {
	if _, err := egress.New(egress.Options{}).Get("http://example.org/"); !errors.Is(err, egress.ErrScheme) {
		t.Fatalf("got %v", err)
	}
	for _, scheme := range []string{"file", "ftp", "gopher"} {
		if _, err := egress.New(egress.Options{AllowPrivate: true}).Get(scheme + "://example.org/"); !errors.Is(err, egress.ErrScheme) {
			t.Fatalf("%s: got %v", scheme, err)
		}
	}
}

func TestInDevelopmentLoopbackAndHTTPWork(t *testing.T) {
	var agent atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent.Store(r.UserAgent())
		_, _ = w.Write([]byte("hello"))
	}))
	defer server.Close()
	res, err := egress.New(egress.Options{AllowPrivate: true}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "hello" || !strings.HasPrefix(agent.Load().(string), "Cairn") {
		t.Fatalf("got %q as %v: %v", body, agent.Load(), err)
	}
}

func TestRedirectsAreAnsweredNotFollowed(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			reached.Add(1)
		}
		http.Redirect(w, r, "/inner", http.StatusFound)
	}))
	defer server.Close()
	res, err := egress.New(egress.Options{AllowPrivate: true}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusFound || reached.Load() != 0 {
		t.Fatalf("got %d, followed %d times", res.StatusCode, reached.Load())
	}
}

func TestAnswersAreBoundedInSize(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/streamed" {
			w.(http.Flusher).Flush() // no Content-Length
		}
		_, _ = w.Write([]byte(strings.Repeat("x", len(r.URL.Query().Get("n")))))
	}))
	defer server.Close()
	client := egress.New(egress.Options{AllowPrivate: true, MaxBytes: 10})
	read := func(path string, n int) (string, error) {
		res, err := client.Get(server.URL + path + "?n=" + strings.Repeat("1", n))
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return string(body), err
	}
	for _, path := range []string{"/", "/streamed"} {
		if got, err := read(path, 10); err != nil || len(got) != 10 {
			t.Errorf("%s: ten bytes: got %d, %v", path, len(got), err)
		}
		if got, err := read(path, 11); !errors.Is(err, egress.ErrTooLarge) || len(got) > 10 {
			t.Errorf("%s: eleven bytes: got %d, %v", path, len(got), err)
		}
	}
}

func TestAnswersAreBoundedInTime(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	var timeout interface{ Timeout() bool }
	if _, err := egress.New(egress.Options{AllowPrivate: true, Timeout: 50 * time.Millisecond}).Get(server.URL); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Fatalf("got %v", err)
	}
}
