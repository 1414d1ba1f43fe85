package api_test

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

func TestTheExamplesOfTheDocumentationWork(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl")
	}
	w := newWorld(t)
	n := 0
	for _, file := range []string{"../../docs/api.md", "../../docs/events.md"} {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, m := range regexp.MustCompile("(?s)```sh\n(curl .*?)```").FindAllSubmatch(text, -1) {
			n++
			command := exec.CommandContext(t.Context(), "sh", "-c", string(m[1]))
			command.Env = append(os.Environ(), "CAIRN="+w.url, "KEY="+w.all.ID, "SECRET="+w.all.Secret)
			if out, err := command.Output(); err != nil || len(out) == 0 {
				t.Errorf("%s: %v\n%s", m[1], err, out)
			}
		}
	}
	if n < 6 {
		t.Errorf("only %d examples", n)
	}
}
