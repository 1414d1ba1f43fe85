package lrsmongo

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/google/uuid"
	"github.com/klauspost/compress/snappy"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// TestSizeOfAStatement logs what docs/lrs-at-scale.md computes with: a statement
// of 1.1 KB as BSON, compressed as WiredTiger does by default, and the entries of
// its keys in the index, with prefixes compressed page by page as WiredTiger does.
func TestSizeOfAStatement(t *testing.T) {
	const statements, perPage = 100_000, 400 // entries of 32 KiB
	stored := int64(1_795_275_817_573_768_392)
	var entries []string
	var page []byte
	documents, raw, packed := 0, 0, 0
	for n := range statements {
		stored += rand.Int64N(2_000_000) // 1,000 a second
		actor, object, verb := rand.IntN(1000), rand.IntN(500), rand.IntN(10)
		keys := []lrs.IndexKey{"u k", "A k"}
		for kind, value := range map[string]int{"v": verb, "a": actor, "av": actor*10 + verb, "ao": actor*500 + object, "o": object,
			"ov": object*10 + verb, "r": actor*10 + object%10, "A": object % 20, "O m": object % 100, "O c": object % 25} {
			keys = append(keys, lrs.IndexKey(fmt.Sprint(kind, " ", value)))
		}
		d := toDocument(lrs.Entry{ID: uuid.NewString(), Doc: []byte(statement(actor, object, verb)), Keys: keys}, uuid.NewString(), stored)
		for _, k := range d.Keys {
			entries = append(entries, k+string(binary.BigEndian.AppendUint64(nil, uint64(stored)))+string(binary.BigEndian.AppendUint32(nil, uint32(n))))
		}
		if n%20 != 0 {
			continue
		}
		b, err := bson.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		documents++
		raw += len(b)
		if page = append(page, b...); len(page) > 32<<10 {
			packed += len(snappy.Encode(nil, page))
			page = page[:0]
		}
	}
	slices.Sort(entries)
	whole, prefixed, last := 0, 0, ""
	for i, e := range entries {
		shared := 0
		for i%perPage > 0 && shared < len(e) && e[shared] == last[shared] {
			shared++
		}
		last = e
		whole += len(e) + 8 // type bytes, terminators, cell header
		prefixed += len(e) - shared + 8
	}
	t.Logf("document %d bytes, in its page %d; keys in the index %d bytes, in their pages %d", raw/documents, packed/documents, whole/statements, prefixed/statements)
	if raw/documents > 2200 || prefixed/statements > 400 {
		t.Error("that is more than docs/lrs-at-scale.md computes with")
	}
}

// statement is one of 1.1 KB as an LMS sends it and the store keeps it.
func statement(actor, object, verb int) string {
	account := func(user int) string {
		return fmt.Sprintf(`{"account":{"homePage":"https://lms.example.org","name":"user-%d"},"name":"Learner %d","objectType":"Agent"}`, user, user)
	}
	return strings.Join([]string{
		`{"actor":`, account(actor), fmt.Sprintf(`,"context":{"contextActivities":{"grouping":[{"id":"https://lms.example.org/course/%d","objectType":"Activity"}],`, object%25),
		fmt.Sprintf(`"parent":[{"id":"https://lms.example.org/module/%d","objectType":"Activity"}]},`, object%100),
		fmt.Sprintf(`"extensions":{"https://lms.example.org/ext/session":%d},"instructor":`, rand.IntN(1e6)), account(1000 + object%20),
		fmt.Sprintf(`,"language":"en-US","platform":"bench","registration":"00000000-0000-4000-8000-%012x"},"id":%q,`, actor*10+object%10, uuid.NewString()),
		fmt.Sprintf(`"object":{"definition":{"name":{"en-US":"Step %d","fr":"Etape %d"},"type":"http://adlnet.gov/expapi/activities/lesson"},`, object, object),
		fmt.Sprintf(`"id":"https://lms.example.org/act/%d","objectType":"Activity"},"result":{"completion":true,"duration":"PT12M3.25S",`, object),
		fmt.Sprintf(`"score":{"scaled":0.%d}},"timestamp":"2026-11-21T14:44:19.321Z","verb":{"display":{"en-US":"launched"},`, rand.IntN(100)),
		fmt.Sprintf(`"id":"http://adlnet.gov/expapi/verbs/v%d"},"authority":{"objectType":"Agent","account":{"homePage":"https://cairn.example.org",`, verb),
		`"name":"yWcLuEseAXFYWb9EGZea"}},"version":"1.0.0"}`,
	}, "")
}
