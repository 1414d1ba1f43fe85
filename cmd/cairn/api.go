package main

import (
	"context"

	"github.com/cairn-lms/cairn/web/api"
)

// openAPI makes the JSON API and mounts it.
func (h *house) openAPI(secret, previous []byte) error {
	secrets := [][]byte{secret}
	if len(previous) > 0 {
		secrets = append(secrets, previous)
	}
	var err error
	h.api, err = api.New(api.Options{
		PublicURL: h.cfg.publicURL, Keys: h.stores.keys, Engine: h.engine, Secrets: secrets, Now: h.now, Log: h.log, Uploads: h.site.Uploads(), Share: h.links.Share,
		Tenant: func(ctx context.Context, name string) bool {
			_, err := h.stores.site.Tenant(ctx, name)
			return err == nil
		},
	})
	if err != nil {
		return err
	}
	h.site.MountAPI(h.api)
	return nil
}
