package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// object is an object of the description.
type object map[string]any

// describer writes the schemas of Go types, as decode and render have them.
type describer struct {
	schemas object
	names   map[reflect.Type]string
}

var pathName = regexp.MustCompile(`\{([a-z0-9]+)\}`)

// describe is the OpenAPI 3.1 document of the routes.
func (a *API) describe() object {
	d := &describer{schemas: object{}, names: map[reflect.Type]string{}}
	d.ref(reflect.TypeFor[problem]())
	paths := object{}
	var tags []string
	for i := range a.routes {
		r := &a.routes[i]
		if !slices.Contains(tags, r.tag) {
			tags = append(tags, r.tag)
		}
		path, _ := paths[r.path].(object)
		if path == nil {
			path = object{}
			paths[r.path] = path
		}
		path[strings.ToLower(r.method)] = d.operation(r)
	}
	tagged := []object{}
	for _, t := range tags {
		tagged = append(tagged, object{"name": t})
	}
	scopes := object{}
	for _, s := range lrs.APIScopes() {
		scopes[s] = s
	}
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "Cairn", "version": "1", "summary": "Learning workflows beside an LMS",
			"license": object{"name": "Apache 2.0", "identifier": "Apache-2.0"},
			"description": "Keys are made by `cairn key create -scopes …`; the key api/all may do everything here. Errors are application/problem+json. " +
				"Names and addresses of people are shown to keys with people/read only. Unknown parameters and fields are refused."},
		"servers": []object{{"url": strings.TrimRight(a.o.PublicURL, "/")}},
		"tags":    tagged,
		"paths":   paths,
		"components": object{
			"schemas": d.schemas,
			"securitySchemes": object{
				"basic":  object{"type": "http", "scheme": "basic", "description": "key and secret"},
				"bearer": object{"type": "http", "scheme": "bearer", "description": "key.secret"},
			},
			"responses": object{"problem": object{"description": "What is wrong", "content": object{"application/problem+json": object{"schema": d.ref(reflect.TypeFor[problem]())}}}},
		},
		"security": []object{{"basic": []string{}}, {"bearer": []string{}}},
	}
}

