package lrsmongo

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/cairn-lms/cairn/lrs"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Inspect implements lrs.Store. There is no one moment to look at, so what looks
// wrong is looked at again: repair may have been under way.
func (s *Store) Inspect(ctx context.Context, f func(lrs.Image) error) error {
	if err := s.inspect(ctx, f); err != nil {
		return fmt.Errorf("lrsmongo: inspect: %w", err)
	}
	return nil
}

func (s *Store) inspect(ctx context.Context, f func(lrs.Image) error) error {
	after := int64(-1 << 63)
	for {
		if _, err := s.Through(ctx, nil); err != nil {
			return err
		}
		v, err := s.clock.view(ctx)
		if err != nil {
			return err
		}
		docs, err := findAll[document](ctx, s.statements, v.filter(after, v.horizon), options.Find().SetSort(bson.D{{Key: "stored", Value: 1}}).SetLimit(atOnce))
		if err != nil {
			return err
		}
		if len(docs) == 0 {
			return nil
		}
		if after, err = s.inspectPage(ctx, v, docs, after, f); err != nil {
			return err
		}
		if len(docs) < atOnce {
			return nil
		}
	}
}

// inspectPage looks at documents in their order, and returns the last Stored.
func (s *Store) inspectPage(ctx context.Context, v view, docs []document, last int64, f func(lrs.Image) error) (int64, error) {
	voided, err := s.awaited(ctx, v, docs)
	if err != nil {
		return 0, err
	}
	for _, d := range docs {
		img, err := s.image(ctx, v, d, voided[voids(d.ID)])
		if err != nil {
			return 0, err
		}
		for try := 0; try < 3 && (len(img.Problems) > 0 || img.VoidedBy != d.Voided); try++ {
			if d, img, err = s.again(ctx, d); err != nil {
				return 0, err
			}
		}
		if img.ID == "" {
			continue // it was removed meanwhile
		}
		if d.Stored == last {
			img.Problems = append(img.Problems, "another statement has the same stored")
		}
		last = d.Stored
		if err := f(img); err != nil {
			return 0, err
		}
	}
	return last, nil
}

// again looks at a document another time, after what is under way is repaired.
func (s *Store) again(ctx context.Context, d document) (document, lrs.Image, error) {
	if _, err := s.Through(ctx, nil); err != nil {
		return d, lrs.Image{}, err
	}
	v, err := s.clock.view(ctx)
	if err != nil {
		return d, lrs.Image{}, err
	}
	docs, err := findAll[document](ctx, s.statements, bson.M{"_id": d.ID})
	if err != nil || len(docs) == 0 {
		return d, lrs.Image{}, err
	}
	voided, err := s.awaited(ctx, v, docs)
	if err != nil {
		return d, lrs.Image{}, err
	}
	img, err := s.image(ctx, v, docs[0], voided[voids(d.ID)])
	return docs[0], img, err
}

// image compares the document with what it is due.
func (s *Store) image(ctx context.Context, v view, d document, voided bool) (lrs.Image, error) {
	img := lrs.Image{Row: d.row(), VoidedBy: voided}
	img.Sum, _ = base64.RawURLEncoding.DecodeString(d.Sum) // no checksum of ours: it will not match
	due, err := s.due(ctx, v, d)
	if err != nil {
		if _, _, bad := lrs.Reindex([]byte(d.Doc)); bad != nil {
			return img, nil // the document cannot be read: whoever asked finds that out
		}
		return img, err
	}
	missing, surplus := compare(due, d.Keys)
	if len(missing) > 0 {
		img.Problems = append(img.Problems, fmt.Sprintf("the index lacks %d of the keys it is found by", len(missing)))
	}
	if len(surplus) > 0 {
		img.Problems = append(img.Problems, fmt.Sprintf("the index has %d keys by which it should not be found", len(surplus)))
	}
	if _, target, _ := lrs.Reindex([]byte(d.Doc)); target != d.Target {
		img.Problems = append(img.Problems, "the index has another target than the statement")
	}
	return img, nil
}
