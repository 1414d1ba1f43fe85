// Package ui holds what pages are made of: templates, one stylesheet, small
// scripts. Nothing is built or fetched; what stands here is what browsers get.
//
// layout.html frames every page; page_<name>.html defines "content" and is drawn
// by that name; part_<name>.html defines a part that several pages share. Words
// come from the catalogue (engine/text, page_*.json), never from a template.
// Scripts only improve pages that work without them.
package ui

import "embed"

// Files are templates/ and static/.
//
//go:embed templates static
var Files embed.FS
