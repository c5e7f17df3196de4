package expr

import (
	"math"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/vec"
)

// Filter returns the rows of b for which pred is TRUE, ascending. The result is written over sel, which may be b.Sel itself
// or nil; it is never nil, so that no row is told from all rows.
func Filter(ctx *Context, pred Expr, b *vec.Batch, sel []int32) ([]int32, error) {
	if cap(sel) < b.Rows() || sel == nil {
		sel = make([]int32, b.Rows())
	}
	sel = sel[:b.Rows()]
	c, ok := pred.(*call)
	if !ok || c.fixed {
		return filterAny(ctx, pred, b, sel)
	}
	if c.anyOf {
		return filterAnyOf(ctx, c.in, b, sel)
	}
	switch c.fn.name {
	case "AND":
		out, err := Filter(ctx, c.in[0], b, sel)
		if err != nil || len(out) == 0 {
			return out, err
		}
		rest := vec.Batch{Cols: b.Cols, N: b.N, Sel: out}
		return Filter(ctx, c.in[1], &rest, out)
	case "BETWEEN":
		return Filter(ctx, c.in[0], b, sel)
	case "=", "<>", "<", "<=", ">", ">=":
		return filterCompare(ctx, c, b, sel)
	}
	return filterAny(ctx, pred, b, sel)
}

// filterAnyOf selects the rows for which one of the conditions is TRUE. Each is evaluated for the rows that those before it have
// not selected.
func filterAnyOf(ctx *Context, list []Expr, b *vec.Batch, sel []int32) ([]int32, error) {
	rest := vec.Batch{Cols: b.Cols, N: b.N, Sel: append(make([]int32, 0, b.Rows()), selection(b)...)}
	var hits vec.Bitmap
	for _, e := range list {
		yes, err := Filter(ctx, e, &rest, nil)
		if err != nil {
			return nil, err
		}
		if len(yes) == 0 {
			continue
		}
		if hits == nil {
			hits = vec.NewBitmap(b.N)
		}
		rest.Sel = without(rest.Sel, yes)
		for _, i := range yes {
			hits.Set(int(i))
		}
		if len(rest.Sel) == 0 {
			break
		}
	}
	n := 0
	for k := range b.Rows() {
		i := b.Row(k)
		sel[n] = int32(i)
		if hits.Get(i) {
			n++
		}
	}
	return sel[:n], nil
}

// without takes the rows of yes, some of list's in the same order, out of list.
func without(list, yes []int32) []int32 {
	n := 0
	for _, i := range list {
		if len(yes) > 0 && yes[0] == i {
			yes = yes[1:]
			continue
		}
		list[n] = i
		n++
	}
	return list[:n]
}

// filterAny evaluates the predicate as a vector.
func filterAny(ctx *Context, pred Expr, b *vec.Batch, sel []int32) ([]int32, error) {
	x, err := evalOperand(ctx, truth(pred), b)
	if err != nil {
		return nil, err
	}
	n := 0
	for k := range b.Rows() {
		i := b.Row(k)
		if x.isTrue(i) {
			sel[n] = int32(i)
			n++
		}
	}
	return sel[:n], nil
}

// filterCompare selects without making a vector of truth values.
func filterCompare(ctx *Context, c *call, b *vec.Batch, sel []int32) ([]int32, error) {
	x, err := evalOperand(ctx, c.in[0], b)
	if err != nil {
		return nil, err
	}
	y, err := evalOperand(ctx, c.in[1], b)
	if err != nil {
		return nil, err
	}
	op := cmpOps[c.fn.name]
	nulls, all := nullsOf(b.N, x, y)
	if all {
		return sel[:0], nil
	}
	if x.mask == 0 && y.mask != 0 {
		x, y, op = y, x, op.mirrored()
	}
	xc, yc := x.v.Class, y.v.Class
	var n int
	switch {
	case y.mask == 0 && xc == yc && x.v.I64 != nil:
		flip := int64(0)
		if xc == base.Uint {
			flip = math.MinInt64
		}
		n = selectInts(op, x.v.I64, y.v.I64[0], flip, b, sel)
	case y.mask == 0 && xc == yc && xc == base.Float:
		n = selectFloats(op, x.v.F64, y.v.F64[0], b, sel)
	case xc == yc && x.v.I64 != nil && xc != base.Uint:
		n = selectPairs(op, x.v.I64, y.v.I64, b, sel)
	default:
		return selectBySign(op, x, y, collationFor(c.in[0], c.in[1]), nulls, b, sel), nil
	}
	return dropNulls(sel[:n], nulls), nil
}

