package xapi

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// Same tells whether two statements with one id mean the same, so that sending
// the second after the first is no conflict (1.0.3 Data 2.3.1). It looks past
// the order of properties and of group members, default object types, the zone
// of an instant, verb displays, activity definitions and what a record store
// sets; under 2.0 also past hundredths of a second in durations. Both are raw
// JSON, accepted before.
func Same(a, b []byte, v Version) bool {
	if bytes.Equal(a, b) {
		return true
	}
	left, err := parseStored(a)
	if err != nil {
		return false
	}
	right, err := parseStored(b)
	if err != nil {
		return false
	}
	c := canon{version: v}
	return c.statement(left) == c.statement(right)
}

// canon writes the meaning of a tree as one text: equal texts, equal meaning.
type canon struct {
	version Version
	out     []byte
}

func (c *canon) statement(n *node) string {
	c.out = nil
	c.members(n, func(key string, v *node) bool {
		switch key {
		case "id":
			c.fold(v)
		case "stored", "authority", "version":
			return false
		default:
			return c.act(key, v)
		}
		return true
	})
	return string(c.out)
}

// members writes the properties of an object in the order of their names; write
// returns false, having written nothing, for those that do not count.
func (c *canon) members(n *node, write func(key string, v *node) bool) {
	if n.kind != kindObject {
		c.value(n)
		return
	}
	order := make([]*member, len(n.kids))
	for i := range n.kids {
		order[i] = &n.kids[i]
	}
	slices.SortFunc(order, func(a, b *member) int { return strings.Compare(a.key, b.key) })
	whole := c.out
	parts := make([]string, 0, len(order))
	for _, m := range order {
		c.out = nil
		if write(m.key, &m.val) {
			parts = append(parts, strconv.Quote(m.key)+":"+string(c.out))
		}
	}
	c.out = append(append(append(whole, '{'), strings.Join(parts, ",")...), '}')
}

// act writes what statements and sub-statements have in common.
func (c *canon) act(key string, v *node) bool {
	switch key {
	case "actor":
		c.actor(v)
	case "verb":
		c.members(v, func(key string, v *node) bool {
			c.value(v)
			return key != "display"
		})
	case "object":
		c.object(v)
	case "timestamp":
		c.instant(v)
	case "context":
		c.context(v)
	case "result":
		c.members(v, func(key string, v *node) bool {
			if key == "duration" && c.version == V200 && v.kind == kindString {
				c.out = append(c.out, strconv.Quote(hundredths(v.text))...)
			} else {
				c.value(v)
			}
			return true
		})
	case "attachments":
		c.list(v, (*canon).attachment)
		return v.kind != kindArray || len(v.kids) > 0
	default:
		c.value(v)
	}
	return true
}

func (c *canon) object(n *node) {
	kind := ObjectTypeActivity
	if t := n.get("objectType"); t != nil {
		kind = t.text
	}
	switch kind {
	case ObjectTypeActivity:
		c.activity(n)
	case ObjectTypeAgent, ObjectTypeGroup:
		c.actor(n)
	case ObjectTypeStatementRef:
		c.ref(n)
	case ObjectTypeSubStatement:
		c.members(n, c.act)
	default:
		c.value(n)
	}
}

func (c *canon) activity(n *node) {
	c.members(n, func(key string, v *node) bool {
		c.value(v)
		return key == "id"
	})
}

func (c *canon) ref(n *node) {
	c.members(n, func(key string, v *node) bool {
		c.fold(v)
		return key == "id"
	})
}

// actor writes an Agent or Group; members in the order of what they mean.
func (c *canon) actor(n *node) {
	c.members(n, func(key string, v *node) bool {
		switch {
		case key == "objectType" && v.text == ObjectTypeAgent:
			return false
		case key == "member" && v.kind == kindArray:
			texts := make([]string, len(v.kids))
			for i := range v.kids {
				sub := canon{version: c.version}
				sub.actor(&v.kids[i].val)
				texts[i] = string(sub.out)
			}
			slices.Sort(texts)
			c.out = append(c.out, "["+strings.Join(texts, ",")+"]"...)
		case key == "mbox_sha1sum":
			c.fold(v)
		default:
			c.value(v)
		}
		return true
	})
}

