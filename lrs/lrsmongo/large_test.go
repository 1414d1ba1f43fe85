package lrsmongo

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
	"go.mongodb.org/mongo-driver/v2/bson"
)

func TestTheLargestStatementFitsIntoADocumentWithAllItsKeys(t *testing.T) {
	_, s := nodes(t)
	l := lrs.New(s, lrs.Options{MaxStatement: 1 << 30}) // more than it may be
	said := func(bytes int) xapi.Statement {
		response := strings.Repeat("x", bytes)
		return xapi.Statement{ID: entryOf(1).ID, Actor: ada, Verb: xapi.VerbOf(did), Object: xapi.ActivityObject(xapi.Activity{ID: "https://e.org/x"}),
			Timestamp: time.Now(), Result: &xapi.Result{Response: response}}
	}
	const most = 12 << 20
	if err := l.Record(t.Context(), ada, []xapi.Statement{said(most)}); !errors.As(err, new(*xapi.Error)) {
		t.Errorf("more than the bound: %v", err)
	}
	if err := l.Record(t.Context(), ada, []xapi.Statement{said(most - 1000)}); err != nil {
		t.Fatal(err)
	}
	row, err := s.Get(t.Context(), entryOf(1).ID)
	if err != nil || len(row.Doc) < most-1000 {
		t.Errorf("it has %d bytes, %v", len(row.Doc), err)
	}
	keys := make([]lrs.IndexKey, 2000*lrs.MaxReach)
	for i := range keys {
		keys[i] = lrs.IndexKey(fmt.Sprint("v ", i))
	}
	data, err := bson.Marshal(toDocument(lrs.Entry{ID: row.ID, Doc: row.Doc, Keys: keys}, row.ID, 1))
	if err != nil || len(data) > 16<<20 {
		t.Errorf("with all keys it may be found by it has %d bytes, %v", len(data), err)
	}
}
