package sqlengine

import (
	"fmt"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/sqlengine/exec"
)

const catalogTable = catalog.DescriptorTable

func allPositional(names []string) bool {
	for _, n := range names {
		if n != "" {
			return false
		}
	}
	return true
}

func findArg(args []Arg, name string) (Arg, bool) {
	for _, a := range args {
		if strings.EqualFold(a.Name, name) {
			return a, true
		}
	}
	return Arg{}, false
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func insertInfo(o exec.Outcome, warnings int) string {
	return fmt.Sprintf("Records: %d  Duplicates: %d  Warnings: %d", o.Records, o.Duplicates, warnings)
}

func updateInfo(o exec.Outcome, warnings int) string {
	return fmt.Sprintf("Rows matched: %d  Changed: %d  Warnings: %d", o.Matched, o.Affected, warnings)
}
