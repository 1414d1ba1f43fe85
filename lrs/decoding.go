package lrs

import (
	"context"

	"github.com/cairn-lms/cairn/xapi"
	"golang.org/x/sync/semaphore"
)

// decoding bounds the memory of all bodies that are being decoded at a time. A
// body waits for its turn once it is here whole, so that nobody waits for a slow
// client.
type decoding struct{ room *semaphore.Weighted }

const (
	decodingRoom = 512 << 20 // bytes
	perByte      = 180       // bytes of memory while a statement is read, for each byte of it …
	perStatement = 70 << 20  // … but not more: a statement has a bounded number of values
	perResult    = 8         // bytes of memory for each byte of the body, of what comes out
)

func newDecoding() decoding { return decoding{semaphore.NewWeighted(decodingRoom)} }

// do decodes the data when there is room for it.
func (d decoding) do(ctx context.Context, data []byte, decode func(data []byte) ([]*xapi.Statement, error)) ([]*xapi.Statement, error) {
	n := int64(len(data))
	needs := min(min(n*perByte, perStatement)+n*perResult, decodingRoom)
	if err := d.room.Acquire(ctx, needs); err != nil {
		return nil, err
	}
	defer d.room.Release(needs)
	return decode(data)
}
