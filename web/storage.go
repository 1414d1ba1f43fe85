package web

import (
	"cmp"
	"html"
	"html/template"
	"net/http"
	"slices"

	"github.com/cairn-lms/cairn/lti"
)

// keepPage is the Body of the page that leaves a login's secret with the platform.
type keepPage struct {
	Storage     lti.Storage
	Value, Next string
	Refresh     template.HTML // for browsers without scripts
}

// KeepInStorage implements lti.StoragePages.
func (s *Site) KeepInStorage(w http.ResponseWriter, r *http.Request, storage lti.Storage, value, next string) {
	s.ltiPage(w, r, http.StatusOK, "keep", s.view(r).titled("page.repeat.title"), keepPage{
		Storage: storage, Value: value, Next: next,
		Refresh: template.HTML(`<meta http-equiv="refresh" content="0; url=` + html.EscapeString(next) + `">`), //nolint:gosec // escaped
	})
}

// askPage is the Body of the page that gets the secret back and posts a launch.
type askPage struct {
	Storage lti.Storage
	Action  string
	Fields  []field
	Answer  string // name of the field for what the storage says
	Restart string
}

// AskStorage implements lti.StoragePages.
func (s *Site) AskStorage(w http.ResponseWriter, r *http.Request, storage lti.Storage, action string, fields map[string]string, answer, restart string) {
	s.ltiPage(w, r, http.StatusOK, "ask", s.view(r).titled("page.repeat.title"), askPage{
		Storage: storage, Action: action, Fields: sortedFields(fields), Answer: answer, Restart: restart,
	})
}

// sortedFields are the fields of a form, by name.
func sortedFields(fields map[string]string) []field {
	list := make([]field, 0, len(fields))
	for name, value := range fields {
		list = append(list, field{name, value})
	}
	slices.SortFunc(list, func(a, b field) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
