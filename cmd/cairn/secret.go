package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"
)

// maxSecret bounds what is read of a secret, in bytes.
const maxSecret = 4 << 10

// readSecret reads one line that nobody else may see, called what ("secret", "URL"): from file, else from an environment
// variable or the file that it names with _FILE behind, else from standard input. Never from the command line, which others
// on the machine can list.
func (p program) readSecret(c *cli.Command, file, what, variable string) (string, error) {
	var from io.Reader = os.Stdin
	if c.Root().Reader != nil {
		from = c.Root().Reader
	}
	value := p.flags.getenv(variable)
	if file == "" && value == "" {
		file = p.flags.getenv(variable + "_FILE")
	}
	switch {
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		from = f
	case value != "":
		from = strings.NewReader(value)
	}
	data, err := io.ReadAll(io.LimitReader(from, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("read the %s: %w", what, err)
	}
	line := strings.TrimRight(string(data), "\r\n")
	if strings.TrimSpace(line) == "" || len(data) > maxSecret {
		return "", fmt.Errorf("the %s has %d bytes; give one line of at most %d by -%s-file, %s or standard input", what, len(line), maxSecret, strings.ToLower(what), variable)
	}
	return line, nil
}
