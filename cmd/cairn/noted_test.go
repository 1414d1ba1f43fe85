package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatCommandsDoToKeysRecordsPersonsAndTheQueueIsNoted(t *testing.T) {
	i := newInstallation(t)
	var key struct{ Key string }
	must(t, json.Unmarshal([]byte(i.must("key", "create", "-name", "reports", "-scopes", "statements/read", "-json")), &key))
	i.must("key", "revoke", key.Key)
	i.must("key", "list")
	i.must("erase", "-actor", "mailto:ada@example.org")
	i.must("erase", "-actor", "mailto:ada@example.org", "-pseudonymise", "-yes")
	i.must("retention", "set", "-age", "2y")
	i.must("retention", "apply", "-dry-run")
	i.must("retention", "apply")
	i.must("retention", "remove")
	i.must("queue", "retry", "-all")
	i.must("queue", "ls")
	if _, _, err := i.do("queue", "drop", "message:1"); err == nil {
		t.Error("what is not there was dropped")
	}
	i.must("workflow", "import", "../../engine/library/complaint-handling.yaml")
	file := filepath.Join(t.TempDir(), "last-year.ndjson")
	must(t, os.WriteFile(file, nil, 0o600))
	i.must("statements", "import", file)
	want := strings.Join([]string{
		"key.create main reports statements/read", "key.revoke main " + key.Key, "erase main -pseudonymise",
		"retention.set main 2y", "retention.apply main", "retention.remove main", "queue.retry main -all", "queue.drop main message:1",
		"workflow.import main complaint-handling.yaml", "statements.import main last-year.ndjson",
	}, "\n") + "\n"
	if acts := i.acts(); acts != want {
		t.Errorf("noted\n%s\nwant\n%s", acts, want)
	}
}
