package xapi

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestAComposedStatementIsWhatMarshalWrites(t *testing.T) {
	quiz := Activity{ObjectType: "Activity", ID: "https://x.example/quiz", Definition: &Definition{
		Type: TypeQuiz, Name: En("Quiz"), Description: En("Some"), Extensions: map[string]any{"https://x.example/e": 3.0},
		InteractionType: "choice", CorrectResponsesPattern: []string{"a"}, Choices: []InteractionComponent{{ID: "a", Description: En("A")}},
	}}
	someone := AccountAgent("https://x.example", "5")
	score, yes, at := 0.5, true, time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for name, object := range map[string]Object{"an activity": ActivityObject(quiz), "an agent": {Agent: &someone}, "a statement": {Ref: &StatementRef{ObjectType: ObjectTypeStatementRef, ID: "9b"}}} {
		s := Statement{
			ID: "5f0c3a52-6c7e-4b7e-9a52-0a9f1d6f1c11", Actor: someone, Verb: VerbOf(VerbCompleted), Object: object, Timestamp: at, Stored: &at,
			Authority: &someone, Version: "1.0.3", Attachments: []Attachment{{UsageType: "u", Display: En("d"), ContentType: "c", Length: 1, SHA2: "s"}},
			Result: &Result{Score: &Score{Scaled: &score}, Success: &yes, Completion: &yes, Response: "r", Duration: "PT1S", Extensions: map[string]any{"https://x.example/r": "x"}},
			Context: &Context{
				Registration: "r", Instructor: &someone, Team: &someone, Revision: "1", Platform: "Cairn", Language: "en", Statement: &StatementRef{ID: "9b"},
				ContextActivities: &ContextActivities{Parent: []Activity{quiz}, Grouping: []Activity{quiz, {ID: "https://x.example/a"}}, Category: []Activity{quiz}, Other: []Activity{quiz}},
				Extensions:        map[string]any{"https://x.example/c": 1.0},
			},
		}
		for _, s := range []Statement{s, {Actor: s.Actor, Verb: s.Verb, Object: object}, {Actor: s.Actor, Verb: s.Verb, Object: object, Context: &Context{}, Result: &Result{}}} {
			if have, want := decoded(t, Compose, s), decoded(t, func(s Statement) ([]byte, error) { return json.Marshal(s) }, s); !reflect.DeepEqual(have, want) {
				t.Errorf("of %s:\n%v\nwant\n%v", name, have, want)
			}
		}
	}
	if _, err := Compose(Statement{}); err == nil {
		t.Error("a statement without object is composed")
	}
}

// Every field of the types with methods is a field of the plain ones.
func TestThePlainTypesHaveEveryField(t *testing.T) {
	for _, pair := range [][2]reflect.Type{
		{reflect.TypeFor[Statement](), reflect.TypeFor[plainStatement]()}, {reflect.TypeFor[Context](), reflect.TypeFor[plainContext]()},
		{reflect.TypeFor[ContextActivities](), reflect.TypeFor[plainContextActivities]()}, {reflect.TypeFor[Activity](), reflect.TypeFor[plainActivity]()},
	} {
		for i := range pair[0].NumField() {
			f := pair[0].Field(i)
			if !f.IsExported() || f.Tag.Get("json") == "-" {
				continue
			}
			if p, ok := pair[1].FieldByName(f.Name); !ok || p.Tag.Get("json") != f.Tag.Get("json") {
				t.Errorf("%s has no %s as %s has", pair[1], f.Name, pair[0])
			}
		}
	}
}

func decoded(t *testing.T, encode func(Statement) ([]byte, error), s Statement) (out any) {
	t.Helper()
	b, err := encode(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
