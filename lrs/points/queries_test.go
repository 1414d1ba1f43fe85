package points

import (
	"slices"
	"strings"
	"testing"
)

func TestPoint01_AscendingIsTheOrderOfTheBatch(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		var list []obj
		var want []string
		for n := 30; n > 0; n-- { // ids and timestamps against the order
			list = append(list, statement(n, "timestamp", "2026-01-"+id(n)[34:]+"T00:00:00Z"))
			want = append(want, strings.TrimLeft(id(n)[34:], "0"))
		}
		s.post("/statements", batch(list[:20]...)).want(200)
		s.post("/statements", batch(list[20:]...)).want(200)
		s.wantIDs(strings.Join(want, " "), "ascending", "true")
		slices.Reverse(want)
		s.wantIDs(strings.Join(want, " "))
	})
}
