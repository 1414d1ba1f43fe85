package lrssqlite_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/google/uuid"
)

// BenchmarkIngest posts statements over HTTP on 8 connections, client and server
// on the same machine, and puts the rate in relation to the probe's of the same
// run: "ratio" is to be 0.5 or more.
func BenchmarkIngest(b *testing.B) {
	for _, size := range []int{1, 50} {
		b.Run(fmt.Sprintf("batch%d", size), func(b *testing.B) {
			post := ingest(b)
			floor := probe(b.Context(), b, size, time.Second)
			var done atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range 8 {
				wg.Go(func() {
					for done.Add(1) <= int64(b.N) {
						if err := post(size); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			rate := float64(b.N*size) / b.Elapsed().Seconds()
			b.ReportMetric(rate, "statements/s")
			b.ReportMetric(floor, "probe/s")
			b.ReportMetric(rate/floor, "ratio")
		})
	}
}

// ingest serves a new record store and returns what posts so many statements.
func ingest(b *testing.B) func(size int) error {
	b.Helper()
	folder := b.TempDir()
	keys := openKeys(b, filepath.Join(folder, "control.db"))
	store := open(b, filepath.Join(folder, "statements.db"))
	b.Cleanup(func() { store.Close() })
	tenant := lrs.New(store, lrs.Options{})
	server := httptest.NewServer((&lrs.Service{
		Keys:    keys,
		Tenant:  func(context.Context, string) (*lrs.LRS, error) { return tenant, nil },
		IRIBase: func(string) string { return "https://cairn.example/main" },
	}).Handler())
	b.Cleanup(server.Close)
	key, err := lrs.CreateKey(b.Context(), keys, lrs.Key{Tenant: "main", Name: "bench"}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	b.Cleanup(client.CloseIdleConnections)
	return func(size int) error {
		list := make([]string, size)
		for i := range list {
			list[i] = lessonJSON(uuid.NewString(), rand.IntN(1000), rand.IntN(500), rand.IntN(10))
		}
		body := list[0]
		if size > 1 {
			body = "[" + strings.Join(list, ",") + "]"
		}
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+"/xapi/statements", strings.NewReader(body))
		if err != nil {
			return err
		}
		r.SetBasicAuth(key.ID, key.Secret)
		r.Header.Set("X-Experience-API-Version", "1.0.3")
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err == nil && answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("answered %s: %s", answer.Status, text)
		}
		return err
	}
}
