package lti

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// exchangeJSON is one bounded exchange during registration. Its errors name the host
// only: the rest of the address may be a secret (Canvas's registration_token).
func (t *Tool) exchangeJSON(ctx context.Context, method, target, token string, body []byte) ([]byte, int, error) {
	at, err := url.Parse(target)
	if err != nil {
		return nil, 0, errors.New("lti: the address is no URL")
	}
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := t.o.Client.Do(req)
	var outer *url.Error
	if errors.As(err, &outer) {
		err = fmt.Errorf("lti: %s %s: %w", method, at.Host, outer.Err)
	}
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxRegistration+1))
	if err != nil {
		return nil, 0, err
	}
	if len(answer) > maxRegistration {
		return nil, 0, fmt.Errorf("lti: the answer is longer than %d bytes", maxRegistration)
	}
	return answer, res.StatusCode, nil
}
