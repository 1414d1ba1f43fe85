package xapi

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Compose writes a statement: byte for byte what json.Marshal writes, in a tenth of the time. That is by reflection, and
// the types have methods of their own for what decoded statements keep, whose output it reads again at each level.
//
// Written by hand is what statements usually have. Whatever is rare, or not certain to need no escape, is left to
// json.Marshal part by part, so that there is nothing to get wrong twice.
func Compose(s Statement) ([]byte, error) {
	c := composer{out: make([]byte, 0, 2048)} // most statements of a workflow have about 1,600 bytes
	c.statement(&s)
	if c.err != nil {
		return nil, c.err
	}
	return c.out, nil
}

// Written is an activity that many statements name: it is written once, and copied by Compose from then on. Nobody may
// change it after, nor what it points to.
func (a Activity) Written() Activity {
	a.written = ""
	c := composer{}
	if c.activity(&a); c.err == nil { // else Compose meets the same error again
		a.written = string(c.out)
	}
	return a
}

// composer writes JSON. Values come one after the other; begin and end enclose the members of an object. The first
// error stays, and what was written then is worth nothing.
type composer struct {
	out []byte
	err error
}

func (c *composer) statement(s *Statement) {
	c.begin()
	c.textMember("id", s.ID)
	c.key("actor")
	c.agent(&s.Actor)
	c.key("verb")
	c.verb(s.Verb)
	c.key("object")
	c.object(s.Object)
	if s.Result != nil {
		c.key("result")
		c.result(s.Result)
	}
	if s.Context != nil {
		c.key("context")
		c.context(s.Context)
	}
	if !s.Timestamp.IsZero() {
		c.key("timestamp")
		c.time(s.Timestamp)
	}
	if s.Stored != nil {
		c.key("stored")
		c.time(*s.Stored)
	}
	c.agentMember("authority", s.Authority)
	c.textMember("version", s.Version)
	if len(s.Attachments) > 0 {
		c.key("attachments")
		c.other(s.Attachments)
	}
	c.end()
}

func (c *composer) agent(a *Agent) {
	c.begin()
	c.textMember("objectType", a.ObjectType)
	c.textMember("name", a.Name)
	c.textMember("mbox", a.Mbox)
	c.textMember("mbox_sha1sum", a.MboxSHA1Sum)
	c.textMember("openid", a.OpenID)
	if a.Account != nil {
		c.key("account")
		c.begin()
		c.key("homePage")
		c.text(a.Account.HomePage)
		c.key("name")
		c.text(a.Account.Name)
		c.end()
	}
	if len(a.Member) > 0 {
		c.key("member")
		c.other(a.Member)
	}
	c.end()
}

func (c *composer) verb(v Verb) {
	c.begin()
	c.key("id")
	c.text(v.ID)
	c.languages("display", v.Display)
	c.end()
}

func (c *composer) object(o Object) {
	switch {
	case o.Activity != nil:
		c.activity(o.Activity)
	case o.Agent != nil:
		c.agent(o.Agent)
	default:
		c.other(o)
	}
}

func (c *composer) activity(a *Activity) {
	if a.written != "" {
		c.out = append(c.out, a.written...)
		return
	}
	c.begin()
	c.textMember("objectType", a.ObjectType)
	c.key("id")
	c.text(a.ID)
	if a.Definition != nil {
		c.key("definition")
		c.definition(a.Definition)
	}
	c.end()
}

// definition writes one that only names an activity and its type. Questions and what was decoded are rare.
func (c *composer) definition(d *Definition) {
	if len(d.Extensions) > 0 || d.extensions != "" || d.InteractionType != "" || len(d.CorrectResponsesPattern) > 0 ||
		len(d.Choices) > 0 || len(d.Scale) > 0 || len(d.Source) > 0 || len(d.Target) > 0 || len(d.Steps) > 0 {
		c.other(d)
		return
	}
	c.begin()
	c.languages("name", d.Name)
	c.languages("description", d.Description)
	c.textMember("type", d.Type)
	c.textMember("moreInfo", d.MoreInfo)
	c.end()
}

func (c *composer) result(r *Result) {
	if r.extensions != "" {
		c.other(r)
		return
	}
	c.begin()
	if r.Score != nil {
		c.key("score")
		c.begin()
		c.numberMember("scaled", r.Score.Scaled)
		c.numberMember("raw", r.Score.Raw)
		c.numberMember("min", r.Score.Min)
		c.numberMember("max", r.Score.Max)
		c.end()
	}
	c.boolMember("success", r.Success)
	c.boolMember("completion", r.Completion)
	c.textMember("response", r.Response)
	c.textMember("duration", r.Duration)
	c.extensions(r.Extensions)
	c.end()
}

