package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"testing"
)

func TestASmallPictureIsMadeOnce(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, halves(400, 200)); err != nil {
		t.Fatal(err)
	}
	taker, loads := New(), 0
	load := func(context.Context) ([]byte, error) { loads++; return b.Bytes(), nil }
	var first []byte
	for range 3 {
		small, err := taker.Small(t.Context(), "hash", "image/png", 100, load)
		if err != nil || len(small) == 0 || first != nil && !bytes.Equal(small, first) {
			t.Fatalf("%d bytes, %v", len(small), err)
		}
		first = small
	}
	if loads != 1 {
		t.Errorf("it was loaded %d times", loads)
	}
	if small, err := taker.Small(t.Context(), "hash", "application/pdf", 100, load); small != nil || err != nil || loads != 1 {
		t.Errorf("of no picture there is one of %d bytes, %v", len(small), err)
	}
	lost := errors.New("lost")
	if _, err := taker.Small(t.Context(), "other", "image/png", 100, func(context.Context) ([]byte, error) { return nil, lost }); !errors.Is(err, lost) {
		t.Errorf("what cannot be loaded: %v", err)
	}
}

func TestSmallPicturesThatAreKeptAreBounded(t *testing.T) {
	s := newSmalls()
	s.keep("large", make([]byte, maxSmall+1))
	if s.get("large") != nil {
		t.Error("a large one is kept")
	}
	for i := range 3 * maxSmallKept / maxSmall {
		s.keep(fmt.Sprint(i), make([]byte, maxSmall))
		if s.get("0") == nil && i < maxSmallKept/maxSmall {
			t.Fatalf("the first is gone after %d", i)
		}
		s.get("0") // asked for all the time
	}
	if s.size > maxSmallKept || s.latest.Len() != len(s.by) || s.get("0") == nil || s.get("1") != nil {
		t.Errorf("%d bytes in %d pictures", s.size, s.latest.Len())
	}
}
