package platform

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// post sends a body to somebody else's server, as an LMS does: once, with 15 seconds
// for all of it. The answer is cut after 8 KiB.
func (p *Platform) post(ctx context.Context, address, kind string, body []byte, with ...func(*http.Request)) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", userAgent)
	for _, w := range with {
		w(req)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, _ = io.ReadAll(io.LimitReader(res.Body, 8<<10))
	return res.StatusCode, answer, nil
}
