package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
)

// document is what the tests read of the description.
type document struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Description string `json:"description"`
		Security    *[]any `json:"security"`
		Parameters  []struct {
			Name, In string
			Required bool
		} `json:"parameters"`
		RequestBody *struct {
			Content map[string]struct {
				Schema  any
				Example json.RawMessage
			}
		} `json:"requestBody"`
		Responses map[string]struct {
			Content map[string]struct{ Schema any }
		} `json:"responses"`
	} `json:"paths"`
	Components struct{ Schemas map[string]any }
}

func (w *world) document() document {
	w.t.Helper()
	var d document
	w.as(lrs.Credential{}, "GET", "/api/v1/openapi.json", "").want(w.t, 200).into(w.t, &d)
	return d
}

// filled is a path with ids of things that are there.
func (w *world) filled(path string) string {
	return strings.NewReplacer("{enrolment}", string(w.sam.ID), "{person}", string(w.sam.Learner), "{workflow}", "deals", "{step}", "plan",
		"{event}", "none", "{request}", "none", "{prompt}", "none", "{sha256}", "none", "{letter}", "none", "{post}", "none", "{source}", "main.none").Replace(path)
}

func TestEveryDocumentedRouteAnswersAsDocumented(t *testing.T) {
	w := newWorld(t)
	d := w.document()
	if d.OpenAPI != "3.1.0" || len(d.Paths) < 30 {
		t.Fatalf("openapi %s with %d paths", d.OpenAPI, len(d.Paths))
	}
	seen := map[string]bool{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			name := strings.ToUpper(method) + " " + path
			if seen[op.OperationID] || op.OperationID == "" {
				t.Errorf("%s: operationId %q is missing or taken", name, op.OperationID)
			}
			seen[op.OperationID] = true
			target := w.filled(path)
			if strings.Contains(target, "{") {
				t.Fatalf("%s: no value for a parameter", name)
			}
			var query []string
			for _, p := range op.Parameters {
				if p.In == "query" && p.Required {
					query = append(query, p.Name+"="+map[string]string{"course": "2", "course_issuer": "https://lms.example", "name": "sam@example.org", "person": string(w.sam.Learner), "from": "1", "workflow": "deals"}[p.Name])
				}
			}
			if len(query) > 0 {
				target += "?" + strings.Join(query, "&")
			}
			body, headers := "", []string{}
			if op.RequestBody != nil {
				for media, content := range op.RequestBody.Content {
					if body = string(content.Example); body == "" {
						t.Errorf("%s: no example of the body", name)
					}
					headers = append(headers, "Content-Type", media)
				}
			}
			a := w.as(w.all, strings.ToUpper(method), target, body, headers...)
			if a.StatusCode == http.StatusInternalServerError || a.StatusCode == http.StatusMethodNotAllowed || a.StatusCode == http.StatusBadRequest {
				t.Errorf("%s: %d\n%s", name, a.StatusCode, a.text)
			}
			media, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
			if a.StatusCode >= 400 {
				if media != "application/problem+json" {
					t.Errorf("%s: a refusal of type %q", name, media)
				}
				checkSchema(t, name, d, map[string]any{"$ref": "#/components/schemas/Problem"}, a.text)
				continue
			}
			documented, ok := op.Responses[fmt.Sprint(a.StatusCode)]
			if !ok {
				t.Errorf("%s: %d is not documented", name, a.StatusCode)
				continue
			}
			if a.StatusCode != http.StatusNoContent {
				content, ok := documented.Content[media]
				if !ok {
					t.Errorf("%s: type %q is not documented", name, media)
				} else if media == "application/json" {
					checkSchema(t, name, d, content.Schema, a.text)
				}
			}
			if op.Security == nil && !strings.HasPrefix(path, "/api/v1/openapi") {
				w.as(lrs.Credential{}, strings.ToUpper(method), target, body, headers...).want(t, http.StatusUnauthorized)
			}
			w.restore()
		}
	}
}

// restore takes back what a route did to Sam, so that the next one finds the same.
func (w *world) restore() {
	w.t.Helper()
	_ = w.as(w.all, "POST", "/api/v1/enrolments/"+string(w.sam.ID)+"/reenrol", "{}")
	_ = w.as(w.all, "POST", "/api/v1/enrolments/"+string(w.sam.ID)+"/resume", "{}")
}

