package platform

import (
	"log/slog"
	"net/http"
	"time"
)

// Clock is the time the platform lives in. Advance moves it (the demo's clock
// bar and tests use it); a Clock that cannot move answers an error.
type Clock interface {
	Now() time.Time
	Advance(d time.Duration) error
}

// XAPIConfig is where the logstore_xapi stand-in posts its statements.
// Endpoint is the LRS base ("http://127.0.0.1:8080/xapi"); Key and Secret are
// its Basic credentials. The zero value posts nowhere.
type XAPIConfig struct {
	Endpoint string
	Key      string
	Secret   string
	// Actor is how statements name people, as logstore_xapi's settings have it:
	// "" is account with the user's id, "username" (send_username), "mbox".
	Actor string
}

// Options says how Start builds a platform. The zero value runs on a free
// port of 127.0.0.1, keeps nothing and behaves as Moodle 4.5.
type Options struct {
	// Addr is the address to listen on; "" means 127.0.0.1:0. Port 0 picks a
	// free port, or the one the state file remembers if that is still free.
	Addr string
	// PublicURL is how browsers and tools reach the platform, and (without a
	// trailing slash) its issuer; "" means http:// + the address. A port of 0
	// ("http://localhost:0") is replaced by the port that was picked.
	PublicURL string
	// StateFile keeps the world across restarts; "" keeps it in memory only.
	StateFile string
	// Clock is nil for the wall clock, and then pages show no clock bar.
	Clock Clock
	// Log takes the platform's log; nil discards it.
	Log *slog.Logger
	// Client fetches the tool's JWKS, its registration page and posts
	// statements; nil means a client with a timeout.
	Client *http.Client
	// Quirks are the departures from Moodle 4.5 to start with.
	Quirks Quirks
	// XAPI is the LRS that hears of course completions.
	XAPI XAPIConfig
}

// Role is what a person is in the platform's one course.
type Role string

// The roles, and the LTI roles they become in a launch.
const (
	// RoleLearner launches as Learner.
	RoleLearner Role = "learner"
	// RoleManager launches as Mentor and Manager. Like Moodle's non-editing
	// teacher, the roster service lists it as Learner.
	RoleManager Role = "manager"
	// RoleNonEditingTeacher launches as Instructor, and the roster service
	// lists it as Learner: the trap Moodle really sets.
	RoleNonEditingTeacher Role = "nonediting"
	// RoleTeacher launches as Instructor.
	RoleTeacher Role = "teacher"
	// RoleAdmin launches as Instructor with the two Administrator URNs. It is
	// not enrolled in the course, so the roster service does not list it.
	RoleAdmin Role = "admin"
)

// User is a person with an account on the platform.
type User struct {
	ID           string `json:"id"` // the LTI sub: digits, as in Moodle
	Username     string `json:"username"`
	Name         string `json:"name"`
	Given        string `json:"given"`
	Family       string `json:"family"`
	Email        string `json:"email"`
	Role         Role   `json:"role"`
	ManagerEmail string `json:"manager_email,omitempty"` // $Person.manager.email
	Zone         string `json:"zone,omitempty"`          // $Person.address.timezone; "" is Moodle's "99", server default
	Locale       string `json:"locale,omitempty"`        // "" means en
	EmployeeID   string `json:"employee_id,omitempty"`   // lis person_sourcedid
}

// Course is the platform's course.
type Course struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Title string `json:"title"`
	// CopyOf is the course that this one was copied from, if it was.
	CopyOf string `json:"copy_of,omitempty"`
}

