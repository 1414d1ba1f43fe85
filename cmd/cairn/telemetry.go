package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// tracing sends a span per request to the OTLP collector of -otlp-endpoint. It
// is off without one: the handler is returned as it is.
func tracing(ctx context.Context, endpoint string, handler http.Handler) (traced http.Handler, stop func(), err error) {
	if endpoint == "" {
		return handler, func() {}, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, nil, fmt.Errorf("-otlp-endpoint: %w", err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(resource.Default()))
	stop = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = provider.Shutdown(ctx) // a collector that is away is no reason to fail
	}
	return withSpans(provider, handler), stop, nil
}

// withSpans has a span for each request but those of people's pages. What otelhttp
// sees, and so exports, is the route instead of the address: paths and queries hold
// codes and tokens.
func withSpans(provider *trace.TracerProvider, handler http.Handler) http.Handler {
	inside := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		whole := *r
		whole.URL, _ = r.Context().Value(addressKey{}).(*url.URL)
		handler.ServeHTTP(w, &whole)
	})
	spans := otelhttp.NewHandler(inside, "cairn", otelhttp.WithTracerProvider(provider),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + r.URL.Path }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := tracedRoute(r.URL.Path)
		if route == "" {
			handler.ServeHTTP(w, r)
			return
		}
		masked := r.WithContext(context.WithValue(r.Context(), addressKey{}, r.URL))
		masked.URL = &url.URL{Path: route}
		spans.ServeHTTP(w, masked)
	})
}

// addressKey is where a request's address waits behind its span.
type addressKey struct{}

// tracedRoute is a path without what only its receiver may know; "" leaves the
// request out: people's pages.
func tracedRoute(path string) string {
	switch path {
	case "/lti/login", "/lti/launch", "/lti/restart", "/lti/jwks", "/lti/canvas.json", "/lti/register", "/lti/notices",
		"/xapi/statements", "/xapi/activities", "/xapi/activities/state", "/xapi/activities/profile", "/xapi/agents", "/xapi/agents/profile", "/xapi/about":
		return path
	}
	switch {
	case strings.HasPrefix(path, "/lti/canvas/events/"):
		return "/lti/canvas/events/{code}"
	case strings.HasPrefix(path, "/lti/"):
		return "/lti/…"
	case strings.HasPrefix(path, "/xapi"):
		return "/xapi/…"
	}
	return ""
}
