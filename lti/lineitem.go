package lti

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	mediaLineItem  = "application/vnd.ims.lis.v2.lineitem+json"
	mediaLineItems = "application/vnd.ims.lis.v2.lineitemcontainer+json"
	maxLineItems   = 10_000
)

// LineItem is a column of the platform's gradebook (AGS 2.0 §3.2).
type LineItem struct {
	ID             string  `json:"id,omitempty"` // its URL
	Label          string  `json:"label"`
	ScoreMaximum   float64 `json:"scoreMaximum"`
	ResourceID     string  `json:"resourceId,omitempty"`
	Tag            string  `json:"tag,omitempty"`
	ResourceLinkID string  `json:"resourceLinkId,omitempty"`
}

// Creating is serialised by a lease in the store, of real time.
const (
	itemLease = 2 * time.Minute
	itemWork  = 90 * time.Second // well within the lease
	itemPoll  = 100 * time.Millisecond
	itemAgain = 5 * time.Second
)

// EnsureLineItem answers the URL of the line item that is want's, and creates it
// if there is none. Want's is the item with its resource link, resource id and tag
// ("" matches only an item without); else, since a copied course brings its items
// along, one with its resource id and tag that is of no link, or of a link in the
// course that this one was copied from, as far as course names one that is known. One caller at a time, over all processes, looks and creates in a container.
func (t *Tool) EnsureLineItem(ctx context.Context, course CourseKey, lineItemsURL string, want LineItem) (string, error) {
	base, ok := webURL(lineItemsURL)
	if !ok || want.ScoreMaximum <= 0 || math.IsInf(want.ScoreMaximum, 0) || math.IsNaN(want.ScoreMaximum) || want.Label == "" {
		return "", refused("line items", CauseInvalid, "a line item needs a container URL, a label and a maximum above 0")
	}
	want.ID = ""
	unlock, err := t.holdItems(ctx, CourseKey{Registration: course.Registration, Course: lineItemsURL}.Name())
	if err != nil {
		return "", err
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(ctx, itemWork)
	defer cancel()
	before, err := t.linksBefore(ctx, course)
	if err != nil {
		return "", err
	}
	if id, err := t.findLineItem(ctx, course, base, want, before); err != nil || id != "" {
		return id, err
	}
	return t.createLineItem(ctx, course, base, want)
}

// holdItems waits for the right to create line items in a container.
func (t *Tool) holdItems(ctx context.Context, container string) (unlock func(), err error) {
	here := t.items.lock("items\n" + container)
	name, holder := "items "+container, secret()
	for began := time.Now(); ; {
		now := time.Now()
		mine, err := t.store.TakeLease(ctx, name, holder, now, now.Add(itemLease))
		if err != nil {
			here()
			return nil, fmt.Errorf("lti: line items: %w", err)
		}
		if mine {
			return func() {
				ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
				defer cancel()
				if err := t.store.ReleaseLease(ctx, name, holder); err != nil {
					t.log.WarnContext(ctx, "give back the right to create line items", "error", err) // it runs out by itself
				}
				here()
			}, nil
		}
		select {
		case <-ctx.Done():
			here()
			return nil, &ServiceError{Op: "line items", Kind: ErrRetry, After: itemAgain, Detail: "another process creates line items in this course", Err: ctx.Err()}
		case <-time.After(itemPoll):
		}
		if time.Since(began) > itemLease {
			here()
			return nil, &ServiceError{Op: "line items", Kind: ErrRetry, After: itemAgain, Detail: "another process creates line items in this course"}
		}
	}
}

// linksBefore are the resource links of the courses that a course was copied from,
// as far as they were launched here.
func (t *Tool) linksBefore(ctx context.Context, k CourseKey) ([]string, error) {
	if k.Course == "" {
		return nil, nil
	}
	origins, err := t.origins(ctx, k)
	var links []string
	for _, c := range origins {
		for _, l := range c.Links {
			links = append(links, l.ID)
		}
	}
	return links, err
}

func (t *Tool) createLineItem(ctx context.Context, course CourseKey, base *url.URL, want LineItem) (string, error) {
	body, err := json.Marshal(want)
	if err != nil {
		return "", fmt.Errorf("lti: line items: %w", err)
	}
	_, answer, err := t.call(ctx, course, call{ //nolint:bodyclose // call has read and closed it
		op: "line items", scope: scopeLineItem, method: http.MethodPost, url: base.String(),
		accept: mediaLineItem, contentType: mediaLineItem, body: body,
	})
	if err != nil {
		return "", err
	}
	var made LineItem
	if err := json.Unmarshal(answer, &made); err != nil || !onHost(made.ID, base) {
		return "", refused("line items", CauseAnswer, "the platform's answer names no line item of its own")
	}
	return made.ID, nil
}

// findLineItem looks among the items of the resource link, then among all of the
// resource. Filters are a platform's choice to heed, so every item is compared.
func (t *Tool) findLineItem(ctx context.Context, course CourseKey, base *url.URL, want LineItem, before []string) (string, error) {
	same := func(it LineItem) bool { return it.ResourceID == want.ResourceID && it.Tag == want.Tag }
	found, copied := "", ""
	look := func(it LineItem) bool {
		switch {
		case !same(it):
		case it.ResourceLinkID == want.ResourceLinkID:
			found = it.ID
		case copied == "" && want.ResourceID != "" && (it.ResourceLinkID == "" || slices.Contains(before, it.ResourceLinkID)):
			copied = it.ID
		}
		return found == ""
	}
	filter := LineItem{ResourceLinkID: want.ResourceLinkID, ResourceID: want.ResourceID, Tag: want.Tag}
	if err := t.eachLineItem(ctx, course, base, filter, look); err != nil || found != "" {
		return found, err
	}
	if want.ResourceLinkID == "" || want.ResourceID == "" {
		return "", nil
	}
	filter.ResourceLinkID = ""
	if err := t.eachLineItem(ctx, course, base, filter, look); err != nil || found != "" {
		return found, err
	}
	return copied, nil
}

// LineItems lists the tool's columns of a course, those of filter's resource link,
// resource id and tag where it names any.
func (t *Tool) LineItems(ctx context.Context, course CourseKey, lineItemsURL string, filter LineItem) ([]LineItem, error) {
	base, ok := webURL(lineItemsURL)
	if !ok {
		return nil, refused("line items", CauseNoService, "the platform named no URL for its line items")
	}
	fits := func(want, got string) bool { return want == "" || want == got }
	var all []LineItem
	err := t.eachLineItem(ctx, course, base, filter, func(it LineItem) bool {
		if fits(filter.ResourceLinkID, it.ResourceLinkID) && fits(filter.ResourceID, it.ResourceID) && fits(filter.Tag, it.Tag) {
			all = append(all, it)
		}
		return true
	})
	return all, err
}

// eachLineItem pages through the container until see answers false.
func (t *Tool) eachLineItem(ctx context.Context, course CourseKey, base *url.URL, filter LineItem, see func(LineItem) bool) error {
	first := *base
	q := first.Query()
	for name, value := range map[string]string{"resource_link_id": filter.ResourceLinkID, "resource_id": filter.ResourceID, "tag": filter.Tag} {
		if value != "" {
			q.Set(name, value)
		}
	}
	first.RawQuery = q.Encode()
	seen := 0
	return t.pages(ctx, course, call{
		op: "line items", scope: scopeLineItem, or: scopeLineItemRead, method: http.MethodGet, url: first.String(), accept: mediaLineItems,
	}, func(_ *http.Response, body []byte) (bool, error) {
		var items []LineItem
		if err := json.Unmarshal(body, &items); err != nil {
			return false, refused("line items", CauseAnswer, "the answer is not a list of line items")
		}
		for _, it := range items {
			if onHost(it.ID, base) && !see(it) {
				return false, nil
			}
		}
		if seen += len(items); seen > maxLineItems {
			return false, refused("line items", CauseAnswer, "the course has too many line items")
		}
		return true, nil
	})
}

// LineItem reads one line item by its URL.
func (t *Tool) LineItem(ctx context.Context, course CourseKey, lineItemURL string) (LineItem, error) {
	doc, err := t.readLineItem(ctx, course, lineItemURL)
	if err != nil {
		return LineItem{}, err
	}
	return itemOf(doc)
}

// UpdateLineItem changes what change changes of a line item. A PUT replaces the
// whole item, so it is read first and everything that we do not know goes back as it came.
func (t *Tool) UpdateLineItem(ctx context.Context, course CourseKey, lineItemURL string, change func(*LineItem)) error {
	doc, err := t.readLineItem(ctx, course, lineItemURL)
	if err != nil {
		return err
	}
	it, err := itemOf(doc)
	if err != nil {
		return err
	}
	old := it
	if change(&it); it == old {
		return nil
	}
	if it.Label == "" || it.ScoreMaximum <= 0 || !finite(it.ScoreMaximum) {
		return refused("line item", CauseInvalid, "a line item needs a label and a maximum above 0")
	}
	body, err := over(doc, it)
	if err != nil {
		return fmt.Errorf("lti: line item: %w", err)
	}
	_, _, err = t.call(ctx, course, call{ //nolint:bodyclose // call has read and closed it
		op: "line item", scope: scopeLineItem, method: http.MethodPut, url: lineItemURL,
		accept: mediaLineItem, contentType: mediaLineItem, body: body,
	})
	return err
}

// DeleteLineItem deletes a line item; one that is gone already is no error.
func (t *Tool) DeleteLineItem(ctx context.Context, course CourseKey, lineItemURL string) error {
	_, _, err := t.call(ctx, course, call{op: "line item", scope: scopeLineItem, method: http.MethodDelete, url: lineItemURL}) //nolint:bodyclose // call has read and closed it
	if CauseOf(err) == CauseGone {
		return nil
	}
	return err
}

func (t *Tool) readLineItem(ctx context.Context, course CourseKey, lineItemURL string) (object, error) {
	_, body, err := t.call(ctx, course, call{ //nolint:bodyclose // call has read and closed it
		op: "line item", scope: scopeLineItem, or: scopeLineItemRead, method: http.MethodGet, url: lineItemURL, accept: mediaLineItem,
	})
	if err != nil {
		return nil, err
	}
	doc, err := parseObject(body)
	if err != nil {
		return nil, refused("line item", CauseAnswer, "the answer is not a line item")
	}
	return doc, nil
}

// over is doc with what we know of it replaced.
func over(doc object, it LineItem) ([]byte, error) {
	ours, err := json.Marshal(it)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"resourceId", "tag", "resourceLinkId"} {
		delete(doc, name) // what is empty now stays out
	}
	if err := json.Unmarshal(ours, &doc); err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}

func itemOf(doc object) (it LineItem, err error) {
	body, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(body, &it)
	}
	if err != nil {
		return it, refused("line item", CauseAnswer, "the answer is not a line item")
	}
	return it, nil
}

func onHost(id string, base *url.URL) bool {
	u, ok := webURL(id)
	return ok && sameOrigin(u, base)
}
