package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Identity is a name by which a source knows a person: a namespace and a name in it. The account of an LMS is one
// (issuer and subject, or user name: ByAccount), and so are the names that ByEmail and ByCanvas make.
type Identity struct {
	Issuer string `json:"issuer"`
	Name   string `json:"name"`
}

// Alias says that the person with an LMS account also goes by another name. It is learnt at a launch.
type Alias struct {
	Of      Identity  `json:"of"`
	Issuer  string    `json:"issuer"`
	Subject string    `json:"subject"`
	Seen    time.Time `json:"seen"`
}

// The namespaces of names that are no account of an LMS; no issuer looks like them.
const (
	emailNames  = "mailto:"
	canvasNames = "canvas:"
)

// maxAliases bounds the other names of one person.
const maxAliases = 12

// ByAccount is the account of an LMS: the subject of its launches, or, where a source prefers it, the user name.
func ByAccount(issuer, name string) Identity { return Identity{Issuer: issuer, Name: name} }

// ByEmail is an e-mail address, in any case; the zero Identity if it is none.
func ByEmail(email string) Identity {
	email, ok := validEmail(email)
	if !ok {
		return Identity{}
	}
	return Identity{Issuer: emailNames, Name: email}
}

// ByCanvas is a user of one Canvas root account (its GUID) as one registration's events name them; see CanvasID.
func ByCanvas(registration, account, user string) Identity {
	id := CanvasID(user)
	if id == "" || registration == "" {
		return Identity{}
	}
	return Identity{Issuer: canvasNames + registration + "/" + account, Name: id}
}

// canvasLocalDigits is how many digits of a global id of Canvas are the local one; the shard's number stands before.
const canvasLocalDigits = 13

// CanvasID is the local form of an id of Canvas: 21070000000000565 is 565 on shard 2107. "" if it is none.
func CanvasID(id string) string {
	id = strings.TrimSpace(id)
	if id == "" || len(id) > 20 || strings.Trim(id, "0123456789") != "" {
		return ""
	}
	if len(id) > canvasLocalDigits {
		id = id[len(id)-canvasLocalDigits:]
	}
	return strings.TrimLeft(id, "0")
}

func (i Identity) zero() bool { return i.Issuer == "" || i.Name == "" }

// Key is what stores index.
func (i Identity) Key() string { return AccountKey(i.Issuer, i.Name) }

// usable is an identity of a size that can be kept.
func (i Identity) usable() bool { return !i.zero() && len(i.Issuer) <= 1024 && len(i.Name) <= 1024 }

// learnNames notes by which other names a person goes. An address or a user name replaces the one before, not one that
// is said beside it.
func (s *Service) learnNames(ctx context.Context, p Person, names ...Identity) (Person, error) {
	var fresh []Identity
	for _, n := range names {
		if n.usable() && !slices.Contains(p.Names, n) && (n.Issuer != p.Issuer || n.Name != p.Subject) {
			fresh = append(fresh, n)
		}
	}
	if len(fresh) == 0 {
		return p, nil
	}
	for _, n := range fresh { // first: a name on the person that leads nowhere is never learnt again
		if err := s.o.Store.PutAlias(ctx, Alias{Of: n, Issuer: p.Issuer, Subject: p.Subject, Seen: s.now()}); err != nil {
			return p, fmt.Errorf("learn a name: %w", err)
		}
	}
	err := s.changePerson(ctx, p.ID, func(p *Person) {
		for _, n := range fresh {
			p.Names = slices.DeleteFunc(p.Names, func(old Identity) bool {
				return old == n || old.Issuer == n.Issuer && !strings.HasPrefix(n.Issuer, canvasNames) && !slices.Contains(names, old)
			})
			p.Names = append(p.Names, n)
		}
		if len(p.Names) > maxAliases {
			p.Names = p.Names[len(p.Names)-maxAliases:]
		}
	})
	if err != nil {
		return p, err
	}
	return s.Person(ctx, p.ID)
}
