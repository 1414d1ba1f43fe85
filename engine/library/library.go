// Package library holds the workflows that come with Cairn, each with the files its aids name.
package library

import (
	"embed"
	"io/fs"
)

//go:embed *.yaml aids/*.md
var files embed.FS

// Files is the library: *.yaml at the top, aids below aids/.
func Files() fs.FS { return files }
