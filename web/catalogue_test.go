package web

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine/text"
	"github.com/cairn-lms/cairn/web/ui"
)

// What stands for %s in the keys that templates put together.
var (
	allKinds  = strings.Fields("read watch elearning event briefing signoff discuss share conversation experiment assignment practise feedback reflect quiz survey checkin plan")
	allRoles  = strings.Fields("manager peer coach")
	purposes  = strings.Fields("review confirm signoff signoff_confirm survey feedback briefing checkin step")
	outcomes  = strings.Fields("approve return not_yet response acknowledged")
	ended     = strings.Fields("expired withdrawn")
	sources   = strings.Fields("statement canvas_event canvas_state result follow_up course_end finish coach")
	marks     = strings.Fields("locked open submitted returned done skipped expired late")
	pickKinds = strings.Fields("whole step finish portfolio")
)

var formats = map[string][]string{
	"page.kind.%s": allKinds, "page.why.%s": allKinds, "page.confirm.%s": allKinds, "page.confirm.%s.ask": allKinds, "page.submit.%s": allKinds,
	"page.people.%s": allRoles, "page.people.%s.why": allRoles, "page.by.%s": allRoles, "page.role.%s": append([]string{"learner"}, allRoles...),
	"page.facts.review.%s": allRoles, "page.board.nobody.%s": allRoles, "page.phase.%s": {"before", "during", "after"},
	"page.request.%s": purposes, "page.request.comment.%s": purposes, "page.mark.%s": marks,
	"page.outcome.%s": append(ended, outcomes...), "page.request.thanks.%s": append(ended, outcomes...),
	"page.request.lead.%s": {"review", "confirm", "signoff"}, "page.board.looks.%s": allRoles, "page.board.turn.%s": allRoles,
	"page.board.by.%s":  sources,
	"page.pick.kind.%s": pickKinds, "page.pick.kind.%s.text": pickKinds,
	"page.error.%s.title": nil, "page.error.%s.text": nil, "page.answer.%s.%s": nil,
}

func TestEveryMessageThatAPageSaysIsInTheCatalogue(t *testing.T) {
	m := text.Catalogue("en")
	need := func(where, key string) {
		if !m.Has(key) {
			t.Errorf("%s says %s, which is nowhere", where, key)
		}
	}
	said := regexp.MustCompile(`"(page\.[a-z0-9_.%]+)"`)
	check := func(where, source string) {
		for _, found := range said.FindAllStringSubmatch(source, -1) {
			key := found[1]
			if strings.HasSuffix(key, ".") {
				continue // put together in Go, and checked by name below
			}
			values, isFormat := formats[key]
			if strings.Contains(key, "%") && !isFormat {
				t.Errorf("%s says %s: what can that be?", where, key)
			}
			if !isFormat {
				need(where, key)
			}
			for _, value := range values {
				need(where, strings.Replace(key, "%s", value, 1))
			}
		}
	}
	err := fs.WalkDir(ui.Files, "templates", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := fs.ReadFile(ui.Files, path)
		check(path, string(source))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	topic := regexp.MustCompile(`(?:failure\{[^,]+, |Topic: )"([a-z_]+)"`)
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		check(name, string(source))
		for _, found := range topic.FindAllStringSubmatch(string(source), -1) {
			need(name, "page.error."+found[1]+".title")
			need(name, "page.error."+found[1]+".text")
		}
	}
	for _, purpose := range purposes {
		for _, outcome := range outcomes {
			need("page_request.html", "page.answer."+purpose+"."+outcome)
		}
	}
}

func TestTemplatesHoldNoInlineCode(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<script(?:>|[^>]*[^>c]>[^<])|\sstyle=|\son[a-z]+=|javascript:`)
	err := fs.WalkDir(ui.Files, "templates", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := fs.ReadFile(ui.Files, path)
		if found := inline.Find(source); found != nil {
			t.Errorf("%s: %q would be stopped by the policy", path, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