func (c *composer) context(x *Context) {
	if x.extensions != "" {
		c.other(x)
		return
	}
	c.begin()
	c.textMember("registration", x.Registration)
	c.agentMember("instructor", x.Instructor)
	c.agentMember("team", x.Team)
	if a := x.ContextActivities; a != nil {
		c.key("contextActivities")
		c.begin()
		c.activities("parent", a.Parent)
		c.activities("grouping", a.Grouping)
		c.activities("category", a.Category)
		c.activities("other", a.Other)
		c.end()
	}
	if len(x.ContextAgents) > 0 {
		c.key("contextAgents")
		c.other(x.ContextAgents)
	}
	if len(x.ContextGroups) > 0 {
		c.key("contextGroups")
		c.other(x.ContextGroups)
	}
	c.textMember("revision", x.Revision)
	c.textMember("platform", x.Platform)
	c.textMember("language", x.Language)
	if x.Statement != nil {
		c.key("statement")
		c.other(x.Statement)
	}
	c.extensions(x.Extensions)
	c.end()
}

func (c *composer) activities(key string, all []Activity) {
	if len(all) == 0 {
		return
	}
	c.key(key)
	c.out = append(c.out, '[')
	for i := range all {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		c.activity(&all[i])
	}
	c.out = append(c.out, ']')
}

func (c *composer) languages(key string, m LanguageMap) {
	if len(m) == 0 {
		return
	}
	c.key(key)
	c.begin()
	var few [4]string
	for _, tag := range sortedKeys(few[:0], m) {
		c.keyOf(tag)
		c.text(m[tag])
	}
	c.end()
}

func (c *composer) extensions(m map[string]any) {
	if len(m) == 0 {
		return
	}
	c.key("extensions")
	c.begin()
	var few [4]string
	for _, iri := range sortedKeys(few[:0], m) {
		c.keyOf(iri)
		c.value(m[iri])
	}
	c.end()
}

func sortedKeys[V any](into []string, m map[string]V) []string {
	for key := range m {
		into = append(into, key)
	}
	slices.Sort(into)
	return into
}

func (c *composer) value(v any) {
	switch v := v.(type) {
	case string:
		c.text(v)
	case int:
		c.out = strconv.AppendInt(c.out, int64(v), 10)
	case bool:
		c.out = strconv.AppendBool(c.out, v)
	default:
		c.other(v)
	}
}

func (c *composer) textMember(key, s string) {
	if s != "" {
		c.key(key)
		c.text(s)
	}
}

func (c *composer) agentMember(key string, a *Agent) {
	if a != nil {
		c.key(key)
		c.agent(a)
	}
}

func (c *composer) boolMember(key string, b *bool) {
	if b != nil {
		c.key(key)
		c.out = strconv.AppendBool(c.out, *b)
	}
}

func (c *composer) numberMember(key string, f *float64) {
	if f == nil {
		return
	}
	c.key(key)
	if size := max(*f, -*f); size == 0 || size >= 1e-6 && size < 1e21 {
		c.out = strconv.AppendFloat(c.out, *f, 'f', -1, 64)
	} else {
		c.other(*f) // with an exponent, or no number
	}
}

func (c *composer) begin() { c.out = append(c.out, '{') }
func (c *composer) end()   { c.out = append(c.out, '}') }

// key begins a member whose name needs no escape.
func (c *composer) key(name string) {
	if c.out[len(c.out)-1] != '{' {
		c.out = append(c.out, ',')
	}
	c.out = append(c.out, '"')
	c.out = append(c.out, name...)
	c.out = append(c.out, '"', ':')
}

// keyOf begins a member of any name.
func (c *composer) keyOf(name string) {
	if c.out[len(c.out)-1] != '{' {
		c.out = append(c.out, ',')
	}
	c.text(name)
	c.out = append(c.out, ':')
}

func (c *composer) text(s string) {
	if escapes(s) {
		c.other(s)
		return
	}
	c.out = append(c.out, '"')
	c.out = append(c.out, s...)
	c.out = append(c.out, '"')
}

// escapes tells whether json.Marshal may write s otherwise than between quotes as it is: what JSON, HTML or JavaScript
// would take for something else, and what is no UTF-8.
func escapes(s string) bool {
	for _, r := range s {
		if '>' < r && r < '\u2028' && r != '\\' { // letters first, as most are
			continue
		}
		switch r {
		case '"', '\\', '<', '>', '&', '\u2028', '\u2029', utf8.RuneError:
			return true
		}
		if r < ' ' {
			return true
		}
	}
	return false
}

func (c *composer) time(t time.Time) {
	c.out = append(c.out, '"')
	out, err := t.AppendText(c.out)
	if err != nil {
		c.fail(err)
		return
	}
	c.out = append(out, '"')
}

// other leaves a value to json.Marshal.
func (c *composer) other(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		c.fail(err)
		return
	}
	c.out = append(c.out, b...)
}

func (c *composer) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}
