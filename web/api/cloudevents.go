package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cairn-lms/cairn/engine"
)

// The media types of CloudEvents 1.0 (HTTP protocol binding, JSON event format).
const (
	mediaEvent = "application/cloudevents+json"
	mediaBatch = "application/cloudevents-batch+json"
)

// DecodeEvents reads CloudEvents 1.0 as a request brings them: one in structured mode, a batch, or one in binary mode
// (ce- headers). What is wrong is told with JSON pointers.
func DecodeEvents(header http.Header, body []byte) ([]engine.CloudEvent, error) {
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, refuse(http.StatusUnsupportedMediaType, "media-type", "charset: only utf-8")
	}
	switch {
	case err == nil && media == mediaEvent:
		return one(decodeEvent(body))
	case err == nil && media == mediaBatch:
		return decodeBatch(body)
	case header.Get("Ce-Specversion") != "" || header.Get("Ce-Id") != "":
		return one(decodeBinary(header, body))
	}
	return nil, refuse(http.StatusUnsupportedMediaType, "media-type", "send "+mediaEvent+", "+mediaBatch+", or ce- headers beside the data")
}

func one(ev engine.CloudEvent, fs faults) ([]engine.CloudEvent, error) {
	if len(fs) > 0 {
		return nil, malformed(fs)
	}
	return []engine.CloudEvent{ev}, nil
}

func decodeEvent(body []byte) (engine.CloudEvent, faults) {
	tree, bad := parseTree(body)
	if bad != nil {
		return engine.CloudEvent{}, bad
	}
	r := &eventReader{}
	ev := r.event(tree, "")
	return ev, r.faults.placed(body)
}

func decodeBatch(body []byte) ([]engine.CloudEvent, error) {
	tree, bad := parseTree(body)
	if bad != nil {
		return nil, malformed(bad)
	}
	r := &eventReader{}
	var events []engine.CloudEvent
	switch {
	case tree.kind != 'a':
		r.refuse(tree, "", "expected a list of events")
	case len(tree.items) == 0 || len(tree.items) > engine.MaxEventBatch:
		r.refuse(tree, "", "a batch has 1 to %d events, this one %d", engine.MaxEventBatch, len(tree.items))
	default:
		for i, item := range tree.items {
			events = append(events, r.event(item, "/"+strconv.Itoa(i)))
		}
	}
	if len(r.faults) > 0 {
		return nil, malformed(r.faults.placed(body))
	}
	return events, nil
}

// eventReader reads events in JSON.
type eventReader struct{ checker }

func (r *eventReader) event(n *node, at string) engine.CloudEvent {
	var ev engine.CloudEvent
	if n.kind != 'o' {
		r.refuse(n, at, "expected an object")
		return ev
	}
	attributes := map[string]*node{}
	for _, f := range n.fields {
		pointer := at + "/" + escape(f.name)
		switch {
		case f.name == "data" || f.name == "data_base64":
		case !attributeName(f.name):
			r.refuse(&node{offset: f.offset}, pointer, "a name of an attribute has lower-case letters and digits only")
			continue
		case f.value.kind == '0':
			continue // as if it were not there
		case f.value.kind == 'o' || f.value.kind == 'a':
			r.refuse(f.value, pointer, "an attribute is a text, a number or a boolean")
			continue
		}
		attributes[f.name] = f.value
	}
	get := func(name string, required bool) string {
		a := attributes[name]
		switch {
		case a == nil && required:
			r.refuse(n, at+"/"+name, "is missing")
			return ""
		case a == nil:
			return ""
		case a.kind != 's':
			r.refuse(a, at+"/"+name, "expected a text")
			return ""
		}
		if problem := attributeProblem(name, a.text); problem != "" {
			r.refuse(a, at+"/"+name, "%s", problem)
		}
		return a.text
	}
	ev.ID, ev.Source, ev.Type, ev.Subject = get("id", true), get("source", true), get("type", true), get("subject", false)
	get("specversion", true)
	get("dataschema", false)
	media := get("datacontenttype", false)
	if t := get("time", false); t != "" {
		ev.Time, _ = time.Parse(time.RFC3339, t) // judged by attributeProblem
	}
	data, encoded := n.member("data"), n.member("data_base64")
	switch {
	case data != nil && encoded != nil:
		r.refuse(encoded, at+"/data_base64", "data is there already")
	case data != nil && data.kind != '0':
		if ev.Data = data.raw; len(data.raw) > engine.MaxEventData {
			r.refuse(data, at+"/data", "has %d bytes, %d at most", len(data.raw), engine.MaxEventData)
		}
	case encoded != nil && encoded.kind != '0':
		raw, err := base64.StdEncoding.DecodeString(encoded.text)
		if encoded.kind != 's' || err != nil {
			r.refuse(encoded, at+"/data_base64", "is no base64")
			break
		}
		var problem string
		if ev.Data, problem = dataOf(media, raw); problem != "" {
			r.refuse(encoded, at+"/data_base64", "%s", problem)
		}
	}
	return ev
}

