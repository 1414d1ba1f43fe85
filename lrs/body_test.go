package lrs_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// wire is a connection to the server on which requests are written by hand.
type wire struct {
	t    *testing.T
	conn *net.TCPConn
	in   *bufio.Reader
}

func (s *server) wire() *wire {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/xapi"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return &wire{s.t, conn.(*net.TCPConn), bufio.NewReader(conn)}
}

// send writes the head of a request that promises length bytes, and body.
func (w *wire) send(s *server, method, path string, length int, body string) {
	w.t.Helper()
	r, _ := http.NewRequestWithContext(w.t.Context(), method, s.url+path, nil)
	r.SetBasicAuth(s.cred.ID, s.cred.Secret)
	_, err := fmt.Fprintf(w.conn, "%s /xapi%s HTTP/1.1\r\nHost: lrs\r\nAuthorization: %s\r\nX-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, path, r.Header.Get("Authorization"), length, body)
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) expect(method string, status int) {
	w.t.Helper()
	if err := w.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	a, err := http.ReadResponse(w.in, &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("%s: %v", method, err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != status {
		w.t.Errorf("%s answers %d %s, %v; want %d", method, a.StatusCode, body, err, status)
	}
}

func TestABodyThatEndsEarlyLeavesNothingBehind(t *testing.T) {
	s := start(t)
	for _, body := range []string{"", "[" + statement(1), "[" + statement(1) + "," + statement(2) + "]"} {
		w := s.wire()
		w.send(s, "POST", "/statements", len(body)+1, body)
		if err := w.conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		w.expect("POST", http.StatusBadRequest)
		w = s.wire()
		w.send(s, "PUT", "/statements?statementId="+uuidOf(1), len(statement(1))+1, statement(1))
		w.conn.Close() // nobody is there for the answer
	}
	s.wantIDs("[]")
}

func TestABodyThatIsTooSlowIs408AndLeavesNothingBehind(t *testing.T) {
	s := start(t, func(web *httptest.Server) { web.Config.ReadTimeout = 200 * time.Millisecond })
	w := s.wire()
	body := "[" + statement(1) + "]"
	w.send(s, "POST", "/statements", len(body)+1, body)
	w.expect("POST", http.StatusRequestTimeout)
	s.wantIDs("[]")
}

func TestTheBodyOfAHeadRequestIsNoNextRequest(t *testing.T) {
	s := start(t)
	w := s.wire()
	body := "[" + statement(1) + "]"
	w.send(s, "HEAD", "/statements", len(body), body)
	w.expect("HEAD", http.StatusOK)
	w.send(s, "POST", "/statements", len(body), body)
	w.expect("POST", http.StatusOK)
	s.wantIDs("[1]")
}

func TestAPostWhoseClientVanishesIsInOrIsNot(t *testing.T) {
	s := start(t)
	const size = 5
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			var list []string
			for n := range size {
				list = append(list, statement(i*size+n+1))
			}
			body := "[" + strings.Join(list, ",") + "]"
			w := s.wire()
			w.send(s, "POST", "/statements", len(body), body)
			if i%2 == 0 {
				_ = w.conn.SetReadDeadline(time.Now().Add(time.Duration(i) * 100 * time.Microsecond))
				_, _ = w.in.Peek(1)
			}
			_ = w.conn.SetLinger(0)
			w.conn.Close()
		})
	}
	wg.Wait()
	s.web.Close() // waits for the requests
	records, err := s.lrs.Follow(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(records)%size != 0 {
		t.Errorf("%d statements are stored: half a batch", len(records))
	}
}

func TestTheEarliestTimestampIsKeptOnce(t *testing.T) {
	s := start(t)
	s.expect(200, "POST", "/statements", strings.Replace(statement(1), `{`, `{"timestamp":"0001-01-01T00:00:00Z",`, 1))
	a := s.expect(200, "GET", "/statements?statementId="+uuidOf(1), "")
	if n := strings.Count(string(a.body), `"timestamp"`); n != 1 || !strings.Contains(string(a.body), `"0001-01-01T00:00:00Z"`) {
		t.Errorf("%d timestamps: %s", n, a.body)
	}
}
