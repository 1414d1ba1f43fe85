package engine

import (
	"errors"
	"testing"
)

func TestConditionsHoldAsWritten(t *testing.T) {
	values := map[string]any{"a": 3.0, "b.c": 0.8, "s.state": "done", "used": true}
	get := func(count bool, path string) any {
		if count {
			return 2.0
		}
		return values[path]
	}
	for source, want := range map[string]bool{
		"a < 4":                             true,
		"a < 3":                             false,
		"a >= 3 and b.c >= 0.8":             true,
		"a > 3 or b.c > 0.5":                true,
		"not a > 3":                         true,
		"not (a == 3 or a == 4)":            false,
		"s.state == done":                   true,
		`s.state != "done"`:                 false,
		"count(s.approved) >= 2":            true,
		"missing < 4":                       false,
		"missing != 4":                      false,
		"not missing == 4":                  true,
		"used == true":                      true,
		"a == 1 or a == 2 or a == 3":        true,
		"a == 1 and missing == 2 or a == 3": true,
		"a == 1 and (missing == 2 or a==3)": false,
		"s.state == 3":                      false,
		"b.c == 0.8 and s.state == 'done'":  true,
	} {
		c, err := parseCondition(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := c.holds(get); got != want {
			t.Errorf("%s is %v", source, got)
		}
	}
}

func TestBadConditionsSayWhere(t *testing.T) {
	for source, want := range map[string]string{
		"a <":         `3: expected a value, found the end`,
		"a = 3":       `2: expected a comparison (<, <=, >, >=, ==, !=), found "="`,
		"(a < 3":      `6: expected ")", found the end`,
		"a < 3 a < 4": `6: expected and, or, or the end, found "a"`,
		"< 3":         `0: expected a name, found "<"`,
		"count(a < 3": `8: expected ")", found "<"`,
		"":            `0: expected a name, found the end`,
	} {
		_, err := parseCondition(source)
		var ce *condError
		if !errors.As(err, &ce) {
			t.Errorf("%q is accepted", source)
			continue
		}
		if got := itoa(ce.Column) + ": " + ce.What; got != want {
			t.Errorf("%q: %s, want %s", source, got, want)
		}
	}
}

func itoa(n int) string { return string(rune('0' + n)) }

func FuzzCondition(f *testing.F) {
	for _, s := range []string{"a < 3", "not (a == 'b' or count(x.y) >= 2)", "((((", "a<3 and", "rating.trade.manager >= 4 and count(practise.approved) >= 2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCondition(s)
		if err != nil {
			var ce *condError
			if !errors.As(err, &ce) || ce.Column < 0 || ce.Column > len(s) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		c.holds(func(bool, string) any { return nil })
	})
}
