package lti

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Claim prefixes.
const (
	claim     = "https://purl.imsglobal.org/spec/lti/claim/"
	claimAGS  = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
	claimNRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
	claimDL   = "https://purl.imsglobal.org/spec/lti-dl/claim/"

	claimGroups  = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"
	claimNotices = claim + "platformnotificationservice"
)

// maxText bounds names and titles, in bytes.
const maxText = 1024

// readLaunch reads the LTI claims of a verified token; pure. Unknown claims are
// ignored, known ones must have their type.
func readLaunch(c object, allowAnonymous bool) (*Launch, *Rejection) {
	l := &Launch{}
	rd := &reader{}
	l.MessageType = rd.text(c, claim+"message_type")
	version := rd.text(c, claim+"version")
	l.DeploymentID = rd.id(c, claim+"deployment_id")
	l.TargetLinkURI = rd.text(c, claim+"target_link_uri")
	l.Subject = rd.id(c, "sub")
	l.Roles = rd.texts(c, claim+"roles")
	l.MentorOf = rd.texts(c, claim+"role_scope_mentor")
	l.Name, l.GivenName, l.FamilyName = rd.label(c, "name"), rd.label(c, "given_name"), rd.label(c, "family_name")
	l.Email, l.Locale = rd.label(c, "email"), rd.label(c, "locale")

	link, hasLink := rd.object(c, claim+"resource_link")
	l.ResourceLink = ResourceLink{ID: rd.id(link, "id"), Title: rd.label(link, "title"), Description: rd.label(link, "description")}
	course, _ := rd.object(c, claim+"context")
	l.Course = Course{ID: rd.id(course, "id"), Label: rd.label(course, "label"), Title: rd.label(course, "title")}
	platform, _ := rd.object(c, claim+"tool_platform")
	l.ProductFamily, l.PlatformGUID = rd.label(platform, "product_family_code"), rd.label(platform, "guid")
	shown, _ := rd.object(c, claim+"launch_presentation")
	l.DocumentTarget, l.ReturnURL = rd.label(shown, "document_target"), rd.url(shown, "return_url")
	if locale := rd.label(shown, "locale"); locale != "" {
		l.Locale = locale
	}
	grades, _ := rd.object(c, claimAGS)
	l.AGSScopes = rd.texts(grades, "scope")
	l.LineItemsURL, l.LineItemURL = rd.url(grades, "lineitems"), rd.url(grades, "lineitem")
	roster, _ := rd.object(c, claimNRPS)
	l.MembershipsURL = rd.url(roster, "context_memberships_url")
	groups, _ := rd.object(c, claimGroups)
	l.GroupsURL, l.GroupSetsURL = rd.url(groups, "context_groups_url"), rd.url(groups, "context_group_sets_url")
	l.GroupScopes = rd.texts(groups, "scope")
	notices, _ := rd.object(c, claimNotices)
	l.NoticesURL = rd.url(notices, "platform_notification_service_url")
	l.NoticeTypes = rd.texts(notices, "notice_types_supported")
	forUser, _ := rd.object(c, claim+"for_user")
	l.ForUser = rd.id(forUser, "user_id")
	l.Custom = rd.custom(c)
	l.Migrated = readMigration(rd, c)
	l.Username = username(c)

	if l.MessageType == "" && version == "" && l.DeploymentID == "" && rd.rej == nil {
		return nil, reject("not_lti", "the token has no LTI claims")
	}
	switch {
	case rd.rej != nil:
		return nil, rd.rej
	case l.MessageType == "":
		return nil, reject("message_type_missing", "the token has no message_type")
	case version == "":
		return nil, reject("version_missing", "the token has no version")
	case version != "1.3.0":
		return nil, reject("wrong_version", "the token's version is %q, not 1.3.0", printable(version, 16)).vs("1.3.0", version)
	case l.DeploymentID == "":
		return nil, reject("deployment_missing", "the token has no deployment_id")
	case l.TargetLinkURI == "":
		return nil, reject("token_target_missing", "the token has no target_link_uri")
	case !c.has("sub") && !allowAnonymous:
		return nil, reject("subject_missing", "the token has no sub, and anonymous launches are switched off")
	case c.has("sub") && l.Subject == "":
		return nil, reject("subject_empty", "the token's sub is empty")
	case !c.has(claim + "roles"):
		return nil, reject("roles_missing", "the token has no roles")
	}
	switch l.MessageType {
	case MessageResourceLink, MessageSubmissionReview:
		if !hasLink {
			return nil, reject("resource_link_missing", "the token has no resource_link")
		}
		if l.ResourceLink.ID == "" {
			return nil, reject("resource_link_id_missing", "the token's resource_link has no id")
		}
		if l.MessageType == MessageSubmissionReview && l.ForUser == "" {
			return nil, reject("for_user_missing", "the submission review does not say for whom")
		}
	case MessageDeepLinking:
		var rej *Rejection
		if l.DeepLink, rej = readDeepLink(c); rej != nil {
			return nil, rej
		}
	default:
		return nil, reject("unknown_message_type", "the message type %q is not one of ours", printable(l.MessageType, 64))
	}
	return l, nil
}

