package api

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// texts is a file system of texts by their paths, as a request brings them.
type texts map[string]string

// Open opens one text.
func (t texts) Open(name string) (fs.File, error) {
	text, ok := t[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &textFile{Reader: strings.NewReader(text), name: path.Base(name), size: int64(len(text))}, nil
}

// ReadDir lists the texts of a folder.
func (t texts) ReadDir(name string) ([]fs.DirEntry, error) {
	var out []fs.DirEntry
	for p, text := range t {
		if path.Dir(p) == name {
			out = append(out, fs.FileInfoToDirEntry(&textFile{name: path.Base(p), size: int64(len(text))}))
		}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// textFile is one text, and what is known of it.
type textFile struct {
	*strings.Reader
	name string
	size int64
}

func (f *textFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *textFile) Close() error               { return nil }
func (f *textFile) Name() string               { return f.name }
func (f *textFile) Size() int64                { return f.size }
func (f *textFile) Mode() fs.FileMode          { return 0o444 }
func (f *textFile) ModTime() time.Time         { return time.Time{} }
func (f *textFile) IsDir() bool                { return false }
func (f *textFile) Sys() any                   { return nil }
