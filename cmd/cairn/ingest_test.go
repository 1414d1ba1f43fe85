package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// mix is 8 writers and 4 readers of a record store whose server comes and goes.
type mix struct {
	t      *testing.T
	site   *site
	client *http.Client
	stored atomic.Int64 // statements acknowledged
	read   atomic.Int64 // pages read
	failed atomic.Int64 // requests that got no answer

	mu      sync.Mutex
	batches []sent
}

// sent is the ids of one batch, and whether it was acknowledged.
type sent struct {
	ids          []string
	acknowledged bool
}

// request asks the record store; ok is false if nobody answered.
func (m *mix) request(ctx context.Context, method, path, body string) (status int, answer []byte, ok bool) {
	r, err := http.NewRequestWithContext(ctx, method, m.site.demo.Tool.URL+path, strings.NewReader(body))
	if err != nil {
		m.t.Error(err)
		return 0, nil, false
	}
	r.SetBasicAuth(m.site.demo.LRS.Key, m.site.demo.LRS.Secret)
	r.Header.Set("X-Experience-API-Version", "1.0.3")
	r.Header.Set("Content-Type", "application/json")
	response, err := m.client.Do(r)
	if err != nil {
		m.failed.Add(1)
		return 0, nil, false
	}
	defer response.Body.Close()
	if answer, err = io.ReadAll(response.Body); err != nil {
		m.failed.Add(1)
		return 0, nil, false
	}
	return response.StatusCode, answer, true
}

// write sends batches of the size until ctx ends, each again and again until it
// is acknowledged: the client cannot know whether one without an answer came in.
func (m *mix) write(ctx context.Context, writer, size int) {
	for n := 0; ctx.Err() == nil; n++ {
		b := sent{ids: make([]string, size)}
		list := make([]string, size)
		for i := range list {
			b.ids[i] = uuid.NewString()
			list[i] = fmt.Sprintf(`{"id":%q,"actor":{"account":{"homePage":"https://lms.example","name":"%d"}},"verb":{"id":"https://verbs.example/%d"},`+
				`"object":{"id":"https://lms.example/activity/%d"},"timestamp":"2026-11-21T09:00:00Z"}`, b.ids[i], writer, n%5, (n+i)%20)
		}
		method, path, body := http.MethodPost, "/xapi/statements", "["+strings.Join(list, ",")+"]"
		if size == 1 && n%2 == 0 {
			method, path, body = http.MethodPut, "/xapi/statements?statementId="+b.ids[0], list[0]
		}
		for !b.acknowledged && ctx.Err() == nil {
			status, answer, ok := m.request(ctx, method, path, body)
			switch {
			case !ok:
				tick()
			case status == http.StatusOK || status == http.StatusNoContent:
				b.acknowledged = true
				m.stored.Add(int64(size))
			default:
				m.t.Errorf("%s is answered with %d: %s", method, status, answer)
				return
			}
		}
		m.mu.Lock()
		m.batches = append(m.batches, b)
		m.mu.Unlock()
	}
}

// page is what a StatementResult is looked at for.
type resultPage struct {
	Statements []struct{ ID, Stored string }
	More       string
}

// walk reads the pages of a query to their end, newest first, and hands each id
// to f; complete is false if the server went away meanwhile.
func (m *mix) walk(ctx context.Context, path string, f func(id string)) (complete bool) {
	last := "~"
	for path != "" {
		status, answer, ok := m.request(ctx, http.MethodGet, path, "")
		if !ok {
			return false
		}
		var page resultPage
		if err := json.Unmarshal(answer, &page); err != nil || status != http.StatusOK {
			m.t.Errorf("a page is answered with %d, %v: %.300s", status, err, answer)
			return false
		}
		for _, s := range page.Statements {
			if s.Stored > last {
				m.t.Errorf("statement %s of %s comes after %s", s.ID, s.Stored, last)
			}
			last = s.Stored
			f(s.ID)
		}
		m.read.Add(1)
		path = page.More
	}
	return true
}

// Statements survive kill -9: what was acknowledged is there, batches are whole.
// With CAIRN_LONG=1 it goes on for a minute instead of seconds.
func TestAcknowledgedStatementsSurviveKills(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: loads the machine for seconds")
	}
	stretches, stretch := 2, 1500*time.Millisecond
	if os.Getenv("CAIRN_LONG") == "1" {
		stretches, stretch = 4, 15*time.Second
	}
	s := newSite(t)
	server := s.serve()
	s.furnish()
	m := &mix{t: t, site: s, client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	defer m.client.CloseIdleConnections()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for writer, size := range []int{1, 1, 1, 1, 10, 10, 50, 50} {
		wg.Go(func() { m.write(ctx, writer, size) })
	}
	for reader := range 4 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				path := fmt.Sprintf("/xapi/statements?limit=20&verb=https://verbs.example/%d", (reader+n)%5)
				if reader == 0 {
					path = "/xapi/statements?limit=50"
				}
				if !m.walk(ctx, path, func(string) {}) {
					tick()
				}
			}
		})
	}
	for i := range stretches {
		// The clock of a test that loads a server: time is what it is about.
		select {
		case <-time.After(stretch):
		case <-t.Context().Done():
		}
		if i < stretches-1 {
			if m.stored.Load() == 0 {
				t.Error("nothing was stored before the kill")
			}
			server.stop(syscall.SIGKILL)
			server = s.serve()
		}
	}
	cancel()
	wg.Wait()
	there := map[string]int{}
	if !m.walk(t.Context(), "/xapi/statements?limit=500", func(id string) { there[id]++ }) {
		t.Fatal("the server did not answer to the end")
	}
	for _, b := range m.batches {
		found := 0
		for _, id := range b.ids {
			if there[id] > 1 {
				t.Errorf("statement %s is there %d times", id, there[id])
			}
			found += there[id]
		}
		if found != len(b.ids) && (b.acknowledged || found > 0) {
			t.Errorf("of a batch of %d, acknowledged: %v, %d statements are there", len(b.ids), b.acknowledged, found)
		}
	}
	t.Logf("%d statements acknowledged, %d pages read, %d requests without an answer, %s resident at most", m.stored.Load(), m.read.Load(), m.failed.Load(), server.peakMemory())
	server.stop(syscall.SIGTERM)
	t.Logf("verify: %s", s.command("statements", "verify"))
}
