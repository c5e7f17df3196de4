package plan

import "github.com/s3sql/s3sql/internal/suggest"

// didYouMean returns "; did you mean 'x'?" for the candidate nearest to name, or "".
func didYouMean(name string, candidates []string) string {
	near := suggest.Nearest(name, candidates)
	if near == "" {
		return ""
	}
	return "; did you mean '" + near + "'?"
}
