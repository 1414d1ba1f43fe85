package upload

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestWhatAFileIsItsBytesSay(t *testing.T) {
	zip, old := "PK\x03\x04rest", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest"
	for _, c := range []struct{ name, data, want string }{
		{"film.mov", "\x00\x00\x00\x14ftypqt  rest", "video/mp4"},
		{"offer.pdf", "%PDF-1.7 rest", "application/pdf"},
		{"renamed.png", "%PDF-1.7 rest", "application/pdf"},
		{"notes.txt", "I asked for more time.", "text/plain; charset=utf-8"},
		{"plan.docx", zip, officeTypes[".docx"]},
		{"plan.zip", zip, "application/zip"},
		{"plan.doc", old, "application/msword"},
		{"picture.png", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "text/plain; charset=utf-8"},
	} {
		upload, err := New().Take(t.Context(), c.name, []byte(c.data))
		if err != nil || upload.ContentType != c.want || string(upload.Data) != c.data {
			t.Errorf("%s is %q, %v; want %q", c.name, upload.ContentType, err, c.want)
		}
	}
}

func TestAFileThatIsNotTakenSaysWhy(t *testing.T) {
	for _, c := range []struct{ name, data, why string }{
		{"a.txt", "", Empty},
		{"photo.heic", "\x00\x00\x00\x18ftypheicrest", HEIC},
		{"photo.jpg", "\x00\x00\x00\x18ftypheicrest", HEIC},
		{"photo.avif", "\x00\x00\x00\x18ftypavifrest", HEIC},
		{"photo.jpg", "\xFF\xD8\xFFrest", Broken},
		{"photo.png", "\x89PNG\x0D\x0A\x1A\x0Arest", Broken},
		{"page.html", "hello", Kind},
		{"page.txt", "<!doctype html><script>alert(1)</script>", Kind},
		{"picture.svg", "<svg onload=alert(1)>", Kind},
		{"setup.exe", "MZ\x90\x00", Kind},
		{"setup.pdf", "MZ\x90\x00\x03\x00\x00\x00\x04", Kind},
		{"tool.txt", "#!/bin/sh\nrm", Kind},
		{"setup.msi", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest", Kind},
		{"odd.bin", "\x00\x01\x02\x03", Kind},
	} {
		upload, err := New().Take(t.Context(), c.name, []byte(c.data))
		var refused *Refused
		if !errors.As(err, &refused) || refused.Name != c.name || refused.Why != c.why || !errors.Is(err, ErrRefused) {
			t.Errorf("%s is taken as %q, %v; want it refused: %s", c.name, upload.ContentType, err, c.why)
		}
	}
}

func TestAFileNameIsOnlyAName(t *testing.T) {
	for name, want := range map[string]string{
		"../../etc/passwd":         "passwd",
		`C:\Users\sam\offer.pdf`:   "offer.pdf",
		"a\x00b\nc.txt":            "abc.txt",
		"gpj.\u202Efdp.exe":        "gpj.fdp.exe",
		"":                         "file",
		"..":                       "file",
		"   ":                      "file",
		"Angebot für Ünal (2).pdf": "Angebot für Ünal (2).pdf",
		"bad\xff\xfe.pdf":          "bad.pdf",
		"run.js. .":                "run.js",
	} {
		if have := FileName(name); have != want {
			t.Errorf("%q became %q, want %q", name, have, want)
		}
	}
	if long := FileName(strings.Repeat("ü", 500) + ".pdf"); len(long) > maxName || !strings.HasSuffix(long, ".pdf") || !utf8.ValidString(long) {
		t.Errorf("a long name became %q", long)
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("a/b\\c\x00.pdf")
	f.Add(strings.Repeat("\u202E", 99) + ".x")
	f.Fuzz(func(t *testing.T, name string) {
		have := FileName(name)
		if have == "" || len(have) > maxName || !utf8.ValidString(have) || strings.ContainsAny(have, "/\\") {
			t.Fatalf("%q became %q", name, have)
		}
		for _, r := range have {
			if unicode.IsControl(r) {
				t.Fatalf("%q kept a control character: %q", name, have)
			}
		}
	})
}

func FuzzFileType(f *testing.F) {
	f.Add("a.pdf", []byte("%PDF-1.4"))
	f.Add("a.html", []byte("<html>"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if kind := fileType(name, data); strings.Contains(kind, "html") || strings.Contains(kind, "script") || strings.Contains(kind, "xml;") {
			t.Fatalf("%q is served as %s", name, kind)
		}
	})
}
