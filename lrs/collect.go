package lrs

import (
	"context"
	"fmt"
	"time"
)

// minGrace is the least age at which a blob may be collected. It is longer than
// any request that keeps one before it stores the statement.
const minGrace = time.Hour

// CollectBlobs removes the attachments that no statement declares any more,
// voided ones counted, and that were last put longer ago than the grace (an hour
// if it is less). It returns how many they were and their bytes.
//
// A statement that brings the same bytes while this runs keeps them: putting them
// renews their time, and they are deleted only if that is still old.
func (l *LRS) CollectBlobs(ctx context.Context, olderThan time.Duration) (n int, bytes int64, err error) {
	before := l.o.Now().Add(-max(olderThan, minGrace))
	if err := l.o.Blobs.Sweep(ctx, before); err != nil {
		return 0, 0, fmt.Errorf("lrs: collect attachments: %w", err)
	}
	err = l.o.Blobs.Each(ctx, func(b Blob) error {
		if b.PutAt.After(before) {
			return nil
		}
		if declared, err := l.declaring(ctx, b.SHA2, 1); err != nil || declared > 0 {
			return err
		}
		deleted, err := l.o.Blobs.Delete(ctx, b.SHA2, before)
		if deleted {
			n++
			bytes += b.Size
		}
		return err
	})
	if err != nil {
		return n, bytes, fmt.Errorf("lrs: collect attachments: %w", err)
	}
	return n, bytes, nil
}
