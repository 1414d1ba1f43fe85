package webmongo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cairn-lms/cairn/web"
)

// auditRow is an entry beside what it is searched by.
type auditRow struct {
	ID     string `bson:"_id"`
	Tenant string `bson:"tenant"`
	At     int64  `bson:"at"` // UnixNano
	Doc    string `bson:"doc"`
}

// AddAudit implements web.Store.
func (s *Store) AddAudit(ctx context.Context, e web.AuditEntry) error {
	doc, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("webmongo: add audit: %w", err)
	}
	if _, err := s.audit.InsertOne(ctx, auditRow{ID: e.ID, Tenant: e.Tenant, At: e.At.UnixNano(), Doc: string(doc)}); err != nil {
		return fmt.Errorf("webmongo: add audit: %w", err)
	}
	return nil
}

// Audit implements web.Store.
func (s *Store) Audit(ctx context.Context, tenant string, everything bool, limit int) ([]web.AuditEntry, error) {
	filter := bson.D{{Key: "tenant", Value: tenant}}
	if everything {
		filter = bson.D{}
	}
	cursor, err := s.audit.Find(ctx, filter, options.Find().SetSort(bson.D{{Key: "at", Value: -1}}).SetLimit(int64(limit)))
	if err != nil {
		return nil, fmt.Errorf("webmongo: audit: %w", err)
	}
	var rows []auditRow
	if err := cursor.All(ctx, &rows); err != nil {
		return nil, fmt.Errorf("webmongo: audit: %w", err)
	}
	var entries []web.AuditEntry
	for _, r := range rows {
		var e web.AuditEntry
		if err := json.Unmarshal([]byte(r.Doc), &e); err != nil {
			return nil, fmt.Errorf("webmongo: audit: %w", err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// PurgeAudit implements web.Store.
func (s *Store) PurgeAudit(ctx context.Context, t time.Time) error {
	if _, err := s.audit.DeleteMany(ctx, bson.D{{Key: "at", Value: bson.D{{Key: "$lt", Value: t.UnixNano()}}}}); err != nil {
		return fmt.Errorf("webmongo: purge audit: %w", err)
	}
	return nil
}
