package platform

import "errors"

// errFull answers whoever would make the world larger than its bounds.
var errFull = errors.New("platform: full")

// bounded is a map that forgets its oldest entries. The zero value is not
// usable; guarded by whoever holds it.
type bounded[V any] struct {
	max    int
	values map[string]V
	order  []string
}

func newBounded[V any](size int) *bounded[V] {
	return &bounded[V]{max: size, values: map[string]V{}}
}

func (b *bounded[V]) put(key string, v V) {
	if _, there := b.values[key]; !there {
		b.order = append(b.order, key)
	}
	b.values[key] = v
	for len(b.order) > b.max {
		delete(b.values, b.order[0]) // gone already if it was taken
		b.order = b.order[1:]
	}
}

func (b *bounded[V]) get(key string) (V, bool) {
	v, ok := b.values[key]
	return v, ok
}

// take removes and returns: single use. Its key stays in order until it ages
// out, so a key must not be put again; ours are random.
func (b *bounded[V]) take(key string) (V, bool) {
	v, ok := b.values[key]
	delete(b.values, key)
	return v, ok
}
