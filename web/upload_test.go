package web

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
		{"photo.jpg", "\xFF\xD8\xFFrest", "image/jpeg"},
		{"photo.heic", "\x00\x00\x00\x18ftypheicrest", "image/heic"},
		{"film.mov", "\x00\x00\x00\x14ftypqt  rest", "video/mp4"},
		{"offer.pdf", "%PDF-1.7 rest", "application/pdf"},
		{"renamed.png", "%PDF-1.7 rest", "application/pdf"},
		{"notes.txt", "I asked for more time.", "text/plain; charset=utf-8"},
		{"plan.docx", zip, officeTypes[".docx"]},
		{"plan.zip", zip, "application/zip"},
		{"plan.doc", old, "application/msword"},
		{"page.html", "hello", ""},
		{"page.txt", "<!doctype html><script>alert(1)</script>", ""},
		{"picture.svg", "<svg onload=alert(1)>", ""},
		{"picture.png", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "text/plain; charset=utf-8"},
		{"setup.exe", "MZ\x90\x00", ""},
		{"setup.pdf", "MZ\x90\x00\x03\x00\x00\x00\x04", ""},
		{"tool.txt", "#!/bin/sh\nrm", ""},
		{"setup.msi", old, ""},
		{"odd.bin", "\x00\x01\x02\x03", ""},
	} {
		upload, err := newUpload(c.name, []byte(c.data))
		if c.want == "" {
			var kind *errFileType
			if !errors.As(err, &kind) || kind.Name != c.name {
				t.Errorf("%s is taken as %q, %v", c.name, upload.ContentType, err)
			}
			continue
		}
		if err != nil || upload.ContentType != c.want {
			t.Errorf("%s is %q, %v; want %q", c.name, upload.ContentType, err, c.want)
		}
	}
	var empty *errFileEmpty
	if _, err := newUpload("a.txt", nil); !errors.As(err, &empty) {
		t.Errorf("an empty file: %v", err)
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
	} {
		if have := fileName(name); have != want {
			t.Errorf("%q became %q, want %q", name, have, want)
		}
	}
	if long := fileName(strings.Repeat("ü", 500) + ".pdf"); len(long) > maxFileName || !strings.HasSuffix(long, ".pdf") || !utf8.ValidString(long) {
		t.Errorf("a long name became %q", long)
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("a/b\\c\x00.pdf")
	f.Add(strings.Repeat("\u202E", 99) + ".x")
	f.Fuzz(func(t *testing.T, name string) {
		have := fileName(name)
		if have == "" || len(have) > maxFileName || !utf8.ValidString(have) || strings.ContainsAny(have, "/\\") {
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
