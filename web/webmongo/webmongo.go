// Package webmongo keeps sessions, tickets and tenants in MongoDB.
package webmongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/web"
)

// Store implements web.Store on the control database.
type Store struct{ sessions, tickets, tenants, audit, installation *mongo.Collection }

var _ web.Store = (*Store)(nil)

// row is how everything is kept: an id, a clock, the document as JSON.
type row struct {
	ID      string `bson:"_id"`
	Expires int64  `bson:"expires"` // UnixNano; 0 for what does not expire
	Doc     string `bson:"doc"`
}

// New makes the missing indexes. The client stays the caller's.
func New(ctx context.Context, db *mongo.Database) (*Store, error) {
	s := &Store{
		sessions: db.Collection("web_sessions"),
		tickets:  db.Collection("web_tickets"),
		tenants:  db.Collection("web_tenants"),
		audit:    db.Collection("web_audit"), installation: db.Collection("web_installation"),
	}
	for _, c := range []*mongo.Collection{s.sessions, s.tickets} {
		if err := ensureIndex(ctx, c, "expires"); err != nil {
			return nil, fmt.Errorf("webmongo: index %s: %w", c.Name(), err)
		}
	}
	for _, fields := range [][]string{{"at"}, {"tenant", "at"}} {
		if err := ensureIndex(ctx, s.audit, fields...); err != nil {
			return nil, fmt.Errorf("webmongo: index %s: %w", s.audit.Name(), err)
		}
	}
	return s, nil
}

// ensureIndex makes an ascending index of the fields, named as MongoDB would.
func ensureIndex(ctx context.Context, c *mongo.Collection, fields ...string) error {
	have, err := c.Indexes().ListSpecifications(ctx)
	if err != nil && !missingCollection(err) {
		return err
	}
	var keys bson.D
	for _, field := range fields {
		keys = append(keys, bson.E{Key: field, Value: 1})
	}
	name := strings.Join(fields, "_1_") + "_1"
	for _, index := range have {
		if index.Name == name {
			return nil
		}
	}
	_, err = c.Indexes().CreateOne(ctx, mongo.IndexModel{Keys: keys, Options: options.Index().SetName(name)})
	return err
}

// missingCollection says that a collection does not exist yet (NamespaceNotFound).
func missingCollection(err error) bool {
	var command mongo.CommandError
	return errors.As(err, &command) && command.Code == 26
}

// PutSession implements web.Store.
func (s *Store) PutSession(ctx context.Context, session web.Session) error {
	r, err := pack(session.IDHash, session.ExpiresAt, session)
	if err != nil {
		return fmt.Errorf("webmongo: put session: %w", err)
	}
	_, err = s.sessions.ReplaceOne(ctx, byID(r.ID), r, options.Replace().SetUpsert(true))
	if mongo.IsDuplicateKeyError(err) { // two first writes of one id: the second replaces
		_, err = s.sessions.ReplaceOne(ctx, byID(r.ID), r)
	}
	if err != nil {
		return fmt.Errorf("webmongo: put session: %w", err)
	}
	return nil
}

// Session implements web.Store.
func (s *Store) Session(ctx context.Context, idHash string) (web.Session, error) {
	var session web.Session
	if err := unpack(s.sessions.FindOne(ctx, byID(idHash)), &session); err != nil {
		return web.Session{}, fmt.Errorf("webmongo: session: %w", err)
	}
	return session, nil
}

// DeleteSession implements web.Store.
func (s *Store) DeleteSession(ctx context.Context, idHash string) error {
	if _, err := s.sessions.DeleteOne(ctx, byID(idHash)); err != nil {
		return fmt.Errorf("webmongo: delete session: %w", err)
	}
	return nil
}

// Purge implements web.Store.
func (s *Store) Purge(ctx context.Context, t time.Time) (int, error) {
	total := 0
	for _, c := range []*mongo.Collection{s.sessions, s.tickets} {
		result, err := c.DeleteMany(ctx, bson.D{{Key: "expires", Value: bson.D{{Key: "$lt", Value: t.UnixNano()}}}})
		if err != nil {
			return total, fmt.Errorf("webmongo: purge: %w", err)
		}
		total += int(result.DeletedCount)
	}
	return total, nil
}

