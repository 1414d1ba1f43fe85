package lrs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// releaseSetting holds the digests of attachments whose statements are removed:
// written before the statements go, so that a crash in between forgets none.
const releaseSetting = "release"

// Released tells what became of attachments whose statements went.
type Released struct {
	Attachments int   `json:"attachments"`         // removed: no other statement has them
	Bytes       int64 `json:"attachment_bytes"`    // of those
	Waiting     int   `json:"attachments_waiting"` // put within the hour: they go when no upload can be under way
	left        int   // of those, to CollectBlobs
}

// maxNoted is how many digests are noted before those of what is gone by now are
// released. So many may wait for the next time; more are left to CollectBlobs.
const maxNoted = 1000

// add counts a later release too.
func (r *Released) add(later Released) {
	r.Attachments += later.Attachments
	r.Bytes += later.Bytes
	r.Waiting = r.left + later.Waiting
	r.left += later.left
}

// releasing is what one run of upkeep notes and releases, from time to time.
type releasing struct {
	*LRS
	noted int // since the last release
	total *Released
}

// note notes digests before their statements go.
func (r *releasing) note(ctx context.Context, list []string) error {
	r.noted += len(list)
	return r.toRelease(ctx, list)
}

// often releases what was noted, once that is much. The statements are gone.
func (r *releasing) often(ctx context.Context) error {
	if r.noted < maxNoted {
		return nil
	}
	return r.now(ctx)
}

// now releases what was noted, now or by a run that died.
func (r *releasing) now(ctx context.Context) error {
	done, err := r.release(ctx)
	r.total.add(done)
	r.noted = 0
	return err
}

// digests are those of the bytes that came with the document, lower case.
func digests(row Row) (map[string]bool, error) {
	list, err := row.Attachments()
	if err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for _, a := range list {
		set[a.SHA2] = true
	}
	return set, nil
}

// freed are the digests that the row has and the document, if any, has not.
func freed(row Row, doc []byte) ([]string, error) {
	before, err := digests(row)
	if err != nil || len(before) == 0 {
		return nil, err
	}
	if doc != nil {
		row.Doc = doc
		after, err := digests(row)
		if err != nil {
			return nil, err
		}
		for d := range after {
			delete(before, d)
		}
	}
	out := make([]string, 0, len(before))
	for d := range before {
		out = append(out, d)
	}
	slices.Sort(out)
	return out, nil
}

// swap changes a JSON setting until nobody else changed it meanwhile.
func swap[T any](ctx context.Context, store Store, name string, change func(*T) error) error {
	for range 100 {
		old, err := store.Setting(ctx, name)
		if err != nil {
			return err
		}
		var value T
		if old != nil {
			if err := json.Unmarshal(old, &value); err != nil {
				return fmt.Errorf("lrs: setting %s: %w", name, err)
			}
		}
		if err := change(&value); err != nil {
			return err
		}
		doc, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("lrs: setting %s: %w", name, err)
		}
		if done, err := store.SwapSetting(ctx, name, old, doc); err != nil || done {
			return err
		}
	}
	return fmt.Errorf("lrs: setting %s: others change it all the time", name)
}

// toRelease notes digests before their statements go.
func (l *LRS) toRelease(ctx context.Context, list []string) error {
	if len(list) == 0 {
		return nil
	}
	return swap(ctx, l.store, releaseSetting, func(noted *[]string) error {
		*noted = slices.Compact(slices.Sorted(slices.Values(append(*noted, list...))))
		return nil
	})
}

// release removes the attachments noted, as far as no statement has them. What is
// left from a run that died is done too.
func (l *LRS) release(ctx context.Context) (Released, error) {
	var r Released
	doc, err := l.store.Setting(ctx, releaseSetting)
	if err != nil || doc == nil {
		return r, err
	}
	var noted []string
	if err := json.Unmarshal(doc, &noted); err != nil {
		return r, fmt.Errorf("lrs: setting %s: %w", releaseSetting, err)
	}
	settled := map[string]bool{}
	for _, digest := range noted {
		putBy := l.o.Now().Add(-minGrace) // before looking who has it
		n, err := l.declaring(ctx, digest, 1)
		if err != nil {
			return r, err
		}
		size := int64(-1)
		if n == 0 {
			if size, err = l.blobSize(ctx, digest); err != nil {
				return r, err
			}
		}
		if size >= 0 {
			gone, err := l.o.Blobs.Delete(ctx, digest, putBy)
			if err != nil {
				return r, fmt.Errorf("lrs: release an attachment: %w", err)
			}
			if !gone {
				r.Waiting++
				if r.Waiting > maxNoted {
					r.left++
					settled[digest] = true
				}
				continue
			}
			r.Attachments++
			r.Bytes += size
		}
		settled[digest] = true
	}
	if len(settled) == 0 {
		return r, nil
	}
	return r, swap(ctx, l.store, releaseSetting, func(noted *[]string) error {
		*noted = slices.DeleteFunc(*noted, func(d string) bool { return settled[d] })
		return nil
	})
}

// declaring counts the statements that declare the digest, up to limit.
func (l *LRS) declaring(ctx context.Context, digest string, limit int) (int, error) {
	through, err := l.store.Through(ctx, nil)
	if err != nil {
		return 0, err
	}
	rows, _, err := l.store.Select(ctx, Selection{
		Terms: [][]IndexKey{{key("f", digest)}}, Until: through, Limit: limit, Voided: true,
	})
	return len(rows), err
}

// blobSize is how many bytes the blob has, -1 if there is none.
func (l *LRS) blobSize(ctx context.Context, digest string) (int64, error) {
	r, size, err := l.o.Blobs.Open(ctx, digest)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrDigest) {
		return -1, nil
	}
	if err != nil {
		return 0, fmt.Errorf("lrs: look at an attachment: %w", err)
	}
	return size, r.Close()
}

// lower is the digest of an attachment as blobs and keys have it.
func lower(a xapi.Attachment) string { return strings.ToLower(a.SHA2) }
