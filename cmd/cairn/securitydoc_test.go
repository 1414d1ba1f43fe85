package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEveryTestThatADocumentNamesExists(t *testing.T) {
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
	written := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	named := map[string]int{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/decisions/*.md"} {
		pages, err := filepath.Glob(filepath.Join(root, pattern))
		must(t, err)
		for _, page := range pages {
			text, err := os.ReadFile(page)
			must(t, err)
			for _, found := range written.FindAllSubmatch(text, -1) {
				named[filepath.Base(page)]++
				if !exist[string(found[1])] {
					t.Errorf("%s names %s, which does not exist", page, found[1])
				}
			}
		}
	}
	if named["security.md"] < 80 || named["course-completion.md"] < 10 {
		t.Fatalf("the documents name %v tests: are they read right?", named)
	}
}

func TestEveryDefenceInTheSecurityTableHasATest(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "security.md"))
	must(t, err)
	for n, line := range strings.Split(string(page), "\n") {
		if cells := strings.Split(line, "|"); len(cells) == 5 && !strings.Contains(line, "---") && !strings.Contains(line, "| Tests |") && !strings.Contains(cells[3], "`") {
			t.Errorf("docs/security.md:%d: a defence without a test", n+1)
		}
	}
}
