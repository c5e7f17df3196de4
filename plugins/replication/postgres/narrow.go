package postgres

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/s3sql/s3sql/plugins/replication"
)

// integers are the types of whole numbers, each wider than those before it.
var integers = []string{"smallint", "integer", "bigint", "numeric(20,0)"}

// sized are types with a length, or with digits and a scale.
var sized = regexp.MustCompile(`^(character varying|character|numeric)\((\d+)(?:,(\d+))?\)$`)

// narrow reports whether a column of one type refuses or changes some values that one of the other holds. Of types that are not of the
// same kind it says nothing: whoever chose such a one knows the values.
func narrow(have, want string) bool {
	if h, w := slices.Index(integers, have), slices.Index(integers, want); h >= 0 && w >= 0 {
		return h < w
	}
	if have == "real" && want == "double precision" {
		return true
	}
	h, w := sized.FindStringSubmatch(have), sized.FindStringSubmatch(want)
	if h == nil {
		return false
	}
	texts := h[1] != "numeric"
	switch {
	case texts && want == "text", !texts && want == "numeric":
		return true
	case w == nil || texts != (w[1] != "numeric"):
		return false
	case texts:
		return number(h[2]) < number(w[2])
	}
	return number(h[3]) < number(w[3]) || number(h[2])-number(h[3]) < number(w[2])-number(w[3])
}

// number reads digits; "" is 0.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// narrowed describes the columns whose types are narrower than the source's.
func (f *found) narrowed(columns []replication.Column) (out []string) {
	for i := range columns {
		c, want := f.column(columns[i].Name), typeOf(&columns[i])
		if c != nil && narrow(c.typ, want) {
			out = append(out, fmt.Sprintf("%s is %s, the source needs %s", c.name, c.typ, want))
		}
	}
	return out
}
