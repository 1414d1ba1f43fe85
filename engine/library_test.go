package engine_test

import (
	"io/fs"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/library"
)

func TestTheLibraryIsAcceptedAndWarnsOnlyOfWhatIsKnown(t *testing.T) {
	files, err := fs.Glob(library.Files(), "*.yaml")
	if err != nil || len(files) != 7 {
		t.Fatalf("the library holds %v (%v)", files, err)
	}
	for _, file := range files {
		source, err := fs.ReadFile(library.Files(), file)
		if err != nil {
			t.Fatal(err)
		}
		w, problems := engine.ParseWorkflow(file, source)
		if problems.Refused() {
			t.Fatalf("%s is refused:\n%v", file, problems)
		}
		t.Logf("%s: %d steps, %d warnings\n%v", file, len(w.Steps()), len(problems), problems)
	}
}
