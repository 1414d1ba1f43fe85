package points

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrsfiles"
	"github.com/cairn-lms/cairn/lrs/lrsmongo"
	"github.com/cairn-lms/cairn/lrs/lrssqlite"
	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// place is where a server keeps its data.
type place struct {
	keys  lrs.KeyStore
	store func(tenant string) lrs.Store
	blobs func(tenant string, now func() time.Time) lrs.Blobs
}

// sqlite is a folder of SQLite files.
func sqlite(t *testing.T) place {
	t.Helper()
	folder := t.TempDir()
	ctx := t.Context()
	control, err := sqlitedb.Open(ctx, filepath.Join(folder, "control.db"))
	must(t, err)
	t.Cleanup(func() { control.Close() })
	keys, err := lrssqlite.NewKeys(ctx, control)
	must(t, err)
	return place{keys, func(tenant string) lrs.Store {
		db, err := sqlitedb.Open(ctx, filepath.Join(folder, tenant+".db"))
		must(t, err)
		t.Cleanup(func() { db.Close() })
		store, err := lrssqlite.New(ctx, db)
		must(t, err)
		return store
	}, func(tenant string, now func() time.Time) lrs.Blobs {
		blobs, err := lrsfiles.New(filepath.Join(folder, tenant), now)
		must(t, err)
		return blobs
	}}
}

// mongodb is a set of new databases on the server of CAIRN_TEST_MONGO_URI, dropped
// in the end.
func mongodb(t *testing.T) place {
	t.Helper()
	uri := os.Getenv("CAIRN_TEST_MONGO_URI")
	if uri == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("CAIRN_TEST_MONGO_URI is not set")
		}
		t.Skip("CAIRN_TEST_MONGO_URI is not set")
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	must(t, err)
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() { _ = client.Disconnect(ctx) })
	prefix := "cairn_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	database := func(name string) *mongo.Database {
		db := client.Database(prefix + "_" + name)
		t.Cleanup(func() {
			if err := db.Drop(ctx); err != nil {
				t.Errorf("drop: %v", err)
			}
		})
		return db
	}
	keys, err := lrsmongo.NewKeys(ctx, database("control"))
	must(t, err)
	return place{keys, func(tenant string) lrs.Store {
		store, err := lrsmongo.New(ctx, database(tenant))
		must(t, err)
		return store
	}, func(tenant string, now func() time.Time) lrs.Blobs {
		blobs, err := lrsmongo.NewBlobs(ctx, database(tenant), now)
		must(t, err)
		return blobs
	}}
}
