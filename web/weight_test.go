package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// homeWeight is what home may weigh on its way to a phone, with all its files but pictures.
const homeWeight = 60 << 10

var (
	ownFile  = regexp.MustCompile(`"(/static/[0-9a-f]+/[a-z0-9_.-]+\.(?:css|js|svg))"`)
	imported = regexp.MustCompile(`(?:from|import)\s*\(?'\./([a-z0-9_-]+\.js)'`)
)

func TestHomeIsLight(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	weigh := func(path string) (int, string) {
		plain, _ := sam.raw(path, http.Header{})
		_, packed := sam.raw(path, http.Header{"Accept-Encoding": {"gzip"}})
		if plain.StatusCode != http.StatusOK {
			t.Fatalf("%s answers %d", path, plain.StatusCode)
		}
		return len(packed), sam.get(path).text
	}
	total, text := weigh(sam.base + "/")
	page := total
	seen := map[string]bool{}
	var load func(path string)
	load = func(path string) {
		if seen[path] {
			return
		}
		seen[path] = true
		n, source := weigh(path)
		total += n
		for _, found := range imported.FindAllStringSubmatch(source, -1) {
			load(path[:strings.LastIndex(path, "/")+1] + found[1])
		}
	}
	for _, found := range ownFile.FindAllStringSubmatch(text, -1) {
		load(found[1])
	}
	t.Logf("home: %d bytes, with %d files %d bytes", page, len(seen), total)
	if total > homeWeight || len(seen) < 5 {
		t.Errorf("home weighs %d bytes with %d files, %d are allowed", total, len(seen), homeWeight)
	}
}
