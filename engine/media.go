package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Media is a file that a step shows as its content, brought along by the import of its workflow. Its bytes are the blob
// of that hash.
type Media struct {
	SHA256      string `json:"sha256"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
}

// maxMedia bounds the media of one definition together; each one is bounded by MaxBlob.
const maxMedia = 64 << 20

// MediaView is the media of a step as its page needs it.
type MediaView struct {
	File string // its name
	Media
	Captions []string // languages of the subtitles, sorted; "" is the only or first one
}

// Video tells whether it is one.
func (m *MediaView) Video() bool { return m != nil && strings.HasPrefix(m.ContentType, "video/") }

// Audio tells whether it is a sound.
func (m *MediaView) Audio() bool { return m != nil && strings.HasPrefix(m.ContentType, "audio/") }

// Picture tells whether it is one.
func (m *MediaView) Picture() bool { return m != nil && strings.HasPrefix(m.ContentType, "image/") }

const captionType = "text/vtt; charset=utf-8"

// mediaType is what browsers are told of a file, by its name; "": it is none that steps show.
func mediaType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".mp4", ".m4v":
		return "video/mp4"
	case ".webm":
		return "video/webm"
	case ".mp3":
		return "audio/mpeg"
	case ".m4a":
		return "audio/mp4"
	case ".wav":
		return "audio/wav"
	case ".ogg", ".oga":
		return "audio/ogg"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".webp":
		return "image/webp"
	case ".pdf":
		return "application/pdf"
	case ".vtt":
		return captionType
	}
	return ""
}

// isMedia tells whether an aid's file is shown as it is rather than read as a text.
func (a *Aid) isMedia() bool { return a.Format == "video" && mediaType(a.File) != "" }

// mediaOf is the file that a step shows; "": it shows none.
func (w *Workflow) mediaOf(s *Step) string {
	if s.Content.File != "" {
		return s.Content.File
	}
	if a := w.Aid(s.Content.Aid); a != nil && a.isMedia() {
		return a.File
	}
	return ""
}

// readMedia reads the files that steps show, and the subtitles beside them: media/talk.mp4 with media/talk.vtt or
// media/talk.de.vtt. A missing one is a warning, one that is none of the kinds that steps show too.
func readMedia(w *Workflow, file string, fsys fs.FS) (map[string]Media, map[string][]byte, Problems, error) {
	all, data := map[string]Media{}, map[string][]byte{}
	var missing Problems
	total := 0
	add := func(name string) error {
		if _, there := all[name]; there {
			return nil
		}
		b, err := readBounded(fsys, name, MaxBlob)
		if err != nil {
			return err
		}
		if total += len(b); total > maxMedia {
			return fmt.Errorf("the files that steps show are larger than %d bytes together: %w", maxMedia, ErrInvalid)
		}
		sum := sha256.Sum256(b)
		all[name], data[name] = Media{SHA256: hex.EncodeToString(sum[:]), ContentType: mediaType(name), Size: int64(len(b))}, b
		return nil
	}
	for _, s := range w.order {
		name := w.mediaOf(s)
		if name == "" || mediaType(name) == "" || fsys == nil || !fs.ValidPath(name) {
			if name != "" {
				missing = append(missing, unseen(s, file, name))
			}
			continue
		}
		if err := add(name); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, unseen(s, file, name))
			continue
		} else if err != nil {
			return nil, nil, missing, err
		}
		subtitles := strings.TrimSuffix(name, path.Ext(name)) + ".vtt"
		for _, beside := range append([]string{subtitles}, translations(fsys, subtitles)...) {
			if err := add(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, nil, missing, err
			}
		}
	}
	if len(all) == 0 {
		return nil, nil, missing, nil
	}
	return all, data, missing, nil
}

func unseen(s *Step, file, name string) Problem {
	p := Problem{File: file, Line: s.line, Column: s.col, Path: s.path + ".content", What: fmt.Sprintf("no file %q", name), Better: "the step shows its title only", Warning: true}
	if mediaType(name) == "" {
		p.What, p.Better = fmt.Sprintf("%q is no video, sound, picture or PDF", name), "name a .mp4, .webm, .mp3, .png, .jpg or .pdf"
	}
	return p
}

// readBounded reads a file of at most so many bytes; a larger one is ErrInvalid.
func readBounded(fsys fs.FS, name string, most int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%s is larger than %d bytes: make it smaller, or name where else it is by `url`: %w", name, most, ErrInvalid)
	}
	return b, nil
}

// keepMedia stores the bytes, and the version that names them, and sees to it that both are there (see putFiles).
func (s *Service) keepMedia(ctx context.Context, f WorkflowFile, data map[string][]byte) error {
	var files []File
	var bytes []Upload
	for name, m := range f.Media {
		files = append(files, File{Name: name, SHA256: m.SHA256, Size: m.Size})
		bytes = append(bytes, Upload{Data: data[name]})
	}
	return s.putFiles(ctx, files, bytes, func() error { return s.o.Store.PutWorkflow(ctx, f) })
}

// media is what a step shows of the files that came with the workflow; nil: nothing.
func (w *Workflow) mediaView(s *Step) *MediaView {
	name := w.mediaOf(s)
	m, ok := w.media[name]
	if !ok {
		return nil
	}
	v := &MediaView{File: path.Base(name), Media: m}
	base := strings.TrimSuffix(name, path.Ext(name))
	for other := range w.media {
		if tag, ok := captionOf(base, other); ok {
			v.Captions = append(v.Captions, tag)
		}
	}
	slices.Sort(v.Captions)
	return v
}

// captionOf is the language of a file of subtitles for a base name; "" of the one without.
func captionOf(base, name string) (string, bool) {
	rest, ok := strings.CutPrefix(name, base+".")
	switch {
	case !ok || !strings.HasSuffix(rest, "vtt"):
		return "", false
	case rest == "vtt":
		return "", true
	}
	tag, ok := strings.CutSuffix(rest, ".vtt")
	return strings.ToLower(tag), ok && isLanguage(strings.ToLower(tag))
}

// StepMedia is the file that a step shows, for its learner once the step is no longer locked; ErrNotFound if there is none.
func (s *Service) StepMedia(ctx context.Context, acting PersonID, id EnrolmentID, step StepID) (*MediaView, []byte, error) {
	v, _, err := s.stepMedia(ctx, acting, id, step)
	if err != nil {
		return nil, nil, err
	}
	data, err := s.o.Store.Blob(ctx, v.SHA256)
	if err != nil {
		return nil, nil, fmt.Errorf("load media of step %q: %w", step, err)
	}
	return v, data, nil
}

// StepCaptions are the subtitles of a step's media in one of its languages, as WebVTT.
func (s *Service) StepCaptions(ctx context.Context, acting PersonID, id EnrolmentID, step StepID, language string) ([]byte, error) {
	v, w, err := s.stepMedia(ctx, acting, id, step)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(v.Captions, language) {
		return nil, fmt.Errorf("subtitles %q of step %q: %w", clip(language, 20), step, ErrNotFound)
	}
	name := w.mediaOf(w.Step(step))
	base := strings.TrimSuffix(name, path.Ext(name))
	for other, m := range w.media {
		if tag, ok := captionOf(base, other); ok && tag == language {
			data, err := s.o.Store.Blob(ctx, m.SHA256)
			if err != nil {
				return nil, fmt.Errorf("load subtitles of step %q: %w", step, err)
			}
			return bytes.TrimPrefix(data, []byte("\ufeff")), nil
		}
	}
	return nil, fmt.Errorf("subtitles of step %q: %w", step, ErrNotFound)
}

func (s *Service) stepMedia(ctx context.Context, acting PersonID, id EnrolmentID, step StepID) (*MediaView, *Workflow, error) {
	w, e, _, err := s.current(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if err := mine(acting, e); err != nil {
		return nil, nil, err
	}
	of, st := w.Step(step), e.Steps[step]
	if of == nil || of.By != Learner || st == nil || st.State == Locked {
		return nil, nil, fmt.Errorf("media of step %q: %w", step, ErrNotFound)
	}
	v := w.mediaView(of)
	if v == nil {
		return nil, nil, fmt.Errorf("media of step %q: %w", step, ErrNotFound)
	}
	return v, w, nil
}
