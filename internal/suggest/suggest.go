// Package suggest finds what somebody meant to write.
package suggest

import "strings"

// Nearest returns the candidate that takes the fewest edits to reach from name, compared without case, or "" when none is
// near: within a third of the name's length, and two edits for a short one. Of equals the first in the alphabet wins.
func Nearest(name string, candidates []string) string {
	lower := strings.ToLower(name)
	best, bestDist := "", max(len(name)/3, 2)
	for _, c := range candidates {
		d := distance(lower, strings.ToLower(c), bestDist)
		if d < bestDist || d == bestDist && (best == "" || c < best) {
			best, bestDist = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance of a and b in bytes, or more than limit when it is above limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1] != b[j-1] {
				cost = min(diag, row[j], row[j-1]) + 1
			}
			diag, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
