package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/web/ui"
)

// assets are our own files, in memory. Their address changes with their content,
// so that browsers may keep them for good.
type assets struct{ byName map[string]asset }

type asset struct {
	version, contentType string
	tag                  string // of this file alone
	plain, zipped        []byte
}

func loadAssets() (*assets, error) {
	entries, err := fs.ReadDir(ui.Files, "static")
	if err != nil {
		return nil, fmt.Errorf("read assets: %w", err)
	}
	a := &assets{byName: make(map[string]asset, len(entries))}
	all := sha256.New() // one version for all: modules import each other by relative name
	for _, entry := range entries {
		data, err := fs.ReadFile(ui.Files, path.Join("static", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read assets: %w", err)
		}
		var zipped bytes.Buffer
		z, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err := z.Write(data); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		all.Write(data)
		sum := sha256.Sum256(data)
		a.byName[entry.Name()] = asset{tag: `W/"` + hex.EncodeToString(sum[:6]) + `"`, contentType: assetTypes[path.Ext(entry.Name())], plain: data, zipped: zipped.Bytes()}
	}
	version := hex.EncodeToString(all.Sum(nil)[:6])
	for name, one := range a.byName {
		one.version = version
		a.byName[name] = one
	}
	return a, nil
}

var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".png": "image/png",
}

func (a *assets) url(name string) string {
	return "/static/" + a.byName[name].version + "/" + name
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	one, ok := a.byName[mux.Vars(r)["file"]]
	if !ok {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", one.contentType)
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", one.tag)
	if mux.Vars(r)["version"] == one.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache") // an older page asks after an update
		if r.Header.Get("If-None-Match") == one.tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	data := one.plain
	if takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		data = one.zipped
	}
	h.Set("Content-Length", fmt.Sprint(len(data)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(data)
	}
}
