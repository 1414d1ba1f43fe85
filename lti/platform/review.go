package platform

import "net/http"

const claimForUser = ltiClaim + "for_user"

// reviews says whether the person may open other people's work.
func (u User) reviews() bool { return u.teaches() || u.Role == RoleManager }

// reviewOf reads which work a launch page is asked to open: ?item=LINEITEM&for=USER.
// It answers an unchanged message where none is, and false where the person may not.
func (p *Platform) reviewOf(r *http.Request, u User, l ResourceLink, m message) (message, bool) {
	item, forUser := r.URL.Query().Get("item"), r.URL.Query().Get("for")
	if item == "" && forUser == "" {
		return m, true
	}
	if !p.Quirks().SubmissionReview || !u.reviews() {
		return m, false
	}
	ok := false
	p.view(func(w *world) {
		_, it, found := w.item(item)
		about, known := w.user(forUser)
		ok = found && known && about.gradable() && it.ResourceLinkID == l.ID
	})
	m.Type, m.ItemID, m.ForUser = messageReview, item, forUser
	return m, ok
}

// reviewTarget is where the work of a line item is reviewed: what the item asked
// for when it was made, or the link's own address.
func (it LineItem) reviewTarget(l ResourceLink) string {
	if url, _ := it.Review["url"].(string); originOf(url) != "" {
		return url
	}
	return l.TargetLinkURI
}

// reviewClaims make a resource link launch a submission review.
func (p *Platform) reviewClaims(c map[string]any, w *world, t Tool, l ResourceLink, m message, names, email bool) {
	_, it, _ := w.item(m.ItemID)
	about, _ := w.user(m.ForUser)
	who := map[string]any{"user_id": about.ID, "roles": about.ltiRoles()}
	if about.EmployeeID != "" {
		who["person_sourcedid"] = about.EmployeeID
	}
	if names {
		who["name"], who["given_name"], who["family_name"] = about.Name, about.Given, about.Family
	}
	if email {
		who["email"] = about.Email
	}
	c[claimMessageType], c[claimForUser] = messageReview, who
	c[claimTargetLinkURI] = it.reviewTarget(l)
	if endpoint, ok := c[claimAGS].(map[string]any); ok {
		endpoint["lineitem"] = p.lineItemURL(it, t)
	}
	if extra, ok := it.Review["custom"].(map[string]any); ok {
		custom, _ := c[claimCustom].(map[string]any)
		if custom == nil {
			custom = map[string]any{}
			c[claimCustom] = custom
		}
		for k, v := range extra {
			custom[k] = v
		}
	}
}

// messages are those that a platform with these quirks sends.
func (q Quirks) messages() []map[string]any {
	messages := []map[string]any{
		{"type": messageResourceLink},
		{"type": messageDeepLinking, "placements": []string{"ContentArea"}},
	}
	if q.SubmissionReview {
		messages = append(messages, map[string]any{"type": messageReview})
	}
	return messages
}
