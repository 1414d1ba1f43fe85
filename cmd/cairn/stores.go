package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginemongo"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrsfiles"
	"github.com/cairn-lms/cairn/lrs/lrsmongo"
	"github.com/cairn-lms/cairn/lrs/lrssqlite"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/lti/ltimongo"
	"github.com/cairn-lms/cairn/lti/ltisqlite"
	"github.com/cairn-lms/cairn/web"
	"github.com/cairn-lms/cairn/web/webmongo"
	"github.com/cairn-lms/cairn/web/websqlite"
)

// stores are the databases of one installation: a control database that all
// tenants share, and one database per tenant.
type stores struct {
	platforms lti.Store
	keys      lrs.KeyStore
	site      web.Store

	openTenant func(ctx context.Context, tenant string, now func() time.Time) (tenantStores, error)
	close      []func() error
}

// tenantStores are what one tenant's database holds.
type tenantStores struct {
	statements lrs.Store
	blobs      lrs.Blobs
	workflows  engine.Store
}

func openStores(ctx context.Context, cfg *config) (*stores, error) {
	if cfg.mongoURI != "" {
		return openMongo(ctx, cfg.mongoURI)
	}
	return openSQLite(ctx, cfg.data)
}

// Close closes every handle, the last opened first.
func (s *stores) Close() error {
	var errs []error
	for i := len(s.close) - 1; i >= 0; i-- {
		errs = append(errs, s.close[i]())
	}
	return errors.Join(errs...)
}

// openSQLite keeps the control database in <data>/control.db and a tenant in
// the folder <data>/tenants/<name>. Statements have a file of their own, so
// that reporting and recording never wait for the workflows' writer; the bytes of
// their attachments are files below attachments.
func openSQLite(ctx context.Context, data string) (_ *stores, err error) {
	s := &stores{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open the data folder %s: %w", data, err), s.Close())
		}
	}()
	control, err := sqlitedb.Open(ctx, filepath.Join(data, "control.db"))
	if err != nil {
		return nil, err
	}
	s.close = append(s.close, control.Close)
	if s.platforms, err = ltisqlite.New(ctx, control); err != nil {
		return nil, err
	}
	if s.keys, err = lrssqlite.NewKeys(ctx, control); err != nil {
		return nil, err
	}
	if s.site, err = websqlite.New(ctx, control); err != nil {
		return nil, err
	}
	var mu sync.Mutex // guards s.close once tenants open
	s.openTenant = func(ctx context.Context, tenant string, now func() time.Time) (tenantStores, error) {
		t, open, err := openTenantSQLite(ctx, filepath.Join(data, "tenants", tenant), now)
		if err != nil {
			return t, errors.Join(err, closeAll(open))
		}
		mu.Lock()
		defer mu.Unlock()
		s.close = append(s.close, func() error { return closeAll(open) })
		return t, nil
	}
	return s, nil
}

// openTenantSQLite opens a tenant's files; open is what is to be closed, the last
// first, also after an error.
func openTenantSQLite(ctx context.Context, folder string, now func() time.Time) (t tenantStores, open []io.Closer, err error) {
	statements, err := sqlitedb.Open(ctx, filepath.Join(folder, "statements.db"))
	if err != nil {
		return t, open, err
	}
	open = append(open, statements)
	records, err := lrssqlite.New(ctx, statements)
	if err != nil {
		return t, open, err
	}
	open = append(open, records)
	t.statements = records
	if t.blobs, err = lrsfiles.New(filepath.Join(folder, "attachments"), now); err != nil {
		return t, open, err
	}
	workflows, err := sqlitedb.Open(ctx, filepath.Join(folder, "workflows.db"))
	if err != nil {
		return t, open, err
	}
	open = append(open, workflows)
	t.workflows, err = enginesqlite.New(ctx, workflows)
	return t, open, err
}

func closeAll(open []io.Closer) error {
	var errs []error
	for _, c := range slices.Backward(open) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// openMongo keeps the control database in <name>_control and a tenant in
// <name>_<tenant>, where <name> is the database of the URI, or cairn. Writes are
// acknowledged by a majority and journaled; reads see only such writes.
func openMongo(ctx context.Context, uri string) (_ *stores, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("open MongoDB: %w", err)
		}
	}()
	parsed, err := url.Parse(uri)
	if err != nil {
		return nil, errors.New("-mongo-uri is not a URI") // the error of url.Parse would repeat the password
	}
	name := strings.Trim(parsed.Path, "/")
	if name == "" {
		name = "cairn"
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri).
		SetWriteConcern(writeconcern.Majority()).
		SetReadConcern(readconcern.Majority()).
		SetServerSelectionTimeout(10 * time.Second).
		SetAppName("cairn"))
	if err != nil {
		return nil, err
	}
	s := &stores{close: []func() error{func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return client.Disconnect(ctx)
	}}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	control := client.Database(name + "_control")
	if s.platforms, err = ltimongo.New(ctx, control); err != nil {
		return nil, err
	}
	if s.keys, err = lrsmongo.NewKeys(ctx, control); err != nil {
		return nil, err
	}
	if s.site, err = webmongo.New(ctx, control); err != nil {
		return nil, err
	}
	s.openTenant = func(ctx context.Context, tenant string, now func() time.Time) (t tenantStores, err error) {
		db := client.Database(name + "_" + tenant)
		if t.statements, err = lrsmongo.New(ctx, db); err != nil {
			return t, err
		}
		if t.blobs, err = lrsmongo.NewBlobs(ctx, db, now); err != nil {
			return t, err
		}
		t.workflows, err = enginemongo.New(ctx, db)
		return t, err
	}
	return s, nil
}
