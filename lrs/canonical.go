package lrs

import (
	"context"
	"fmt"

	"github.com/cairn-lms/cairn/xapi"
)

// What bounds a page with format=canonical. Every mention of an activity gets its
// whole definition: a page may grow a thousand times.
const (
	maxShown   = 2 * pageBytes // bytes of statements; the first may be as large as it was sent
	maxDefined = pageBytes     // bytes of definitions
	maxLookups = 5_000         // activities looked up
	lookup     = 100           // of them at a time
	readAhead  = 256 << 10     // bytes of statements read at a time
)

// canonicalPage is a page in the making.
type canonicalPage struct {
	store  Definitions
	show   *xapi.Canonical
	looked map[string]bool // activities
	room   int             // bytes of definitions that may still come
}

// canonical is the documents of the rows as format=canonical wants them:
// activities as they are defined by now, in one language. It is of so many of
// them as make one page: of the first it shows as much as it can.
func (l *LRS) canonical(ctx context.Context, rows []Row, docs [][]byte, languages string) ([][]byte, error) {
	p := canonicalPage{store: l.store, show: xapi.NewCanonical(languages), looked: map[string]bool{}, room: maxDefined}
	room := maxShown
	for done := 0; done < len(docs); {
		read, err := readSome(rows[done:], docs[done:])
		if err != nil {
			return nil, err
		}
		var activities []string
		for _, d := range read {
			activities = append(activities, d.Activities()...)
		}
		if err := p.look(ctx, activities); err != nil {
			return nil, fmt.Errorf("lrs: canonical: %w", err)
		}
		for _, d := range read {
			doc, whole := p.show.Show(d, room)
			if done > 0 && (!whole || !p.knows(d)) {
				return docs[:done], nil
			}
			docs[done] = doc
			room = max(0, room-len(doc))
			done++
		}
	}
	return docs, nil
}

// readSome reads the first of the documents.
func readSome(rows []Row, docs [][]byte) ([]xapi.Document, error) {
	var read []xapi.Document
	for i, size := 0, 0; i < len(docs) && size < readAhead; i++ {
		d, err := xapi.ReadDocument(docs[i])
		if err != nil {
			return nil, fmt.Errorf("lrs: canonical: statement %s: %w", rows[i].ID, err)
		}
		read = append(read, d)
		size += len(docs[i])
	}
	return read, nil
}

// look finds the definitions of the activities, in order, while there is room.
func (p *canonicalPage) look(ctx context.Context, activities []string) error {
	for len(activities) > 0 && p.room > 0 && len(p.looked) < maxLookups {
		var some []string
		for len(activities) > 0 && len(some) < lookup {
			if id := activities[0]; !p.looked[id] {
				p.looked[id] = true
				some = append(some, id)
			}
			activities = activities[1:]
		}
		if len(some) == 0 {
			return nil
		}
		definitions, err := p.store.Definitions(ctx, some)
		if err != nil {
			return err
		}
		for id, definition := range definitions {
			size, err := p.show.Define(id, definition)
			if err != nil {
				return fmt.Errorf("activity %s: %w", id, err)
			}
			p.room -= size
		}
	}
	return nil
}

// knows tells whether all activities of the document were looked up.
func (p *canonicalPage) knows(d xapi.Document) bool {
	for _, id := range d.Activities() {
		if !p.looked[id] {
			return false
		}
	}
	return true
}
