package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// gather sets dst to the rows idx of src, in this order. With outer, an index of -1 is a row of NULLs. dst is of src's class
// afterwards, and shares nothing with it.
func gather(dst, src *vec.Vector, idx []int32, outer bool) {
	if dst.Class != src.Class && src.Class != base.Null {
		*dst = vec.Vector{Class: src.Class}
	}
	nulls := dst.Nulls
	if src.Class != base.Null {
		dst.Scale = src.Scale
	}
	dst.Resize(len(idx))
	if src.Class == base.Null {
		dst.Nulls = allSet(nulls, len(idx))
		return
	}
	switch {
	case outer:
		gatherOuter(dst, src, idx)
	case src.I64 != nil && src.Class != base.Float:
		gatherRun(dst.I64, src.I64, idx)
	case src.Class == base.Float:
		gatherRun(dst.F64, src.F64, idx)
	case src.Class == base.Decimal:
		gatherRun(dst.Dec, src.Dec, idx)
	case src.Str != nil:
		gatherRun(dst.Str, src.Str, idx)
	}
	if src.Nulls == nil && !outer {
		return
	}
	nulls = noneSet(nulls, len(idx))
	for k, i := range idx {
		if i < 0 || src.Nulls.Get(int(i)) {
			nulls.Set(k)
		}
	}
	dst.Nulls = nulls
}

func gatherRun[T any](dst, src []T, idx []int32) {
	dst = dst[:len(idx)]
	for k, i := range idx {
		dst[k] = src[i]
	}
}

func gatherOuter(dst, src *vec.Vector, idx []int32) {
	for k, i := range idx {
		if i < 0 {
			continue
		}
		switch src.Class {
		case base.Float:
			dst.F64[k] = src.F64[i]
		case base.Decimal:
			dst.Dec[k] = src.Dec[i]
		case base.String, base.Bytes, base.JSON:
			dst.Str[k] = src.Str[i]
		default:
			dst.I64[k] = src.I64[i]
		}
	}
}

// noneSet returns an empty bitmap for n rows, in the memory of b if it is large enough.
func noneSet(b vec.Bitmap, n int) vec.Bitmap {
	words := (n + 63) / 64
	if cap(b) < words {
		return vec.NewBitmap(n)
	}
	b = b[:words]
	clear(b)
	return b
}

func allSet(b vec.Bitmap, n int) vec.Bitmap {
	b = noneSet(b, n)
	for i := range b {
		b[i] = ^uint64(0)
	}
	return b
}

// rowStore collects rows column by column in memory.
type rowStore struct {
	cols []*vec.Vector
	n    int
}

// newRowStore returns an empty store for rows of the given columns.
func newRowStore(schema []plan.Column) rowStore {
	s := rowStore{cols: make([]*vec.Vector, len(schema))}
	for i := range s.cols {
		s.cols[i] = newColumn(schema[i].Type)
	}
	return s
}

func newColumn(t base.Type) *vec.Vector {
	v := &vec.Vector{Class: t.Class()}
	if v.Class == base.Decimal {
		v.Scale = t.Scale
	}
	return v
}

// add copies the counting rows of b into the store and accounts their memory.
func (s *rowStore) add(b *vec.Batch, acc *account) error { return s.addRows(b.Cols, b.N, b.Sel, acc) }

// addRows copies rows sel of cols, or all n.
func (s *rowStore) addRows(cols []*vec.Vector, n int, sel []int32, acc *account) error {
	if sel != nil {
		n = len(sel)
	}
	var bytes int64
	for c, src := range cols {
		if src != nil {
			bytes += appendColumn(s.cols[c], src, s.n, n, sel)
		}
	}
	s.n += n
	return acc.grow(bytes)
}

// view makes b the rows [from, from+n) of the store without copying. from is a multiple of 64.
func (s *rowStore) view(b *vec.Batch, vs []vec.Vector, from, n int) {
	b.N, b.Sel, b.Cols = n, nil, b.Cols[:0]
	for c, src := range s.cols {
		v := &vs[c]
		*v = vec.Vector{Class: src.Class, Scale: src.Scale, Len: n}
		switch {
		case src.I64 != nil:
			v.I64 = src.I64[from : from+n]
		case src.F64 != nil:
			v.F64 = src.F64[from : from+n]
		case src.Dec != nil:
			v.Dec = src.Dec[from : from+n]
		case src.Str != nil:
			v.Str = src.Str[from : from+n]
		}
		if src.Nulls != nil {
			v.Nulls = src.Nulls[from/64:]
		}
		b.Cols = append(b.Cols, v)
	}
}

