// Package ltimongo keeps what the LTI tool remembers in MongoDB.
//
// Every record is {_id, fields that are searched, doc: JSON as a string}: plain
// reads, inserts and compare-and-swap updates of one document, no transactions.
package ltimongo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/lti"
)

// Store is an lti.Store in a MongoDB database.
type Store struct {
	registrations, deployments, keys, logins, tickets, scores *mongo.Collection
	courses, leases, failures, legacyKeys                     *mongo.Collection
}

var _ lti.Store = (*Store)(nil)

// record is the shape of every document; each kind uses some of the fields.
type record struct {
	ID           string `bson:"_id"`
	Doc          string `bson:"doc"`
	Rev          int64  `bson:"rev"`
	Pair         string `bson:"pair,omitempty"`
	Issuer       string `bson:"issuer,omitempty"`
	Registration string `bson:"registration,omitempty"`
	Nonce        string `bson:"nonce,omitempty"`
	Purpose      string `bson:"purpose,omitempty"`
	Used         int64  `bson:"used"`
	Expires      int64  `bson:"expires"`
	Created      int64  `bson:"created"`
	At           int64  `bson:"at"`
}

// New makes the indexes that are missing.
func New(ctx context.Context, db *mongo.Database) (*Store, error) {
	s := &Store{
		registrations: db.Collection("lti_registrations"), deployments: db.Collection("lti_deployments"),
		keys: db.Collection("lti_keys"), logins: db.Collection("lti_logins"),
		tickets: db.Collection("lti_tickets"), scores: db.Collection("lti_scores"),
		courses: db.Collection("lti_courses"), leases: db.Collection("lti_leases"),
		legacyKeys: db.Collection("lti_legacy_keys"), failures: db.Collection("lti_failures"),
	}
	for _, ix := range []struct {
		in     *mongo.Collection
		field  string
		unique bool
	}{
		{s.registrations, "pair", true}, {s.registrations, "issuer", false}, {s.deployments, "registration", false},
		{s.keys, "registration", false}, {s.logins, "nonce", true}, {s.logins, "expires", false}, {s.tickets, "expires", false},
		{s.courses, "tenant", false},
		{s.failures, "tenant", false}, {s.failures, "expires", false},
		{s.logins, "registration", false}, {s.scores, "registration", false},
	} {
		if err := ensureIndex(ctx, ix.in, ix.field, ix.unique); err != nil {
			return nil, fmt.Errorf("ltimongo: make index %s of %s: %w", ix.field, ix.in.Name(), err)
		}
	}
	return s, nil
}

// ensureIndex lists before it creates, one at a time: the stand-in of our tests
// drops the connection when an index exists already.
func ensureIndex(ctx context.Context, c *mongo.Collection, field string, unique bool) error {
	specs, err := c.Indexes().ListSpecifications(ctx)
	if err != nil {
		return err
	}
	name := field + "_1"
	for _, s := range specs {
		if s.Name == name {
			return nil
		}
	}
	_, err = c.Indexes().CreateOne(ctx, mongo.IndexModel{
		Keys: bson.D{{Key: field, Value: 1}}, Options: options.Index().SetName(name).SetUnique(unique),
	})
	return err
}

// pairOf joins values that may hold anything to one key.
func pairOf(values ...string) string {
	h := sha256.New()
	for _, v := range values {
		fmt.Fprintf(h, "%d:%s", len(v), v)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// CreateRegistration implements lti.Store. The key goes in first: without a
// registration nobody finds it, and a registration is never without.
func (s *Store) CreateRegistration(ctx context.Context, r lti.Registration, k lti.Key) error {
	if err := insert(ctx, s.keys, k, record{ID: k.ID, Registration: string(k.Registration), Created: k.CreatedAt.UnixNano()}); err != nil {
		return fmt.Errorf("ltimongo: create registration: %w", err)
	}
	err := insert(ctx, s.registrations, r, record{
		ID: string(r.ID), Rev: r.Rev, Pair: pairOf(r.Issuer, r.ClientID), Issuer: r.Issuer, Created: r.CreatedAt.UnixNano(),
	})
	if err == nil {
		return nil
	}
	if _, undo := s.keys.DeleteOne(ctx, bson.M{"_id": k.ID}); undo != nil {
		err = errors.Join(err, undo)
	}
	return fmt.Errorf("ltimongo: create registration: %w", err)
}

// SaveRegistration implements lti.Store.
func (s *Store) SaveRegistration(ctx context.Context, r lti.Registration) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("ltimongo: save registration: %w", err)
	}
	res, err := s.registrations.UpdateOne(ctx,
		bson.M{"_id": string(r.ID), "rev": r.Rev, "pair": pairOf(r.Issuer, r.ClientID)},
		bson.M{"$set": bson.M{"rev": r.Rev + 1, "doc": string(doc)}})
	if err == nil && res.MatchedCount == 0 {
		err = lti.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("ltimongo: save registration: %w", err)
	}
	return nil
}