// username reads Moodle's own claim. It is no part of the specification, so what
// is odd about it refuses no launch.
func username(c object) string {
	ext, _, err := c.object(claim + "ext")
	if err != nil {
		return ""
	}
	rd := &reader{}
	if name := rd.id(ext, "user_username"); rd.rej == nil {
		return name
	}
	return ""
}

// readDeepLink reads the settings of a deep linking request.
func readDeepLink(c object) (*DeepLink, *Rejection) {
	rd := &reader{}
	s, ok := rd.object(c, claimDL+"deep_linking_settings")
	if rd.rej == nil && !ok {
		return nil, reject("deep_linking_settings_missing", "the token has no deep_linking_settings")
	}
	d := &DeepLink{
		ReturnURL:      rd.text(s, "deep_link_return_url"),
		AcceptTypes:    rd.texts(s, "accept_types"),
		AcceptTargets:  rd.texts(s, "accept_presentation_document_targets"),
		AcceptMultiple: rd.flag(s, "accept_multiple"),
		AcceptLineItem: !s.has("accept_lineitem") || rd.flag(s, "accept_lineitem"),
		AutoCreate:     rd.flag(s, "auto_create"),
		Title:          rd.label(s, "title"),
		Text:           rd.label(s, "text"),
	}
	if s.has("data") {
		data := rd.text(s, "data")
		d.Data = &data
	}
	if rd.rej != nil {
		return nil, rd.rej
	}
	if _, ok := webURL(d.ReturnURL); !ok {
		return nil, reject("deep_linking_return_url", "the deep linking request has no usable return URL")
	}
	if len(d.AcceptTypes) == 0 || len(d.AcceptTargets) == 0 {
		return nil, reject("deep_linking_settings_incomplete", "accept_types and accept_presentation_document_targets are required")
	}
	return d, nil
}

// reader reads members and keeps the first rejection.
type reader struct{ rej *Rejection }

func (rd *reader) keep(rej *Rejection) {
	if rd.rej == nil {
		rd.rej = rej
	}
}

func (rd *reader) text(o object, name string) string {
	s, _, err := o.text(name)
	if err != nil {
		rd.keep(badType(err))
	}
	return s
}

// id is a text of at most 255 bytes without control characters.
func (rd *reader) id(o object, name string) string {
	s := rd.text(o, name)
	if len(s) > maxID {
		rd.keep(reject("id_too_long", "%s is longer than %d characters", name, maxID))
		return ""
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f || r == utf8.RuneError }) {
		rd.keep(reject("id_malformed", "%s holds control characters", name))
		return ""
	}
	return s
}

// label is a text for people; it is cut, not refused.
func (rd *reader) label(o object, name string) string {
	return cut(rd.text(o, name))
}

// cut is a text for people of bounded length.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}

// url is an http(s) URL, else "": what cannot be called is not offered, and
// nothing but a web address ever reaches a page's href.
func (rd *reader) url(o object, name string) string {
	s := rd.text(o, name)
	if _, ok := webURL(s); !ok || len(s) > 4<<10 {
		return ""
	}
	return s
}

func (rd *reader) texts(o object, name string) []string {
	v, _, err := o.texts(name)
	if err != nil {
		rd.keep(badType(err))
	}
	return v
}

func (rd *reader) flag(o object, name string) bool {
	v, err := o.flag(name)
	if err != nil {
		rd.keep(badType(err))
	}
	return v
}

func (rd *reader) object(o object, name string) (object, bool) {
	v, ok, err := o.object(name)
	if err != nil {
		rd.keep(badType(err))
	}
	return v, ok
}

// custom reads the custom parameters: strings, but Canvas expands some variables
// to numbers and booleans, and Moodle some to null.
func (rd *reader) custom(c object) map[string]string {
	o, _ := rd.object(c, claim+"custom")
	out := make(map[string]string, len(o))
	for name, raw := range o {
		if !o.has(name) {
			continue
		}
		var v any
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			rd.keep(badType(&typeError{"custom." + printable(name, 64), "JSON"}))
			continue
		}
		switch v := v.(type) {
		case string:
			out[name] = v
		case json.Number:
			out[name] = v.String()
		case bool:
			out[name] = string(raw)
		default:
			rd.keep(badType(&typeError{"custom." + printable(name, 64), "a string"}))
		}
	}
	return out
}
