package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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
		"{event}", "none", "{request}", "none", "{prompt}", "none", "{sha256}", "none", "{letter}", "none", "{action}", "none", "{link}", "none", "{post}", "none", "{source}", "main.none").Replace(path)
}

// Each operation is tried where it can succeed: on things that are there, and on none that another has changed.
func TestEveryDocumentedRouteAnswersAsDocumented(t *testing.T) {
	w := newWorld(t)
	w.scenery()
	d := w.document()
	if d.OpenAPI != "3.1.0" || len(d.Paths) < 30 {
		t.Fatalf("openapi %s with %d paths", d.OpenAPI, len(d.Paths))
	}
	seen, n := map[string]bool{}, 0
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			op := d.Paths[path][method]
			method = strings.ToUpper(method)
			name := method + " " + path
			if seen[op.OperationID] || op.OperationID == "" {
				t.Errorf("%s: operationId %q is missing or taken", name, op.OperationID)
			}
			seen[op.OperationID] = true
			n++
			w.advance(time.Minute) // what a key and a source may send in a minute is bounded
			s := w.scene(n)
			s.before(op.OperationID)
			target := s.fill(op.OperationID, path)
			if strings.Contains(target, "{") {
				t.Fatalf("%s: no value for a parameter", name)
			}
			var query []string
			for _, p := range op.Parameters {
				if p.In == "query" && p.Required {
					query = append(query, p.Name+"="+map[string]string{"course": s.course.ID, "course_issuer": lms, "name": s.email(), "person": string(s.manager), "from": "1", "workflow": "yard"}[p.Name])
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
				if other := bodyOf[op.OperationID]; other != "" {
					body = s.fill(op.OperationID, other)
				}
			}
			key := w.all
			if op.OperationID == "sendSignedEvents" {
				key, headers = lrs.Credential{}, append(headers, s.signed(body)...)
			}
			if op.Security == nil && !strings.HasPrefix(path, "/api/v1/openapi") {
				w.as(lrs.Credential{}, method, target, body, headers...).want(t, http.StatusUnauthorized)
			}
			a := w.as(key, method, target, body, headers...)
			media, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
			reason, excused := mayBeRefused[op.OperationID]
			if a.StatusCode >= 400 {
				if !excused {
					t.Errorf("%s: %d\n%s", name, a.StatusCode, a.text)
				}
				if media != "application/problem+json" {
					t.Errorf("%s: a refusal of type %q", name, media)
				}
				checkSchema(t, name, d, map[string]any{"$ref": "#/components/schemas/Problem"}, a.text)
				continue
			}
			if excused {
				t.Errorf("%s: %d, and it was to be refused: %s", name, a.StatusCode, reason)
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
		}
	}
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