func TestEveryExampleIsValidAgainstItsSchema(t *testing.T) {
	d := newWorld(t).document()
	n := 0
	for path, methods := range d.Paths {
		for method, op := range methods {
			if op.RequestBody == nil {
				continue
			}
			for _, content := range op.RequestBody.Content {
				checkSchema(t, method+" "+path, d, content.Schema, string(content.Example))
				n++
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d examples", n)
	}
}

// checkSchema validates a JSON text, and fails the test with every place that is wrong.
func checkSchema(t *testing.T, name string, d document, schema any, text string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	for _, wrong := range violations(d, schema, value, "") {
		t.Errorf("%s: %s\n%.600s", name, wrong, text)
	}
}

// violations is a small validator of what the description uses of JSON Schema.
func violations(d document, schema, value any, at string) []string {
	s, ok := schema.(map[string]any)
	if !ok {
		return []string{at + ": no schema"}
	}
	for key := range s {
		if !slices.Contains([]string{"$ref", "type", "format", "enum", "properties", "required", "additionalProperties", "items", "description", "anyOf", "allOf", "contentEncoding", "minimum", "maximum", "default"}, key) {
			return []string{at + ": the schema uses " + key}
		}
	}
	if ref, ok := s["$ref"].(string); ok {
		target, found := d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
		if !found {
			return []string{at + ": no schema " + ref}
		}
		return violations(d, target, value, at)
	}
	var out []string
	if parts, ok := s["allOf"].([]any); ok {
		for _, p := range parts {
			out = append(out, violations(d, p, value, at)...)
		}
	}
	if parts, ok := s["anyOf"].([]any); ok {
		if !slices.ContainsFunc(parts, func(p any) bool { return len(violations(d, p, value, at)) == 0 }) {
			out = append(out, at+": none of anyOf")
		}
	}
	if kind, ok := s["type"].(string); ok && kind != kindOf(value, kind) {
		return append(out, fmt.Sprintf("%s: %T is no %s", at, value, kind))
	}
	if words, ok := s["enum"].([]any); ok && !slices.Contains(words, value) {
		out = append(out, fmt.Sprintf("%s: %v is none of %v", at, value, words))
	}
	switch v := value.(type) {
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		for _, name := range asList(s["required"]) {
			if _, ok := v[name.(string)]; !ok {
				out = append(out, fmt.Sprintf("%s: %s is missing", at, name))
			}
		}
		for name, inner := range v {
			switch p, known := properties[name]; {
			case known:
				out = append(out, violations(d, p, inner, at+"/"+name)...)
			case s["additionalProperties"] == false:
				out = append(out, fmt.Sprintf("%s: %s is not in the schema", at, name))
			default:
				if extra, ok := s["additionalProperties"].(map[string]any); ok {
					out = append(out, violations(d, extra, inner, at+"/"+name)...)
				}
			}
		}
	case []any:
		for i, item := range v {
			out = append(out, violations(d, s["items"], item, fmt.Sprintf("%s/%d", at, i))...)
		}
	}
	return out
}

func asList(v any) []any { l, _ := v.([]any); return l }

func kindOf(v any, want string) string {
	switch n := v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if want == "integer" && n == float64(int64(n)) {
			return "integer"
		}
		return "number"
	}
	return "null"
}

func TestEveryRouteNeedsTheScopeItNames(t *testing.T) {
	w := newWorld(t)
	poor := w.key(lrs.ScopeRead) // of the record store
	scope := regexp.MustCompile("Scope: `([a-z/]+)`")
	for path, methods := range w.document().Paths {
		for method, op := range methods {
			m := scope.FindStringSubmatch(op.Description)
			if m == nil {
				continue
			}
			target := w.filled(path)
			for _, p := range op.Parameters {
				if p.Required && p.In == "query" {
					join := "?"
					if strings.Contains(target, "?") {
						join = "&"
					}
					target += join + p.Name + "=1"
				}
			}
			a := w.as(poor, strings.ToUpper(method), target, "{}").want(t, http.StatusForbidden)
			if !strings.Contains(a.text, m[1]) {
				t.Errorf("%s %s: the refusal does not name %s: %s", method, path, m[1], a.text)
			}
		}
	}
}
