package xapi

import (
	"strconv"
	"strings"
)

// checker holds a document against the rules of one version (xAPI 1.0.3 Part
// Two; IEEE 9274.1.1 clause 4.2). Its methods return nil or the first thing
// wrong below the node they are given.
type checker struct {
	version Version
}

// property judges the property key of an object; known is false if the object
// has no such property.
type property func(c checker, key string, v *node) (err *Error, known bool)

// object judges an object of the kind named what: every property by p, and that
// those required are there.
func (c checker) object(n *node, what string, p property, required ...string) *Error {
	if n.kind != kindObject {
		return fail("%s is an object, not %s", what, n.kind)
	}
	for i := range n.kids {
		key, v := n.kids[i].key, &n.kids[i].val
		err, known := p(c, key, v)
		if !known {
			return unknown(c, what, p, key).in(key)
		}
		if err == nil && v.kind == kindNull {
			err = fail("null is allowed inside extensions only")
		}
		if err != nil {
			return err.in(key)
		}
	}
	for _, key := range required {
		if n.get(key) == nil {
			return fail("%s needs %q", what, key)
		}
	}
	return nil
}

// unknown says that a property does not exist, and whether only its case is wrong.
func unknown(c checker, what string, p property, key string) *Error {
	for _, right := range [...]string{
		"id", "actor", "verb", "object", "result", "context", "timestamp", "stored", "authority", "version", "attachments",
		"objectType", "name", "mbox", "mbox_sha1sum", "openid", "account", "member", "homePage", "display", "definition",
		"description", "type", "moreInfo", "extensions", "interactionType", "correctResponsesPattern", "choices", "scale",
		"source", "target", "steps", "score", "success", "completion", "response", "duration", "scaled", "raw", "min", "max",
		"registration", "instructor", "team", "contextActivities", "contextAgents", "contextGroups", "revision", "platform",
		"language", "statement", "parent", "grouping", "category", "other", "usageType", "contentType", "length", "sha2", "fileUrl",
	} {
		if strings.EqualFold(right, key) && right != key {
			if _, known := p(c, right, &node{}); known {
				return fail("%s has no such property; did you mean %q? Case matters", what, right)
			}
		}
	}
	return fail("%s has no such property", what)
}

// list judges every element of an array.
func (c checker) list(n *node, each func(checker, *node) *Error) *Error {
	if n.kind != kindArray {
		return fail("expected an array, not %s", n.kind)
	}
	for i := range n.kids {
		if err := each(c, &n.kids[i].val); err != nil {
			return err.at(i)
		}
	}
	return nil
}

func (c checker) text(n *node) *Error {
	if n.kind != kindString {
		return fail("expected a string, not %s", n.kind)
	}
	return nil
}

// textOf judges a string by ok; want completes "expected …".
func (c checker) textOf(n *node, ok func(string) bool, want string) *Error {
	if n.kind != kindString {
		return fail("expected %s as a string, not %s", want, n.kind)
	}
	if !ok(n.text) {
		return fail("expected %s, not %s", want, quote(n.text))
	}
	return nil
}

func (c checker) iri(n *node) *Error {
	return c.textOf(n, ValidIRI, "an absolute IRI such as https://example.org/x")
}

func (c checker) uuid(n *node) *Error { return c.textOf(n, ValidUUID, "a UUID") }

func (c checker) boolean(n *node) *Error {
	if n.kind != kindBool {
		return fail("expected true or false, not %s", n.kind)
	}
	return nil
}

func (c checker) number(n *node) *Error {
	if n.kind != kindNumber {
		return fail("expected a number, not %s", n.kind)
	}
	return nil
}

func (c checker) timestamp(n *node) *Error {
	valid := func(s string) bool { _, ok := ParseTimestamp(s); return ok }
	return c.textOf(n, valid, "an ISO 8601 date and time with zone such as 2026-11-21T09:44:10Z")
}

func (c checker) languageMap(n *node) *Error {
	if n.kind != kindObject {
		return fail("a language map is an object, not %s", n.kind)
	}
	for i := range n.kids {
		key, v := n.kids[i].key, &n.kids[i].val
		if !ValidLanguage(key) {
			return fail("not a language tag of RFC 5646").in(key)
		}
		if err := c.text(v); err != nil {
			return err.in(key)
		}
	}
	return nil
}

func (c checker) extensions(n *node) *Error {
	if n.kind != kindObject {
		return fail("extensions are an object, not %s", n.kind)
	}
	for i := range n.kids {
		if !ValidIRI(n.kids[i].key) {
			return fail("the key of an extension is an absolute IRI").in(n.kids[i].key)
		}
	}
	return nil
}

