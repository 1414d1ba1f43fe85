package xapi

import (
	"strconv"
	"strings"
	"time"
)

// The builders fill the typed model from a tree. They judge nothing: a value of
// the wrong type reads as absent, so they serve checked and stored documents.

func buildStatement(n *node) *Statement {
	s := &Statement{
		ID:          strings.ToLower(textAt(n, "id")),
		Actor:       agentAt(n, "actor"),
		Verb:        verbAt(n, "verb"),
		Object:      objectAt(n, "object"),
		Result:      resultAt(n, "result"),
		Context:     contextAt(n, "context"),
		Timestamp:   timeAt(n, "timestamp"),
		Authority:   agentPtrAt(n, "authority"),
		Version:     textAt(n, "version"),
		Attachments: attachmentsAt(n, "attachments"),
		Raw:         []byte(n.raw),
	}
	s.adapt = mustAdapt(n)
	s.members = make([]Member, len(n.kids))
	for i := range n.kids {
		s.members[i] = Member{Key: n.kids[i].key, Value: n.kids[i].val.raw}
	}
	if t := timeAt(n, "stored"); !t.IsZero() {
		s.Stored = &t
	}
	return s
}

func textAt(n *node, key string) string {
	if v := n.get(key); v != nil && v.kind == kindString {
		return v.text
	}
	return ""
}

func timeAt(n *node, key string) time.Time {
	t, _ := ParseTimestamp(textAt(n, key))
	return t
}

func objectNode(n *node, key string) *node {
	if v := n.get(key); v != nil && v.kind == kindObject {
		return v
	}
	return nil
}

func languagesAt(n *node, key string) LanguageMap {
	v := objectNode(n, key)
	if v == nil {
		return nil
	}
	m := make(LanguageMap, len(v.kids))
	for i := range v.kids {
		m[v.kids[i].key] = v.kids[i].val.text
	}
	return m
}

// extensionsAt are the extensions as they were sent.
func extensionsAt(n *node) extensions {
	if v := objectNode(n, "extensions"); v != nil {
		return extensions(v.raw)
	}
	return ""
}

func buildAgent(n *node) Agent {
	a := Agent{
		ObjectType:  textAt(n, "objectType"),
		Name:        textAt(n, "name"),
		Mbox:        textAt(n, "mbox"),
		MboxSHA1Sum: textAt(n, "mbox_sha1sum"),
		OpenID:      textAt(n, "openid"),
	}
	if acc := objectNode(n, "account"); acc != nil {
		a.Account = &Account{HomePage: textAt(acc, "homePage"), Name: textAt(acc, "name")}
	}
	if m := n.get("member"); m != nil {
		for i := range m.kids {
			a.Member = append(a.Member, buildAgent(&m.kids[i].val))
		}
	}
	return a
}

func agentAt(n *node, key string) Agent {
	if v := objectNode(n, key); v != nil {
		return buildAgent(v)
	}
	return Agent{}
}

func agentPtrAt(n *node, key string) *Agent {
	if v := objectNode(n, key); v != nil {
		a := buildAgent(v)
		return &a
	}
	return nil
}

func verbAt(n *node, key string) Verb {
	if v := objectNode(n, key); v != nil {
		return Verb{ID: textAt(v, "id"), Display: languagesAt(v, "display")}
	}
	return Verb{}
}

func objectAt(n *node, key string) Object {
	v := objectNode(n, key)
	if v == nil {
		return Object{}
	}
	switch textAt(v, "objectType") {
	case ObjectTypeAgent, ObjectTypeGroup:
		a := buildAgent(v)
		return Object{Agent: &a}
	case ObjectTypeStatementRef:
		return Object{Ref: buildRef(v)}
	case ObjectTypeSubStatement:
		return Object{Sub: &SubStatement{
			ObjectType:  ObjectTypeSubStatement,
			Actor:       agentAt(v, "actor"),
			Verb:        verbAt(v, "verb"),
			Object:      objectAt(v, "object"),
			Result:      resultAt(v, "result"),
			Context:     contextAt(v, "context"),
			Timestamp:   timeAt(v, "timestamp"),
			Attachments: attachmentsAt(v, "attachments"),
		}}
	}
	a := buildActivity(v)
	return Object{Activity: &a}
}

func buildRef(n *node) *StatementRef {
	return &StatementRef{ObjectType: ObjectTypeStatementRef, ID: strings.ToLower(textAt(n, "id"))}
}

