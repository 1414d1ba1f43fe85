package web

import (
	"errors"
	"strings"
	"testing"
)

func testLinks(t testing.TB) Links {
	links, err := NewLinks("https://cairn.example/", []byte(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}
	return links
}

func TestAPersonalLinkNamesItsRequestAndNothingElse(t *testing.T) {
	links := testLinks(t)
	url := links.Request("main", "enrolment-1", "request-1")
	token, ok := strings.CutPrefix(url, "https://cairn.example/r/")
	if !ok {
		t.Fatalf("the link is %s", url)
	}
	have, err := links.ReadRequest(token)
	if err != nil || have != (RequestToken{"main", "enrolment-1", "request-1"}) {
		t.Fatalf("have %+v, %v", have, err)
	}
	if _, err := links.ReadUnsubscribe(token); !errors.Is(err, ErrToken) {
		t.Errorf("it unsubscribes too: %v", err)
	}

	url = links.Unsubscribe("acme", "person-1", "email")
	leave, err := links.ReadUnsubscribe(strings.TrimPrefix(url, "https://cairn.example/u/"))
	if err != nil || leave != (LeaveToken{"acme", "person-1", "email"}) {
		t.Fatalf("have %+v, %v", leave, err)
	}
}

func TestAForgedDamagedOrForeignLinkIsRefused(t *testing.T) {
	links := testLinks(t)
	token := strings.TrimPrefix(links.Request("main", "enrolment-1", "request-1"), "https://cairn.example/r/")
	others, err := NewLinks("https://cairn.example", []byte(strings.Repeat("o", 32)))
	if err != nil {
		t.Fatal(err)
	}
	foreign := strings.TrimPrefix(others.Request("main", "enrolment-1", "request-1"), "https://cairn.example/r/")
	for name, bad := range map[string]string{
		"of another secret": foreign,
		"cut off":           token[:len(token)-1],
		"longer":            token + "A",
		"padded":            token + "=",
		"another case":      strings.ToUpper(token),
		"empty":             "",
		"huge":              strings.Repeat("A", 1<<16),
		"not base64":        "../../etc/passwd",
	} {
		if _, err := links.ReadRequest(bad); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range token { // any one character
		bad := []byte(token)
		bad[i] = map[bool]byte{true: 'B', false: 'A'}[bad[i] == 'A']
		if _, err := links.ReadRequest(string(bad)); err == nil {
			t.Errorf("character %d may be anything", i)
		}
	}
	if _, err := NewLinks("https://cairn.example", []byte("short")); err == nil {
		t.Error("a short secret is accepted")
	}
}

func FuzzReadRequest(f *testing.F) {
	links := testLinks(f)
	good := strings.TrimPrefix(links.Request("main", "e", "r"), "https://cairn.example/r/")
	f.Add(good)
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		if have, err := links.ReadRequest(token); err == nil && token != good {
			t.Fatalf("%q opens %+v", token, have)
		}
	})
}
