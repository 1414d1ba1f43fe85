package lrsmongo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/cairn-lms/cairn/lrs"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// file is one document of a state or profile resource in lrs_documents.
type file struct {
	ID           string `bson:"_id"` // of its place: fileID
	Rev          string `bson:"rev"` // of its content, another one with each change
	Agent        string `bson:"agent"`
	Resource     string `bson:"resource"`
	Activity     string `bson:"activity"`
	Registration string `bson:"registration"`
	Name         string `bson:"name"`
	Updated      int64  `bson:"updated"`
	Type         string `bson:"type"`
	Body         []byte `bson:"body"`
}

// fileIndex finds the documents of a set, and of an agent.
func fileIndex() map[string]bson.D {
	return map[string]bson.D{"lrs_documents_set": {
		{Key: "agent", Value: 1}, {Key: "resource", Value: 1}, {Key: "activity", Value: 1}, {Key: "registration", Value: 1}, {Key: "updated", Value: 1},
	}}
}

func fileID(id lrs.DocumentID) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", id.Resource, id.Activity, id.Agent, id.Registration, id.Name))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func newFile(id lrs.DocumentID, d lrs.Document) file {
	body := d.Body
	if body == nil {
		body = []byte{} // empty is not null
	}
	return file{
		ID: fileID(id), Rev: rand.Text(), Agent: id.Agent, Resource: string(id.Resource), Activity: id.Activity,
		Registration: id.Registration, Name: id.Name, Updated: d.Updated, Type: d.Type, Body: body,
	}
}

func (f file) document() lrs.Document {
	return lrs.Document{Type: f.Type, Updated: f.Updated, Body: f.Body}
}

func (f file) place() lrs.DocumentID {
	return lrs.DocumentID{
		DocumentSet: lrs.DocumentSet{Resource: lrs.DocumentResource(f.Resource), Activity: f.Activity, Agent: f.Agent, Registration: f.Registration},
		Name:        f.Name,
	}
}

func inSet(set lrs.DocumentSet) bson.D {
	return bson.D{
		{Key: "agent", Value: set.Agent}, {Key: "resource", Value: string(set.Resource)},
		{Key: "activity", Value: set.Activity}, {Key: "registration", Value: set.Registration},
	}
}

// file returns what is at the place, nil if nothing is.
func (s *Store) file(ctx context.Context, id lrs.DocumentID) (*file, error) {
	var f file
	err := s.files.FindOne(ctx, bson.M{"_id": fileID(id)}).Decode(&f)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil //nolint:nilnil // no document
	}
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// Document implements lrs.Documents.
func (s *Store) Document(ctx context.Context, id lrs.DocumentID) (lrs.Document, error) {
	f, err := s.file(ctx, id)
	if err == nil && f == nil {
		err = lrs.ErrNotFound
	}
	if err != nil {
		return lrs.Document{}, fmt.Errorf("lrsmongo: document: %w", err)
	}
	return f.document(), nil
}

// ChangeDocument implements lrs.Documents: it reads, and writes if what it read is
// still there, until that succeeds. Whenever it does not, another's change has.
func (s *Store) ChangeDocument(ctx context.Context, id lrs.DocumentID, change func(*lrs.Document) (*lrs.Document, error)) error {
	for {
		f, err := s.file(ctx, id)
		if err != nil {
			return fmt.Errorf("lrsmongo: change document: %w", err)
		}
		var old *lrs.Document
		if f != nil {
			d := f.document()
			old = &d
		}
		now, err := change(old)
		if err != nil {
			return err
		}
		done, err := s.swap(ctx, id, f, now)
		if err != nil {
			return fmt.Errorf("lrsmongo: change document: %w", err)
		}
		if done {
			return nil
		}
	}
}

