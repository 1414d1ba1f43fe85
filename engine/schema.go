package engine

import (
	"encoding/json"
	"strconv"
	"strings"
)

// SchemaID is where the schema of definitions is published.
const SchemaID = "https://raw.githubusercontent.com/cairn-lms/cairn/main/docs/workflow.schema.json"

// Schema is the JSON Schema (2020-12) of a definition, for editors: keys, words and shapes. It is made from the table the
// parser reads by. What only the linter knows (names of steps, cycles, deadlocks) it does not say: run
// `cairn workflow lint`.
func Schema() ([]byte, error) {
	defs := map[string]any{
		"text": map[string]any{"description": "A string, or one by language: {en: …, de: …}.", "anyOf": []any{scalarSchema(),
			map[string]any{"type": "object", "minProperties": 1, "additionalProperties": false,
				"patternProperties": map[string]any{"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$": scalarSchema()}}}},
		"time": map[string]any{"type": "string", "description": "anchor [± n(h|d|wd|w)] [at HH:MM], as course_completed + 2wd at 09:00.",
			"pattern": `^\s*[A-Za-z0-9_.-]+(\s*[+-]\s*\d{1,6}(h|d|wd|w))?(\s+at\s+\d{1,2}:\d{2})?\s*$`},
		"duration":  map[string]any{"type": "string", "description": "n(h|d|wd|w), as 10wd.", "pattern": `^\d{1,6}(h|d|wd|w)$`},
		"condition": map[string]any{"type": "string", "description": "As rating.trade.manager >= 4 and count(practise.approved) >= 2.", "maxLength": maxCondition},
		"date":      map[string]any{"type": "string", "pattern": `^\d{4}-\d{2}-\d{2}$`},
		"id":        map[string]any{"type": "string", "pattern": idShape.String()},
		"policies": map[string]any{"type": "object", "propertyNames": map[string]any{"pattern": idShape.String()},
			"additionalProperties": map[string]any{"type": "array", "maxItems": 50, "items": ref("nudge")}},
	}
	table := format()
	for name, m := range table {
		if name == "workflow" {
			continue
		}
		defs[defName(name)] = objectSchema(m)
	}
	words := []any{}
	for _, w := range table["rule"].names() {
		switch w {
		case "score", "statement", "event", "all", "any", "if":
		default:
			words = append(words, w)
		}
	}
	defs["rule"] = map[string]any{"description": "What it takes to be done.", "anyOf": []any{map[string]any{"enum": words}, defs["rule"]}}
	root := objectSchema(table["workflow"])
	root["$schema"], root["$id"], root["title"], root["$defs"] = "https://json-schema.org/draft/2020-12/schema", SchemaID, "A Cairn learning workflow", defs
	out, err := json.MarshalIndent(root, "", "  ")
	return append(out, '\n'), err
}

func scalarSchema() map[string]any {
	return map[string]any{"type": []string{"string", "number", "boolean"}}
}

func ref(name string) map[string]any { return map[string]any{"$ref": "#/$defs/" + name} }

func defName(name string) string { return strings.ReplaceAll(name, " ", "_") }

func objectSchema(m mapping) map[string]any {
	properties := map[string]any{}
	required := []string{}
	for _, k := range m {
		s := valueSchema(k.is)
		if k.doc != "" {
			s["description"] = k.doc
		}
		properties[k.name] = s
		if k.required {
			required = append(required, k.name)
		}
	}
	o := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

// valueSchema is the schema of a value in the small language of the table.
func valueSchema(is string) map[string]any {
	if item, ok := strings.CutPrefix(is, "list of "); ok {
		return map[string]any{"anyOf": []any{map[string]any{"type": "array", "items": valueSchema(item)}, valueSchema(item)}}
	}
	if strings.HasPrefix(is, "one of ") {
		return map[string]any{"enum": wordsOf(is)}
	}
	if bounds, ok := strings.CutPrefix(is, "int "); ok {
		low, high, _ := strings.Cut(bounds, "..")
		minimum, _ := strconv.Atoi(low)
		maximum, _ := strconv.Atoi(high)
		return map[string]any{"type": "integer", "minimum": minimum, "maximum": maximum}
	}
	switch is {
	case "string":
		return scalarSchema()
	case "yes":
		return map[string]any{"type": "boolean"}
	case "number":
		return map[string]any{"type": "number"}
	case "share":
		return map[string]any{"type": "number", "exclusiveMinimum": 0, "maximum": 1}
	case "no value":
		return map[string]any{"not": map[string]any{}}
	}
	return ref(defName(is))
}
