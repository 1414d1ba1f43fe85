package web

import (
	"bytes"
	"html/template"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	gmtext "github.com/yuin/goldmark/text"
)

const maxMarkdown = 256 << 10

// markdown renders an aid below the heading of its page: the highest headings become
// the second level, and one that repeats the page's is left out. Raw HTML is dropped and
// dangerous links are emptied: goldmark does both unless told otherwise, and
// nobody tells it here.
func markdown(source string, heading ...string) (template.HTML, error) {
	if len(source) > maxMarkdown {
		source = source[:maxMarkdown]
	}
	md := goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList, extension.Linkify),
		goldmark.WithRendererOptions(html.WithXHTML()),
	)
	var b bytes.Buffer
	text := []byte(source)
	tree := md.Parser().Parse(gmtext.NewReader(text))
	if first, ok := tree.FirstChild().(*ast.Heading); ok && slices.Contains(heading, strings.TrimSpace(string(first.Lines().Value(text)))) {
		tree.RemoveChild(tree, first)
	}
	var headings []*ast.Heading
	err := ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if h, ok := n.(*ast.Heading); ok && entering {
			headings = append(headings, h)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return "", err
	}
	highest := 6
	for _, h := range headings {
		highest = min(highest, h.Level)
	}
	for _, h := range headings {
		h.Level = min(h.Level+2-highest, 6)
	}
	if err := md.Renderer().Render(&b, text, tree); err != nil {
		return "", err
	}
	// The boxes of a checklist are for the pen: no field of a form, so no name for one.
	page := strings.ReplaceAll(b.String(), ` type="checkbox" />`, ` type="checkbox" aria-hidden="true" />`)
	return template.HTML(page), nil //nolint:gosec // goldmark in its safe mode, see above and FuzzMarkdown
}
