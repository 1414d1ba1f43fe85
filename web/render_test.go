package web

import "testing"

// Pages are put together when they are first drawn; none of them fails then.
func TestEveryPageCanBePutTogether(t *testing.T) {
	p, err := loadPages()
	if err != nil {
		t.Fatal(err)
	}
	for name, load := range p.byName {
		if _, err := load(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(p.byName) < 40 {
		t.Errorf("there are %d pages", len(p.byName))
	}
}
