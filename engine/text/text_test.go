package text

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestEveryLanguageHasTheSameKeysAndPlaceholders(t *testing.T) {
	all, err := parseAll(files)
	if err != nil {
		t.Fatal(err)
	}
	reference := all[fallback]
	if len(all) < 2 {
		t.Fatalf("only %d languages", len(all))
	}
	for language, m := range all {
		for key := range reference.messages {
			if !m.Has(key) {
				t.Errorf("%s: %s is missing", language, key)
			}
		}
		for key, msg := range m.messages {
			if !reference.Has(key) {
				t.Errorf("%s: %s is unknown to English", language, key)
				continue
			}
			want, have := placeholders(reference.messages[key]), placeholders(msg)
			if !strings.HasPrefix(key, "time.") && !slices.Equal(want, have) {
				t.Errorf("%s: %s has placeholders %v, English has %v", language, key, have, want)
			}
			if (len(msg) > 1) != (len(reference.messages[key]) > 1) {
				t.Errorf("%s: %s is plural in one language only", language, key)
			}
			if len(msg) > 1 && !slices.Contains(have, "n") {
				t.Errorf("%s: %s is plural but does not say {n}", language, key)
			}
		}
	}
}

func placeholders(msg message) []string {
	seen := map[string]bool{}
	for _, s := range msg {
		for _, p := range placeholderForm.FindAllStringSubmatch(s, -1) {
			seen[p[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func TestALocaleFindsItsLanguage(t *testing.T) {
	for locale, want := range map[string]string{
		"de": "de", "de-AT": "de", "DE_ch.UTF-8": "de", "en-GB": "en", "": "en", "tlh": "en",
		"tlh,de;q=0.8,en;q=0.5": "de", "de-AT;q=0.9, en": "de", ",,,": "en", strings.Repeat("x,", 10000): "en",
	} {
		if have := Catalogue(locale).Language(); have != want {
			t.Errorf("%.30q is %s, want %s", locale, have, want)
		}
	}
}

func TestALanguageKnowsWhichWayItRuns(t *testing.T) {
	for locale, want := range map[string]string{"en": "ltr", "de-AT": "ltr", "ar-XB": "rtl", "ar-xb, de": "rtl", "de, ar-XB": "ltr"} {
		if have := Catalogue(locale).Direction(); have != want {
			t.Errorf("%s runs %s, want %s", locale, have, want)
		}
	}
	if have := (&Messages{language: "he"}).Direction(); have != "rtl" {
		t.Errorf("Hebrew runs %s", have)
	}
	if m := Catalogue("ar-XB"); m.Language() != "en" || m.T("page.title") != Catalogue("en").T("page.title") {
		t.Error("the mirror does not speak English")
	}
}

func TestArgumentsAreNamed(t *testing.T) {
	m := &Messages{messages: map[string]message{
		"a.hello": {"other": "Hello {name}, {n} of {all}"},
		"a.left":  {"one": "{n} step left", "other": "{n} steps left"},
	}}
	for have, want := range map[string]string{
		m.T("a.hello", "name", "Sam", "n", 1, "all", 5):                   "Hello Sam, 1 of 5",
		m.T("a.hello", map[string]any{"name": "{all}", "all": 5, "n": 2}): "Hello {all}, 2 of 5",
		m.T("a.hello"):         "Hello {name}, {n} of {all}",
		m.T("a.hello", "name"): "Hello {name}, {n} of {all}",
		m.T("a.left", "n", 1) + m.T("a.left", "n", int64(1)): "1 step left1 step left",
		m.T("a.left", "n", 0) + m.T("a.left", "n", 12):       "0 steps left12 steps left",
		m.T("a.left"):                   "{n} steps left",
		m.T("a.unknown", "name", "Sam"): "a.unknown",
	} {
		if have != want {
			t.Errorf("have %q, want %q", have, want)
		}
	}
}

func TestABrokenFileIsRefusedWithItsName(t *testing.T) {
	const good = `{"a.b": "c"}`
	for name, source := range map[string]string{
		"twice":            `{"a.b": "c", "a.b": "d"}`,
		"not a key":        `{"Hello you": "c"}`,
		"no area":          `{"hello": "c"}`,
		"number":           `{"a.b": 3}`,
		"no other":         `{"a.b": {"one": "x"}}`,
		"unknown form":     `{"a.b": {"few": "x", "other": "y"}}`,
		"empty":            `{"a.b": " "}`,
		"open brace":       `{"a.b": "hello {name"}`,
		"odd placeholder":  `{"a.b": "hello {Your Name}"}`,
		"list":             `["a"]`,
		"more than one":    good + good,
		"cut off":          `{"a.b": "c"`,
		"null":             `{"a.b": null}`,
		"not even an idea": ``,
	} {
		_, err := parseAll(fstest.MapFS{"page_en.json": {Data: []byte(source)}})
		if err == nil || !strings.Contains(err.Error(), "page_en.json") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parseAll(fstest.MapFS{"a_en.json": {Data: []byte(good)}, "b_en.json": {Data: []byte(good)}}); err == nil {
		t.Error("a key in two areas was taken")
	}
	if _, err := parseAll(fstest.MapFS{"a_de.json": {Data: []byte(good)}}); err == nil {
		t.Error("English may be missing")
	}
}

func TestTimesAreSaidInTheZoneAndLanguageOfTheReader(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	due := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	en, de := Catalogue("en"), Catalogue("de")
	for have, want := range map[string]string{
		en.Date(due, "Europe/Berlin"):                           "Monday, 23 November 2026",
		de.Date(due, "Europe/Berlin"):                           "Montag, 23. November 2026",
		en.Date(due, "Pacific/Auckland"):                        "Tuesday, 24 November 2026",
		en.Day(due, "Europe/Berlin"):                            "Monday, 23 November",
		de.ShortDay(due, "Europe/Berlin"):                       "Mo. 23. Nov.",
		en.ShortDay(due, "Europe/Berlin"):                       "Mon 23 Nov",
		en.Clock(due, "Europe/Berlin") + de.Clock(due, ""):      "17:0016:00 Uhr",
		de.DateTime(due, "Europe/Berlin"):                       "Montag, 23. November 2026 um 17:00 Uhr",
		en.Moment(due, now, "Europe/Berlin"):                    "Monday, 23 November at 17:00",
		en.Moment(due, now, "Nowhere/At_All"):                   "Monday, 23 November at 16:00 UTC",
		en.Moment(due, due, "Europe/Berlin"):                    "today at 17:00",
		de.Moment(due, due.Add(-20*time.Hour), "Europe/Berlin"): "morgen um 17:00 Uhr",
		en.Moment(due, due.Add(20*time.Hour), "Europe/Berlin"):  "yesterday at 17:00",
		en.Moment(due.AddDate(1, 0, 0), now, "Europe/Berlin"):   "Tuesday, 23 November 2027 at 17:00",
		en.Minutes(1) + de.Minutes(5):                           "1 minute5 Minuten",
	} {
		if have != want {
			t.Errorf("have %q, want %q", have, want)
		}
	}
}

func TestTomorrowIsTomorrowAcrossAClockChange(t *testing.T) {
	berlin := Zone("Europe/Berlin")
	for _, day := range []int{24, 25, 26} { // clocks go back on 25 October 2026
		now := time.Date(2026, 10, day, 0, 30, 0, 0, berlin)
		if have := Catalogue("en").Moment(now.AddDate(0, 0, 1), now, "Europe/Berlin"); have != "tomorrow at 00:30" {
			t.Errorf("%d October: %s", day, have)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a.b": "c {d}", "a.c": {"one": "{n}", "other": "{n}"}}`))
	f.Add([]byte(`{"a.b": "c", "a.b": "d"}`))
	f.Fuzz(func(t *testing.T, source []byte) {
		parsed, err := parse(source)
		if err != nil {
			return
		}
		m := &Messages{messages: parsed}
		for key, msg := range parsed {
			if len(msg) == 0 || m.T(key, "n", 1) == "" {
				t.Fatalf("%q has no text", key)
			}
			values := map[string]any{}
			for _, p := range placeholders(msg) {
				values[p] = "v"
			}
			if out := m.T(key, values); strings.ContainsAny(out, "{}") {
				t.Fatalf("%q keeps a placeholder: %s", key, fmt.Sprint(out))
			}
		}
	})
}
