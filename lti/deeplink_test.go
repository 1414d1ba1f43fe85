package lti_test

import (
	"errors"
	"testing"

	"github.com/cairn-lms/cairn/lti"
)

// deepLink launches as a teacher who adds content.
func (w *world) deepLink() *lti.DeepLink {
	w.t.Helper()
	a := w.attempt()
	a.claims[claim+"message_type"] = "LtiDeepLinkingRequest"
	a.claims[claimDL+"deep_linking_settings"] = map[string]any{
		"deep_link_return_url": w.platform.URL + "/dl?sesskey=1", "accept_types": []string{"ltiResourceLink"},
		"accept_presentation_document_targets": []string{"iframe"}, "accept_multiple": true,
	}
	got := a.post()
	if got.Launch == nil || got.Launch.DeepLink == nil {
		w.t.Fatalf("got %+v", got)
	}
	return got.Launch.DeepLink
}

func TestARefusalToPlaceIsSignedWithItsReasonAndUsesTheHandleUp(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		handle := w.deepLink().Handle
		got, err := w.tool.DeepLinkRefusal(t.Context(), handle, "Nothing to place")
		if err != nil {
			t.Fatal(err)
		}
		_, c := w.verifyOwn(got.JWT)
		items, ok := c[claimDL+"content_items"].([]any)
		if c[claimDL+"errormsg"] != "Nothing to place" || c[claimDL+"msg"] != nil || !ok || len(items) != 0 {
			t.Errorf("got %v", c)
		}
		if _, err := w.tool.DeepLinkResponse(t.Context(), handle, nil, ""); !errors.Is(err, lti.ErrNotFound) {
			t.Errorf("the handle works twice: %v", err)
		}
	})
}

func TestAPlacedColumnSaysWhereItsSubmissionsAreReviewed(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	item := lti.ContentItem{Title: "Plan", LineItem: &lti.ContentLineItem{ScoreMaximum: 10, Review: &lti.ContentReview{
		URL: "https://evil.example/review", Custom: map[string]string{"workflow": "plan"}, Statuses: []string{"Submitted"},
	}}}
	handle := w.deepLink().Handle
	if _, err := w.tool.DeepLinkResponse(t.Context(), handle, []lti.ContentItem{item}, ""); err == nil {
		t.Fatal("a review elsewhere was signed")
	}
	item.LineItem.Review.URL = ""
	got, err := w.tool.DeepLinkResponse(t.Context(), handle, []lti.ContentItem{item}, "")
	if err != nil {
		t.Fatal(err)
	}
	_, c := w.verifyOwn(got.JWT)
	placed := c[claimDL+"content_items"].([]any)[0].(map[string]any)
	review := placed["lineItem"].(map[string]any)["submissionReview"].(map[string]any)
	if placed["url"] != w.target || review["url"] != w.target || review["custom"].(map[string]any)["workflow"] != "plan" || strung(review["reviewableStatus"])[0] != "Submitted" {
		t.Errorf("got %v", placed)
	}
	if item.LineItem.Review.URL != "" {
		t.Error("the caller's item was changed")
	}
}

func TestAPlacedLinkCarriesOurIconFromOurOwnOriginOnly(t *testing.T) {
	for logo, want := range map[string]string{"/static/logo/icon.svg": "/static/logo/icon.svg", "": "", "https://elsewhere.example/icon.svg": ""} {
		var own string
		w := newWorld(t, sqliteStore(t), func(o *lti.Options) {
			own, o.Announced.LogoURL = o.PublicURL, logo
			if want != "" {
				o.Announced.LogoURL = own + logo
			}
		})
		got, err := w.tool.DeepLinkResponse(t.Context(), w.deepLink().Handle, []lti.ContentItem{{Title: "Plan"}}, "")
		if err != nil {
			t.Fatal(err)
		}
		_, c := w.verifyOwn(got.JWT)
		icon, has := c[claimDL+"content_items"].([]any)[0].(map[string]any)["icon"].(map[string]any)
		if has != (want != "") || has && icon["url"] != own+want {
			t.Errorf("with the logo %q: got %v", logo, icon)
		}
	}
}
