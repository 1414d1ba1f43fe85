package lrs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// uploads are attachments, each of one byte, that may be too young to go.
type uploads struct {
	there map[string]bool
	young bool
}

func (u *uploads) Put(context.Context, string, io.Reader) (int64, error) { return 0, lrs.ErrDigest }

func (u *uploads) Open(_ context.Context, sha2 string) (io.ReadCloser, int64, error) {
	if !u.there[sha2] {
		return nil, 0, lrs.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader([]byte("x"))), 1, nil
}

func (u *uploads) Delete(_ context.Context, sha2 string, _ time.Time) (bool, error) {
	if u.young {
		return false, nil
	}
	delete(u.there, sha2)
	return true, nil
}

func (u *uploads) Each(context.Context, func(lrs.Blob) error) error { return nil }
func (u *uploads) Sweep(context.Context, time.Time) error           { return nil }

// noting is a store that tells how long the longest list was that was kept.
type noting struct {
	lrs.Store
	longest int
}

func (n *noting) SwapSetting(ctx context.Context, name string, old, doc []byte) (bool, error) {
	var list []string
	if name == "release" && json.Unmarshal(doc, &list) == nil {
		n.longest = max(n.longest, len(list))
	}
	return n.Store.SwapSetting(ctx, name, old, doc)
}

// However many attachments go in one run, what is noted of them stays short.
func TestTheListOfAttachmentsToReleaseIsShort(t *testing.T) {
	for name, young := range map[string]bool{"old ones": false, "ones that may be uploads under way": true} {
		t.Run(name, func(t *testing.T) {
			const statements, each = 1100, 3
			now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
			store, blobs := &noting{Store: openHere(t)}, &uploads{there: map[string]bool{}, young: young}
			l := lrs.New(store, lrs.Options{Now: func() time.Time { return now }, Blobs: blobs})
			var batch []lrs.Entry
			for n := range statements {
				attachments := ""
				for i := range each {
					sha2 := fmt.Sprintf("%064x", n*each+i)
					blobs.there[sha2] = true
					attachments += fmt.Sprintf(`,{"usageType":"https://e.org/u","display":{},"contentType":"text/plain","length":1,"sha2":%q}`, sha2)
				}
				e := lrs.Entry{ID: uuidOf(n), Doc: fmt.Appendf(nil, `{"id":%q,"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"https://e.org/v"},"object":{"id":"https://e.org/x"},"attachments":[%s]}`,
					uuidOf(n), attachments[1:]), Flags: lrs.Stamp}
				var err error
				if e.Keys, _, err = lrs.Reindex(e.Doc); err != nil {
					t.Fatal(err)
				}
				batch = append(batch, e)
			}
			if _, err := store.Insert(t.Context(), func() time.Time { return now }, batch); err != nil {
				t.Fatal(err)
			}
			if err := l.SetRule(t.Context(), lrs.Rule{Days: 1}); err != nil {
				t.Fatal(err)
			}
			now = now.AddDate(0, 0, 2)
			r, err := l.ApplyRetention(t.Context(), false)
			if err != nil {
				t.Fatal(err)
			}
			want := lrs.Released{Attachments: statements * each, Bytes: statements * each}
			if young {
				want = lrs.Released{Waiting: statements * each}
			}
			if r.Removed != statements || r.Attachments != want.Attachments || r.Bytes != want.Bytes || r.Waiting != want.Waiting {
				t.Errorf("the report is %+v, want %+v", r, want)
			}
			if store.longest > 2400 {
				t.Errorf("%d digests were noted at once", store.longest)
			}
			if !young {
				return
			}
			blobs.young = false // the next run does what was put off; the rest is for the collector
			if r, err = l.ApplyRetention(t.Context(), false); err != nil || r.Attachments != 1000 {
				t.Errorf("later %d attachments went, %v", r.Attachments, err)
			}
		})
	}
}
