package platform

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Claim names.
const (
	ltiClaim           = "https://purl.imsglobal.org/spec/lti/claim/"
	claimVersion       = ltiClaim + "version"
	claimMessageType   = ltiClaim + "message_type"
	claimDeployment    = ltiClaim + "deployment_id"
	claimTargetLinkURI = ltiClaim + "target_link_uri"
	claimResourceLink  = ltiClaim + "resource_link"
	claimRoles         = ltiClaim + "roles"
	claimContext       = ltiClaim + "context"
	claimCustom        = ltiClaim + "custom"
	claimLIS           = ltiClaim + "lis"
	claimExt           = ltiClaim + "ext"
	claimPresentation  = ltiClaim + "launch_presentation"
	claimToolPlatform  = ltiClaim + "tool_platform"
	claimAGS           = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
	claimNRPS          = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
	claimDeepLinking   = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
	claimContentItems  = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"

	// claimClient carries the client ID inside the package; never sent.
	claimClient = "\x00client"
)

// Messages and where they are presented.
const (
	messageResourceLink = "LtiResourceLinkRequest"
	messageDeepLinking  = "LtiDeepLinkingRequest"
	messageReview       = "LtiSubmissionReviewRequest"
	targetIframe        = "iframe"
	targetWindow        = "window"
)

// siteName is what the campus calls itself.
const siteName = "Harbour Campus"

// message is an LTI message about to be sent.
type message struct {
	Type     string // "" is a resource link launch
	ItemID   string // of a submission review
	ForUser  string // of a submission review
	UserID   string
	LinkID   string
	ClientID string // of a deep linking request
	PickID   string // of a deep linking request: where the answer belongs
	Target   string
	Nonce    string
}

