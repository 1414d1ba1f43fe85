package xapi

import (
	"fmt"
	"strconv"
	"strings"
)

// Error says which value of a statement is wrong and why.
type Error struct {
	Path   string // e.g. "statements[3].result.duration"; "" is the whole document
	Reason string // what would be right
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// fail is an error about the value at hand; whoever holds that value adds its
// step of the path with in or at.
func fail(format string, args ...any) *Error {
	return &Error{Reason: fmt.Sprintf(format, args...)}
}

// in puts the property key before the path of e, which may be nil.
func (e *Error) in(key string) *Error {
	if e == nil {
		return nil
	}
	if !plainKey(key) {
		key = "[" + quote(key) + "]"
	}
	return e.under(key)
}

// at puts an array index before the path of e, which may be nil.
func (e *Error) at(index int) *Error {
	if e == nil {
		return nil
	}
	return e.under("[" + strconv.Itoa(index) + "]")
}

func (e *Error) under(step string) *Error {
	if e.Path != "" && e.Path[0] != '[' {
		step += "."
	}
	e.Path = step + e.Path
	return e
}

// asError turns the nil *Error into the nil error.
func (e *Error) asError() error {
	if e == nil {
		return nil
	}
	return e
}

// plainKey tells whether a key can stand in a path without quotes.
func plainKey(key string) bool {
	for i := range len(key) {
		c := key[i] | 0x20
		if (c < 'a' || c > 'z') && (key[i] < '0' || key[i] > '9') && key[i] != '_' && key[i] != '-' {
			return false
		}
	}
	return key != "" && len(key) <= 64
}

// quote is s in quotes, cut to a length fit for an error message.
func quote(s string) string {
	const most = 120
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
