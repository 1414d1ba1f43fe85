package api_test

import (
	"archive/zip"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
)

func TestAllThatIsKeptAboutAPersonIsGivenToAKeyThatMayReadIt(t *testing.T) {
	w := newWorld(t)
	w.scenery()
	s := w.scene(1)
	path := "/api/v1/people/" + string(s.e.Learner) + "/data.zip"
	got := w.as(w.all, "GET", path, "")
	got.want(t, http.StatusOK)
	archive, err := zip.NewReader(strings.NewReader(got.text), int64(len(got.text)))
	must(t, err)
	var names []string
	for _, f := range archive.File {
		names = append(names, f.Name)
	}
	if !slices.Contains(names, "person.json") || !slices.Contains(names, "enrolments/"+string(s.e.ID)+".json") || names[len(names)-1] != "about.json" {
		t.Errorf("it holds %q", names)
	}
	w.as(w.key(lrs.ScopePeopleRead), "GET", path, "").want(t, http.StatusForbidden)
	w.as(w.all, "GET", "/api/v1/people/nobody/data.zip", "").want(t, http.StatusNotFound)
}
