package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// runningDemo is `cairn demo` in this process.
type runningDemo struct {
	demoFile
	clock *devClock
	stop  func()
}

// startDemo runs the demo on free ports with its data in folder, as from
// Monday, 10:00 UTC, and waits until it is ready.
func startDemo(t testing.TB, folder string, args ...string) runningDemo {
	t.Helper()
	file := filepath.Join(folder, "demo", "demo.json")
	clock, err := openClock(filepath.Join(folder, "clock.json"))
	must(t, err)
	if clock.Offset() == 0 {
		must(t, clock.Advance(untilMonday(clock.Now())+time.Second))
	}
	ctx, cancel := context.WithCancel(context.Background())
	output := &lockedBuffer{}
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"cairn", "demo", "-verbose", "-data", filepath.Join(folder, "demo"), "-dev-clock", clock.file,
			"-addr", "127.0.0.1:0", "-lms-addr", "127.0.0.1:0", "-mail-addr", "127.0.0.1:0"}, args...), func(string) string { return "" }, output, output)
	}()
	stopped := false
	d := runningDemo{clock: clock, stop: func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the demo ended with: %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("the demo did not stop within 30 s")
		}
		if t.Failed() {
			t.Logf("the demo said:\n%s", output.tail(80))
		}
	}}
	t.Cleanup(d.stop)
	deadline := time.Now().Add(time.Minute)
	for !bytes.Contains([]byte(output.String()), []byte("Ctrl-C stops")) {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the demo ended: %v\n%s", err, output)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("the demo is not ready after a minute\n%s", output)
		}
	}
	d.demoFile = readDemoFile(t, file)
	return d
}

func TestTheWalkWithoutScriptsGoesOnAfterTheDemoWasStopped(t *testing.T) {
	folder := t.TempDir()
	demo := startDemo(t, folder)
	w := newWalk(t, demo.demoFile, demo.clock)
	acts := w.acts()
	for i, act := range acts {
		if i == len(acts)/2 {
			demo.stop()
			demo = startDemo(t, folder)
			if demo.Tool.URL != w.demo.Tool.URL || demo.LRS.Key != w.demo.LRS.Key {
				t.Fatalf("the demo moved from %+v to %+v", w.demo, demo.demoFile)
			}
		}
		t.Log(act.name)
		act.do()
	}
	w.mailsAreDistinct()
	w.reportingToolCanFilter()
}

func TestTheDemoNeverEmptiesAFolderItDidNotMake(t *testing.T) {
	folder := t.TempDir()
	keep := filepath.Join(folder, "thesis.txt")
	must(t, os.WriteFile(keep, []byte("years of work"), 0o600))
	var output bytes.Buffer
	err := run(t.Context(), []string{"cairn", "demo", "-fresh", "-data", folder}, func(string) string { return "" }, &output, &output)
	if err == nil {
		t.Error("the demo took a folder that is not its own")
	}
	if _, err := os.Stat(keep); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
}
