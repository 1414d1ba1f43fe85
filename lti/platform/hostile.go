package platform

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// forgedFields are the fields of a form as a forger has them, by name.
func forgedFields(fields []field, forge func(url.Values)) []field {
	v := url.Values{}
	for _, f := range fields {
		v.Add(f.Name, f.Value)
	}
	forge(v)
	var out []field
	for _, name := range slices.Sorted(maps.Keys(v)) {
		for _, value := range v[name] {
			out = append(out, field{name, value})
		}
	}
	return out
}

// forgedAnswer is the form that carries the token, as the forger has it.
func (p *Platform) forgedAnswer(fields []field, t Tool, f Forgery) []field {
	if f.ReuseState {
		p.mu.Lock()
		previous := p.states[t.ClientID]
		p.mu.Unlock()
		fields = forgedFields(fields, func(v url.Values) { v.Set("state", previous) })
	}
	if f.Answer != nil {
		fields = forgedFields(fields, f.Answer)
	}
	return fields
}

// remember keeps the state of a tool's latest launch, for a forger to use again.
func (p *Platform) remember(t Tool, state string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.states[t.ClientID] = state
}

// down says whether a forger has switched a path off.
func (p *Platform) down(path string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hostile != nil && slices.Contains(p.hostile.Down, path)
}

// writeForged writes JSON, changed by the part of the forgery in force that of
// picks.
func (p *Platform) writeForged(w http.ResponseWriter, of func(*Forgery) func(map[string]any), doc map[string]any) {
	p.mu.Lock()
	if p.hostile != nil {
		if forge := of(p.hostile); forge != nil {
			forge(doc)
		}
	}
	p.mu.Unlock()
	p.writeJSON(w, http.StatusOK, "application/json; charset=utf-8", doc)
}
