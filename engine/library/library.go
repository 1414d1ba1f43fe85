// Package library holds the workflows that come with Cairn, each with the files it names.
package library

import (
	"embed"
	"io/fs"
)

//go:embed *.yaml aids/*.md media/*.mp4
var files embed.FS

// Files is the library: *.yaml at the top, aids below aids/, films below media/.
func Files() fs.FS { return files }
