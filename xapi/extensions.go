package xapi

import "encoding/json"

// extensions are those of a decoded statement, as they were sent: as maps they
// would take a hundred times the room, and nobody may ask for them.
type extensions string

// of are the composed ones if there are any.
func (e extensions) of(composed map[string]any) any {
	switch {
	case len(composed) > 0:
		return composed
	case e != "":
		return json.RawMessage(e)
	}
	return nil
}

// MarshalJSON writes the extensions it was decoded with, unless Extensions is set.
func (r Result) MarshalJSON() ([]byte, error) {
	type fields Result
	return json.Marshal(struct {
		fields
		Extensions any `json:"extensions,omitempty"`
	}{fields(r), r.extensions.of(r.Extensions)})
}

// MarshalJSON writes the extensions it was decoded with, unless Extensions is set.
func (c Context) MarshalJSON() ([]byte, error) {
	type fields Context
	return json.Marshal(struct {
		fields
		Extensions any `json:"extensions,omitempty"`
	}{fields(c), c.extensions.of(c.Extensions)})
}

// MarshalJSON writes the extensions it was decoded with, unless Extensions is set.
func (d Definition) MarshalJSON() ([]byte, error) {
	type fields Definition
	return json.Marshal(struct {
		fields
		Extensions any `json:"extensions,omitempty"`
	}{fields(d), d.extensions.of(d.Extensions)})
}

// Extension is the value of an extension, as encoding/json decodes it; nil if there is none.
func (r *Result) Extension(iri string) any {
	if r == nil {
		return nil
	}
	return r.extensions.value(r.Extensions, iri)
}

// Extension is the value of an extension, as encoding/json decodes it; nil if there is none.
func (c *Context) Extension(iri string) any {
	if c == nil {
		return nil
	}
	return c.extensions.value(c.Extensions, iri)
}

func (e extensions) value(composed map[string]any, iri string) any {
	if v, ok := composed[iri]; ok || e == "" {
		return v
	}
	var all map[string]any
	if json.Unmarshal([]byte(e), &all) != nil {
		return nil
	}
	return all[iri]
}
