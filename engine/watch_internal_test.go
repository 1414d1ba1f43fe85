package engine

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSegmentsMergeAsSetsOfSeconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) []int {
			var out []int
			for range rapid.IntRange(0, 6).Draw(t, name) {
				from := rapid.IntRange(0, 40).Draw(t, "from")
				out = append(out, from, from+rapid.IntRange(1, 12).Draw(t, "length"))
			}
			return out
		}
		set := func(segments []int) map[int]bool {
			m := map[int]bool{}
			for i := 0; i+1 < len(segments); i += 2 {
				for x := segments[i]; x < segments[i+1]; x++ {
					m[x] = true
				}
			}
			return m
		}
		have, add := merged(draw("have")), merged(draw("add"))
		if (&Watched{Segments: have}).seconds() != len(set(have)) {
			t.Fatalf("%v counts %d seconds", have, (&Watched{Segments: have}).seconds())
		}
		n := rapid.IntRange(0, 60).Draw(t, "most")
		fresh := missing(have, add, n)
		want := 0
		for x := range set(add) {
			if !set(have)[x] {
				want++
			}
		}
		for x := range set(fresh) {
			if set(have)[x] || !set(add)[x] {
				t.Fatalf("second %d of %v is not new: have %v, add %v", x, fresh, have, add)
			}
		}
		if got := len(set(fresh)); got != min(n, want) {
			t.Fatalf("%d new seconds of %d, at most %d: have %v, add %v, got %v", got, want, n, have, add, fresh)
		}
	})
}

func TestWhatIsKeptOfAVideoIsBounded(t *testing.T) {
	var segments []int
	for i := range 500 {
		segments = append(segments, 10*i, 10*i+1+i%7)
	}
	kept := bounded(slices.Clone(segments))
	if len(kept) != 2*maxSegments {
		t.Fatalf("%d kept", len(kept)/2)
	}
	for i := 0; i+1 < len(kept); i += 2 {
		if kept[i+1]-kept[i] < 7 {
			t.Fatalf("a short one is kept: %v", kept[i:i+2])
		}
	}
}

func FuzzPlayedSegments(f *testing.F) {
	for _, s := range []string{"0[.]12.5[,]20[.]31", "", "a", "1[.]NaN", "0[.]1[,]", "5[.]1", "-1[.]3", "1e300[.]2e300"} {
		f.Add(s, 240.0)
	}
	f.Fuzz(func(t *testing.T, s string, length float64) {
		segments, ok := playedSegments(s)
		if !ok {
			return
		}
		r, err := reportOf(segments, length)
		if err != nil {
			return
		}
		w := Watched{Segments: r.segments, Length: r.length}
		if n := w.seconds(); n < 0 || n > r.length || math.IsNaN(w.Share()) || w.Share() > 1 {
			t.Fatalf("%q of %v seconds: %d seconds, share %v", s, length, n, w.Share())
		}
	})
}
