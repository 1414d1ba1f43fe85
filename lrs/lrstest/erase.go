package lrstest

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // xAPI's mbox_sha1sum
	"crypto/sha256"
	"encoding/hex"
	"errors"
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

func erasure(t *testing.T, newStore func(t *testing.T, name string) lrs.Store) {
	for name, test := range map[string]func(*testing.T, func(name string) lrs.Store){
		"a person is erased and does not come back":                  erases,
		"a person lives on under a pseudonym":                        pseudonymises,
		"an erasure that broke off anywhere is completed by another": erasesAfterCrash,
		"a dry run tells what would be done and changes nothing":     dryRun,
		"a new beginning after the erasure is kept":                  newBeginning,
		"statements go when they are of age":                         retains,
		"a voiding goes with what it voids":                          retainsVoidings,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(name string) lrs.Store { return newStore(t, name) })
		})
	}
}

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
		if strings.Contains(doc, `"ada`) || strings.Contains(doc, "ada@") || strings.Contains(doc, hex.EncodeToString(sum[:])) {
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

// erased is what is left of history when Ada is erased.
const erased = "2 4 5 7 8 9 10v 11 13 16 17 18"

func erases(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	w.take(history()...)
	w.leave()
	before := w.verified()
	report, err := w.erase(false)
	must(t, err)
	rows := w.verified()
	w.nothingOfAda(rows)
	if got := numbers(rows); got != erased {
		t.Errorf("there are %s, want %s", got, erased)
	}
	for n, r := range rows {
		switch n {
		case 2, 4, 5, 10, 13, 18:
			if !bytes.Equal(r.Doc, before[n].Doc) {
				t.Errorf("statement %d became %s", n, r.Doc)
			}
		default:
			if strings.Count(string(r.Doc), `"homePage":"https://cairn.example/pseudonym","name":"`+report.Pseudonym+`"`) != 1 {
				t.Errorf("statement %d has not the pseudonym: %s", n, r.Doc)
			}
		}
		if r.Stored != before[n].Stored {
			t.Errorf("statement %d was stored anew", n)
		}
	}
	want := lrs.ErasureReport{Pseudonym: report.Pseudonym, Actor: 6, Object: 1, Mentioned: 5, Voided: 2, Removed: 6, Rewritten: 6,
		States: 1, Profiles: 1, Signatures: 1, Released: lrs.Released{Attachments: 2, Bytes: int64(len(own) + len(signed))}}
	if report != want {
		t.Errorf("the report is\n%+v, want\n%+v", report, want)
	}
	if _, ok := w.blobs.m[digest(shared)]; !ok || len(w.blobs.m) != 1 {
		t.Errorf("%d attachments are left", len(w.blobs.m))
	}
	if w.documents("mbox|mailto:ada@e.org") != 0 || w.documents("account|https://e.org|7") != 2 {
		t.Error("the documents of the wrong person are gone")
	}

	imported := w.take(history()...)
	if imported.New != 0 || imported.Erased != 12 || imported.Known != 6 {
		t.Errorf("imported again: %+v", imported)
	}
	must(t, w.lrs.Record(t.Context(), xapi.AccountAgent("https://e.org", "lms"), []xapi.Statement{{
		ID: id(1), Actor: xapi.Agent{Mbox: "mailto:ada@e.org"}, Verb: xapi.VerbOf("https://e.org/did"), Object: xapi.ActivityObject(xapi.Activity{ID: "https://e.org/x"}),
	}})) // by id, whatever it says
	imported = w.take(
		statement(20, `"actor":`+ada+`,`+did+`,`+course), // an outbox that was late
		statement(21, `"actor":`+grace+`,`+did+`,`+course+`,"context":{"instructor":`+ada+`}`),
		statement(22, `"actor":`+grace+`,`+did+`,`+course))
	if imported.New != 2 || imported.Erased != 1 {
		t.Errorf("the late ones: %+v", imported)
	}
	rows = w.verified()
	w.nothingOfAda(rows)
	if got := numbers(rows); got != erased+" 21 22" {
		t.Errorf("in the end there are %s", got)
	}
}

func pseudonymises(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	w.take(history()...)
	w.leave()
	report, err := w.erase(true)
	must(t, err)
	check := func(want string) {
		t.Helper()
		rows := w.verified()
		w.nothingOfAda(rows)
		if got := numbers(rows); got != want {
			t.Errorf("there are %s, want %s", got, want)
		}
	}
	const all = "1 2 3 4 5 6 7 8 9 10v 11 12v 13 14 15v 16 17 18"
	check(all)
	if report.Removed != 0 || report.Rewritten != 12 || report.Attachments != 1 {
		t.Errorf("the report is %+v", report)
	}
	pseudonym := "account|https://cairn.example/pseudonym|" + report.Pseudonym
	if w.documents("mbox|mailto:ada@e.org") != 0 || w.documents(pseudonym) != 2 {
		t.Error("the documents do not have the pseudonym")
	}
	rows, _, err := w.store.Select(t.Context(), by(lrs.IndexKey("a "+pseudonym)))
	must(t, err)
	expect(t, rows, 1, 3, 4, 5, 6, 11, 13, 14) // 4, 5 and 13 refer to such
	if imported := w.take(history()...); imported.New != 0 || imported.Erased != 12 || imported.Refused != 0 {
		t.Errorf("imported again: %+v", imported)
	}
	w.take(statement(20, `"actor":`+ada+`,`+did+`,`+course))
	check(all + " 20")
}

// crashing is a store that stops working after some changes.
type crashing struct {
	lrs.Store
	left int
}

var errCrash = errors.New("the process is dead")

func (c *crashing) step() error {
	if c.left--; c.left < 0 {
		return errCrash
	}
	return nil
}

func (c *crashing) Replace(ctx context.Context, changes []lrs.Change) error {
	for _, change := range changes { // as the worst of stores would
		if err := c.step(); err != nil {
			return err
		}
		if err := c.Store.Replace(ctx, []lrs.Change{change}); err != nil {
			return err
		}
	}
	return nil
}

func (c *crashing) Bury(ctx context.Context, t []lrs.Tombstone) error {
	return errors.Join(c.step(), c.Store.Bury(ctx, t))
}

func (c *crashing) SwapSetting(ctx context.Context, name string, old, doc []byte) (bool, error) {
	if err := c.step(); err != nil {
		return false, err
	}
	return c.Store.SwapSetting(ctx, name, old, doc)
}

func (c *crashing) DeleteAgentDocuments(ctx context.Context, agent string) (int, error) {
	if err := c.step(); err != nil {
		return 0, err
	}
	return c.Store.DeleteAgentDocuments(ctx, agent)
}

func erasesAfterCrash(t *testing.T, newStore func(string) lrs.Store) {
	for after, crashed := 0, true; crashed; after += 3 {
		store := newStore(fmt.Sprint("a", after))
		w := newWorld(t, store)
		w.take(history()...)
		w.leave()
		w.over(&crashing{store, after})
		_, err := w.erase(false)
		if crashed = errors.Is(err, errCrash); !crashed {
			must(t, err)
		}
		w.over(store)
		w.take(history()[:3]...) // a client tries again meanwhile
		_, err = w.erase(false)
		must(t, err)
		rows := w.verified()
		w.nothingOfAda(rows)
		// 14 may stay, under the pseudonym, if its target went before the crash.
		if got := strings.Replace(numbers(rows), "13 14 16", "13 16", 1); got != erased {
			t.Errorf("after a crash at step %d there are %s, want %s", after, got, erased)
		}
		if len(w.blobs.m) != 1 || w.documents("mbox|mailto:ada@e.org") != 0 {
			t.Errorf("after a crash at step %d: %d attachments, %d documents", after, len(w.blobs.m), w.documents("mbox|mailto:ada@e.org"))
		}
	}
}

func dryRun(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	w.take(history()...)
	w.leave()
	before := fmt.Sprint(w.all())
	dry, err := w.lrs.Erase(t.Context(), lrs.Erasure{Agent: xapi.Agent{Mbox: "mailto:ada@e.org"}, DryRun: true})
	must(t, err)
	if after := fmt.Sprint(w.all()); after != before || len(w.blobs.m) != 3 || w.documents("mbox|mailto:ada@e.org") != 2 {
		t.Error("the dry run changed something")
	}
	if imported := w.take(history()...); imported.Known != len(history()) {
		t.Errorf("after a dry run: %+v", imported)
	}
	done, err := w.erase(false)
	must(t, err)
	dry.DryRun, dry.Pseudonym = false, done.Pseudonym
	if dry != done {
		t.Errorf("the dry run told\n%+v, what was done is\n%+v", dry, done)
	}
	if _, err := w.lrs.Erase(t.Context(), lrs.Erasure{Agent: xapi.Agent{ObjectType: "Group"}}); !errors.Is(err, lrs.ErrNobody) {
		t.Errorf("nobody is erased: %v", err)
	}
}

func newBeginning(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	w.take(history()[:3]...)
	_, err := w.erase(false)
	must(t, err)
	later := strings.Replace(statement(20, `"actor":`+ada+`,`+did+`,`+course), "08:00", "09:01", 1)
	if imported := w.take(later); imported.New != 1 {
		t.Errorf("%+v", imported)
	}
	rows := w.verified()
	if got := numbers(rows); got != "2 20" || !strings.Contains(string(rows[20].Doc), "mailto:ada@e.org") {
		t.Errorf("there are %s", got)
	}
	w.clock.add(time.Hour)
	_, err = w.erase(false) // that is erased too
	must(t, err)
	if got := numbers(w.verified()); got != "2" {
		t.Errorf("there are %s", got)
	}
}

func retains(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	const day = 24 * time.Hour
	bare := `"object":{"id":"https://e.org/course"}` // of the type that is known from elsewhere
	w.take(
		statement(1, `"actor":`+grace+`,`+did+`,`+course+`,`+attached("https://e.org/u", own)),
		statement(2, `"actor":`+grace+`,`+did+`,"object":{"id":"https://e.org/x"}`),
		statement(3, `"actor":`+grace+`,`+did+`,`+bare+`,`+attached("https://e.org/u", shared)))
	w.clock.add(20 * day)
	w.take(statement(4, `"actor":`+grace+`,`+did+`,`+course+`,`+attached("https://e.org/u", shared)), statement(5, `"actor":`+bob+`,`+did+`,`+ref(2)))
	must(t, w.lrs.SetRule(t.Context(), lrs.Rule{Days: 30}))
	must(t, w.lrs.SetRule(t.Context(), lrs.Rule{Type: "https://e.org/type/course", Days: 10}))
	apply := func(dry bool, removed, looked, attachments int) {
		t.Helper()
		r, err := w.lrs.ApplyRetention(t.Context(), dry)
		must(t, err)
		n := 0
		for _, rule := range r.Rules {
			n += rule.Looked
		}
		if r.Removed != removed || n != looked || r.Attachments != attachments {
			t.Errorf("%d removed, %d looked at, %d attachments; want %d, %d, %d", r.Removed, n, r.Attachments, removed, looked, attachments)
		}
	}
	apply(true, 2, 3, 0)
	apply(false, 2, 3, 1)
	if got := numbers(w.verified()); got != "2 4 5" {
		t.Errorf("there are %s", got)
	}
	apply(false, 0, 0, 0) // each is looked at once
	w.clock.add(11 * day)
	apply(false, 2, 3+0, 1)
	if got := numbers(w.verified()); got != "5" {
		t.Errorf("later there are %s", got)
	}
	must(t, w.lrs.RemoveRule(t.Context(), "https://e.org/type/course"))
	must(t, w.lrs.RemoveRule(t.Context(), ""))
	w.clock.add(1000 * day)
	apply(false, 0, 0, 0)
	if imported := w.take(statement(2, `"actor":`+grace+`,`+did+`,"object":{"id":"https://e.org/x"}`)); imported.New != 1 {
		t.Errorf("what went for its age may come again: %+v", imported)
	}
}

func retainsVoidings(t *testing.T, newStore func(string) lrs.Store) {
	w := newWorld(t, newStore("a"))
	const day = 24 * time.Hour
	w.take(statement(1, `"actor":`+grace+`,`+did+`,`+course), statement(2, `"actor":`+bob+`,`+voided+`,`+ref(1)),
		statement(3, `"actor":`+bob+`,`+voided+`,`+ref(9)))
	must(t, w.lrs.SetRule(t.Context(), lrs.Rule{Days: 10}))
	must(t, w.lrs.SetRule(t.Context(), lrs.Rule{Type: "https://e.org/type/course", Days: 50}))
	w.clock.add(20 * day)
	for _, want := range []string{"1v 2", ""} {
		_, err := w.lrs.ApplyRetention(t.Context(), false)
		must(t, err)
		if got := numbers(w.verified()); got != want {
			t.Errorf("there are %q, want %q", got, want)
		}
		w.clock.add(40 * day)
	}
}
