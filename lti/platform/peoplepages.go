package platform

import (
	"net/http"
	"slices"
	"strings"
)

// rosterRow is a person on the participants page.
type rosterRow struct {
	face
	Completed string
}

// rosterPage lists the course's people. Addresses are for those who teach.
func (p *Platform) rosterPage(w http.ResponseWriter, r *http.Request) {
	user, _, ok := p.signedIn(r)
	if !ok {
		p.signInFirst(w, r)
		return
	}
	var rows []rosterRow
	p.view(func(wd *world) {
		for _, u := range wd.Users {
			if !wd.inCourse(u) {
				continue
			}
			row := rosterRow{face: face{User: u, Initials: initials(u.Name), What: whatIs(u.Role)}}
			if at, done := wd.Completed[u.ID]; done {
				row.Completed = p.localTime(user, at).Format("2 Jan 2006")
			}
			rows = append(rows, row)
		}
	})
	slices.SortStableFunc(rows, func(a, b rosterRow) int { return strings.Compare(a.Family, b.Family) })
	p.render(w, r, http.StatusOK, "roster", map[string]any{"Title": "Participants", "Rows": rows})
}

// gradeRow is a learner in the gradebook, gradeCell their grade in one column.
type gradeRow struct {
	User  User
	Cells []gradeCell
}

type gradeCell struct {
	Item  LineItem
	Score Score
	Has   bool
}

// gradebookPage is the grid of all for those who teach, and a learner's own.
func (p *Platform) gradebookPage(w http.ResponseWriter, r *http.Request) {
	user, _, ok := p.signedIn(r)
	if !ok {
		p.signInFirst(w, r)
		return
	}
	reviews := p.Quirks().SubmissionReview && user.reviews()
	all := user.teaches() || reviews
	if !all && !user.gradable() {
		p.errorPage(w, r, http.StatusForbidden, "Grades are for learners and their teachers")
		return
	}
	var rows []gradeRow
	var items []LineItem
	p.view(func(wd *world) {
		items = slices.Clone(wd.Items)
		for _, u := range wd.Users {
			if !u.gradable() || (!all && u.ID != user.ID) {
				continue
			}
			row := gradeRow{User: u}
			for _, it := range items {
				s, has := wd.Scores[scoreKey(it.ID, u.ID)]
				row.Cells = append(row.Cells, gradeCell{Item: it, Score: s, Has: has && !s.Cleared})
			}
			rows = append(rows, row)
		}
	})
	slices.SortStableFunc(rows, func(a, b gradeRow) int { return strings.Compare(a.User.Family, b.User.Family) })
	p.render(w, r, http.StatusOK, "gradebook", map[string]any{
		"Title": "Grades", "Rows": rows, "Items": items, "All": all,
	})
}
