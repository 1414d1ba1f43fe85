package lti

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// object is a JSON object whose members are read one by one, with exact names
// (encoding/json's structs ignore case) and typed errors. A null member counts
// as absent.
type object map[string]json.RawMessage

// typeError is a member of the wrong JSON type.
type typeError struct{ name, want string }

func (e *typeError) Error() string { return fmt.Sprintf("%s is not %s", e.name, e.want) }

func badType(err error) *Rejection { return reject("bad_claim_type", "%s", err) }

func parseObject(data []byte) (object, error) {
	var o object
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, &typeError{"the document", "an object"}
	}
	return o, nil
}

func (o object) has(name string) bool {
	raw, ok := o[name]
	return ok && !bytes.Equal(bytes.TrimSpace(raw), []byte("null"))
}

// text reads a string.
func (o object) text(name string) (value string, ok bool, err error) {
	if !o.has(name) {
		return "", false, nil
	}
	if err := json.Unmarshal(o[name], &value); err != nil {
		return "", false, &typeError{name, "a string"}
	}
	return value, true, nil
}

// texts reads an array of strings.
func (o object) texts(name string) (values []string, ok bool, err error) {
	if !o.has(name) {
		return nil, false, nil
	}
	var raw []*string
	if err := json.Unmarshal(o[name], &raw); err != nil {
		return nil, false, &typeError{name, "an array of strings"}
	}
	values = make([]string, 0, len(raw))
	for _, s := range raw {
		if s == nil {
			return nil, false, &typeError{name, "an array of strings"}
		}
		values = append(values, *s)
	}
	return values, true, nil
}

// flag reads a boolean; Blackboard and old Sakai send it as a string.
func (o object) flag(name string) (bool, error) {
	if !o.has(name) {
		return false, nil
	}
	switch string(bytes.TrimSpace(o[name])) {
	case "true", `"true"`:
		return true, nil
	case "false", `"false"`, `""`:
		return false, nil
	}
	return false, &typeError{name, "a boolean"}
}

// object reads a nested object.
func (o object) object(name string) (value object, ok bool, err error) {
	if !o.has(name) {
		return nil, false, nil
	}
	value, err = parseObject(o[name])
	if err != nil {
		return nil, false, &typeError{name, "an object"}
	}
	return value, true, nil
}

// instant reads a NumericDate: seconds since 1970, a JSON number.
func (o object) instant(name string) (at time.Time, ok bool, err error) {
	if !o.has(name) {
		return time.Time{}, false, nil
	}
	var seconds float64
	if err := json.Unmarshal(o[name], &seconds); err != nil {
		return time.Time{}, false, &typeError{name, "a number of seconds"}
	}
	const year9999 = 253402300799
	if math.IsNaN(seconds) || seconds < 0 || seconds > year9999 {
		return time.Time{}, false, &typeError{name, "a time between 1970 and 9999"}
	}
	whole, frac := math.Modf(seconds)
	return time.Unix(int64(whole), int64(frac*1e9)).UTC(), true, nil
}
