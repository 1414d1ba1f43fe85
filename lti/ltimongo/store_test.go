package ltimongo_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/lti/ltimongo"
	"github.com/cairn-lms/cairn/lti/ltitest"
)

func TestContract(t *testing.T) {
	client := connect(t)
	ltitest.Run(t, func(t *testing.T) lti.Store {
		b := make([]byte, 6)
		_, _ = rand.Read(b)
		db := client.Database("cairn_test_lti_" + hex.EncodeToString(b))
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if err := db.Drop(ctx); err != nil {
				t.Errorf("drop the test's database: %v", err)
			}
		})
		if _, err := ltimongo.New(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		s, err := ltimongo.New(t.Context(), db) // a second start finds the indexes
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func connect(t *testing.T) *mongo.Client {
	t.Helper()
	uri := os.Getenv("CAIRN_TEST_MONGO_URI")
	if uri == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("CAIRN_TEST_MONGO_URI is not set, and CI must run this")
		}
		t.Skip("CAIRN_TEST_MONGO_URI is not set")
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = client.Disconnect(ctx)
	})
	return client
}
