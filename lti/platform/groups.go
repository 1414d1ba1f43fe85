package platform

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// Course Groups Service 1.0, served with Quirks.Groups.
const (
	claimGroups   = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"
	scopeGroups   = "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"
	typeGroups    = "application/vnd.ims.lti-gs.v1.contextgroupcontainer+json"
	typeGroupSets = "application/vnd.ims.lti-gs.v1.contextgroupsetcontainer+json"
	maxGroups     = 1_000
)

// Group is a group of people of the course, maybe one of a set.
type Group struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Tag     string   `json:"tag,omitempty"`
	Set     string   `json:"set,omitempty"` // name of the set, "" for none
	Members []string `json:"members"`       // user IDs
}

// SetGroups replaces the groups of the course.
func (p *Platform) SetGroups(groups ...Group) error {
	return p.change(func(w *world) error {
		if len(groups) > maxGroups {
			return errFull
		}
		w.Groups = slices.Clone(groups)
		return nil
	})
}

func (p *Platform) groupsURL(course, what string) string {
	return p.issuer + servicesPath + "/CourseSection/" + url.PathEscape(course) + "/" + what
}

func (p *Platform) groupsClaim(course string) map[string]any {
	return map[string]any{
		"scope": []string{scopeGroups}, "service_versions": []string{"1.0"},
		"context_groups_url": p.groupsURL(course, "groups"), "context_group_sets_url": p.groupsURL(course, "groupsets"),
	}
}

// groups lists the groups, of one person with ?user_id=, in pages with ?limit=.
func (p *Platform) groups(c *serviceCall) error {
	if c.r.Method != http.MethodGet || !c.token.allows(scopeGroups) {
		return refuse(http.StatusUnauthorized, "Unauthorized")
	}
	q := c.r.URL.Query()
	groups := []map[string]any{}
	p.view(func(w *world) {
		for _, g := range w.Groups {
			if q.Has("user_id") && !slices.Contains(g.Members, q.Get("user_id")) {
				continue
			}
			out := map[string]any{"id": g.ID, "name": g.Name}
			if g.Tag != "" {
				out["tag"] = g.Tag
			}
			if g.Set != "" {
				out["set_id"] = "set-" + g.Set
			}
			groups = append(groups, out)
		}
	})
	self := p.groupsURL(c.course, "groups")
	if limit, from := pageOf(c); limit > 0 {
		if from+limit < len(groups) {
			next := fmt.Sprintf("%s?limit=%d&from=%d", self, limit, from+limit)
			if q.Has("user_id") {
				next += "&user_id=" + url.QueryEscape(q.Get("user_id"))
			}
			c.w.Header().Set("Link", "<"+next+`>; rel="next"`)
		}
		groups = groups[min(from, len(groups)):min(from+limit, len(groups))]
	}
	p.writeJSON(c.w, http.StatusOK, typeGroups, map[string]any{"id": self, "groups": groups})
	return nil
}

// groupSets lists the sets that groups are in.
func (p *Platform) groupSets(c *serviceCall) error {
	if c.r.Method != http.MethodGet || !c.token.allows(scopeGroups) {
		return refuse(http.StatusUnauthorized, "Unauthorized")
	}
	sets := []map[string]any{}
	seen := map[string]bool{"": true}
	p.view(func(w *world) {
		for _, g := range w.Groups {
			if !seen[g.Set] {
				seen[g.Set] = true
				sets = append(sets, map[string]any{"id": "set-" + g.Set, "name": g.Set})
			}
		}
	})
	p.writeJSON(c.w, http.StatusOK, typeGroupSets, map[string]any{"id": p.groupsURL(c.course, "groupsets"), "sets": sets})
	return nil
}
