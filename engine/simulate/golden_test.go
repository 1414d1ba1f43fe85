package simulate_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine/simulate"
)

var update = flag.Bool("update", false, "write the golden files anew: look at what has changed before you keep it")

// TestTheCalendarsAreThoseThatWereLookedAt keeps what people live through from changing unnoticed. Where a change is
// meant: go test ./engine/simulate -run LookedAt -update, and read the difference.
func TestTheCalendarsAreThoseThatWereLookedAt(t *testing.T) {
	for _, file := range []string{"first-steps.yaml", example} {
		for _, persona := range simulate.Personas() {
			var b bytes.Buffer
			must(t, run(t, file, persona).WriteText(&b))
			golden := filepath.Join("testdata", strings.TrimSuffix(file, ".yaml")+"-"+string(persona)+".txt")
			if *update {
				must(t, os.MkdirAll("testdata", 0o755))
				must(t, os.WriteFile(golden, b.Bytes(), 0o644))
				continue
			}
			want, err := os.ReadFile(golden)
			must(t, err)
			if got := strings.Split(b.String(), "\n"); b.String() != string(want) {
				for i, line := range strings.Split(string(want), "\n") {
					if i >= len(got) || got[i] != line {
						t.Errorf("%s:%d: it was\n%s\nand is\n%s", golden, i+1, line, strings.Join(got[min(i, len(got)):min(i+1, len(got))], ""))
						break
					}
				}
			}
		}
	}
}
