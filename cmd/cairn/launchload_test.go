package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/cairn-lms/cairn/lti/platform"
)

// launches open the activity of an LMS as the browsers of many learners do, each
// launch in a browser that has no cookie of the tool yet.
type launches struct {
	site     *site
	client   *http.Client
	activity string
	learners []string // the LMS session cookie of each

	mu     sync.Mutex
	took   map[string][]time.Duration // by hop
	failed []error
}

// The hops of a launch, in order. Those of the LMS are the test's own process.
const (
	hopFrame   = "LMS: form for the login"
	hopLogin   = "login"
	hopSign    = "LMS: signed id_token"
	hopLaunch  = "launch"
	hopSession = "redirect to home"
	hopHome    = "home"
	hopWhole   = "whole, from when it was due"
)

// newLaunches signs in so many learners at the LMS.
func newLaunches(s *site, learners int) *launches {
	s.t.Helper()
	l := &launches{
		site: s, activity: s.lms.URL() + "/mod/lti/launch.php?id=" + s.lms.ResourceLinks()[0].ID, took: map[string][]time.Duration{},
		client: &http.Client{
			Timeout:       30 * time.Second,
			Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	s.t.Cleanup(l.client.CloseIdleConnections)
	for i := range learners {
		id := strconv.Itoa(2000 + i)
		must(s.t, s.lms.AddUser(platform.User{
			ID: id, Name: "Learner " + id, Given: "Learner", Family: id, Email: "learner" + id + "@example.org",
			Role: platform.RoleLearner, ManagerEmail: "max@example.org", Zone: "UTC",
		}))
		answer, err := l.client.PostForm(s.lms.URL()+"/login/index.php", url.Values{"user": {id}})
		must(s.t, err)
		must(s.t, answer.Body.Close())
		if len(answer.Cookies()) == 0 {
			s.t.Fatalf("learner %s is not signed in: %s", id, answer.Status)
		}
		l.learners = append(l.learners, answer.Cookies()[0].Name+"="+answer.Cookies()[0].Value)
	}
	return l
}

// attempt is one launch under way.
type attempt struct {
	*launches
	lms     string            // cookie
	cookies map[string]string // of the tool
}

// hop makes one request and wants the status; body is what came, next where a
// redirect leads.
func (a *attempt) hop(ctx context.Context, name string, want int, method, address string, form url.Values) (body, next string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	toLMS := strings.HasPrefix(address, a.site.lms.URL()+"/")
	if toLMS {
		r.Header.Set("Cookie", a.lms)
	} else {
		for name, value := range a.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	begun := time.Now()
	answer, err := a.client.Do(r)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", name, err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", name, err)
	}
	a.note(name, time.Since(begun))
	if answer.StatusCode != want {
		return "", "", fmt.Errorf("%s: answered %s: %.300s", name, answer.Status, data)
	}
	if !toLMS {
		for _, c := range answer.Cookies() {
			if a.cookies[c.Name] = c.Value; c.MaxAge < 0 {
				delete(a.cookies, c.Name)
			}
		}
	}
	if location := answer.Header.Get("Location"); location != "" {
		to, err := r.URL.Parse(location)
		if err != nil {
			return "", "", fmt.Errorf("%s: %w", name, err)
		}
		next = to.String()
	}
	return string(data), next, nil
}

func (l *launches) note(hop string, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took[hop] = append(l.took[hop], took)
}

// formOf is where the form of a page that posts itself goes, with what.
func formOf(page string) (action string, fields url.Values, err error) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return "", nil, err
	}
	form := find(root, func(n *html.Node) bool { return n.Data == "form" })
	if form == nil {
		return "", nil, fmt.Errorf("there is no form in %.300s", page)
	}
	return attr(form, "action"), defaults(form), nil
}

// launch takes a learner from the LMS to home.
func (l *launches) launch(ctx context.Context, learner int) error {
	a := &attempt{launches: l, lms: l.learners[learner], cookies: map[string]string{}}
	page, _, err := a.hop(ctx, hopFrame, http.StatusOK, http.MethodGet, l.activity, nil)
	if err != nil {
		return err
	}
	action, fields, err := formOf(page)
	if err != nil {
		return err
	}
	_, next, err := a.hop(ctx, hopLogin, http.StatusSeeOther, http.MethodPost, action, fields)
	if err != nil {
		return err
	}
	if page, _, err = a.hop(ctx, hopSign, http.StatusOK, http.MethodGet, next, nil); err != nil {
		return err
	}
	if action, fields, err = formOf(page); err != nil {
		return err
	}
	if _, next, err = a.hop(ctx, hopLaunch, http.StatusSeeOther, http.MethodPost, action, fields); err != nil {
		return err
	}
	if _, next, err = a.hop(ctx, hopSession, http.StatusSeeOther, http.MethodGet, next, nil); err != nil {
		return err
	}
	page, _, err = a.hop(ctx, hopHome, http.StatusOK, http.MethodGet, next, nil)
	if err == nil && !strings.Contains(page, `id="next-step"`) {
		err = fmt.Errorf("%s: there is no next step: %.300s", hopHome, page)
	}
	return err
}

// run launches for a learner whose launch was due then.
func (l *launches) run(ctx context.Context, learner int, due time.Time) {
	if err := l.launch(ctx, learner%len(l.learners)); err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failed = append(l.failed, err)
		return
	}
	l.note(hopWhole, time.Since(due))
}

