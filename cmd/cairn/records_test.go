package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// installation is a data folder that the commands of the admin work on.
type installation struct {
	t    *testing.T
	data string
}

func newInstallation(t *testing.T) installation { return installation{t, t.TempDir()} }

// do runs a command and returns what it prints to stdout and stderr.
func (i installation) do(args ...string) (stdout, stderr string, err error) {
	i.t.Helper()
	var out, errs bytes.Buffer
	args = append(append([]string{"cairn"}, args...), "-data", i.data, "-public-url", "https://learn.example.org")
	err = run(i.t.Context(), args, func(string) string { return "" }, &out, &errs)
	return out.String(), errs.String(), err
}

// must runs a command that has to work, and returns what it prints.
func (i installation) must(args ...string) string {
	i.t.Helper()
	out, stderr, err := i.do(args...)
	if err != nil {
		i.t.Fatalf("cairn %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	return out
}

func (i installation) file(path string) string {
	return filepath.Join(i.data, "tenants", "main", path)
}

const picture = "a picture of Ada"

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// recordsFolder is a folder of statements as another record store might export
// them: of Ada and Grace, with a voided one, references and an attachment.
func recordsFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	id := func(n int) string { return fmt.Sprintf("10000000-0000-4000-8000-%012d", n) }
	const ada, grace = `{"mbox":"mailto:ada@example.org","name":"Ada"}`, `{"name":"Grace","account":{"homePage":"https://lms.example.org","name":"7"}}`
	const did = `"verb":{"id":"http://adlnet.gov/expapi/verbs/completed","display":{"en":"completed"}}`
	const course = `{"id":"https://example.org/course","definition":{"type":"http://adlnet.gov/expapi/activities/course","name":{"en":"A course"}}}`
	rest := func(n int) string { return fmt.Sprintf(`,"timestamp":"2026-03-0%dT09:00:00.123+01:00"}`, n) }
	attachment := fmt.Sprintf(`,"attachments":[{"usageType":"https://example.org/picture","display":{"en":"p"},"contentType":"image/png","length":%d,"sha2":%q}]`, len(picture), digestOf(picture))
	lines := []string{
		`{"id":"` + id(1) + `","actor":` + ada + `,` + did + `,"object":` + course + attachment + rest(1),
		`{"id":"` + id(2) + `","actor":` + grace + `,` + did + `,"object":` + course + `,"context":{"instructor":` + ada + `,"extensions":{"https://e.org/x.y$":{"n":12345678901234567890.10}}}` + rest(2),
		`{"id":"` + id(3) + `","actor":` + grace + `,` + did + `,"object":{"objectType":"StatementRef","id":"` + id(1) + `"}` + rest(3),
		`{"id":"` + id(4) + `","actor":` + ada + `,` + did + `,"object":` + course + rest(4),
		`{"id":"` + id(5) + `","actor":` + grace + `,"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},"object":{"objectType":"StatementRef","id":"` + id(4) + `"}` + rest(5),
		`{"id":"` + id(6) + `","actor":` + grace + `,` + did + `,"object":` + course + `,"authority":{"mbox":"mailto:lrs@example.org"},"stored":"2026-03-06T09:00:00Z","version":"1.0.0"` + `}`,
		`{"id":"` + id(7) + `","actor":` + grace + `,` + did + `,"object":` + course + `,"context":{"contextAgents":[{"objectType":"contextAgent","agent":` + ada + `}]},"version":"2.0.0"` + rest(7),
	}
	must(t, os.Mkdir(filepath.Join(dir, "attachments"), 0o700))
	must(t, writeFile(filepath.Join(dir, "attachments", digestOf(picture)), picture))
	must(t, writeFile(filepath.Join(dir, "statements.ndjson"), strings.Join(lines, "\n")+"\n"))
	return dir
}

var storedTime = regexp.MustCompile(`"stored":"[^"]*"`)

// exported is what an export writes, without the times of stored.
func (i installation) exported() string {
	i.t.Helper()
	dir := i.t.TempDir()
	i.must("statements", "export", dir)
	data, err := os.ReadFile(filepath.Join(dir, "statements.ndjson"))
	must(i.t, err)
	return storedTime.ReplaceAllString(string(data), "")
}

func TestAnExportThatIsImportedElsewhereIsTheSameButForStored(t *testing.T) {
	first, second := newInstallation(t), newInstallation(t)
	if out := first.must("statements", "import", recordsFolder(t)); out != "new 7, known 0, erased 0, refused 0; attachments 1 (16 bytes)\n" {
		t.Errorf("it said %q", out)
	}
	dir := t.TempDir()
	first.must("statements", "export", dir)
	if data, err := os.ReadFile(filepath.Join(dir, "attachments", digestOf(picture))); err != nil || string(data) != picture {
		t.Errorf("the attachment is %q, %v", data, err)
	}
	second.must("statements", "import", dir)
	if got, want := second.exported(), first.exported(); got != want || strings.Count(got, "\n") != 7 {
		t.Errorf("the second export is\n%s\nthe first\n%s", got, want)
	}
	if out := second.must("statements", "import", dir); out != "new 0, known 7, erased 0, refused 0; attachments 0 (0 bytes)\n" {
		t.Errorf("the second import said %q", out)
	}
	second.must("statements", "verify")
	if got, want := second.exported(), first.exported(); got != want {
		t.Errorf("the second import changed\n%s", got)
	}
}

func TestAnExportThatBrokeOffGoesOn(t *testing.T) {
	i := newInstallation(t)
	i.must("statements", "import", recordsFolder(t))
	dir := t.TempDir()
	i.must("statements", "export", dir)
	file := filepath.Join(dir, "statements.ndjson")
	whole, err := os.ReadFile(file)
	must(t, err)
	for _, cut := range []int{len(whole), len(whole) - 1, len(whole) - 300, 5, 0} {
		must(t, os.Truncate(file, int64(min(cut, len(whole)))))
		must(t, os.RemoveAll(filepath.Join(dir, "attachments")))
		i.must("statements", "export", dir)
		if got, _ := os.ReadFile(file); string(got) != string(whole) {
			t.Errorf("cut at %d of %d it becomes\n%s", cut, len(whole), got)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "attachments", digestOf(picture))); err != nil {
		t.Error(err)
	}
	if _, _, err := i.do("statements", "export", dir, "-tenant", "main", "-since", "2020-01-01T00:00:00Z"); err == nil || !strings.Contains(err.Error(), "export.json") {
		t.Errorf("another export into the folder: %v", err)
	}
	if out := i.must("statements", "export", t.TempDir(), "-since", "2100-01-01T00:00:00Z"); !strings.HasPrefix(out, "exported 0 ") {
		t.Errorf("since the future it %s", out)
	}
}

func TestWhatCannotBeImportedIsToldByLineAndTheRestGoesIn(t *testing.T) {
	i := newInstallation(t)
	dir := recordsFolder(t)
	file := filepath.Join(dir, "statements.ndjson")
	data, err := os.ReadFile(file)
	must(t, err)
	bad := []string{
		`{"actor":{}}`, `not JSON`, ``,
		strings.Replace(strings.Split(string(data), "\n")[1], "12345678901234567890.10", "2", 1), // another statement of this id
		strings.Replace(strings.Split(string(data), "\n")[0], digestOf(picture), digestOf("nothing"), 1),
		strings.Replace(strings.Split(string(data), "\n")[2], `"id":"10000000-0000-4000-8000-000000000003",`, "", 1),
	}
	must(t, writeFile(file, string(data)+strings.Join(bad, "\n")+"\n"))
	out, stderr, err := i.do("statements", "import", dir)
	if err == nil || !strings.HasPrefix(out, "new 7, known 0, erased 0, refused 5;") {
		t.Errorf("it said %q, %v", out, err)
	}
	for _, want := range []string{
		file + ":8: ", file + ":9: ", file + ":11: id: another statement with this id is stored\n",
		file + ":12: attachments[0]: ", file + ":13: id: ",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("it does not say %q:\n%s", want, stderr)
		}
	}
}

