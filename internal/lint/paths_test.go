package lint

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// machine matches the absolute paths that exist on one machine only.
var machine = regexp.MustCompile(`(^|[\s"'` + "`" + `(=:,])(/(home|root|Users|work|workspace|mnt|private)/[\w.-]+|[A-Z]:\\\\?Users)`)

// TestNoMachinePaths looks at everything that people wrote, Go or not.
func TestNoMachinePaths(t *testing.T) {
	t.Parallel()
	for _, x := range written(t) {
		report(t, checkPaths(x))
	}
}

func checkPaths(x text) (problems []string) {
	for i, line := range strings.Split(x.content, "\n") {
		if m := machine.FindStringSubmatch(line); m != nil {
			problems = append(problems, fmt.Sprintf("%s:%d: %s is a path of one machine: write it from the root of the repository, or take t.TempDir()", x.path, i+1, m[2]))
		}
	}
	return problems
}
