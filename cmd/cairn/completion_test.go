package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/lti/platform"
)

// school is an LMS with Cairn installed, in this process: launches go over HTTP,
// statements into the record store, polls to the LMS's services.
type school struct {
	*walk
	h    *house
	lms  *platform.Platform
	tool platform.Tool
	key  storeKey
	link platform.ResourceLink
	log  *lockedBuffer
}

// schools runs a test over SQLite, and over MongoDB where there is one.
func schools(t *testing.T, test func(t *testing.T, s *school)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newSchool(t, "")) })
	if os.Getenv("CAIRN_TEST_MONGO_URI") != "" || os.Getenv("CI") == "true" {
		t.Run("mongo", func(t *testing.T) { test(t, newSchool(t, mongoURI(t))) })
	}
}

func newSchool(t *testing.T, mongo string) *school {
	t.Helper()
	folder := t.TempDir()
	clock, err := openClock(filepath.Join(folder, "clock.json"))
	must(t, err)
	must(t, clock.Advance(untilMonday(clock.Now())))
	s := &school{log: &lockedBuffer{}}
	server := httptest.NewUnstartedServer(nil)
	url := "http://" + server.Listener.Addr().String()
	s.h, err = build(t.Context(), &config{
		data: folder, mongoURI: mongo, publicURL: url, devClock: clock.file, allowPrivatePlatforms: true,
		secret: base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
	}, slog.New(slog.NewTextHandler(s.log, nil)))
	must(t, err)
	t.Cleanup(func() { must(t, s.h.Close()) })
	server.Config.Handler = s.h.site.Handler()
	server.Start()
	t.Cleanup(server.Close)

	s.lms, err = platform.Start(t.Context(), platform.Options{Clock: clock, Quirks: platform.Quirks{CanvasVariables: true}})
	must(t, err)
	t.Cleanup(func() { must(t, s.lms.Close(context.Background())) })
	invitation, err := s.h.tool.Invite(t.Context(), "main")
	must(t, err)
	s.tool, err = s.lms.RegisterTool(t.Context(), invitation)
	must(t, err)
	s.link = s.place(t, nil)

	service, err := s.h.engine(t.Context(), "main")
	must(t, err)
	source := filepath.Join("..", "..", "engine", "library", "first-steps.yaml")
	data, err := os.ReadFile(source)
	must(t, err)
	_, problems, err := service.ImportWorkflow(t.Context(), source, data, os.DirFS(filepath.Dir(source)))
	must(t, err)
	if problems.Refused() {
		t.Fatal(problems)
	}
	demo := demoFile{}
	demo.LMS.URL, demo.Tool.URL = s.lms.URL(), url
	s.walk = newWalk(t, demo, clock)
	return s
}

// place adds an activity with launch parameters of its own.
func (s *school) place(t testing.TB, custom map[string]string, change ...func(*platform.ResourceLink)) platform.ResourceLink {
	t.Helper()
	link := platform.DefaultActivity(s.tool)
	link.Custom["workflow"] = "first-steps"
	for name, value := range custom {
		link.Custom[name] = value
	}
	for _, c := range change {
		c(&link)
	}
	link, err := s.lms.AddResourceLink(t.Context(), link)
	must(t, err)
	return link
}

// launches opens an activity in a browser of its own.
func (s *school) launches(who string, link platform.ResourceLink) *visitor {
	s.t.Helper()
	v := newVisitor(s.t)
	s.signIn(v, who)
	v.get(s.lms.URL() + "/mod/lti/view.php?l=" + link.ID)
	frame := v.page.find("activity-frame")
	if frame == nil {
		s.t.Fatalf("%s cannot open activity %s:\n%s", who, link.ID, v.page.text())
	}
	v.get(attr(frame, "src"))
	for range 6 {
		if strings.Contains(v.page.url.Path, "/s/") || v.page.status >= 400 {
			break
		}
		v.follow()
	}
	if v.page.status != http.StatusOK || !strings.HasPrefix(v.page.url.String(), s.demo.Tool.URL+"/s/") {
		s.t.Fatalf("the launch of %s ended at %s (%d):\n%s", who, v.page.url, v.page.status, v.page.text())
	}
	return v
}

// signIn makes the visitor somebody at the LMS, by user name.
func (s *school) signIn(v *visitor, who string) {
	s.t.Helper()
	v.get(s.lms.URL() + "/")
	if v.page.find("signin-"+who) != nil {
		v.submit("signin-"+who, nil)
		return
	}
	users := s.lms.Users()
	i := slices.IndexFunc(users, func(u platform.User) bool { return u.Username == who })
	if i < 0 {
		s.t.Fatalf("the LMS knows no %s", who)
	}
	v.submit("signin-other", url.Values{"user": {users[i].ID}})
}

