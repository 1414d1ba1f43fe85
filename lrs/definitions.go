package lrs

import (
	"context"
	"fmt"
	"hash/maphash"

	"github.com/cairn-lms/cairn/xapi"
)

// Definitions keeps the canonical definition of each activity: what all
// statements said of it, merged in order of stored (see xapi.MergeDefinition).
// It comes with the statements: Insert merges the Definitions of its entries, at
// once or soon, even if the process dies meanwhile.
type Definitions interface {
	// Definitions returns the definitions, raw JSON objects, of those of the
	// activities that have one.
	Definitions(ctx context.Context, activities []string) (map[string][]byte, error)
}

// Definition is what one statement says of an activity.
type Definition struct {
	Activity string // its IRI
	Doc      string // a JSON object
	Stored   int64  // of the statement; the store sets it
}

const (
	maxDefinitions = 100      // that one statement adds to
	maxDefinition  = 64 << 10 // bytes of one
)

// definitions are what the statement says of activities, within bounds.
func definitions(s *xapi.Statement) []Definition {
	var out []Definition
	for id, raw := range s.Definitions() {
		if len(out) == maxDefinitions {
			break
		}
		if len(raw) <= maxDefinition && raw != "{}" {
			out = append(out, Definition{Activity: id, Doc: raw})
		}
	}
	return out
}

// DefinitionsOf are the Definitions of an entry whose document this is.
func DefinitionsOf(doc []byte) ([]Definition, error) {
	s, err := xapi.DecodeStored(doc)
	if err != nil {
		return nil, fmt.Errorf("lrs: definitions: %w", err)
	}
	return definitions(s), nil
}

// Over is the definition put over an older one, which may be empty. One that
// would grow too large stays as it is.
func (d Definition) Over(old []byte) ([]byte, error) {
	merged, err := xapi.MergeDefinition(old, []byte(d.Doc))
	if err != nil {
		return nil, fmt.Errorf("lrs: definition of %s: %w", d.Activity, err)
	}
	if len(merged) > maxDefinition && len(old) > 0 {
		return old, nil
	}
	return merged, nil
}

// DefinitionCache knows what stores merged last of each activity, so that the
// same definition again, as in nearly every statement, costs nothing. Revision
// is the store's count of changes: the cache is good for that state only. The
// zero value is ready; it is not for concurrent use.
type DefinitionCache struct {
	revision    int64
	seed        maphash.Seed
	young, aged map[string]uint64 // by activity: hash of the definition merged last
}

// cached bounds each generation of the cache, and longIRI the ids in it.
const (
	cached  = 4096
	longIRI = 500
)

// At says which revision the store is at. Another than the cache was left at
// empties it.
func (c *DefinitionCache) At(revision int64) {
	if c.young == nil || c.revision != revision {
		*c = DefinitionCache{revision: revision, seed: maphash.MakeSeed(), young: map[string]uint64{}}
	}
}

// News are the definitions, in order, that may say something new, by activity.
func (c *DefinitionCache) News(list []Definition) map[string][]Definition {
	var news map[string][]Definition
	for _, d := range list {
		todo := news[d.Activity]
		if n := len(todo); n > 0 && todo[n-1].Doc == d.Doc || n == 0 && c.merged(d) {
			continue
		}
		if news == nil {
			news = map[string][]Definition{}
		}
		news[d.Activity] = append(todo, d)
	}
	return news
}

// merged tells whether this is what was merged last.
func (c *DefinitionCache) merged(d Definition) bool {
	was, ok := c.young[d.Activity]
	if !ok {
		if was, ok = c.aged[d.Activity]; ok {
			c.put(d.Activity, was)
		}
	}
	return ok && was == maphash.String(c.seed, d.Doc)
}

// Done says that the news are merged, which brought the store to the revision.
func (c *DefinitionCache) Done(news map[string][]Definition, revision int64) {
	c.revision = revision
	for activity, list := range news {
		if len(activity) <= longIRI {
			c.put(activity, maphash.String(c.seed, list[len(list)-1].Doc))
		}
	}
}

func (c *DefinitionCache) put(activity string, hash uint64) {
	if len(c.young) >= cached {
		c.aged, c.young = c.young, make(map[string]uint64, cached)
	}
	c.young[activity] = hash
}