// attributeName is the rule of the specification; twenty characters are only its advice.
func attributeName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// attributeProblem says what is wrong with the value of a known attribute, or "".
func attributeProblem(name, value string) string {
	switch {
	case value == "":
		return "is empty"
	case len(value) > 1000:
		return "is longer than 1000 bytes"
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }):
		return "has control characters"
	}
	switch name {
	case "specversion":
		if value != "1.0" {
			return fmt.Sprintf("%.20q is not known; 1.0 is", value)
		}
	case "source", "dataschema":
		u, err := url.Parse(value)
		if err != nil || strings.Contains(value, " ") || name == "dataschema" && u.Scheme == "" {
			return "is no URI"
		}
	case "time":
		if _, err := time.Parse(time.RFC3339, value); err != nil {
			return "is no instant by RFC 3339, as 2026-11-21T09:00:00Z"
		}
	case "datacontenttype":
		if _, _, err := mime.ParseMediaType(value); err != nil {
			return "is no media type"
		}
	case "type":
		if len(value) > 200 || strings.Trim(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
			return "has other than letters, digits, dots, - and _, or more than 200 of them"
		}
	}
	return ""
}

// dataOf is data as we keep it: JSON as it is, other text as a JSON string.
func dataOf(media string, raw []byte) (json.RawMessage, string) {
	if len(raw) == 0 {
		return nil, ""
	}
	if len(raw) > engine.MaxEventData {
		return nil, fmt.Sprintf("has %d bytes, %d at most", len(raw), engine.MaxEventData)
	}
	base, _, _ := mime.ParseMediaType(media)
	if base == "" || base == "application/json" || strings.HasSuffix(base, "+json") {
		if _, bad := parseTree(raw); bad != nil {
			return nil, bad[0].Detail
		}
		return raw, ""
	}
	if !utf8.Valid(raw) {
		return nil, "is no text; only JSON and text are taken"
	}
	text, err := json.Marshal(string(raw))
	if err != nil || len(text) > engine.MaxEventData {
		return nil, fmt.Sprintf("has more than %d bytes", engine.MaxEventData)
	}
	return text, ""
}

// decodeBinary reads the binary mode: attributes in ce- headers, percent-encoded, and the data as the body.
func decodeBinary(header http.Header, body []byte) (engine.CloudEvent, faults) {
	var ev engine.CloudEvent
	var fs faults
	wrong := func(name, detail string) { fs = append(fs, fault{Pointer: "/" + name, Detail: detail}) }
	attributes := map[string]string{}
	for key, values := range header {
		name, ok := strings.CutPrefix(strings.ToLower(key), "ce-")
		if !ok {
			continue
		}
		value, err := url.PathUnescape(values[0])
		switch {
		case !attributeName(name):
			wrong(escape(name), "a name of an attribute has lower-case letters and digits only")
		case name == "data" || name == "datacontenttype":
			wrong(name, "is not sent as a header; the data is the body, its type the Content-Type")
		case len(values) > 1:
			wrong(name, "stands there twice")
		case err != nil || !utf8.ValidString(value):
			wrong(name, "is not percent-encoded as it should be")
		default:
			attributes[name] = value
		}
	}
	get := func(name string, required bool) string {
		value, ok := attributes[name]
		if !ok {
			if required {
				wrong(name, "the header ce-"+name+" is missing")
			}
			return ""
		}
		if problem := attributeProblem(name, value); problem != "" {
			wrong(name, problem)
		}
		return value
	}
	ev.ID, ev.Source, ev.Type, ev.Subject = get("id", true), get("source", true), get("type", true), get("subject", false)
	get("specversion", true)
	get("dataschema", false)
	if t := get("time", false); t != "" {
		ev.Time, _ = time.Parse(time.RFC3339, t)
	}
	var problem string
	if ev.Data, problem = dataOf(header.Get("Content-Type"), body); problem != "" {
		wrong("data", problem)
	}
	return ev, fs
}
