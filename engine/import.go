package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"
)

// The bounds of the files a workflow brings along.
const (
	maxAid  = 256 << 10
	maxAids = 4 << 20
)

// ImportWorkflow checks a definition and keeps it. aids holds the files its aids name, relative to it; nil: none. A
// translation stands beside a file, as aids/planner.de.md. What says the same again, whatever its layout and comments,
// changes nothing; other content under the same version is ErrConflict. Problems that refuse the file are returned as the error too (ErrInvalid).
func (s *Service) ImportWorkflow(ctx context.Context, file string, source []byte, aids fs.FS) (*Workflow, Problems, error) {
	w, problems := ParseWorkflow(file, source)
	if problems.Refused() {
		return nil, problems, fmt.Errorf("import workflow: %w", problems)
	}
	texts, missing, err := readAids(w, file, aids)
	problems = append(problems, missing...)
	if err != nil {
		return nil, problems, fmt.Errorf("import workflow %s: %w", w.ID, err)
	}
	media, data, unseen, err := readMedia(w, file, aids)
	problems = append(problems, unseen...)
	if err != nil {
		return nil, problems, fmt.Errorf("import workflow %s: %w", w.ID, err)
	}
	f := WorkflowFile{ID: w.ID, Version: w.Version, Source: source, Aids: texts, Media: media, ImportedAt: s.now()}
	if err := s.keepMedia(ctx, f, data); errors.Is(err, ErrConflict) {
		if kept := s.sayingTheSame(ctx, w, texts, media); kept != nil {
			return kept, problems, nil
		}
		return nil, problems, fmt.Errorf("import workflow %s: version %d is there already with other content; raise `version`: %w", w.ID, w.Version, err)
	} else if err != nil {
		return nil, problems, fmt.Errorf("import workflow %s: %w", w.ID, err)
	}
	w.attach(texts)
	w.media = media
	return w, problems, nil
}

// ImportNext is ImportWorkflow, but where the version is taken by other content the definition gets the next free one, in
// canonical form.
func (s *Service) ImportNext(ctx context.Context, file string, source []byte, aids fs.FS) (*Workflow, Problems, error) {
	w, problems, err := s.ImportWorkflow(ctx, file, source, aids)
	for range maxTries {
		if !errors.Is(err, ErrConflict) {
			break
		}
		next, _ := ParseWorkflow(file, source)
		highest, lookup := s.Workflow(ctx, next.ID, 0)
		if lookup != nil {
			return nil, problems, lookup
		}
		next.Version = highest.Version + 1
		w, problems, err = s.ImportWorkflow(ctx, file, Export(next), aids)
	}
	return w, problems, err
}

// LintWorkflow judges a definition with the files beside it, as an import would, and gives it their texts.
func LintWorkflow(file string, source []byte, aids fs.FS) (*Workflow, Problems) {
	w, problems := ParseWorkflow(file, source)
	if w == nil {
		return nil, problems
	}
	texts, missing, err := readAids(w, file, aids)
	problems = append(problems, missing...)
	if err != nil {
		return nil, append(problems, Problem{File: file, Line: 1, Column: 1, Path: "aids", What: err.Error(), Better: "keep aids small"})
	}
	if w.media, _, missing, err = readMedia(w, file, aids); err != nil {
		return nil, append(problems, Problem{File: file, Line: 1, Column: 1, Path: "phases", What: err.Error(), Better: "keep media small"})
	}
	problems = append(problems, missing...)
	w.attach(texts)
	return w, problems
}

// sayingTheSame is the stored version if it differs from w only in layout and comments.
func (s *Service) sayingTheSame(ctx context.Context, w *Workflow, texts map[string]string, media map[string]Media) *Workflow {
	f, err := s.o.Store.Workflow(ctx, w.ID, w.Version)
	if err != nil || !maps.Equal(f.Aids, texts) || !maps.Equal(f.Media, media) {
		return nil
	}
	kept, err := s.parse(f)
	if err != nil || !bytes.Equal(Export(kept), Export(w)) {
		return nil
	}
	return kept
}

