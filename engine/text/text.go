// Package text holds the words that people read: the message catalogues that
// pages and mails share, and the way dates and times are said.
//
// # Files
//
// Every file is named <area>_<language>.json (mail_en.json, page_de.json …) and
// is embedded by its name, so adding a file is enough. It is one flat JSON
// object: message key to text. Keys are dotted, lower case, and start with
// their area or a topic (mail.…, page.…, error.…); a key lives in one area only.
//
//	{
//	  "page.home.hello": "Hello {name}",
//	  "page.home.left":  {"one": "{n} step left", "other": "{n} steps left"}
//	}
//
// A placeholder is {name}: lower-case letters, digits and underscores. A value
// may be an object of plural forms; the argument n picks the form. There is no
// mark-up: who renders HTML escapes what T returns. Values are trusted (ours);
// arguments are not, and are never expanded a second time.
//
// Every language has the same keys with the same placeholders: the tests of this
// package say which ones differ. The tone is a thoughtful colleague's; German says
// Sie, and „…“ stands around titles.
//
// # Right to left
//
// Direction says which way a language runs, and pages are laid out by it. As long as
// no such language has a catalogue, the locale "ar-XB" (as other systems call their
// test of it) speaks English in pages that run from right to left.
//
// # Use
//
//	m := text.Catalogue("de-AT")                 // de; unknown languages are English
//	m.T("page.home.hello", "name", person.Name)  // arguments in pairs, as templates like them
//	m.T(fieldError.Key, fieldError.Args)         // or one map[string]any
//	m.Day(due, "Europe/Vienna")                  // "Montag, 23. November"
package text

import (
	"embed"
	"fmt"
	"sort"
	"strings"
	"sync"
)

//go:embed *_*.json
var files embed.FS

// fallback is the language used for locales that have no catalogue.
const fallback = "en"

// load parses the embedded files once; the result is never changed.
var load = sync.OnceValue(func() map[string]*Messages {
	all, err := parseAll(files)
	if err != nil {
		panic(fmt.Sprintf("text: an embedded catalogue is broken: %v", err)) // the tests of this package see it first
	}
	return all
})

// Messages is one language. It is safe for concurrent use.
type Messages struct {
	language string
	mirrored bool // runs from right to left whatever the language
	messages map[string]message
}

// message is a text by plural form; one without plural has the form "other" only.
type message map[string]string

// Catalogue gives the messages for a locale such as "de", "de-AT", "de_AT.UTF-8"
// or an Accept-Language value, whose first known language counts. A locale that
// is unknown or empty gives English.
func Catalogue(locale string) *Messages {
	all := load()
	for range 16 {
		first, rest, more := strings.Cut(locale, ",")
		language := strings.ToLower(strings.TrimSpace(first))
		if language == mirror {
			return &Messages{language: fallback, mirrored: true, messages: all[fallback].messages}
		}
		if i := strings.IndexAny(language, "-_.;@"); i >= 0 {
			language = language[:i]
		}
		if m, ok := all[language]; ok {
			return m
		}
		if !more {
			break
		}
		locale = rest
	}
	return all[fallback]
}

// Locales lists the languages that have a catalogue, sorted.
func Locales() []string {
	var names []string
	for name := range load() {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Language is the BCP 47 tag of the catalogue, as in <html lang>.
func (m *Messages) Language() string { return m.language }

// mirror is the locale that shows the fallback from right to left.
const mirror = "ar-xb"

// rightToLeft are the languages that are written so.
var rightToLeft = map[string]bool{"ar": true, "ckb": true, "dv": true, "fa": true, "he": true, "ps": true, "ug": true, "ur": true, "yi": true}

// Direction is "ltr" or "rtl", as in <html dir>.
func (m *Messages) Direction() string {
	if m.mirrored || rightToLeft[m.language] {
		return "rtl"
	}
	return "ltr"
}

// Has tells whether the catalogue knows the key.
func (m *Messages) Has(key string) bool { _, ok := m.messages[key]; return ok }

// T gives the text of a key. Arguments are pairs of name and value, or one
// map[string]any. A key that is unknown comes back as it is, so that it is seen
// and searched for; so does a placeholder without argument.
func (m *Messages) T(key string, args ...any) string {
	msg, ok := m.messages[key]
	if !ok {
		return key
	}
	values := arguments(args)
	form := msg["other"]
	if n, ok := values["n"]; ok && len(msg) > 1 {
		if f, ok := msg[plural(n)]; ok {
			form = f
		}
	}
	return expand(form, values)
}

// arguments accepts pairs or one map.
func arguments(args []any) map[string]any {
	if len(args) == 1 {
		if m, ok := args[0].(map[string]any); ok {
			return m
		}
	}
	values := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			values[name] = args[i+1]
		}
	}
	return values
}

// plural is the CLDR category of a count, which English and German share.
func plural(n any) string {
	switch fmt.Sprint(n) {
	case "1":
		return "one"
	default:
		return "other"
	}
}

// expand replaces {name} by its value, in one pass: values are not looked into.
func expand(form string, values map[string]any) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(form, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(form[open:], '}')
		if end < 0 {
			break
		}
		name := form[open+1 : open+end]
		b.WriteString(form[:open])
		if v, ok := values[name]; ok {
			fmt.Fprint(&b, v)
		} else {
			b.WriteString(form[open : open+end+1])
		}
		form = form[open+end+1:]
	}
	b.WriteString(form)
	return b.String()
}
