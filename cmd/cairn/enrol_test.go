package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestACohortIsEnrolledFromAFileAndTheSameAgainChangesNothing(t *testing.T) {
	i := newInstallation(t)
	i.must("workflow", "import", "../../engine/library/first-steps.yaml")
	file := filepath.Join(t.TempDir(), "roster.csv")
	enrol := func(text string) (enrolledFile, string, error) {
		t.Helper()
		must(t, writeFile(file, text))
		out, stderr, err := i.do("enrolment", "enrol", "-workflow", "first-steps", "-issuer", "https://lms.example", "-course", "2", "-file", file, "-json")
		var done enrolledFile
		if out != "" {
			must(t, json.Unmarshal([]byte(out), &done))
		}
		return done, stderr, err
	}
	good := "\ufeffSubject,name,email\n5,Sam Sailor,sam@example.org\n6,\"Rosa, the second\",\n7,,\n"
	done, _, err := enrol(good)
	must(t, err)
	if done.Enrolled != 3 || len(done.Rows) != 3 || done.Rows[1].Line != 3 || done.Rows[1].Result != "enrolled" || done.Rows[1].Enrolment == "" {
		t.Errorf("enrolled %+v", done)
	}
	i.must("enrolment", "unenrol", string(done.Rows[2].Enrolment))
	again, _, err := enrol(good)
	must(t, err)
	if again.Enrolled != 0 || again.Resumed != 1 || again.There != 2 || again.Rows[0].Enrolment != done.Rows[0].Enrolment {
		t.Errorf("again %+v", again)
	}
	some, stderr, err := enrol("email\nnobody@example.org\n")
	if err == nil || some.Refused != 1 || !strings.Contains(stderr, "roster.csv:2: ") || !strings.Contains(stderr, "enrol by the account") || strings.Contains(stderr, "nobody@") {
		t.Errorf("of nobody: %+v, %s, %v", some, stderr, err)
	}
	// One mistake anywhere, and nobody is enrolled.
	var many strings.Builder
	many.WriteString("subject\n")
	for n := range 10_001 {
		fmt.Fprintln(&many, n)
	}
	for text, told := range map[string][]string{
		"subject,name,email\n8,Ada,ada\n9,Ben\n,Cleo,\n8,Ada,\n": {`roster.csv:2:7: email: not an e-mail address`, "roster.csv:3:1: wrong number of fields", "roster.csv:4:1: it says nobody", "roster.csv:5:1: the same as line 2"},
		"id,email,email\n":      {`roster.csv:1:1: there is no column "id"; there are subject, name and email`, "roster.csv:1:10: email: this column stands there twice"},
		"":                      {"roster.csv:1:1: there is no line that names the columns"},
		"subject\n":             {"roster.csv:1:1: nobody stands there"},
		"name\nSam\n":           {"neither subject nor email is a column"},
		"subject\n8\n\"9\n10\n": {"roster.csv:3:"},
		many.String():           {"roster.csv:10002:1: more than 10000 people"},
		"subject\n" + strings.Repeat("x", 256) + "\n": {"roster.csv:2:1: subject: longer than 255 bytes"},
	} {
		done, _, err := enrol(text)
		for _, words := range told {
			if err == nil || !strings.Contains(err.Error(), words) || len(done.Rows) != 0 {
				t.Errorf("%.60q: not told %q but %v", text, words, err)
			}
		}
	}
	if out := i.must("enrolment", "list", "-json"); strings.Count(out, `"id"`) != 3 {
		t.Errorf("enrolled are %s", out)
	}
	if _, _, err := i.do("enrolment", "enrol", "-workflow", "first-steps", "-file", file, "-subject", "5"); err == nil || !strings.Contains(err.Error(), "give -file, or -subject") {
		t.Errorf("a file and a person: %v", err)
	}
	if acts := i.acts(); !strings.Contains(acts, "enrolment.enrol main first-steps https://lms.example 2 3 rows") || strings.Contains(acts, "sam@") {
		t.Errorf("noted:\n%s", acts)
	}
}
