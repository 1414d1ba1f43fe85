package lrstest

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// RunBlobs holds an lrs.Blobs against its contract. newBlobs returns an empty one
// that takes the time from now.
func RunBlobs(t *testing.T, newBlobs func(t *testing.T, now func() time.Time) lrs.Blobs) {
	for name, test := range map[string]func(*testing.T, lrs.Blobs, *clock){
		"bytes come back as they went in":               blobBytes,
		"bytes of another digest are not kept":          blobDigest,
		"a reader that fails leaves nothing":            blobReader,
		"an unknown blob is not found":                  blobUnknown,
		"putting again renews the time":                 blobRenewed,
		"many may put one at a time":                    blobTogether,
		"what is put while it is deleted stays":         blobPutAndDelete,
		"a blob that is being read may be deleted":      blobReadAndDelete,
		"each may delete, and stops at the first error": blobEach,
		"a sweep spares what is whole":                  blobSwept,
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			test(t, newBlobs(t, c.now), c)
		})
	}
}

// SHA256 is the digest of the text.
func SHA256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// ReadBlob is the blob with the digest, which must have the size it says.
func ReadBlob(t *testing.T, b lrs.Blobs, sha2 string) string {
	t.Helper()
	r, size, err := b.Open(t.Context(), sha2)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != size {
		t.Errorf("the blob has %d bytes and says %d", len(data), size)
	}
	return string(data)
}

func putBlob(t *testing.T, b lrs.Blobs, text string) string {
	t.Helper()
	sha2 := SHA256(text)
	if size, err := b.Put(t.Context(), sha2, strings.NewReader(text)); err != nil || size != int64(len(text)) {
		t.Fatalf("put: %d bytes, %v", size, err)
	}
	return sha2
}

