package segment

import (
	"cmp"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go/format"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// Bounds of texts are cut to so many bytes: in the page index and the footer, and in ColumnStats.
const (
	boundBytes = 64
	statsBytes = 32
)

// bounds are the least and the greatest value of some rows; NULL when all rows are NULL.
type bounds struct {
	min, max base.Value
	nulls    int
}

// add makes b the bounds of both.
func (b *bounds) add(o bounds) {
	b.nulls += o.nulls
	if o.min.IsNull() {
		return
	}
	if b.min.IsNull() || compare(o.min, b.min) < 0 {
		b.min = o.min
	}
	if b.max.IsNull() || compare(o.max, b.max) > 0 {
		b.max = o.max
	}
}

// compare orders two values of one class, as the class orders them; texts by bytes.
func compare(a, b base.Value) int {
	switch a.Class() {
	case base.Uint:
		return cmp.Compare(a.Uint(), b.Uint())
	case base.Float:
		return cmp.Compare(a.Float(), b.Float())
	case base.Decimal:
		ac, as := a.Decimal()
		bc, bs := b.Decimal()
		return base.CompareDecimal(ac, as, bc, bs)
	case base.String, base.Bytes, base.JSON:
		return strings.Compare(a.Text(), b.Text())
	}
	return cmp.Compare(a.Int(), b.Int())
}

// extent returns the bounds of rows [from, from+n) of v.
func extent(v *vec.Vector, from, n int) (b bounds) {
	var lo, hi int // rows
	less := func(i, j int) bool { return v.I64[i] < v.I64[j] }
	switch v.Class {
	case base.Null:
		return bounds{nulls: n}
	case base.Uint:
		less = func(i, j int) bool { return uint64(v.I64[i]) < uint64(v.I64[j]) }
	case base.Float:
		return extentFloat(v, from, n)
	case base.Decimal:
		less = func(i, j int) bool { return v.Dec[i].Cmp(v.Dec[j]) < 0 }
	case base.String, base.Bytes, base.JSON:
		less = func(i, j int) bool { return v.Str[i] < v.Str[j] }
	default:
		if v.Nulls == nil {
			return extentInts(v, from, n)
		}
	}
	lo = -1
	for i := from; i < from+n; i++ {
		switch {
		case v.Nulls.Get(i):
			b.nulls++
		case lo < 0:
			lo, hi = i, i
		case less(i, lo):
			lo = i
		case less(hi, i):
			hi = i
		}
	}
	if lo >= 0 {
		b.min, b.max = v.Value(lo), v.Value(hi)
	}
	return b
}

func extentInts(v *vec.Vector, from, n int) bounds {
	lo, hi := v.I64[from], v.I64[from]
	for _, x := range v.I64[from : from+n] {
		lo, hi = min(lo, x), max(hi, x)
	}
	return bounds{min: base.FromBits(v.Class, uint64(lo)), max: base.FromBits(v.Class, uint64(hi))}
}

// extentFloat takes a page with a NaN for one that may hold anything, and a zero for either zero, as the Parquet
// specification wants it.
func extentFloat(v *vec.Vector, from, n int) (b bounds) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for i := from; i < from+n; i++ {
		switch x := v.F64[i]; {
		case v.Nulls.Get(i):
			b.nulls++
		case x != x:
			lo, hi = math.Inf(-1), math.Inf(1)
		default:
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	if b.nulls == n {
		return b
	}
	if lo == 0 {
		lo = math.Copysign(0, -1)
	}
	if hi == 0 {
		hi = 0
	}
	b.min, b.max = base.NewFloat(lo), base.NewFloat(hi)
	return b
}

// cut returns bounds whose texts have about most bytes: a prefix of the least, and something above the greatest.
func (b bounds) cut(most int) bounds {
	if c := b.min.Class(); c == base.String || c == base.Bytes || c == base.JSON {
		whole := c != base.Bytes
		b.min = base.FromText(c, prefix(b.min.Text(), most, whole))
		b.max = base.FromText(c, above(b.max.Text(), most, whole))
	}
	return b
}

// prefix returns at most n bytes of s; whole keeps characters together.
func prefix(s string, n int, whole bool) string {
	if len(s) <= n {
		return s
	}
	if !whole || !utf8.ValidString(s) {
		return s[:n]
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// above returns the shortest string of about n bytes that is not below s, or s.
func above(s string, n int, whole bool) string {
	p := prefix(s, n, whole)
	if len(p) == len(s) {
		return s
	}
	whole = whole && utf8.ValidString(p)
	for p != "" {
		r, size := rune(p[len(p)-1]), 1
		if whole {
			r, size = utf8.DecodeLastRuneInString(p)
		}
		p = p[:len(p)-size]
		switch {
		case !whole && r < 0xFF:
			return p + string([]byte{byte(r + 1)})
		case whole && r == 0xD7FF:
			return p + "\uE000"
		case whole && r < utf8.MaxRune:
			return p + string(r+1)
		}
	}
	return s
}

// appendPlain appends v in Parquet's plain encoding without the length of a text, which is how bounds are written.
func appendPlain(b []byte, k kind, v base.Value) []byte {
	switch k.physical() {
	case format.ByteArray:
		return append(b, v.Text()...)
	case format.Int32:
		return le.AppendUint32(b, uint32(v.Int()))
	case format.FixedLenByteArray:
		c, _ := v.Decimal()
		return appendWide(b, c)
	}
	return le.AppendUint64(b, v.Bits())
}

// parsePlain is the reverse of appendPlain; ok is false when b has the wrong size.
func parsePlain(b []byte, k kind) (v base.Value, ok bool) {
	switch k.physical() {
	case format.ByteArray:
		return base.FromText(k.class, string(b)), true
	case format.Int32:
		if len(b) != 4 {
			return v, false
		}
		return base.FromBits(k.class, uint64(int64(int32(le.Uint32(b))))), true
	case format.FixedLenByteArray:
		if len(b) != 16 {
			return v, false
		}
		return base.NewDecimal(wideAt(b), k.scale), true
	}
	if len(b) != 8 {
		return v, false
	}
	if bits := le.Uint64(b); k.class == base.Decimal {
		return base.NewDecimal(base.Int128From(int64(bits)), k.scale), true
	} else {
		return base.FromBits(k.class, bits), true
	}
}
