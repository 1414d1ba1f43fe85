// Package upload takes files that came from a browser or a program: it says what they are by their bytes, keeps of a
// name what can be read, refuses programs, scripts and pages, and stores of a picture nothing but what is to be seen.
//
//	bytes ──empty, program, script, page, HEIC──▶ Refused
//	  │
//	  ├──JPEG, PNG, GIF, WebP, BMP──▶ decoded, turned upright, at most 2560 pixels long, written anew (picture.go)
//	  └──documents, audio, video, text, ZIP──▶ as they are
package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cairn-lms/cairn/engine"
)

// ErrRefused says that a file is not taken; a Refused says why.
var ErrRefused = errors.New("upload: a file that is not taken")

// Why a file is not taken.
const (
	Kind    = "type"    // a program, a script, a page, or nothing we know
	Empty   = "empty"   // it holds nothing
	HEIC    = "heic"    // a picture as phones store it, which most browsers cannot show
	Broken  = "picture" // a picture that cannot be read
	TooWide = "pixels"  // a picture of more pixels than are decoded
)

// Refused is a file that is not taken.
type Refused struct{ Name, Why string }

func (e *Refused) Error() string { return "upload: a file that is not taken: " + e.Why }
func (e *Refused) Unwrap() error { return ErrRefused }

// Taker takes files. It decodes one picture at a time, as a picture needs many times the memory of its file.
type Taker struct {
	turn   chan struct{}
	smalls *smalls
}

// New makes a taker.
func New() *Taker { return &Taker{turn: make(chan struct{}, 1), smalls: newSmalls()} }

// wait waits for the turn to decode a picture, done ends it.
func (t *Taker) wait(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to decode a picture: %w", ctx.Err())
	}
}

func (t *Taker) done() { <-t.turn }

// Take makes an upload of a file whose name and bytes came from elsewhere. What it is, its bytes say; the sender's word
// does not count. A *Refused says why it is not taken.
func (t *Taker) Take(ctx context.Context, name string, data []byte) (engine.Upload, error) {
	name = FileName(name)
	if len(data) == 0 {
		return engine.Upload{}, &Refused{name, Empty}
	}
	kind := fileType(name, data)
	switch {
	case kind == "":
		return engine.Upload{}, &Refused{name, Kind}
	case kind == "image/heic":
		return engine.Upload{}, &Refused{name, HEIC}
	case !slices.Contains(pictures, kind):
		return engine.Upload{Name: name, ContentType: kind, Data: data}, nil
	}
	if err := t.wait(ctx); err != nil {
		return engine.Upload{}, err
	}
	defer t.done()
	clean, kind, why := cleanPicture(data, kind)
	if why != "" {
		return engine.Upload{}, &Refused{name, why}
	}
	return engine.Upload{Name: renamed(name, kind), ContentType: kind, Data: clean}, nil
}

// pictures are decoded and written anew.
var pictures = []string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}

// renamed gives a picture the ending of what it has become.
func renamed(name, kind string) string {
	ext := strings.ToLower(path.Ext(name))
	if kind == "image/jpeg" && (ext == ".jpg" || ext == ".jpeg") || kind == "image/png" && ext == ".png" {
		return name
	}
	if slices.Contains([]string{".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp"}, ext) {
		name = name[:len(name)-len(ext)]
	}
	return FileName(name + map[string]string{"image/jpeg": ".jpg", "image/png": ".png"}[kind])
}

// officeTypes are files that are ZIP archives or old compound files inside.
var officeTypes = map[string]string{
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".odt":  "application/vnd.oasis.opendocument.text",
	".ods":  "application/vnd.oasis.opendocument.spreadsheet",
	".odp":  "application/vnd.oasis.opendocument.presentation",
}

var oldOfficeTypes = map[string]string{
	".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
	".msg": "application/vnd.ms-outlook",
}

// neverTaken are names by which a computer runs a file, whatever its bytes.
var neverTaken = []string{
	".exe", ".com", ".scr", ".bat", ".cmd", ".ps1", ".vbs", ".vbe", ".js", ".jse", ".mjs", ".wsf", ".hta", ".msi", ".jar",
	".lnk", ".reg", ".sh", ".app", ".dmg", ".iso", ".html", ".htm", ".xhtml", ".shtml", ".svg", ".xml", ".docm", ".xlsm", ".pptm",
}

// stillBrands are those of pictures in the box format of videos: HEIC and AVIF.
var stillBrands = []string{"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "mif2", "msf1", "avif", "avis"}

// fileType says what a file is, or "" for kinds that are not taken as evidence:
// programs, scripts and pages.
func fileType(name string, data []byte) string {
	ext := strings.ToLower(path.Ext(name))
	if slices.Contains(neverTaken, ext) {
		return ""
	}
	head := data[:min(len(data), 512)]
	if len(head) >= 12 && string(head[4:8]) == "ftyp" && slices.Contains(stillBrands, string(head[8:12])) {
		return "image/heic"
	}
	if bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")) {
		return oldOfficeTypes[ext]
	}
	if len(head) >= 8 && string(head[4:8]) == "ftyp" {
		if ext == ".m4a" {
			return "audio/mp4"
		}
		return "video/mp4" // QuickTime too: what phones record
	}
	kind, _, _ := strings.Cut(http.DetectContentType(head), ";")
	switch {
	case kind == "application/zip":
		if office, ok := officeTypes[ext]; ok {
			return office
		}
		return kind
	case kind == "text/plain":
		if utf8.Valid(data) && !bytes.HasPrefix(data, []byte("#!")) {
			return "text/plain; charset=utf-8"
		}
		if bytes.HasPrefix(data, []byte("#!")) {
			return ""
		}
		return kind
	case slices.Contains(pictures, kind), slices.Contains([]string{"application/pdf", "application/ogg"}, kind),
		strings.HasPrefix(kind, "audio/"), strings.HasPrefix(kind, "video/"):
		return kind
	default:
		return ""
	}
}

// ShownInline tells whether browsers are to show a file of the type rather than save it: plain pictures alone.
func ShownInline(contentType string) bool {
	return slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, contentType)
}

const maxName = 120 // bytes

// FileName keeps the last element of a name and of that what can be read:
// no control or direction characters, no dots or spaces at its end, which Windows
// leaves out, at most 120 bytes with the extension kept.
func FileName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), "\\", "/"))
	name = strings.TrimRight(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '/' {
			return -1
		}
		return r
	}, name)), ". ")
	if len(name) > maxName {
		ext := path.Ext(name)
		if len(ext) > 16 {
			ext = ""
		}
		name = strings.ToValidUTF8(name[:maxName-len(ext)], "") + ext
	}
	if strings.Trim(name, ". ") == "" {
		return "file"
	}
	return name
}

// ArchiveName is a FileName that every system can unpack: without what Windows reads as a drive, a pattern or a pipe.
func ArchiveName(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, FileName(name))
}