// Registration implements lti.Store.
func (s *Store) Registration(ctx context.Context, id lti.RegistrationID) (lti.Registration, error) {
	return one(find(ctx, s.registrations, "registration", bson.M{"_id": string(id)}, 1, setRev))
}

// RegistrationFor implements lti.Store.
func (s *Store) RegistrationFor(ctx context.Context, issuer, clientID string) (lti.Registration, error) {
	return one(find(ctx, s.registrations, "registration", bson.M{"pair": pairOf(issuer, clientID)}, 1, setRev))
}

// RegistrationsOf implements lti.Store.
func (s *Store) RegistrationsOf(ctx context.Context, issuer string) ([]lti.Registration, error) {
	return find(ctx, s.registrations, "registrations", bson.M{"issuer": issuer}, 1, setRev)
}

// Registrations implements lti.Store.
func (s *Store) Registrations(ctx context.Context) ([]lti.Registration, error) {
	return find(ctx, s.registrations, "registrations", bson.M{}, 1, setRev)
}

// RemoveRegistration implements lti.Store. The registration goes first: nothing
// finds the rest without it, and a second call takes up where one broke off.
func (s *Store) RemoveRegistration(ctx context.Context, id lti.RegistrationID) error {
	if _, err := s.registrations.DeleteOne(ctx, bson.M{"_id": string(id)}); err != nil {
		return fmt.Errorf("ltimongo: remove registration: %w", err)
	}
	for _, c := range []*mongo.Collection{s.keys, s.deployments, s.logins, s.scores} {
		if _, err := c.DeleteMany(ctx, bson.M{"registration": string(id)}); err != nil {
			return fmt.Errorf("ltimongo: remove registration: %w", err)
		}
	}
	if err := s.removeCourses(ctx, id); err != nil {
		return fmt.Errorf("ltimongo: remove registration: %w", err)
	}
	return nil
}

// removeCourses reads every course: removing a platform is rare, and the
// registration stands in the document only.
func (s *Store) removeCourses(ctx context.Context, id lti.RegistrationID) error {
	cur, err := s.courses.Find(ctx, bson.M{})
	if err != nil {
		return err
	}
	defer func() { _ = cur.Close(context.WithoutCancel(ctx)) }()
	for cur.Next(ctx) {
		var rec courseRecord
		if err := cur.Decode(&rec); err != nil {
			return err
		}
		c, err := rec.course()
		if err != nil {
			return err
		}
		if c.Registration != id {
			continue
		}
		if _, err := s.courses.DeleteOne(ctx, bson.M{"_id": rec.ID}); err != nil {
			return err
		}
	}
	return cur.Err()
}

func setRev(r *lti.Registration, rec record) { r.Rev = rec.Rev }

func deploymentID(r lti.RegistrationID, id string) string { return pairOf(string(r), id) }

func deploymentRecord(d lti.Deployment) record {
	return record{ID: deploymentID(d.Registration, d.ID), Registration: string(d.Registration), Created: d.CreatedAt.UnixNano()}
}

// SaveDeployment implements lti.Store.
func (s *Store) SaveDeployment(ctx context.Context, d lti.Deployment) error {
	doc, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("ltimongo: save deployment: %w", err)
	}
	res, err := s.deployments.UpdateOne(ctx, bson.M{"_id": deploymentID(d.Registration, d.ID), "rev": d.Rev},
		bson.M{"$set": bson.M{"rev": d.Rev + 1, "doc": string(doc)}})
	if err == nil && res.MatchedCount == 0 {
		err = lti.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("ltimongo: save deployment: %w", err)
	}
	return nil
}

// AddDeployment implements lti.Store.
func (s *Store) AddDeployment(ctx context.Context, d lti.Deployment) (lti.Deployment, error) {
	if err := insert(ctx, s.deployments, d, deploymentRecord(d)); err != nil && !errors.Is(err, lti.ErrConflict) {
		return lti.Deployment{}, fmt.Errorf("ltimongo: add deployment: %w", err)
	}
	return s.Deployment(ctx, d.Registration, d.ID)
}

// Deployment implements lti.Store.
func (s *Store) Deployment(ctx context.Context, r lti.RegistrationID, id string) (lti.Deployment, error) {
	return one(find(ctx, s.deployments, "deployment", bson.M{"_id": deploymentID(r, id)}, 1, setDeploymentRev))
}

// Deployments implements lti.Store.
func (s *Store) Deployments(ctx context.Context, r lti.RegistrationID) ([]lti.Deployment, error) {
	return find(ctx, s.deployments, "deployments", bson.M{"registration": string(r)}, 1, setDeploymentRev)
}

func setDeploymentRev(d *lti.Deployment, rec record) { d.Rev = rec.Rev }

// PutLogin implements lti.Store.
func (s *Store) PutLogin(ctx context.Context, l lti.Login) error {
	if err := insert(ctx, s.logins, l, record{
		ID: l.State, Registration: string(l.Registration), Nonce: l.Nonce, Expires: l.ExpiresAt.UnixNano(), Created: l.CreatedAt.UnixNano(),
	}); err != nil {
		return fmt.Errorf("ltimongo: put login: %w", err)
	}
	return nil
}

