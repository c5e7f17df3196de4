package plan

import "strings"

// didYouMean returns "; did you mean 'x'?" for the candidate nearest to name, or "".
func didYouMean(name string, candidates []string) string {
	best, bestDist := "", len(name)/3+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c), bestDist); d <= bestDist && (best == "" || d < bestDist || c < best) {
			best, bestDist = c, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean '" + best + "'?"
}

// distance is the Levenshtein distance of a and b in bytes, or limit+1 when it is above limit.
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
