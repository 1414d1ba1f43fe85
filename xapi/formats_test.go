package xapi_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cairn-lms/cairn/xapi"
)

func judge(t *testing.T, what string, valid func(string) bool, in, out []string) {
	t.Helper()
	for _, s := range in {
		if !valid(s) {
			t.Errorf("%s %q is refused", what, s)
		}
	}
	for _, s := range out {
		if valid(s) {
			t.Errorf("%s %q is accepted", what, s)
		}
	}
}

func TestDurations(t *testing.T) {
	judge(t, "duration", xapi.ValidDuration,
		[]string{"P1W", "PT16559.14S", "PT1H0M0.1S", "P3Y1M29DT4H35M59.14S", "P3Y", "PT0S", "P0.5D", "PT12M3.25S", "P1.5W", "P1Y2M"},
		[]string{"", "P", "PT", "P1W2D", "-PT1H", "PT1H-1M", "1H", "P1S", "PT1D", "PT1M1H", "P1.5DT1H", "PT.5S", "PT5.S", "P1D1D", "PT1", "p1d", "P1YT", "PA1H0M0S"})
}

func TestTimestamps(t *testing.T) {
	judge(t, "timestamp", func(s string) bool { _, ok := xapi.ParseTimestamp(s); return ok },
		[]string{"2026-11-21T09:44:10Z", "2026-11-21T09:44:10.000Z", "2026-11-21T09:44:10.1234567891+01:00", "2026-11-21t09:44:10z", "2026-11-21T09:44:10+0100", "2026-11-21T09:44:10+01", "2024-02-29T00:00:00Z"},
		[]string{"", "2026-11-21", "2026-11-21T09:44:10", "2026-02-30T09:44:10Z", "2026-11-21T09:44:10-00:00", "2026-11-21T09:44:10-0000", "2026-11-21T09:44:10-00", "01/011/2015", "2026-11-21 09:44:10Z", "2026-11-21T25:00:00Z", "2026-11-21T09:44:10.Z", "2026-11-21T09:44:10+25:00", "2026-11-21T09:44:10,5Z",
			"0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"})
	got, _ := xapi.ParseTimestamp("2026-11-21T09:44:10.123456789+05:30")
	if want := time.Date(2026, 11, 21, 4, 14, 10, 123456789, time.UTC); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("read as %v, want %v", got, want)
	}
	if text := xapi.FormatTimestamp(got); text != "2026-11-21T04:14:10.123456789Z" {
		t.Errorf("written as %s", text)
	}
}

func TestLanguageTags(t *testing.T) {
	judge(t, "tag", xapi.ValidLanguage,
		[]string{"en", "en-US", "de-CH-1996", "x-klingon", "zh-Hant-CN", "i-klingon", "sl-rozaj-biske", "zh-cmn-Hans-CN"},
		[]string{"", "a", "en_US", "en-", "-en", "de-DE-1996-1996", "en-a", "en-a-bbb-a-ccc", "x", "abcdefghi", "en-toolongsub1", "é", "en US"})
	judge(t, "tag", xapi.ValidLanguage, []string{"en-a-bbb-x-a", "und", "es-419", "en-x-US", "sr-Latn-RS"}, []string{"de-419-DE"})
}

func TestIRIs(t *testing.T) {
	judge(t, "IRI", xapi.ValidIRI,
		[]string{"http://adlnet.gov/expapi/verbs/completed", "urn:uuid:x", "https://münchen.example/straße?q=1#x", "tag:example.org,2026:x", "mailto:a@b.c", "http://localhost:8000", "http://moodle.org", "act:x"},
		[]string{"", "attended", "/a/b", "//host/x", "http://", "http:x", "https:///x", "ab=c://should.fail.com", ":x", "http://a b", "http://a\u00a0b", "http://a/<x>", "1http://x", "http://a\n"})
}

func TestVersions(t *testing.T) {
	for header, want := range map[string]xapi.Version{"1.0": xapi.V103, "1.0.0": xapi.V103, "1.0.3": xapi.V103, "1.0.9": xapi.V103, "2.0": xapi.V200, "2.0.0": xapi.V200,
		"": "", "1": "", "1.1.0": "", "3.0": "", "0.95": "", "1.0.": "", "1.0.x": "", "BAD": "", "2.1.0": "", "1.0.3, 2.0.0": ""} {
		got, err := xapi.ParseVersion(header)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v", header, got, err)
		}
	}
}

func TestUUIDs(t *testing.T) {
	judge(t, "UUID", xapi.ValidUUID, []string{"aa97b177-9383-4934-8543-0f91a7a02836", "AA97B177-9383-4934-8543-0F91A7A02836"},
		[]string{"", "AA97B177-9383-4934-8543-0F91A7A028368", "MA97B177-9383-4934-8543-0F91A7A02836", "aa97b17793834934-8543-0f91a7a02836--", "{aa97b177-9383-4934-8543-0f91a7a0283}"})
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"P1W", "PT16559.14S", "P3Y1M29DT4H35M59.14S", "P", "PT", "P1W2D", "-PT1H"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if xapi.ValidDuration(s) && (s[0] != 'P' || !strings.ContainsAny(s, "0123456789")) {
			t.Errorf("%q is accepted", s)
		}
	})
}

func FuzzTimestamp(f *testing.F) {
	f.Add("2026-11-21T09:44:10.123Z")
	f.Add("2026-11-21T09:44:10-00")
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := xapi.ParseTimestamp(s)
		if !ok {
			return
		}
		if again, ok := xapi.ParseTimestamp(xapi.FormatTimestamp(at)); !ok || !again.Equal(at) {
			t.Errorf("%q is %v, then %v", s, at, again)
		}
	})
}

func FuzzLanguage(f *testing.F) {
	f.Add("zh-cmn-Hans-CN-a-bbb-x-y")
	f.Add("i-klingon")
	f.Fuzz(func(t *testing.T, s string) {
		if xapi.ValidLanguage(s) && (len(s) < 2 || strings.Trim(s, "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || strings.Contains(s, "--")) {
			t.Errorf("%q is accepted", s)
		}
		if xapi.ValidLanguage(s) && !xapi.ValidLanguage(strings.ToUpper(s)) {
			t.Errorf("the case of %q matters", s)
		}
	})
}

// What is accepted as an IRI is a reference that everyone else can read, with a
// scheme.
func FuzzIRI(f *testing.F) {
	for _, s := range []string{"http://a.b/c?d#e", "urn:x:y", "https://münchen.example/ß", "http://[::1]:80/", "mailto:a@b.c", "a b:c", "http://"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !xapi.ValidIRI(s) {
			return
		}
		scheme, rest, ok := strings.Cut(s, ":")
		if !ok || scheme == "" || rest == "" || !utf8.ValidString(s) || strings.ContainsAny(s, " \t\r\n\x00<>\"") {
			t.Errorf("%q is accepted", s)
		}
	})
}
