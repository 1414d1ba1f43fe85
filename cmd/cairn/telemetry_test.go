package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func TestSpansNameRoutesAndHoldNoAddress(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(spans))
	var reached []string
	handler := withSpans(provider, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached = append(reached, r.URL.String())
		w.WriteHeader(http.StatusNoContent)
	}))
	paths := []string{
		"/lti/canvas/events/SECRET", "/lti/register?code=SECRET", "/lti/login?login_hint=SECRET", "/lti/new/SECRET", "/lti/restart?h=SECRET",
		"/xapi/statements?statementId=SECRET", "/xapi/SECRET", "/r/SECRET", "/s/SECRET/", "/u/SECRET", "/admin/signin?ticket=SECRET", "/SECRET",
	}
	for _, path := range paths {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	if strings.Join(reached, " ") != strings.Join(paths, " ") {
		t.Errorf("the pages saw %q", reached)
	}
	var names []string
	for _, span := range spans.GetSpans() {
		names = append(names, span.Name)
		if all := fmt.Sprintf("%+v", span); strings.Contains(all, "SECRET") {
			t.Errorf("a span holds what only its receiver may know: %s", all)
		}
	}
	want := "GET /lti/canvas/events/{code},GET /lti/register,GET /lti/login,GET /lti/…,GET /lti/restart,GET /xapi/statements,GET /xapi/…"
	if have := strings.Join(names, ","); have != want {
		t.Errorf("spans %s\n want %s", have, want)
	}
}
