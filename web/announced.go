package web

import (
	"github.com/cairn-lms/cairn/engine/text"
	"github.com/cairn-lms/cairn/lti"
)

// Announced is how the tool presents itself to a platform at registration.
func (s *Site) Announced() lti.Announced {
	return lti.Announced{
		LogoURL:     s.origin + "/static/logo/icon.svg", // files are served under any version
		Description: inEveryLanguage("page.pick.tool"),
		Menu:        map[string]string{paramView: viewBoard},
		PickLabel:   inEveryLanguage("page.pick.button"),
	}
}

// inEveryLanguage is a message by language; "" is the fallback's.
func inEveryLanguage(key string) map[string]string {
	texts := map[string]string{"": text.Catalogue("").T(key)}
	for _, locale := range text.Locales() {
		texts[locale] = text.Catalogue(locale).T(key)
	}
	return texts
}
