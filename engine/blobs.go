package engine

import (
	"context"
	"errors"
	"fmt"
)

// Bytes of files are kept once, under their hash, whoever handed them in. Whoever stores what names a file and whoever
// removes a file that nothing names may meet; no lock keeps them apart, but each looks again after it has written:
//
//	who stores:   the bytes, what names them, then are the bytes there? else the bytes once more
//	who removes:  does anything name them? remove; does anything name them now? then the bytes once more
//
// Whichever of the two looks last sees what the other wrote. A workflow that shows a file names it too.

// putFiles keeps the bytes of uploads, then what names them, and sees to it that both are there. files are all that it
// names, uploads the bytes of the first of them; the others were kept before. ErrConflict: one of those is gone.
func (s *Service) putFiles(ctx context.Context, files []File, uploads []Upload, naming func() error) error {
	for i := range uploads {
		if f := files[i]; f.Size > MaxBlob {
			return FieldErrors{{Field: "files", Key: "error.file_too_large", Args: map[string]any{"name": f.Name, "max": MaxBlob}}}
		}
		if err := s.o.Store.PutBlob(ctx, files[i].SHA256, uploads[i].Data); err != nil {
			return fmt.Errorf("keep file: %w", err)
		}
	}
	if err := naming(); err != nil {
		return err
	}
	for i, f := range files {
		there, err := s.o.Store.HasBlob(ctx, f.SHA256)
		switch {
		case err != nil:
			return fmt.Errorf("look for a file: %w", err)
		case there:
		case i < len(uploads):
			if err := s.o.Store.PutBlob(ctx, f.SHA256, uploads[i].Data); err != nil {
				return fmt.Errorf("keep file: %w", err)
			}
		default:
			return fmt.Errorf("keep file %.60q: it was taken away meanwhile; bring it again: %w", f.Name, ErrConflict)
		}
	}
	return nil
}

// removeFile removes the bytes of a file unless something names them, and says whether they are gone.
func (s *Service) removeFile(ctx context.Context, sha256 string, named func(context.Context) (bool, error)) (bool, error) {
	if used, err := named(ctx); err != nil || used {
		return false, err
	}
	data, err := s.o.Store.Blob(ctx, sha256)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("remove a file: %w", err)
	}
	ctx = context.WithoutCancel(ctx) // from here to the end, or the bytes may be missed
	if err := s.o.Store.DeleteBlob(ctx, sha256); err != nil {
		return false, fmt.Errorf("remove a file: %w", err)
	}
	used, err := named(ctx)
	if err == nil && !used {
		return true, nil
	}
	// Better a file that nothing names than one that is missed.
	if back := s.o.Store.PutBlob(ctx, sha256, data); back != nil {
		return false, errors.Join(err, fmt.Errorf("bring a file back: %w", back))
	}
	return false, err
}
