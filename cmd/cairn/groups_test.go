package main

import (
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti/platform"
)

func TestTheGroupsOfTheLMSDivideTheBoard(t *testing.T) {
	s := newSchool(t, "")
	s.lms.SetQuirks(platform.Quirks{Groups: true})
	must(t, s.lms.SetGroups(platform.Group{ID: "g1", Name: "Mornings", Members: []string{"5"}}, platform.Group{ID: "g2", Name: "Evenings", Members: []string{"6"}}))
	invitation, err := s.h.tool.Invite(t.Context(), "main")
	must(t, err)
	s.tool, err = s.lms.RegisterTool(t.Context(), invitation) // once more: now it asks for the groups
	must(t, err)
	s.link = s.place(t, nil)
	s.launches("sam", s.link)
	s.hour()
	tessa := s.launches("tessa", s.link)
	page := tessa.page.text()
	for _, want := range []string{"Mornings", "Evenings", "Sam", "On the course list, not opened yet", "Sofia"} {
		if !strings.Contains(page, want) {
			t.Errorf("the board does not say %q:\n%s\n%s", want, page, s.log)
		}
	}
	tessa.get(tessa.page.url.String() + "?group=g2")
	if page = tessa.page.text(); strings.Contains(page, "Sam ") || !strings.Contains(page, "Sofia") {
		t.Errorf("the board of the evenings:\n%s", page)
	}
}
