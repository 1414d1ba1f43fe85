package lrsmongo_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrsmongo"
	"github.com/cairn-lms/cairn/lrs/lrstest"
	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// database is a new database on the server of CAIRN_TEST_MONGO_URI, dropped in the end.
func database(t *testing.T) *mongo.Database {
	t.Helper()
	uri := os.Getenv("CAIRN_TEST_MONGO_URI")
	if uri == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("CAIRN_TEST_MONGO_URI is not set")
		}
		t.Skip("CAIRN_TEST_MONGO_URI is not set")
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	db := client.Database("cairn_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12])
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := db.Drop(ctx); err != nil {
			t.Errorf("drop: %v", err)
		}
		if err := client.Disconnect(ctx); err != nil {
			t.Errorf("disconnect: %v", err)
		}
	})
	return db
}

func TestTheStoreKeepsItsContract(t *testing.T) {
	databases := map[*testing.T]*mongo.Database{}
	lrstest.Run(t, func(t *testing.T, name string) lrs.Store {
		if databases[t] == nil {
			databases[t] = database(t)
		}
		s, err := lrsmongo.New(t.Context(), databases[t])
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestTheKeysKeepTheirContract(t *testing.T) {
	lrstest.RunKeys(t, func(t *testing.T) lrs.KeyStore {
		keys, err := lrsmongo.NewKeys(t.Context(), database(t))
		if err != nil {
			t.Fatal(err)
		}
		return keys
	})
}
