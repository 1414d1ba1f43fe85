package xapi

// actor judges an Agent or a Group.
func (c checker) actor(n *node) *Error {
	if n.kind == kindObject {
		if t := n.get("objectType"); t != nil && t.kind == kindString && t.text == ObjectTypeGroup {
			return c.group(n)
		}
	}
	return c.agent(n)
}

// agent judges an Agent: exactly one identifier.
func (c checker) agent(n *node) *Error {
	err := c.object(n, "an Agent", func(c checker, key string, v *node) (*Error, bool) {
		if key == "objectType" {
			return c.objectType(v, ObjectTypeAgent), true
		}
		return c.identity(key, v)
	})
	if err != nil {
		return err
	}
	if ids := identifiers(n); ids != 1 {
		return fail("an Agent needs exactly one of mbox, mbox_sha1sum, openid and account, not %d", ids)
	}
	return nil
}

// group judges a Group: identified, or anonymous with members.
func (c checker) group(n *node) *Error {
	err := c.object(n, "a Group", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "objectType":
			return c.objectType(v, ObjectTypeGroup), true
		case "member":
			return c.list(v, checker.agent), true
		}
		return c.identity(key, v)
	}, "objectType")
	if err != nil {
		return err
	}
	members, ids := n.get("member"), identifiers(n)
	switch {
	case ids > 1:
		return fail("a Group has at most one of mbox, mbox_sha1sum, openid and account, not %d", ids)
	case ids == 0 && (members == nil || len(members.kids) == 0):
		return fail("a Group without an identifier needs members").in("member")
	}
	return nil
}

// identity judges the properties Agents and Groups share.
func (c checker) identity(key string, v *node) (*Error, bool) {
	switch key {
	case "name":
		return c.text(v), true
	case "mbox":
		return c.textOf(v, validMbox, "a mail address such as mailto:sam@example.org"), true
	case "mbox_sha1sum":
		return c.textOf(v, func(s string) bool { return len(s) == 40 && isHex(s) }, "a SHA-1 digest of 40 hex digits"), true
	case "openid":
		return c.iri(v), true
	case "account":
		return c.account(v), true
	}
	return nil, false
}

func (c checker) account(n *node) *Error {
	return c.object(n, "an account", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "homePage":
			return c.iri(v), true
		case "name":
			return c.text(v), true
		}
		return nil, false
	}, "homePage", "name")
}

func identifiers(n *node) int {
	ids := 0
	for _, key := range [...]string{"mbox", "mbox_sha1sum", "openid", "account"} {
		if n.get(key) != nil {
			ids++
		}
	}
	return ids
}

// authority judges who vouches for a statement: an Agent, or for three-legged
// OAuth an anonymous Group of two.
func (c checker) authority(n *node) *Error {
	if err := c.actor(n); err != nil {
		return err
	}
	if members := n.get("member"); isGroup(n) && (identifiers(n) > 0 || members == nil || len(members.kids) != 2) {
		return fail("a Group as authority is anonymous and has exactly two members")
	}
	return nil
}

func isGroup(n *node) bool {
	t := n.get("objectType")
	return t != nil && t.text == ObjectTypeGroup
}

func (c checker) context(n *node) *Error {
	return c.object(n, "a context", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "registration":
			return c.uuid(v), true
		case "instructor":
			return c.actor(v), true
		case "team":
			return c.group(v), true
		case "contextActivities":
			return c.contextActivities(v), true
		case "revision", "platform":
			return c.text(v), true
		case "language":
			return c.textOf(v, ValidLanguage, "a language tag of RFC 5646 such as en-GB"), true
		case "statement":
			return c.statementRef(v), true
		case "extensions":
			return c.extensions(v), true
		}
		if c.version == V200 {
			switch key {
			case "contextAgents":
				return c.list(v, checker.contextAgent), true
			case "contextGroups":
				return c.list(v, checker.contextGroup), true
			}
		}
		return nil, false
	})
}

// contextActivities judges each kind: an array of activities or, an older form
// that is still legal, a single one.
func (c checker) contextActivities(n *node) *Error {
	return c.object(n, "contextActivities", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "parent", "grouping", "category", "other":
			if v.kind == kindArray {
				return c.list(v, checker.activity), true
			}
			return c.activity(v), true
		}
		return nil, false
	})
}

func (c checker) contextAgent(n *node) *Error {
	return c.object(n, "a contextAgent", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "objectType":
			return c.objectType(v, "contextAgent"), true
		case "agent":
			return c.agent(v), true
		case "relevantTypes":
			return c.relevantTypes(v), true
		}
		return nil, false
	}, "objectType", "agent")
}

func (c checker) contextGroup(n *node) *Error {
	return c.object(n, "a contextGroup", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "objectType":
			return c.objectType(v, "contextGroup"), true
		case "group":
			return c.group(v), true
		case "relevantTypes":
			return c.relevantTypes(v), true
		}
		return nil, false
	}, "objectType", "group")
}

func (c checker) relevantTypes(n *node) *Error {
	if n.kind == kindArray && len(n.kids) == 0 {
		return fail("an empty list says nothing; leave it out")
	}
	return c.list(n, checker.iri)
}
