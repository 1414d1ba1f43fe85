package webmongo_test

import (
	"context"
	"crypto/rand"
	"os"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/web"
	"github.com/cairn-lms/cairn/web/webmongo"
	"github.com/cairn-lms/cairn/web/webtest"
)

func TestMongoKeepsTheContract(t *testing.T) {
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
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	webtest.Run(t, func(t *testing.T) web.Store {
		db := client.Database("cairn_web_" + rand.Text()[:10])
		t.Cleanup(func() { _ = db.Drop(context.Background()) })
		for range 2 { // opening again changes nothing
			if _, err := webmongo.New(t.Context(), db); err != nil {
				t.Fatal(err)
			}
		}
		store, err := webmongo.New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		return store
	})
}
