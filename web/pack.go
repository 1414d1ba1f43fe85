package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// worthPacking is the size from which a page goes packed, in bytes: a shorter one
// fits a packet as it is.
const worthPacking = 1400

// packer packs pages; its writers are used again, as each holds much memory.
type packer struct{ writers sync.Pool }

// takesGzip tells whether a browser unpacks gzip.
func takesGzip(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept-Encoding") {
		for one := range strings.SplitSeq(strings.ToLower(value), ",") {
			name, weight, _ := strings.Cut(strings.ReplaceAll(one, " ", ""), ";")
			if name == "gzip" {
				return weight == "" || strings.Trim(weight, "q=0.") != ""
			}
		}
	}
	return false
}

// pack replaces a whole page by its gzip where the browser takes it, and says so.
// The length of a packed page gives no secret away: the secrets of pages stand in
// addresses and cookies, and another site cannot make a browser ask for a page with
// the session's cookie.
func (p *packer) pack(h http.Header, page *bytes.Buffer, zips bool) error {
	h.Add("Vary", "Accept-Encoding")
	if zips && page.Len() >= worthPacking {
		var out bytes.Buffer
		z, ok := p.writers.Get().(*gzip.Writer)
		if !ok {
			z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // a level there is
		}
		defer p.writers.Put(z)
		z.Reset(&out)
		if _, err := page.WriteTo(z); err != nil {
			return fmt.Errorf("pack: %w", err)
		}
		if err := z.Close(); err != nil {
			return fmt.Errorf("pack: %w", err)
		}
		*page = out
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", fmt.Sprint(page.Len()))
	return nil
}