// claims composes the claims of a message as Moodle 4.5 does, but for what the
// quirks leave out.
func (p *Platform) claims(m message) (map[string]any, error) {
	p.mu.Lock()
	w, q := p.w, p.quirks
	defer p.mu.Unlock()
	user, ok := w.user(m.UserID)
	if !ok {
		return nil, fmt.Errorf("platform: no user %q", m.UserID)
	}
	var link ResourceLink
	clientID, deep := m.ClientID, m.Type == messageDeepLinking
	if !deep {
		if link, ok = w.link(m.LinkID); !ok {
			return nil, fmt.Errorf("platform: no resource link %q", m.LinkID)
		}
		clientID = link.ClientID
	}
	tool, ok := w.tool(clientID)
	if !ok {
		return nil, fmt.Errorf("platform: no tool %q", clientID)
	}
	now := p.time().Add(q.ClockSkew)
	lifetime := q.TokenLifetime
	if lifetime == 0 {
		lifetime = time.Minute
	}
	family := q.ProductFamily
	if family == "" {
		family = "moodle"
	}
	locale := user.Locale
	if locale == "" {
		locale = "en"
	}
	issuer := p.issuer
	if q.Issuer != "" {
		issuer = q.Issuer
	}
	deployment := tool.DeploymentID
	if link.DeploymentID != "" {
		deployment = link.DeploymentID
	}
	course, ok := w.course(link.CourseID)
	if !ok {
		return nil, fmt.Errorf("platform: no course %q", link.CourseID)
	}
	presentation := map[string]any{"locale": locale}
	c := map[string]any{
		claimClient:     tool.ClientID,
		"nonce":         m.Nonce,
		"iat":           now.Unix(),
		"exp":           now.Add(lifetime).Unix(),
		"iss":           issuer,
		"aud":           tool.ClientID,
		"sub":           user.ID,
		claimDeployment: deployment,
		claimVersion:    "1.3.0",
		claimRoles:      user.ltiRoles(),
		claimLIS: map[string]any{
			"person_sourcedid": user.EmployeeID, "course_section_sourcedid": courseSourcedID,
		},
		claimPresentation: presentation,
		claimToolPlatform: map[string]any{
			"product_family_code": family, "version": "2024100705.01", "guid": hashOf(p.issuer)[:32],
			"name": "harbour", "description": siteName,
		},
	}
	if deep {
		c[claimMessageType] = messageDeepLinking
		c[claimTargetLinkURI] = tool.deepLinkTarget()
		c[claimDeepLinking] = map[string]any{
			"accept_types":                         []string{"ltiResourceLink"},
			"accept_presentation_document_targets": []string{"frame", "iframe", "window"},
			"accept_copy_advice":                   false,
			"accept_multiple":                      true,
			"accept_unsigned":                      false,
			"auto_create":                          false,
			"can_confirm":                          false,
			"deep_link_return_url": p.issuer + "/mod/lti/contentitem_return.php?" +
				url.Values{"course": {course.ID}, "id": {tool.DeploymentID}, "sesskey": {m.PickID}}.Encode(),
			"title": tool.Name,
			"text":  "",
		}
	} else {
		c[claimMessageType] = messageResourceLink
		c[claimTargetLinkURI] = link.TargetLinkURI
		c[claimResourceLink] = map[string]any{"id": link.ID, "title": link.Title, "description": link.Description}
		container := "3"
		if m.Target != targetIframe {
			container = "4"
		}
		presentation["document_target"] = m.Target
		presentation["return_url"] = p.issuer + "/mod/lti/return.php?course=" + course.ID +
			"&launch_container=" + container + "&instanceid=" + url.QueryEscape(link.ID)
	}
	if !q.NoContext {
		c[claimContext] = contextClaim(course)
	}
	names, email := shares(tool, q)
	ext := map[string]any{"lms": "moodle-2"}
	if names {
		c["name"], c["given_name"], c["family_name"] = user.Name, user.Given, user.Family
		ext["user_username"] = user.Username
	}
	if email {
		c["email"] = user.Email
	}
	c[claimExt] = ext
	custom := p.custom(course, tool, link, user, deep, names, email)
	if len(custom) > 0 {
		c[claimCustom] = custom
	}
	if deep && q.ResourceLinkInDeepLinking {
		c[claimResourceLink] = map[string]any{"id": "deep-linking"}
	}
	if !q.NoServices {
		p.serviceClaims(c, w, q, course, tool, link)
	}
	if m.Type == messageReview {
		p.reviewClaims(c, w, tool, link, m, names, email)
	}
	if q.Migration != nil {
		c[claimMigration] = q.Migration.claim(c, tool.ClientID)
	}
	if q.AudienceArray {
		c["aud"], c["azp"] = []string{tool.ClientID}, tool.ClientID
	}
	if q.Anonymous {
		delete(c, "sub")
		for _, k := range []string{"name", "given_name", "family_name", "email", claimLIS} {
			delete(c, k)
		}
	}
	return c, nil
}

// serviceClaims adds the services the tool was granted.
func (p *Platform) serviceClaims(c map[string]any, w *world, q Quirks, course Course, tool Tool, link ResourceLink) {
	var ags []string
	for _, s := range []string{scopeLineItem, scopeLineItemReadonly, scopeResult, scopeScore} {
		if slices.Contains(tool.Scopes, s) {
			ags = append(ags, s)
		}
	}
	if len(ags) > 0 {
		endpoint := map[string]any{"scope": ags, "lineitems": p.lineItemsURL(course.ID, tool)}
		// With none or several, Moodle names no line item.
		if items := w.itemsOfLink(link.ID); link.ID != "" && len(items) == 1 {
			endpoint["lineitem"] = p.lineItemURL(items[0], tool)
		}
		c[claimAGS] = endpoint
	}
	if slices.Contains(tool.Scopes, scopeNRPS) {
		c[claimNRPS] = map[string]any{
			"context_memberships_url": p.membershipsURL(course.ID, tool),
			"service_versions":        []string{"1.0", "2.0"},
		}
	}
	if q.Groups && slices.Contains(tool.Scopes, scopeGroups) {
		c[claimGroups] = p.groupsClaim(course.ID)
	}
	if q.Notices && slices.Contains(tool.Scopes, scopeNotices) {
		c[claimNotices] = p.noticesClaim(tool)
	}
}

