// Package lrsfiles keeps the bytes of attachments in a folder, one file a blob:
//
//	ab/cd/abcd…         the bytes; the modification time is when it was last put
//	.put-<began>-…      bytes that are still coming in, or whose Put crashed
//	ab/cd/abcd….gone-…  a blob that is being deleted
//
// A blob appears by renaming, so a file with its name is always whole. Nothing
// from outside becomes part of a path before it is known to be the hex of a
// digest.
package lrsfiles

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// Blobs is an lrs.Blobs over a folder.
type Blobs struct {
	folder string
	now    func() time.Time
}

const (
	coming = ".put-"
	gone   = ".gone-"
)

// New makes the folder, if it is not there, and keeps blobs in it. A nil now is
// time.Now.
func New(folder string, now func() time.Time) (*Blobs, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("lrsfiles: make the folder: %w", err)
	}
	if err := syncFolder(filepath.Dir(filepath.Clean(folder))); err != nil {
		return nil, fmt.Errorf("lrsfiles: make the folder: %w", err)
	}
	if now == nil {
		now = time.Now
	}
	return &Blobs{folder: folder, now: now}, nil
}

// path is the file of a blob.
func (b *Blobs) path(sha2 string) (string, error) {
	if _, err := lrs.NewDigest(sha2); err != nil {
		return "", err
	}
	return filepath.Join(b.folder, sha2[:2], sha2[2:4], sha2), nil
}

// Put implements lrs.Blobs.
func (b *Blobs) Put(ctx context.Context, sha2 string, r io.Reader) (int64, error) {
	path, err := b.path(sha2)
	if err != nil {
		return 0, fmt.Errorf("lrsfiles: put: %w", err)
	}
	size, err := b.put(ctx, path, sha2, r)
	if err != nil {
		return 0, fmt.Errorf("lrsfiles: put %s: %w", sha2, err)
	}
	return size, nil
}

func (b *Blobs) put(ctx context.Context, path, sha2 string, r io.Reader) (size int64, err error) {
	digest, err := lrs.NewDigest(sha2)
	if err != nil {
		return 0, err
	}
	// The name says when it began, for Sweep: what the disk says may be another clock's.
	f, err := os.CreateTemp(b.folder, coming+strconv.FormatInt(b.now().UnixNano(), 10)+"-*") // mode 0600
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreClosed(f.Close()), os.Remove(f.Name()))
		}
	}()
	size, err = io.Copy(io.MultiWriter(f, digest), r)
	if err != nil {
		return 0, err
	}
	if hex.EncodeToString(digest.Sum(nil)) != sha2 {
		return 0, lrs.ErrDigest
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	if err := f.Close(); err != nil {
		return 0, err
	}
	now := b.now()
	if err := os.Chtimes(f.Name(), now, now); err != nil {
		return 0, err
	}
	if err := b.shelve(filepath.Dir(path)); err != nil {
		return 0, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return 0, err
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return 0, err
	}
	return size, nil
}

// shelve makes the two folders a blob lies in, durably: also one that another has
// made just now.
func (b *Blobs) shelve(inner string) error {
	for _, folder := range []string{filepath.Dir(inner), inner} {
		if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := syncFolder(filepath.Dir(folder)); err != nil {
			return err
		}
	}
	return nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}

// Open implements lrs.Blobs.
func (b *Blobs) Open(_ context.Context, sha2 string) (io.ReadCloser, int64, error) {
	path, err := b.path(sha2)
	if err != nil {
		return nil, 0, fmt.Errorf("lrsfiles: open: %w", lrs.ErrNotFound)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = openGone(path)
	}
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = lrs.ErrNotFound
		}
		return nil, 0, fmt.Errorf("lrsfiles: open %s: %w", sha2, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("lrsfiles: open %s: %w", sha2, errors.Join(err, f.Close()))
	}
	return f, info.Size(), nil
}

// openGone opens a blob that is being deleted: it may turn out to be wanted, and
// come back.
func openGone(path string) (*os.File, error) {
	near, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, d := range near {
		if !strings.HasPrefix(d.Name(), filepath.Base(path)+gone) {
			continue
		}
		f, err := os.Open(filepath.Join(filepath.Dir(path), d.Name()))
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return os.Open(path)
}

// Delete implements lrs.Blobs. The file is put aside first, and back if it was
// put again in the meantime: a file of this name always has these bytes, so it
// does no harm if another is there by then.
func (b *Blobs) Delete(_ context.Context, sha2 string, putBy time.Time) (bool, error) {
	path, err := b.path(sha2)
	if err != nil {
		return false, nil
	}
	deleted, err := remove(path, putBy)
	if err != nil {
		return false, fmt.Errorf("lrsfiles: delete %s: %w", sha2, err)
	}
	return deleted, nil
}

func remove(path string, putBy time.Time) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.ModTime().After(putBy) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	aside := path + gone + rand.Text() // of this Delete alone
	if err := os.Rename(path, aside); err != nil {
		return false, ignoreMissing(err) // another was faster
	}
	info, err = os.Stat(aside)
	wanted := err == nil && info.ModTime().After(putBy)
	switch {
	case wanted:
		err = os.Rename(aside, path)
	case err == nil:
		err = os.Remove(aside)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // a sweep took it for left behind, and put it back
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	return err == nil && !wanted, err
}

// Each implements lrs.Blobs.
func (b *Blobs) Each(ctx context.Context, f func(lrs.Blob) error) error {
	err := b.walk(ctx, func(path string, info fs.FileInfo) error {
		name := info.Name()
		if want, err := b.path(name); err != nil || want != path {
			return nil
		}
		return f(lrs.Blob{SHA2: name, Size: info.Size(), PutAt: info.ModTime()})
	})
	if err != nil {
		return fmt.Errorf("lrsfiles: each: %w", err)
	}
	return nil
}

// Sweep implements lrs.Blobs.
func (b *Blobs) Sweep(ctx context.Context, before time.Time) error {
	err := b.walk(ctx, func(path string, info fs.FileInfo) error {
		switch name := info.Name(); {
		case strings.HasPrefix(name, coming):
			text, _, _ := strings.Cut(strings.TrimPrefix(name, coming), "-")
			began, err := strconv.ParseInt(text, 10, 64)
			if err != nil || !time.Unix(0, began).Before(before) {
				return nil
			}
			return ignoreMissing(os.Remove(path))
		case strings.Contains(name, gone): // its Delete crashed
			return restore(path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("lrsfiles: sweep: %w", err)
	}
	return nil
}

// restore puts a blob back that is aside, unless the same is there again.
func restore(aside string) error {
	path, _, _ := strings.Cut(filepath.Base(aside), gone)
	path = filepath.Join(filepath.Dir(aside), path)
	if _, err := os.Stat(path); err == nil {
		return ignoreMissing(os.Remove(aside))
	}
	return ignoreMissing(os.Rename(aside, path))
}

// walk calls f with every file, one folder at a time.
func (b *Blobs) walk(ctx context.Context, f func(path string, info fs.FileInfo) error) error {
	return filepath.WalkDir(b.folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || !d.Type().IsRegular() {
			return ignoreMissing(err)
		}
		info, err := d.Info()
		if err != nil {
			return ignoreMissing(err)
		}
		return f(path, info)
	})
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
