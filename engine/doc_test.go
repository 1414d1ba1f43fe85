package engine

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTheIndexOfTheEngineNamesEveryFileOnce(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, index, found := strings.Cut(string(doc), "# Where is what")
	if !found {
		t.Fatal("doc.go has no index")
	}
	line := regexp.MustCompile(`(?m)^//\t  ((?:[a-z_]+, )*[a-z_]+) `)
	var named []string
	for _, m := range line.FindAllStringSubmatch(index, -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			named = append(named, name+".go")
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(s string) bool { return strings.HasSuffix(s, "_test.go") })
	slices.Sort(named)
	for i, name := range named {
		if i > 0 && name == named[i-1] {
			t.Errorf("the index names %s twice", name)
		}
		if !slices.Contains(files, name) {
			t.Errorf("the index names %s, which is not there", name)
		}
	}
	for _, name := range files {
		if !slices.Contains(named, name) {
			t.Errorf("the index does not name %s", name)
		}
	}
}
