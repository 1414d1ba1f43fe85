package lrs_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrsfiles"
	"github.com/cairn-lms/cairn/xapi"
)

const (
	linkedBytes = "what came with the second"
	activity    = "https://e.org/x"
)

// linking is a statement of one attachment with that fileUrl; it says what the
// activity is called.
func linking(n int, fileURL string) string {
	sum := sha256.Sum256([]byte(linkedBytes))
	if fileURL != "" {
		fileURL = fmt.Sprintf(`,"fileUrl":%q`, fileURL)
	}
	return fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"https://e.org/v"},"object":{"id":%q,"definition":{"name":{"en":"Number %d"}}},`+
		`"timestamp":"2026-11-21T09:00:00Z","authority":{"mbox":"mailto:lrs@b.c"},"version":"1.0.0","attachments":[{"usageType":"https://e.org/u","display":{},"contentType":"text/plain","length":%d,"sha2":%q%s}]}`,
		uuidOf(n), activity, n, len(linkedBytes), hex.EncodeToString(sum[:]), fileURL)
}

// records is a record store of its own, with files for attachments.
func records(t *testing.T) (*lrs.LRS, lrs.Store, lrs.Blobs) {
	t.Helper()
	blobs, err := lrsfiles.New(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	store := openHere(t)
	return lrs.New(store, lrs.Options{Blobs: blobs, Now: time.Now}), store, blobs
}

// told is what the store knows of the statements besides their bytes: whether they
// define, and how many attachments came.
func told(t *testing.T, s lrs.Store) (out []string) {
	t.Helper()
	rows, _, err := s.Select(t.Context(), lrs.Selection{After: -1, Until: 1 << 62, Limit: 100, Ascending: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		came, err := r.Attachments()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s defines %v, has %d", r.ID[35:], r.Flags.Has(lrs.Defines), len(came)))
	}
	return out
}

func nameOf(t *testing.T, s lrs.Store) string {
	t.Helper()
	d, err := s.Definitions(t.Context(), []string{activity})
	if err != nil {
		t.Fatal(err)
	}
	return string(d[activity])
}

func importing(t *testing.T, l *lrs.LRS, path string) (report lrs.ImportReport, refused string) {
	t.Helper()
	report, err := l.Import(t.Context(), path, lrs.ImportOptions{
		Authority: xapi.AccountAgent("https://e.org", "import"), Refused: func(err error) { refused += err.Error() + "\n" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return report, refused
}

// An export that is imported elsewhere gives nobody bytes they only knew the digest
// of, and lets nobody define who might not.
func TestAnImportKnowsOfStatementsWhatTheExporterKnew(t *testing.T) {
	l, store, blobs := records(t)
	sum := sha256.Sum256([]byte(linkedBytes))
	if _, err := blobs.Put(t.Context(), hex.EncodeToString(sum[:]), strings.NewReader(linkedBytes)); err != nil {
		t.Fatal(err)
	}
	for n, kept := range []struct {
		fileURL string
		came    lrs.Flags
		defines bool
	}{
		{fileURL: "https://e.org/f"},
		{fileURL: "https://e.org/f", came: 1 << 8, defines: true},
		{defines: true},
		{},
	} {
		e := lrs.Entry{ID: uuidOf(n + 1), Doc: []byte(linking(n+1, kept.fileURL)), Flags: kept.came}
		var err error
		if e.Keys, _, err = lrs.Reindex(e.Doc); err != nil {
			t.Fatal(err)
		}
		if kept.defines {
			e.Flags |= lrs.Defines
			if e.Definitions, err = lrs.DefinitionsOf(e.Doc); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := store.Insert(t.Context(), time.Now, []lrs.Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	want, name := fmt.Sprint(told(t, store)), nameOf(t, store)
	if want != "[1 defines false, has 0 2 defines true, has 1 3 defines true, has 1 4 defines false, has 1]" || !strings.Contains(name, "Number 3") {
		t.Fatalf("from the start it is %s, %s", want, name)
	}
	dir := t.TempDir()
	export := func() (files [2]string) {
		t.Helper()
		if _, err := l.Export(t.Context(), dir, lrs.ExportOptions{Source: "x"}); err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"statements.ndjson", "marks.ndjson"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			files[i] = string(data)
		}
		return files
	}
	whole := export()
	for _, path := range []string{dir, filepath.Join(dir, "statements.ndjson")} {
		other, copied, _ := records(t)
		for range 2 {
			importing(t, other, path)
		}
		if got := fmt.Sprint(told(t, copied)); got != want || nameOf(t, copied) != name {
			t.Errorf("imported from %s it is %s, %s", path, got, nameOf(t, copied))
		}
	}

	for cut := 0; cut <= len(whole[0]); cut += 97 { // an export that broke off goes on, marks and all
		for _, more := range []string{"", `{"id":"0000`, strings.Repeat("\x00", 9) + "\n"} {
			write(t, filepath.Join(dir, "statements.ndjson"), whole[0][:cut])
			write(t, filepath.Join(dir, "marks.ndjson"), whole[1]+more)
			if again := export(); again != whole {
				t.Fatalf("cut at %d it becomes %q", cut, again)
			}
		}
	}

	other, _, _ := records(t)
	write(t, filepath.Join(dir, "marks.ndjson"), whole[1]+"{}\n"+whole[1])
	write(t, filepath.Join(dir, "statements.ndjson"), whole[0]+strings.ReplaceAll(whole[0], "2026-11-21T", "2036-11-21T"))
	if _, err := other.Import(t.Context(), dir, lrs.ImportOptions{}); !errors.Is(err, lrs.ErrExport) || !strings.Contains(err.Error(), "marks.ndjson:3: ") {
		t.Errorf("with marks that are none: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "marks.ndjson")); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Import(t.Context(), dir, lrs.ImportOptions{}); !errors.Is(err, lrs.ErrExport) {
		t.Errorf("without marks: %v", err)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Bytes that others have brought are nobody else's, whoever may import.
func TestAFileOfStatementsBringsTheBytesThatAreBesideIt(t *testing.T) {
	l, store, blobs := records(t)
	sum := sha256.Sum256([]byte(linkedBytes))
	digest := hex.EncodeToString(sum[:])
	if _, err := blobs.Put(t.Context(), digest, strings.NewReader(linkedBytes)); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "other.ndjson")
	write(t, file, linking(1, "https://e.org/f")+"\n"+linking(2, ""))
	report, refused := importing(t, l, file)
	if report.New != 1 || report.Refused != 1 || !strings.Contains(refused, ":2: attachments[0]: has no fileUrl, and there is no file "+digest) {
		t.Errorf("%+v, %s", report, refused)
	}
	write(t, filepath.Join(dir, "attachments", digest), linkedBytes)
	write(t, file, linking(2, "")+"\n"+linking(3, "https://e.org/f"))
	if report, refused := importing(t, l, file); report.New != 2 {
		t.Errorf("%+v, %s", report, refused)
	}
	if got := fmt.Sprint(told(t, store)); got != "[1 defines true, has 0 2 defines true, has 1 3 defines true, has 1]" {
		t.Errorf("it is %s", got)
	}
}