// blobs are what Each tells, by digest.
func blobs(t *testing.T, b lrs.Blobs) map[string]lrs.Blob {
	t.Helper()
	all := map[string]lrs.Blob{}
	err := b.Each(t.Context(), func(one lrs.Blob) error {
		if _, twice := all[one.SHA2]; twice {
			t.Errorf("%s is told twice", one.SHA2)
		}
		all[one.SHA2] = one
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func blobBytes(t *testing.T, b lrs.Blobs, _ *clock) {
	large := strings.Repeat("\x00\xff\r\n--", 1<<19) // 3 MiB
	for _, text := range []string{"", "x", large, large[:1<<20]} {
		if got := ReadBlob(t, b, putBlob(t, b, text)); got != text {
			t.Errorf("%d bytes came back as %d others", len(text), len(got))
		}
	}
	s224, s384, s512 := sha256.Sum224([]byte("x")), sha512.Sum384([]byte("x")), sha512.Sum512([]byte("x"))
	for _, sum := range [][]byte{s224[:], s384[:], s512[:]} {
		sha2 := hex.EncodeToString(sum)
		// A reader that gives a byte at a time, and its end with the last one.
		if _, err := b.Put(t.Context(), sha2, iotest.DataErrReader(iotest.OneByteReader(strings.NewReader("x")))); err != nil {
			t.Fatal(err)
		}
		if got := ReadBlob(t, b, sha2); got != "x" || blobs(t, b)[sha2].Size != 1 {
			t.Errorf("%s came back as %q", sha2, got)
		}
	}
}

func blobDigest(t *testing.T, b lrs.Blobs, _ *clock) {
	sha2 := SHA256("right")
	for _, c := range []struct{ sha2, text string }{
		{sha2, "wrong"}, {sha2, ""}, {strings.ToUpper(sha2), "right"}, {"", "right"}, {sha2[:63], "right"}, {"../" + sha2[3:], "right"},
	} {
		if _, err := b.Put(t.Context(), c.sha2, strings.NewReader(c.text)); !errors.Is(err, lrs.ErrDigest) {
			t.Errorf("%q as %s: %v, want ErrDigest", c.text, c.sha2, err)
		}
	}
	if all := blobs(t, b); len(all) > 0 {
		t.Errorf("there are %v", all)
	}
	putBlob(t, b, "right")
	if _, err := b.Put(t.Context(), sha2, strings.NewReader("wrong")); !errors.Is(err, lrs.ErrDigest) {
		t.Errorf("got %v, want ErrDigest", err)
	}
	if got := ReadBlob(t, b, sha2); got != "right" {
		t.Errorf("the blob is %q now", got)
	}
}

func blobReader(t *testing.T, b lrs.Blobs, _ *clock) {
	text := strings.Repeat("x", 5<<19)
	for _, broken := range []error{errors.New("broken"), io.ErrUnexpectedEOF} {
		_, err := b.Put(t.Context(), SHA256(text), io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) {
			t.Errorf("got %v, want the reader's %v", err, broken)
		}
	}
	if _, _, err := b.Open(t.Context(), SHA256(text)); !errors.Is(err, lrs.ErrNotFound) || len(blobs(t, b)) > 0 {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func blobUnknown(t *testing.T, b lrs.Blobs, c *clock) {
	for _, sha2 := range []string{SHA256("x"), "x", ""} {
		if _, _, err := b.Open(t.Context(), sha2); !errors.Is(err, lrs.ErrNotFound) {
			t.Errorf("open %q: %v, want ErrNotFound", sha2, err)
		}
		if deleted, err := b.Delete(t.Context(), sha2, c.now()); deleted || err != nil {
			t.Errorf("delete %q: %v, %v", sha2, deleted, err)
		}
	}
}

func blobRenewed(t *testing.T, b lrs.Blobs, c *clock) {
	first := c.now()
	sha2 := putBlob(t, b, "x")
	if at := blobs(t, b)[sha2].PutAt; !at.Equal(first) {
		t.Errorf("put at %v, want %v", at, first)
	}
	c.add(time.Hour)
	putBlob(t, b, "x")
	if at := blobs(t, b)[sha2].PutAt; !at.Equal(c.now()) {
		t.Errorf("put again at %v, want %v", at, c.now())
	}
	if deleted, err := b.Delete(t.Context(), sha2, first); deleted || err != nil {
		t.Errorf("it is deleted though it was put again: %v, %v", deleted, err)
	}
	if got := ReadBlob(t, b, sha2); got != "x" {
		t.Errorf("the blob is %q", got)
	}
	if deleted, err := b.Delete(t.Context(), sha2, c.now()); !deleted || err != nil {
		t.Errorf("it is not deleted: %v, %v", deleted, err)
	}
	if all := blobs(t, b); len(all) > 0 {
		t.Errorf("there are %v", all)
	}
	putBlob(t, b, "x")
	if got := ReadBlob(t, b, sha2); got != "x" {
		t.Errorf("the blob is %q", got)
	}
}

func blobTogether(t *testing.T, b lrs.Blobs, _ *clock) {
	text := strings.Repeat("together", 1<<17) // 1 MiB
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := b.Put(t.Context(), SHA256(text), strings.NewReader(text)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if ReadBlob(t, b, SHA256(text)) != text || len(blobs(t, b)) != 1 {
		t.Error("the blob is not there, once")
	}
}

// A collector deletes what is old, while the same bytes come again and again. A
// Put that has returned holds: its time is later than what the collector asks for.
func blobPutAndDelete(t *testing.T, b lrs.Blobs, c *clock) {
	for range 20 {
		sha2 := putBlob(t, b, "x")
		old := c.now()
		c.add(time.Hour)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if _, err := b.Delete(t.Context(), sha2, old); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			if _, err := b.Put(t.Context(), sha2, strings.NewReader("x")); err != nil {
				t.Error(err)
			}
			r, _, err := b.Open(t.Context(), sha2)
			if err != nil {
				t.Errorf("after Put: %v", err)
				return
			}
			r.Close()
		})
		wg.Wait()
		if got := ReadBlob(t, b, sha2); got != "x" {
			t.Fatalf("the blob is %q", got)
		}
	}
}

func blobReadAndDelete(t *testing.T, b lrs.Blobs, c *clock) {
	text := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB
	sha2 := putBlob(t, b, text)
	r, _, err := b.Open(t.Context(), sha2)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	head := make([]byte, 10)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	if deleted, err := b.Delete(t.Context(), sha2, c.now()); !deleted || err != nil {
		t.Fatalf("it is not deleted: %v, %v", deleted, err)
	}
	rest, err := io.ReadAll(r) // whole, or an error: never short without one
	if err == nil && !bytes.Equal(append(head, rest...), []byte(text)) {
		t.Errorf("%d bytes were read without an error", len(rest))
	}
}

func blobEach(t *testing.T, b lrs.Blobs, c *clock) {
	want := map[string]bool{}
	for _, text := range []string{"a", "b", "c", "d"} {
		want[putBlob(t, b, text)] = true
	}
	stop, n := errors.New("stop"), 0
	err := b.Each(t.Context(), func(lrs.Blob) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("after %d calls: %v", n, err)
	}
	err = b.Each(t.Context(), func(one lrs.Blob) error {
		delete(want, one.SHA2)
		_, err := b.Delete(t.Context(), one.SHA2, c.now())
		return err
	})
	if err != nil || len(want) > 0 || len(blobs(t, b)) > 0 {
		t.Errorf("%v; not told of %v; left are %v", err, want, blobs(t, b))
	}
}

func blobSwept(t *testing.T, b lrs.Blobs, c *clock) {
	sha2 := putBlob(t, b, "x")
	if err := b.Sweep(t.Context(), c.now().Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := ReadBlob(t, b, sha2); got != "x" {
		t.Errorf("the blob is %q", got)
	}
}
