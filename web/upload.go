package web

import (
	"bytes"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cairn-lms/cairn/engine"
)

// errFileType is a file of a kind that is not taken; it goes back to the form.
type errFileType struct{ Name string }

func (e *errFileType) Error() string { return "web: a kind of file that is not taken" }
func (e *errFileType) Unwrap() error { return ErrUpload }

// errFileEmpty is a file without content.
type errFileEmpty struct{ Name string }

func (e *errFileEmpty) Error() string { return "web: an empty file" }
func (e *errFileEmpty) Unwrap() error { return ErrUpload }

// newUpload makes an upload of a file whose name and bytes came from a browser.
// What it is, its bytes say; the browser's word does not count.
func newUpload(name string, data []byte) (engine.Upload, error) {
	name = fileName(name)
	if len(data) == 0 {
		return engine.Upload{}, &errFileEmpty{Name: name}
	}
	kind := fileType(name, data)
	if kind == "" {
		return engine.Upload{}, &errFileType{Name: name}
	}
	return engine.Upload{Name: name, ContentType: kind, Data: data}, nil
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

// fileType says what a file is, or "" for kinds that are not taken as evidence:
// programs, scripts and pages.
func fileType(name string, data []byte) string {
	ext := strings.ToLower(path.Ext(name))
	if slices.Contains(neverTaken, ext) {
		return ""
	}
	head := data[:min(len(data), 512)]
	if len(head) >= 12 && string(head[4:8]) == "ftyp" && slices.Contains([]string{"heic", "heix", "mif1", "hevc"}, string(head[8:12])) {
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
	case slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "application/pdf", "application/ogg"}, kind),
		strings.HasPrefix(kind, "audio/"), strings.HasPrefix(kind, "video/"):
		return kind
	default:
		return ""
	}
}

// shownInline are the types that a browser shows rather than saves.
var shownInline = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

const maxFileName = 120 // bytes

// fileName keeps the last element of a name and of that what can be read:
// no control or direction characters, at most 120 bytes with the extension kept.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), "\\", "/"))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '/' {
			return -1
		}
		return r
	}, name))
	if len(name) > maxFileName {
		ext := path.Ext(name)
		if len(ext) > 16 {
			ext = ""
		}
		name = strings.ToValidUTF8(name[:maxFileName-len(ext)], "") + ext
	}
	if strings.Trim(name, ". ") == "" {
		return "file"
	}
	return name
}

// uploadTime is how long a hand-in may take: five files from a phone with little
// reception. The server's own limits are for requests without files.
const uploadTime = 15 * time.Minute

// allowSlowUpload gives this request uploadTime, and its answer a minute more.
func allowSlowUpload(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	now := time.Now() // deadlines are real time
	// A writer that knows no deadlines has none.
	_ = control.SetReadDeadline(now.Add(uploadTime))
	_ = control.SetWriteDeadline(now.Add(uploadTime + time.Minute))
}
