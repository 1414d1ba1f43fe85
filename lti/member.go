package lti

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	mediaMembers = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
	maxMembers   = 100_000
	maxGroupsOf  = 200 // of one member
)

// Statuses of a Member.
const (
	MemberActive   = "Active"
	MemberInactive = "Inactive"
	MemberDeleted  = "Deleted" // in differences only
)

// Member is one person of a course, as the roster has it. Roles here say less
// than a launch does: Moodle calls a non-editing teacher a Learner.
type Member struct {
	UserID     string   `json:"user_id"`
	Name       string   `json:"name"`
	GivenName  string   `json:"given_name"`
	FamilyName string   `json:"family_name"`
	Email      string   `json:"email"`
	Status     string   `json:"status"` // never empty
	Roles      []string `json:"roles"`  // URIs or short names, as sent
	Groups     []string `json:"-"`      // ids, where RosterQuery.Groups asked for them
}

// HasRole reports whether the member has the context role ("Learner"), be it sent
// as a URI, as a sub-role or as the short name.
func (m *Member) HasRole(role string) bool { return hasRole(m.Roles, role) }

// IsPreview reports a teacher's "view as student".
func (m *Member) IsPreview() bool { return slices.Contains(m.Roles, testUser) }

// RosterQuery narrows a roster. The zero value asks for everybody.
type RosterQuery struct {
	Role   string // a context role: "Learner"
	LinkID string // only who can reach this resource link (rlid)
	Limit  int    // of one page, a wish; 0: the platform's choice
	Groups bool   // with the groups of each member (Course Groups service)
}

// Roster is the answer of the Names and Role Provisioning Service.
type Roster struct {
	Members []Member
	// Differences is a URL that lists what has changed since, with Deleted among
	// the statuses; "" if the platform has none.
	Differences string
}

// Members reads the whole roster (NRPS 2.0) from the memberships URL of a launch.
func (t *Tool) Members(ctx context.Context, course CourseKey, membershipsURL string) ([]Member, error) {
	roster, err := t.Roster(ctx, course, membershipsURL, RosterQuery{})
	return roster.Members, err
}

// Roster reads a roster from the memberships URL of a launch or from the
// Differences of an earlier one, page by page to its end. A member listed twice
// counts once, as listed last.
func (t *Tool) Roster(ctx context.Context, course CourseKey, membershipsURL string, q RosterQuery) (Roster, error) {
	first, ok := webURL(membershipsURL)
	if !ok {
		return Roster{}, refused("members", CauseNoService, "the launch named no roster; is names and role provisioning switched on for this tool?")
	}
	var roster Roster
	at := map[string]int{}
	err := t.pages(ctx, course, call{
		op: "members", scope: scopeMembers, method: http.MethodGet, url: q.on(first), accept: mediaMembers,
	}, func(res *http.Response, body []byte) (bool, error) {
		page, err := readMembers(body)
		if err != nil {
			return false, err
		}
		for _, m := range page {
			if q.Role != "" && !m.HasRole(q.Role) { // Moodle's next page forgets the role
				continue
			}
			if i, ok := at[m.UserID]; ok {
				roster.Members[i] = m
				continue
			}
			at[m.UserID] = len(roster.Members)
			roster.Members = append(roster.Members, m)
		}
		if len(roster.Members) > maxMembers {
			return false, refused("members", CauseAnswer, "the course has too many members")
		}
		if link, ok := linkOf(res.Header.Values("Link"), "differences"); ok {
			roster.Differences = ""
			if u, err := first.Parse(link); err == nil && sameOrigin(first, u) && u.User == nil && len(link) <= 4<<10 {
				roster.Differences = u.String()
			}
		}
		return true, nil
	})
	if err != nil {
		return Roster{}, err
	}
	return roster, nil
}

// on is the URL with the query added to what it has.
func (q RosterQuery) on(first *url.URL) string {
	u := *first
	add := func(name, value string) {
		if value == "" {
			return
		}
		if u.RawQuery != "" { // what is there stays as the platform wrote it
			u.RawQuery += "&"
		}
		u.RawQuery += name + "=" + url.QueryEscape(value)
	}
	if q.Role != "" {
		add("role", membership+"#"+q.Role)
	}
	add("rlid", q.LinkID)
	if q.Limit > 0 {
		add("limit", strconv.Itoa(q.Limit))
	}
	if q.Groups {
		add("groups", "true")
	}
	return u.String()
}

// readMembers reads one page. Who has no usable id is left out.
func readMembers(body []byte) ([]Member, error) {
	type member struct {
		Member
		GroupEnrollments []struct {
			GroupID string `json:"group_id"`
		} `json:"group_enrollments"`
	}
	var page struct {
		Members *[]member `json:"members"`
	}
	if err := json.Unmarshal(body, &page); err != nil || page.Members == nil {
		return nil, refused("members", CauseAnswer, "the answer is not a membership container")
	}
	all := make([]Member, 0, len(*page.Members))
	for _, m := range *page.Members {
		if m.UserID == "" || len(m.UserID) > maxID || strings.ContainsFunc(m.UserID, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			continue
		}
		if m.Status == "" {
			m.Status = MemberActive
		}
		for _, g := range m.GroupEnrollments {
			if g.GroupID != "" && len(g.GroupID) <= maxID && len(m.Groups) < maxGroupsOf {
				m.Groups = append(m.Groups, g.GroupID)
			}
		}
		for _, text := range []*string{&m.Name, &m.GivenName, &m.FamilyName, &m.Email} {
			*text = cut(*text)
		}
		all = append(all, m.Member)
	}
	return all, nil
}
