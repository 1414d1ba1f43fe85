package lti_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
	demolms "github.com/cairn-lms/cairn/lti/platform"
)

func everyService() demolms.Quirks {
	return demolms.Quirks{Groups: true, Notices: true, Differences: true}
}

func TestACopiedCourseIsAnnouncedOnceAndItsActivityFindsItsWorkflow(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w, lms, tool, reg := withDemoLMS(t, s, everyService())
		link, err := lms.AddResourceLink(t.Context(), demolms.ResourceLink{CourseID: "2", ClientID: tool.ClientID, Title: "First steps", TargetLinkURI: w.target,
			Custom: map[string]string{"workflow": "first-steps"}})
		if err != nil {
			t.Fatal(err)
		}
		l := openActivity(t, w, lms, "5", link.ID)
		key, _ := lti.KeyOf(l)
		course, err := w.tool.KnownCourse(t.Context(), key)
		if err != nil || len(course.NoticeTypes) != 2 {
			t.Fatalf("got %+v, %v", course, err)
		}
		if err := w.tool.RegisterNotices(t.Context(), course); err != nil {
			t.Fatal(err)
		}
		course, err = w.tool.KnownCourse(t.Context(), key)
		if err != nil || len(course.NoticeHandlers) != 2 {
			t.Fatalf("got %+v, %v", course, err)
		}
		notify := func(n demolms.Notice, want int) {
			t.Helper()
			if status, err := lms.Notify(t.Context(), tool.ClientID, n); err != nil || status != want {
				t.Fatalf("got HTTP %d, %v, want %d\n%s", status, err, want, w.log)
			}
		}
		notify(demolms.Notice{Type: lti.NoticeHelloWorld}, http.StatusOK)

		copied := func(id, from string) demolms.Notice {
			return demolms.Notice{Type: lti.NoticeCourseCopy, ID: id, Claims: map[string]any{
				claim + "context": map[string]any{"id": "9", "title": "The copy"}, claim + "origin_contexts": []string{from}}}
		}
		copyKey := key
		copyKey.Course = "9"
		forged := copied("n0", "2")
		forged.Forge.Claims = func(c map[string]any) { c["aud"] = "someone-else" }
		notify(forged, http.StatusUnauthorized)
		stale := copied("n0", "2")
		stale.Forge.Claims = func(c map[string]any) { c["iat"] = w.clock.Now().Add(-time.Hour).Unix() }
		notify(stale, http.StatusUnauthorized)
		foreign := copied("n0", "2")
		foreign.Claims[claim+"deployment_id"] = "no such"
		notify(foreign, http.StatusUnauthorized)
		if _, err := w.tool.KnownCourse(t.Context(), copyKey); !errors.Is(err, lti.ErrNotFound) {
			t.Fatalf("a forged notice was believed: %v", err)
		}
		all, err := w.tool.Failures(t.Context(), "main", 0)
		if err != nil {
			t.Fatal(err)
		}
		kept := map[string]lti.Failure{}
		for _, f := range all {
			kept[f.Code] = f
		}
		for code, verified := range map[string]bool{"issued_too_long_ago": true, "unknown_deployment": true} {
			if f := kept[code]; f.Kind != lti.FailedNotice || f.Verified != verified || f.Registration != reg.ID || len(f.RequestIDs) != 1 || len(f.ClaimNames) == 0 {
				t.Errorf("%s is kept as %+v", code, f)
			}
		}
		nobodys, err := w.tool.Failures(t.Context(), "", 0)
		if err != nil || len(nobodys) != 1 || nobodys[0].Code != "wrong_audience" || nobodys[0].Kind != lti.FailedNotice || nobodys[0].Issuer != lms.URL() {
			t.Errorf("of nobody there are %+v, %v", nobodys, err)
		}
		notify(copied("n1", "2"), http.StatusOK)
		notify(copied("n1", "666"), http.StatusOK) // the same notice again
		got, err := w.tool.KnownCourse(t.Context(), copyKey)
		if err != nil || len(got.Origins) != 1 || got.Origins[0] != "2" || got.Title != "The copy" || got.Tenant != "main" {
			t.Fatalf("got %+v, %v", got, err)
		}

		// An activity of the copy that lost its parameters.
		if _, err := w.tool.ChangeCourse(t.Context(), key, func(c *lti.KnownCourse) { c.Origins = []string{"9"} }); err != nil {
			t.Fatal(err)
		}
		if _, err := w.tool.ChangeCourse(t.Context(), copyKey, func(c *lti.KnownCourse) {
			c.Links = []lti.KnownLink{{ID: "a", Title: "First steps", Workflow: "first-steps"}, {ID: "b", Title: "Other", Workflow: "other"}}
		}); err != nil {
			t.Fatal(err)
		}
		bare, err := lms.AddResourceLink(t.Context(), demolms.ResourceLink{CourseID: "2", ClientID: tool.ClientID, Title: "First steps", TargetLinkURI: w.target})
		if err != nil {
			t.Fatal(err)
		}
		if l := openActivity(t, w, lms, "5", bare.ID); l.Custom["workflow"] != "first-steps" {
			t.Fatalf("the copied activity names the workflow %q", l.Custom["workflow"])
		}
		unclear, err := lms.AddResourceLink(t.Context(), demolms.ResourceLink{CourseID: "2", ClientID: tool.ClientID, Title: "Renamed", TargetLinkURI: w.target})
		if err != nil {
			t.Fatal(err)
		}
		if l := openActivity(t, w, lms, "5", unclear.ID); l.Custom["workflow"] != "" {
			t.Fatalf("an activity that may be either was given %q", l.Custom["workflow"])
		}
		_ = reg
	})
}

