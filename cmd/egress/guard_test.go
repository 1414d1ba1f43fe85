package egress_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/cairn-lms/cairn/cmd/egress"
)

// names is a DNS server of the test: answer gives the IPv4 address for the n-th
// question about an A record, from 0.
func names(t *testing.T, answer func(n int) [4]byte) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		asked, buffer := 0, make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			reply := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions}
			if q.Type == dnsmessage.TypeA {
				reply.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: answer(asked)},
				}}
				asked++
			}
			packed, err := reply.Pack()
			if err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}
}

func TestANameThatTurnsPrivateBetweenCheckAndUseIsNotDialled(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	u, _ := url.Parse(server.URL)
	resolver := names(t, func(n int) [4]byte {
		if n == 0 {
			return [4]byte{93, 184, 215, 14}
		}
		return [4]byte{127, 0, 0, 1}
	})
	// Who asks first, as a check before the call would, is told a public address.
	if all, err := resolver.LookupHost(t.Context(), "lms.rebinding.example."); err != nil || all[0] != "93.184.215.14" {
		t.Fatalf("the first answer is %v, %v", all, err)
	}
	_, err := egress.New(egress.Options{Resolver: resolver}).Get("https://lms.rebinding.example.:" + u.Port() + "/")
	if !errors.Is(err, egress.ErrAddress) || reached.Load() != 0 {
		t.Fatalf("got %v, reached %d times", err, reached.Load())
	}
}

func TestLoopbackWrittenAsANumberIsNotDialled(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	u, _ := url.Parse(server.URL)
	// Some resolvers read such hosts as addresses; this one does so for every name.
	client := egress.New(egress.Options{Resolver: names(t, func(int) [4]byte { return [4]byte{127, 0, 0, 1} })})
	for _, host := range []string{"2130706433", "017700000001", "0x7f000001", "0177.0.0.1", "0x7f.0.0.1", "127.1", "0", "localhost", "127.0.0.1.nip.example", "[::1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"} {
		if _, err := client.Get("https://" + host + ":" + u.Port() + "/"); err == nil || reached.Load() != 0 {
			t.Fatalf("%s: got %v, reached %d times", host, err, reached.Load())
		}
	}
}

func TestARedirectToAPrivateAddressIsNotFollowed(t *testing.T) {
	var reached atomic.Int32
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inner.Close()
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inner.URL, http.StatusTemporaryRedirect)
	}))
	defer outer.Close()
	client := egress.New(egress.Options{AllowPrivate: true})
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
		r, _ := http.NewRequestWithContext(t.Context(), method, outer.URL, strings.NewReader("secret"))
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusTemporaryRedirect || reached.Load() != 0 {
			t.Fatalf("%s: got %d, followed %d times", method, res.StatusCode, reached.Load())
		}
	}
}

func TestABodyThatNeverEndsIsGivenUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, "x"); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(time.Millisecond): // a slow server, not a test that waits
			}
		}
	}))
	defer server.Close()
	res, err := egress.New(egress.Options{AllowPrivate: true, Timeout: 200 * time.Millisecond}).Get(server.URL)
	if err == nil {
		defer res.Body.Close()
		_, err = io.ReadAll(res.Body)
	}
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Fatalf("got %v", err)
	}
}

func TestAnAnswerThatUnpacksToTooMuchIsGivenUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(make([]byte, 1<<20)) // about a kilobyte on the wire
		_ = z.Close()
	}))
	defer server.Close()
	res, err := egress.New(egress.Options{AllowPrivate: true, MaxBytes: 64 << 10}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); !errors.Is(err, egress.ErrTooLarge) || n > 64<<10 {
		t.Fatalf("read %d, %v", n, err)
	}
}

func TestHeadersAreBoundedInSize(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	}))
	defer server.Close()
	if res, err := egress.New(egress.Options{AllowPrivate: true}).Get(server.URL); err == nil {
		res.Body.Close()
		t.Fatal("a megabyte of headers was read")
	}
}

func TestEveryRequestNamesItself(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.UserAgent()) }))
	defer server.Close()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	r.Header["User-Agent"] = []string{""} // Go sends none then
	res, err := egress.New(egress.Options{AllowPrivate: true}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if agent, _ := io.ReadAll(res.Body); !strings.HasPrefix(string(agent), "Cairn") {
		t.Fatalf("the user agent is %q", agent)
	}
}

func TestARefusalSaysThatNothingWasCalled(t *testing.T) {
	for _, address := range []string{"http://example.org/", "https://127.0.0.1/"} {
		_, err := egress.New(egress.Options{}).Get(address)
		var refused interface{ Blocked() bool }
		if !errors.As(err, &refused) || !refused.Blocked() {
			t.Errorf("%s: %v", address, err)
		}
	}
}