// follows lets the engine see what is new in the record store.
func (s *school) follows() {
	s.t.Helper()
	r, err := s.h.rooms(s.t.Context(), "main")
	must(s.t, err)
	for {
		n, err := r.engine.FollowOnce(s.t.Context(), r.next)
		must(s.t, err)
		if n == 0 {
			return
		}
	}
}

// hour is the hourly pass, by a process of its own.
func (s *school) hour() {
	s.t.Helper()
	must(s.t, s.clock.Advance(time.Hour))
	r, err := s.h.rooms(s.t.Context(), "main")
	must(s.t, err)
	courses, err := s.h.stores.platforms.KnownCourses(s.t.Context(), "main", "", 10)
	must(s.t, err)
	if len(courses) != 1 {
		s.t.Fatalf("%d courses are known", len(courses))
	}
	pass := &coursePass{house: s.h, rooms: r, jobs: s.h.courseJobs(), timeout: syncTime}
	pass.course(s.t.Context(), courses[0], len(pass.jobs))
}

// by lists what completed the course of a learner.
func (s *school) by(subject string) []engine.Source {
	s.t.Helper()
	r, err := s.h.rooms(s.t.Context(), "main")
	must(s.t, err)
	p, err := r.store.PersonByAccount(s.t.Context(), s.lms.URL(), subject)
	must(s.t, err)
	all, err := r.store.EnrolmentsOf(s.t.Context(), p.ID)
	must(s.t, err)
	if len(all) != 1 {
		s.t.Fatalf("learner %s has %d enrolments", subject, len(all))
	}
	if zero := all[0].Anchors[engine.AnchorCourseCompleted].IsZero(); zero != (len(all[0].Completions) == 0) {
		s.t.Fatalf("the anchor and the notes of %s disagree: %+v", subject, all[0])
	}
	return all[0].CompletedBy()
}

func (s *school) wantBy(subject string, want ...engine.Source) {
	s.t.Helper()
	if got := s.by(subject); !slices.Equal(got, want) {
		s.t.Errorf("the course of learner %s is completed by %v, want %v", subject, got, want)
	}
}

// storeKey opens the record store.
type storeKey struct{ Name, Secret string }

func (s *school) newKey() storeKey {
	s.t.Helper()
	made, err := lrs.CreateKey(s.t.Context(), s.h.stores.keys, lrs.Key{Tenant: "main", Name: "Moodle"}, s.h.now())
	must(s.t, err)
	return storeKey{made.ID, made.Secret}
}

// logstore gives the LMS a key of the record store, and names people so.
func (s *school) logstore(actor string) {
	s.t.Helper()
	if s.key.Name == "" {
		s.key = s.newKey()
	}
	s.lms.SetXAPI(platform.XAPIConfig{Endpoint: s.demo.Tool.URL + "/xapi", Key: s.key.Name, Secret: s.key.Secret, Actor: actor})
}

func TestACompletedCourseInMoodlesStatementsIsSeenHoweverItNamesPeople(t *testing.T) {
	schools(t, func(t *testing.T, s *school) {
		for subject, actor := range map[string]string{"5": "mbox", "6": "username"} {
			name := map[string]string{"5": "sam", "6": "sofia"}[subject]
			s.launches(name, s.link)
			s.logstore(actor)
			for range 2 { // a statement sent again counts once
				must(t, s.lms.CompleteCourse(t.Context(), subject))
			}
			s.follows()
			s.wantBy(subject, engine.SourceStatement)
		}
	})
	t.Run("by the user's id, before the first launch", func(t *testing.T) {
		s := newSchool(t, "")
		s.logstore("")
		must(t, s.lms.CompleteCourse(t.Context(), "5"))
		s.follows()
		s.launches("sam", s.link)
		// The launch itself says so too: the platform expands Canvas's state of the enrolment.
		if by := s.by("5"); !slices.Contains(by, engine.SourceStatement) {
			t.Errorf("completed by %v", by)
		}
	})
}

