// Package egress makes the one HTTP client for URLs that others gave us.
//
// A platform, a webhook or an administrator names a URL and Cairn calls it: the
// client refuses to become a way into the private network behind it. It speaks
// https only, to public addresses only; the address is checked when it is
// dialled, after DNS, so that a name that changes its mind between check and use
// gains nothing. It follows no redirects, sends no cookies, uses no proxy from
// the environment, reads bounded answers in bounded time and always names itself.
package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// What the guard refuses; errors of the client wrap these.
var (
	ErrScheme   error = refusal("egress: only https is allowed")
	ErrAddress  error = refusal("egress: address is not public")
	ErrTooLarge       = errors.New("egress: answer is too large")
)

// refusal is a URL that the guard does not call. Packages that must not import
// this one tell it by Blocked.
type refusal string

func (r refusal) Error() string { return string(r) }

// Blocked reports that no request left the house.
func (refusal) Blocked() bool { return true }

// Options of a client; every zero value is a sane production value.
type Options struct {
	AllowPrivate bool          // development: http and private addresses too
	Timeout      time.Duration // whole exchange; 0: 15 s
	MaxBytes     int64         // of an answer's body; 0: 8 MiB
	UserAgent    string        // "": Cairn (Canvas answers 403 without one)
	Resolver     *net.Resolver // nil: the system's
}

// New makes a client as the package comment says.
func New(o Options) *http.Client {
	if o.Timeout <= 0 {
		o.Timeout = 15 * time.Second
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 20
	}
	if o.UserAgent == "" {
		o.UserAgent = "Cairn (+https://github.com/cairn-lms/cairn)"
	}
	dialer := &net.Dialer{Timeout: min(o.Timeout, 10*time.Second), KeepAlive: 30 * time.Second, Resolver: o.Resolver}
	if !o.AllowPrivate {
		dialer.ControlContext = publicOnly
	}
	return &http.Client{
		Timeout: o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
		Transport: &guard{o: o, next: &http.Transport{
			Proxy:                  nil, // a proxy would dial for us, past the guard
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           64,
			MaxIdleConnsPerHost:    4,
			MaxConnsPerHost:        16,
			IdleConnTimeout:        60 * time.Second,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  o.Timeout,
			MaxResponseHeaderBytes: 64 << 10,
		}},
	}
}

// publicOnly runs after DNS, once per address, just before connect.
func publicOnly(_ context.Context, network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: %s", ErrAddress, network)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	if !Public(ap.Addr()) {
		return fmt.Errorf("%w: %s", ErrAddress, ap.Addr())
	}
	return nil
}

// guard checks requests before and answers after the transport.
type guard struct {
	o    Options
	next http.RoundTripper
}

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !(g.o.AllowPrivate && r.URL.Scheme == "http") {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, fmt.Errorf("%w: %s", ErrScheme, r.URL.Redacted())
	}
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", g.o.UserAgent)
	res, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if res.ContentLength > g.o.MaxBytes {
		_ = res.Body.Close()
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, res.ContentLength)
	}
	res.Body = &capped{ReadCloser: res.Body, left: g.o.MaxBytes}
	return res, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the transport.
func (g *guard) CloseIdleConnections() {
	if c, ok := g.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// capped fails loudly, rather than ending early, when a body is too long.
type capped struct {
	io.ReadCloser
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.ReadCloser.Read(p)
	c.left -= int64(n)
	if c.left < 0 {
		return n + int(c.left), ErrTooLarge
	}
	return n, err
}