// objectType judges the property objectType by the values it may have.
func (c checker) objectType(n *node, allowed ...string) *Error {
	if err := c.text(n); err != nil {
		return err
	}
	for _, a := range allowed {
		if n.text == a {
			return nil
		}
	}
	return fail("expected %s, not %s", strings.Join(allowed, " or "), quote(n.text))
}

func (c checker) statement(n *node) *Error {
	err := c.object(n, "a statement", checker.statementProperty, "actor", "verb", "object")
	if err != nil {
		return err
	}
	if n.get("verb").get("id").text == VerbVoided {
		if t := n.get("object").get("objectType"); t == nil || t.text != ObjectTypeStatementRef {
			return fail("a voiding statement has a StatementRef as object").in("object")
		}
	}
	return c.contextFits(n)
}

func (c checker) statementProperty(key string, v *node) (*Error, bool) {
	switch key {
	case "id":
		return c.uuid(v), true
	case "object":
		return c.objectOf(v, true), true
	case "stored":
		return c.timestamp(v), true
	case "authority":
		return c.authority(v), true
	case "version":
		return c.statementVersion(v), true
	}
	return c.actProperty(key, v)
}

// actProperty judges what statements and sub-statements have in common.
func (c checker) actProperty(key string, v *node) (*Error, bool) {
	switch key {
	case "actor":
		return c.actor(v), true
	case "verb":
		return c.verb(v), true
	case "result":
		return c.result(v), true
	case "context":
		return c.context(v), true
	case "timestamp":
		return c.timestamp(v), true
	case "attachments":
		return c.list(v, checker.attachment), true
	}
	return nil, false
}

// statementVersion: 1.0 and 1.0.x; under 2.0 also 2.0.x.
func (c checker) statementVersion(n *node) *Error {
	return c.textOf(n, func(s string) bool {
		v, err := ParseVersion(s)
		return err == nil && (v == V103 || c.version == V200)
	}, "a version that this request may hold (1.0.3; under 2.0 also 2.0.0)")
}

// contextFits judges what depends on context and object together.
func (c checker) contextFits(n *node) *Error {
	context := n.get("context")
	if context == nil {
		return nil
	}
	if t := n.get("object").get("objectType"); t == nil || t.text == ObjectTypeActivity {
		return nil
	}
	for _, key := range [...]string{"revision", "platform"} {
		if context.get(key) != nil {
			return fail("only a statement about an Activity may have it").in(key).in("context")
		}
	}
	return nil
}

func (c checker) verb(n *node) *Error {
	return c.object(n, "a verb", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "id":
			return c.iri(v), true
		case "display":
			return c.languageMap(v), true
		}
		return nil, false
	}, "id")
}

func (c checker) result(n *node) *Error {
	return c.object(n, "a result", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "score":
			return c.score(v), true
		case "success", "completion":
			return c.boolean(v), true
		case "response":
			return c.text(v), true
		case "duration":
			return c.textOf(v, ValidDuration, "an ISO 8601 duration such as PT1M30S"), true
		case "extensions":
			return c.extensions(v), true
		}
		return nil, false
	})
}

func (c checker) score(n *node) *Error {
	err := c.object(n, "a score", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "scaled", "raw", "min", "max":
			return c.number(v), true
		}
		return nil, false
	})
	if err != nil {
		return err
	}
	value := func(key string) (float64, bool) {
		v := n.get(key)
		if v == nil {
			return 0, false
		}
		f, _ := strconv.ParseFloat(v.text, 64) // out of range is ±Inf, which compares right
		return f, true
	}
	scaled, hasScaled := value("scaled")
	raw, hasRaw := value("raw")
	low, hasMin := value("min")
	high, hasMax := value("max")
	switch {
	case hasScaled && (scaled < -1 || scaled > 1):
		return fail("expected -1 to 1, not %s", quote(n.get("scaled").text)).in("scaled")
	case hasMin && hasMax && low >= high:
		return fail("expected less than max").in("min")
	case hasRaw && hasMin && raw < low:
		return fail("expected no less than min").in("raw")
	case hasRaw && hasMax && raw > high:
		return fail("expected no more than max").in("raw")
	}
	return nil
}

func (c checker) attachment(n *node) *Error {
	return c.object(n, "an attachment", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "usageType", "fileUrl":
			return c.iri(v), true
		case "display", "description":
			return c.languageMap(v), true
		case "contentType":
			return c.textOf(v, validMediaType, "a media type such as image/png"), true
		case "length":
			if err := c.number(v); err != nil {
				return err, true
			}
			if _, err := strconv.ParseUint(v.text, 10, 63); err != nil {
				return fail("expected a number of bytes, not %s", quote(v.text)), true
			}
			return nil, true
		case "sha2":
			return c.textOf(v, validSHA2, "a SHA-2 digest in hex"), true
		}
		return nil, false
	}, "usageType", "display", "contentType", "length", "sha2")
}
