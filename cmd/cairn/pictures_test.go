package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// docPicture is a picture of the documents: what is shown how, and how much of it.
type docPicture struct {
	file, shot string
	look       look
	high       int64
}

// docPictures are those of README.md and docs/screens.md.
var docPictures = []docPicture{
	{"home.png", "home-returned", look{1280, false}, 1080},
	{"home-phone.png", "home-returned", look{320, false}, 720},
	{"step-phone.png", "step-quiz", look{320, true}, 720},
	{"review-phone.png", "request-survey-mgr", look{320, false}, 720},
	{"board.png", "board", look{1280, false}, 1040},
	{"portfolio.png", "portfolio", look{1280, true}, 830},
}

// Pictures for the documents: CAIRN_PICTURES names their folder (make pictures).
func TestPicturesForTheDocuments(t *testing.T) {
	folder := os.Getenv("CAIRN_PICTURES")
	if folder == "" {
		t.Skip("skipped: CAIRN_PICTURES names no folder (make pictures)")
	}
	g := newGallery(t, newScene(t))
	for _, one := range docPictures {
		i := slices.IndexFunc(g.shots, func(s shot) bool { return s.name == one.shot })
		if i < 0 {
			t.Errorf("no page is called %s", one.shot)
			continue
		}
		g.sets(one.look)
		g.shows(g.shots[i])
		scale := 1.0
		if one.look.wide < 600 {
			scale = 2 // as sharp as a phone is
		}
		raw, err := chromedp.Call(g.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
			CaptureBeyondViewport: new(true), Clip: &page.Viewport{Width: float64(one.look.wide), Height: float64(one.high), Scale: scale}})
		must(t, err)
		full, err := png.Decode(bytes.NewReader(raw.Data))
		must(t, err)
		var small bytes.Buffer
		must(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, paletted(full)))
		must(t, os.MkdirAll(folder, 0o755))
		must(t, os.WriteFile(filepath.Join(folder, one.file), small.Bytes(), 0o644))
	}
}

// paletted is a picture in the 256 colours that it has most of, which is all but a few
// shades at the edges of letters.
func paletted(full image.Image) *image.Paletted {
	bounds := full.Bounds()
	count := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	all := make([]color.RGBA, 0, len(count))
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int { return count[b] - count[a] })
	var palette color.Palette
	for _, c := range all[:min(len(all), 256)] {
		palette = append(palette, c)
	}
	nearest := map[color.RGBA]uint8{}
	out := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			index, ok := nearest[c]
			if !ok {
				index = uint8(palette.Index(c))
				nearest[c] = index
			}
			out.SetColorIndex(x, y, index)
		}
	}
	return out
}
