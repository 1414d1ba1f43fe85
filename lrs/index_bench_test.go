package lrs

import (
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

func benchmarked(b *testing.B) *xapi.Statement {
	b.Helper()
	s, err := xapi.Decode([]byte(`{"id":"f8d39e13-9efc-47f3-9a54-1aad63d6fe90","actor":{"account":{"homePage":"https://lms.example.org","name":"user-845"}},
		"verb":{"id":"http://adlnet.gov/expapi/verbs/launched"},"object":{"id":"https://lms.example.org/act/291","definition":{"name":{"en":"Step 291"}}},
		"context":{"registration":"00000000-0000-4000-8000-000000002103","instructor":{"account":{"homePage":"https://lms.example.org","name":"user-1011"}},
		"contextActivities":{"parent":[{"id":"https://lms.example.org/module/91"}],"grouping":[{"id":"https://lms.example.org/course/16"}]}}}`), xapi.V103)
	if err != nil {
		b.Fatal(err)
	}
	authority := xapi.AccountAgent("https://cairn.example", "k")
	s.Authority = &authority
	return s
}

func BenchmarkIndexKeys(b *testing.B) {
	s := benchmarked(b)
	b.ReportAllocs()
	for b.Loop() {
		indexKeys(s)
	}
}
