package lti

import (
	"cmp"
	"context"
	"strings"
)

// Family is the product that a platform runs, as the member product_family_code of
// its launches names it, in lower case; "" if it is not known.
type Family string

// Families that this tool treats in a way of their own, or knows by their addresses.
const (
	FamilyMoodle      Family = "moodle"
	FamilyCanvas      Family = "canvas"
	FamilySakai       Family = "sakai"
	FamilyBlackboard  Family = "blackboardlearn"
	FamilyBrightspace Family = "desire2learn"
)

// familyNamed is the family of a product_family_code.
func familyNamed(code string) Family { return Family(strings.ToLower(code)) }

// Family is the platform's product: as the platform named it, else by the address
// of its authorization endpoint, which every Moodle and every Canvas has at the same
// path, else by the issuer of Canvas's cloud.
func (r Registration) Family() Family {
	if r.ProductFamily != "" {
		return familyNamed(r.ProductFamily)
	}
	if auth, ok := webURL(r.AuthURL); ok {
		for suffix, family := range map[string]Family{
			"/mod/lti/auth.php":           FamilyMoodle,
			"/api/lti/authorize_redirect": FamilyCanvas,
			"/api/lti/authorize":          FamilyCanvas,
			"/d2l/lti/authenticate":       FamilyBrightspace,
			"/imsoidc/lti13/oidc_auth":    FamilySakai,
			"/api/v1/gateway/oidcauth":    FamilyBlackboard,
		} {
			if strings.HasSuffix(auth.Path, suffix) {
				return family
			}
		}
	}
	if u, ok := webURL(r.Issuer); ok && strings.HasSuffix("."+u.Hostname(), ".instructure.com") {
		return FamilyCanvas
	}
	return ""
}

// learnFamily keeps what a platform signed of its product, once, where the
// registration does not say. A launch does not fail for it.
func (t *Tool) learnFamily(ctx context.Context, l *Launch) {
	if l.Registration.ProductFamily != "" || l.Family() == "" {
		return
	}
	l.Registration.ProductFamily = string(l.Family())
	err := t.changeRegistration(ctx, "learn product family", l.Registration.ID, func(r *Registration) error {
		r.ProductFamily = cmp.Or(r.ProductFamily, string(l.Family()))
		return nil
	})
	if err != nil {
		t.log.WarnContext(ctx, "remember the product of a platform", "request_id", l.RequestID, "error", err)
	}
}

// Family is the product of the launch's platform.
func (l *Launch) Family() Family { return familyNamed(l.ProductFamily) }
