package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// render writes an answer as JSON. Fields go by their json tags, else by their names in snake_case. Documents that stand
// inside others are shortened: a workflow, a step and an enrolment to what names them, a person to the id, unless the key
// may read people.
func (c *call) render(v any) ([]byte, error) {
	r := renderer{people: c.may(lrs.ScopePeopleRead), private: c.may(lrs.ScopeEnrolmentsAct)}
	if err := r.value(reflect.ValueOf(v)); err != nil {
		return nil, err
	}
	r.out.WriteByte('\n')
	return r.out.Bytes(), nil
}

type renderer struct {
	out     bytes.Buffer
	people  bool // names and addresses are shown
	private bool
}

// The shapes of documents inside others.
type (
	workflowRef struct {
		ID      engine.WorkflowID `json:"id"`
		Version int               `json:"version"`
		Title   engine.Text       `json:"title"`
	}
	stepRef struct {
		ID    engine.StepID `json:"id"`
		Kind  engine.Kind   `json:"kind"`
		Title engine.Text   `json:"title"`
		By    engine.Role   `json:"by"`
	}
	personRef struct {
		ID    engine.PersonID `json:"id"`
		Name  string          `json:"name,omitempty" doc:"With the scope people/read"`
		Email string          `json:"email,omitempty" doc:"With the scope people/read"`
	}
	enrolmentRef struct {
		ID       engine.EnrolmentID    `json:"id"`
		Workflow engine.WorkflowID     `json:"workflow"`
		Version  int                   `json:"version"`
		Learner  engine.PersonID       `json:"learner"`
		State    engine.EnrolmentState `json:"state"`
	}
)

// shorten is what stands for a document inside another; nil: it stands itself.
func (r *renderer) shorten(v any) any {
	switch d := v.(type) {
	case *engine.Workflow:
		return workflowRef{d.ID, d.Version, d.Title}
	case *engine.Step:
		return stepRef{d.ID, d.Kind, d.Title, d.By}
	case *engine.Enrolment:
		return enrolmentRef{d.ID, d.Workflow, d.Version, d.Learner, d.State}
	case *engine.Person:
		ref := personRef{ID: d.ID}
		if r.people {
			ref.Name, ref.Email = d.Name, d.Email
		}
		return ref
	case *engine.TimeExpr:
		return d.String()
	case *engine.Condition:
		return d.Source
	case *engine.Duration:
		return d.String()
	case *engine.Aid:
		return map[string]any{"id": d.ID, "format": d.Format, "title": d.Title}
	}
	return nil
}

func (r *renderer) value(v reflect.Value) error {
	if !v.IsValid() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		r.out.WriteString("null")
		return nil
	}
	if v.Kind() == reflect.Interface {
		return r.value(v.Elem())
	}
	t := v.Type()
	if t == timeType {
		return r.plain(v.Interface().(time.Time).UTC().Format(time.RFC3339Nano))
	}
	if t == rawType {
		return r.raw(v)
	}
	if v.Kind() == reflect.Pointer {
		if short := r.shorten(v.Interface()); short != nil {
			return r.value(reflect.ValueOf(short))
		}
		return r.value(v.Elem())
	}
	if v.Kind() == reflect.Struct && shortened(t) {
		p := reflect.New(t)
		p.Elem().Set(v) //nolint:govet // a copy to look at
		return r.value(reflect.ValueOf(r.shorten(p.Interface())))
	}
	switch v.Kind() {
	case reflect.Struct:
		return r.object(v)
	case reflect.Map:
		return r.mapping(v)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
			return r.plain(v.Interface())
		}
		r.out.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				r.out.WriteByte(',')
			}
			if err := r.value(v.Index(i)); err != nil {
				return err
			}
		}
		r.out.WriteByte(']')
		return nil
	}
	return r.plain(v.Interface())
}

var shortTypes = []reflect.Type{reflect.TypeFor[engine.Person](), reflect.TypeFor[engine.TimeExpr](), reflect.TypeFor[engine.Duration](), reflect.TypeFor[engine.Aid]()}

func shortened(t reflect.Type) bool { return slices.Contains(shortTypes, t) }

func (r *renderer) raw(v reflect.Value) error {
	if v.Len() == 0 {
		r.out.WriteString("null")
		return nil
	}
	r.out.Write(v.Bytes())
	return nil
}

func (r *renderer) plain(v any) error {
	var b bytes.Buffer
	in := json.NewEncoder(&b)
	in.SetEscapeHTML(false)
	if err := in.Encode(v); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	r.out.Write(bytes.TrimRight(b.Bytes(), "\n"))
	return nil
}

func (r *renderer) object(v reflect.Value) error {
	r.out.WriteByte('{')
	first := true
	if err := r.fields(v, &first); err != nil {
		return err
	}
	r.out.WriteByte('}')
	return nil
}

// personal names the fields of views that hold names of people; keys without people/read do not get them.
func personal(t reflect.Type, name string) bool {
	if t == reflect.TypeFor[plannedView]() {
		return name == "subject" || name == "text" // greet people by their names
	}
	switch t {
	case reflect.TypeFor[engine.ReviewView](), reflect.TypeFor[engine.PostView](), reflect.TypeFor[engine.FunnelRow]():
		return name == "name"
	case reflect.TypeFor[engine.AwaitedAnswer](), reflect.TypeFor[engine.PersonErasure]():
		return name == "names"
	}
	return false
}

// hidden are fields that the key may not see: names of people, and drafts unless it may act for learners.
func (r *renderer) hidden(t reflect.Type, name string) bool {
	return t == reflect.TypeFor[engine.StepView]() && name == "draft" && !r.private || !r.people && personal(t, name)
}

func (r *renderer) fields(v reflect.Value, first *bool) error {
	t := v.Type()
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && f.IsExported() && f.Type.Kind() == reflect.Struct && f.Tag.Get("json") == "" && !shortened(f.Type) {
			if err := r.fields(v.Field(i), first); err != nil {
				return err
			}
		}
	}
	for _, k := range fieldsOf(t) {
		if k.index < 0 || r.hidden(t, k.name) {
			continue
		}
		f := v.Field(k.index)
		if k.omit && empty(f) {
			continue
		}
		if !*first {
			r.out.WriteByte(',')
		}
		*first = false
		if err := r.plain(k.name); err != nil {
			return err
		}
		r.out.WriteByte(':')
		if f.Kind() == reflect.Slice && f.IsNil() && f.Type() != rawType && f.Type().Elem().Kind() != reflect.Uint8 {
			r.out.WriteString("[]")
			continue
		}
		if f.Kind() == reflect.Map && f.IsNil() {
			r.out.WriteString("{}")
			continue
		}
		if err := r.value(f); err != nil {
			return err
		}
	}
	return nil
}

func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return v.IsZero()
	}
	return v.IsZero()
}

func (r *renderer) mapping(v reflect.Value) error {
	r.out.WriteByte('{')
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	for i, k := range keys {
		if i > 0 {
			r.out.WriteByte(',')
		}
		if err := r.plain(fmt.Sprint(k.Interface())); err != nil {
			return err
		}
		r.out.WriteByte(':')
		if err := r.value(v.MapIndex(k)); err != nil {
			return err
		}
	}
	r.out.WriteByte('}')
	return nil
}
