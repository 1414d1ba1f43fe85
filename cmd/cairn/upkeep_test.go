package main

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The worker applies the rules of retention, one process a day.
func TestTheWorkerAppliesTheRulesOfRetention(t *testing.T) {
	i := newInstallation(t)
	i.must("statements", "import", recordsFolder(t))
	i.must("retention", "set", "-age", "30d")
	now := filepath.Join(t.TempDir(), "clock.json")
	open := func() *house {
		h, err := build(t.Context(), &config{data: i.data, publicURL: "https://learn.example.org", devClock: now}, slog.New(slog.DiscardHandler))
		must(t, err)
		t.Cleanup(func() { h.Close() })
		return h
	}
	h, other := open(), open()
	must(t, h.upkeepTenant(t.Context(), "main"))
	if n := strings.Count(i.exported(), "\n"); n != 7 {
		t.Errorf("%d statements are left that are not of age, want 7", n)
	}
	must(t, h.clock.Advance(31*24*time.Hour))
	must(t, other.clock.reload())
	must(t, other.upkeepTenant(t.Context(), "main"))
	if n := strings.Count(i.exported(), "\n"); n != 7 {
		t.Errorf("%d statements are left: two processes did the work of one day", n)
	}
	must(t, h.upkeepTenant(t.Context(), "main"))
	if got := i.exported(); got != "" {
		t.Errorf("what is of age is left:\n%s", got)
	}
	i.must("statements", "verify")
}
