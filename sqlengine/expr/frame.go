package expr

import (
	"cmp"
	"math/bits"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// Frame accumulates one aggregate over a run of rows whose ends move forward: the frame of a window. It is for one goroutine.
type Frame interface {
	// Reset makes the run empty.
	Reset()
	// Add appends rows from to to-1 of args, which are what Agg.Eval returned.
	Add(args []*vec.Vector, from, to int) error
	// Drop takes the oldest rows away, which are rows from to to-1 of args.
	Drop(args []*vec.Vector, from, to int) error
	// Store sets row i of out, which has the class and scale of the aggregate's type, to the aggregate of the run.
	Store(out *vec.Vector, i int) error
	// Bytes estimates the memory in use.
	Bytes() int
}

// NewFrame returns an empty Frame; nil if the aggregate has none, and has to be computed anew for each run. With growing,
// Drop is never called.
func (a Agg) NewFrame(growing bool) Frame {
	if a.frame == nil || a.opts.Distinct {
		return nil
	}
	return a.frame(growing)
}

type countFrame struct{ n int64 }

func (f *countFrame) Reset()     { f.n = 0 }
func (f *countFrame) Bytes() int { return 8 }

func (f *countFrame) Add(args []*vec.Vector, from, to int) error {
	f.n += countRows(args, from, to)
	return nil
}

func (f *countFrame) Drop(args []*vec.Vector, from, to int) error {
	f.n -= countRows(args, from, to)
	return nil
}

func countRows(args []*vec.Vector, from, to int) int64 {
	if len(args) == 0 || args[0].Nulls == nil && args[0].Class != base.Null {
		return int64(to - from)
	}
	n := int64(0)
	for i := from; i < to; i++ {
		if !args[0].IsNull(i) {
			n++
		}
	}
	return n
}

func (f *countFrame) Store(out *vec.Vector, i int) error {
	out.I64[i] = f.n
	return nil
}

// exactFrame adds and takes away in 128 bits.
type exactFrame struct {
	sum  exactSum
	cell exactCell
}

func (f *exactFrame) Reset()     { f.cell = exactCell{} }
func (f *exactFrame) Bytes() int { return 24 }

func (f *exactFrame) Add(args []*vec.Vector, from, to int) error {
	v := args[0]
	if v.Class == base.Null {
		return nil
	}
	for i := from; i < to; i++ {
		if v.Nulls.Get(i) {
			continue
		}
		if f.sum.from == base.Decimal {
			if err := f.cell.addDecimal(v.Dec[i]); err != nil {
				return err
			}
			continue
		}
		f.cell.add(f.sum.wide(v.I64[i]))
	}
	return nil
}

func (f *exactFrame) Drop(args []*vec.Vector, from, to int) error {
	v := args[0]
	if v.Class == base.Null {
		return nil
	}
	for i := from; i < to; i++ {
		if v.Nulls.Get(i) {
			continue
		}
		if f.sum.from == base.Decimal {
			f.cell.sub(v.Dec[i].Lo, v.Dec[i].Hi)
		} else {
			f.cell.sub(f.sum.wide(v.I64[i]))
		}
	}
	return nil
}

// wide is x with 128 bits, low half first.
func (s *exactSum) wide(x int64) (lo uint64, hi int64) {
	if s.from == base.Uint {
		return uint64(x), 0
	}
	return uint64(x), x >> 63
}

func (c *exactCell) sub(lo uint64, hi int64) {
	var borrow uint64
	c.lo, borrow = bits.Sub64(c.lo, lo, 0)
	c.hi -= hi + int64(borrow)
	c.n--
}

func (f *exactFrame) Store(out *vec.Vector, i int) error { return f.sum.store(out, i, &f.cell) }

// bitFrame counts, for each bit, the rows that decide about it: those that have it set for BIT_OR, those that have not for
// BIT_AND.
type bitFrame struct {
	name  string
	xor   int64
	count [64]int64
}

func (f *bitFrame) Reset()     { *f = bitFrame{name: f.name} }
func (f *bitFrame) Bytes() int { return 64 * 8 }

func (f *bitFrame) Add(args []*vec.Vector, from, to int) error {
	f.move(args[0], from, to, 1)
	return nil
}

func (f *bitFrame) Drop(args []*vec.Vector, from, to int) error {
	f.move(args[0], from, to, -1)
	return nil
}

func (f *bitFrame) move(v *vec.Vector, from, to int, by int64) {
	for i := from; i < to; i++ {
		if v.IsNull(i) {
			continue
		}
		x := uint64(v.I64[i])
		if f.name == "BIT_XOR" {
			f.xor ^= int64(x)
			continue
		}
		if f.name == "BIT_AND" {
			x = ^x
		}
		for ; x != 0; x &= x - 1 {
			f.count[bits.TrailingZeros64(x)] += by
		}
	}
}

func (f *bitFrame) Store(out *vec.Vector, i int) error {
	x := f.xor
	if f.name != "BIT_XOR" {
		for b, n := range f.count {
			if n > 0 {
				x |= 1 << b
			}
		}
		if f.name == "BIT_AND" {
			x = ^x
		}
	}
	out.I64[i] = x
	return nil
}

// extremeFrame is MIN and MAX: a queue of the rows that are the extreme of all that came after them.
type extremeFrame struct {
	sign    int
	compare func(a, b base.Value) int
	queue   []extremeEntry
	head    int
	added   int64 // rows that ever came and went
	dropped int64
}

type extremeEntry struct {
	at    int64
	value base.Value
}

func (f *extremeFrame) Reset() {
	clear(f.queue)
	f.queue, f.head, f.added, f.dropped = f.queue[:0], 0, 0, 0
}

func (f *extremeFrame) Bytes() int { return 48 * cap(f.queue) }

func (f *extremeFrame) Add(args []*vec.Vector, from, to int) error {
	v := args[0]
	for i := from; i < to; i++ {
		f.added++
		if v.IsNull(i) {
			continue
		}
		x := v.Value(i)
		for n := len(f.queue); n > f.head && f.sign*f.compare(x, f.queue[n-1].value) > 0; n-- {
			f.queue = f.queue[:n-1]
		}
		if len(f.queue) == cap(f.queue) && f.head > len(f.queue)/2 {
			f.queue = f.queue[:copy(f.queue, f.queue[f.head:])]
			f.head = 0
		}
		f.queue = append(f.queue, extremeEntry{f.added - 1, x})
	}
	return nil
}

func (f *extremeFrame) Drop(_ []*vec.Vector, from, to int) error {
	f.dropped += int64(to - from)
	for f.head < len(f.queue) && f.queue[f.head].at < f.dropped {
		f.head++
	}
	return nil
}

func (f *extremeFrame) Store(out *vec.Vector, i int) error {
	if f.head == len(f.queue) {
		out.SetNull(i)
	} else {
		out.Set(i, f.queue[f.head].value)
	}
	return nil
}

// valueComparer returns the order of values of type t that are not NULL.
func valueComparer(t base.Type) func(a, b base.Value) int {
	switch t.Class() {
	case base.Uint:
		return func(a, b base.Value) int { return cmp.Compare(a.Uint(), b.Uint()) }
	case base.Float:
		return func(a, b base.Value) int { return cmp.Compare(a.Float(), b.Float()) }
	case base.Decimal:
		return func(a, b base.Value) int {
			x, xs := a.Decimal()
			y, ys := b.Decimal()
			return base.CompareDecimal(x, xs, y, ys)
		}
	case base.JSON:
		return func(a, b base.Value) int { return convert.CompareJSON(a.Text(), b.Text()) }
	case base.String:
		if coll := collation.Of(t.Collation); !coll.Binary() {
			return func(a, b base.Value) int { return coll.Compare(a.Text(), b.Text()) }
		}
		fallthrough
	case base.Bytes:
		return func(a, b base.Value) int { return strings.Compare(a.Text(), b.Text()) }
	}
	return func(a, b base.Value) int { return cmp.Compare(a.Int(), b.Int()) }
}
