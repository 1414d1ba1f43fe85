package ltimongo

import (
	"context"
	"encoding/json"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/lti"
)

// courseRecord is a document of lti_courses; its _id is CourseKey.Name.
type courseRecord struct {
	ID     string `bson:"_id"`
	Tenant string `bson:"tenant"`
	Rev    int64  `bson:"rev"`
	Doc    string `bson:"doc"`
}

func (r courseRecord) course() (c lti.KnownCourse, err error) {
	err = json.Unmarshal([]byte(r.Doc), &c)
	c.Rev = r.Rev
	return c, err
}

// KnownCourse implements lti.Courses.
func (s *Store) KnownCourse(ctx context.Context, k lti.CourseKey) (lti.KnownCourse, error) {
	return one(s.listCourses(ctx, "course", bson.M{"_id": k.Name()}, 1))
}

// SaveKnownCourse implements lti.Courses.
func (s *Store) SaveKnownCourse(ctx context.Context, c lti.KnownCourse) error {
	doc, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("ltimongo: save course: %w", err)
	}
	rec := courseRecord{ID: c.Name(), Tenant: c.Tenant, Rev: c.Rev + 1, Doc: string(doc)}
	if c.Rev == 0 {
		if _, err = s.courses.InsertOne(ctx, rec); mongo.IsDuplicateKeyError(err) {
			err = lti.ErrConflict
		}
	} else {
		var res *mongo.UpdateResult
		res, err = s.courses.UpdateOne(ctx, bson.M{"_id": rec.ID, "rev": c.Rev},
			bson.M{"$set": bson.M{"tenant": rec.Tenant, "rev": rec.Rev, "doc": rec.Doc}})
		if err == nil && res.MatchedCount == 0 {
			err = lti.ErrConflict
		}
	}
	if err != nil {
		return fmt.Errorf("ltimongo: save course: %w", err)
	}
	return nil
}

// KnownCourses implements lti.Courses.
func (s *Store) KnownCourses(ctx context.Context, tenant, after string, limit int) ([]lti.KnownCourse, error) {
	return s.listCourses(ctx, "courses", bson.M{"tenant": tenant, "_id": bson.M{"$gt": after}}, limit)
}

func (s *Store) listCourses(ctx context.Context, op string, filter bson.M, limit int) ([]lti.KnownCourse, error) {
	cur, err := s.courses.Find(ctx, filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit)))
	if err != nil {
		return nil, fmt.Errorf("ltimongo: %s: %w", op, err)
	}
	var recs []courseRecord
	if err := cur.All(ctx, &recs); err != nil {
		return nil, fmt.Errorf("ltimongo: %s: %w", op, err)
	}
	var all []lti.KnownCourse
	for _, rec := range recs {
		c, err := rec.course()
		if err != nil {
			return nil, fmt.Errorf("ltimongo: %s: %w", op, err)
		}
		all = append(all, c)
	}
	return all, nil
}
