package lrs

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
)

// ErrDigest says that bytes are not those of the SHA-2 digest they came with, or
// that there is no such digest.
var ErrDigest = errors.New("lrs: the bytes do not match their SHA-2 digest")

// Blobs keeps the bytes of one tenant's attachments, each under its SHA-2 digest:
// lower-case hex of 224, 256, 384 or 512 bits (the length tells which). Several
// processes may use one at a time; all of them may put one blob at once.
type Blobs interface {
	// Put reads r to its end and keeps the bytes, durably when it returns. Bytes
	// of another digest are ErrDigest; an error of r is returned wrapped; after
	// any error nothing is kept that was not there before. Putting a blob again
	// renews its time.
	Put(ctx context.Context, sha2 string, r io.Reader) (size int64, err error)

	// Open returns the bytes and how many there are, or ErrNotFound.
	Open(ctx context.Context, sha2 string) (io.ReadCloser, int64, error)

	// Delete removes the blob if it was last put no later than putBy, and tells
	// whether it did. Whoever deletes what nothing refers to passes a time before
	// the one at which that was found, so that a Put in between is not lost.
	Delete(ctx context.Context, sha2 string, putBy time.Time) (bool, error)

	// Each calls f with every blob, in no order, until f fails. f may delete.
	Each(ctx context.Context, f func(Blob) error) error

	// Sweep removes what Puts that began before then and never ended left behind.
	Sweep(ctx context.Context, before time.Time) error
}

// Blob is what is known about kept bytes without reading them.
type Blob struct {
	SHA2  string    // hex, lower case
	Size  int64     // bytes
	PutAt time.Time // when it was last put
}

// NewDigest returns the hash that a SHA-2 digest in lower-case hex is of, or
// ErrDigest. What it accepts is safe as a file name.
func NewDigest(sha2 string) (hash.Hash, error) {
	if strings.Trim(sha2, "0123456789abcdef") == "" {
		switch 4 * len(sha2) {
		case 224:
			return sha256.New224(), nil
		case 256:
			return sha256.New(), nil
		case 384:
			return sha512.New384(), nil
		case 512:
			return sha512.New(), nil
		}
	}
	return nil, fmt.Errorf("%w: not the hex of 224, 256, 384 or 512 bits", ErrDigest)
}

// errNoBlobs says that the record store was given no place for attachments.
var errNoBlobs = errors.New("lrs: there is no store for attachments")

// noBlobs holds none.
type noBlobs struct{}

func (noBlobs) Put(context.Context, string, io.Reader) (int64, error) { return 0, errNoBlobs }
func (noBlobs) Open(context.Context, string) (io.ReadCloser, int64, error) {
	return nil, 0, ErrNotFound
}
func (noBlobs) Delete(context.Context, string, time.Time) (bool, error) { return false, nil }
func (noBlobs) Each(context.Context, func(Blob) error) error            { return nil }
func (noBlobs) Sweep(context.Context, time.Time) error                  { return nil }
