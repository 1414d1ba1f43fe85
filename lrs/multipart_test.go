package lrs

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// read takes a body apart and returns what it held.
func read(body io.Reader, boundary string, most int64) (first []byte, rest []string, err error) {
	err = takeApart(body, boundary, most, func(data []byte) error {
		first = data
		return nil
	}, func(_, sha2 string, r io.Reader) error {
		data, err := io.ReadAll(r)
		rest = append(rest, sha2+":"+string(data))
		return err
	})
	return first, rest, err
}

// What a well-behaved client writes is read as it was, however it is cut into
// pieces on the way, and not if its end is missing.
func FuzzTakeApartRoundTrip(f *testing.F) {
	f.Add("XX", `{"a":1}`, []byte("\r\n--X\r\n"), []byte{0, 255}, 0)
	f.Add("a b", "", []byte("\r\n"), []byte("--"), 7)
	f.Add("-", " ", []byte("--\r\n\r\n-"), []byte(strings.Repeat("\r\n-", 3000)), 5000)
	f.Fuzz(func(t *testing.T, boundary, doc string, one, two []byte, cut int) {
		all := doc + string(one) + string(two)
		if boundary == "" || len(boundary) > maxBoundary || strings.ContainsAny(boundary, "\r\n\x00") || strings.TrimSpace(boundary) != boundary || strings.Contains("--"+all, "--"+boundary) || len(all) > 1<<16 {
			return // no client may choose such a boundary
		}
		body := "--" + boundary + "\r\nContent-Type: application/json\r\n\r\n" + doc +
			"\r\n--" + boundary + "\r\n" + hashHeader + ": 1\r\n\r\n" + string(one) +
			"\r\n--" + boundary + "\r\n" + hashHeader + ": 2\r\n\r\n" + string(two) +
			"\r\n--" + boundary + "--"
		for _, r := range []io.Reader{strings.NewReader(body), iotest.HalfReader(strings.NewReader(body + "\r\n")), iotest.DataErrReader(iotest.OneByteReader(strings.NewReader(body)))} {
			first, rest, err := read(r, boundary, 1<<16)
			if err != nil || string(first) != doc || len(rest) != 2 || rest[0] != "1:"+string(one) || rest[1] != "2:"+string(two) {
				t.Fatalf("%q is read as %q and %q, %v", body, first, rest, err)
			}
		}
		if cut = cut % len(body); cut < 0 {
			cut = -cut
		}
		if _, _, err := read(strings.NewReader(body[:cut]), boundary, 1<<16); err == nil {
			t.Fatalf("%q is taken for whole", body[:cut])
		}
	})
}

// Whatever comes, reading it ends, and every refusal has words.
func FuzzTakeApart(f *testing.F) {
	f.Add("X", []byte("--X\r\nContent-Type: application/json\r\n\r\n[]\r\n--X\r\n"+hashHeader+": a\r\n\r\nx\r\n--X--"))
	f.Add("X", []byte("preamble\n--X\nContent-Type:application/json\n\n[]\n--X--\nepilogue"))
	f.Add("", []byte("----"))
	f.Fuzz(func(t *testing.T, boundary string, body []byte) {
		first, rest, err := read(bytes.NewReader(body), boundary, 1<<10)
		var p *problem
		switch {
		case err == nil && (first == nil || len(first) > 1<<10):
			t.Fatalf("%q is taken with the statements %q", body, first)
		case errors.As(err, &p) && (p.reason == "" || p.status < 400 || p.status > 499):
			t.Fatalf("%q is refused as %+v", body, p)
		}
		total := len(first)
		for _, r := range rest {
			total += len(r)
		}
		if total > len(body) {
			t.Fatalf("%d bytes are read from %d", total, len(body))
		}
	})
}
