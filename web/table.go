package web

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// sendTable sends a table for other programs, its head first, as a file of that name: CSV with a byte order mark, as
// spreadsheets take UTF-8 for something else otherwise, and without a cell that they would take for a formula.
func sendTable(w http.ResponseWriter, name string, rows [][]string) error {
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	out := csv.NewWriter(&b)
	for _, row := range rows {
		_ = out.Write(cells(row)) // Error tells below
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("web: write %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, _ = b.WriteTo(w) // the reader has gone; there is nobody to tell
	return nil
}

// cells are texts that no spreadsheet takes for a formula, whatever it trims or reads as one of the ASCII signs.
func cells(texts []string) []string {
	safe := make([]string, len(texts))
	for i, t := range texts {
		first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(t, unicode.IsSpace))
		if safe[i] = t; strings.ContainsRune("=+-@＝＋－＠", first) || strings.HasPrefix(t, "\t") || strings.HasPrefix(t, "\r") {
			safe[i] = "'" + t
		}
	}
	return safe
}

// stamp is a time in a table; "" if there is none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