func TestTheRecordStoreAnswersMoodlesPostsWith200AlsoEmptyOnes(t *testing.T) {
	s := newSchool(t, "")
	key := s.newKey()
	data, err := os.ReadFile(filepath.Join("..", "..", "lti", "testdata", "logstore_xapi.requests.jsonl"))
	must(t, err)
	posts := 0
	for line := range strings.Lines(string(data)) {
		var captured struct{ Body json.RawMessage }
		must(t, json.Unmarshal([]byte(line), &captured))
		var text string
		if json.Unmarshal(captured.Body, &text) == nil {
			captured.Body = json.RawMessage(text)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.demo.Tool.URL+"/xapi/statements", bytes.NewReader(captured.Body))
		must(t, err)
		request.SetBasicAuth(key.Name, key.Secret)
		request.Header.Set("X-Experience-API-Version", "1.0.3")
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		answer, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%.80s is answered with %d: %s", captured.Body, response.StatusCode, answer)
		}
		posts++
	}
	if posts != 7 {
		t.Errorf("%d posts were captured, want 7", posts)
	}
	s.follows()
}

func TestCanvasLiveEventsCompleteTheCourseOfWhomLaunchesMadeKnown(t *testing.T) {
	schools(t, func(t *testing.T, s *school) {
		regs, err := s.h.tool.Registrations(t.Context())
		must(t, err)
		must(t, s.h.tool.SetLiveEventKeys(t.Context(), regs[0].ID, s.lms.URL()+"/mod/lti/certs.php"))
		address := s.h.tool.LiveEventsURL(regs[0].ID)
		s.launches("sam", s.link)
		must(t, s.lms.PostLiveEvents(t.Context(), address, s.lms.CanvasEvent("course_progress", "5", 3, 6, ""), s.lms.CanvasEvent("enrollment_updated", "5", 0, 0, "active")))
		s.wantBy("5")
		for range 2 {
			must(t, s.lms.PostLiveEvents(t.Context(), address, s.lms.CanvasEvent("course_completed", "5", 6, 6, "")))
		}
		s.wantBy("5", engine.SourceCanvasEvent)
		// Sofia has not come yet; her event names her and the course by global ids.
		must(t, s.lms.PostLiveEvents(t.Context(), address, s.lms.CanvasEvent("enrollment_updated", "6", 0, 0, "completed")))
		s.launches("sofia", s.link)
		s.wantBy("6", engine.SourceCanvasEvent)
	})
}

func TestTheRosterOfARestrictedFinishLinkCompletesTheCourse(t *testing.T) {
	schools(t, func(t *testing.T, s *school) {
		s.lms.SetQuirks(platform.Quirks{})
		finish := s.place(t, map[string]string{"view": "finish"}, func(l *platform.ResourceLink) { l.AfterCompletion = true })
		for _, who := range []string{"sam", "sofia"} {
			s.launches(who, s.link)
		}
		s.launches("tessa", finish) // as teachers try what they place: now the link is known
		s.hour()
		s.wantBy("5")
		_ = s.lms.CompleteCourse(t.Context(), "5") // there is no record store to tell
		for range 2 {
			s.hour()
		}
		s.wantBy("5", engine.SourceFollowUp)
		s.wantBy("6")
	})
}

func TestAFinishLinkThatEverybodyCanReachIsNotBelieved(t *testing.T) {
	s := newSchool(t, "")
	s.lms.SetQuirks(platform.Quirks{})
	finish := s.place(t, map[string]string{"view": "finish"})
	s.launches("sam", s.link)
	s.launches("tessa", finish)
	s.hour()
	s.wantBy("5")
	if !strings.Contains(s.log.String(), "restrict it to course completion") {
		t.Errorf("the log does not say what to do:\n%s", s.log.tail(5))
	}
	s.launches("sam", finish) // but who opens it says so
	s.wantBy("5", engine.SourceFinish)
}

func TestAResultThatReachesTheThresholdCompletesTheCourse(t *testing.T) {
	schools(t, func(t *testing.T, s *school) {
		s.lms.SetQuirks(platform.Quirks{})
		exam := s.place(t, map[string]string{"completion_item": "exam", "completion_percent": "80 %"}, func(l *platform.ResourceLink) { l.Tag = "exam" })
		for _, who := range []string{"sam", "sofia"} {
			s.launches(who, exam)
		}
		must(t, s.lms.SetGrade("5", exam.LineItemID, 79))
		must(t, s.lms.SetGrade("6", exam.LineItemID, 80))
		s.hour()
		s.wantBy("5")
		s.wantBy("6", engine.SourceResult)
		must(t, s.lms.SetGrade("5", exam.LineItemID, 100))
		for range 2 {
			s.hour()
		}
		s.wantBy("5", engine.SourceResult)
	})
}

