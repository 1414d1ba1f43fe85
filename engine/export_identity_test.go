package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// differs says where two definitions differ in anything but the places they stand at; "" if nowhere.
func differs(a, b reflect.Value, path string) string {
	if a.Kind() != b.Kind() {
		return path + ": of another kind"
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() != b.IsNil() {
				return path + ": one is nil"
			}
			return ""
		}
		return differs(a.Elem(), b.Elem(), path)
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			switch {
			case !a.Type().Field(i).IsExported(), name == "Line", name == "Column", name == "Phase" && a.Type() == reflect.TypeFor[Step](): // places, not words
				continue
			}
			if d := differs(a.Field(i), b.Field(i), path+"."+name); d != "" {
				return d
			}
		}
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return fmt.Sprintf("%s: %d and %d items", path, a.Len(), b.Len())
		}
		for i := range a.Len() {
			if d := differs(a.Index(i), b.Index(i), fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
	case reflect.Map:
		if a.Len() != b.Len() {
			return fmt.Sprintf("%s: %d and %d keys", path, a.Len(), b.Len())
		}
		for _, k := range a.MapKeys() {
			at := fmt.Sprintf("%s[%v]", path, k)
			if !b.MapIndex(k).IsValid() {
				return at + ": is only in one"
			}
			if d := differs(a.MapIndex(k), b.MapIndex(k), at); d != "" {
				return d
			}
		}
	default:
		if !a.Equal(b) {
			return fmt.Sprintf("%s: %v and %v", path, a, b)
		}
	}
	return ""
}

func roundTrip(t interface {
	Helper()
	Fatalf(string, ...any)
}, w *Workflow) {
	t.Helper()
	out := Export(w)
	again, problems := ParseWorkflow("export.yaml", out)
	if problems.Refused() {
		t.Fatalf("the export is refused:\n%s\n%s", problems, out)
	}
	if d := differs(reflect.ValueOf(w), reflect.ValueOf(again), ""); d != "" {
		t.Fatalf("export → import changes %s\n%s", d, out)
	}
	if twice := Export(again); string(twice) != string(out) {
		t.Fatalf("exported twice it differs:\n%s\n%s", out, twice)
	}
}

func TestExportAndImportIsTheIdentityForTheLibrary(t *testing.T) {
	files, err := filepath.Glob("library/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		roundTrip(t, parsed(t, file))
	}
}

func TestExportAndImportIsTheIdentityForRandomWorkflows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { roundTrip(t, genWorkflow(t)) })
}

func TestExportAndImportIsTheIdentityForAnyText(t *testing.T) {
	source, err := os.ReadFile("library/first-steps.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lots := rapid.OneOf(rapid.String(), rapid.StringMatching(`[-\[\]{}:#?&*!|>'"%@ \n\ta-z0-9]{0,60}`), rapid.StringMatching(`([a-z -]{0,30}\n){0,4}`))
	rapid.Check(t, func(t *rapid.T) {
		w, problems := ParseWorkflow("f.yaml", source)
		if problems.Refused() {
			t.Fatal(problems)
		}
		text := strings.Repeat(lots.Draw(t, "text"), rapid.SampledFrom([]int{1, 1, 1, 300}).Draw(t, "times"))
		if strings.TrimSpace(text) == "" || len(text) > 20_000 {
			return
		}
		w.Title, w.Goal.Outcome = Text{"": text}, Text{"": text, "en": text, "de": "x" + text}
		w.Behaviours[0].Scale[1] = Text{"": text}
		roundTrip(t, w)
	})
}