// readAids reads the files that aids name, and their translations. A missing one is a warning.
func readAids(w *Workflow, file string, fsys fs.FS) (map[string]string, Problems, error) {
	texts := map[string]string{}
	var missing Problems
	total := 0
	for _, a := range w.Aids {
		if a.File == "" || a.isMedia() {
			continue
		}
		found := false
		if fsys != nil {
			for _, name := range append([]string{a.File}, translations(fsys, a.File)...) {
				text, err := readText(fsys, name)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err != nil {
					return nil, missing, err
				}
				if total += len(text); total > maxAids {
					return nil, missing, fmt.Errorf("the files of all aids are larger than %d bytes: %w", maxAids, ErrInvalid)
				}
				texts[name], found = text, true
			}
		}
		if !found {
			missing = append(missing, Problem{File: file, Line: a.line, Column: a.col, Path: a.path, What: fmt.Sprintf("no file %q", a.File), Better: "the step shows its title only", Warning: true})
		}
	}
	if len(texts) == 0 {
		texts = nil
	}
	return texts, missing, nil
}

// translations are the files beside name that have a language before their extension.
func translations(fsys fs.FS, name string) []string {
	ext := path.Ext(name)
	base := strings.TrimSuffix(name, ext)
	entries, err := fs.ReadDir(fsys, path.Dir(name))
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		other := path.Join(path.Dir(name), e.Name())
		tag, ok := strings.CutPrefix(strings.TrimSuffix(other, ext), base+".")
		if ok && strings.HasSuffix(other, ext) && isLanguage(strings.ToLower(tag)) {
			out = append(out, other)
		}
	}
	return out
}

func readText(fsys fs.FS, name string) (string, error) {
	b, err := readBounded(fsys, name, maxAid)
	if err != nil {
		return "", fmt.Errorf("read aid: %w", err)
	}
	return strings.ToValidUTF8(string(b), "�"), nil
}

// attach gives the aids their texts.
func (w *Workflow) attach(texts map[string]string) {
	for i := range w.Aids {
		a := &w.Aids[i]
		a.Source = texts[a.File]
		ext := path.Ext(a.File)
		base := strings.TrimSuffix(a.File, ext)
		for name, text := range texts {
			if tag, ok := strings.CutPrefix(strings.TrimSuffix(name, ext), base+"."); ok && a.File != "" && strings.HasSuffix(name, ext) {
				if a.bodies == nil {
					a.bodies = Text{"": a.Source, "en": a.Source}
				}
				a.bodies[strings.ToLower(tag)] = text
			}
		}
	}
}

// Workflow is one version; version 0 is the highest.
func (s *Service) Workflow(ctx context.Context, id WorkflowID, version int) (*Workflow, error) {
	s.mu.Lock()
	w := s.parsed[workflowKey{id, version}]
	s.mu.Unlock()
	if w != nil {
		return w, nil
	}
	f, err := s.o.Store.Workflow(ctx, id, version)
	if err != nil {
		return nil, fmt.Errorf("load workflow %s version %d: %w", id, version, err)
	}
	return s.parse(f)
}

// Workflows is the highest version of each, by id.
func (s *Service) Workflows(ctx context.Context) ([]*Workflow, error) {
	files, err := s.o.Store.Workflows(ctx)
	if err != nil {
		return nil, fmt.Errorf("list workflows: %w", err)
	}
	out := make([]*Workflow, 0, len(files))
	for _, f := range files {
		w, err := s.parse(f)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// parse parses a stored file once; a version never changes.
func (s *Service) parse(f WorkflowFile) (*Workflow, error) {
	key := workflowKey{f.ID, f.Version}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.parsed[key]; w != nil {
		return w, nil
	}
	w, problems := parseStored(string(f.ID), f.Source)
	if problems.Refused() {
		return nil, fmt.Errorf("stored workflow %s version %d: %w", f.ID, f.Version, problems)
	}
	w.attach(f.Aids)
	w.media = f.Media
	s.parsed[key] = w
	return w, nil
}
