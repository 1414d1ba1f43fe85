package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Whatever calls a URL that others gave us must use the guarded client that main
// hands in: nobody else makes one, dials, or uses the default one.
func TestNobodyButTheGuardCallsOut(t *testing.T) {
	forbidden := map[string][]string{
		"http": {"Client", "DefaultClient", "DefaultTransport", "Transport", "Get", "Head", "Post", "PostForm", "NewFileTransport"},
		"net":  {"Dial", "DialTimeout", "Dialer", "DialTCP"},
		"tls":  {"Dial", "Dialer", "DialWithDialer"},
		"jwk":  {"Fetch", "NewCache", "NewCachedSet"},
	}
	// A parameter or field of type *http.Client is how the guarded one is handed in.
	for _, dir := range []string{"lti", "lti/ltisqlite", "lti/ltimongo", "web", "lrs", "engine"} {
		files, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			handedIn := map[ast.Node]bool{}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if star, ok := n.(*ast.StarExpr); ok {
					handedIn[star.X] = true // *http.Client
				}
				selected, ok := n.(*ast.SelectorExpr)
				if !ok || handedIn[selected] {
					return true
				}
				pkg, ok := selected.X.(*ast.Ident)
				if ok && slices.Contains(forbidden[pkg.Name], selected.Sel.Name) {
					t.Errorf("%s: %s.%s calls past the guard", set.Position(n.Pos()), pkg.Name, selected.Sel.Name)
				}
				return true
			})
		}
	}
}
