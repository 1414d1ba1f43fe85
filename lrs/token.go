package lrs

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/cairn-lms/cairn/xapi"
)

// maxToken bounds a token, in bytes: with it, a request stays far below the 64 KiB
// of headers that a server reads.
const maxToken = 32 << 10

// token is the query and its position as one path segment: two numbers, then names
// and values of parameters, each with its length before it. It holds nothing that
// its reader could not ask for anyway, and never goes stale.
func (q Query) token() string {
	b := binary.AppendVarint(nil, q.position.after)
	b = binary.AppendVarint(b, q.position.until)
	for _, p := range q.params() {
		for _, text := range p {
			b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
		}
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// params are the query as parameters, name and value.
func (q Query) params() [][2]string {
	var list [][2]string
	set := func(name, value string) {
		if value != "" {
			list = append(list, [2]string{name, value})
		}
	}
	flag := func(name string, on bool) {
		if on {
			set(name, "true")
		}
	}
	if q.Agent != nil {
		agent := *q.Agent
		agent.Name, agent.Member = "", nil
		data, _ := json.Marshal(agent) // texts only: cannot fail
		set("agent", string(data))
	}
	set("verb", q.Verb)
	set("activity", q.Activity)
	set("registration", q.Registration)
	flag("related_agents", q.RelatedAgents)
	flag("related_activities", q.RelatedActivities)
	flag("ascending", q.Ascending)
	flag("attachments", q.Attachments)
	set("format", string(q.Format))
	if q.Limit > 0 {
		set("limit", strconv.Itoa(q.Limit))
	}
	return list
}

// fits demands that the query's tokens can be asked for: else it is the longest
// parameter that is wrong.
func (q Query) fits() error {
	const rest = 2 * binary.MaxVarintLen64 // the position may become longer
	if len(q.token())+base64.RawURLEncoding.EncodedLen(rest) <= maxToken {
		return nil
	}
	var longest [2]string
	for _, p := range q.params() {
		if len(p[1]) > len(longest[1]) {
			longest = p
		}
	}
	return invalid(longest[0], fmt.Sprintf("too long: with what else is asked for, more would be longer than %d bytes", maxToken))
}

// parseToken reads what token wrote, as strictly as a query string.
func parseToken(token string, v xapi.Version) (Query, error) {
	wrong := invalid("more", "not a path that this server gave out")
	if len(token) > maxToken {
		return Query{}, wrong
	}
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return Query{}, wrong
	}
	in := fields{data: data}
	at := position{after: in.number(), until: in.number()}
	var p statementParams
	seen := map[string]bool{}
	for len(in.data) > 0 && !in.bad {
		name, value := in.text(), in.text()
		if seen[name] || in.bad || p.set(name, value, v) != nil {
			return Query{}, wrong
		}
		seen[name] = true
	}
	if q := p.Query; in.bad || at.until == 0 || p.ID != "" || q.Since != nil || q.Until != nil {
		return Query{}, wrong
	}
	p.Query.position = at
	return p.Query, nil
}

// fields reads what a token is made of; bad says that it is something else.
type fields struct {
	data []byte
	bad  bool
}

func (f *fields) number() int64 {
	n, size := binary.Varint(f.data)
	f.skip(size)
	return n
}

func (f *fields) text() string {
	n, size := binary.Uvarint(f.data)
	if f.skip(size); n > uint64(len(f.data)) {
		f.bad = true
	}
	if f.bad {
		return ""
	}
	text := string(f.data[:n])
	f.data = f.data[n:]
	return text
}

// skip goes on behind a number of this size, which is one if it is positive.
func (f *fields) skip(size int) {
	if size <= 0 {
		f.bad, size = true, 0
	}
	f.data = f.data[size:]
}
