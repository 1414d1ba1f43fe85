package lti_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// captured is an exchange with a real Moodle 4.5.
type captured struct {
	Method, URL string
	Status      int
	ContentType string `json:"content_type"`
	Body, Link  string
}

// TestEveryCapturedAnswerOfMoodleIsUnderstood replays what a real Moodle answered,
// malformed answers and refusals too, and says what is to come of each. What is not
// in the list is good.
func TestEveryCapturedAnswerOfMoodleIsUnderstood(t *testing.T) {
	bad := map[string]lti.Cause{
		"ags.lineitem.get-deleted": lti.CauseGone, "ags.lineitem.post-badlink": lti.CauseForbidden, "ags.lineitem.post-json-ct": "",
		"ags.lineitem.post-nolabel": "", "ags.lineitem.post-ro-scope": lti.CauseToken,
		"ags.lineitems.accept-json": "", "ags.lineitems.accept-lineitem": "", "ags.lineitems.no-accept": "",
		"ags.results.limit": lti.CauseGone,
		"ags.score.json-ct": "", "ags.score.naive-url": "", "ags.score.no-max": lti.CauseNotGradable,
		"ags.score.nonediting": lti.CauseNotGradable, "ags.score.not-enrolled": lti.CauseNotGradable, "ags.score.teacher": lti.CauseNotGradable,
		"ags.score.older": lti.CauseStale, "ags.score.same-second": lti.CauseStale, "ags.score.after-future": lti.CauseStale, "ags.score.ro-scope": lti.CauseToken,
		"nrps.accept-json": "", "nrps.accept-v1": lti.CauseAnswer, "nrps.bad-scope": lti.CauseToken, "nrps.garbage-token": lti.CauseToken,
		"nrps.no-token": lti.CauseToken, "nrps.other-course": lti.CauseGone, "nrps.rlid-unknown": lti.CauseGone,
		"token.charset": "", "token.json-content-type": "", "token.curl-blocked": lti.CauseKeys, "token.expired": lti.CauseClock, "token.iat-future": lti.CauseClock,
		"token.unknown-client": lti.CauseClient, "token.unknown-kid": lti.CauseKeyUnknown, "token.unknown-scope": lti.CauseScope, "token.wrong-key": lti.CauseSignature,
	}
	files, err := filepath.Glob("testdata/moodle-4.5/*.json")
	if err != nil || len(files) < 90 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	w := newWorld(t, sqliteStore(t))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c captured
			if err := json.Unmarshal(data, &c); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(2 * time.Hour) // the last token has run out
			err = w.replay(t, name, c)
			cause, isBad := bad[name]
			var failed *lti.ServiceError
			switch {
			case !isBad && err != nil:
				t.Fatalf("HTTP %d: got %v", c.Status, err)
			case isBad && !errors.As(err, &failed):
				t.Fatalf("HTTP %d: got %v, want a refusal", c.Status, err)
			case isBad && (failed.Cause != cause || failed.Detail == ""):
				t.Fatalf("HTTP %d: got cause %q (%s), want %q", c.Status, failed.Cause, failed.Detail, cause)
			}
		})
	}
}

// replay answers as captured and makes the call that was captured.
func (w *world) replay(t *testing.T, name string, c captured) error {
	t.Helper()
	local := func(s string) string { return strings.ReplaceAll(s, "http://localhost:8000", w.platform.URL) }
	u, err := url.Parse(local(c.URL))
	if err != nil {
		t.Fatal(err)
	}
	answer := func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && c.Method == http.MethodPut { // an update reads first
			rw.Header().Set("Content-Type", c.ContentType)
			_, _ = rw.Write([]byte(`{"label":"old","scoreMaximum":1}`))
			return
		}
		if from := r.URL.Query().Get("from"); r.Method == http.MethodGet && from != "" && from != u.Query().Get("from") {
			_, _ = rw.Write([]byte(map[bool]string{true: `{"members":[]}`, false: `[]`}[strings.HasPrefix(name, "nrps")])) // the last page
			return
		}
		if c.Link != "" {
			rw.Header().Set("Link", local(c.Link))
		}
		rw.Header().Set("Content-Type", c.ContentType)
		rw.WriteHeader(c.Status)
		_, _ = rw.Write([]byte(local(c.Body)))
	}
	ctx, reg, at := t.Context(), w.reg.ID, u.String()
	if strings.HasPrefix(name, "token.") {
		w.platform.handle("/token", answer)
		w.platform.handle(scoresPath, func(http.ResponseWriter, *http.Request) {})
		return w.tool.PostScore(ctx, w.score())
	}
	w.platform.handle(u.Path, answer)
	switch kind := strings.Split(name, ".")[1]; {
	case strings.HasPrefix(name, "nrps."):
		roster, err := w.tool.Roster(ctx, lti.CourseKey{Registration: reg}, at, lti.RosterQuery{})
		for _, m := range roster.Members {
			if m.UserID == "" || m.Status != lti.MemberActive || m.HasRole("Learner") == m.HasRole("Instructor") {
				t.Errorf("got %+v", m)
			}
		}
		if err == nil && len(roster.Members) == 0 && !strings.Contains(name, "restricted") {
			t.Error("nobody is in the course")
		}
		return err
	case kind == "lineitems":
		items, err := w.tool.LineItems(ctx, lti.CourseKey{Registration: reg}, at, lti.LineItem{})
		if err == nil && len(items) == 0 {
			t.Error("no line items")
		}
		return err
	case kind == "results":
		all, err := w.tool.Results(ctx, lti.CourseKey{Registration: reg}, strings.Replace(at, "/results", "", 1), "")
		for _, r := range all {
			if r.Maximum != 50 && r.Maximum != 20 || !r.Graded || r.At.IsZero() {
				t.Errorf("got %+v", r)
			}
		}
		return err
	case kind == "score":
		s := w.score()
		s.LineItem = strings.Replace(at, "/scores", "", 1)
		return w.tool.PostScore(ctx, s)
	case c.Method == http.MethodPut:
		return w.tool.UpdateLineItem(ctx, lti.CourseKey{Registration: reg}, at, func(it *lti.LineItem) { it.Label = "new" })
	case c.Method == http.MethodDelete:
		return w.tool.DeleteLineItem(ctx, lti.CourseKey{Registration: reg}, at)
	case c.Method == http.MethodPost:
		w.platform.handle(u.Path, func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				_, _ = rw.Write([]byte("[]"))
				return
			}
			answer(rw, r)
		})
		_, err := w.tool.EnsureLineItem(ctx, lti.CourseKey{Registration: reg}, at, lti.LineItem{Label: "x", ScoreMaximum: 1, ResourceID: "r", ResourceLinkID: "1"})
		return err
	}
	_, err = w.tool.LineItem(ctx, lti.CourseKey{Registration: reg}, at)
	return err
}
