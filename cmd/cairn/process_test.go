package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/embedded"
	"github.com/cairn-lms/cairn/lti/platform"
)

// binary builds cairn once for all tests that need real processes.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "cairn-test-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "cairn")
	out, err := exec.Command("go", "build", "-o", file, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := binaryIfBuilt(); err == nil {
		_ = os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

// built remembers whether any test asked for the binary.
var built bool

func binaryIfBuilt() (string, error) {
	if !built {
		return "", os.ErrNotExist
	}
	return binary()
}

// needs skips a test whose tool is missing, except in CI, where it fails.
func needs(t testing.TB, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI must have %s", what)
	}
	t.Skipf("skipped: %s is not here", what)
}

// heavy skips a test that keeps a whole machine busy, except in CI and where CAIRN_LONG asks for it.
func heavy(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "true" && os.Getenv("CAIRN_LONG") == "" {
		t.Skipf("skipped: %s (CAIRN_LONG=1 runs it)", what)
	}
}

func haveTool(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// site is an installation made of real processes, with its LMS and mailbox in
// the test's own process, where they outlive every kill.
type site struct {
	t       testing.TB
	flags   []string // of every process: stores, mail, clock
	env     []string
	addr    string
	clock   *devClock
	mailbox *embedded.Mailbox
	lms     *platform.Platform
	demo    demoFile
}

// newSite prepares an installation; extra are flags of every process.
func newSite(t testing.TB, extra ...string) *site {
	t.Helper()
	return newSiteWith(t, platform.Options{}, extra...)
}

// newSiteWith is newSite with an LMS of these options, but for its clock.
func newSiteWith(t testing.TB, lms platform.Options, extra ...string) *site {
	t.Helper()
	folder := t.TempDir()
	clock, err := openClock(filepath.Join(folder, "clock.json"))
	must(t, err)
	s := &site{t: t, addr: freeAddr(t), clock: clock}
	s.mailbox, err = embedded.StartMailbox(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, s.mailbox.Close(context.Background())) })
	lms.Clock = clock
	s.lms, err = platform.Start(t.Context(), lms)
	must(t, err)
	t.Cleanup(func() { must(t, s.lms.Close(context.Background())) })
	s.flags = append([]string{
		"-data", filepath.Join(folder, "data"), "-addr", s.addr, "-dev-clock", clock.file,
		"-public-url", "http://" + s.addr, "-allow-private-platforms",
	}, extra...)
	s.demo.Tool.URL = "http://" + s.addr
	s.demo.LMS.URL = s.lms.URL()
	s.demo.Mailbox.URL = s.mailbox.HTTPURL()
	return s
}

// furnishedSite is a site with the activity in its course, served in one process,
// on Monday, 10:00 UTC; in an LMS that behaves as the quirks say.
func furnishedSite(t testing.TB, quirks platform.Quirks) (*site, *walk) {
	t.Helper()
	s := newSite(t)
	must(t, s.clock.Advance(untilMonday(s.clock.Now())))
	s.lms.SetQuirks(quirks)
	s.serve()
	s.furnish()
	return s, newWalk(t, s.demo, s.clock)
}

// work are the flags of serve and worker only.
func (s *site) work(extra ...string) []string {
	return append([]string{"-smtp-url", "smtp://" + s.mailbox.SMTPAddr() + "?tls=none", "-mail-from", "Cairn <cairn@test.example>"}, extra...)
}

// furnish does what an admin does: import a workflow, make a key, register.
func (s *site) furnish() {
	s.t.Helper()
	s.command("workflow", "import", filepath.Join("..", "..", "engine", "library", "first-steps.yaml"))
	must(s.t, json.Unmarshal(s.command("key", "create", "-name", "test", "-json"), &s.demo.LRS))
	s.lms.SetXAPI(platform.XAPIConfig{Endpoint: s.demo.LRS.Endpoint, Key: s.demo.LRS.Key, Secret: s.demo.LRS.Secret})
	var invitation struct{ URL string }
	must(s.t, json.Unmarshal(s.command("lms", "invite", "-json"), &invitation))
	tool, err := s.lms.RegisterTool(s.t.Context(), invitation.URL)
	must(s.t, err)
	_, err = s.lms.AddResourceLink(s.t.Context(), platform.DefaultActivity(tool))
	must(s.t, err)
}

// command runs one of the admin's commands and returns what it prints.
func (s *site) command(args ...string) []byte {
	s.t.Helper()
	cmd := s.exec(append(args, s.flags...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("cairn %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return out
}

func (s *site) exec(args ...string) *exec.Cmd {
	s.t.Helper()
	built = true
	file, err := binary()
	must(s.t, err)
	cmd := exec.Command(file, args...)
	cmd.Env = append(os.Environ(), s.env...)
	return cmd
}

// process is a running cairn.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	log    *lockedBuffer
	exited chan error
}

// start runs a long-lived command; the test's end stops it.
func (s *site) start(args ...string) *process {
	s.t.Helper()
	return s.startFor(s.t, args...)
}

func (s *site) startFor(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: s.exec(args...), log: &lockedBuffer{}, exited: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	must(t, p.cmd.Start())
	go func() { p.exited <- p.cmd.Wait() }()
	t.Cleanup(func() {
		if t.Failed() {
			_ = p.cmd.Process.Signal(syscall.SIGQUIT) // it says where it stands
		}
		p.stop(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("cairn %s said:\n%s", strings.Join(args, " "), p.log.tail(1600))
		}
	})
	return p
}

// serve starts cairn serve and waits until it is ready.
func (s *site) serve(extra ...string) *process {
	s.t.Helper()
	p := s.start(append(append([]string{"serve"}, s.flags...), s.work(extra...)...)...)
	p.waitReady(s.demo.Tool.URL + "/readyz")
	return p
}

// waitReady polls a health page.
func (p *process) waitReady(address string) {
	p.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		response, err := http.Get(address)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-p.exited:
			p.exited <- err
			p.t.Fatalf("the process ended: %v\n%s", err, p.log)
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("not ready after 30 s\n%s", p.log)
		}
		tick()
	}
}

// stop signals the process and waits for its end; again is harmless.
func (p *process) stop(signal syscall.Signal) {
	p.t.Helper()
	_ = p.cmd.Process.Signal(signal)
	select {
	case err := <-p.exited:
		p.exited <- err
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		p.t.Errorf("the process did not end within 20 s of %v\n%s", signal, p.log)
	}
}

// peakMemory is the most that was resident, as the kernel tells it (Linux only).
func (p *process) peakMemory() string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(status)) {
		if peak, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(peak)
		}
	}
	return "unknown"
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// lockedBuffer collects the output of a process while tests may read it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lockedBuffer) tail(n int) string {
	lines := strings.Split(strings.TrimSpace(l.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// startRedis runs a real Redis of the test's own.
func startRedis(t testing.TB) (url string) {
	t.Helper()
	needs(t, haveTool("redis-server"), "redis-server")
	addr := freeAddr(t)
	host, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command("redis-server", "--bind", host, "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "no")
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() })
	deadline := time.Now().Add(10 * time.Second)
	for {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			return "redis://" + addr + "/0"
		}
		if time.Now().After(deadline) {
			t.Fatal("Redis does not accept connections")
		}
		tick()
	}
}
