package engine_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/xapi"
)

// named enrols a learner with a user name, and answers how to see whether the course counts as completed.
func (h *house) named(subject, username string) func() bool {
	h.t.Helper()
	a := arrival("first-steps", maxed)
	a.Subject, a.Email, a.Username = subject, "learner"+subject+"@example.org", username
	e, err := h.Arrive(h.t.Context(), a)
	must(h.t, err)
	return func() bool {
		e, err := h.store.Enrolment(h.t.Context(), e.ID)
		must(h.t, err)
		return !completed(e).IsZero()
	}
}

func (h *house) stated(names ...string) {
	h.t.Helper()
	for i, name := range names {
		must(h.t, h.Observe(h.t.Context(), int64(i+1), h.completion(name), xapi.AccountAgent(iriBase, "lms-key")))
	}
}

func TestWhoTakesTheUserNameOfAnIDTakesNobodysCompletion(t *testing.T) {
	for name, order := range map[string]func(h *house, sam, kim func(), say func()){
		"nobody has that id yet":           func(_ *house, sam, kim func(), say func()) { sam(); say(); kim() },
		"somebody has that id":             func(_ *house, sam, kim func(), say func()) { sam(); kim(); say() },
		"the statement comes before both":  func(_ *house, sam, kim func(), say func()) { say(); sam(); kim() },
		"their launches after the owner's": func(_ *house, sam, kim func(), say func()) { kim(); say(); sam() },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, monday)
			var sam, kim func() bool
			order(h, func() { sam = h.named("5", "77") }, func() { kim = h.named("77", "kim") }, func() { h.stated("77") })
			if sam() {
				t.Error("the completion of another was taken by a user name")
			}
			if !kim() {
				t.Error("the completion of a learner was lost to somebody's user name")
			}
		})
	}
}

func TestANumberIsAUserNameOnceTheLMSNamesPeopleByUserNames(t *testing.T) {
	h := newHouse(t, monday)
	h.stated("20261") // waits
	sam, sofia, sanjay := h.named("5", "20261"), h.named("6", "sofia"), h.named("7", "20262")
	h.stated("20262")
	if sam() || sanjay() {
		t.Fatal("a number counts as a user name before anything shows that it is one")
	}
	h.stated("sofia")
	if !sofia() {
		t.Fatal("a user name is not seen")
	}
	h.stated("20262")
	h.named("5", "20261")
	if !sanjay() || !sam() {
		t.Errorf("numbers as user names: said after %v, kept from before %v", sanjay(), sam())
	}
}

func TestOnlyStatementsNamePeopleByUserNames(t *testing.T) {
	h := newHouse(t, monday)
	sam := h.named("5", "b7449fbf")
	h.complete(engine.Completion{Who: engine.ByAccount(lms, "b7449fbf"), Course: engine.CourseName{ID: "2"}, Source: engine.SourceResult})
	h.named("5", "b7449fbf")
	if sam() {
		t.Fatal("a result of another learner was taken by a user name")
	}
	kim := h.named("b7449fbf", "kim")
	if !kim() {
		t.Error("the result was lost")
	}
}

func TestWhatALinkSaysOfItsLauncherTakesNobodysName(t *testing.T) {
	h := newHouse(t, monday)
	var log bytes.Buffer
	h.options.Log = slog.New(slog.NewTextHandler(&log, nil))
	h.Service = engine.New(h.options)
	kim := arrival("first-steps", maxed)
	kim.Subject, kim.Email = "6", "kim@example.org"
	names := []engine.Identity{engine.ByCanvas("reg", "1", "565"), engine.ByAccount(lms, "student9")}
	kim.Names = names
	k, err := h.Arrive(t.Context(), kim)
	must(t, err)
	sam := arrival("first-steps", maxed)
	sam.Names = append(names, engine.ByCanvas("reg", "1", "566"))
	s, err := h.Arrive(t.Context(), sam) // by a link that says canvas_user_id=565
	must(t, err)
	for i, who := range append(names, engine.ByCanvas("reg", "1", "566")) {
		h.complete(engine.Completion{Who: who, Course: engine.CourseName{Object: lms + "/course/view.php?id=2"}, Source: engine.SourceStatement})
		kims, err := h.store.Enrolment(t.Context(), k.ID)
		must(t, err)
		sams, err := h.store.Enrolment(t.Context(), s.ID)
		must(t, err)
		if completed(kims).IsZero() || completed(sams).IsZero() != (i < 2) {
			t.Errorf("after a completion of %v: Kim %s, Sam %s", who, completed(kims), completed(sams))
		}
	}
	if !strings.Contains(log.String(), "somebody else's") || strings.Contains(log.String(), "565") || strings.Contains(log.String(), "student9") {
		t.Errorf("the log does not say so, or says who: %s", &log)
	}
}
