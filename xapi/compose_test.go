package xapi

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every field of a statement is filled at random, so that one which is added and forgotten in Compose is found too.
func TestAComposedStatementIsWhatMarshalWrites(t *testing.T) {
	composed := 0
	rapid.Check(t, func(t *rapid.T) {
		var s Statement
		fill(t, reflect.ValueOf(&s).Elem(), 0)
		have := sameAsMarshal(t, s)
		if have == nil {
			return
		}
		composed++
		read, err := DecodeStored(have)
		if err != nil {
			t.Fatalf("%s cannot be read again: %v", have, err)
		}
		sameAsMarshal(t, *read) // keeps extensions as they were sent
		if a := s.Object.Activity; a != nil {
			s.Object = ActivityObject(a.Written())
			if again := sameAsMarshal(t, s); !bytes.Equal(again, have) {
				t.Fatalf("with the activity written before:\n%s\nwant\n%s", again, have)
			}
		}
	})
	if composed < 10 {
		t.Errorf("only %d statements could be composed", composed)
	}
}

func TestAComposedStatementWithOddTextIsWhatMarshalWrites(t *testing.T) {
	for _, text := range []string{`"`, `\`, "<b>&amp;</b>", "\n", "\x00", "\x7f", "ü", "日本", "😀", "\u2028", "\u2029", "\u2027\u202a", "\ufffd", "\xff", "a\xc3", "\xed\xa0\x80", ""} {
		s := Statement{Actor: AccountAgent(text, text), Verb: Verb{ID: text, Display: LanguageMap{text: text}}, Object: ActivityObject(Activity{ID: text, Definition: &Definition{Name: En(text)}}),
			Result: &Result{Response: text, Extensions: map[string]any{text: text}}, Context: &Context{Platform: text}}
		if sameAsMarshal(t, s) == nil {
			t.Errorf("%q cannot be composed", text)
		}
	}
}

func TestWhatCannotBeMarshalledIsNotComposed(t *testing.T) {
	who, object := AccountAgent("https://x.example", "5"), RefObject("9b")
	for name, s := range map[string]Statement{
		"no object":     {Actor: who},
		"no number":     {Actor: who, Object: object, Result: &Result{Score: &Score{Raw: ptr(math.NaN())}}},
		"no end":        {Actor: who, Object: object, Result: &Result{Score: &Score{Max: ptr(math.Inf(1))}}},
		"no JSON":       {Actor: who, Object: object, Context: &Context{Extensions: map[string]any{"https://x.example/e": func() {}}}},
		"a far time":    {Actor: who, Object: object, Timestamp: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a far storing": {Actor: who, Object: object, Stored: ptr(time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC))},
	} {
		if sameAsMarshal(t, s) != nil {
			t.Errorf("a statement with %s is composed", name)
		}
	}
}

func BenchmarkCompose(b *testing.B) {
	who, workflow := AccountAgent("https://lms.example.org", "5"), Activity{ObjectType: "Activity", ID: "https://x.example/workflows/w", Definition: &Definition{Type: TypeWorkflow, Name: LanguageMap{"en": "Negotiate", "de": "Verhandeln"}}}
	s := Statement{ID: "5f0c3a52-6c7e-4b7e-9a52-0a9f1d6f1c11", Actor: who, Verb: VerbOf(VerbCompleted), Object: ActivityObject(workflow), Timestamp: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
		Result:  &Result{Completion: ptr(true)},
		Context: &Context{Registration: "r", Platform: "Cairn", ContextActivities: &ContextActivities{Parent: []Activity{workflow}, Grouping: []Activity{workflow}}, Extensions: map[string]any{ExtWorkflowVersion: 1}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compose(s); err != nil {
			b.Fatal(err)
		}
	}
}

// sameAsMarshal fails unless Compose and json.Marshal write the same or both refuse; then it is nil.
func sameAsMarshal(t rapid.TB, s Statement) []byte {
	t.Helper()
	want, wrong := json.Marshal(s)
	have, err := Compose(s)
	if (err == nil) != (wrong == nil) || string(have) != string(want) {
		t.Fatalf("composed %s, %v\nwant %s, %v", have, err, want, wrong)
	}
	return have
}

// fill sets every exported field that is marshalled, or leaves it as it is.
func fill(t *rapid.T, v reflect.Value, depth int) {
	some := func(most int) int {
		if depth > 8 {
			return 0
		}
		return rapid.IntRange(0, most).Draw(t, "how many")
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(oddText().Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "int"))
	case reflect.Float64:
		v.SetFloat(rapid.OneOf(rapid.Float64(), rapid.Float64Range(-2, 2), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, 1e-6, 1e-7, 9.99e20, 1e21, 1e300})).Draw(t, "float"))
	case reflect.Interface:
		v.Set(reflect.ValueOf(&[]any{
			nil, "x", "<x>", 3, -1, 3.5, 1e30, true, []string{"a", "b"}, map[string]any{"b": 1, "a": nil}, json.RawMessage(`{ "a" : 1 }`), time.Duration(5), int64(7),
		}[rapid.IntRange(0, 12).Draw(t, "any")]).Elem())
	case reflect.Pointer:
		if some(2) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem(), depth+1)
		}
	case reflect.Slice:
		for range some(2) {
			one := reflect.New(v.Type().Elem()).Elem()
			fill(t, one, depth+2)
			v.Set(reflect.Append(v, one))
		}
	case reflect.Map:
		n := some(6)
		if n > 0 {
			v.Set(reflect.MakeMap(v.Type()))
		}
		for range n {
			one := reflect.New(v.Type().Elem()).Elem()
			fill(t, one, depth+2)
			v.SetMapIndex(reflect.ValueOf(oddText().Draw(t, "key")), one)
		}
	case reflect.Struct:
		if at, ok := v.Addr().Interface().(*time.Time); ok {
			zone := time.FixedZone("", 60*rapid.IntRange(-720, 840).Draw(t, "zone"))
			*at = time.Unix(rapid.Int64Range(-1e9, 4e9).Draw(t, "second"), rapid.SampledFrom([]int64{0, 1, 5e8}).Draw(t, "nanosecond")).In(zone)
			if rapid.Bool().Draw(t, "zero") {
				*at = time.Time{}
			}
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("json") != "-" {
				fill(t, v.Field(i), depth+1)
			}
		}
	default:
		t.Fatalf("no %s is made up yet", v.Type())
	}
}

// oddText is text of which some must be escaped.
func oddText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom([]string{"", "", "en", "Agent", "https://x.example/a", "a\xffb"}), rapid.String(),
		rapid.StringOf(rapid.SampledFrom([]rune{'a', ' ', '"', '\\', '/', '<', '>', '&', '\n', '\t', 0, 0x1f, 0x7f, 'ü', '\u2028', '\u2029', '\u202f', '\ufffd', '😀'})))
}

func ptr[T any](v T) *T { return &v }