// Tool is an LTI tool registered on the platform.
type Tool struct {
	ClientID      string            `json:"client_id"`
	DeploymentID  string            `json:"deployment_id"`
	Name          string            `json:"name"`
	Description   string            `json:"description,omitempty"`
	LogoURL       string            `json:"logo_uri,omitempty"`
	LoginURL      string            `json:"initiate_login_uri"`
	RedirectURIs  []string          `json:"redirect_uris"`
	JWKSURL       string            `json:"jwks_uri"`
	TargetLinkURI string            `json:"target_link_uri"`
	DeepLinkURL   string            `json:"deep_link_url,omitempty"` // target_link_uri of its LtiDeepLinkingRequest message
	DeepLinking   bool              `json:"deep_linking,omitempty"`
	Domain        string            `json:"domain"`
	Scopes        []string          `json:"scopes"`
	Custom        map[string]string `json:"custom,omitempty"`  // sent with every launch of the tool
	Claims        []string          `json:"claims,omitempty"`  // as the tool asked: name, given_name, family_name, email
	Notices       map[string]string `json:"notices,omitempty"` // notice type → handler URL
	Active        bool              `json:"active"`            // false: Pending, an admin has not activated it yet
}

// ResourceLink is an activity of a tool in the course.
type ResourceLink struct {
	ID            string `json:"id"` // "" picks the next number
	CourseID      string `json:"course_id"`
	ClientID      string `json:"client_id"`
	Title         string `json:"title"`
	Description   string `json:"description,omitempty"`
	TargetLinkURI string `json:"target_link_uri"` // "" means the tool's
	// DeploymentID is another deployment of the tool; "" means its first.
	DeploymentID string            `json:"deployment_id,omitempty"`
	Custom       map[string]string `json:"custom,omitempty"`
	// Ungraded leaves out the activity's own line item.
	Ungraded bool `json:"ungraded,omitempty"`
	// ScoreMaximum of the activity's own line item; 0 means 100.
	ScoreMaximum float64 `json:"score_maximum,omitempty"`
	// LineItemID names the activity's own line item once it is added.
	LineItemID string `json:"line_item_id,omitempty"`
	ResourceID string `json:"resource_id,omitempty"`
	Tag        string `json:"tag,omitempty"`
	// AfterCompletion restricts the activity to people whose course is
	// complete; NRPS with rlid lists exactly them.
	AfterCompletion bool `json:"after_completion,omitempty"`
}

// LineItem is a column of the gradebook.
type LineItem struct {
	ID             string  `json:"id"` // the number in its URL
	CourseID       string  `json:"course_id"`
	ClientID       string  `json:"client_id"`
	Label          string  `json:"label"`
	ScoreMaximum   float64 `json:"score_maximum"`
	ResourceID     string  `json:"resource_id,omitempty"`
	Tag            string  `json:"tag,omitempty"`
	ResourceLinkID string  `json:"resource_link_id,omitempty"`
	// Coupled says that the item is its resource link's own grade.
	Coupled bool `json:"coupled,omitempty"`
	// StartDateTime, EndDateTime and Review travel through as the tool sent them.
	StartDateTime string         `json:"start,omitempty"`
	EndDateTime   string         `json:"end,omitempty"`
	Review        map[string]any `json:"review,omitempty"`
}

// Score is a grade as the gradebook holds it.
type Score struct {
	UserID     string `json:"user_id"`
	LineItemID string `json:"line_item_id"`
	// Given is rescaled to Maximum and clamped to it, as Moodle stores it. It
	// is meaningless when Cleared.
	Given   float64 `json:"given"`
	Maximum float64 `json:"maximum"`
	Comment string  `json:"comment,omitempty"`
	// Cleared: a later score took the grade away.
	Cleared bool `json:"cleared,omitempty"`
	// ActivityProgress and GradingProgress are those of the last score that
	// was accepted, and Timestamp the tool's time of it.
	ActivityProgress string    `json:"activity_progress"`
	GradingProgress  string    `json:"grading_progress"`
	Timestamp        time.Time `json:"timestamp"`
	// ReceivedAt is the platform's time of it, Writes counts the accepted ones.
	ReceivedAt time.Time `json:"received_at"`
	Writes     int       `json:"writes"`
	// Attempts are the learner's, where scores count as such (Quirks.CountAttempts).
	Attempts int `json:"attempts,omitempty"`
}
