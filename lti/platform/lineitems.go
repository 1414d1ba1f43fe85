package platform

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// lineItemJSON is a line item as read.
type lineItemJSON struct {
	ID             string         `json:"id"`
	Label          string         `json:"label"`
	ScoreMaximum   float64        `json:"scoreMaximum"`
	ResourceID     string         `json:"resourceId,omitempty"`
	Tag            string         `json:"tag,omitempty"`
	ResourceLinkID string         `json:"resourceLinkId,omitempty"`
	LTILinkID      string         `json:"ltiLinkId,omitempty"` // Moodle's own
	StartDateTime  string         `json:"startDateTime,omitempty"`
	EndDateTime    string         `json:"endDateTime,omitempty"`
	Review         map[string]any `json:"submissionReview,omitempty"`
}

func (p *Platform) lineItemJSON(it LineItem, t Tool) lineItemJSON {
	return lineItemJSON{
		ID: p.lineItemURL(it, t), Label: it.Label, ScoreMaximum: it.ScoreMaximum, ResourceID: it.ResourceID, Tag: it.Tag,
		ResourceLinkID: it.ResourceLinkID, LTILinkID: it.ResourceLinkID,
		StartDateTime: it.StartDateTime, EndDateTime: it.EndDateTime, Review: it.Review,
	}
}