// arrive launches at a rate, whether or not earlier launches have ended.
func (l *launches) arrive(ctx context.Context, perMinute int, during time.Duration) {
	every := time.Minute / time.Duration(perMinute)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var under sync.WaitGroup
	defer under.Wait()
	begun := time.Now()
	for n := 0; time.Duration(n)*every < during; n++ {
		due := begun.Add(time.Duration(n) * every)
		for time.Now().Before(due) {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
		under.Go(func() { l.run(ctx, n, due) })
	}
}

// press launches from so many browsers, each as soon as its last one has ended.
func (l *launches) press(ctx context.Context, browsers int, during time.Duration) {
	end := time.Now().Add(during)
	var under sync.WaitGroup
	for b := range browsers {
		under.Go(func() {
			for n := b; time.Now().Before(end) && ctx.Err() == nil; n += browsers {
				l.run(ctx, n, time.Now())
			}
		})
	}
	under.Wait()
}

// report tells the percentiles and begins anew. No launch may have failed.
func (l *launches) report(name string, during time.Duration, server *process, before usedCPU) {
	l.site.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	done := len(l.took[hopWhole])
	var b strings.Builder
	for _, hop := range []string{hopFrame, hopLogin, hopSign, hopLaunch, hopSession, hopHome, hopWhole} {
		all := slices.Sorted(slices.Values(l.took[hop]))
		if len(all) == 0 {
			continue
		}
		at := func(p int) time.Duration { return all[min(len(all)*p/100, len(all)-1)].Round(10 * time.Microsecond) }
		fmt.Fprintf(&b, "\n  %-28s p50 %-9v p95 %-9v p99 %-9v max %v", hop, at(50), at(95), at(99), at(100))
	}
	used := cpuOf(server).minus(before)
	l.site.t.Logf("%s: %d launches in %v (%.0f a minute), %d failed; CPU of a launch: server %.2f ms, LMS and browsers %.2f ms; server resident %s at most%s",
		name, done, during.Round(time.Second), float64(done)/during.Minutes(), len(l.failed),
		used.server.Seconds()*1000/float64(max(done, 1)), used.own.Seconds()*1000/float64(max(done, 1)), server.peakMemory(), &b)
	if len(l.failed) > 0 || done == 0 {
		l.site.t.Errorf("%s: %d launches, %d failed, for instance: %v", name, done, len(l.failed), slices.Concat(l.failed, []error{nil})[0])
	}
	l.failed = nil
	maps.DeleteFunc(l.took, func(string, []time.Duration) bool { return true })
}

// usedCPU is the CPU time of a server's process, and of this one.
type usedCPU struct{ server, own time.Duration }

func (u usedCPU) minus(v usedCPU) usedCPU { return usedCPU{u.server - v.server, u.own - v.own} }

// cpuOf is zero for the server where there is no /proc.
func cpuOf(p *process) (used usedCPU) {
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) == nil {
		used.own = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return used
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	if f := strings.Fields(rest); len(f) > 12 {
		user, _ := strconv.Atoi(f[11])
		system, _ := strconv.Atoi(f[12])
		used.server = time.Duration(user+system) * 10 * time.Millisecond // of USER_HZ
	}
	return used
}

// profile writes the server's CPU profile of so many seconds to the file that
// CAIRN_PROFILE names, and returns what waits for it.
func profile(t testing.TB, debug string, during time.Duration) (wait func()) {
	file := os.Getenv("CAIRN_PROFILE")
	if file == "" {
		return func() {}
	}
	var fetching sync.WaitGroup
	fetching.Go(func() {
		answer, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", debug, int(during.Seconds())))
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		data, err := io.ReadAll(answer.Body)
		if err == nil {
			err = os.WriteFile(file, data, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	})
	return fetching.Wait
}

// Every launch of a busy hour succeeds. With CAIRN_LONG=1 that is 1,000 a minute
// for two minutes, and then as many as there can be.
func TestManyLearnersLaunchAtOnce(t *testing.T) {
	long := os.Getenv("CAIRN_LONG") == "1"
	if !long && os.Getenv("CI") != "true" {
		t.Skip("skipped: loads the machine for seconds (CAIRN_LONG=1 runs it, for minutes)")
	}
	learners, rate, during, pressed := 20, 600, 3*time.Second, 2*time.Second
	if long {
		learners, rate, during, pressed = 200, 1000, 2*time.Minute, 20*time.Second
	}
	t.Run("SQLite", func(t *testing.T) { manyLaunch(t, newSite(t), learners, rate, during, pressed) })
	t.Run("MongoDB", func(t *testing.T) {
		manyLaunch(t, newSite(t, "-mongo-uri", mongoURI(t)), 5, 60, 10*time.Second, 0)
	})
}

func manyLaunch(t *testing.T, s *site, learners, perMinute int, during, pressed time.Duration) {
	t.Helper()
	must(t, s.clock.Advance(untilMonday(s.clock.Now())))
	debug := freeAddr(t)
	server := s.serve("-debug-addr", debug)
	s.furnish()
	l := newLaunches(s, learners)
	before, begun := cpuOf(server), time.Now()
	l.arrive(t.Context(), perMinute, during)
	l.report(fmt.Sprintf("%d a minute", perMinute), time.Since(begun), server, before)
	if pressed == 0 {
		return
	}
	wait := profile(t, debug, pressed)
	before, begun = cpuOf(server), time.Now()
	l.press(t.Context(), 16, pressed)
	l.report("16 browsers without a pause", time.Since(begun), server, before)
	wait()
}