func (c *canon) context(n *node) {
	c.members(n, func(key string, v *node) bool {
		switch key {
		case "registration":
			c.fold(v)
		case "instructor", "team":
			c.actor(v)
		case "statement":
			c.ref(v)
		case "contextActivities":
			c.members(v, func(_ string, v *node) bool {
				c.activities(v)
				return true
			})
		case "contextAgents", "contextGroups":
			c.list(v, (*canon).contextActor)
		default:
			c.value(v)
		}
		return true
	})
}

// contextActor writes an entry of contextAgents or contextGroups.
func (c *canon) contextActor(n *node) {
	c.members(n, func(key string, v *node) bool {
		switch key {
		case "agent", "group":
			c.actor(v)
		default:
			c.value(v)
		}
		return true
	})
}

// list writes the entries of a list one after the other.
func (c *canon) list(n *node, write func(c *canon, n *node)) {
	if n.kind != kindArray {
		c.value(n)
		return
	}
	c.out = append(c.out, '[')
	for i := range n.kids {
		write(c, &n.kids[i].val)
		c.out = append(c.out, ',')
	}
	c.out = append(c.out, ']')
}

// attachment writes an entry of attachments: the case of a digest does not matter.
func (c *canon) attachment(n *node) {
	c.members(n, func(key string, v *node) bool {
		if key == "sha2" && v.kind == kindString {
			c.fold(v)
		} else {
			c.value(v)
		}
		return true
	})
}

// activities writes a list of activities; a single one is a list of one.
func (c *canon) activities(n *node) {
	c.out = append(c.out, '[')
	if n.kind == kindArray {
		for i := range n.kids {
			c.activity(&n.kids[i].val)
			c.out = append(c.out, ',')
		}
	} else {
		c.activity(n)
		c.out = append(c.out, ',')
	}
	c.out = append(c.out, ']')
}

// fold writes a text whose case does not matter.
func (c *canon) fold(n *node) { c.out = append(c.out, strconv.Quote(strings.ToLower(n.text))...) }

func (c *canon) instant(n *node) {
	if t, ok := ParseTimestamp(n.text); ok {
		c.out = append(c.out, FormatTimestamp(t)...)
		return
	}
	c.value(n)
}

// value writes any JSON: objects in order of their keys, numbers by value.
func (c *canon) value(n *node) {
	switch n.kind {
	case kindObject:
		c.members(n, func(_ string, v *node) bool {
			c.value(v)
			return true
		})
	case kindArray:
		c.out = append(c.out, '[')
		for i := range n.kids {
			c.value(&n.kids[i].val)
			c.out = append(c.out, ',')
		}
		c.out = append(c.out, ']')
	case kindString:
		c.out = append(c.out, strconv.Quote(n.text)...)
	case kindNumber:
		c.out = append(c.out, normalNumber(n.text)...)
	case kindNull:
		c.out = append(c.out, "null"...)
	default:
		c.out = append(c.out, n.text...)
	}
}

// normalNumber is a number as digits and power of ten, so that 1, 1.0 and 10e-1
// read the same without losing a digit.
func normalNumber(s string) string {
	sign, s := "", strings.ToLower(s)
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = "-", rest
	}
	mantissa, power, _ := strings.Cut(s, "e")
	exponent, err := strconv.ParseInt(power, 10, 32)
	if power != "" && err != nil {
		return sign + s // beyond all reason: compare as written
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exponent -= int64(len(fraction))
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	trimmed := strings.TrimRight(digits, "0")
	exponent += int64(len(digits) - len(trimmed))
	return sign + trimmed + "e" + strconv.FormatInt(exponent, 10)
}

// hundredths cuts the seconds of a duration after the second digit.
func hundredths(s string) string {
	point := strings.IndexAny(s, ".,")
	if point < 0 || !strings.HasSuffix(s, "S") {
		return s
	}
	fraction := strings.TrimRight((s[point+1:len(s)-1] + "00")[:2], "0")
	if fraction == "" {
		return s[:point] + "S"
	}
	return s[:point] + "." + fraction + "S"
}
