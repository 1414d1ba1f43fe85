package main

import (
	"context"
	"fmt"
	"net/http"
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
	return otelhttp.NewHandler(handler, "cairn", otelhttp.WithTracerProvider(provider), otelhttp.WithFilter(traceable)), stop, nil
}

// traceable leaves people's pages out: their paths hold personal tokens.
func traceable(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/xapi") || strings.HasPrefix(r.URL.Path, "/lti/")
}
