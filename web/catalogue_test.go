package web

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/text"
	"github.com/cairn-lms/cairn/lti"
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
	coachActs = []string{engine.ActAdmit, engine.ActExtend, engine.ActReopen, engine.ActExcuse}
	pickKinds = strings.Fields("whole step finish portfolio")
)

// Of reviewers' pages.
var (
	allPurposes = append(strings.Fields("discuss attend"), purposes...)
	overs       = strings.Fields("expired forwarded declined stopped closed")
)

// Of the portfolio.
var entryKinds = strings.Fields("artefact reflection feedback signoff")

var formats = map[string][]string{
	"page.evidence.state.%s": strings.Fields("recorded reflected submitted verified"),
	"page.entry.kind.%s":     entryKinds, "page.entry.kinds.%s": entryKinds,
	"page.kind.%s": allKinds, "page.why.%s": allKinds, "page.confirm.%s": allKinds, "page.confirm.%s.ask": allKinds, "page.submit.%s": allKinds,
	"page.people.%s": allRoles, "page.people.%s.why": allRoles, "page.by.%s": allRoles, "page.role.%s": append([]string{"learner"}, allRoles...),
	"page.facts.review.%s": allRoles, "page.board.nobody.%s": allRoles, "page.phase.%s": {"before", "during", "after"},
	"page.request.%s": purposes, "page.request.comment.%s": purposes, "page.mark.%s": marks,
	"page.outcome.%s": append(ended, outcomes...), "page.request.thanks.%s": append(ended, outcomes...),
	"review.lead.%s": allPurposes, "review.list.asks.%s": allPurposes, "review.about.as.%s": allRoles, "review.about.stands_in.%s": allRoles,
	"review.over.%s": overs, "review.over.%s.text": overs, "review.over.%s.now": overs, "review.list.talk.%s": strings.Fields("ask_for_help at_max step_with"),
	"page.board.looks.%s": allRoles, "page.board.turn.%s": allRoles,
	"page.board.by.%s": sources, "page.board.grade.%s": strings.Fields("gone not_gradable stale forbidden refused"),
	"page.inbox.%s": strings.Fields("open due late later returned approved not_yet completed event answered with news"), "page.later.%s": strings.Fields("tomorrow days week"),
	"page.preferences.locale.%s": text.Locales(),
	"page.pick.kind.%s":          pickKinds, "page.pick.kind.%s.text": pickKinds,
	"admin.status.%s": {"active", "suspended", "pending"}, "admin.by.%s": {ByLink, ByLaunch, ByCommand},
	"admin.kind.%s":  {lti.FailedLogin, lti.FailedLaunch, lti.FailedRegistration, lti.FailedRestart, lti.FailedNotice, lti.FailedLiveEvent},
	"admin.check.%s": strings.Fields("status address keys clock our_keys token roster line_items launches"),
	"admin.state.%s": {string(lti.CheckOK), string(lti.CheckWarn), string(lti.CheckFail), string(lti.CheckSkipped)},
	"admin.cause.%s": append(causesIn("../lti/selftest.go"), causesIn("../lti/errors.go")...), "admin.act.%s": actsIn(),
	"coach.state.%s": strings.Fields("active completed stopped"), "coach.role.%s": allRoles, "coach.evidence.%s": strings.Fields("recorded reflected submitted verified"),
	"coach.several.confirm.%s": strings.Fields("completed split"), "coach.several.means.%s": strings.Fields("completed split"),
	"coach.why.%s":  strings.Fields("late waiting nobody missed paused left unopened course unconfirmed"),
	"coach.sent.%s": strings.Fields("step_open step_due step_late news"), "coach.did.%s": strings.Fields("pause resume enrol unenrol version excuse reopen open set_due assign confirm_named set_anchor hold_nudges release_nudges"), "coach.nudges.by.%s": strings.Fields("lms email chat"),
	"coach.act.%s": coachActs, "coach.act.%s.text": coachActs, "coach.act.%s.do": coachActs,
	"coach.board.only.%s": append([]string{"all"}, engine.BoardOnly()...),
	"page.error.%s.title": nil, "page.error.%s.text": nil, "page.answer.%s.%s": nil,
}

// causesIn are the causes that a source of lti names.
func causesIn(file string) []string {
	source, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	var causes []string
	for _, re := range []string{`Cause: "([a-z0-9_]+)"`, `Cause += "([a-z0-9_]+)"`, `Cause(?:, [a-zA-Z.]+)* = (?:[A-Z][A-Za-z]+, )?"([a-z0-9_]+)"`, `return "([a-z0-9_]+)"`} {
		for _, found := range regexp.MustCompile(re).FindAllStringSubmatch(string(source), -1) {
			causes = append(causes, found[1])
		}
	}
	return causes
}

// actsIn are the acts that the sources of this package and of the commands note.
func actsIn() []string {
	acts := strings.Fields("registration.suspend registration.frames registration.resume registration.auto registration.approve registration.rotate registration.remove " +
		"deployment.approve deployment.suspend deployment.move")
	act := regexp.MustCompile(`Act: "([a-z._]+)"`)
	for _, pattern := range []string{"admin*.go", "../cmd/cairn/*.go"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				panic(err)
			}
			for _, found := range act.FindAllStringSubmatch(string(source), -1) {
				if !strings.HasSuffix(found[1], ".") {
					acts = append(acts, found[1])
				}
			}
		}
	}
	return acts
}

func TestEveryMessageThatAPageSaysIsInTheCatalogue(t *testing.T) {
	m := text.Catalogue("en")
	need := func(where, key string) {
		if !m.Has(key) {
			t.Errorf("%s says %s, which is nowhere", where, key)
		}
	}
	said := regexp.MustCompile(`"((?:page|admin|coach|review)\.[a-z0-9_.%]+)"`)
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
	advice, err := os.ReadFile("adminfailures.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`return "([a-z]+)"`).FindAllStringSubmatch(string(advice), -1) {
		need("adminfailures.go", "admin.advice."+found[1])
	}
	for _, page := range strings.Fields("install platforms platform failures audit") {
		need("adminroutes.go", "admin."+page+".title")
	}
	for _, purpose := range allPurposes {
		need("waitlist.go", "review.list.ask."+purpose)
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
