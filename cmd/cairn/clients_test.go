package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The clients that people use, as npm has them, store and read statements, walks,
// attachments, states and profiles in a server as it is installed.
func TestTheClientsOfNpmFindEverythingInTheRecordStore(t *testing.T) {
	folder := filepath.Join("..", "..", ".ci", "clients")
	_, err := os.Stat(filepath.Join(folder, "node_modules", "tincanjs"))
	needs(t, haveTool("node") && err == nil, "node with the packages of .ci/clients (npm ci there)")
	s := newSite(t)
	s.serve()
	var made struct{ Endpoint, Key, Secret string }
	must(t, json.Unmarshal(s.command("key", "create", "-name", "clients", "-scopes", "all", "-json"), &made))
	cmd := exec.CommandContext(t.Context(), "node", "--test")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "LRS_ENDPOINT="+made.Endpoint, "LRS_KEY="+made.Key, "LRS_SECRET="+made.Secret)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
