package lrs

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // xAPI's mbox_sha1sum
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// pseudonyms makes the names under which people who were erased live on. It is
// made at the first erasure and kept in the tenant's store.
type pseudonyms struct {
	Home   string `json:"home"`   // home page of the accounts
	Secret []byte `json:"secret"` // 32 random bytes: without them nobody can tell whose a pseudonym is
}

const pseudonymSetting = "pseudonym"

// pseudonyms loads the tenant's, and makes them if there are none.
func (l *LRS) pseudonyms(ctx context.Context) (pseudonyms, error) {
	fresh := pseudonyms{Home: strings.TrimRight(l.o.IRIBase, "/") + "/pseudonym", Secret: make([]byte, 32)}
	rand.Read(fresh.Secret)
	for range 2 {
		var p pseudonyms
		old, err := l.store.Setting(ctx, pseudonymSetting)
		if err != nil {
			return p, err
		}
		if old != nil {
			return p, json.Unmarshal(old, &p)
		}
		if l.o.IRIBase == "" {
			return p, errors.New("lrs: the record store has no IRI base to make pseudonyms under")
		}
		doc, err := json.Marshal(fresh)
		if err != nil {
			return p, err
		}
		if _, err := l.store.SwapSetting(ctx, pseudonymSetting, nil, doc); err != nil {
			return p, err
		}
	}
	return pseudonyms{}, errors.New("lrs: the secret of the pseudonyms vanished while it was read")
}

// of is the pseudonym of the agent with the key, always the same. A mailbox and
// its SHA-1 have one.
func (p pseudonyms) of(agent string) xapi.Agent {
	all := aliases(agent)
	mac := hmac.New(sha256.New, p.Secret)
	mac.Write([]byte(all[len(all)-1]))
	return xapi.AccountAgent(p.Home, hex.EncodeToString(mac.Sum(nil)[:16]))
}

// aliases are the keys by which statements may name the agent with the key: for a
// mailbox that, and its SHA-1.
func aliases(agent string) []string {
	if mbox, ok := strings.CutPrefix(agent, "mbox|"); ok {
		sum := sha1.Sum([]byte(mbox)) //nolint:gosec // see the import
		return []string{agent, xapi.Agent{MboxSHA1Sum: hex.EncodeToString(sum[:])}.Key()}
	}
	return []string{agent}
}

// rewrite puts pseudonyms in the place of the agents with the keys. A signature
// goes: its payload repeats the statement, and would tell who they are. n is how often they were named.
func (p pseudonyms) rewrite(doc []byte, agents []string) (out []byte, n int, err error) {
	out = doc
	for _, agent := range agents {
		var here int
		if out, here, err = xapi.ReplaceAgent(out, agent, p.of(agent)); err != nil {
			return nil, 0, fmt.Errorf("lrs: pseudonymise: %w", err)
		}
		n += here
	}
	vouched, here, err := p.vouched(out, agents)
	if err != nil {
		return nil, 0, fmt.Errorf("lrs: pseudonymise: %w", err)
	}
	if n += here; n == 0 {
		return doc, 0, nil
	}
	out, _, err = xapi.DropAttachments(vouched, func(a xapi.Attachment) bool { return a.UsageType == xapi.UsageSignature })
	if err != nil {
		return nil, 0, fmt.Errorf("lrs: pseudonymise: %w", err)
	}
	return out, n, nil
}

// vouched puts pseudonyms in the authority: an imported statement may have been
// vouched for by a person.
func (p pseudonyms) vouched(doc []byte, agents []string) (out []byte, n int, err error) {
	s, err := xapi.DecodeStored(doc)
	if err != nil || s.Authority == nil {
		return doc, 0, err
	}
	members := s.Members()
	var b bytes.Buffer
	for i, m := range members {
		b.WriteByte("{,"[min(i, 1)])
		if m.Key == "authority" {
			// The authority stands where an actor would: that is replaced.
			value := []byte(`{"actor":` + m.Value + `}`)
			for _, agent := range agents {
				var here int
				if value, here, err = xapi.ReplaceAgent(value, agent, p.of(agent)); err != nil {
					return nil, 0, err
				}
				n += here
			}
			m.Value = string(value[len(`{"actor":`) : len(value)-1])
		}
		key, err := json.Marshal(m.Key)
		if err != nil {
			return nil, 0, err
		}
		b.Write(key)
		b.WriteString(":" + m.Value)
	}
	b.WriteByte('}')
	if n == 0 {
		return doc, 0, nil
	}
	return b.Bytes(), n, nil
}
