package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/cairn-lms/cairn/engine/mail"
)

// chatPoster is mail.Poster over the client for URLs that others gave us.
type chatPoster struct{ client *http.Client }

// maxWait bounds what a Retry-After is believed.
const maxWait = time.Hour

func (p chatPoster) Post(ctx context.Context, url string, header map[string]string, body []byte) (mail.Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return mail.Answer{}, fmt.Errorf("post to a channel: %w", err)
	}
	for name, value := range header {
		request.Header[name] = []string{value} // as it is: names of the scheme are in lower case
	}
	response, err := p.client.Do(request)
	if err != nil {
		return mail.Answer{}, fmt.Errorf("post to a channel: %w", err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be used again
	return mail.Answer{Status: response.StatusCode, After: retryAfter(response.Header.Get("Retry-After"), time.Now())}, nil
}

// retryAfter reads a wish of seconds or of a date; 0: none.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return min(time.Duration(min(seconds, 86400))*time.Second, maxWait)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxWait)
	}
	return 0
}