func dropNulls(sel []int32, nulls vec.Bitmap) []int32 {
	if nulls == nil {
		return sel
	}
	n := 0
	for _, i := range sel {
		sel[n] = i
		if !nulls.Get(int(i)) {
			n++
		}
	}
	return sel[:n]
}

func selectBySign(op cmpOp, x, y operand, coll *collation.Collation, nulls vec.Bitmap, b *vec.Batch, sel []int32) []int32 {
	n := 0
	if (x.v.Class == base.String || x.v.Class == base.Bytes) && coll.Binary() && (op == opEQ || op == opNE) {
		for k := range b.Rows() {
			i := b.Row(k)
			sel[n] = int32(i)
			if (x.v.Str[i&x.mask] == y.v.Str[i&y.mask]) == (op == opEQ) && !nulls.Get(i) {
				n++
			}
		}
		return sel[:n]
	}
	f := signFunc(x.v, y.v, coll)
	for k := range b.Rows() {
		i := b.Row(k)
		sel[n] = int32(i)
		if !nulls.Get(i) && op.holds(f(i&x.mask, i&y.mask)) {
			n++
		}
	}
	return sel[:n]
}

// selectInts writes the rows where x op y to sel and returns how many there are. It has no data-dependent branch.
func selectInts(op cmpOp, x []int64, y, flip int64, b *vec.Batch, sel []int32) int {
	y ^= flip
	// Every operator is lo <= x <= hi or its complement, which leaves one loop for all of them.
	lo, hi, out := int64(math.MinInt64), int64(math.MaxInt64), false
	switch op {
	case opEQ:
		lo, hi = y, y
	case opNE:
		lo, hi, out = y, y, true
	case opLT:
		lo, out = y, true
	case opLE:
		hi = y
	case opGT:
		hi, out = y, true
	default:
		lo = y
	}
	if b.Sel != nil {
		return selectRangeSel(x, uint64(lo), uint64(hi-lo), flip, out, b.Sel, sel)
	}
	return selectRange(x[:b.N], uint64(lo), uint64(hi-lo), flip, out, sel)
}

// selectRange selects the rows whose value, less lo, is at most width; with out set the others.
func selectRange(x []int64, lo, width uint64, flip int64, out bool, sel []int32) int {
	n := 0
	sel = sel[:len(x)]
	if out {
		for i, v := range x {
			sel[n] = int32(i)
			if uint64(v^flip)-lo > width {
				n++
			}
		}
		return n
	}
	for i, v := range x {
		sel[n] = int32(i)
		if uint64(v^flip)-lo <= width {
			n++
		}
	}
	return n
}

func selectRangeSel(x []int64, lo, width uint64, flip int64, out bool, in, sel []int32) int {
	n := 0
	for _, i := range in {
		sel[n] = i
		if (uint64(x[i]^flip)-lo <= width) != out {
			n++
		}
	}
	return n
}

// selectPairs is selectInts for two columns.
func selectPairs(op cmpOp, x, y []int64, b *vec.Batch, sel []int32) int {
	// Every operator is x < y, x > y or x = y, or the complement of it.
	out := op == opGE || op == opLE || op == opNE
	n := 0
	for k := range b.Rows() {
		i := b.Row(k)
		sel[n] = int32(i)
		var hit bool
		switch op {
		case opLT, opGE:
			hit = x[i] < y[i]
		case opGT, opLE:
			hit = x[i] > y[i]
		default:
			hit = x[i] == y[i]
		}
		if hit != out {
			n++
		}
	}
	return n
}

func selectFloats(op cmpOp, x []float64, y float64, b *vec.Batch, sel []int32) int {
	n := 0
	for k := range b.Rows() {
		i := b.Row(k)
		sel[n] = int32(i)
		v := x[i]
		if op == opLT && v < y || op == opLE && v <= y || op == opGT && v > y || op == opGE && v >= y ||
			op == opEQ && v == y || op == opNE && v != y {
			n++
		}
	}
	return n
}
