package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestMetricsAndTracesAreServedApartAndNameNobody(t *testing.T) {
	var mu sync.Mutex
	var traces strings.Builder
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		traces.Write(body)
	}))
	defer collector.Close()
	s := newSite(t)
	debug := freeAddr(t)
	server := s.serve("-debug-addr", debug, "-otlp-endpoint", collector.URL)
	v := newVisitor(t)
	v.get(s.demo.Tool.URL + "/xapi/about")
	v.get(s.demo.Tool.URL + "/r/a-personal-token")
	v.get(s.demo.Tool.URL + "/metrics")
	if v.page.status != http.StatusNotFound {
		t.Errorf("the public address serves metrics: %d", v.page.status)
	}
	v.get("http://" + debug + "/metrics")
	if !strings.Contains(v.page.body, `cairn_http_request_duration_seconds_count{code="200",method="get"}`) {
		t.Errorf("the metrics do not count requests:\n%.500s", v.page.body)
	}
	server.stop(syscall.SIGTERM)
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(traces.String(), "/xapi/about") {
		t.Error("the collector was sent no span of the request")
	}
	if strings.Contains(traces.String(), "a-personal-token") {
		t.Error("a personal token is in the traces")
	}
}

// Ctrl-C is SIGINT: the process ends by itself, without an error.
func TestServeStopsCleanlyWhenAskedTo(t *testing.T) {
	s := newSite(t)
	server := s.serve()
	server.stop(syscall.SIGINT)
	if err := <-server.exited; err != nil {
		t.Errorf("it ended with %v\n%s", err, server.log)
	}
	server.exited <- nil
}
