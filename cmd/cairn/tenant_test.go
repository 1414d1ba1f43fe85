package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestATenantIsMadeByItsOwnCommandAndByNoMistypedName(t *testing.T) {
	i := newInstallation(t)
	i.must("tenant", "add", "north")
	for _, command := range [][]string{
		{"key", "create", "-name", "x"}, {"key", "list"}, {"key", "revoke", "x"}, {"lms", "invite"}, {"lms", "list"}, {"lms", "add", "-canvas", "beta", "-client-id", "1"}, {"lms", "legacy-key", "list"},
		{"workflow", "import", "../../engine/library/first-steps.yaml"}, {"enrolment", "list"}, {"api", "GET", "/api/v1/enrolments"}, {"channel", "list"}, {"mail", "hook"},
		{"events", "source", "add", "-name", "CRM"}, {"metric", "show", "w"}, {"statements", "verify"}, {"erase", "-actor", "https://lms.example 5", "-yes"}, {"retention", "list"},
		{"queue", "retry", "-all"}, {"admin", "link"},
	} {
		out, _, err := i.do(append(command, "-tenant", "nroth")...)
		if err == nil || !strings.Contains(err.Error(), "-tenant nroth") || !strings.Contains(err.Error(), "there is main, north") || !strings.Contains(err.Error(), "cairn tenant add nroth") {
			t.Errorf("cairn %s: %q, %v", strings.Join(command, " "), out, err)
		}
	}
	var list []listedTenant
	must(t, json.Unmarshal([]byte(i.must("tenant", "list", "-json")), &list))
	if len(list) != 2 || list[0].Name != "main" || list[1].Name != "north" || list[1].IRIBase != "https://learn.example.org" {
		t.Errorf("there are %+v", list)
	}
	if _, err := os.Stat(filepath.Join(i.data, "tenants", "nroth")); !os.IsNotExist(err) {
		t.Errorf("a database was made: %v", err)
	}
	i.must("workflow", "import", "../../engine/library/first-steps.yaml", "-tenant", "north")
	if out := i.must("tenant", "add", "north", "-json"); !strings.Contains(out, list[1].Created.Format("2006-01-02T15:04:05")) {
		t.Errorf("the same again made another: %s", out)
	}
	for _, wrong := range [][]string{{"add"}, {"add", "North"}, {"add", "control"}, {"add", "a", "b"}} {
		if out, _, err := i.do(append([]string{"tenant"}, wrong...)...); err == nil || !strings.Contains(err.Error(), "lower-case") {
			t.Errorf("%v: %s, %v", wrong, out, err)
		}
	}
	if acts := i.acts(); !strings.Contains(acts, "tenant.add north") || strings.Contains(acts, "nroth") {
		t.Errorf("noted:\n%s", acts)
	}
}
