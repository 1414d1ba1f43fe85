package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine/library"
)

// BenchmarkLearnersAtOnce is 100 learners of the example workflow who all have it open: each looks at a page a second
// (home, the next step, the journey, home again) and hands in on the way. What is measured is how long an answer takes,
// from the request to its last byte. The target is 50 ms for 95 of 100. One op is a page.
func BenchmarkLearnersAtOnce(b *testing.B) {
	const learners = 100
	w := newWorld(b)
	source, err := library.Files().Open("negotiation-skills.yaml")
	must(b, err)
	text, err := io.ReadAll(source)
	must(b, err)
	_, problems, err := w.service.ImportWorkflow(b.Context(), "negotiation-skills.yaml", text, library.Files())
	if err != nil {
		b.Fatal(err, problems)
	}
	people := make([]*person, learners)
	for i := range people {
		l := launchOf(fmt.Sprint("crowd", i), fmt.Sprint("Learner ", i), "Learner")
		l.Custom["workflow"], l.Custom["manager_email"] = "negotiation-skills", "max@example.org"
		people[i], _ = w.launch(l)
		if people[i].base == "" {
			b.Fatal("a launch led nowhere")
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = learners
	var mu sync.Mutex
	var took []time.Duration
	pages := max(4, b.N/learners)
	b.ResetTimer()
	var wg sync.WaitGroup
	for i, p := range people {
		p.client.Transport = transport
		wg.Go(func() {
			time.Sleep(time.Duration(i) * time.Second / learners) // nobody presses at the same moment as all others
			pace := time.NewTicker(time.Second)
			defer pace.Stop()
			for n := range pages {
				began := time.Now()
				status := p.lives(n)
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
				if status != http.StatusOK {
					b.Errorf("page %d answers %d", n, status)
					return
				}
				<-pace.C
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	for _, share := range []int{50, 95, 99} {
		b.ReportMetric(float64(took[len(took)*share/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", share))
	}
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "pages/s")
	transport.CloseIdleConnections()
}

// lives is the nth page that a learner looks at.
func (p *person) lives(n int) int {
	switch n % 4 {
	case 1:
		return p.get(p.base + "/steps/baseline").StatusCode
	case 2:
		if n == 2 { // once: then it is done
			return p.post(p.base+"/steps/baseline", url.Values{"rating.prepare": {"3"}, "rating.trade": {"2"}}).StatusCode
		}
		return p.get(p.base + "/journey").StatusCode
	case 3:
		return p.get(p.base + "/journey").StatusCode
	}
	return p.get(p.base + "/").StatusCode
}