// PutTicket implements web.Store.
func (s *Store) PutTicket(ctx context.Context, ticket web.Ticket) error {
	r, err := pack(ticket.Hash, ticket.ExpiresAt, ticket)
	if err != nil {
		return fmt.Errorf("webmongo: put ticket: %w", err)
	}
	if _, err := s.tickets.InsertOne(ctx, r); err != nil {
		return fmt.Errorf("webmongo: put ticket: %w", err)
	}
	return nil
}

// Ticket implements web.Store.
func (s *Store) Ticket(ctx context.Context, hash string) (web.Ticket, error) {
	var ticket web.Ticket
	if err := unpack(s.tickets.FindOne(ctx, byID(hash)), &ticket); err != nil {
		return web.Ticket{}, fmt.Errorf("webmongo: ticket: %w", err)
	}
	return ticket, nil
}

// TakeTicket implements web.Store. Who deletes the ticket has it.
func (s *Store) TakeTicket(ctx context.Context, hash string) (web.Ticket, error) {
	ticket, err := s.Ticket(ctx, hash)
	if err != nil {
		return web.Ticket{}, fmt.Errorf("webmongo: take ticket: %w", err)
	}
	result, err := s.tickets.DeleteOne(ctx, byID(hash))
	if err != nil {
		return web.Ticket{}, fmt.Errorf("webmongo: take ticket: %w", err)
	}
	if result.DeletedCount != 1 {
		return web.Ticket{}, fmt.Errorf("webmongo: take ticket: %w", web.ErrNotFound)
	}
	return ticket, nil
}

// EnsureTenant implements web.Store.
func (s *Store) EnsureTenant(ctx context.Context, tenant web.Tenant) (web.Tenant, error) {
	r, err := pack(tenant.Name, time.Time{}, tenant)
	if err != nil {
		return web.Tenant{}, fmt.Errorf("webmongo: ensure tenant: %w", err)
	}
	if _, err := s.tenants.InsertOne(ctx, r); err != nil && !mongo.IsDuplicateKeyError(err) {
		return web.Tenant{}, fmt.Errorf("webmongo: ensure tenant: %w", err)
	}
	return s.Tenant(ctx, tenant.Name)
}

// Tenant implements web.Store.
func (s *Store) Tenant(ctx context.Context, name string) (web.Tenant, error) {
	var tenant web.Tenant
	if err := unpack(s.tenants.FindOne(ctx, byID(name)), &tenant); err != nil {
		return web.Tenant{}, fmt.Errorf("webmongo: tenant: %w", err)
	}
	return tenant, nil
}

// Tenants implements web.Store.
func (s *Store) Tenants(ctx context.Context) ([]web.Tenant, error) {
	cursor, err := s.tenants.Find(ctx, bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return nil, fmt.Errorf("webmongo: tenants: %w", err)
	}
	var rows []row
	if err := cursor.All(ctx, &rows); err != nil {
		return nil, fmt.Errorf("webmongo: tenants: %w", err)
	}
	var tenants []web.Tenant
	for _, r := range rows {
		var tenant web.Tenant
		if err := json.Unmarshal([]byte(r.Doc), &tenant); err != nil {
			return nil, fmt.Errorf("webmongo: tenants: %w", err)
		}
		tenants = append(tenants, tenant)
	}
	return tenants, nil
}

func byID(id string) bson.D { return bson.D{{Key: "_id", Value: id}} }

func pack(id string, expires time.Time, doc any) (row, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return row{}, err
	}
	r := row{ID: id, Doc: string(raw)}
	if !expires.IsZero() {
		r.Expires = expires.UnixNano()
	}
	return r, nil
}

func unpack(result *mongo.SingleResult, into any) error {
	var r row
	err := result.Decode(&r)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return web.ErrNotFound
	}
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(r.Doc), into)
}
