package lti_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func TestALaunchLeavesWhatItsCourseOffers(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		launch := func(change func(c map[string]any)) {
			t.Helper()
			a := w.attempt()
			change(a.claims)
			if got := a.post(); got.Page != "launched" {
				t.Fatalf("got %+v", got)
			}
		}
		known := func() lti.KnownCourse {
			t.Helper()
			all, err := w.store.KnownCourses(t.Context(), "main", "", 10)
			if err != nil || len(all) != 1 {
				t.Fatalf("%d courses are known, %v", len(all), err)
			}
			return all[0]
		}
		full := func(link string) func(c map[string]any) {
			return func(c map[string]any) {
				c[claim+"context"] = map[string]any{"id": "2", "title": "Leading"}
				c[claim+"resource_link"] = map[string]any{"id": link, "title": "Plan"}
				c[claim+"custom"] = map[string]any{"workflow": "plan", "view": "finish", "step": "$Unknown", "course_end": "2026-12-24T18:00:00+01:00"}
				c["https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"] = map[string]any{"context_memberships_url": w.platform.URL + "/members"}
				c["https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"] = map[string]any{
					"context_groups_url": w.platform.URL + "/groups", "context_group_sets_url": w.platform.URL + "/sets", "scope": []string{"g"}}
				c[claim+"platformnotificationservice"] = map[string]any{
					"platform_notification_service_url": w.platform.URL + "/notices", "notice_types_supported": []string{"LtiHelloWorldNotice"}}
			}
		}
		launch(full("11"))
		c := known()
		link, ok := c.Link("11")
		if c.Title != "Leading" || c.MembershipsURL != w.platform.URL+"/members" || c.GroupsURL != w.platform.URL+"/groups" || c.GroupSetsURL != w.platform.URL+"/sets" ||
			c.NoticesURL != w.platform.URL+"/notices" || len(c.NoticeTypes) != 1 || c.Tenant != "main" || c.Deployment != "1" || c.Issuer != w.platform.URL ||
			!c.EndsAt.Equal(time.Date(2026, 12, 24, 17, 0, 0, 0, time.UTC)) || !ok || link.Workflow != "plan" || link.View != "finish" || link.Step != "" {
			t.Fatalf("got %+v", c)
		}

		w.clock.Advance(time.Hour)
		launch(full("11"))
		if again := known(); again.Rev != c.Rev {
			t.Fatalf("the same launch an hour later was written: revision %d after %d", again.Rev, c.Rev)
		}
		launch(full("12"))
		launch(func(c map[string]any) { // a deep linking request knows less and takes nothing away
			full("11")(c)
			delete(c, "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice")
			c[claim+"message_type"] = "LtiDeepLinkingRequest"
			c[claimDL+"deep_linking_settings"] = map[string]any{"deep_link_return_url": w.platform.URL + "/dl", "accept_types": []string{"ltiResourceLink"},
				"accept_presentation_document_targets": []string{"iframe"}}
		})
		if c = known(); len(c.Links) != 2 || c.MembershipsURL == "" {
			t.Fatalf("got %+v", c)
		}
		launch(func(c map[string]any) { // the admin has switched the roster off
			full("11")(c)
			delete(c, "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice")
		})
		if c = known(); c.MembershipsURL != "" {
			t.Fatalf("the roster is offered no more, but %s is kept", c.MembershipsURL)
		}
	})
}

func TestACourseRemembersItsTwoHundredLatestLinks(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	key := lti.CourseKey{Registration: w.reg.ID, Deployment: "1", Course: "2"}
	c := lti.KnownCourse{CourseKey: key, Tenant: "main"}
	for i := range 200 {
		c.Links = append(c.Links, lti.KnownLink{ID: fmt.Sprint("old-", i), SeenAt: w.clock.Now().Add(time.Duration(i-300) * time.Hour)})
	}
	if err := w.store.SaveKnownCourse(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	a := w.attempt()
	a.claims[claim+"context"] = map[string]any{"id": "2", "title": strings.Repeat("x", 5000)}
	if got := a.post(); got.Page != "launched" {
		t.Fatalf("got %+v", got)
	}
	got, err := w.tool.KnownCourse(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	_, oldest := got.Link("old-0")
	_, second := got.Link("old-1")
	if len(got.Links) != 200 || oldest || !second || len(got.Title) > 1024 {
		t.Fatalf("%d links, the oldest there: %v, the second oldest: %v, a title of %d", len(got.Links), oldest, second, len(got.Title))
	}
}
