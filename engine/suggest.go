package engine

import (
	"fmt"
	"sort"
	"strings"
)

// suggest is `did you mean "x"?` for the nearest word, or "".
func suggest(s string, words []string) string {
	best, distance := "", max(1, len(s)/3)+1
	sorted := append([]string(nil), words...)
	sort.Strings(sorted)
	for _, w := range sorted {
		if d := editDistance(strings.ToLower(s), strings.ToLower(w)); d < distance {
			best, distance = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// suggestOrList names the nearest word, else all of them.
func suggestOrList(s string, words []string) string {
	if better := suggest(s, words); better != "" {
		return better
	}
	if len(words) == 0 || len(words) > 20 {
		return ""
	}
	if len(words) == 1 {
		return "write " + words[0]
	}
	return "write one of " + strings.Join(words, ", ")
}

// editDistance is the Levenshtein distance; very long words are far from everything.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 1000
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
