package engine

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the expected part of the golden files")

const rule = "----------\n"

// golden compares what told says of each file of a folder of testdata with what stands in it. A file is a definition, ten
// dashes, and what its author is told.
func golden(t *testing.T, folder string, atLeast int, told func(t *testing.T, source string) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txt"))
	if err != nil || len(files) < atLeast {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source, want, _ := strings.Cut(string(data), rule)
			got := told(t, source)
			if *update {
				if err := os.WriteFile(file, []byte(source+rule+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("told\n%swant\n%s", got, want)
			}
		})
	}
}
