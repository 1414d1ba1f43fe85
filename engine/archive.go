package engine

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// The bounds of an archive, before anything in it is unpacked.
const (
	MaxArchive      = 80 << 20
	maxArchiveFiles = 500
)

// ExportWorkflow is one version (0: the highest) in canonical form, with the files its aids name and their
// translations, and those its steps show. Imported again, anywhere, it is the same workflow.
func (s *Service) ExportWorkflow(ctx context.Context, id WorkflowID, version int) (WorkflowFile, error) {
	f, err := s.o.Store.Workflow(ctx, id, version)
	if err != nil {
		return WorkflowFile{}, fmt.Errorf("export workflow %s version %d: %w", id, version, err)
	}
	w, err := s.parse(f)
	if err != nil {
		return WorkflowFile{}, fmt.Errorf("export: %w", err)
	}
	f.Source = Export(w)
	f.Files = make(map[string][]byte, len(f.Media))
	for name, m := range f.Media {
		if f.Files[name], err = s.o.Store.Blob(ctx, m.SHA256); err != nil {
			return WorkflowFile{}, fmt.Errorf("export %s: %w", name, err)
		}
	}
	return f, nil
}

// FileName is what a definition is called outside: negotiation-skills.yaml.
func (f WorkflowFile) FileName() string { return string(f.ID) + ".yaml" }

// Archive is the definition with its aids as one ZIP. The same file gives the same bytes.
func (f WorkflowFile) Archive() ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, data []byte) error {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
	err := add(f.FileName(), f.Source)
	for _, name := range slices.Sorted(maps.Keys(f.Aids)) {
		if err == nil {
			err = add(name, []byte(f.Aids[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Files)) {
		if err == nil {
			err = add(name, f.Files[name])
		}
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("archive workflow %s: %w", f.ID, err)
	}
	return b.Bytes(), nil
}

// OpenArchive finds the one definition in a ZIP, at its top or in its only folder, and the files beside it. What could
// leave the folder, unpack to too much, or be taken for two things is ErrInvalid.
func OpenArchive(data []byte) (file string, source []byte, aids fs.FS, err error) {
	refuse := func(what string, args ...any) (string, []byte, fs.FS, error) {
		return "", nil, nil, fmt.Errorf("open archive: "+what+": %w", append(args, ErrInvalid)...)
	}
	if len(data) > MaxArchive {
		return refuse("it is larger than %d bytes", MaxArchive)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return refuse("it is no ZIP file (%v)", err)
	}
	if len(z.File) > maxArchiveFiles {
		return refuse("it holds more than %d files", maxArchiveFiles)
	}
	seen := map[string]bool{}
	var found []string
	var texts, media uint64
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, "/")
		if !safePath(name) || !fs.ValidPath(name) {
			return refuse("%q leads out of it", f.Name)
		}
		if seen[name] {
			return refuse("%q is in it twice", name)
		}
		seen[name] = true
		if mode := f.Mode(); !mode.IsRegular() && !mode.IsDir() {
			return refuse("%q is neither a file nor a folder", name)
		}
		total, most := &texts, uint64(MaxSource+maxAids)
		if mediaType(name) != "" {
			total, most = &media, maxMedia
		}
		if *total += min(f.UncompressedSize64, 1<<40); *total > most {
			return refuse("its files are larger than %d bytes together", most)
		}
		if ext := path.Ext(name); (ext == ".yaml" || ext == ".yml") && strings.Count(name, "/") < 2 && f.Mode().IsRegular() {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return refuse("it holds %d definitions; one .yaml belongs at its top", len(found))
	}
	for name := range seen {
		if dir := path.Dir(found[0]); dir != "." && name != dir && !strings.HasPrefix(name, dir+"/") && !strings.HasPrefix(name, "__MACOSX") {
			return refuse("%q is beside the folder of the definition", name)
		}
	}
	if source, err = readSource(z, found[0]); err != nil {
		return refuse("%v", err)
	}
	aids, err = fs.Sub(z, path.Dir(found[0]))
	if err != nil {
		return refuse("%v", err)
	}
	return path.Base(found[0]), source, aids, nil
}

// readSource reads no more than a definition may have, whatever the archive says of the size.
func readSource(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxSource+1))
	if err == nil && len(b) > MaxSource {
		err = fmt.Errorf("%s is larger than %d bytes", name, MaxSource)
	}
	return b, err
}
