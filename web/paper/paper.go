// Package paper writes documents for printing, as PDF: headings, text, tables and pictures on A4, page after page. It
// knows nothing of what it prints.
package paper

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// Millimetres and points of a page.
const (
	margin  = 20.0
	width   = 210.0 - 2*margin
	body    = 10.0
	line    = 5.0
	maxHigh = 90.0 // of a picture
	family  = "go"
)

// Document is written from the top down. A failure is told by WriteTo.
type Document struct {
	pdf      *fpdf.Fpdf
	face     *sfnt.Font
	buffer   sfnt.Buffer
	pictures int
	Missing  bool // some characters were not in the typeface and stand as □
}

// New begins a document; foot stands at the bottom of each page beside its number.
func New(title, author, foot string, made time.Time) (*Document, error) {
	face, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("read the typeface: %w", err)
	}
	d := &Document{pdf: fpdf.New("P", "mm", "A4", ""), face: face}
	d.pdf.AddUTF8FontFromBytes(family, "", goregular.TTF)
	d.pdf.AddUTF8FontFromBytes(family, "B", gobold.TTF)
	d.pdf.SetMargins(margin, margin, margin)
	d.pdf.SetAutoPageBreak(true, margin+4)
	d.pdf.SetTitle(title, true)
	d.pdf.SetAuthor(author, true)
	d.pdf.SetCreator("Cairn", true)
	d.pdf.SetCreationDate(made)
	d.pdf.SetModificationDate(made)
	foot = d.plain(foot)
	d.pdf.SetFooterFunc(func() {
		d.pdf.SetY(-margin + 4)
		d.pdf.SetFont(family, "", 8)
		d.pdf.SetTextColor(88, 96, 102)
		d.pdf.CellFormat(width-20, line, foot, "", 0, "L", false, 0, "")
		d.pdf.CellFormat(20, line, strconv.Itoa(d.pdf.PageNo()), "", 0, "R", false, 0, "")
	})
	d.pdf.AddPage()
	return d, nil
}

// plain keeps what the typeface can show: other characters become □, what only joins or dresses others goes.
func (d *Document) plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r), r >= 0xFE00 && r <= 0xFE0F:
			return -1
		}
		if r <= 0xFFFF {
			if i, err := d.face.GlyphIndex(&d.buffer, r); err == nil && i != 0 {
				return r
			}
		}
		d.Missing = true
		return '□'
	}, s)
}

func (d *Document) write(style string, size, high float64, grey bool, s string) {
	d.pdf.SetFont(family, style, size)
	d.pdf.SetTextColor(34, 40, 42)
	if grey {
		d.pdf.SetTextColor(88, 96, 102)
	}
	d.pdf.MultiCell(width, high, d.plain(s), "", "L", false)
}

// room begins a new page unless so many millimetres are left.
func (d *Document) room(mm float64) {
	if d.pdf.GetY()+mm > 297-margin-4 {
		d.pdf.AddPage()
	}
}

// Title is what stands at the top of the first page.
func (d *Document) Title(s string) { d.write("B", 22, 10, false, s); d.pdf.Ln(1) }

// Heading begins a part, which does not begin at the foot of a page.
func (d *Document) Heading(s string) {
	d.pdf.Ln(6)
	d.room(30)
	d.write("B", 14, 7, false, s)
	d.pdf.Ln(1)
}

// Entry begins a smaller part: a line above it, what it is, and when and how in grey.
func (d *Document) Entry(s, when string) {
	d.pdf.Ln(4)
	d.room(26)
	d.pdf.SetDrawColor(221, 215, 202)
	d.pdf.Line(margin, d.pdf.GetY(), margin+width, d.pdf.GetY())
	d.pdf.Ln(2.5)
	d.write("B", 11.5, 6, false, s)
	d.Small(when)
}

// Text is a paragraph, Strong one that stands out, Small one in grey.
func (d *Document) Text(s string) { d.write("", body, line, false, s); d.pdf.Ln(1) }

// Strong is a short text that stands out.
func (d *Document) Strong(s string) { d.pdf.Ln(1); d.room(12); d.write("B", body, line, false, s) }

// Small is a text in grey.
func (d *Document) Small(s string) { d.write("", 8.5, 4.4, true, s) }

// Table is a table; widths are shares of the page. A row never breaks over pages unless it is longer than one.
func (d *Document) Table(widths []float64, head []string, rows [][]string) {
	total := 0.0
	for _, w := range widths {
		total += w
	}
	row := func(cells []string, style string) {
		d.pdf.SetFont(family, style, 8.5)
		d.pdf.SetTextColor(34, 40, 42)
		var lines [][]string
		high := 1
		for i, c := range cells {
			split := d.pdf.SplitText(d.plain(c), widths[i]/total*width-2)
			lines = append(lines, split)
			high = max(high, len(split))
		}
		d.room(float64(high)*4.4 + 2.4)
		d.pdf.SetFont(family, style, 8.5) // a new page has written its foot
		d.pdf.SetTextColor(34, 40, 42)
		x, y := margin, d.pdf.GetY()+1.2
		for i, split := range lines {
			for n, l := range split {
				d.pdf.SetXY(x, y+float64(n)*4.4)
				d.pdf.CellFormat(widths[i]/total*width, 4.4, l, "", 0, "L", false, 0, "")
			}
			x += widths[i] / total * width
		}
		d.pdf.SetXY(margin, y+float64(high)*4.4+1.2)
		d.pdf.SetDrawColor(221, 215, 202)
		d.pdf.Line(margin, d.pdf.GetY(), margin+width, d.pdf.GetY())
	}
	d.pdf.Ln(2)
	row(head, "B")
	for _, r := range rows {
		row(r, "")
	}
	d.pdf.Ln(2)
}

// Picture prints a JPEG at most as wide as the text and a third of a page high. What cannot be read is left out.
func (d *Document) Picture(data []byte, caption string) {
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width == 0 || config.Height == 0 {
		return
	}
	w := min(width, float64(config.Width)*25.4/144)
	h := w * float64(config.Height) / float64(config.Width)
	if h > maxHigh {
		w, h = w*maxHigh/h, maxHigh
	}
	d.room(h + 10)
	d.pictures++
	name := "picture " + strconv.Itoa(d.pictures)
	options := fpdf.ImageOptions{ImageType: "JPG"}
	d.pdf.RegisterImageOptionsReader(name, options, bytes.NewReader(data))
	d.pdf.Ln(1.5)
	d.pdf.ImageOptions(name, margin, d.pdf.GetY(), w, h, true, options, 0, "")
	d.pdf.Ln(1)
	d.Small(caption)
}

// Write ends the document.
func (d *Document) Write(w io.Writer) error {
	if d.pdf.PageNo() == 0 {
		return errors.New("paper: nothing was written")
	}
	if err := d.pdf.Output(w); err != nil {
		return fmt.Errorf("write a document: %w", err)
	}
	return nil
}