func (d *describer) operation(r *route) object {
	op := object{"operationId": r.id, "summary": r.summary, "tags": []string{r.tag}}
	detail := r.detail
	if r.scope != "" {
		detail = strings.TrimSpace(detail + " Scope: `" + r.scope + "`.")
	}
	if detail != "" {
		op["description"] = detail
	}
	if r.open {
		op["security"] = []object{}
	}
	params := []object{}
	for _, m := range pathName.FindAllStringSubmatch(r.path, -1) {
		params = append(params, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, p := range r.query {
		schema := object{"type": "string"}
		switch {
		case p.name == "limit":
			schema = object{"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
		case p.integer:
			schema = object{"type": "integer", "minimum": 1}
		case p.enum != nil:
			schema["enum"] = p.enum
		}
		one := object{"name": p.name, "in": "query", "schema": schema}
		if p.doc != "" {
			one["description"] = p.doc
		}
		if p.required {
			one["required"] = true
		}
		params = append(params, one)
	}
	header := func(name, doc string) {
		params = append(params, object{"name": name, "in": "header", "description": doc, "schema": object{"type": "string"}})
	}
	if r.once {
		header("Idempotency-Key", "The same request again under it is answered as the first was, for a day")
	}
	if r.tagged && r.method != http.MethodGet {
		header("If-Match", "The ETag of the enrolment that was seen; 412 if it has changed since")
	}
	if len(params) > 0 {
		op["parameters"] = params
	}
	if media := r.media; r.body != nil || media != "" {
		schema := object{"type": "object"}
		if r.body != nil {
			media, schema = "application/json", d.ref(reflect.TypeOf(r.body))
		}
		content := object{"schema": schema}
		if r.sample != "" {
			content["example"] = json.RawMessage(r.sample)
		}
		op["requestBody"] = object{"required": true, "content": object{media: content}}
	}
	op["responses"] = d.responses(r)
	return op
}

func (d *describer) responses(r *route) object {
	status := r.status
	if status == 0 {
		if status = http.StatusOK; r.reply == nil {
			status = http.StatusNoContent
		}
	}
	good := object{"description": http.StatusText(status)}
	switch {
	case r.produces != "":
		good["content"] = object{r.produces: object{"schema": object{"type": "string"}}}
	case r.reply != nil:
		good["content"] = object{"application/json": object{"schema": d.ref(reflect.TypeOf(r.reply))}}
	}
	return object{strconv.Itoa(status): good, "default": object{"$ref": "#/components/responses/problem"}}
}

// ref is the schema of a type; a struct's stands among the components.
func (d *describer) ref(t reflect.Type) object {
	if t.Kind() == reflect.Pointer {
		return d.ref(t.Elem())
	}
	switch t {
	case timeType:
		return object{"type": "string", "format": "date-time"}
	case rawType:
		return object{}
	case reflect.TypeFor[engine.Workflow]():
		return d.ref(reflect.TypeFor[workflowRef]())
	case reflect.TypeFor[engine.Step]():
		return d.ref(reflect.TypeFor[stepRef]())
	case reflect.TypeFor[engine.Enrolment]():
		return d.ref(reflect.TypeFor[enrolmentRef]())
	case reflect.TypeFor[engine.Person]():
		return d.ref(reflect.TypeFor[personRef]())
	case reflect.TypeFor[engine.TimeExpr](), reflect.TypeFor[engine.Condition](), reflect.TypeFor[engine.Duration]():
		return object{"type": "string"}
	case reflect.TypeFor[engine.Aid]():
		return object{"type": "object", "properties": object{"id": object{"type": "string"}, "format": object{"type": "string"}, "title": d.ref(reflect.TypeFor[engine.Text]())}}
	}
	switch t.Kind() {
	case reflect.Struct:
		return d.component(t)
	case reflect.Map:
		return object{"type": "object", "additionalProperties": d.ref(t.Elem())}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": d.ref(t.Elem())}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Interface:
		return object{}
	}
	return object{"type": "integer"}
}

func (d *describer) component(t reflect.Type) object {
	name, known := d.names[t]
	if !known {
		name = componentName(t)
		if t.NumField() == 0 {
			return object{"type": "object", "additionalProperties": false}
		}
		for _, taken := d.schemas[name]; taken; _, taken = d.schemas[name] {
			name = "Engine" + name
		}
		d.names[t], d.schemas[name] = name, nil
		properties, required := object{}, []string{}
		for _, k := range fieldsOf(t) {
			schema := d.ref(k.typ)
			if k.typ.Kind() == reflect.Pointer && !k.omit {
				schema = object{"anyOf": []object{schema, {"type": "null"}}}
			}
			if k.enum != "" {
				schema = object{"type": "string", "enum": strings.Split(k.enum, ",")}
			}
			if k.doc != "" {
				if _, isRef := schema["$ref"]; isRef {
					schema = object{"allOf": []object{schema}}
				}
				schema["description"] = k.doc
			}
			properties[k.name] = schema
			if k.required && !hideable(t, k.name) {
				required = append(required, k.name)
			}
		}
		schema := object{"type": "object", "properties": properties, "additionalProperties": false}
		if len(required) > 0 {
			schema["required"] = required
		}
		d.schemas[name] = schema
	}
	return object{"$ref": "#/components/schemas/" + name}
}

var typeArguments = regexp.MustCompile(`\[.*[./*]?([A-Za-z]+)\]$`)

// componentName is a type's name; list[eventView] is EventViewList.
func componentName(t reflect.Type) string {
	name := t.Name()
	if m := typeArguments.FindStringSubmatch(name); m != nil {
		base, _, _ := strings.Cut(name, "[")
		name = m[1] + strings.ToUpper(base[:1]) + base[1:]
	}
	if name == "" {
		name = "Body"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// hideable tells whether a field may be left out for keys that may not see it.
func hideable(t reflect.Type, name string) bool {
	return t == reflect.TypeFor[engine.StepView]() && name == "draft" || personal(t, name)
}
