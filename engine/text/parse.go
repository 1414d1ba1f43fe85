package text

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
)

// parseAll reads every <area>_<language>.json of a folder into one catalogue per
// language. A key that stands twice is refused, within a file and across areas.
func parseAll(folder fs.FS) (map[string]*Messages, error) {
	names, err := fs.Glob(folder, "*_*.json")
	if err != nil {
		return nil, err
	}
	all := make(map[string]*Messages)
	for _, name := range names {
		_, language, _ := strings.Cut(strings.TrimSuffix(name, ".json"), "_")
		source, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		parsed, err := parse(source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		m := all[language]
		if m == nil {
			m = &Messages{language: language, messages: make(map[string]message)}
			all[language] = m
		}
		for key, msg := range parsed {
			if _, twice := m.messages[key]; twice {
				return nil, fmt.Errorf("%s: %s stands in another file too", name, key)
			}
			m.messages[key] = msg
		}
	}
	if all[fallback] == nil {
		return nil, errors.New("no English catalogue")
	}
	return all, nil
}

var (
	keyForm         = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+$`)
	placeholderForm = regexp.MustCompile(`\{([^{}]*)\}`)
	argumentForm    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// parse reads one file.
func parse(source []byte) (map[string]message, error) {
	dec := json.NewDecoder(bytes.NewReader(source))
	if err := expect(dec, json.Delim('{')); err != nil {
		return nil, err
	}
	out := make(map[string]message)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		if !keyForm.MatchString(key) {
			return nil, fmt.Errorf("%q is not a message key", key)
		}
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("%s stands twice", key)
		}
		if out[key], err = parseMessage(dec); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if err := expect(dec, json.Delim('}')); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	return out, nil
}

// parseMessage reads a text or an object of plural forms.
func parseMessage(dec *json.Decoder) (message, error) {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return nil, err
	}
	msg := message{}
	if bytes.HasPrefix(raw, []byte("{")) {
		if err := json.Unmarshal(raw, &msg); err != nil {
			return nil, err
		}
	} else {
		var one string
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, err
		}
		msg["other"] = one
	}
	if _, ok := msg["other"]; !ok {
		return nil, errors.New(`the form "other" is missing`)
	}
	for form, s := range msg {
		if form != "one" && form != "other" {
			return nil, fmt.Errorf("%q is not a plural form (one, other)", form)
		}
		if strings.TrimSpace(s) == "" {
			return nil, errors.New("the text is empty")
		}
		for _, p := range placeholderForm.FindAllStringSubmatch(s, -1) {
			if !argumentForm.MatchString(p[1]) {
				return nil, fmt.Errorf("%s is not a placeholder", p[0])
			}
		}
		if rest := placeholderForm.ReplaceAllString(s, ""); strings.ContainsAny(rest, "{}") {
			return nil, errors.New("a brace without its partner")
		}
	}
	return msg, nil
}

func expect(dec *json.Decoder, want json.Delim) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("want %v, have %v", want, token)
	}
	return nil
}
