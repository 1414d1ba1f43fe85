package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// BenchmarkHomePage is a learner's home as a browser gets it, of 1,000 learners of one course in a workflow of 300 steps.
// The target is 300 ms.
func BenchmarkHomePage(b *testing.B) {
	w := newWorld(b)
	var text strings.Builder
	text.WriteString("workflow: big\nversion: 1\ntitle: Big\ngoal: {outcome: Much}\nbehaviours:\n  - {id: b, text: Does, scale: [no, yes], target: 2, observers: [learner, manager]}\n" +
		"nudges: {channels: [email], cap: {day: 1, week: 1}, default: none}\nphases:\n  - phase: before\n    steps:\n")
	for i := range 300 {
		fmt.Fprintf(&text, "      - {id: s%d, kind: experiment, title: Step %d, by: learner, due: open + %dwd, done: response, review: {by: manager, rate: [b]}}\n", i, i, i%40)
	}
	_, problems, err := w.service.ImportWorkflow(b.Context(), "big.yaml", []byte(text.String()), nil)
	if err != nil {
		b.Fatal(err, problems)
	}
	for i := range 1000 {
		_, err := w.service.Arrive(b.Context(), engine.Arrival{Issuer: issuer, Subject: fmt.Sprint("l", i), Name: "Other Learner", Email: fmt.Sprintf("l%d@example.org", i), Locale: "en",
			Workflow: "big", Course: engine.Course{Registration: "reg", Issuer: issuer, ID: "2"}, Custom: map[string]string{"manager_email": "max@example.org"}})
		must(b, err)
	}
	l := launchOf("l7", "Other Learner", "Learner")
	l.Custom["workflow"] = "big"
	sam, _ := w.launch(l)
	var took []time.Duration
	size := 0
	for b.Loop() {
		began := time.Now()
		home := sam.get(sam.base + "/")
		took = append(took, time.Since(began))
		size = len(home.text)
		if home.StatusCode != http.StatusOK || !strings.Contains(home.text, `id="others"`) {
			b.Fatalf("home answers %d", home.StatusCode)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(size), "bytes")
}
