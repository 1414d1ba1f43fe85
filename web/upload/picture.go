package upload

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// Bounds of a picture. A phone's best camera makes 50 million pixels; a progressive JPEG needs eight times the memory of
// a plain one, any other picture four bytes a pixel, or eight if its colours are fine.
const (
	maxPixels      = 50_000_000
	maxProgressive = 24_000_000
	maxSide        = 30_000
	keptSide       = 2560 // the longer side of what is stored
	maxPNG         = 4 << 20
	quality        = 88
)

// codec reads a picture of one kind.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

// codecs are those of the kinds in pictures.
var codecs = map[string]codec{
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode}, "image/png": {png.DecodeConfig, png.Decode},
	"image/gif":  {gif.DecodeConfig, gif.Decode}, // of a moving one the first picture
	"image/webp": {webp.DecodeConfig, webp.Decode}, "image/bmp": {bmp.DecodeConfig, bmp.Decode},
}

// cleanPicture writes a picture anew: upright, not larger than is looked at, and without all that a file says beside the
// pixels: place, device, time, comments, whatever is hidden behind the end. It becomes a JPEG, or a PNG if it came
// without loss. Otherwise it says why not: Broken or TooWide.
func cleanPicture(data []byte, kind string) (clean []byte, newKind, why string) {
	of := codecs[kind]
	config, err := of.config(bytes.NewReader(data))
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return nil, "", Broken
	}
	limit := maxPixels
	if kind == "image/jpeg" && progressive(data) {
		limit = maxProgressive
	}
	switch config.ColorModel {
	case color.NRGBA64Model, color.RGBA64Model, color.Gray16Model, color.Alpha16Model:
		limit /= 2
	}
	if config.Width > maxSide || config.Height > maxSide || config.Width*config.Height > limit {
		return nil, "", TooWide
	}
	picture, err := of.decode(bytes.NewReader(data))
	if err != nil {
		return nil, "", Broken
	}
	picture = upright(shrunk(picture), orientation(data, kind))
	var b bytes.Buffer
	if kind == "image/png" || kind == "image/gif" || kind == "image/bmp" {
		if err := png.Encode(&b, picture); err != nil {
			return nil, "", Broken
		}
		if b.Len() <= maxPNG {
			return b.Bytes(), "image/png", ""
		}
		b.Reset() // a photo in a format for drawings
	}
	if err := jpeg.Encode(&b, onWhite(picture), &jpeg.Options{Quality: quality}); err != nil {
		return nil, "", Broken
	}
	return b.Bytes(), "image/jpeg", ""
}

// Smaller writes a stored picture anew so that its longer side has at most side pixels, as a JPEG. It is for pictures
// that Take has made; of others it gives nil.
func (t *Taker) Smaller(ctx context.Context, data []byte, contentType string, side int) []byte {
	of, ok := codecs[contentType]
	if !ok {
		return nil
	}
	config, err := of.config(bytes.NewReader(data))
	if err != nil || max(config.Width, config.Height) > keptSide {
		return nil
	}
	if err := t.wait(ctx); err != nil {
		return nil
	}
	defer t.done()
	picture, err := of.decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, onWhite(fit(picture, side)), &jpeg.Options{Quality: 80}); err != nil {
		return nil
	}
	return b.Bytes()
}

// shrunk is a picture that is not larger than what is stored.
func shrunk(p image.Image) image.Image { return fit(p, keptSide) }

// fit halves a picture, each time to the mean of four pixels, until one step is left. Finer ways of the library need
// scratch memory of 32 bytes for each pixel of a picture as wide as the new and as high as the old one.
func fit(p image.Image, side int) image.Image {
	for {
		w, h := p.Bounds().Dx(), p.Bounds().Dy()
		long := max(w, h)
		if long <= side {
			return p
		}
		to := max(side, (long+1)/2)
		small := image.NewNRGBA(image.Rect(0, 0, max(1, w*to/long), max(1, h*to/long)))
		draw.ApproxBiLinear.Scale(small, small.Bounds(), p, p.Bounds(), draw.Src, nil)
		p = small
	}
}

// onWhite is a picture for a format that knows no transparency.
func onWhite(p image.Image) image.Image {
	if o, ok := p.(interface{ Opaque() bool }); ok && o.Opaque() {
		return p
	}
	out := image.NewRGBA(image.Rect(0, 0, p.Bounds().Dx(), p.Bounds().Dy()))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), p, p.Bounds().Min, draw.Over)
	return out
}

// upright turns and mirrors a picture as its orientation says (Exif 2.32, 4.6.4 A): 1 is as it stands.
func upright(p image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return p
	}
	b := p.Bounds()
	w, h := b.Dx(), b.Dy()
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewNRGBA(size)
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch orientation {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			out.Set(tx, ty, p.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// progressive tells whether a JPEG is told in several passes, or may be: what does not say early that it is not.
func progressive(data []byte) bool {
	plain := false
	segments(data, func(marker byte, _ []byte) bool {
		plain = marker == 0xC0 || marker == 0xC1
		return !plain && marker != 0xC2
	})
	return !plain
}

// segments walks the segments of a JPEG up to its pixels, until next is false.
func segments(data []byte, next func(marker byte, body []byte) bool) {
	for at := 2; at+4 <= len(data) && data[at] == 0xFF; {
		marker := data[at+1]
		if marker == 0xFF { // filling
			at++
			continue
		}
		if marker == 0xDA || marker == 0xD9 {
			return
		}
		if marker == 0x01 || marker >= 0xD0 && marker <= 0xD7 { // without a body
			at += 2
			continue
		}
		size := int(binary.BigEndian.Uint16(data[at+2:]))
		if size < 2 || at+2+size > len(data) || !next(marker, data[at+4:at+2+size]) {
			return
		}
		at += 2 + size
	}
}

// orientation finds how a camera was held; 1 if the file does not say.
func orientation(data []byte, kind string) int {
	found := 1
	switch kind {
	case "image/jpeg":
		segments(data, func(marker byte, body []byte) bool {
			if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && marker == 0xE1 {
				found = tiffOrientation(tiff)
				return false
			}
			return true
		})
	case "image/webp":
		for at := 12; at+8 <= len(data); {
			size := int(binary.LittleEndian.Uint32(data[at+4:]))
			if size < 0 || size > len(data)-at-8 {
				break
			}
			if string(data[at:at+4]) == "EXIF" {
				tiff, _ := bytes.CutPrefix(data[at+8:at+8+size], []byte("Exif\x00\x00"))
				return tiffOrientation(tiff)
			}
			at += 8 + size + size&1
		}
	}
	return found
}

// tiffOrientation reads tag 0x0112 of the first directory.
func tiffOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := int(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > len(tiff) {
		return 1
	}
	for n := int(order.Uint16(tiff[at:])); n > 0 && at+14 <= len(tiff); n, at = n-1, at+12 {
		if order.Uint16(tiff[at+2:]) == 0x0112 {
			return int(order.Uint16(tiff[at+10:]))
		}
	}
	return 1
}
