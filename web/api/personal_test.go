package api

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Whoever adds a field that sounds like somebody's name says here that it is none, or in personal that it is one.
func TestEveryFieldThatSoundsLikeANameIsPersonalOrKnownNotToBe(t *testing.T) {
	known := []string{
		"api.keyView.name", "api.channelView.name", "engine.Nudge.name", "engine.Rule.name", "engine.Assignment.named_by_learner", "engine.Enrolment.named",
		"engine.File.name", "engine.Evidence.name", "engine.EventEffect.name", // of things
		"api.personView.name", "api.personView.email", "api.personView.subject", // need people/read
		"api.eventView.subject", // as the sender wrote it, like the data
	}
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || seen[of] || of == timeType || shortened(of) {
			return
		}
		seen[of] = true
		for _, f := range fieldsOf(of) {
			if f.index < 0 {
				continue
			}
			sounds := slices.ContainsFunc([]string{"name", "mail", "address", "subject", "phone"}, func(w string) bool { return strings.Contains(f.name, w) })
			if sounds && !personal(of, f.name) && !slices.Contains(known, of.String()+"."+f.name) {
				t.Errorf("%s.%s may be somebody's name, and every key sees it", of, f.name)
			}
			walk(of.Field(f.index).Type)
		}
	}
	for _, r := range routes() {
		if r.reply != nil {
			walk(reflect.TypeOf(r.reply))
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d types were looked at", len(seen))
	}
}
