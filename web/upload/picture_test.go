package upload

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
)

// halves is a picture whose upper half is red and whose lower half is blue.
func halves(w, h int) *image.NRGBA {
	p := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{R: 255, A: 255}
			if y >= h/2 {
				c = color.NRGBA{B: 255, A: 255}
			}
			p.Set(x, y, c)
		}
	}
	return p
}

// photo is a JPEG as a phone makes it: held in some way, with a place and a device.
func photo(t *testing.T, p image.Image, orientation uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, nil); err != nil {
		t.Fatal(err)
	}
	tiff := []byte("MM\x00\x2A\x00\x00\x00\x08\x00\x02")
	tiff = append(tiff, 0x01, 0x12, 0, 3, 0, 0, 0, 1, byte(orientation>>8), byte(orientation), 0, 0)
	tiff = append(tiff, 0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38)
	tiff = append(tiff, "\x00\x00\x00\x00GPS 52.5200 13.4050 PhoneMaker"...)
	app1 := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{0xFF, 0xD8, 0xFF, 0xE1}, binary.BigEndian.AppendUint16(nil, uint16(len(app1)+2))...)
	out = append(out, app1...)
	out = append(out, b.Bytes()[2:]...)
	return append(out, "hidden behind the end"...)
}

func taken(t *testing.T, name string, data []byte) (image.Image, string, string, []byte) {
	t.Helper()
	upload, err := New().Take(t.Context(), name, data)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	p, _, err := image.Decode(bytes.NewReader(upload.Data))
	if err != nil {
		t.Fatalf("%s is stored as something that is no picture: %v", name, err)
	}
	return p, upload.Name, upload.ContentType, upload.Data
}

func reddish(c color.Color) bool { r, _, b, _ := c.RGBA(); return r > 2*b }

func TestAPhotoIsStoredUprightAndWithoutPlaceAndDevice(t *testing.T) {
	for orientation, red := range map[uint16]image.Point{ // where the red half is when it is seen upright
		1: {20, 4}, 2: {20, 4}, 3: {20, 15}, 4: {20, 15}, 5: {4, 20}, 6: {15, 20}, 7: {15, 20}, 8: {4, 20}, 0: {20, 4}, 99: {20, 4},
	} {
		p, name, kind, data := taken(t, "IMG 1.JPG", photo(t, halves(40, 20), orientation))
		if name != "IMG 1.JPG" || kind != "image/jpeg" {
			t.Errorf("it is stored as %s, %s", name, kind)
		}
		for _, word := range []string{"Exif", "GPS", "PhoneMaker", "hidden"} {
			if bytes.Contains(data, []byte(word)) {
				t.Errorf("held as %d: %q is stored", orientation, word)
			}
		}
		turned := p.Bounds().Dx() == 20
		if want := orientation >= 5 && orientation <= 8; turned != want || !reddish(p.At(red.X, red.Y)) {
			t.Errorf("held as %d it is stored %v, with red not at %v", orientation, p.Bounds(), red)
		}
	}
}

func TestALargePictureIsStoredAtTheSizeAtWhichItIsLookedAt(t *testing.T) {
	p, _, _, _ := taken(t, "board.jpg", photo(t, halves(4000, 1000), 1))
	if p.Bounds().Dx() != keptSide || p.Bounds().Dy() != keptSide/4 {
		t.Errorf("it is stored as %v", p.Bounds())
	}
}

func TestDrawingsKeepTheirSharpnessAndOtherFormatsBecomeCommonOnes(t *testing.T) {
	see := halves(10, 10)
	see.Set(0, 0, color.NRGBA{})
	var asPNG, asGIF, asBMP bytes.Buffer
	for _, err := range []error{png.Encode(&asPNG, see), gif.Encode(&asGIF, see, nil), bmp.Encode(&asBMP, see)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string][]byte{"a.png": asPNG.Bytes(), "a.gif": asGIF.Bytes(), "a.bmp": asBMP.Bytes(), "a": asPNG.Bytes(), "a.b.txt": asPNG.Bytes()} {
		_, stored, kind, _ := taken(t, name, data)
		if want := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".gif"), ".bmp"), ".png") + ".png"; stored != want || kind != "image/png" {
			t.Errorf("%s is stored as %s, %s; want %s", name, stored, kind, want)
		}
	}
}

func TestAPictureOfTooManyPixelsIsRefusedBeforeItIsDecoded(t *testing.T) {
	head := []byte("IHDR")
	head = binary.BigEndian.AppendUint32(head, 60_000)
	head = binary.BigEndian.AppendUint32(head, 60_000)
	head = append(head, 8, 2, 0, 0, 0)
	bomb := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	bomb = binary.BigEndian.AppendUint32(bomb, crc32.ChecksumIEEE(head))
	var refused *Refused
	if _, err := New().Take(t.Context(), "a.png", bomb); !errors.As(err, &refused) || refused.Why != TooWide {
		t.Errorf("it is %v", err)
	}
	fine := image.NewNRGBA64(image.Rect(0, 0, 6000, 5000)) // thirty million pixels of eight bytes
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, fine); err != nil {
		t.Fatal(err)
	}
	if _, err := New().Take(t.Context(), "fine.png", b.Bytes()); !errors.As(err, &refused) || refused.Why != TooWide {
		t.Errorf("fine colours are %v", err)
	}
	frame := func(marker byte, w, h uint16) []byte { // a JPEG that says its size and has no pixels
		out := []byte{0xFF, 0xD8, 0xFF, marker, 0, 17, 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0}
		return append(out, 0xFF, 0xDA, 0, 2)
	}
	for name, c := range map[string]struct {
		data []byte
		why  string
	}{
		"plain 48 megapixels":       {frame(0xC0, 8000, 6000), Broken}, // it would be decoded
		"progressive 48 megapixels": {frame(0xC2, 8000, 6000), TooWide},
		"behind a stray byte":       {append([]byte{0xFF, 0xD8, 0xFF, 0xFE, 0, 2, 0x00}, frame(0xC2, 8000, 6000)[2:]...), TooWide},
		"plain 60 megapixels":       {frame(0xC0, 10000, 6000), TooWide},
	} {
		if _, err := New().Take(t.Context(), "a.jpg", c.data); !errors.As(err, &refused) || refused.Why != c.why {
			t.Errorf("%s: %v, want %s", name, err, c.why)
		}
	}
}

func TestASmallerPictureIsForPicturesThatWereTaken(t *testing.T) {
	_, _, kind, data := taken(t, "a.png", func() []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, halves(800, 400)); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}())
	config, err := jpeg.DecodeConfig(bytes.NewReader(New().Smaller(t.Context(), data, kind, 200)))
	if err != nil || config.Width != 200 || config.Height != 100 {
		t.Errorf("%+v, %v", config, err)
	}
	if New().Smaller(t.Context(), []byte("%PDF"), "application/pdf", 200) != nil || New().Smaller(t.Context(), []byte("no"), "image/png", 200) != nil {
		t.Error("something else became a picture")
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add([]byte("\xFF\xD8\xFF\xE1\x00\x10Exif\x00\x00MM\x00\x2A"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPEXIF\xFF\xFF\xFF\x7F"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range []string{"image/jpeg", "image/webp"} {
			upright(image.NewNRGBA(image.Rect(0, 0, 2, 1)), orientation(data, kind))
		}
		progressive(data)
	})
}
