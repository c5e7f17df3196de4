package table

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
)

// buildColumns decodes the asked columns of n rows.
func buildColumns(cols []ScanCol, n int, at func(int) string) ([]*column, error) {
	out, vecs := make([]*column, len(cols)), make([]*vec.Vector, len(cols))
	for i, c := range cols {
		vecs[i] = vec.New(c.Type.Class(), c.scale(), n)
		out[i] = &column{id: c.ID, vec: vecs[i]}
	}
	d := row.NewDecoder(fieldsOf(cols))
	for r := range n {
		absent, err := d.DecodePresent(at(r), vecs, r)
		if err != nil {
			return nil, err
		}
		for _, i := range absent {
			c := out[i]
			if c.missing == nil {
				c.missing = vec.NewBitmap(n)
			}
			c.missing.Set(r)
			c.vec.SetNull(r)
		}
	}
	return out, nil
}

// slice returns rows [from, from+n) of c as a vector, with q's default where the column is missing. Without such rows
// it aliases c.
func (c *column) slice(q ScanCol, from, n int) *vec.Vector {
	if c.missing != nil && anySet(c.missing, from, n) {
		out := vec.New(c.vec.Class, c.vec.Scale, n)
		c.copyTo(out, q, 0, from, n, false)
		return out
	}
	v := c.vec
	out := &vec.Vector{Class: v.Class, Scale: v.Scale, Len: n, Nulls: shiftBitmap(v.Nulls, from, n)}
	switch v.Class {
	case base.Null:
	case base.Float:
		out.F64 = v.F64[from : from+n : from+n]
	case base.Decimal:
		out.Dec = v.Dec[from : from+n : from+n]
	case base.String, base.Bytes, base.JSON:
		out.Str = v.Str[from : from+n : from+n]
	default:
		out.I64 = v.I64[from : from+n : from+n]
	}
	return out
}

// copyTo copies rows [from, from+n) of c to out at position at, last row first for reverse.
func (c *column) copyTo(out *vec.Vector, q ScanCol, at, from, n int, reverse bool) {
	v := c.vec
	switch v.Class {
	case base.Null:
	case base.Float:
		copyRun(out.F64[at:], v.F64[from:from+n], reverse)
	case base.Decimal:
		copyRun(out.Dec[at:], v.Dec[from:from+n], reverse)
	case base.String, base.Bytes, base.JSON:
		copyRun(out.Str[at:], v.Str[from:from+n], reverse)
	default:
		copyRun(out.I64[at:], v.I64[from:from+n], reverse)
	}
	if v.Nulls == nil {
		return
	}
	for i := range n {
		src := from + i
		if !v.Nulls.Get(src) {
			continue
		}
		dst := at + i
		if reverse {
			dst = at + n - 1 - i
		}
		if c.missing.Get(src) {
			out.Set(dst, q.Missing)
		} else {
			out.SetNull(dst)
		}
	}
}

func copyRun[T any](dst, src []T, reverse bool) {
	if !reverse {
		copy(dst, src)
		return
	}
	for i, x := range src {
		dst[len(src)-1-i] = x
	}
}

func anySet(b vec.Bitmap, from, n int) bool {
	for i := from; i < from+n; i++ {
		if b[i>>6] == 0 {
			i |= 63
			continue
		}
		if b.Get(i) {
			return true
		}
	}
	return false
}

// shiftBitmap returns bits [from, from+n) of b, aliasing b where they start at a word.
func shiftBitmap(b vec.Bitmap, from, n int) vec.Bitmap {
	if b == nil || !anySet(b, from, n) {
		return nil
	}
	words, lo, shift := (n+63)/64, from>>6, uint(from)&63
	if shift == 0 {
		return b[lo : lo+words : lo+words]
	}
	out := make(vec.Bitmap, words)
	for i := range out {
		out[i] = b[lo+i] >> shift
		if lo+i+1 < len(b) {
			out[i] |= b[lo+i+1] << (64 - shift)
		}
	}
	return out
}
