package webmongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/web"
)

// theInstallation is the id of the only document.
const theInstallation = "installation"

// PutInstallation implements web.Store.
func (s *Store) PutInstallation(ctx context.Context, i web.Installation) error {
	r, err := pack(theInstallation, time.Time{}, i)
	if err != nil {
		return fmt.Errorf("webmongo: put installation: %w", err)
	}
	_, err = s.installation.ReplaceOne(ctx, byID(r.ID), r, options.Replace().SetUpsert(true))
	if mongo.IsDuplicateKeyError(err) { // two first starts at once: the second replaces
		_, err = s.installation.ReplaceOne(ctx, byID(r.ID), r)
	}
	if err != nil {
		return fmt.Errorf("webmongo: put installation: %w", err)
	}
	return nil
}

// Installation implements web.Store.
func (s *Store) Installation(ctx context.Context) (web.Installation, error) {
	var i web.Installation
	if err := unpack(s.installation.FindOne(ctx, byID(theInstallation)), &i); err != nil {
		return web.Installation{}, fmt.Errorf("webmongo: installation: %w", err)
	}
	return i, nil
}
