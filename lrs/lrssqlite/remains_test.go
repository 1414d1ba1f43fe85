package lrssqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// noise is text that does not compress.
func noise(n int) string {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		b.WriteString(fmt.Sprintf("%x", lrs.Checksum(fmt.Appendf(nil, "noise %d of %d", i, n))))
	}
	return b.String()[:n]
}

// remains tells in which of the store's files the bytes are.
func remains(t *testing.T, file string, what []byte) (in []string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(file + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, what) {
			in = append(in, filepath.Base(file)+suffix)
		}
	}
	return in
}

var bookmark = lrs.DocumentID{DocumentSet: lrs.DocumentSet{Resource: lrs.StateDocuments, Activity: "https://e.org/x", Agent: "mbox|mailto:ada@e.org"}, Name: "bookmark"}

func setDocument(t *testing.T, s *Store, body string) {
	t.Helper()
	err := s.ChangeDocument(t.Context(), bookmark, func(*lrs.Document) (*lrs.Document, error) {
		return &lrs.Document{Type: "text/plain", Updated: 1, Body: []byte(body)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasErasedIsNotInTheFilesAnyMore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	s := openSmall(t, file)
	setDocument(t, s, "the first secret, "+noise(6000))
	setDocument(t, s, "another secret")
	e := entryOf(1)
	e.Doc = fmt.Appendf(nil, `{"id":%q,"result":{"response":%q}}`, e.ID, noise(3000))
	for n := 2; n < 50; n++ { // the log is long
		if _, err := s.Insert(t.Context(), time.Now, []lrs.Entry{entryOf(n)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Insert(t.Context(), time.Now, []lrs.Entry{e}); err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{
		"the first document": []byte("the first secret"), "the document": []byte("another secret"),
		"the agent": []byte("ada@e.org"), "the statement": deflated(e.Doc)[200:1200],
	}
	for name, secret := range secrets {
		if name != "the first document" && len(remains(t, file, secret)) == 0 { // that is overwritten
			t.Fatalf("%s is in no file from the start", name)
		}
	}
	if _, err := s.DeleteAgentDocuments(t.Context(), bookmark.Agent); err != nil {
		t.Fatal(err)
	}
	if err := s.Replace(t.Context(), []lrs.Change{{ID: e.ID, Was: e.Doc}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, secret := range secrets {
		if in := remains(t, file, secret); len(in) > 0 {
			t.Errorf("%s is still in %v", name, in)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestALogThatAReaderHoldsIsEmptiedWhenItIsGone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	s := openSmall(t, file)
	setDocument(t, s, "a secret")
	reader, err := s.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var n int
	for _, text := range []string{`BEGIN`, `SELECT count(*) FROM lrs_documents`} {
		if err := reader.QueryRowContext(t.Context(), text).Scan(&n); err != nil && !errors.Is(err, sql.ErrNoRows) {
			t.Fatal(err)
		}
	}
	if _, err := s.DeleteAgentDocuments(t.Context(), bookmark.Agent); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	s.bringIn(t.Context())
	if len(remains(t, file, []byte("a secret"))) == 0 {
		t.Fatal("the reader does not hold the log")
	}
	if _, err := reader.ExecContext(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); len(remains(t, file, []byte("a secret"))) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("it is never emptied")
		}
	}
}
