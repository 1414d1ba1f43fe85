package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// EvidenceFile is a file that who asked for it may read.
type EvidenceFile struct {
	File
	store Store
}

// Bytes loads what is in it.
func (f EvidenceFile) Bytes(ctx context.Context) ([]byte, error) {
	data, err := f.store.Blob(ctx, f.SHA256)
	if err != nil {
		return nil, fmt.Errorf("load file: %w", err)
	}
	return data, nil
}

// FileIn is a file of an enrolment: one that a hand-in there names, else ErrNotFound. Files of private steps only the
// learner (own) gets.
func (s *Service) FileIn(ctx context.Context, id EnrolmentID, sha256 string, own bool) (EvidenceFile, error) {
	e, err := s.o.Store.Enrolment(ctx, id)
	if err != nil {
		return EvidenceFile{}, fmt.Errorf("load enrolment %s: %w", id, err)
	}
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return EvidenceFile{}, err
	}
	all, err := s.contributions(ctx, id)
	if err != nil {
		return EvidenceFile{}, err
	}
	for _, c := range all {
		if of := w.Step(c.Step); !own && (of == nil || of.Private || c.Draft) {
			continue
		}
		if f, ok := s.fileOf(c, sha256); ok {
			return f, nil
		}
	}
	return EvidenceFile{}, noFile(sha256, id)
}

// Blob is a file of an enrolment with what is in it, as FileIn finds it.
func (s *Service) Blob(ctx context.Context, id EnrolmentID, sha256 string, own bool) (File, []byte, error) {
	f, err := s.FileIn(ctx, id, sha256, own)
	if err != nil {
		return File{}, nil, err
	}
	data, err := f.Bytes(ctx)
	return f.File, data, err
}

// PortfolioFile is a file that the acting person's portfolio shows; ErrNotFound for every other.
func (s *Service) PortfolioFile(ctx context.Context, acting PersonID, id EnrolmentID, sha256 string) (EvidenceFile, error) {
	return s.fileShown(ctx, acting, id, sha256, true, func(Entry) bool { return true })
}

// SharedFile is a file that a link shows; ErrNotFound for every other. It reads the one enrolment.
func (s *Service) SharedFile(ctx context.Context, secret string, id EnrolmentID, sha256 string) (EvidenceFile, error) {
	l, err := s.openShare(ctx, secret)
	if err != nil {
		return EvidenceFile{}, err
	}
	shown := l.filter()
	return s.fileShown(ctx, l.Owner, id, sha256, false, func(e Entry) bool { return l.names(e.Workflow.ID) && shown.passes(e) })
}

// fileShown is a file of those entries of a person's enrolment that are shown.
func (s *Service) fileShown(ctx context.Context, owner PersonID, id EnrolmentID, sha256 string, own bool, shown func(Entry) bool) (EvidenceFile, error) {
	e, err := s.o.Store.Enrolment(ctx, id)
	if errors.Is(err, ErrNotFound) || err == nil && e.Learner != owner {
		return EvidenceFile{}, noFile(sha256, id)
	}
	if err != nil {
		return EvidenceFile{}, fmt.Errorf("load enrolment %s: %w", id, err)
	}
	entries, err := s.entries(ctx, e, own)
	if err != nil {
		return EvidenceFile{}, err
	}
	for _, one := range entries {
		if one.Hand == nil || !shown(one) {
			continue
		}
		if f, ok := s.fileOf(one.Hand, sha256); ok {
			return f, nil
		}
	}
	return EvidenceFile{}, noFile(sha256, id)
}

func (s *Service) fileOf(c *Contribution, sha256 string) (EvidenceFile, bool) {
	i := slices.IndexFunc(c.Files, func(f File) bool { return f.SHA256 == sha256 })
	if i < 0 {
		return EvidenceFile{}, false
	}
	return EvidenceFile{File: c.Files[i], store: s.o.Store}, true
}

func noFile(sha256 string, id EnrolmentID) error {
	return fmt.Errorf("file %q of enrolment %s: %w", clip(sha256, 64), clip(string(id), 64), ErrNotFound)
}
