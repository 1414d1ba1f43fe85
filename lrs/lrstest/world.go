package lrstest

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // xAPI's mbox_sha1sum
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
)

// memory keeps attachments in memory.
type memory struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (b *memory) Put(_ context.Context, sha2 string, r io.Reader) (int64, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	if digest(string(data)) != sha2 {
		return 0, lrs.ErrDigest
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.m == nil {
		b.m = map[string][]byte{}
	}
	b.m[sha2] = data
	return int64(len(data)), nil
}

func (b *memory) Open(_ context.Context, sha2 string) (io.ReadCloser, int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.m[sha2]
	if !ok {
		return nil, 0, lrs.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
}

func (b *memory) Delete(_ context.Context, sha2 string, _ time.Time) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.m[sha2]
	delete(b.m, sha2)
	return ok, nil
}

func (b *memory) Each(_ context.Context, f func(lrs.Blob) error) error {
	for sha2, data := range b.m {
		if err := f(lrs.Blob{SHA2: sha2, Size: int64(len(data))}); err != nil {
			return err
		}
	}
	return nil
}

func (b *memory) Sweep(context.Context, time.Time) error { return nil }

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// world is a record store with what Ada and Grace did.
type world struct {
	t     *testing.T
	store lrs.Store
	lrs   *lrs.LRS
	clock *clock
	blobs *memory
	dir   string
}

const (
	ada   = `{"mbox":"mailto:ada@e.org","name":"Ada"}`
	grace = `{"account":{"homePage":"https://e.org","name":"7"},"name":"Grace"}`
	bob   = `{"mbox":"mailto:bob@e.org"}`

	did    = `"verb":{"id":"https://e.org/did"}`
	voided = `"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"}`

	shared, own, signed = "shared by Ada and Grace", "Ada's own", "signed by Grace for Ada"
)

func newWorld(t *testing.T, store lrs.Store) *world {
	w := &world{t: t, store: store, clock: newClock(), blobs: &memory{}, dir: t.TempDir()}
	w.over(store)
	return w
}

// over lets the record store work over another store.
func (w *world) over(store lrs.Store) {
	w.lrs = lrs.New(store, lrs.Options{Now: w.clock.now, Blobs: w.blobs, IRIBase: "https://cairn.example"})
}

func attached(usage, text string) string {
	return fmt.Sprintf(`"attachments":[{"usageType":%q,"display":{"en":"x"},"contentType":"application/octet-stream","length":%d,"sha2":%q}]`,
		usage, len(text), digest(text))
}

// statement n is told an hour before the world's clock.
func statement(n int, rest string) string {
	return fmt.Sprintf(`{"id":%q,"timestamp":"2026-11-21T08:00:00Z","authority":%s,%s}`, id(n), `{"account":{"homePage":"https://e.org","name":"lms"}}`, rest)
}

const course = `"object":{"id":"https://e.org/course","definition":{"type":"https://e.org/type/course"}}`

func ref(n int) string { return fmt.Sprintf(`"object":{"objectType":"StatementRef","id":%q}`, id(n)) }

func history() []string {
	sum := sha1.Sum([]byte("mailto:ada@e.org")) //nolint:gosec // see the import
	hidden := `{"mbox_sha1sum":"` + strings.ToUpper(hex.EncodeToString(sum[:])) + `"}`
	return []string{
		statement(1, `"actor":`+ada+`,`+did+`,`+course+`,`+attached("https://e.org/u", own)),
		statement(2, `"actor":`+grace+`,`+did+`,`+course+`,`+attached("https://e.org/u", shared)),
		statement(3, `"actor":`+ada+`,`+did+`,`+course+`,`+attached("https://e.org/u", shared)),
		statement(4, `"actor":`+grace+`,`+did+`,`+ref(1)),
		statement(5, `"actor":`+bob+`,`+did+`,`+ref(4)),
		statement(6, `"actor":`+grace+`,`+did+`,"object":{"objectType":"Agent","mbox":"mailto:ada@e.org"}`),
		statement(7, `"actor":`+grace+`,`+did+`,`+course+`,"context":{"instructor":`+hidden+`}`),
		statement(8, `"actor":{"objectType":"Group","member":[`+bob+`,`+ada+`]},`+did+`,`+course),
		statement(9, `"actor":`+grace+`,`+did+`,"object":{"objectType":"SubStatement","actor":`+ada+`,`+did+`,`+course+`}`),
		statement(10, `"actor":`+bob+`,`+did+`,`+course),
		statement(11, `"actor":`+ada+`,`+voided+`,`+ref(10)), // what Bob said stays voided
		statement(12, `"actor":`+ada+`,`+did+`,`+course),
		statement(13, `"actor":`+grace+`,`+voided+`,`+ref(12)),
		statement(14, `"actor":`+ada+`,`+voided+`,`+ref(15)),
		statement(15, `"actor":`+ada+`,`+did+`,`+course),
		statement(16, `"actor":`+grace+`,`+did+`,`+course+`,"context":{"team":{"objectType":"Group","member":[`+ada+`]}},`+attached(xapi.UsageSignature, signed)),
		strings.Replace(statement(17, `"actor":`+grace+`,`+did+`,`+course), `{"account":{"homePage":"https://e.org","name":"lms"}}`, ada, 1),
		statement(18, `"actor":`+grace+`,`+did+`,`+ref(9)),
	}
}

// take stores statements as an import does, and wants that it goes well.
func (w *world) take(lines ...string) lrs.ImportReport {
	w.t.Helper()
	for _, text := range []string{shared, own, signed} {
		must(w.t, os.MkdirAll(filepath.Join(w.dir, "attachments"), 0o700))
		must(w.t, os.WriteFile(filepath.Join(w.dir, "attachments", digest(text)), []byte(text), 0o600))
	}
	file := filepath.Join(w.dir, "statements.ndjson")
	must(w.t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
	report, err := w.lrs.Import(w.t.Context(), file, lrs.ImportOptions{Refused: func(err error) { w.t.Error(err) }})
	must(w.t, err)
	return report
}

// leave lets Ada and Grace have documents.
func (w *world) leave() {
	w.t.Helper()
	for _, who := range []string{"mbox|mailto:ada@e.org", "account|https://e.org|7"} {
		for _, set := range []lrs.DocumentSet{
			{Resource: lrs.StateDocuments, Activity: "https://e.org/course", Agent: who},
			{Resource: lrs.AgentProfileDocuments, Agent: who},
		} {
			must(w.t, w.store.ChangeDocument(w.t.Context(), lrs.DocumentID{DocumentSet: set, Name: "d"}, func(*lrs.Document) (*lrs.Document, error) {
				return &lrs.Document{Type: "text/plain", Updated: 1, Body: []byte("x")}, nil
			}))
		}
	}
}

func (w *world) documents(agent string) int {
	w.t.Helper()
	list, err := w.store.AgentDocuments(w.t.Context(), agent)
	must(w.t, err)
	return len(list)
}

// erase erases Ada.
func (w *world) erase(pseudonymise bool) (lrs.ErasureReport, error) {
	return w.lrs.Erase(w.t.Context(), lrs.Erasure{Agent: xapi.Agent{Mbox: "mailto:ada@e.org"}, Pseudonymise: pseudonymise})
}

// all is every document by the number of its statement, voided ones too.
func (w *world) all() map[int]lrs.Row {
	w.t.Helper()
	q := all()
	q.Voided = true
	rows := map[int]lrs.Row{}
	for _, r := range sel(w.t, w.store, q) {
		var n int
		_, err := fmt.Sscanf(r.ID[24:], "%x", &n)
		must(w.t, err)
		rows[n] = r
	}
	return rows
}

// verified wants that all agrees and nothing tells of Ada.
func (w *world) verified() map[int]lrs.Row {
	w.t.Helper()
	report, err := w.lrs.Verify(w.t.Context(), lrs.VerifyOptions{Problem: func(p string) { w.t.Error(p) }})
	must(w.t, err)
	rows := w.all()
	if report.Statements != len(rows) {
		w.t.Errorf("%d statements were verified, there are %d", report.Statements, len(rows))
	}
	return rows
}

func (w *world) nothingOfAda(rows map[int]lrs.Row) {
	w.t.Helper()
	sum := sha1.Sum([]byte("mailto:ada@e.org")) //nolint:gosec // see the import
	for n, r := range rows {
		doc := strings.ToLower(string(r.Doc))
		// Not "ada" alone: a pseudonym in hexadecimal may hold that.
		if strings.Contains(doc, `"ada"`) || strings.Contains(doc, "ada@") || strings.Contains(doc, hex.EncodeToString(sum[:])) {
			w.t.Errorf("statement %d tells of Ada: %s", n, r.Doc)
		}
	}
}

func numbers(rows map[int]lrs.Row) string {
	var out []string
	for n := range 100 {
		if r, ok := rows[n]; ok {
			text := fmt.Sprint(n)
			if r.Flags.Has(lrs.Voided) {
				text += "v"
			}
			out = append(out, text)
		}
	}
	return strings.Join(out, " ")
}
