package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/cairn-lms/cairn"

// mayImport is the plan of the house: which of our packages each package may
// import. What is not listed may not exist. A store may see what it stores for
// and xapi; cmd/cairn joins everything.
var mayImport = map[string][]string{
	"xapi":                nil,
	"lti":                 nil,
	"lti/platform":        nil,
	"cmd/embedded":        nil,
	"cmd/egress":          nil,
	"cmd/sqlitedb":        nil,
	"engine/text":         nil,
	"engine/library":      nil,
	"web/ui":              nil,
	"engine":              {"xapi"},
	"lrs":                 {"xapi"},
	"lti/ltisqlite":       {"lti", "xapi"},
	"lti/ltimongo":        {"lti", "xapi"},
	"lti/ltitest":         {"lti", "xapi"},
	"lrs/lrssqlite":       {"lrs", "xapi"},
	"lrs/lrsmongo":        {"lrs", "xapi"},
	"lrs/lrsfiles":        {"lrs"},
	"lrs/points":          nil,
	"lrs/lrstest":         {"lrs", "xapi"},
	"engine/enginesqlite": {"engine", "xapi"},
	"engine/enginemongo":  {"engine", "xapi"},
	"engine/enginetest":   {"engine", "xapi"},
	"engine/simulate":     {"engine", "xapi"},
	"web/websqlite":       {"web", "xapi"},
	"web/webmongo":        {"web", "xapi"},
	"web/webtest":         {"web", "engine"},
	"engine/mail":         {"engine", "engine/text"},
	"engine/queue":        {"engine", "engine/text", "engine/mail"},
	"web/upload":          {"engine"},
	"web/paper":           nil,
	"web":                 {"lti", "engine", "lrs", "xapi", "web/ui", "web/upload", "web/paper", "engine/text"},
	"web/api":             {"lti", "engine", "lrs", "xapi", "web/ui", "web/upload", "engine/text"},
	"cmd/cairn":           {"*"},
}

// onlyIn says where a technology may be spoken to. A trailing /* stands for any
// package below; "*mongo" for every package whose name ends so.
var onlyIn = map[string][]string{
	"github.com/lestrrat-go/jwx/v2":       {"lti"},
	"github.com/hibiken/asynq":            {"engine/queue"},
	"github.com/redis/go-redis/v9":        {"engine/queue"},
	"go.mongodb.org/mongo-driver/v2":      {"*mongo", "cmd/cairn"},
	"modernc.org/sqlite":                  {"cmd/sqlitedb", "*sqlite"},
	"github.com/gorilla/mux":              {"lti", "lrs", "web"},
	"github.com/goccy/go-yaml":            {"engine"},
	"github.com/yuin/goldmark":            {"web"},
	"golang.org/x/image":                  {"web/upload", "web/paper"},
	"codeberg.org/go-pdf/fpdf":            {"web/paper"},
	"github.com/wneessen/go-mail":         {"engine/mail"},
	"github.com/alicebob/miniredis/v2":    {"cmd/embedded"},
	"github.com/emersion/go-smtp":         {"cmd/embedded"},
	"github.com/emersion/go-message":      {"cmd/embedded"},
	"github.com/urfave/cli/v3":            {"cmd/cairn"},
	"github.com/schollz/progressbar/v3":   {"cmd/cairn"},
	"github.com/prometheus/client_golang": {"cmd/cairn"},
	"go.opentelemetry.io":                 {"cmd/cairn"},
	"net/http":                            {"lti", "lti/platform", "lrs", "web", "web/api", "web/ui", "web/upload", "cmd/cairn", "cmd/embedded", "cmd/egress"},
}

func TestEveryPackageImportsOnlyWhatThePlanOfTheHouseAllows(t *testing.T) {
	for dir, imports := range importsByPackage(t) {
		allowed, planned := mayImport[dir]
		if !planned {
			t.Errorf("package %s is not in the plan of the house (mayImport)", dir)
			continue
		}
		for file, names := range imports {
			for _, name := range names {
				ours, ok := strings.CutPrefix(name, module+"/")
				if ok && !slices.Contains(allowed, ours) && !slices.Contains(allowed, "*") {
					t.Errorf("%s: %s may not import %s", file, dir, ours)
				}
				for technology, rooms := range onlyIn {
					if (name == technology || strings.HasPrefix(name, technology+"/")) && !housedIn(dir, rooms) {
						t.Errorf("%s: %s may not import %s (only %s may)", file, dir, name, strings.Join(rooms, ", "))
					}
				}
			}
		}
	}
}

func TestTheTopLevelHoldsOnlyTheRoomsOfTheHouse(t *testing.T) {
	for dir := range importsByPackage(t) {
		room, _, _ := strings.Cut(dir, "/")
		if !slices.Contains([]string{"cmd", "lti", "xapi", "engine", "lrs", "web"}, room) {
			t.Errorf("package %s stands outside the rooms of the house", dir)
		}
	}
}

func housedIn(dir string, rooms []string) bool {
	return slices.ContainsFunc(rooms, func(room string) bool {
		suffix, wild := strings.CutPrefix(room, "*")
		return dir == room || wild && strings.HasSuffix(path.Base(dir), suffix)
	})
}

// importsByPackage reads the import paths of every non-test Go file of the
// module, by package folder and file.
func importsByPackage(t *testing.T) map[string]map[string][]string {
	t.Helper()
	root := filepath.Join("..", "..")
	packages := map[string]map[string][]string{}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && file != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(rel)
		if packages[dir] == nil {
			packages[dir] = map[string][]string{}
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			packages[dir][file] = append(packages[dir][file], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 10 {
		t.Fatalf("found only %d packages: the walk looks in the wrong place", len(packages))
	}
	return packages
}