// swap puts now in the place of old, if that is there still. Either may be nil.
func (s *Store) swap(ctx context.Context, id lrs.DocumentID, old *file, now *lrs.Document) (bool, error) {
	switch {
	case old == nil && now == nil:
		return true, nil
	case old == nil:
		_, err := s.files.InsertOne(ctx, newFile(id, *now))
		if mongo.IsDuplicateKeyError(err) {
			return false, nil
		}
		return err == nil, err
	case now == nil:
		res, err := s.files.DeleteOne(ctx, bson.M{"_id": old.ID, "rev": old.Rev})
		return err == nil && res.DeletedCount == 1, err
	}
	res, err := s.files.ReplaceOne(ctx, bson.M{"_id": old.ID, "rev": old.Rev}, newFile(id, *now))
	return err == nil && res.MatchedCount == 1, err
}

// DocumentNames implements lrs.Documents.
func (s *Store) DocumentNames(ctx context.Context, set lrs.DocumentSet, since int64) ([]lrs.DocumentName, error) {
	filter := append(inSet(set), bson.E{Key: "updated", Value: bson.M{"$gt": since}})
	files, err := s.listFiles(ctx, filter)
	if err != nil {
		return nil, fmt.Errorf("lrsmongo: document names: %w", err)
	}
	out := make([]lrs.DocumentName, len(files))
	for i, f := range files {
		out[i] = lrs.DocumentName{Name: f.Name, Updated: f.Updated}
	}
	return out, nil
}

// listFiles returns the files without their bodies, oldest first.
func (s *Store) listFiles(ctx context.Context, filter any) ([]file, error) {
	return findAll[file](ctx, s.files, filter, options.Find().SetProjection(bson.M{"body": 0}).SetSort(bson.D{{Key: "updated", Value: 1}}))
}

// DeleteDocuments implements lrs.Documents.
func (s *Store) DeleteDocuments(ctx context.Context, set lrs.DocumentSet) error {
	if _, err := s.files.DeleteMany(ctx, inSet(set)); err != nil {
		return fmt.Errorf("lrsmongo: delete documents: %w", err)
	}
	return nil
}

// AgentDocuments implements lrs.Documents.
func (s *Store) AgentDocuments(ctx context.Context, agent string) ([]lrs.DocumentID, error) {
	files, err := s.listFiles(ctx, bson.M{"agent": agent})
	if err != nil {
		return nil, fmt.Errorf("lrsmongo: agent's documents: %w", err)
	}
	out := make([]lrs.DocumentID, len(files))
	for i, f := range files {
		out[i] = f.place()
	}
	return out, nil
}

// DeleteAgentDocuments implements lrs.Documents.
func (s *Store) DeleteAgentDocuments(ctx context.Context, agent string) (int, error) {
	res, err := s.files.DeleteMany(ctx, bson.M{"agent": agent})
	if err != nil {
		return 0, fmt.Errorf("lrsmongo: delete agent's documents: %w", err)
	}
	return int(res.DeletedCount), nil
}

// MoveAgentDocuments implements lrs.Documents, one by one: the copy first, then
// the original goes, if it is still what was copied.
func (s *Store) MoveAgentDocuments(ctx context.Context, from, to string) (int, error) {
	for n := 0; from != to; {
		var f file
		err := s.files.FindOne(ctx, bson.M{"agent": from}).Decode(&f)
		if errors.Is(err, mongo.ErrNoDocuments) {
			return n, nil
		}
		if err == nil {
			id := f.place()
			id.Agent = to
			err = s.ChangeDocument(ctx, id, func(old *lrs.Document) (*lrs.Document, error) {
				if old != nil && old.Updated >= f.Updated {
					return old, nil
				}
				d := f.document()
				return &d, nil
			})
		}
		if err == nil {
			var res *mongo.DeleteResult
			if res, err = s.files.DeleteOne(ctx, bson.M{"_id": f.ID, "rev": f.Rev}); err == nil {
				n += int(res.DeletedCount)
			}
		}
		if err != nil {
			return n, fmt.Errorf("lrsmongo: move agent's documents: %w", err)
		}
	}
	return 0, nil
}
