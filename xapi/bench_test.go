package xapi

import "testing"

// lesson is a statement of 1.1 KB as an LMS sends it.
const lesson = `{"actor":{"account":{"homePage":"https://lms.example.org","name":"user-845"},"name":"Learner 845","objectType":"Agent"},` +
	`"context":{"contextActivities":{"grouping":[{"id":"https://lms.example.org/course/16","objectType":"Activity"}],` +
	`"parent":[{"id":"https://lms.example.org/module/91","objectType":"Activity"}]},"extensions":{"https://lms.example.org/ext/session":288868},` +
	`"instructor":{"account":{"homePage":"https://lms.example.org","name":"user-1011"},"name":"Learner 1011","objectType":"Agent"},` +
	`"language":"en-US","platform":"bench","registration":"00000000-0000-4000-8000-000000002103"},"id":"f8d39e13-9efc-47f3-9a54-1aad63d6fe90",` +
	`"object":{"definition":{"name":{"en-US":"Step 291","fr":"Etape 291"},"type":"http://adlnet.gov/expapi/activities/lesson"},` +
	`"id":"https://lms.example.org/act/291","objectType":"Activity"},"result":{"completion":true,"duration":"PT12M3.25S","score":{"scaled":0.78}},` +
	`"timestamp":"2026-11-21T14:44:19.321Z","verb":{"display":{"en-US":"launched"},"id":"http://adlnet.gov/expapi/verbs/launched"}}`

func BenchmarkDecode(b *testing.B) {
	b.SetBytes(int64(len(lesson)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode([]byte(lesson), V103); err != nil {
			b.Fatal(err)
		}
	}
}

// The parts of Decode: the tree, the rules, the model.
func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse(lesson); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	root, err := parse(lesson)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := (checker{version: V103}).statement(root); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	root, err := parse(lesson)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		buildStatement(root)
	}
}
