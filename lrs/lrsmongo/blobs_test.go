package lrsmongo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrsmongo"
	"github.com/cairn-lms/cairn/lrs/lrstest"
	"go.mongodb.org/mongo-driver/v2/bson"
)

func TestTheBlobsKeepTheirContract(t *testing.T) {
	lrstest.RunBlobs(t, func(t *testing.T, now func() time.Time) lrs.Blobs {
		b, err := lrsmongo.NewBlobs(t.Context(), database(t), now)
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
}

func TestChunksWithoutAHeadAreSweptOnceTheyAreOld(t *testing.T) {
	db := database(t)
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	b, err := lrsmongo.NewBlobs(t.Context(), db, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(t.Context(), lrstest.SHA256("kept"), strings.NewReader("kept")); err != nil {
		t.Fatal(err)
	}
	for upload, age := range map[string]time.Duration{"crashed": 48 * time.Hour, "under way": -time.Minute} {
		_, err := db.Collection("lrs_chunks").InsertOne(t.Context(), bson.M{"_id": upload + "/0", "upload": upload, "n": 0, "at": now.Add(-age).UnixNano(), "data": []byte("half")})
		if err != nil {
			t.Fatal(err)
		}
	}
	many := make([]any, 251) // more than a sweep has in hand, in no order
	for i := range many {
		many[i] = bson.M{"_id": fmt.Sprint("u", i*7919%251, "/0"), "upload": fmt.Sprint("u", i*7919%251), "n": 0, "at": now.UnixNano(), "data": []byte("half")}
	}
	for some := range slices.Chunk(many, 100) {
		if _, err := db.Collection("lrs_chunks").InsertMany(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(24 * time.Hour)
	if err := b.Sweep(t.Context(), now.Add(-24*time.Hour+time.Nanosecond)); err != nil { // later than the Put of what is kept
		t.Fatal(err)
	}
	if n, err := db.Collection("lrs_chunks").CountDocuments(t.Context(), bson.M{}); err != nil || n != 2 {
		t.Errorf("%d chunks are left, %v; want those of the whole blob and of the one under way", n, err)
	}
	if got := lrstest.ReadBlob(t, b, lrstest.SHA256("kept")); got != "kept" {
		t.Errorf("the blob is %q", got)
	}
}