func TestALineItemOfAnotherPlatformIsNeverCalled(t *testing.T) {
	s := newSchool(t, "")
	for _, name := range []string{"https://evil.example/lineitem", s.lms.URL() + "@evil.example/x", strings.Replace(s.lms.URL(), "http://", "http://x@", 1) + "/x"} {
		if items, err := s.h.itemsNamed(t.Context(), lti.KnownCourse{LineItemsURL: s.lms.URL() + "/mod/lti/services.php/2/lineitems?type_id=1"}, name); err == nil {
			t.Errorf("%s is taken for %v", name, items)
		}
	}
	for text, want := range map[string]float64{"": 100, "80": 80, "80%": 80, " 62.5 % ": 62.5, "$X": 100, "0": 0, "101": 0, "-5": 0, "many": 0, "NaN": 0} {
		if got, ok := thresholdOf(map[string]string{"completion_item": "exam", "completion_percent": text}); ok != (want > 0) || ok && got.percent != want {
			t.Errorf("percent %q is read as %v %v", text, got, ok)
		}
	}
	if _, ok := thresholdOf(map[string]string{"completion_item": "$Unknown"}); ok {
		t.Error("an unresolved variable is taken for a line item")
	}
}

func TestTheEndDateOfTheCourseCompletesIt(t *testing.T) {
	schools(t, func(t *testing.T, s *school) {
		s.lms.SetQuirks(platform.Quirks{CourseEnd: s.clock.Now().Add(90 * time.Minute)})
		s.launches("sam", s.link)
		no := s.place(t, map[string]string{"completion_at_end": "no"})
		s.launches("sofia", no)
		s.hour()
		s.wantBy("5")
		for range 2 {
			s.hour()
		}
		s.wantBy("5", engine.SourceCourseEnd)
		s.wantBy("6")
	})
}

func TestAllSourcesTogetherCompleteTheCourseOnce(t *testing.T) {
	s := newSchool(t, "")
	finish := s.place(t, map[string]string{"view": "finish"}, func(l *platform.ResourceLink) { l.AfterCompletion = true })
	s.launches("sam", s.link)
	s.launches("tessa", finish)
	s.hour()
	s.logstore("")
	must(t, s.lms.CompleteCourse(t.Context(), "5"))
	s.hour()
	s.launches("sam", finish)
	s.follows()
	by := s.by("5")
	for _, want := range []engine.Source{engine.SourceFollowUp, engine.SourceFinish, engine.SourceCanvasState, engine.SourceStatement} {
		if !slices.Contains(by, want) {
			t.Errorf("%s is not among %v", want, by)
		}
	}
	tessa := s.launches("tessa", s.link)
	if text := tessa.page.text(); !strings.Contains(text, "The LMS reports it") || !strings.Contains(text, "Opened the") {
		t.Errorf("the board does not say by what:\n%s", text)
	}
}

func TestTheAddressForLiveEventsIsPrintedAndItsKeysAreSet(t *testing.T) {
	s := newSchool(t, "")
	command := func(args ...string) (map[string]string, error) {
		var out, stderr bytes.Buffer
		env := func(name string) string {
			if name == "CAIRN_SECRET_KEY" {
				return s.h.cfg.secret
			}
			return ""
		}
		err := run(t.Context(), append([]string{"cairn", "lms", "live-events", "-json", "-data", s.h.cfg.data, "-public-url", s.h.cfg.publicURL, "-allow-private-platforms"}, args...), env, &out, &stderr)
		if err != nil {
			return nil, err
		}
		var said map[string]string
		must(t, json.Unmarshal(out.Bytes(), &said))
		return said, nil
	}
	regs, err := s.h.tool.Registrations(t.Context())
	must(t, err)
	said, err := command()
	must(t, err)
	if said["url"] != s.h.tool.LiveEventsURL(regs[0].ID) || said["keys"] != lti.LiveEventKeys {
		t.Errorf("it says %v", said)
	}
	said, err = command("-keys", s.lms.URL()+"/mod/lti/certs.php", string(regs[0].ID))
	must(t, err)
	if said["keys"] != s.lms.URL()+"/mod/lti/certs.php" {
		t.Errorf("after setting the keys it says %v", said)
	}
	if _, err := command("-keys", "nowhere"); err == nil {
		t.Error("a key set that is no URL was taken")
	}
	if _, err := command("somebody"); err == nil || !strings.Contains(err.Error(), `no registration "somebody"`) {
		t.Errorf("of an unknown registration: %v", err)
	}
}
