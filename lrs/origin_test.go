package lrs

import "testing"

func TestAnOriginIsSchemeAndHostAsBrowsersSendIt(t *testing.T) {
	for text, want := range map[string]string{
		"https://reports.example":         "https://reports.example",
		"HTTPS://Reports.Example:443/":    "https://reports.example",
		"http://localhost:3000":           "http://localhost:3000",
		"http://localhost:80":             "http://localhost",
		"https://xn--bcher-kva.example":   "https://xn--bcher-kva.example",
		"http://[::1]:8080":               "http://[::1]:8080",
		"https://reports.example:8443":    "https://reports.example:8443",
		"https://reports.example/app":     "",
		"https://reports.example?x":       "",
		"https://reports.example#x":       "",
		"https://a:b@reports.example":     "",
		"https://*.example":               "",
		"https://bücher.example":          "",
		"https://reports.example:":        "",
		"reports.example":                 "",
		"file:///tmp":                     "",
		"https://":                        "",
		"null":                            "",
		"*":                               "",
		"":                                "",
		"https://reports.example:99999x/": "",
		"https://two.example,https://one": "",
		"https://a b":                     "",
		"https://a,b":                     "",
	} {
		got, err := parseOrigin(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}
