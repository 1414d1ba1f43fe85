package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/cairn-lms/cairn/engine"
)

// once carries a call out at most once per Idempotency-Key, and answers the same call again as it was answered.
func (c *call) once() error {
	name := c.Header.Get("Idempotency-Key")
	if len(name) > 200 {
		return refuse(http.StatusBadRequest, "invalid", "Idempotency-Key: at most 200 characters")
	}
	sum := sha256.New()
	sum.Write([]byte(c.Method + "\x00" + c.URL.RequestURI() + "\x00"))
	sum.Write(c.raw)
	hash := hex.EncodeToString(sum.Sum(nil))
	held := &heldAnswer{header: http.Header{}}
	real := c.w
	receipt, again, err := c.engine.Once(c.Context(), "api/"+c.key.ID+"/"+name, hash, func() (engine.Receipt, error) {
		c.w = held
		defer func() { c.w = real }()
		if err := c.do(); err != nil {
			return engine.Receipt{}, err
		}
		return engine.Receipt{Status: held.status, Body: held.body.Bytes(), Header: held.header.Get("Location")}, nil
	})
	if err != nil {
		if again && errors.Is(err, engine.ErrConflict) {
			return refuse(http.StatusConflict, "idempotency", "the key stands for another request, or the first is still being carried out")
		}
		return err
	}
	for name, values := range held.header {
		real.Header()[name] = values
	}
	if again {
		real.Header().Set("Idempotency-Replayed", "true")
		real.Header().Set("Content-Type", "application/json")
		if receipt.Header != "" {
			real.Header().Set("Location", receipt.Header)
		}
	}
	real.WriteHeader(receipt.Status)
	_, _ = real.Write(receipt.Body)
	return nil
}

// heldAnswer keeps an answer until it is known to count.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header { return h.header }

func (h *heldAnswer) WriteHeader(status int) { h.status = status }

func (h *heldAnswer) Write(p []byte) (int, error) { return h.body.Write(p) }
