// Package vec holds the column vectors that storage produces and operators work on.
//
// It sits below storage and the engine because a segment's page is decoded straight into the vector an operator reads.
package vec

import (
	"github.com/s3sql/s3sql/internal/base"
)

// MaxRows is the most rows a batch carries, and the usual number.
const MaxRows = 4096

// Bitmap is a set of row numbers; a nil Bitmap is empty.
type Bitmap []uint64

// NewBitmap returns an empty bitmap for n rows.
func NewBitmap(n int) Bitmap { return make(Bitmap, (n+63)/64) }

// Get reports whether row i is in the set.
func (b Bitmap) Get(i int) bool { return b != nil && b[i>>6]&(1<<(uint(i)&63)) != 0 }

// Set adds row i.
func (b Bitmap) Set(i int) { b[i>>6] |= 1 << (uint(i) & 63) }

// Clear removes row i.
func (b Bitmap) Clear(i int) { b[i>>6] &^= 1 << (uint(i) & 63) }

// Vector is one column of a batch. Exactly one payload slice is in use, chosen by Class:
//
//	Int, Uint, Date, Time, DateTime   I64 (bits)
//	Float                             F64
//	Decimal                           Dec, all rows at the vector's Scale
//	String, Bytes, JSON               Str
//	Null                              none: every row is NULL
//
// Payload at a NULL row is undefined. A vector handed out by a scan or an expression is read-only for everyone: it may
// alias storage or another batch. Len counts rows.
type Vector struct {
	Class base.Class
	Scale uint8
	Len   int
	Nulls Bitmap // nil: no row is NULL
	I64   []int64
	F64   []float64
	Dec   []base.Int128
	Str   []string
}

// New returns a vector of n rows with its payload allocated.
func New(c base.Class, scale uint8, n int) *Vector {
	v := &Vector{Class: c, Scale: scale}
	v.Resize(n)
	return v
}

// Resize makes room for n rows and sets Len, reusing the payload where it is large enough. Contents are undefined and
// Nulls is cleared.
func (v *Vector) Resize(n int) {
	v.Len = n
	v.Nulls = nil
	switch v.Class {
	case base.Null:
	case base.Float:
		v.F64 = grow(v.F64, n)
	case base.Decimal:
		v.Dec = grow(v.Dec, n)
	case base.String, base.Bytes, base.JSON:
		v.Str = grow(v.Str, n)
	default:
		v.I64 = grow(v.I64, n)
	}
}

func grow[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]T, n)
}

// IsNull reports whether row i is NULL.
func (v *Vector) IsNull(i int) bool { return v.Class == base.Null || v.Nulls.Get(i) }

// SetNull marks row i NULL.
func (v *Vector) SetNull(i int) {
	if v.Nulls == nil {
		v.Nulls = NewBitmap(max(v.Len, i+1))
	}
	v.Nulls.Set(i)
}

// Value returns row i as a Value.
func (v *Vector) Value(i int) base.Value {
	if v.IsNull(i) {
		return base.Value{}
	}
	switch v.Class {
	case base.Float:
		return base.NewFloat(v.F64[i])
	case base.Decimal:
		return base.NewDecimal(v.Dec[i], v.Scale)
	case base.String, base.Bytes, base.JSON:
		return base.FromText(v.Class, v.Str[i])
	default:
		return base.FromBits(v.Class, uint64(v.I64[i]))
	}
}

// Set stores val, which is NULL or of the vector's class (and scale), at row i < Len.
func (v *Vector) Set(i int, val base.Value) {
	if val.IsNull() {
		v.SetNull(i)
		return
	}
	switch v.Class {
	case base.Null:
	case base.Float:
		v.F64[i] = val.Float()
	case base.Decimal:
		v.Dec[i], _ = val.Decimal()
	case base.String, base.Bytes, base.JSON:
		v.Str[i] = val.Text()
	default:
		v.I64[i] = val.Int()
	}
}

// Batch is a run of rows, column by column. Sel lists the rows that count, ascending; nil means all N. Every column has
// at least N rows (a column that a consumer did not ask for may be nil).
type Batch struct {
	Cols []*Vector
	N    int
	Sel  []int32
}

// Rows returns the number of rows that count.
func (b *Batch) Rows() int {
	if b.Sel != nil {
		return len(b.Sel)
	}
	return b.N
}

// Row maps the k-th counting row to its position in the vectors.
func (b *Batch) Row(k int) int {
	if b.Sel != nil {
		return int(b.Sel[k])
	}
	return k
}
