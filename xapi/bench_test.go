package xapi_test

import (
	"os"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

// typical is a statement of 1.1 KB, as learning platforms send them.
const typical = `{"id":"aa97b177-9383-4934-8543-0f91a7a02836","actor":{"objectType":"Agent","name":"Learner 417","account":{"homePage":"https://lms.example.org","name":"user-000417"}},` +
	`"verb":{"id":"http://adlnet.gov/expapi/verbs/answered","display":{"en-US":"answered","de":"beantwortete"}},` +
	`"object":{"objectType":"Activity","id":"https://lms.example.org/mod/quiz/view.php?id=42#question-7","definition":{"name":{"en-US":"Question 7: lock-out, tag-out"},"description":{"en-US":"Which step comes first?"},"type":"http://adlnet.gov/expapi/activities/cmi.interaction"}},` +
	`"result":{"score":{"scaled":0.8,"raw":8,"min":0,"max":10},"success":true,"completion":true,"response":"isolate the energy","duration":"PT1M14.2S"},` +
	`"context":{"registration":"5a3f1c2e-6a55-4c4e-9d5d-3a4b5c6d7e8f","platform":"Moodle","language":"en","contextActivities":{"parent":[{"id":"https://lms.example.org/course/view.php?id=12","definition":{"name":{"en-US":"Safety at work"},"type":"http://adlnet.gov/expapi/activities/course"}}],"category":[{"id":"https://w3id.org/xapi/moodle"}]},"extensions":{"https://lms.example.org/ext/attempt":3}},` +
	`"timestamp":"2026-11-21T09:44:10.123Z"}`

func BenchmarkTypical(b *testing.B) {
	data := []byte(typical)
	run := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("decode", func() error { _, err := xapi.Decode(data, xapi.V103); return err })
	run("stored", func() error { _, err := xapi.DecodeStored(data); return err })
	other := []byte(" " + typical)
	run("same", func() error { xapi.Same(data, other, xapi.V103); return nil })
	run("ids", func() error { _, err := xapi.IDsOnly(data); return err })
	c, err := xapi.NewCanonical("de, en;q=0.5", map[string][]byte{"https://w3id.org/xapi/moodle": []byte(`{"name":{"en":"Moodle"}}`)})
	if err != nil {
		b.Fatal(err)
	}
	run("canonical", func() error {
		d, err := xapi.ReadDocument(data)
		_, _ = d.Activities(), c.Show(d)
		return err
	})
}

func BenchmarkDecode(b *testing.B) {
	data, err := os.ReadFile("testdata/moodle-batch1.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := xapi.DecodeList(data, xapi.V103); err != nil {
			b.Fatal(err)
		}
	}
}
