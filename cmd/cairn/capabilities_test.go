package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/web/api"
)

func TestTheTableOfCapabilitiesIsWhole(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "capabilities.md"))
	must(t, err)
	next := 1
	for n, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		number, err := strconv.Atoi(strings.TrimSpace(cells[1]))
		if err != nil {
			continue
		}
		if number != next || len(cells) != 8 {
			t.Fatalf("docs/capabilities.md:%d: number %d with %d cells, %d expected", n+1, number, len(cells), next)
		}
		next++
		state, tests, where, missing := strings.TrimSpace(cells[3]), strings.Contains(cells[4], "`Test"), strings.TrimSpace(cells[5]) != "", strings.TrimSpace(cells[6]) != ""
		switch state {
		case "proven":
			if !tests || !where || missing {
				t.Errorf("docs/capabilities.md:%d: proven by no test, to be found nowhere, or something is missing", n+1)
			}
		case "in part":
			if !tests || !where || !missing {
				t.Errorf("docs/capabilities.md:%d: in part: by which test, where, and what is missing?", n+1)
			}
		case "open":
			if tests || !missing {
				t.Errorf("docs/capabilities.md:%d: open, but there is a test, or it does not say what is missing", n+1)
			}
		default:
			t.Errorf("docs/capabilities.md:%d: state %q", n+1, state)
		}
	}
	if next != 87 {
		t.Fatalf("the table ends before number %d", next)
	}
}

func TestEveryRouteThatTheTableOfCapabilitiesNamesIsInTheAPI(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "capabilities.md"))
	must(t, err)
	known := map[string]bool{}
	var operations []api.Operation
	must(t, json.Unmarshal([]byte(newInstallation(t).must("api", "-json")), &operations))
	for _, o := range operations {
		known[o.Method+" "+o.Path] = true
	}
	named := regexp.MustCompile("`((?:GET|POST|PUT|PATCH|DELETE) /api/[^`]*)`").FindAllSubmatch(page, -1)
	for _, route := range named {
		if !known[string(route[1])] {
			t.Errorf("docs/capabilities.md: there is no %s", route[1])
		}
	}
	if len(named) < 20 {
		t.Fatalf("only %d routes found", len(named))
	}
}
