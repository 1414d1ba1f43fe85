package paper

import (
	"bytes"
	"image"
	"image/jpeg"
	"strings"
	"testing"
	"time"
)

func TestADocumentHoldsWhateverPeopleWrite(t *testing.T) {
	d, err := New("Portfolio", "Sam", "Sam · 2026", time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 300, 2000)), nil); err != nil {
		t.Fatal(err)
	}
	d.Title("Übungen für größere Verhandlungen")
	for range 40 {
		d.Heading("Ein Ablauf")
		d.Entry("Versuch", "gestern")
		d.Text(strings.Repeat("Ich habe zuerst gefragt. ", 60))
		d.Table([]float64{2, 1}, []string{"Verhalten", "Stand"}, [][]string{{strings.Repeat("lang ", 40), "bestätigt"}, {"", ""}})
	}
	if d.Missing {
		t.Error("German is not in the typeface")
	}
	d.Text("emoji 🎉 and العربية and 日本 and \x00 and e\u0301 and \U0010FFFF")
	if !d.Missing {
		t.Error("nobody is told what the typeface lacks")
	}
	d.Picture(picture.Bytes(), "whiteboard.jpg")
	d.Picture([]byte("no picture"), "x")
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b.Bytes(), []byte("%PDF-")) || bytes.Count(b.Bytes(), []byte("/Type /Page\n")) < 10 {
		t.Errorf("%d bytes with %d pages", b.Len(), bytes.Count(b.Bytes(), []byte("/Type /Page\n")))
	}
}

func FuzzText(f *testing.F) {
	f.Add("Übung 🎉\n\t\x00")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := New(s, s, s, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		d.Entry(s, s)
		d.Table([]float64{1, 1}, []string{s, s}, [][]string{{s, s}})
		if err := d.Write(&bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
	})
}
