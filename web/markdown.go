package web

import (
	"bytes"
	"html/template"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

const maxMarkdown = 256 << 10

// markdown renders an aid. Raw HTML in it is dropped and dangerous links are
// emptied: goldmark does both unless told otherwise, and nobody tells it here.
func markdown(source string) (template.HTML, error) {
	if len(source) > maxMarkdown {
		source = source[:maxMarkdown]
	}
	md := goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList, extension.Linkify),
		goldmark.WithRendererOptions(html.WithXHTML()),
	)
	var b bytes.Buffer
	if err := md.Convert([]byte(source), &b); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil //nolint:gosec // goldmark in its safe mode, see above and FuzzMarkdown
}