func TestVerifySaysWhichBytesAreDamaged(t *testing.T) {
	i := newInstallation(t)
	i.must("statements", "import", recordsFolder(t))
	if out := i.must("statements", "verify"); !strings.HasPrefix(out, "7 statements (1 voided), 1 activities, 1 attachments (16 bytes); 0 ") {
		t.Errorf("it said %q", out)
	}
	blob := ""
	must(t, filepath.WalkDir(i.file("attachments"), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.Contains(path, digestOf(picture)[4:]) {
			blob = path
		}
		return err
	}))
	must(t, os.Chmod(blob, 0o600))
	must(t, writeFile(blob, "A"+picture[1:]))
	out, stderr, err := i.do("statements", "verify", "-json")
	if err == nil || !strings.Contains(stderr, "10000000-0000-4000-8000-000000000001: attachment "+digestOf(picture)+" has other bytes") {
		t.Errorf("damaged: %v\n%s", err, stderr)
	}
	var report struct{ Problems int }
	must(t, json.Unmarshal([]byte(out), &report))
	if report.Problems != 1 {
		t.Errorf("%d problems, want 1:\n%s", report.Problems, stderr)
	}
	must(t, os.Remove(blob))
	if _, stderr, err := i.do("statements", "verify"); err == nil || !strings.Contains(stderr, "is missing") {
		t.Errorf("removed: %v\n%s", err, stderr)
	}
}

