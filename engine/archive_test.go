package engine_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/library"
)

func TestAnExportIsImportedAgainElsewhereAndHereChangesNothing(t *testing.T) {
	h, other := newHouse(t, monday), newHouse(t, monday)
	files, err := fs.Glob(library.Files(), "*.yaml")
	must(t, err)
	for _, name := range files {
		id := engine.WorkflowID(strings.TrimSuffix(name, ".yaml"))
		source, err := fs.ReadFile(library.Files(), name)
		must(t, err)
		_, _, err = h.ImportWorkflow(t.Context(), name, source, library.Files())
		must(t, err)
		f, err := h.ExportWorkflow(t.Context(), id, 0)
		must(t, err)
		if string(f.Source) == string(source) {
			t.Fatalf("%s is stored in canonical form: nothing is shown", id)
		}
		packed, err := f.Archive()
		must(t, err)
		for _, at := range []*house{h, other} {
			file, source, aids, err := engine.OpenArchive(packed)
			must(t, err)
			w, problems, err := at.ImportWorkflow(t.Context(), file, source, aids)
			must(t, err)
			if w.ID != id || len(w.Steps()) == 0 {
				t.Errorf("%s comes back as %s: %v", id, w.ID, problems)
			}
			again, err := at.ExportWorkflow(t.Context(), id, w.Version)
			must(t, err)
			if !bytes.Equal(again.Source, f.Source) || !maps.Equal(again.Aids, f.Aids) {
				t.Errorf("%s: exported, imported and exported it is another", id)
			}
		}
	}
	f, err := h.ExportWorkflow(t.Context(), "first-steps", 0)
	must(t, err)
	other2 := strings.Replace(string(f.Source), "minutes: 3", "minutes: 4", 1)
	_, _, err = h.ImportWorkflow(t.Context(), "f.yaml", []byte(other2), library.Files())
	if !errors.Is(err, engine.ErrConflict) || !strings.Contains(err.Error(), "raise `version`") {
		t.Errorf("other content under the same version: %v", err)
	}
}

// packed is a ZIP of these files.
func packed(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		w, err := z.Create(files[i])
		must(t, err)
		_, err = w.Write([]byte(files[i+1]))
		must(t, err)
	}
	must(t, z.Close())
	return b.Bytes()
}

func TestAnArchiveThatIsNotOneWorkflowIsRefused(t *testing.T) {
	many := []string{"w.yaml", "a: b"}
	for range 501 {
		many = append(many, strings.Repeat("x", len(many)), "")
	}
	link := func() []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		header := &zip.FileHeader{Name: "aids/passwd.md"}
		header.SetMode(fs.ModeSymlink | 0o777)
		w, err := z.CreateHeader(header)
		must(t, err)
		_, err = w.Write([]byte("/etc/passwd"))
		must(t, err)
		must(t, z.Close())
		return b.Bytes()
	}
	for want, data := range map[string][]byte{
		"no ZIP file":        []byte("workflow: x"),
		"leads out of it":    packed(t, "w.yaml", "a: b", "../../etc/cron.d/x", "x"),
		`"/etc/x" leads out`: packed(t, "/etc/x", "x"),
		"twice":              packed(t, "w.yaml", "a: b", "aids/x.md", "1", "aids/x.md", "2"),
		"0 definitions":      packed(t, "aids/x.md", "x"),
		"2 definitions":      packed(t, "a.yaml", "x", "b.yaml", "x"),
		"larger than":        packed(t, "w.yaml", "a: b", "aids/bomb.md", strings.Repeat("0", 6<<20)),
		"more than 500":      packed(t, many...),
		"neither":            link(),
		"beside the folder":  packed(t, "w/w.yaml", "a: b", "aids/x.md", "x"),
	} {
		_, _, _, err := engine.OpenArchive(data)
		if !errors.Is(err, engine.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	file, source, aids, err := engine.OpenArchive(packed(t, "w/w.yaml", "a: b", "w/aids/x.md", "text"))
	must(t, err)
	text, err := fs.ReadFile(aids, "aids/x.md")
	must(t, err)
	if file != "w.yaml" || string(source) != "a: b" || string(text) != "text" {
		t.Errorf("%s %s %s", file, source, text)
	}
}

func FuzzArchive(f *testing.F) {
	f.Add(packed(f, "w.yaml", "a: b", "aids/x.md", "x"))
	f.Add(packed(f, "w/w.yaml", "a: b", "../x", "x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, source, aids, err := engine.OpenArchive(data)
		if err != nil {
			if !errors.Is(err, engine.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		if file == "" || len(source) > engine.MaxSource || aids == nil {
			t.Fatalf("%q with %d bytes", file, len(source))
		}
		engine.ParseWorkflow(file, source)
	})
}
