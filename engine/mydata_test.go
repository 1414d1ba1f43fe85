package engine_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// data is all that is kept about a person, by the names of the archive.
func (h *house) data(of engine.PersonID, own bool) map[string]string {
	h.t.Helper()
	var b bytes.Buffer
	must(h.t, h.WritePersonalData(h.t.Context(), of, own, &b))
	archive, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	must(h.t, err)
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		must(h.t, err)
		data, err := io.ReadAll(r)
		must(h.t, err)
		if strings.Contains(f.Name, "..") || strings.HasPrefix(f.Name, "/") {
			h.t.Errorf("a file is called %q", f.Name)
		}
		files[f.Name] = string(data)
	}
	return files
}

func inAll(files map[string]string) string {
	var all strings.Builder
	for name, text := range files {
		all.WriteString(name + "\n" + text + "\n")
	}
	return all.String()
}

func TestAPersonTakesAwayAllThatIsKeptAboutThem(t *testing.T) {
	h := shared(t)
	ctx := t.Context()
	_, err := h.AskCoach(ctx, h.sam, h.id, "May I ask about the price?")
	must(t, err)
	must(t, h.SavePreferences(ctx, h.sam, engine.Preferences{Zone: "Europe/Lisbon"}, map[string]bool{engine.ChannelChat: true}))
	_, _, err = h.SharePortfolio(ctx, h.sam, engine.Sharing{Label: "for my next manager", Days: 7})
	must(t, err)
	h.sweep()
	before, err := h.store.Enrolment(ctx, h.id)
	must(t, err)

	files := h.data(h.sam, true)
	all := inAll(files)
	for what, want := range map[string]string{"the address": "sam@example.org", "the zone": "Europe/Lisbon", "what was handed in": "open to all", "what is private": "private.txt",
		"a kept draft": "later.txt", "the bytes of a file": "\nopen\n", "what Max said to Sam": "Between us: well done.", "the post to the coach": "May I ask about the price?",
		"a message": `"purpose": "approved"`, "a link": "for my next manager", "the name of a file about customers": "customer.txt"} {
		if !strings.Contains(all, want) {
			t.Errorf("it lacks %s: %q", what, want)
		}
	}
	for what, other := range map[string]string{"Max's address": "max@example.org", "Max's name": "Max", "a file about customers": "\ncustomer\n"} {
		if strings.Contains(all, other) {
			t.Errorf("it holds %s", what)
		}
	}
	if max := h.maxID(); strings.Contains(all, string(max)) {
		t.Error("it holds Max's id")
	}
	var about engine.DataAbout
	must(t, json.Unmarshal([]byte(files["about.json"]), &about))
	if about.Format != "cairn-person/1" || !slices.Contains(about.Aside, engine.DataAsideCustomers) || slices.Contains(about.Aside, engine.DataAsidePrivate) {
		t.Errorf("about: %+v", about)
	}
	var e engine.DataEnrolment
	must(t, json.Unmarshal([]byte(files["enrolments/"+string(h.id)+".json"]), &e))
	if len(e.Written) != 4 || e.Steps["try"].State != engine.Done || len(e.Answers["try"]) != 1 || len(e.Files) != 4 {
		t.Errorf("the enrolment holds %d writings, %d answers, files %v", len(e.Written), len(e.Answers["try"]), e.Files)
	}
	for sha, name := range e.Files {
		if _, ok := files[name]; name != "" && !ok {
			t.Errorf("the archive has no %q of %s", name, sha)
		}
	}
	after, err := h.store.Enrolment(ctx, h.id)
	must(t, err)
	if after.Rev != before.Rev {
		t.Errorf("looking changed the enrolment: %d → %d", before.Rev, after.Rev)
	}
}

func TestAKeyGetsNothingPrivateOfAPerson(t *testing.T) {
	h := shared(t)
	all := inAll(h.data(h.sam, false))
	if strings.Contains(all, "private.txt") || strings.Contains(all, "\nprivate\n") || !strings.Contains(all, engine.DataAsidePrivate) || !strings.Contains(all, "open.txt") {
		t.Errorf("it holds:\n%s", all)
	}
}

func TestAReviewerTakesAwayWhatTheyAnsweredAndNothingOfTheLearner(t *testing.T) {
	h := shared(t)
	files := h.data(h.maxID(), true)
	if !strings.Contains(files["requests.json"], "Between us: well done.") || !strings.Contains(files["person.json"], "max@example.org") {
		t.Errorf("Max's answers:\n%s", files["requests.json"])
	}
	all := inAll(files)
	for _, other := range []string{"Sam", "sam@example.org", string(h.sam), string(h.id), "open to all", "open.txt", "the customer said"} {
		if strings.Contains(all, other) {
			t.Errorf("it holds %q", other)
		}
	}
}

func TestThereIsNothingOfSomebodyNobodyKnows(t *testing.T) {
	h := shared(t)
	var b bytes.Buffer
	if err := h.WritePersonalData(t.Context(), "nobody", true, &b); !errors.Is(err, engine.ErrNotFound) || b.Len() > 0 {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
}
