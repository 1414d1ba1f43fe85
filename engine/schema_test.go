package engine

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"
)

type jsonSchema = map[string]any

// validate says where a value breaks a schema; "" if nowhere. It knows the keywords that ours has, and refuses others.
func validate(t interface{ Fatalf(string, ...any) }, root, schema jsonSchema, v any, path string) string {
	for keyword, rule := range schema {
		bad := ""
		switch keyword {
		case "$schema", "$id", "$defs", "title", "description", "properties", "patternProperties":
		case "$ref":
			def, ok := root["$defs"].(jsonSchema)[strings.TrimPrefix(rule.(string), "#/$defs/")].(jsonSchema)
			if !ok {
				t.Fatalf("%s: %s leads nowhere", path, rule)
			}
			bad = validate(t, root, def, v, path)
		case "type":
			types, many := rule.([]any)
			if !many {
				types = []any{rule}
			}
			if !slices.ContainsFunc(types, func(want any) bool { return isType(v, want.(string)) }) {
				bad = fmt.Sprintf("%s: %v is no %v", path, v, rule)
			}
		case "enum":
			if !slices.Contains(rule.([]any), v) {
				bad = fmt.Sprintf("%s: %v is none of %v", path, v, rule)
			}
		case "anyOf":
			var all []string
			for _, s := range rule.([]any) {
				all = append(all, validate(t, root, s.(jsonSchema), v, path))
			}
			if !slices.Contains(all, "") {
				bad = strings.Join(all, " | ")
			}
		case "not":
			bad = path + ": takes no value"
		case "pattern":
			if s, ok := v.(string); ok && !regexp.MustCompile(rule.(string)).MatchString(s) {
				bad = fmt.Sprintf("%s: %q is not like %s", path, s, rule)
			}
		case "minimum", "maximum", "exclusiveMinimum", "maxLength", "maxItems", "minProperties":
			n := map[string]float64{"maxLength": float64(len(fmt.Sprint(v)))}[keyword]
			switch v := v.(type) {
			case float64:
				n = v
			case []any:
				n = float64(len(v))
			case jsonSchema:
				n = float64(len(v))
			}
			limit := rule.(float64)
			if strings.HasPrefix(keyword, "min") && n < limit || strings.HasPrefix(keyword, "max") && n > limit || keyword == "exclusiveMinimum" && n <= limit {
				bad = fmt.Sprintf("%s: %v breaks %s %v", path, v, keyword, limit)
			}
		case "required":
			m, _ := v.(jsonSchema)
			for _, k := range rule.([]any) {
				if m != nil && m[k.(string)] == nil {
					bad = fmt.Sprintf("%s: %s is missing", path, k)
				}
			}
		case "items":
			list, _ := v.([]any)
			for i, item := range list {
				if b := validate(t, root, rule.(jsonSchema), item, fmt.Sprintf("%s[%d]", path, i)); b != "" {
					bad = b
				}
			}
		case "propertyNames":
			m, _ := v.(jsonSchema)
			for k := range m {
				if b := validate(t, root, rule.(jsonSchema), k, path); b != "" {
					bad = b
				}
			}
		case "additionalProperties":
			m, _ := v.(jsonSchema)
			properties, _ := schema["properties"].(jsonSchema)
			for k, item := range m {
				s, known := properties[k]
				patterns, _ := schema["patternProperties"].(jsonSchema)
				for p, of := range patterns {
					if regexp.MustCompile(p).MatchString(k) {
						s, known = of, true
					}
				}
				if more, ok := rule.(jsonSchema); ok && !known {
					s, known = more, true
				}
				if !known {
					bad = path + "." + k + ": unknown"
				} else if b := validate(t, root, s.(jsonSchema), item, path+"."+k); b != "" {
					bad = b
				}
			}
		default:
			t.Fatalf("%s: this test does not know %q", path, keyword)
		}
		if bad != "" {
			return bad
		}
	}
	return ""
}

func isType(v any, want string) bool {
	switch v := v.(type) {
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "number" || want == "integer" && v == float64(int(v))
	case []any:
		return want == "array"
	case jsonSchema:
		return want == "object"
	}
	return false
}

func schemaOf(t testing.TB) jsonSchema {
	t.Helper()
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var s jsonSchema
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON is YAML as a JSON reader sees it.
func yamlAsJSON(source []byte) (any, error) {
	data, err := yaml.YAMLToJSON(source)
	if err != nil {
		return nil, err
	}
	var v any
	return v, json.Unmarshal(data, &v)
}

func TestThePublishedSchemaIsCurrent(t *testing.T) {
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	const file = "../docs/workflow.schema.json"
	if *update {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	published, err := os.ReadFile(file)
	if err != nil || string(published) != string(data) {
		t.Fatalf("docs/workflow.schema.json is not what `cairn workflow schema` prints (%v): go test ./engine -run PublishedSchema -update", err)
	}
}

func TestTheSchemaAcceptsTheLibraryAndWhatTheParserAccepts(t *testing.T) {
	s := schemaOf(t)
	files, _ := filepath.Glob("library/*.yaml")
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{source, Export(parsed(t, file))} {
			v, err := yamlAsJSON(text)
			if err != nil {
				t.Fatal(file, err)
			}
			if bad := validate(t, s, s, v, ""); bad != "" {
				t.Errorf("%s: %s", file, bad)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var v any
		if err := json.Unmarshal(genSource(t), &v); err != nil {
			t.Fatal(err)
		}
		if bad := validate(t, s, s, v, ""); bad != "" {
			t.Fatal(bad)
		}
	})
}

func TestTheSchemaRefusesWhatTheParserRefusesByShape(t *testing.T) {
	s := schemaOf(t)
	for _, name := range []string{"unknown-key", "unknown-kind", "missing-keys", "repeat-without-max", "unknown-key-of-the-workflow", "bad-times", "durations", "empty-kind", "nudges", "done", "ids"} {
		data, err := os.ReadFile("testdata/refused/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		source, _, _ := strings.Cut(string(data), rule)
		v, err := yamlAsJSON([]byte(source))
		if err != nil {
			t.Fatal(err)
		}
		if validate(t, s, s, v, "") == "" {
			t.Errorf("%s is valid", name)
		}
	}
}

// The parser reads by the table and the schema is written from it; this holds the table itself to what is read.
func TestEveryKeyOfTheTableIsReadAndEveryMappingIsUsed(t *testing.T) {
	var code strings.Builder
	files, _ := filepath.Glob("*.go")
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "format.go" || file == "schema.go" {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(data)
	}
	for name, m := range format() {
		if !regexp.MustCompile(`mapping\([^\n]*"` + name + `"\)`).MatchString(code.String()) {
			t.Errorf("no mapping is read as %q", name)
		}
		for _, k := range m {
			if !strings.Contains(code.String(), `"`+k.name+`"`) && !slices.Contains(roleWords, k.name) {
				t.Errorf("%s.%s is in the table and nobody reads it", name, k.name)
			}
		}
	}
}
