package xapi

import "fmt"

// Version is the xAPI version a request speaks, as told by its
// X-Experience-API-Version header.
type Version string

const (
	// V103 is xAPI 1.0.3, the last of the 1.0 line.
	V103 Version = "1.0.3"
	// V200 is xAPI 2.0.0 (IEEE 9274.1.1-2023).
	V200 Version = "2.0.0"
)

// ParseVersion maps a version header to the version to speak: any 1.0 is
// 1.0.3, any 2.0 is 2.0.0. Everything else, an absent header too, is an error.
func ParseVersion(header string) (Version, error) {
	switch {
	case header == "1.0", header == "2.0":
		return Version(header + ".0").line(), nil
	case len(header) > 4 && (header[:4] == "1.0." || header[:4] == "2.0.") && digits(header[4:]):
		return Version(header).line(), nil
	}
	return "", fmt.Errorf("xapi: version %.20q is not supported: say 1.0.3 or 2.0.0", header)
}

func (v Version) line() Version {
	if v[0] == '1' {
		return V103
	}
	return V200
}

// digits tells whether s is one to four decimal digits.
func digits(s string) bool {
	if s == "" || len(s) > 4 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
