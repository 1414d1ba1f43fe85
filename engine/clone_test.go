package engine

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fill sets every exported field below v to something random that is not zero.
func fillRandom(r *rand.Rand, v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1e9+r.Int64N(1e9), r.Int64N(1e9)).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("s" + strconv.FormatUint(r.Uint64(), 36))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1 + r.Int64N(100))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1 + r.Uint64N(100))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1 + r.Float64())
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillRandom(r, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillRandom(r, v.Index(0))
		fillRandom(r, v.Index(1))
	case reflect.Array:
		for i := range v.Len() {
			fillRandom(r, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fillRandom(r, key)
			fillRandom(r, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fillRandom(r, v.Field(i))
			}
		}
	default:
		panic(fmt.Sprintf("cannot fill a %s", v.Type()))
	}
}

// shared lists what two copies of a value have in common: where a map, a slice or a pointer of both is one.
func shared(path string, a, b reflect.Value) (found []string) {
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() {
			return nil
		}
		if a.Pointer() == b.Pointer() {
			return []string{path}
		}
		return shared(path, a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() > 0 && a.Pointer() == b.Pointer() {
			return []string{path}
		}
		for i := range a.Len() {
			found = append(found, shared(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i))...)
		}
	case reflect.Map:
		if a.Len() > 0 && a.Pointer() == b.Pointer() {
			return []string{path}
		}
		for _, k := range a.MapKeys() {
			found = append(found, shared(path+"[]", a.MapIndex(k), b.MapIndex(k))...)
		}
	case reflect.Struct:
		if a.Type() == reflect.TypeFor[time.Time]() {
			return nil
		}
		for i := range a.NumField() {
			if f := a.Type().Field(i); f.IsExported() {
				found = append(found, shared(path+"."+f.Name, a.Field(i), b.Field(i))...)
			}
		}
	}
	return found
}

// eachChange changes one thing after the other below v, calls changed, and changes it back.
func eachChange(r *rand.Rand, path string, v reflect.Value, changed func(path string)) {
	leaf := func() {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		for reflect.DeepEqual(was.Interface(), v.Interface()) {
			if v.Kind() == reflect.Bool {
				v.SetBool(!v.Bool())
			} else {
				fillRandom(r, v)
			}
		}
		changed(path)
		v.Set(was)
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		leaf()
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		v.SetZero()
		changed(path + " missing")
		v.Set(was)
		eachChange(r, path, v.Elem(), changed)
	case reflect.Slice:
		whole := reflect.New(v.Type()).Elem()
		whole.Set(v)
		v.Set(whole.Slice(0, 1))
		changed(path + " shorter")
		v.Set(whole)
		eachChange(r, path+"[1]", v.Index(1), changed)
	case reflect.Map:
		key := v.MapKeys()[0]
		was := v.MapIndex(key)
		v.SetMapIndex(key, reflect.Value{})
		changed(path + " without a key")
		element := reflect.New(v.Type().Elem()).Elem()
		element.Set(was)
		v.SetMapIndex(key, element)
		eachChange(r, path+"[]", element, func(p string) { v.SetMapIndex(key, element); changed(p) })
		v.SetMapIndex(key, was)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				eachChange(r, path+"."+f.Name, v.Field(i), changed)
			}
		}
	default:
		leaf()
	}
}

// forgotten checks a clone and a comparison on values with every field set, and says what they forget.
func forgotten[T any](seed uint64, clone func(*T) *T, same func(a, b *T) bool) (found []string) {
	r := rand.New(rand.NewPCG(seed, 5))
	e := new(T)
	fillRandom(r, reflect.ValueOf(e).Elem())
	c := clone(e)
	if !reflect.DeepEqual(e, c) {
		found = append(found, "the copy is another")
	}
	for _, path := range shared("", reflect.ValueOf(e).Elem(), reflect.ValueOf(c).Elem()) {
		found = append(found, "the copy shares "+path)
	}
	if !same(e, c) {
		found = append(found, "a copy is not the same")
	}
	eachChange(r, "", reflect.ValueOf(c).Elem(), func(path string) {
		if same(e, c) {
			found = append(found, "a change of "+path+" is not seen")
		}
		if same(c, e) {
			found = append(found, "a change of "+path+" is not seen the other way round")
		}
	})
	if !reflect.DeepEqual(e, c) {
		found = append(found, "the test did not change everything back")
	}
	return found
}

func TestACopyOfAnEnrolmentForgetsNoFieldAndSharesNothing(t *testing.T) {
	for seed := range uint64(5) {
		for _, what := range forgotten(seed, (*Enrolment).clone, same) {
			if !strings.Contains(what, " .UpdatedAt ") { // that alone is no change
				t.Errorf("%s: see clone.go", what)
			}
		}
	}
}

func TestWhatIsEmptyAndWhatIsMissingAreTheSame(t *testing.T) {
	e := &Enrolment{Steps: map[StepID]*StepState{"a": {}}}
	c := &Enrolment{Steps: map[StepID]*StepState{"a": {NudgesPlanned: map[string]bool{}, Requests: []Request{}}}, Roles: map[Role][]Assignment{}, Messages: []Message{}}
	if !same(e, c) || !same(c, e) {
		t.Error("they differ")
	}
	c.UpdatedAt = time.Now()
	if !same(e, c) {
		t.Error("the time of the decision alone is a change")
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	e.WakeAt = time.Now()
	c.WakeAt = e.WakeAt.In(berlin)
	if !same(e, c) {
		t.Error("an instant in another zone is another")
	}
	c.Steps["b"] = &StepState{State: Locked}
	if same(e, c) || same(c, e) {
		t.Error("one step more is no change")
	}
}

// The test above can fail: a copy and a comparison that forget something are found out.
func TestAForgottenFieldIsFoundOut(t *testing.T) {
	type document struct {
		Name string
		At   time.Time
		Tags map[string][]int
		Next *document2
	}
	whole := func(d *document) *document {
		c := *d
		c.Tags = cloneMap(d.Tags, func(v []int) []int { return append([]int(nil), v...) })
		c.Next = clonePtr(d.Next)
		return &c
	}
	deep := func(a, b *document) bool { return reflect.DeepEqual(a, b) }
	if found := forgotten(1, whole, deep); len(found) > 0 {
		t.Errorf("whole, and yet: %q", found)
	}
	for name, bad := range map[string]struct {
		clone func(*document) *document
		same  func(a, b *document) bool
	}{
		"a shared map": {func(d *document) *document { c := whole(d); c.Tags = d.Tags; return c }, deep},
		"a shared slice in it": {func(d *document) *document {
			c := whole(d)
			c.Tags = cloneMap(d.Tags, func(v []int) []int { return v })
			return c
		}, deep},
		"a shared pointer":   {func(d *document) *document { c := whole(d); c.Next = d.Next; return c }, deep},
		"a field not copied": {func(d *document) *document { c := whole(d); c.At = time.Time{}; return c }, deep},
		"a field not compared": {whole, func(a, b *document) bool {
			return a.Name == b.Name && deep(&document{Tags: a.Tags, Next: a.Next}, &document{Tags: b.Tags, Next: b.Next})
		}},
		"a pointer not compared": {whole, func(a, b *document) bool {
			return a.Name == b.Name && a.At.Equal(b.At) && reflect.DeepEqual(a.Tags, b.Tags)
		}},
	} {
		if len(forgotten(1, bad.clone, bad.same)) == 0 {
			t.Errorf("%s is not found out", name)
		}
	}
}

type document2 struct{ N int }
