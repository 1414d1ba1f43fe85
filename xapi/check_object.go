package xapi

// objectOf judges the object of a statement; whole is false inside a
// sub-statement, which holds no further one.
func (c checker) objectOf(n *node, whole bool) *Error {
	if n.kind != kindObject {
		return fail("an object is a JSON object, not %s", n.kind)
	}
	kind := ObjectTypeActivity
	if t := n.get("objectType"); t != nil {
		if err := c.text(t); err != nil {
			return err.in("objectType")
		}
		kind = t.text
	}
	switch kind {
	case ObjectTypeActivity:
		return c.activity(n)
	case ObjectTypeAgent, ObjectTypeGroup:
		return c.actor(n)
	case ObjectTypeStatementRef:
		return c.statementRef(n)
	case ObjectTypeSubStatement:
		if whole {
			return c.subStatement(n)
		}
		return fail("a SubStatement cannot hold another").in("objectType")
	}
	return fail("expected Activity, Agent, Group, StatementRef or SubStatement, not %s", quote(kind)).in("objectType")
}

func (c checker) subStatement(n *node) *Error {
	err := c.object(n, "a SubStatement", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "objectType":
			return c.objectType(v, ObjectTypeSubStatement), true
		case "object":
			return c.objectOf(v, false), true
		}
		return c.actProperty(key, v)
	}, "objectType", "actor", "verb", "object")
	if err != nil {
		return err
	}
	return c.contextFits(n)
}

func (c checker) statementRef(n *node) *Error {
	return c.object(n, "a StatementRef", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "objectType":
			return c.objectType(v, ObjectTypeStatementRef), true
		case "id":
			return c.uuid(v), true
		}
		return nil, false
	}, "objectType", "id")
}

func (c checker) activity(n *node) *Error {
	return c.object(n, "an Activity", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "objectType":
			return c.objectType(v, ObjectTypeActivity), true
		case "id":
			return c.iri(v), true
		case "definition":
			return c.definition(v), true
		}
		return nil, false
	}, "id")
}

func (c checker) definition(n *node) *Error {
	err := c.object(n, "an activity definition", func(c checker, key string, v *node) (*Error, bool) {
		switch key {
		case "name", "description":
			return c.languageMap(v), true
		case "type", "moreInfo":
			return c.iri(v), true
		case "extensions":
			return c.extensions(v), true
		case "interactionType":
			return c.textOf(v, isInteraction, "one of true-false, choice, fill-in, long-fill-in, matching, performance, sequencing, likert, numeric, other"), true
		case "correctResponsesPattern":
			return c.list(v, checker.text), true
		case "choices", "scale", "source", "target", "steps":
			return c.components(v), true
		}
		return nil, false
	})
	if err != nil {
		return err
	}
	return c.interactionFits(n)
}

// interactionFits judges that a definition has the component lists of its
// interaction type only.
func (c checker) interactionFits(n *node) *Error {
	kind := n.get("interactionType")
	for _, key := range [...]string{"correctResponsesPattern", "choices", "scale", "source", "target", "steps"} {
		if n.get(key) == nil {
			continue
		}
		if kind == nil {
			return fail("needs an interactionType beside it").in(key)
		}
		if !componentOf(kind.text, key) {
			return fail("an interaction of type %s does not have it", kind.text).in(key)
		}
	}
	return nil
}

func isInteraction(s string) bool {
	switch s {
	case "true-false", "choice", "fill-in", "long-fill-in", "matching", "performance", "sequencing", "likert", "numeric", "other":
		return true
	}
	return false
}

// componentOf tells whether interactions of the type may have the property.
func componentOf(interaction, key string) bool {
	switch key {
	case "choices":
		return interaction == "choice" || interaction == "sequencing"
	case "scale":
		return interaction == "likert"
	case "source", "target":
		return interaction == "matching"
	case "steps":
		return interaction == "performance"
	}
	return true // correctResponsesPattern
}

func (c checker) components(n *node) *Error {
	err := c.list(n, func(c checker, n *node) *Error {
		return c.object(n, "an interaction component", func(c checker, key string, v *node) (*Error, bool) {
			switch key {
			case "id":
				return c.text(v), true
			case "description":
				return c.languageMap(v), true
			}
			return nil, false
		}, "id")
	})
	if err != nil {
		return err
	}
	seen := make(map[string]bool, len(n.kids))
	for i := range n.kids {
		id := n.kids[i].val.get("id").text
		if seen[id] {
			return fail("the id %s appears twice", quote(id)).at(i)
		}
		seen[id] = true
	}
	return nil
}
