package enginemongo_test

import (
	"context"
	"crypto/rand"
	"os"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginemongo"
	"github.com/cairn-lms/cairn/engine/enginetest"
)

func TestStore(t *testing.T) {
	client := connect(t)
	enginetest.Run(t, func(t *testing.T) engine.Store { return newStore(t, database(t, client)) })
}

func TestStoreOpensWhatIsThere(t *testing.T) {
	db := database(t, connect(t))
	first := newStore(t, db)
	if err := first.SaveCursor(t.Context(), "lrs", 7); err != nil {
		t.Fatal(err)
	}
	second := newStore(t, db) // the indexes are there
	if seq, err := second.Cursor(t.Context(), "lrs"); err != nil || seq != 7 {
		t.Errorf("the cursor is %d, %v", seq, err)
	}
}

func TestWhoIsWaitedForInWhatAnEarlierVersionWroteIsFound(t *testing.T) {
	db := database(t, connect(t))
	first := newStore(t, db)
	e := &engine.Enrolment{ID: "e", Workflow: "w", Version: 1, Learner: "sam", State: engine.Active, Steps: map[engine.StepID]*engine.StepState{
		"s": {State: engine.Open, Requests: []engine.Request{{ID: "r", Step: "s", Person: "max", AskedAt: time.Now()}}}}}
	if err := first.CreateEnrolment(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Collection("engine_enrolments").UpdateMany(t.Context(), bson.D{}, bson.D{{Key: "$unset", Value: bson.D{{Key: "waits_for", Value: ""}, {Key: "preview_at", Value: ""}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Collection("engine_cursors").DeleteMany(t.Context(), bson.D{}); err != nil {
		t.Fatal(err)
	}
	second := newStore(t, db)
	if found, err := second.EnrolmentsWaitingFor(t.Context(), "max", "", 10); err != nil || len(found) != 1 {
		t.Errorf("%d found, %v", len(found), err)
	}
	if due, err := second.DueEnrolments(t.Context(), time.Now(), 10); err != nil || len(due) != 1 {
		t.Errorf("%d are woken, %v", len(due), err)
	}
}

func newStore(t *testing.T, db *mongo.Database) *enginemongo.Store {
	t.Helper()
	s, err := enginemongo.New(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func connect(t *testing.T) *mongo.Client {
	t.Helper()
	uri := os.Getenv("CAIRN_TEST_MONGO_URI")
	if uri == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("CAIRN_TEST_MONGO_URI is not set")
		}
		t.Skip("CAIRN_TEST_MONGO_URI is not set: no MongoDB to test with")
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

// database is an empty one of its own, dropped at the end.
func database(t *testing.T, client *mongo.Client) *mongo.Database {
	t.Helper()
	db := client.Database("cairn_test_" + rand.Text()[:12])
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := db.Drop(ctx); err != nil {
			t.Error(err)
		}
	})
	return db
}
