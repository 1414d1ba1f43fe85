package xapi

import "strings"

// UsageSignature marks the attachment that is a statement's signature.
const UsageSignature = "http://adlnet.gov/expapi/attachments/signature"

// SameSigned tells whether the payload of a signature, raw JSON, is logically
// equal to the statement it is attached to, as by Same, without signatures: a
// statement is signed before its signature is attached (1.0.3 Data 2.6; 2.0
// 4.2.5). An id that the statement got from its request may be in the payload.
func SameSigned(s *Statement, payload []byte, v Version) bool {
	statement, err := parseStored(s.Raw)
	if err != nil {
		return false
	}
	signed, wrong := parse(string(payload))
	if wrong != nil || signed.kind != kindObject {
		return false
	}
	unsign(statement)
	unsign(signed)
	if id := signed.get("id"); id != nil && statement.get("id") == nil && strings.EqualFold(id.text, s.ID) {
		signed.drop("id")
	}
	c := canon{version: v}
	return c.statement(statement) == c.statement(signed)
}

// unsign takes the signatures out of a statement's attachments.
func unsign(n *node) {
	list := n.get("attachments")
	if list == nil || list.kind != kindArray {
		return
	}
	kept := make([]member, 0, len(list.kids))
	for _, m := range list.kids {
		if usage := m.val.get("usageType"); usage == nil || usage.text != UsageSignature {
			kept = append(kept, m)
		}
	}
	if list.kids = kept; len(kept) == 0 {
		n.drop("attachments")
	}
}

// drop removes a property.
func (n *node) drop(key string) {
	for i := range n.kids {
		if n.kids[i].key == key {
			n.kids = append(n.kids[:i:i], n.kids[i+1:]...)
			return
		}
	}
}
