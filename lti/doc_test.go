package lti_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheIndexNamesEveryFileOnce(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, index, _ := strings.Cut(string(doc), "Where what stands:")
	index, _, _ = strings.Cut(index, "A login goes through")
	named := strings.FieldsFunc(index, func(r rune) bool { return strings.ContainsRune(" ,\t\n/()", r) })
	named = slices.DeleteFunc(named, func(s string) bool { return !strings.HasSuffix(s, ".go") })
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(s string) bool { return s == "doc.go" || strings.HasSuffix(s, "_test.go") })
	slices.Sort(named)
	slices.Sort(files)
	if !slices.Equal(named, files) {
		t.Errorf("the index names\n%v\nbut there are\n%v", named, files)
	}
}
