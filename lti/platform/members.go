package platform

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// memberJSON is a person in the roster service.
type memberJSON struct {
	Status    string           `json:"status"`
	Roles     []string         `json:"roles"`
	Message   []map[string]any `json:"message,omitempty"`
	UserID    string           `json:"user_id"`
	SourcedID string           `json:"lis_person_sourcedid,omitempty"`
	Name      string           `json:"name,omitempty"`
	Given     string           `json:"given_name,omitempty"`
	Family    string           `json:"family_name,omitempty"`
	Email     string           `json:"email,omitempty"`
	Username  string           `json:"ext_user_username,omitempty"`
	Groups    []map[string]any `json:"group_enrollments,omitempty"`
}

// rosterRole is a person's role in the roster service, which knows only the
// course roles it was told of: managers and non-editing teachers are learners.
func (u User) rosterRole() string {
	if u.Role == RoleTeacher {
		return "Instructor"
	}
	return "Learner"
}

// members is NRPS. Pages follow "Link: next", which (as in Moodle) forgets the
// role that was asked for.
//
//	?since=N (with Quirks.Differences: who came, changed or left since)
//	?role=Learner|URI  ?limit=N&from=N  ?rlid=LINK (only who may open the activity)
func (p *Platform) members(c *serviceCall) error {
	if c.r.Method != http.MethodGet {
		return refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	if !c.token.allows(scopeNRPS) {
		return refuse(http.StatusUnauthorized, "Unauthorized")
	}
	q := c.r.URL.Query()
	role := q.Get("role")
	if i := strings.LastIndex(role, "#"); i >= 0 {
		role = role[i+1:]
	}
	since := -1
	if n, err := strconv.Atoi(q.Get("since")); err == nil && p.Quirks().Differences {
		since = n
	}
	members := []memberJSON{}
	latest := 0
	var course Course
	var err error
	p.view(func(w *world) {
		course, _ = w.course(c.course)
		var link ResourceLink
		if q.Has("rlid") {
			var ok bool
			if link, ok = w.link(q.Get("rlid")); !ok || link.ClientID != c.tool.ClientID {
				err = refuse(http.StatusNotFound, "Not Found: LTI link "+q.Get("rlid")+" doesn't exist")
				return
			}
		}
		names, email := shares(c.tool, p.quirks)
		latest = w.Last.Move
		for _, u := range w.Users {
			if !u.enrolled() || (role != "" && u.rosterRole() != role) || !w.visible(u, link) {
				continue
			}
			status := "Active"
			if w.Gone[u.ID] {
				status = "Deleted"
			}
			if since < 0 && w.Gone[u.ID] || since >= 0 && w.Moves[u.ID] <= since {
				continue
			}
			m := memberJSON{Status: status, Roles: []string{u.rosterRole()}, UserID: u.ID, SourcedID: u.EmployeeID}
			if names {
				m.Name, m.Given, m.Family, m.Username = u.Name, u.Given, u.Family, u.Username
			}
			if email {
				m.Email = u.Email
			}
			if link.ID != "" {
				m.Message = []map[string]any{{claimMessageType: messageResourceLink}}
			}
			if p.quirks.Groups && q.Get("groups") == "true" {
				for _, g := range w.Groups {
					if slices.Contains(g.Members, u.ID) {
						m.Groups = append(m.Groups, map[string]any{"group_id": g.ID})
					}
				}
			}
			members = append(members, m)
		}
	})
	if err != nil {
		return err
	}
	slices.SortFunc(members, func(a, b memberJSON) int { // learners first, then by ID
		if c := strings.Compare(b.Roles[0], a.Roles[0]); c != 0 {
			return c
		}
		return compareIDs(a.UserID, b.UserID)
	})
	self := p.membershipsURL(c.course, c.tool)
	if limit, from := pageOf(c); limit > 0 {
		if from+limit < len(members) {
			next := fmt.Sprintf("%s?limit=%d&from=%d", self, limit, from+limit)
			if q.Has("rlid") {
				next += "&rlid=" + url.QueryEscape(q.Get("rlid"))
			}
			if q.Get("groups") == "true" {
				next += "&groups=true"
			}
			if since >= 0 {
				next += "&since=" + strconv.Itoa(since)
			}
			c.w.Header().Set("Link", "<"+next+`>; rel="next"`)
		}
		members = members[min(from, len(members)):min(from+limit, len(members))]
	}
	if p.Quirks().Differences {
		c.w.Header().Add("Link", fmt.Sprintf(`<%s?since=%d>; rel="differences"`, self, latest))
	}
	p.writeJSON(c.w, http.StatusOK, typeMembers+"; charset=utf-8", map[string]any{
		"id":      self,
		"context": map[string]any{"id": course.ID, "label": course.Label, "title": course.Title},
		"members": members,
	})
	return nil
}