// Login implements lti.Store.
func (s *Store) Login(ctx context.Context, state string) (lti.Login, error) {
	return one(find(ctx, s.logins, "login", bson.M{"_id": state}, 1, setUsed))
}

// LoginByNonce implements lti.Store.
func (s *Store) LoginByNonce(ctx context.Context, nonce string) (lti.Login, error) {
	return one(find(ctx, s.logins, "login", bson.M{"nonce": nonce}, 1, setUsed))
}

func setUsed(l *lti.Login, rec record) {
	if rec.Used != 0 {
		l.UsedAt = time.Unix(0, rec.Used).UTC()
	}
}

// UseLogin implements lti.Store.
func (s *Store) UseLogin(ctx context.Context, state string, at time.Time) error {
	res, err := s.logins.UpdateOne(ctx, bson.M{"_id": state, "used": int64(0)}, bson.M{"$set": bson.M{"used": at.UnixNano()}})
	if err == nil && res.MatchedCount == 0 {
		err = lti.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("ltimongo: use login: %w", err)
	}
	return nil
}

// NextScoreTime implements lti.Store: read, compare and swap until it holds.
func (s *Store) NextScoreTime(ctx context.Context, r lti.RegistrationID, lineItem, user string, at time.Time, step time.Duration) (time.Time, error) {
	id := pairOf(string(r), lineItem, user)
	for ctx.Err() == nil {
		var rec record
		err := s.scores.FindOne(ctx, bson.M{"_id": id}).Decode(&rec)
		if errors.Is(err, mongo.ErrNoDocuments) {
			_, err := s.scores.InsertOne(ctx, record{ID: id, Registration: string(r), At: at.UnixNano()})
			if mongo.IsDuplicateKeyError(err) {
				continue
			}
			if err != nil {
				return time.Time{}, fmt.Errorf("ltimongo: next score time: %w", err)
			}
			return time.Unix(0, at.UnixNano()).UTC(), nil
		}
		if err != nil {
			return time.Time{}, fmt.Errorf("ltimongo: next score time: %w", err)
		}
		next := max(at.UnixNano(), rec.At+int64(step))
		res, err := s.scores.UpdateOne(ctx, bson.M{"_id": id, "at": rec.At}, bson.M{"$set": bson.M{"at": next}})
		if err != nil {
			return time.Time{}, fmt.Errorf("ltimongo: next score time: %w", err)
		}
		if res.MatchedCount == 1 {
			return time.Unix(0, next).UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("ltimongo: next score time: %w", ctx.Err())
}

// Purge implements lti.Store.
func (s *Store) Purge(ctx context.Context, unused, used time.Time) error {
	before := func(t time.Time) bson.M { return bson.M{"$lt": t.UnixNano()} }
	for _, one := range []struct {
		in     *mongo.Collection
		filter bson.M
	}{
		{s.logins, bson.M{"expires": before(unused), "used": int64(0)}},
		{s.logins, bson.M{"expires": before(used)}},
		{s.tickets, bson.M{"expires": before(unused)}},
		{s.failures, bson.M{"expires": before(used)}},
		{s.leases, bson.M{"until": before(used)}},
	} {
		if _, err := one.in.DeleteMany(ctx, one.filter); err != nil {
			return fmt.Errorf("ltimongo: purge: %w", err)
		}
	}
	return nil
}

// insert adds a document; ErrConflict if its id or a unique field exists.
func insert(ctx context.Context, c *mongo.Collection, doc any, rec record) error {
	data, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	rec.Doc = string(data)
	_, err = c.InsertOne(ctx, rec)
	if mongo.IsDuplicateKeyError(err) {
		return lti.ErrConflict
	}
	return err
}

// find reads documents by age: oldest first with 1, newest first with -1.
func find[T any](ctx context.Context, c *mongo.Collection, op string, filter bson.M, order int, set func(*T, record)) ([]T, error) {
	cur, err := c.Find(ctx, filter, options.Find().SetSort(bson.D{{Key: "created", Value: order}, {Key: "_id", Value: order}}))
	if err != nil {
		return nil, fmt.Errorf("ltimongo: %s: %w", op, err)
	}
	var recs []record
	if err := cur.All(ctx, &recs); err != nil {
		return nil, fmt.Errorf("ltimongo: %s: %w", op, err)
	}
	all := make([]T, 0, len(recs))
	for _, rec := range recs {
		var v T
		if err := json.Unmarshal([]byte(rec.Doc), &v); err != nil {
			return nil, fmt.Errorf("ltimongo: %s: %w", op, err)
		}
		if set != nil {
			set(&v, rec)
		}
		all = append(all, v)
	}
	return all, nil
}

// one answers the first, or ErrNotFound.
func one[T any](all []T, err error) (T, error) {
	var zero T
	if err != nil {
		return zero, err
	}
	if len(all) == 0 {
		return zero, fmt.Errorf("ltimongo: %w", lti.ErrNotFound)
	}
	return all[0], nil
}
