package lti

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
)

const (
	mediaLineItem  = "application/vnd.ims.lis.v2.lineitem+json"
	mediaLineItems = "application/vnd.ims.lis.v2.lineitemcontainer+json"
	maxLineItems   = 10_000
)

// lineItem is a column of the platform's gradebook.
type lineItem struct {
	ID             string  `json:"id,omitempty"`
	Label          string  `json:"label"`
	ScoreMaximum   float64 `json:"scoreMaximum"`
	ResourceID     string  `json:"resourceId,omitempty"`
	Tag            string  `json:"tag,omitempty"`
	ResourceLinkID string  `json:"resourceLinkId,omitempty"`
}

// EnsureLineItem answers the URL of the line item with this resource link,
// resource id and tag ("" matches only an item without), and creates it if there
// is none: a copied course brings its items along. Calls for one container run
// one after the other in this process.
func (t *Tool) EnsureLineItem(ctx context.Context, reg RegistrationID, lineItemsURL, resourceLinkID, resourceID, tag, label string, max float64) (string, error) {
	base, ok := webURL(lineItemsURL)
	if !ok || max <= 0 || math.IsInf(max, 0) || math.IsNaN(max) || label == "" {
		return "", &ServiceError{Op: "line items", Kind: ErrRefused, Detail: "a line item needs a container URL, a label and a maximum above 0"}
	}
	want := lineItem{Label: label, ScoreMaximum: max, ResourceID: resourceID, Tag: tag, ResourceLinkID: resourceLinkID}
	defer t.items.lock("items\n" + string(reg) + "\n" + lineItemsURL)()
	if id, err := t.findLineItem(ctx, reg, base, want); err != nil || id != "" {
		return id, err
	}
	body, err := json.Marshal(want)
	if err != nil {
		return "", fmt.Errorf("lti: line items: %w", err)
	}
	_, answer, err := t.call(ctx, reg, call{ //nolint:bodyclose // call has read and closed it
		op: "line items", scope: scopeLineItem, method: http.MethodPost, url: lineItemsURL,
		accept: mediaLineItem, contentType: mediaLineItem, body: body,
	})
	if err != nil {
		return "", err
	}
	var made lineItem
	if err := json.Unmarshal(answer, &made); err != nil || !onHost(made.ID, base) {
		return "", &ServiceError{Op: "line items", Status: http.StatusOK, Kind: ErrRefused, Detail: "the platform's answer names no line item of its own"}
	}
	return made.ID, nil
}

// findLineItem pages through the container; filters are a platform's choice to
// heed, so every item is compared.
func (t *Tool) findLineItem(ctx context.Context, reg RegistrationID, base *url.URL, want lineItem) (string, error) {
	first := *base
	q := first.Query()
	for name, value := range map[string]string{"resource_link_id": want.ResourceLinkID, "resource_id": want.ResourceID, "tag": want.Tag} {
		if value != "" {
			q.Set(name, value)
		}
	}
	first.RawQuery = q.Encode()
	found, seen := "", 0
	err := t.pages(ctx, reg, call{
		op: "line items", scope: scopeLineItem, method: http.MethodGet, url: first.String(), accept: mediaLineItems,
	}, func(body []byte) (bool, error) {
		var items []lineItem
		if err := json.Unmarshal(body, &items); err != nil {
			return false, &ServiceError{Op: "line items", Status: http.StatusOK, Kind: ErrRefused, Detail: "the answer is not a list of line items"}
		}
		for _, it := range items {
			if it.ResourceLinkID == want.ResourceLinkID && it.ResourceID == want.ResourceID && it.Tag == want.Tag && onHost(it.ID, base) {
				found = it.ID
				return false, nil
			}
		}
		if seen += len(items); seen > maxLineItems {
			return false, &ServiceError{Op: "line items", Status: http.StatusOK, Kind: ErrRefused, Detail: "the course has too many line items"}
		}
		return true, nil
	})
	return found, err
}

func onHost(id string, base *url.URL) bool {
	u, ok := webURL(id)
	return ok && sameOrigin(u, base)
}
