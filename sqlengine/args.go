package sqlengine

import (
	"fmt"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
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

// naturalType is the SQL type of an argument that comes without one.
func naturalType(v base.Value) base.Type {
	switch v.Class() {
	case base.Int:
		return base.Type{ID: base.TypeBigInt}
	case base.Uint:
		return base.Type{ID: base.TypeBigInt, Unsigned: true}
	case base.Float:
		return base.Type{ID: base.TypeDouble}
	case base.Decimal:
		_, scale := v.Decimal()
		return base.Type{ID: base.TypeDecimal, Precision: 38, Scale: scale}
	case base.String:
		return base.Type{ID: base.TypeLongText}
	case base.Bytes:
		return base.Type{ID: base.TypeLongBlob}
	case base.Date:
		return base.Type{ID: base.TypeDate}
	case base.Time:
		return base.Type{ID: base.TypeTime, Scale: 6}
	case base.DateTime:
		return base.Type{ID: base.TypeDateTime, Scale: 6}
	case base.JSON:
		return base.Type{ID: base.TypeJSON}
	}
	return base.Type{}
}

func insertInfo(o exec.Outcome, warnings int) string {
	return fmt.Sprintf("Records: %d  Duplicates: %d  Warnings: %d", o.Records, o.Duplicates, warnings)
}

func updateInfo(o exec.Outcome, warnings int) string {
	return fmt.Sprintf("Rows matched: %d  Changed: %d  Warnings: %d", o.Matched, o.Affected, warnings)
}
