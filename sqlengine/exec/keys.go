package exec

import (
	"cmp"
	"math"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// evalAll evaluates exprs over b into out.
func evalAll(ctx *expr.Context, exprs []expr.Expr, b *vec.Batch, out []*vec.Vector) error {
	for i, e := range exprs {
		v, err := e.Eval(ctx, b)
		if err != nil {
			return err
		}
		out[i] = v
	}
	return nil
}

// appendRowKey appends the key of row i, so that rows that are equal in every column have equal keys.
func appendRowKey(dst []byte, cols []*vec.Vector, types []base.Type, i int) []byte {
	for c, col := range cols {
		dst = expr.AppendKey(dst, types[c], col, i)
	}
	return dst
}

// compareFunc compares row i of a with row j of b, none of them NULL.
type compareFunc func(a *vec.Vector, i int32, b *vec.Vector, j int32) int

// comparer returns the order of values of a type.
func comparer(t base.Type) compareFunc {
	switch t.Class() {
	case base.Uint:
		return func(a *vec.Vector, i int32, b *vec.Vector, j int32) int {
			return cmp.Compare(uint64(a.I64[i]), uint64(b.I64[j]))
		}
	case base.Float:
		return func(a *vec.Vector, i int32, b *vec.Vector, j int32) int { return cmp.Compare(a.F64[i], b.F64[j]) }
	case base.Decimal:
		return func(a *vec.Vector, i int32, b *vec.Vector, j int32) int {
			return base.CompareDecimal(a.Dec[i], a.Scale, b.Dec[j], b.Scale)
		}
	case base.String:
		if collation.Binary(t.Collation) {
			return compareText
		}
		c := collation.Of(t.Collation)
		return func(a *vec.Vector, i int32, b *vec.Vector, j int32) int { return c.Compare(a.Str[i], b.Str[j]) }
	case base.Bytes:
		return compareText
	case base.JSON:
		return func(a *vec.Vector, i int32, b *vec.Vector, j int32) int {
			return convert.CompareJSON(a.Str[i], b.Str[j])
		}
	case base.Null:
		return func(*vec.Vector, int32, *vec.Vector, int32) int { return 0 }
	}
	return func(a *vec.Vector, i int32, b *vec.Vector, j int32) int { return cmp.Compare(a.I64[i], b.I64[j]) }
}

func compareText(a *vec.Vector, i int32, b *vec.Vector, j int32) int {
	return strings.Compare(a.Str[i], b.Str[j])
}

// orderBits returns bits that order as the value of row i, which is not NULL, as far as 64 bits can tell: smaller bits mean
// a smaller value. exact says that equal bits mean equal values. Values that have no such bits all give the same.
func orderBits(v *vec.Vector, i int, binary bool) (p uint64, exact bool) {
	switch v.Class {
	case base.Int, base.Date, base.Time, base.DateTime:
		return uint64(v.I64[i]) ^ 1<<63, true
	case base.Uint:
		return uint64(v.I64[i]), true
	case base.Float:
		f := v.F64[i]
		p = math.Float64bits(f)
		switch {
		case f == 0:
			return 1 << 63, true
		case f != f:
			return 0, false
		case p>>63 != 0:
			return ^p, true
		}
		return p | 1<<63, true
	case base.Decimal:
		if n, ok := v.Dec[i].Int64(); ok {
			return uint64(n) ^ 1<<63, true
		}
		if v.Dec[i].Hi < 0 {
			return 0, false
		}
		return math.MaxUint64, false
	case base.String, base.Bytes:
		if !binary {
			return 0, false
		}
		return textBits(v.Str[i]), false
	}
	return 0, false
}

// textBits returns the first eight bytes of s as a number.
func textBits(s string) (p uint64) {
	if len(s) >= 8 {
		return uint64(s[0])<<56 | uint64(s[1])<<48 | uint64(s[2])<<40 | uint64(s[3])<<32 |
			uint64(s[4])<<24 | uint64(s[5])<<16 | uint64(s[6])<<8 | uint64(s[7])
	}
	for k := range len(s) {
		p |= uint64(s[k]) << (56 - 8*k)
	}
	return p
}
