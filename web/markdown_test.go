package web

import (
	"regexp"
	"strings"
	"testing"
)

func TestAnAidIsMarkdownWithoutHTML(t *testing.T) {
	have, err := markdown("# Plan\n\n- **one**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) [y](https://example.org) <img src=x onerror=alert(1)>\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h2>Plan</h2>", "<strong>one</strong>", "<td>2</td>", `href="https://example.org"`} {
		if !strings.Contains(string(have), want) {
			t.Errorf("%s is missing in %s", want, have)
		}
	}
	for _, bad := range []string{"<script", "javascript:", "onerror", "<img"} {
		if strings.Contains(string(have), bad) {
			t.Errorf("%s is left in %s", bad, have)
		}
	}
}

func TestAnAidDoesNotRepeatTheHeadingOfItsPage(t *testing.T) {
	have, err := markdown("# Trades, not gifts\n\nGive nothing away.\n\n## How it sounds\n", "Trades, not gifts")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(have), "Trades") || !strings.Contains(string(have), "<h2>How it sounds</h2>") {
		t.Errorf("below its heading the aid reads %s", have)
	}
}

var dangerous = regexp.MustCompile(`(?i)<(script|iframe|object|style|form|svg)\b|\son[a-z]+\s*=\s*"|(href|src)="\s*(javascript|vbscript):`)

func FuzzMarkdown(f *testing.F) {
	f.Add("[a](javascript:x) <script>")
	f.Add("![a](data:text/html,x)\n<b onclick=x>")
	f.Fuzz(func(t *testing.T, source string) {
		have, err := markdown(source)
		if err != nil {
			t.Skip()
		}
		tags := regexp.MustCompile(`<[^>]*>`).FindAllString(string(have), -1)
		for _, tag := range tags {
			if dangerous.MatchString(tag) {
				t.Fatalf("%q became %s", source, tag)
			}
		}
	})
}