func buildActivity(n *node) Activity {
	a := Activity{ObjectType: textAt(n, "objectType"), ID: textAt(n, "id")}
	d := objectNode(n, "definition")
	if d == nil {
		return a
	}
	a.Definition = &Definition{
		raw:             d.raw,
		Name:            languagesAt(d, "name"),
		Description:     languagesAt(d, "description"),
		Type:            textAt(d, "type"),
		MoreInfo:        textAt(d, "moreInfo"),
		extensions:      extensionsAt(d),
		InteractionType: textAt(d, "interactionType"),
		Choices:         componentsAt(d, "choices"),
		Scale:           componentsAt(d, "scale"),
		Source:          componentsAt(d, "source"),
		Target:          componentsAt(d, "target"),
		Steps:           componentsAt(d, "steps"),
	}
	a.Definition.CorrectResponsesPattern = textsAt(d, "correctResponsesPattern")
	return a
}

func componentsAt(n *node, key string) []InteractionComponent {
	var out []InteractionComponent
	if v := n.get(key); v != nil {
		for i := range v.kids {
			k := &v.kids[i].val
			out = append(out, InteractionComponent{ID: textAt(k, "id"), Description: languagesAt(k, "description")})
		}
	}
	return out
}

func textsAt(n *node, key string) []string {
	var out []string
	if v := n.get(key); v != nil && v.kind == kindArray {
		for i := range v.kids {
			out = append(out, v.kids[i].val.text)
		}
	}
	return out
}

func resultAt(n *node, key string) *Result {
	v := objectNode(n, key)
	if v == nil {
		return nil
	}
	r := &Result{
		Success:    boolAt(v, "success"),
		Completion: boolAt(v, "completion"),
		Response:   textAt(v, "response"),
		Duration:   textAt(v, "duration"),
		extensions: extensionsAt(v),
	}
	if s := objectNode(v, "score"); s != nil {
		r.Score = &Score{Scaled: floatAt(s, "scaled"), Raw: floatAt(s, "raw"), Min: floatAt(s, "min"), Max: floatAt(s, "max")}
	}
	return r
}

func boolAt(n *node, key string) *bool {
	v := n.get(key)
	if v == nil || v.kind != kindBool {
		return nil
	}
	b := v.text == "true"
	return &b
}

func floatAt(n *node, key string) *float64 {
	v := n.get(key)
	if v == nil || v.kind != kindNumber {
		return nil
	}
	f, err := strconv.ParseFloat(v.text, 64)
	if err != nil {
		return nil // too large for the model; Raw has it
	}
	return &f
}

func contextAt(n *node, key string) *Context {
	v := objectNode(n, key)
	if v == nil {
		return nil
	}
	c := &Context{
		Registration: strings.ToLower(textAt(v, "registration")),
		Instructor:   agentPtrAt(v, "instructor"),
		Team:         agentPtrAt(v, "team"),
		Revision:     textAt(v, "revision"),
		Platform:     textAt(v, "platform"),
		Language:     textAt(v, "language"),
		extensions:   extensionsAt(v),
	}
	if r := objectNode(v, "statement"); r != nil {
		c.Statement = buildRef(r)
	}
	if a := objectNode(v, "contextActivities"); a != nil {
		c.ContextActivities = &ContextActivities{
			Parent: activitiesAt(a, "parent"), Grouping: activitiesAt(a, "grouping"),
			Category: activitiesAt(a, "category"), Other: activitiesAt(a, "other"),
		}
	}
	if a := v.get("contextAgents"); a != nil {
		for i := range a.kids {
			k := &a.kids[i].val
			c.ContextAgents = append(c.ContextAgents, ContextAgent{
				ObjectType: "contextAgent", Agent: agentAt(k, "agent"), RelevantTypes: textsAt(k, "relevantTypes")})
		}
	}
	if a := v.get("contextGroups"); a != nil {
		for i := range a.kids {
			k := &a.kids[i].val
			c.ContextGroups = append(c.ContextGroups, ContextGroup{
				ObjectType: "contextGroup", Group: agentAt(k, "group"), RelevantTypes: textsAt(k, "relevantTypes")})
		}
	}
	return c
}

func activitiesAt(n *node, key string) []Activity {
	v := n.get(key)
	switch {
	case v == nil:
		return nil
	case v.kind == kindObject:
		return []Activity{buildActivity(v)}
	}
	var out []Activity
	for i := range v.kids {
		out = append(out, buildActivity(&v.kids[i].val))
	}
	return out
}

func attachmentsAt(n *node, key string) []Attachment {
	v := n.get(key)
	if v == nil {
		return nil
	}
	var out []Attachment
	for i := range v.kids {
		out = append(out, buildAttachment(&v.kids[i].val))
	}
	return out
}

func buildAttachment(n *node) Attachment {
	a := Attachment{
		UsageType: textAt(n, "usageType"), Display: languagesAt(n, "display"), Description: languagesAt(n, "description"),
		ContentType: textAt(n, "contentType"), SHA2: textAt(n, "sha2"), FileURL: textAt(n, "fileUrl"),
	}
	if l := n.get("length"); l != nil {
		a.Length, _ = strconv.ParseInt(l.text, 10, 64)
	}
	return a
}