// lineItems lists (exactly the container type) or creates line items.
func (p *Platform) lineItems(c *serviceCall) error {
	switch c.r.Method {
	case http.MethodGet:
		if !c.token.allows(scopeLineItem, scopeLineItemReadonly) {
			return refuse(http.StatusUnauthorized, "Unauthorized")
		}
		if c.accept != typeLineItems && !p.Quirks().LenientAccept {
			return refuse(http.StatusBadRequest, "No context or unsupported content type")
		}
		return p.listLineItems(c)
	case http.MethodPost:
		if !c.token.allows(scopeLineItem) {
			return refuse(http.StatusUnauthorized, "Unauthorized")
		}
		if c.content != typeLineItem {
			return refuse(http.StatusBadRequest, "No context or unsupported content type")
		}
		return p.createLineItem(c)
	default:
		return refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
}

func (p *Platform) listLineItems(c *serviceCall) error {
	q := c.r.URL.Query()
	items := []lineItemJSON{}
	p.view(func(w *world) {
		for _, it := range w.Items {
			if it.ClientID == c.tool.ClientID && it.CourseID == c.course &&
				(!q.Has("resource_link_id") || it.ResourceLinkID == q.Get("resource_link_id")) &&
				(!q.Has("resource_id") || it.ResourceID == q.Get("resource_id")) &&
				(!q.Has("tag") || it.Tag == q.Get("tag")) {
				items = append(items, p.lineItemJSON(it, c.tool))
			}
		}
	})
	limit, from := pageOf(c)
	total := len(items)
	if limit > 0 {
		items = items[min(from, total):min(from+limit, total)]
		c.w.Header().Set("Link", malformedLinks(p.lineItemsURL(c.course, c.tool), limit, from, total))
	}
	p.writeJSON(c.w, http.StatusOK, typeLineItems+"; charset=utf-8", items)
	return nil
}

// malformedLinks is Moodle's Link header of line items: HTML entities and curly
// quotes, so that no sane parser finds the next page.
func malformedLinks(base string, limit, from, total int) string {
	link := func(rel string, at int) string {
		return fmt.Sprintf("<%s&amp;limit=%d&amp;from=%d>; rel=“%s”", base, limit, at, rel)
	}
	links := []string{link("first", 0), link("canonical", from)}
	if from > 0 {
		links = append(links, link("prev", max(0, from-limit)))
	}
	if from+limit < total {
		links = append(links, link("next", from+limit))
	}
	return strings.Join(append(links, link("last", max(0, (total-1)/limit*limit))), ", ")
}

// pageOf reads limit and from; nonsense means none.
func pageOf(c *serviceCall) (limit, from int) {
	q := c.r.URL.Query()
	limit, _ = strconv.Atoi(q.Get("limit"))
	from, _ = strconv.Atoi(q.Get("from"))
	if limit < 0 || limit > 1_000_000 {
		limit = 0
	}
	if from < 0 || from > 1_000_000 {
		from = 0
	}
	return limit, from
}

// lineItemInput is a line item as a tool sends it.
type lineItemInput struct {
	Label          string         `json:"label"`
	ScoreMaximum   *float64       `json:"scoreMaximum"`
	ResourceID     string         `json:"resourceId"`
	Tag            string         `json:"tag"`
	ResourceLinkID string         `json:"resourceLinkId"`
	StartDateTime  string         `json:"startDateTime"`
	EndDateTime    string         `json:"endDateTime"`
	Review         map[string]any `json:"submissionReview"`
}

// readLineItem parses the body, and returns it as sent too, for the echo that
// Moodle answers with.
func readLineItem(c *serviceCall) (in lineItemInput, echo map[string]any, err error) {
	if json.Unmarshal(c.body, &echo) != nil || echo == nil || json.Unmarshal(c.body, &in) != nil {
		return in, nil, refuse(http.StatusBadRequest, "Invalid line item")
	}
	if in.Label == "" || in.ScoreMaximum == nil || *in.ScoreMaximum <= 0 {
		return in, nil, refuse(http.StatusBadRequest, "No label or Score Maximum")
	}
	if len(in.Label) > 1_000 || len(in.ResourceID) > 255 || len(in.Tag) > 255 {
		return in, nil, refuse(http.StatusBadRequest, "Line item too long")
	}
	return in, echo, nil
}

func (in lineItemInput) apply(it LineItem) LineItem {
	it.Label, it.ScoreMaximum, it.ResourceID, it.Tag = in.Label, *in.ScoreMaximum, in.ResourceID, in.Tag
	it.StartDateTime, it.EndDateTime, it.Review = in.StartDateTime, in.EndDateTime, in.Review
	return it
}

func (p *Platform) createLineItem(c *serviceCall) error {
	in, echo, err := readLineItem(c)
	if err != nil {
		return err
	}
	var it LineItem
	err = p.change(func(w *world) error {
		if in.ResourceLinkID != "" {
			if l, ok := w.link(in.ResourceLinkID); !ok || l.ClientID != c.tool.ClientID {
				return refuse(http.StatusForbidden, "Forbidden")
			}
		}
		it, err = w.addItem(in.apply(LineItem{CourseID: c.course, ClientID: c.tool.ClientID, ResourceLinkID: in.ResourceLinkID}))
		return err
	})
	if err != nil {
		return err
	}
	echo["id"] = p.lineItemURL(it, c.tool)
	p.writeJSON(c.w, http.StatusCreated, typeLineItem+"; charset=utf-8", echo)
	return nil
}

// ownItem finds the call's line item, if it is the tool's.
func ownItem(w *world, c *serviceCall) (int, LineItem, error) {
	i, it, ok := w.item(c.item)
	if !ok || it.ClientID != c.tool.ClientID {
		return 0, LineItem{}, refuse(http.StatusNotFound, "Not Found: Grade item "+c.item+" doesn't exist")
	}
	return i, it, nil
}

// lineItem reads, replaces or deletes one line item.
func (p *Platform) lineItem(c *serviceCall) error {
	get := c.r.Method == http.MethodGet
	if !c.token.allows(scopeLineItem) && !(get && c.token.allows(scopeLineItemReadonly)) {
		return refuse(http.StatusUnauthorized, "Unauthorized")
	}
	switch c.r.Method {
	case http.MethodGet:
		var it LineItem
		var err error
		p.view(func(w *world) { _, it, err = ownItem(w, c) })
		if err != nil {
			return err
		}
		p.writeJSON(c.w, http.StatusOK, typeLineItem+"; charset=utf-8", p.lineItemJSON(it, c.tool))
		return nil
	case http.MethodPut:
		in, echo, err := readLineItem(c)
		if err != nil {
			return err
		}
		var it LineItem
		err = p.change(func(w *world) error {
			i, old, err := ownItem(w, c)
			if err != nil {
				return err
			}
			it = in.apply(old)
			w.Items[i] = it
			rescale(w, old, it)
			return nil
		})
		if err != nil {
			return err
		}
		echo["id"] = p.lineItemURL(it, c.tool)
		p.writeJSON(c.w, http.StatusOK, typeLineItem+"; charset=utf-8", echo)
		return nil
	case http.MethodDelete:
		err := p.change(func(w *world) error {
			i, it, err := ownItem(w, c)
			if err != nil {
				return err
			}
			if it.Coupled {
				return refuse(http.StatusForbidden, "Forbidden")
			}
			w.Items = slices.Delete(w.Items, i, i+1)
			for key, s := range w.Scores {
				if s.LineItemID == it.ID {
					delete(w.Scores, key)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	default:
		return refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
}

// rescale keeps grades in proportion when an item's maximum changes.
func rescale(w *world, old, now LineItem) {
	if old.ScoreMaximum == now.ScoreMaximum {
		return
	}
	for key, s := range w.Scores {
		if s.LineItemID == old.ID {
			s.Given *= now.ScoreMaximum / old.ScoreMaximum
			s.Maximum = now.ScoreMaximum
			w.Scores[key] = s
		}
	}
}