// appendColumn appends rows sel of src, or its first n, to dst, which has `at` rows, and returns the bytes that took.
func appendColumn(dst, src *vec.Vector, at, n int, sel []int32) int64 {
	if src.Class == base.Null {
		return appendNulls(dst, at, n)
	}
	if dst.Class != src.Class || dst.Class == base.Decimal && dst.Scale != src.Scale {
		if at > 0 && dst.Class != base.Null {
			return appendConverted(dst, src, at, n, sel)
		}
		retype(dst, src, at)
	}
	dst.Len = at + n
	bytes := int64(n) * 8
	switch src.Class {
	case base.Float:
		dst.F64 = appendRun(dst.F64, src.F64, n, sel)
	case base.Decimal:
		dst.Dec = appendRun(dst.Dec, src.Dec, n, sel)
		bytes *= 2
	case base.String, base.Bytes, base.JSON:
		dst.Str = appendRun(dst.Str, src.Str, n, sel)
		bytes *= 2
		for _, s := range dst.Str[at:] {
			bytes += int64(len(s))
		}
	default:
		dst.I64 = appendRun(dst.I64, src.I64, n, sel)
	}
	if src.Nulls == nil && dst.Nulls == nil {
		return bytes
	}
	growNulls(dst, at, n)
	if src.Nulls == nil {
		return bytes
	}
	for k := range n {
		i := k
		if sel != nil {
			i = int(sel[k])
		}
		if src.Nulls.Get(i) {
			dst.Nulls.Set(at + k)
			if dst.Str != nil {
				dst.Str[at+k] = "" // do not hold what NULL rows happen to alias
			}
		}
	}
	return bytes + int64(n)/8
}

func appendRun[T any](dst, src []T, n int, sel []int32) []T {
	at := len(dst)
	if cap(dst)-at < n {
		old := dst
		dst = make([]T, at, max(2*cap(old), at+n))
		copy(dst, old)
	}
	dst = dst[:at+n]
	if sel == nil {
		copy(dst[at:], src)
	} else {
		gatherRun(dst[at:], src, sel)
	}
	return dst
}

// growNulls makes room for n rows after the first `at` in dst's bitmap, all of them not NULL.
func growNulls(dst *vec.Vector, at, n int) {
	words := (at + n + 63) / 64
	for len(dst.Nulls) < words {
		dst.Nulls = append(dst.Nulls, 0)
	}
}

func appendNulls(dst *vec.Vector, at, n int) int64 {
	growNulls(dst, at, n)
	for k := range n {
		dst.Nulls.Set(at + k)
	}
	dst.Len = at + n
	switch dst.Class {
	case base.Null:
		return 0
	case base.Float:
		dst.F64 = append(dst.F64, make([]float64, n)...)
	case base.Decimal:
		dst.Dec = append(dst.Dec, make([]base.Int128, n)...)
	case base.String, base.Bytes, base.JSON:
		dst.Str = append(dst.Str, make([]string, n)...)
	default:
		dst.I64 = append(dst.I64, make([]int64, n)...)
	}
	return int64(n) * 8
}

// retype gives dst, which has only NULLs, the class and the scale of src.
func retype(dst, src *vec.Vector, at int) {
	*dst = vec.Vector{Class: src.Class, Scale: src.Scale, Nulls: dst.Nulls}
	if at > 0 {
		dst.Resize(at)
		dst.Nulls = allSet(nil, at)
	}
}

// appendConverted appends values of another class or scale than the column was declared with.
func appendConverted(dst, src *vec.Vector, at, n int, sel []int32) int64 {
	bytes := appendNulls(dst, at, n)
	for k := range n {
		i := k
		if sel != nil {
			i = int(sel[k])
		}
		if v, ok := toClass(src.Value(i), dst); ok {
			dst.Nulls.Clear(at + k)
			dst.Set(at+k, v)
		}
	}
	return bytes
}

// toClass converts v to the class and scale of dst; ok is false for what does not convert.
func toClass(v base.Value, dst *vec.Vector) (base.Value, bool) {
	if v.IsNull() {
		return v, false
	}
	t := convert.ClassType(dst.Class)
	if dst.Class == base.Decimal {
		t.Scale = dst.Scale
	}
	out, err := convert.To(v, convert.NaturalType(v), t, nil)
	return out, err == nil && out.Class() == dst.Class
}

// scatter sets dst to n rows of which row at[k] is row idx[k] of src; the others are undefined.
func scatter(dst, src *vec.Vector, n int, at, idx []int32) {
	if dst.Class != src.Class {
		*dst = vec.Vector{Class: src.Class}
	}
	dst.Scale = src.Scale
	nulls := dst.Nulls
	dst.Resize(n)
	switch src.Class {
	case base.Null:
		return
	case base.Float:
		scatterRun(dst.F64, src.F64, at, idx)
	case base.Decimal:
		scatterRun(dst.Dec, src.Dec, at, idx)
	case base.String, base.Bytes, base.JSON:
		scatterRun(dst.Str, src.Str, at, idx)
	default:
		scatterRun(dst.I64, src.I64, at, idx)
	}
	if src.Nulls == nil {
		return
	}
	dst.Nulls = noneSet(nulls, n)
	for k, i := range idx {
		if src.Nulls.Get(int(i)) {
			dst.Nulls.Set(int(at[k]))
		}
	}
}

func scatterRun[T any](dst, src []T, at, idx []int32) {
	idx = idx[:len(at)]
	for k, i := range at {
		dst[i] = src[idx[k]]
	}
}

// hasNull reports whether row i is NULL in one of the columns that safe does not exempt.
func hasNull(cols []*vec.Vector, safe []bool, i int) bool {
	for c, col := range cols {
		if (safe == nil || !safe[c]) && col.IsNull(i) {
			return true
		}
	}
	return false
}
