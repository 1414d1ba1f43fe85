package web_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// table is what a link to a table gives, its head first.
func (p *person) table(path string) [][]string {
	p.t.Helper()
	got := p.get(path).has(p.t, http.StatusOK)
	if !strings.HasPrefix(got.text, "\uFEFF") || got.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") {
		p.t.Errorf("%s comes as %v", path, got.Header)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(got.text, "\uFEFF"))).ReadAll()
	must(p.t, err)
	return rows
}

// cell is a row's value under a head.
func cell(rows [][]string, row int, head string) string {
	for i, name := range rows[0] {
		if name == head && row < len(rows) {
			return rows[row][i]
		}
	}
	return "no such cell: " + head
}

func TestWhatACoachSeesIsThereAsTablesForOtherPrograms(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	evil := launchOf("6", "=cmd|'/C calc'!A0", "Learner")
	evil.Email = "eve@example.org"
	must(t, w.clock.Advance(time.Minute)) // the board lists by when people came
	w.launch(evil)
	tessa, _ := w.launch(launchOf("3", "Tessa Teacher", "Instructor"))
	tessa.get(tessa.base+"/?only=waits").has(t, http.StatusOK, tessa.base+"/board/board.csv?only=waits")
	rows := tessa.table(tessa.base + "/board/board.csv")
	if len(rows) != 3 || cell(rows, 1, "name") != "Sam Sailor" || cell(rows, 1, "step:try") != "submitted" || cell(rows, 2, "name") != "'=cmd|'/C calc'!A0" || cell(rows, 2, "step:read") != "open" {
		t.Errorf("the board is %q", rows)
	}
	if rows = tessa.table(tessa.base + "/board/board.csv?q=sailor"); len(rows) != 2 {
		t.Errorf("searched for Sam: %q", rows)
	}

	tessa.get(tessa.base+"/board/late").has(t, http.StatusOK)
	rows = tessa.table(tessa.base + "/board/late.csv")
	if cell(rows, 1, "why") != "waiting" || cell(rows, 1, "name") != "Sam Sailor" {
		t.Errorf("the late list is %q", rows)
	}

	tessa.post(tessa.base+"/board/barriers", url.Values{"tag": {"no time"}, "action": {"=1+1"}, "owner": {"Max"}, "due": {"2026-12-01"}}).has(t, http.StatusOK, `id="csv"`)
	if rows = tessa.table(tessa.base + "/board/barriers.csv"); len(rows) != 2 || cell(rows, 1, "action") != "'=1+1" || cell(rows, 1, "owner") != "Max" || cell(rows, 1, "due") != "2026-12-01" {
		t.Errorf("the barriers are %q", rows)
	}

	tessa.get(tessa.base+"/board/reports").has(t, http.StatusOK, `id="csv"`)
	if rows = tessa.table(tessa.base + "/board/reports.csv"); len(rows) != 3 || cell(rows, 1, "class") == "" {
		t.Errorf("the reports are %q", rows)
	}
}

// The board says to whom mails come back, so that a coach can give another address.
func TestTheBoardSaysToWhomMailsComeBack(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	tessa, board := w.launch(launchOf("3", "Tessa Teacher", "Instructor"))
	board.hasNot(t, "data-unreachable")
	e := w.enrolment("5")
	max, err := w.store.Person(t.Context(), e.Steps["try"].Requests[0].Person)
	must(t, err)
	max.MailTrouble = engine.MailTrouble{Address: max.Email, Bounced: w.clock.Now()}
	must(t, w.store.SavePerson(t.Context(), max))
	must(t, w.service.Wake(t.Context(), e.ID))
	tessa.get(tessa.base+"/").has(t, http.StatusOK, `data-unreachable="1"`, "come back")
	if rows := tessa.table(tessa.base + "/board/board.csv"); cell(rows, 1, "unreachable") != "1" {
		t.Errorf("the table is %q", rows)
	}
}
