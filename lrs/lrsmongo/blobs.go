package lrsmongo

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Blobs is an lrs.Blobs over two collections of one tenant's database:
//
//	lrs_blobs   {_id: sha2, upload, size, chunks, put}       the heads
//	lrs_chunks  {_id: "upload/n", upload, n, at, data}       up to 1 MiB each
//
// Every Put writes chunks under an upload id of its own and the head last, so
// that what has a head is whole. If there is a head already only its time is
// renewed, and the new chunks go. Delete takes the head first.
type Blobs struct {
	heads, chunks *mongo.Collection
	now           func() time.Time
}

type head struct {
	SHA2   string `bson:"_id"`
	Upload string `bson:"upload"`
	Size   int64  `bson:"size"`
	Chunks int64  `bson:"chunks"`
	Put    int64  `bson:"put"` // nanoseconds
}

type chunk struct {
	ID     string `bson:"_id"`
	Upload string `bson:"upload"`
	N      int64  `bson:"n"`
	At     int64  `bson:"at"` // when its Put began, in nanoseconds
	Data   []byte `bson:"data"`
}

const chunkSize = 1 << 20

func chunkID(upload string, n int64) string { return fmt.Sprintf("%s/%d", upload, n) }

// NewBlobs makes the indexes it needs. A nil now is time.Now.
func NewBlobs(ctx context.Context, db *mongo.Database, now func() time.Time) (*Blobs, error) {
	db = majority(db)
	if now == nil {
		now = time.Now
	}
	b := &Blobs{heads: db.Collection("lrs_blobs"), chunks: db.Collection("lrs_chunks"), now: now}
	err := ensureIndexes(ctx, b.chunks, map[string]bson.D{"lrs_chunks_upload_at": {{Key: "upload", Value: 1}, {Key: "at", Value: 1}}})
	if err == nil {
		err = ensureIndexes(ctx, b.heads, map[string]bson.D{"lrs_blobs_upload": {{Key: "upload", Value: 1}}})
	}
	if err != nil {
		return nil, fmt.Errorf("lrsmongo: prepare blobs: %w", err)
	}
	return b, nil
}

// Put implements lrs.Blobs.
func (b *Blobs) Put(ctx context.Context, sha2 string, r io.Reader) (int64, error) {
	h := head{SHA2: sha2, Upload: uuid.NewString()}
	kept, err := b.put(ctx, &h, r)
	if !kept {
		aside, cancel := persist(ctx)
		defer cancel()
		if gone := b.drop(aside, h.Upload); err == nil && gone != nil {
			err = gone
		}
	}
	if err != nil {
		return 0, fmt.Errorf("lrsmongo: put blob %.128q: %w", sha2, err)
	}
	return h.Size, nil
}

// put writes the chunks and the head; kept is false if the chunks are not needed.
func (b *Blobs) put(ctx context.Context, h *head, r io.Reader) (kept bool, err error) {
	digest, err := lrs.NewDigest(h.SHA2)
	if err != nil {
		return false, err
	}
	began := b.now().UnixNano()
	buf := make([]byte, chunkSize)
	for end := false; !end; {
		n := 0
		for n < len(buf) && !end { // io.ReadFull would hide that r itself ended unexpectedly
			m, err := r.Read(buf[n:])
			n += m
			if end = err == io.EOF; err != nil && !end { //nolint:errorlint // a wrapped one is no end
				return false, err
			}
		}
		if n == 0 {
			break
		}
		digest.Write(buf[:n])
		_, err = b.chunks.InsertOne(ctx, chunk{ID: chunkID(h.Upload, h.Chunks), Upload: h.Upload, N: h.Chunks, At: began, Data: buf[:n]})
		if err != nil {
			return false, err
		}
		h.Chunks++
		h.Size += int64(n)
	}
	if hex.EncodeToString(digest.Sum(nil)) != h.SHA2 {
		return false, lrs.ErrDigest
	}
	return b.crown(ctx, h)
}

// crown writes the head, or renews the time of the one that is there.
func (b *Blobs) crown(ctx context.Context, h *head) (kept bool, err error) {
	for {
		h.Put = b.now().UnixNano()
		_, err := b.heads.InsertOne(ctx, h)
		if err == nil {
			return true, nil
		}
		if !mongo.IsDuplicateKeyError(err) {
			return true, err // it may be in: a sweep finds chunks that have no head
		}
		res, err := b.heads.UpdateOne(ctx, bson.M{"_id": h.SHA2}, bson.M{"$max": bson.M{"put": h.Put}})
		if err != nil || res.MatchedCount > 0 {
			return false, err
		}
		// It was deleted in between.
	}
}

// Open implements lrs.Blobs.
func (b *Blobs) Open(ctx context.Context, sha2 string) (io.ReadCloser, int64, error) {
	h, err := b.head(ctx, sha2)
	if err != nil {
		return nil, 0, fmt.Errorf("lrsmongo: open blob: %w", err)
	}
	return io.NopCloser(&chunkReader{ctx: ctx, blobs: b, head: h}), h.Size, nil
}

func (b *Blobs) head(ctx context.Context, sha2 string) (h head, err error) {
	if _, err := lrs.NewDigest(sha2); err != nil {
		return h, lrs.ErrNotFound
	}
	err = b.heads.FindOne(ctx, bson.M{"_id": sha2}).Decode(&h)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = lrs.ErrNotFound
	}
	return h, err
}

