package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// cairn runs one command in this process and returns what it prints.
func cairn(t testing.TB, args ...string) (string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), append([]string{"cairn"}, args...), func(string) string { return "" }, &stdout, &stderr)
	return stdout.String(), err
}

// The address of the first start becomes the base of all IRIs for good: a command
// that only guesses it must not be the first.
func TestAnAdminCommandBeforeTheFirstStartAsksForTheAddress(t *testing.T) {
	data := t.TempDir()
	_, err := cairn(t, "key", "create", "-name", "reports", "-data", data)
	if err == nil || !strings.Contains(err.Error(), "-public-url") {
		t.Fatalf("it said %v", err)
	}
	if _, err := cairn(t, "key", "create", "-name", "reports", "-data", data, "-public-url", "https://learn.example.org"); err != nil {
		t.Fatal(err)
	}
	out, err := cairn(t, "lms", "invite", "-json", "-data", data) // now it is known
	must(t, err)
	var invitation struct{ URL string }
	must(t, json.Unmarshal([]byte(out), &invitation))
	if !strings.HasPrefix(invitation.URL, "https://learn.example.org/lti/register?") {
		t.Errorf("the invitation is %q", invitation.URL)
	}
}

func TestFlagsStandBeforeOrAfterArgumentsWithOneDashOrTwo(t *testing.T) {
	file := "../../engine/library/first-steps.yaml"
	for _, args := range [][]string{
		{"workflow", "import", file, "-data", t.TempDir(), "-public-url", "https://learn.example.org"},
		{"workflow", "import", "--data", t.TempDir(), "--public-url=https://learn.example.org", file},
	} {
		out, err := cairn(t, args...)
		if err != nil || !strings.Contains(out, "imported first-steps version 2: ") {
			t.Errorf("%q: %q, %v", args, out, err)
		}
	}
}

func TestEveryFlagIsAVariableAndASecretMayComeFromAFile(t *testing.T) {
	file := t.TempDir() + "/key"
	must(t, writeFile(file, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"))
	variables := map[string]string{
		"CAIRN_DATA": t.TempDir(), "CAIRN_PUBLIC_URL": "https://learn.example.org", "CAIRN_SECRET_KEY_FILE": file,
	}
	var stdout, stderr bytes.Buffer
	invite := []string{"cairn", "lms", "invite"}
	if err := run(t.Context(), invite, func(name string) string { return variables[name] }, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	variables["CAIRN_SECRET_KEY_FILE"] = file + ".missing"
	if err := run(t.Context(), invite, func(name string) string { return variables[name] }, &stdout, &stderr); err == nil {
		t.Error("a secret that cannot be read was replaced in silence")
	}
}

func TestBadConfigurationIsRefusedInTheWordsOfTheFlag(t *testing.T) {
	for flag, args := range map[string][]string{
		"-public-url": {"-public-url", "http://learn.example.org"},
		"-tenant":     {"-tenant", "Main!", "-public-url", "https://learn.example.org"},
		"-log-format": {"-log-format", "xml", "-public-url", "https://learn.example.org"},
		"-secret-key": {"-secret-key", "short", "-public-url", "https://learn.example.org"},
		"-mongo-uri":  {"-mongo-uri", "mongo db://%zz", "-public-url", "https://learn.example.org"},
	} {
		_, err := cairn(t, append([]string{"lms", "invite", "-data", t.TempDir()}, args...)...)
		if err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}

func TestTheSkewOfClocksIsBounded(t *testing.T) {
	for _, skew := range []string{"601", "-1"} {
		if _, err := cairn(t, "serve", "-clock-skew="+skew, "-addr", "127.0.0.1:0", "-data", t.TempDir()); err == nil || !strings.Contains(err.Error(), "at most 600") {
			t.Errorf("-clock-skew %s: it said %v", skew, err)
		}
	}
}
