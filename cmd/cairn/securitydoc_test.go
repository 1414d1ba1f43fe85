package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEveryTestNamedInTheSecurityTableExists(t *testing.T) {
	root := filepath.Join("..", "..")
	exist := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		source, err := os.ReadFile(file)
		for _, found := range declared.FindAllSubmatch(source, -1) {
			exist[string(found[1])] = true
		}
		return err
	})
	must(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	must(t, err)
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`").FindAllSubmatch(page, -1)
	if len(named) < 80 {
		t.Fatalf("the table names %d tests: is it read right?", len(named))
	}
	for _, found := range named {
		if !exist[string(found[1])] {
			t.Errorf("docs/security.md names %s, which does not exist", found[1])
		}
	}
	for n, line := range strings.Split(string(page), "\n") {
		if cells := strings.Split(line, "|"); len(cells) == 5 && !strings.Contains(line, "---") && !strings.Contains(line, "| Tests |") && !strings.Contains(cells[3], "`") {
			t.Errorf("docs/security.md:%d: a defence without a test", n+1)
		}
	}
}