// chunkReader reads a blob, a chunk at a time.
type chunkReader struct {
	ctx   context.Context //nolint:containedctx // of the Open it came from
	blobs *Blobs
	head  head
	next  int64
	left  []byte
}

func (r *chunkReader) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		if r.next == r.head.Chunks {
			return 0, io.EOF
		}
		var c chunk
		if err := r.blobs.chunks.FindOne(r.ctx, bson.M{"_id": chunkID(r.head.Upload, r.next)}).Decode(&c); err != nil {
			if errors.Is(err, mongo.ErrNoDocuments) {
				err = lrs.ErrNotFound // it was deleted in between
			}
			return 0, fmt.Errorf("lrsmongo: read blob %s: %w", r.head.SHA2, err)
		}
		r.next++
		r.left = c.Data
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// Delete implements lrs.Blobs.
func (b *Blobs) Delete(ctx context.Context, sha2 string, putBy time.Time) (bool, error) {
	h, err := b.head(ctx, sha2)
	if errors.Is(err, lrs.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		var res *mongo.DeleteResult
		res, err = b.heads.DeleteOne(ctx, bson.M{"_id": sha2, "upload": h.Upload, "put": bson.M{"$lte": putBy.UnixNano()}})
		if err == nil && res.DeletedCount == 0 {
			return false, nil
		}
	}
	if err == nil {
		err = b.drop(ctx, h.Upload)
	}
	if err != nil {
		return false, fmt.Errorf("lrsmongo: delete blob %s: %w", sha2, err)
	}
	return true, nil
}

// drop removes the chunks of an upload.
func (b *Blobs) drop(ctx context.Context, upload string) error {
	_, err := b.chunks.DeleteMany(ctx, bson.M{"upload": upload})
	return err
}

// Each implements lrs.Blobs.
func (b *Blobs) Each(ctx context.Context, f func(lrs.Blob) error) error {
	cursor, err := b.heads.Find(ctx, bson.M{})
	if err != nil {
		return fmt.Errorf("lrsmongo: each blob: %w", err)
	}
	defer cursor.Close(context.WithoutCancel(ctx)) //nolint:errcheck // all is read, or it does not matter
	for cursor.Next(ctx) {
		var h head
		if err := cursor.Decode(&h); err != nil {
			return fmt.Errorf("lrsmongo: each blob: %w", err)
		}
		if err := f(lrs.Blob{SHA2: h.SHA2, Size: h.Size, PutAt: time.Unix(0, h.Put)}); err != nil {
			return err
		}
	}
	if err := cursor.Err(); err != nil {
		return fmt.Errorf("lrsmongo: each blob: %w", err)
	}
	return nil
}

// Sweep implements lrs.Blobs: it removes old chunks that no head is of.
func (b *Blobs) Sweep(ctx context.Context, before time.Time) error {
	if err := b.sweep(ctx, before); err != nil {
		return fmt.Errorf("lrsmongo: sweep blobs: %w", err)
	}
	return nil
}

// sweptAtOnce is how many uploads a sweep has in hand.
const sweptAtOnce = 100

// sweep walks the uploads in the order of their ids, which an index holds with their
// time. Heads are looked up after the chunks were seen: an upload that ends in
// between has one.
func (b *Blobs) sweep(ctx context.Context, before time.Time) error {
	for last, more := "", true; more; {
		uploads, err := b.begunBefore(ctx, before, last)
		if err != nil || len(uploads) == 0 {
			return err
		}
		last, more = uploads[len(uploads)-1], len(uploads) == sweptAtOnce
		whole, err := findAll[head](ctx, b.heads, bson.M{"upload": bson.M{"$in": uploads}}, options.Find().SetProjection(bson.M{"upload": 1}))
		if err != nil {
			return err
		}
		orphans := slices.DeleteFunc(uploads, func(upload string) bool {
			return slices.ContainsFunc(whole, func(h head) bool { return h.Upload == upload })
		})
		if len(orphans) == 0 {
			continue
		}
		if _, err := b.chunks.DeleteMany(ctx, bson.M{"upload": bson.M{"$in": orphans}}); err != nil {
			return err
		}
	}
	return nil
}

// begunBefore are the first uploads after last, in order, that began before then.
func (b *Blobs) begunBefore(ctx context.Context, before time.Time, last string) ([]string, error) {
	cursor, err := b.chunks.Find(ctx, bson.M{"upload": bson.M{"$gt": last}, "at": bson.M{"$lt": before.UnixNano()}},
		options.Find().SetSort(bson.D{{Key: "upload", Value: 1}, {Key: "at", Value: 1}}).SetProjection(bson.M{"_id": 0, "upload": 1}))
	if err != nil {
		return nil, err
	}
	defer cursor.Close(context.WithoutCancel(ctx)) //nolint:errcheck // enough is read, or it does not matter
	var uploads []string
	for len(uploads) < sweptAtOnce && cursor.Next(ctx) {
		var c chunk
		if err := cursor.Decode(&c); err != nil {
			return nil, err
		}
		if n := len(uploads); n == 0 || uploads[n-1] != c.Upload {
			uploads = append(uploads, c.Upload)
		}
	}
	return uploads, cursor.Err()
}
