package engine_test

import (
	"io/fs"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/library"
)

func TestTheLibraryIsLintedClean(t *testing.T) {
	files, err := fs.Glob(library.Files(), "*.yaml")
	if err != nil || len(files) != 7 {
		t.Fatalf("the library holds %v (%v)", files, err)
	}
	for _, file := range files {
		source, err := fs.ReadFile(library.Files(), file)
		if err != nil {
			t.Fatal(err)
		}
		if _, problems := engine.LintWorkflow(file, source, library.Files()); len(problems) > 0 {
			t.Errorf("%v", problems)
		}
	}
}
