package lrs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cairn-lms/cairn/xapi"
	"github.com/google/uuid"
)

// defaultStatement bounds a statement; maxStatement is what fits into one document of
// MongoDB (16 MiB) with all that it may be found by: up to 50 times 2000 keys, of 35
// bytes there.
const (
	defaultStatement = 8 << 20
	maxStatement     = 12 << 20
)

// fits refuses a statement that is too large to be stored.
func (l *LRS) fits(s *xapi.Statement) error {
	if int64(len(s.Raw)) <= l.o.MaxStatement {
		return nil
	}
	return &xapi.Error{Reason: fmt.Sprintf("a statement has at most %d bytes here", l.o.MaxStatement)}
}

// entries turns decoded statements into what the store keeps. Ids that are
// missing are made; two statements with one id are an *xapi.Error. define tells
// whether what they say of activities counts.
func entries(list []*xapi.Statement, authority xapi.Agent, v xapi.Version, define bool) ([]Entry, error) {
	vouch, err := json.Marshal(authority)
	if err != nil {
		return nil, fmt.Errorf("lrs: encode authority: %w", err)
	}
	out := make([]Entry, 0, len(list))
	at := make(map[string]int, len(list))
	for i, s := range list {
		if s.ID == "" {
			id, err := uuid.NewV7()
			if err != nil {
				return nil, fmt.Errorf("lrs: make a statement id: %w", err)
			}
			s.ID = id.String()
		}
		if first, twice := at[s.ID]; twice {
			return nil, &xapi.Error{Path: fmt.Sprintf("statements[%d].id", i), Reason: fmt.Sprintf("statements[%d] has this id too", first)}
		}
		at[s.ID] = i
		e := entry(s, authority, vouch, v)
		if define {
			if e.Definitions = definitions(s); len(e.Definitions) > 0 {
				e.Flags |= Defines
			}
		}
		out = append(out, e)
	}
	return out, nil
}

func entry(s *xapi.Statement, authority xapi.Agent, vouch []byte, v xapi.Version) Entry {
	s.Authority = &authority
	e := Entry{ID: s.ID, Doc: document(s, vouch, v), At: nanos(s.Timestamp)}
	e.Keys, e.Beyond = bounded(allKeys(s))
	if s.Object.Ref != nil {
		e.Target = s.Object.Ref.ID
	}
	e.setFlags(s)
	return e
}

// setFlags sets those that the statement itself tells.
func (e *Entry) setFlags(s *xapi.Statement) {
	if s.Object.Ref != nil {
		if s.Verb.ID == xapi.VerbVoided {
			e.Flags |= Voiding
		}
	}
	if !slices.ContainsFunc(s.Members(), func(m xapi.Member) bool { return m.Key == "timestamp" }) {
		e.Flags |= Stamp
	}
	if s.MustAdapt() {
		e.Flags |= Adapt
	}
}

// document is the statement's own bytes, property by property as received, with
// the properties the record store sets: id and version if missing, authority.
// What the client says of stored and authority is dropped. Without vouch the
// authority it has stays.
func document(s *xapi.Statement, vouch []byte, v xapi.Version) []byte {
	var b bytes.Buffer
	b.Grow(len(s.Raw) + len(vouch) + 96)
	hasID, hasVersion := false, false
	sep := byte('{')
	put := func(key, value string) {
		b.WriteByte(sep)
		sep = ','
		b.WriteString(`"` + key + `":` + value)
	}
	for _, m := range s.Members() {
		switch m.Key {
		case "stored":
			continue
		case "authority":
			if vouch != nil {
				continue
			}
		case "id":
			hasID = true
		case "version":
			hasVersion = true
		}
		put(m.Key, m.Value) // checked names need no escaping
	}
	if !hasID {
		put("id", `"`+s.ID+`"`)
	}
	if vouch != nil {
		put("authority", string(vouch))
	}
	if !hasVersion {
		version := `"1.0.0"` // what 1.0.3 says a statement without version is
		if v == xapi.V200 {
			version = `"2.0.0"`
		}
		put("version", version)
	}
	b.WriteByte('}')
	return b.Bytes()
}