func TestAPersonIsErasedOnlyWithYesAndDoesNotComeBack(t *testing.T) {
	i := newInstallation(t)
	dir := recordsFolder(t)
	i.must("statements", "import", dir)
	before := i.exported()
	dry := i.must("erase", "-actor", "mailto:ada@example.org")
	for _, want := range []string{"Dry run", "people of the workflows    0", "as actor        2", "mention    2", "voided among them        1", "removed         2", "rewritten       2", "attachments removed        1 (16 bytes)"} {
		if !strings.Contains(dry, want) {
			t.Errorf("the dry run does not say %q:\n%s", want, dry)
		}
	}
	if got := i.exported(); got != before {
		t.Errorf("the dry run changed\n%s", got)
	}
	age(t, i.file("attachments"))
	out := i.must("erase", "-actor", "mailto:ada@example.org", "-yes")
	if strings.Contains(out, "ada@") || !strings.Contains(out, "attachments removed        1 (16 bytes)") {
		t.Errorf("it said\n%s", out)
	}
	check := func() {
		t.Helper()
		i.must("statements", "verify")
		got := i.exported()
		if strings.Contains(got, "ada@") || strings.Contains(got, "Ada") || strings.Count(got, "\n") != 5 {
			t.Errorf("the export is\n%s", got)
		}
		if strings.Count(got, "https://learn.example.org/pseudonym") != 2 || !strings.Contains(got, "12345678901234567890.10") {
			t.Errorf("statements of others are not as they should be:\n%s", got)
		}
	}
	check()
	if out := i.must("statements", "import", dir); !strings.HasPrefix(out, "new 0, known 3, erased 4, refused 0;") {
		t.Errorf("the import after it said %q", out)
	}
	check()
	if out := i.must("erase", "-actor", "mailto:ada@example.org", "-yes", "-json"); !strings.Contains(out, `"statements_removed":0`) {
		t.Errorf("erased again: %s", out)
	}
}

// age makes files look old, as if no upload could be under way.
func age(t *testing.T, dir string) {
	t.Helper()
	old := time.Now().Add(-3 * time.Hour)
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			err = os.Chtimes(path, old, old)
		}
		return err
	}))
}

func TestWhoIsErasedIsNamedInTheFormsOfTheHelp(t *testing.T) {
	for text, key := range map[string]string{
		"mailto:ada@example.org":                    "mbox|mailto:ada@example.org",
		"MAILTO:Ada@example.org":                    "mbox|mailto:Ada@example.org",
		"sha1:" + strings.Repeat("aB", 20):          "mbox_sha1sum|" + strings.Repeat("ab", 20),
		strings.Repeat("0", 40):                     "mbox_sha1sum|" + strings.Repeat("0", 40),
		"https://ada.example.org/":                  "openid|https://ada.example.org/",
		"https://lms.example.org 4711":              "account|https://lms.example.org|4711",
		"https://lms.example.org Ada Lovelace":      "account|https://lms.example.org|Ada Lovelace",
		` {"openid":"https://ada.example.org/a b"}`: "",
		`{"openid":"https://ada.example.org/"}`:     "openid|https://ada.example.org/",
		`{"objectType":"Group","member":[]}`:        "",
		"ada@example.org":                           "",
		"mailto:ada":                                "",
		"sha1:12":                                   "",
		"Ada":                                       "",
		"":                                          "",
		"Ada Lovelace":                              "",
	} {
		agent, err := parseActor(text)
		if (err != nil) != (key == "") || agent.Key() != key && key != "" {
			t.Errorf("%q is %q, %v; want %q", text, agent.Key(), err, key)
		}
	}
}

func TestRulesOfRetentionAreSetShownAppliedAndRemoved(t *testing.T) {
	i := newInstallation(t)
	i.must("statements", "import", recordsFolder(t))
	i.must("retention", "set", "-age", "2y")
	if out := i.must("retention", "set", "-age", "4w", "-type", "http://adlnet.gov/expapi/activities/course"); out != "   730 days  all others\n    28 days  http://adlnet.gov/expapi/activities/course\n" {
		t.Errorf("the rules are\n%s", out)
	}
	if out := i.must("retention", "apply", "-dry-run"); out != "would remove 0 statements and 0 attachments (0 bytes)\n" {
		t.Errorf("it said %q", out)
	}
	i.must("retention", "remove")
	if out := i.must("retention", "list", "-json"); out != `[{"type":"http://adlnet.gov/expapi/activities/course","days":28}]`+"\n" {
		t.Errorf("the rules are %s", out)
	}
	for _, args := range [][]string{
		{"retention", "remove"}, {"retention", "set", "-age", "5"}, {"retention", "set", "-age", "0d"}, {"retention", "set", "-age", "101y"},
		{"retention", "set", "-age", "5d", "-type", "course"},
	} {
		if _, _, err := i.do(args...); err == nil {
			t.Errorf("%v works", args)
		}
	}
}
