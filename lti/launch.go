package lti

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// Message types that this tool understands.
const (
	MessageResourceLink     = "LtiResourceLinkRequest"
	MessageDeepLinking      = "LtiDeepLinkingRequest"
	MessageSubmissionReview = "LtiSubmissionReviewRequest"
)

// Launch is one validated LTI message. Everything in it was signed by the
// platform; whoever acts on it need not look at the request again.
type Launch struct {
	Registration Registration
	Deployment   Deployment
	Tenant       string // of the deployment
	RequestID    string // as in the log

	Issuer, ClientID, DeploymentID string
	Subject                        string // stable per issuer; empty only with Options.AllowAnonymous
	Name, GivenName, FamilyName    string
	Email, Locale                  string
	Username                       string   // for signing in to the platform (Moodle's ext claim)
	Roles                          []string // URIs or short names, as sent
	MentorOf                       []string // user ids of role_scope_mentor
	ForUser                        string   // whose work a submission review is about

	MessageType    string
	Course         Course
	ResourceLink   ResourceLink
	TargetLinkURI  string            // on our own origin
	Custom         map[string]string // an unresolved variable arrives literally ("$X")
	ReturnURL      string
	DocumentTarget string // "iframe", "frame", "window" or ""
	FromIframe     bool

	LineItemsURL, LineItemURL string // with their query
	AGSScopes                 []string
	MembershipsURL            string
	GroupsURL, GroupSetsURL   string // Course Groups service
	GroupScopes               []string
	NoticesURL                string // Platform Notification Service
	NoticeTypes               []string
	ProductFamily             string
	PlatformGUID              string
	IssuedAt                  time.Time

	Migrated *Migration // of the claim lti1p1, else nil

	DeepLink *DeepLink // of a deep linking request, else nil
}

// Course is the LTI context.
type Course struct{ ID, Label, Title string }

// ResourceLink is the placing that was launched.
type ResourceLink struct{ ID, Title, Description string }

const (
	membership = "http://purl.imsglobal.org/vocab/lis/v2/membership"
	testUser   = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
)

// HasRole reports whether the person has the context role ("Instructor"), be it
// sent as a full URI, as a sub-role ("membership/Instructor#TeachingAssistant") or as the old short name.
func (l *Launch) HasRole(role string) bool { return hasRole(l.Roles, role) }

func hasRole(roles []string, role string) bool {
	return slices.ContainsFunc(roles, func(r string) bool {
		return r == role || r == membership+"#"+role || strings.HasPrefix(r, membership+"/"+role+"#")
	})
}

// IsLearner reports the context role Learner.
func (l *Launch) IsLearner() bool { return l.HasRole("Learner") }

// IsInstructor reports the context role Instructor.
func (l *Launch) IsInstructor() bool { return l.HasRole("Instructor") }

// IsMentor reports the context role Mentor.
func (l *Launch) IsMentor() bool { return l.HasRole("Mentor") }

// IsAdministrator reports an administrator of the course, the institution or the system.
func (l *Launch) IsAdministrator() bool {
	return l.HasRole("Administrator") || l.AdministersPlatform()
}

// AdministersPlatform reports an administrator of the institution or the whole
// system, not of one course only.
func (l *Launch) AdministersPlatform() bool {
	return slices.Contains(l.Roles, "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator") ||
		slices.Contains(l.Roles, "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator")
}

// IsPreview reports a teacher's "view as student": keep it out of nudges and reports.
func (l *Launch) IsPreview() bool { return slices.Contains(l.Roles, testUser) }

// RelaunchURL is the page of the LMS that starts this launch again, for links in
// e-mails; "" if the platform has none that we know.
func (l *Launch) RelaunchURL() string {
	if l.Family() != FamilyMoodle || l.ResourceLink.ID == "" {
		return ""
	}
	return strings.TrimSuffix(l.Issuer, "/") + "/mod/lti/view.php?l=" + url.QueryEscape(l.ResourceLink.ID)
}