// shares says what of a person the tool may know.
func shares(t Tool, q Quirks) (names, email bool) {
	names = slices.Contains(t.Claims, "name") || slices.Contains(t.Claims, "given_name") || slices.Contains(t.Claims, "family_name")
	return names && !q.NoNames, slices.Contains(t.Claims, "email") && !q.NoEmail
}

// ltiRoles are the roles of a launch.
func (u User) ltiRoles() []string {
	const membership = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
	switch u.Role {
	case RoleAdmin:
		return []string{
			"http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
			membership + "Instructor",
			"http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
		}
	case RoleTeacher, RoleNonEditingTeacher:
		return []string{membership + "Instructor"}
	case RoleManager:
		return []string{membership + "Mentor", membership + "Manager"}
	default:
		return []string{membership + "Learner"}
	}
}

// shortRole is the role as $Membership.role says it.
func (u User) shortRole() string {
	if roles := u.ltiRoles(); u.Role != RoleAdmin {
		return roles[0][strings.LastIndex(roles[0], "#")+1:]
	}
	return "Instructor"
}

const courseSourcedID = "NEG-101"

// custom resolves the custom parameters: the link's own first, then the tool's
// where the link says nothing. A variable that is unknown, or that privacy
// hides, arrives literally; one without a value here is null.
func (p *Platform) custom(course Course, t Tool, l ResourceLink, u User, deep, names, email bool) map[string]any {
	zone := u.Zone
	if zone == "" {
		zone = "99" // Moodle's "server default"
	}
	begin := time.Date(p.time().Year(), 1, 1, 9, 0, 0, 0, time.UTC)
	vars := map[string]any{
		"Context.id": course.ID, "Context.title": course.Title, "Context.label": course.Label,
		"Context.id.history": course.CopyOf, "Context.sourcedId": courseSourcedID,
		"CourseSection.title": course.Title, "CourseSection.label": course.Label, "CourseSection.sourcedId": courseSourcedID,
		"CourseSection.timeFrame.begin": begin.Format(phpTime),
		"CourseSection.timeFrame.end":   begin.AddDate(1, 0, 0).Format(phpTime),
		"ResourceLink.id":               l.ID, "ResourceLink.title": l.Title, "ResourceLink.description": l.Description,
		"User.id": u.ID, "Person.sourcedId": u.EmployeeID,
		"Person.address.timezone": zone,
		"Membership.role":         u.shortRole(), "Moodle.Person.userGroupIds": "",
		"Person.manager.email": u.ManagerEmail, "User.manager_email": u.ManagerEmail,
	}
	if p.quirks.CanvasVariables {
		p.canvasVariables(vars, course, u)
	}
	if end := p.quirks.CourseEnd; !end.IsZero() {
		vars["CourseSection.timeFrame.end"] = end.UTC().Format(phpTime)
	}
	if names {
		vars["User.username"], vars["Person.name.full"] = u.Username, u.Name
		vars["Person.name.given"], vars["Person.name.family"] = u.Given, u.Family
	}
	if email {
		vars["Person.email.primary"] = u.Email
	}
	if deep {
		vars["ResourceLink.id"], vars["ResourceLink.title"], vars["ResourceLink.description"] = nil, nil, nil
	}
	out := map[string]any{}
	for _, params := range []map[string]string{t.Custom, l.Custom} {
		for k, v := range params {
			out[k] = v
			if name, isVar := strings.CutPrefix(v, "$"); isVar {
				if value, known := vars[name]; known {
					out[k] = value
				}
			}
		}
	}
	return out
}

// deepLinkTarget is where deep linking requests go.
func (t Tool) deepLinkTarget() string {
	if t.DeepLinkURL != "" {
		return t.DeepLinkURL
	}
	return t.TargetLinkURI
}

// phpTime is PHP's date('c'): seconds, and +00:00 rather than Z.
const phpTime = "2006-01-02T15:04:05-07:00"
