package lti_test

import (
	"slices"
	"testing"

	"github.com/cairn-lms/cairn/lti"
	demolms "github.com/cairn-lms/cairn/lti/platform"
)

// The tool works on every kind of platform that the demo LMS can be: it is launched,
// answers a deep linking request, grades a learner twice and reads the roster.
func TestTheToolWorksOnEveryKindOfPlatform(t *testing.T) {
	for name, quirks := range map[string]demolms.Quirks{
		"Moodle": {}, "Canvas": demolms.CanvasQuirks(), "Open edX": demolms.OpenEdXQuirks(), "Brightspace": demolms.BrightspaceQuirks(),
		"Blackboard": demolms.BlackboardQuirks(), "Sakai": demolms.SakaiQuirks(),
	} {
		t.Run(name, func(t *testing.T) {
			quirks.StrictJTI = true
			w, lms := besideDemoLMS(t, sqliteStore(t), quirks)
			// By hand, as where an issuer does not name its host.
			tool, err := lms.AddTool(t.Context(), demolms.Tool{Name: "Cairn", LoginURL: w.server.URL + "/lti/login", RedirectURIs: []string{w.target},
				JWKSURL: w.server.URL + "/lti/jwks", TargetLinkURI: w.target, DeepLinking: true, Domain: "127.0.0.1"})
			if err != nil {
				t.Fatal(err)
			}
			issuer := lms.URL()
			if quirks.Issuer != "" {
				issuer = quirks.Issuer
			}
			reg, err := w.tool.Register(t.Context(), lti.Registration{Issuer: issuer, ClientID: tool.ClientID, AuthURL: lms.URL() + "/mod/lti/auth.php",
				TokenURL: lms.URL() + "/mod/lti/token.php", JWKSURL: lms.URL() + "/mod/lti/certs.php", TokenAudience: quirks.TokenAudience, ProductFamily: quirks.ProductFamily, Tenant: "main"}, tool.DeploymentID)
			if err != nil {
				t.Fatal(err)
			}
			link, err := lms.AddResourceLink(t.Context(), demolms.ResourceLink{ClientID: tool.ClientID, Title: "First steps"})
			if err != nil {
				t.Fatal(err)
			}
			got := open(t, w, lms, signedIn(t, lms, "5"), "/mod/lti/launch.php?id="+link.ID, nil)
			if got.Page != "launched" || got.Launch.Subject != "5" || got.Launch.Issuer != issuer {
				t.Fatalf("refused with %s: %s", got.Code, got.Detail)
			}
			for _, given := range []float64{40, 80} {
				if err := w.tool.PostScore(t.Context(), lti.Score{Registration: reg.ID, LineItem: got.Launch.LineItemURL, UserID: "5", Given: given, Maximum: 100, Timestamp: w.clock.Now()}); err != nil {
					t.Fatal(err)
				}
			}
			if s, ok := lms.Grade("5", link.LineItemID); !ok || s.Given != 80 || s.Attempts != 0 { // progress is no attempt
				t.Fatalf("the gradebook holds %+v", s)
			}
			members, err := w.tool.Members(t.Context(), lti.CourseKey{Registration: reg.ID}, got.Launch.MembershipsURL)
			if err != nil || !slices.ContainsFunc(members, func(m lti.Member) bool { return m.UserID == "5" }) {
				t.Fatalf("got %+v, %v", members, err)
			}
			teacher := signedIn(t, lms, "3")
			got = open(t, w, lms, teacher, "deep:"+tool.ClientID, nil)
			if got.Page != "launched" || got.Launch.DeepLink == nil {
				t.Fatalf("refused with %s: %s", got.Code, got.Detail)
			}
			answer, err := w.tool.DeepLinkResponse(t.Context(), got.Launch.DeepLink.Handle, []lti.ContentItem{{Title: "Negotiation"}}, "")
			if err != nil {
				t.Fatal(err)
			}
			res, err := teacher.PostForm(answer.Action, map[string][]string{"JWT": {answer.JWT}})
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if links := lms.ResourceLinks(); len(links) != 2 || links[1].Title != "Negotiation" {
				t.Fatalf("the platform answered %d, the course has %+v", res.StatusCode, links)
			}
		})
	}
}

// What Moodle has not: groups, differences of the roster, and a review opened from the
// gradebook by the learner's manager.
func TestTheToolUsesServicesThatMoodleHasNot(t *testing.T) {
	w, lms, tool, _ := withDemoLMS(t, sqliteStore(t), demolms.Quirks{Groups: true, Notices: true, Differences: true, SubmissionReview: true})
	link, err := lms.AddResourceLink(t.Context(), demolms.ResourceLink{ClientID: tool.ClientID, Title: "First steps", TargetLinkURI: w.target})
	if err != nil {
		t.Fatal(err)
	}
	if err := lms.SetGroups(demolms.Group{ID: "g1", Name: "North", Set: "Regions", Members: []string{"5"}}, demolms.Group{ID: "g2", Name: "South", Set: "Regions", Members: []string{"6"}}); err != nil {
		t.Fatal(err)
	}
	got := open(t, w, lms, signedIn(t, lms, "4"), "/mod/lti/launch.php?id="+link.ID+"&item="+link.LineItemID+"&for=5", nil)
	if got.Page != "launched" || got.Launch.MessageType != "LtiSubmissionReviewRequest" || got.Launch.Subject != "4" || got.Launch.ForUser != "5" || got.Launch.LineItemURL == "" {
		t.Fatalf("refused with %s: %s, or %+v", got.Code, got.Detail, got.Launch)
	}
	l := got.Launch
	groups, err := w.tool.Groups(t.Context(), lti.CourseKey{Registration: l.Registration.ID}, l.GroupsURL)
	if err != nil || len(groups) != 2 || groups[0].Name != "North" {
		t.Fatalf("got groups %+v, %v", groups, err)
	}
	if sets, err := w.tool.GroupSets(t.Context(), lti.CourseKey{Registration: l.Registration.ID}, l.GroupSetsURL); err != nil || len(sets) != 1 || sets[0].Name != "Regions" {
		t.Fatalf("got group sets %+v, %v", sets, err)
	}
	roster, err := w.tool.Roster(t.Context(), lti.CourseKey{Registration: l.Registration.ID}, l.MembershipsURL, lti.RosterQuery{Groups: true, Limit: 3})
	if err != nil || len(roster.Members) != 4 || roster.Differences == "" || !slices.Equal(roster.Members[1].Groups, []string{"g1"}) {
		t.Fatalf("got %+v, %v", roster, err)
	}
	if err := lms.RemoveUser("6"); err != nil {
		t.Fatal(err)
	}
	left, err := w.tool.Roster(t.Context(), lti.CourseKey{Registration: l.Registration.ID}, roster.Differences, lti.RosterQuery{})
	if err != nil || len(left.Members) != 1 || left.Members[0].UserID != "6" || left.Members[0].Status != "Deleted" {
		t.Fatalf("got %+v, %v", left, err)
	}
}