// mortal is a store whose process dies over a course, once, and whose leases tell
// another time than the clock on the wall.
type mortal struct {
	lti.Store
	dies  atomic.Bool
	later atomic.Int64
}

func (s *mortal) SaveKnownCourse(ctx context.Context, c lti.KnownCourse) error {
	if s.dies.Swap(false) {
		panic(http.ErrAbortHandler)
	}
	return s.Store.SaveKnownCourse(ctx, c)
}

func (s *mortal) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	later := time.Duration(s.later.Load())
	return s.Store.TakeLease(ctx, name, holder, now.Add(later), until.Add(later))
}

func TestANoticeWhoseProcessDiedOverItIsTakenTheNextTime(t *testing.T) {
	s := &mortal{Store: sqliteStore(t)}
	w, lms, tool, reg := withDemoLMS(t, s, demolms.Quirks{Notices: true})
	link, err := lms.AddResourceLink(t.Context(), demolms.ResourceLink{CourseID: "2", ClientID: tool.ClientID, Title: "First steps", TargetLinkURI: w.target})
	if err != nil {
		t.Fatal(err)
	}
	key, _ := lti.KeyOf(openActivity(t, w, lms, "5", link.ID))
	course, err := w.tool.KnownCourse(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.tool.RegisterNotices(t.Context(), course); err != nil {
		t.Fatal(err)
	}
	notify := func(from string) int {
		status, err := lms.Notify(t.Context(), tool.ClientID, demolms.Notice{Type: lti.NoticeCourseCopy, ID: "n1", Claims: map[string]any{
			claim + "context": map[string]any{"id": "9", "title": "The copy"}, claim + "origin_contexts": []string{from}}})
		if err != nil {
			return 0
		}
		return status
	}
	s.dies.Store(true)
	if got := notify("2"); got != 0 {
		t.Fatalf("a dead process answered %d", got)
	}
	if got := notify("2"); got != http.StatusServiceUnavailable {
		t.Fatalf("HTTP %d while the first may still be at it, want one that asks for another try", got)
	}
	s.later.Store(int64(61 * time.Second))
	for _, from := range []string{"2", "666"} { // the second is the same notice once more
		if got := notify(from); got != http.StatusOK {
			t.Fatalf("HTTP %d", got)
		}
	}
	s.later.Store(int64(29 * 24 * time.Hour))
	if got := notify("666"); got != http.StatusOK {
		t.Fatalf("HTTP %d", got)
	}
	got, err := w.tool.KnownCourse(t.Context(), lti.CourseKey{Registration: reg.ID, Deployment: key.Deployment, Course: "9"})
	if err != nil || len(got.Origins) != 1 || got.Origins[0] != "2" {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestNoticesAreBounded(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	for name, body := range map[string]string{
		"nothing": "", "no JSON": "x", "no notices": `{"notices":[]}`, "no array": `{"notices":{}}`,
		"too many": `{"notices":[` + strings.Repeat(`{"jwt":"a"},`, 50) + `{"jwt":"a"}]}`,
		"too long": `{"notices":[{"jwt":"` + strings.Repeat("a", 300<<10) + `"}]}`,
	} {
		res, err := http.Post(w.server.URL+"/lti/notices", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: HTTP %d", name, res.StatusCode)
		}
	}
}

func TestGroupsAndWhoIsInThemAreRead(t *testing.T) {
	w, lms, tool, reg := withDemoLMS(t, sqliteStore(t), everyService())
	if err := lms.SetGroups(demolms.Group{ID: "g1", Name: "Red", Set: "Colours", Members: []string{"5"}}, demolms.Group{ID: "g2", Name: "Blue"}); err != nil {
		t.Fatal(err)
	}
	link, err := lms.AddResourceLink(t.Context(), demolms.ResourceLink{CourseID: "2", ClientID: tool.ClientID, Title: "First steps", TargetLinkURI: w.target})
	if err != nil {
		t.Fatal(err)
	}
	l := openActivity(t, w, lms, "5", link.ID)
	groups, err := w.tool.Groups(t.Context(), lti.CourseKey{Registration: reg.ID}, l.GroupsURL)
	if err != nil || len(groups) != 2 || groups[0].ID != "g1" || groups[0].Name != "Red" {
		t.Fatalf("got %+v, %v", groups, err)
	}
	roster, err := w.tool.Roster(t.Context(), lti.CourseKey{Registration: reg.ID}, l.MembershipsURL, lti.RosterQuery{Groups: true, Role: "Learner", Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]string{}
	for _, m := range roster.Members {
		in[m.UserID] = strings.Join(m.Groups, ",")
		if !m.HasRole("Learner") {
			t.Errorf("a page forgot the role: %+v", m)
		}
	}
	if in["5"] != "g1" || len(in) < 2 {
		t.Fatalf("got %v", in)
	}
}

// Two processes share the store only. The second may not look before the first has created.
func TestTwoProcessesMakeOneLineItem(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		other := w.again(t)
		var mu sync.Mutex
		var items []map[string]any
		looking := 0
		both := make(chan struct{})
		w.platform.handle("/2/lineitems", func(rw http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if r.Method == http.MethodPost {
				items = append(items, map[string]any{"id": fmt.Sprint(w.platform.URL, "/2/lineitems/", len(items)), "resourceLinkId": "10", "resourceId": "r", "label": "x", "scoreMaximum": 1})
				writeJSON(rw, items[len(items)-1])
				return
			}
			found := append([]map[string]any{}, items...)
			if looking++; looking == 2 {
				close(both)
			}
			mu.Unlock()
			select { // whoever looks while another does gives it time to
			case <-both:
			case <-time.After(300 * time.Millisecond):
			}
			mu.Lock()
			writeJSON(rw, found)
		})
		var wg sync.WaitGroup
		var got [2]string
		for i, tool := range []*lti.Tool{w.tool, other} {
			wg.Go(func() {
				var err error
				got[i], err = tool.EnsureLineItem(t.Context(), lti.CourseKey{Registration: w.reg.ID}, w.platform.URL+"/2/lineitems", lti.LineItem{ResourceLinkID: "10", ResourceID: "r", Label: "x", ScoreMaximum: 1})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(items) != 1 || got[0] != got[1] {
			t.Fatalf("%d columns were made: %v", len(items), got)
		}
	})
}

func TestACopiedCourseFindsTheLineItemsItBroughtAlong(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	created := 0
	w.platform.handle("/3/lineitems", func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			created++
			writeJSON(rw, map[string]any{"id": w.platform.URL + "/3/lineitems/new", "label": "x", "scoreMaximum": 1})
			return
		}
		items := []map[string]any{{"id": w.platform.URL + "/3/lineitems/7", "label": "x", "scoreMaximum": 1, "resourceLinkId": "old", "resourceId": "plan", "tag": "cairn"}}
		if r.URL.Query().Has("resource_link_id") {
			items = items[:0] // heeds the filter
		}
		writeJSON(rw, items)
	})
	key := lti.CourseKey{Registration: w.reg.ID, Deployment: "1", Course: "3"}
	want := lti.LineItem{ResourceLinkID: "new", ResourceID: "plan", Tag: "cairn", Label: "x", ScoreMaximum: 1}
	ensure := func() string {
		t.Helper()
		id, err := w.tool.EnsureLineItem(t.Context(), key, w.platform.URL+"/3/lineitems", want)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	if ensure(); created != 1 {
		t.Fatal("another activity's column was taken")
	}
	for _, c := range []lti.KnownCourse{
		{CourseKey: key, Tenant: "main", Origins: []string{"2"}},
		{CourseKey: lti.CourseKey{Registration: w.reg.ID, Deployment: "1", Course: "2"}, Tenant: "main", Links: []lti.KnownLink{{ID: "old"}}},
	} {
		if err := w.store.SaveKnownCourse(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if id := ensure(); id != w.platform.URL+"/3/lineitems/7" || created != 1 {
		t.Fatalf("got %q, %d created", id, created)
	}
}

func TestAnUpdateOfALineItemKeepsWhatItDoesNotKnow(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	w.platform.handle("/2/lineitems/1", func(rw http.ResponseWriter, r *http.Request) {
		writeJSON(rw, map[string]any{"id": w.platform.URL + "/2/lineitems/1", "label": "old", "scoreMaximum": 10, "tag": "t", "endDateTime": "2026-12-01T00:00:00Z",
			"https://canvas.instructure.com/lti/x": map[string]any{"a": 1}})
	})
	update := func(change func(*lti.LineItem)) error {
		return w.tool.UpdateLineItem(t.Context(), lti.CourseKey{Registration: w.reg.ID}, w.platform.URL+"/2/lineitems/1", change)
	}
	if err := errors.Join(update(func(*lti.LineItem) {}), update(func(it *lti.LineItem) { it.Label = "new"; it.Tag = "" })); err != nil {
		t.Fatal(err)
	}
	var sent []string
	for _, r := range w.platform.requests("/2/lineitems/1") {
		if r.Body != "" {
			sent = append(sent, r.Body)
		}
	}
	if len(sent) != 1 || !strings.Contains(sent[0], `"label":"new"`) || !strings.Contains(sent[0], "endDateTime") || !strings.Contains(sent[0], `{"a":1}`) || strings.Contains(sent[0], `"tag"`) {
		t.Fatalf("sent %q", sent)
	}
}

func TestAStaleScoreIsSaidAgainAsOfNowAndAGradeIsNeverCleared(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	var calls int
	w.platform.handle(scoresPath, func(rw http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 1 {
			rw.WriteHeader(http.StatusConflict)
		}
	})
	s := w.score()
	s.Timestamp = w.clock.Now().Add(-time.Hour)
	if err := w.tool.PostScore(t.Context(), s); err != nil || calls != 2 {
		t.Fatalf("got %v after %d calls", err, calls)
	}
	w.platform.handle(scoresPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusUnprocessableEntity) })
	var failed *lti.ServiceError
	if err := w.tool.PostScore(t.Context(), w.score()); !errors.As(err, &failed) || failed.Cause != lti.CauseNotGradable || !errors.Is(err, lti.ErrRefused) {
		t.Fatalf("got %v", err)
	}
	before := len(w.platform.requests(scoresPath))
	for _, spoil := range []func(*lti.Score){func(s *lti.Score) { s.Grading = lti.GradingNotReady }, func(s *lti.Score) { s.Activity = lti.ActivityInitialized }} {
		s := w.score()
		spoil(&s)
		if err := w.tool.PostScore(t.Context(), s); !errors.Is(err, lti.ErrRefused) {
			t.Errorf("got %v", err)
		}
	}
	if n := len(w.platform.requests(scoresPath)); n != before {
		t.Fatalf("%d scores that clear a grade went out", n-before)
	}
}
