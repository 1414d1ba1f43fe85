package lti

import (
	"context"
	"encoding/json"
	"net/http"
)

const (
	mediaGroups    = "application/vnd.ims.lti-gs.v1.contextgroupcontainer+json"
	mediaGroupSets = "application/vnd.ims.lti-gs.v1.contextgroupsetcontainer+json, " + mediaGroups // platforms use either
	maxGroups      = 5_000
)

// Group is a group of a course (Course Groups service 1.0).
type Group struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Tag    string `json:"tag,omitempty"`
	SetID  string `json:"set_id,omitempty"`
	Hidden bool   `json:"hidden,omitempty"` // learners do not know of it
}

// GroupSet is a way to divide a course into groups.
type GroupSet struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Hidden bool   `json:"hidden,omitempty"`
}

// Groups reads the groups of a course from the groups URL of a launch. Who is in
// them says the roster, asked with RosterQuery.Groups.
func (t *Tool) Groups(ctx context.Context, course CourseKey, groupsURL string) ([]Group, error) {
	return listGroups(ctx, t, course, groupsURL, mediaGroups, "groups", func(g *Group) (id, name *string) { return &g.ID, &g.Name })
}

// GroupSets reads the group sets of a course from the group sets URL of a launch.
func (t *Tool) GroupSets(ctx context.Context, course CourseKey, groupSetsURL string) ([]GroupSet, error) {
	return listGroups(ctx, t, course, groupSetsURL, mediaGroupSets, "sets", func(g *GroupSet) (id, name *string) { return &g.ID, &g.Name })
}

// listGroups pages through a container whose member name lists T.
func listGroups[T any](ctx context.Context, t *Tool, course CourseKey, target, accept, name string, texts func(*T) (id, name *string)) ([]T, error) {
	if target == "" {
		return nil, refused("groups", CauseNoService, "the launch named no groups service")
	}
	var all []T
	err := t.pages(ctx, course, call{
		op: "groups", scope: scopeGroups, method: http.MethodGet, url: target, accept: accept,
	}, func(_ *http.Response, body []byte) (bool, error) {
		doc, err := parseObject(body)
		var page []T
		if err == nil && doc.has(name) {
			err = json.Unmarshal(doc[name], &page)
		}
		if err != nil {
			return false, refused("groups", CauseAnswer, "the answer is not a container of "+name)
		}
		for _, g := range page {
			id, label := texts(&g)
			*label = cut(*label)
			if *id != "" && len(*id) <= maxID {
				all = append(all, g)
			}
		}
		if len(all) > maxGroups {
			return false, refused("groups", CauseAnswer, "the course has too many groups")
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
