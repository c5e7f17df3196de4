package expr

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// cellFrame is an aggregate of DOUBLEs over a moving run, for which taking a value away again would lose digits: SUM, AVG and
// the variances. It keeps the values of the run, those at its start with the aggregate of all from there to the end of a
// block (front), those behind the block summed up (back). When the front is used up, the back becomes the front, so that
// a value is touched twice however large the run is.
type cellFrame[C any] struct {
	add     func(c *C, x float64)
	merge   func(c, o *C)
	store   func(out *vec.Vector, i int, c *C) error
	growing bool // nothing is ever dropped: no values are kept

	values []float64 // of the run, from head
	head   int
	front  []C // aggregates of values[i:split], for i from split-len(front)
	split  int
	back   C // of values[split:]
}

// rerunMax is the number of values up to which a run is added up anew, in row order, which rounds as MySQL does.
const rerunMax = 64

func newFloatFrame(s *floatSum, growing bool) Frame {
	return &cellFrame[floatCell]{growing: growing, store: s.store,
		add: func(c *floatCell, x float64) {
			c.sum += x
			c.n++
		},
		merge: func(c, o *floatCell) {
			c.sum += o.sum
			c.n += o.n
		}}
}

func newVarianceFrame(s *varianceState, growing bool) Frame {
	return &cellFrame[varianceCell]{growing: growing, store: s.store, add: (*varianceCell).add, merge: (*varianceCell).merge}
}

func (f *cellFrame[C]) Reset() {
	var zero C
	f.values, f.head, f.front, f.split, f.back = f.values[:0], 0, f.front[:0], 0, zero
}

func (f *cellFrame[C]) Bytes() int { return 8*cap(f.values) + 24*cap(f.front) }

func (f *cellFrame[C]) Add(args []*vec.Vector, from, to int) error {
	v := args[0]
	if v.Class == base.Null {
		return nil
	}
	for i := from; i < to; i++ {
		if v.Nulls.Get(i) {
			continue
		}
		f.add(&f.back, v.F64[i])
		if !f.growing {
			f.values = append(f.values, v.F64[i])
		}
	}
	return nil
}

func (f *cellFrame[C]) Drop(args []*vec.Vector, from, to int) error {
	v := args[0]
	if v.Class == base.Null {
		return nil
	}
	for i := from; i < to; i++ {
		if !v.Nulls.Get(i) {
			f.head++
		}
	}
	if f.head > 4096 && f.head > len(f.values)/2 {
		n := copy(f.values, f.values[f.head:])
		f.values, f.split, f.head = f.values[:n], f.split-f.head, 0
		if f.split < 0 { // the whole block went: what is behind it is in no front
			f.split = -1
		}
	}
	return nil
}

func (f *cellFrame[C]) Store(out *vec.Vector, i int) error {
	run := f.values[f.head:]
	switch {
	case f.growing || f.head == 0 && f.split == 0: // nothing was dropped
		return f.store(out, i, &f.back)
	case len(run) <= rerunMax:
		var c C
		for _, x := range run {
			f.add(&c, x)
		}
		return f.store(out, i, &c)
	case f.head >= f.split:
		f.turn()
	}
	c := f.front[len(f.front)-(f.split-f.head)]
	f.merge(&c, &f.back)
	return f.store(out, i, &c)
}

// turn makes all values of the run the front.
func (f *cellFrame[C]) turn() {
	var zero C
	run := f.values[f.head:]
	f.front = extend(f.front[:0], len(run))
	c := zero
	for k := len(run) - 1; k >= 0; k-- {
		var one C
		f.add(&one, run[k])
		f.merge(&one, &c)
		c = one
		f.front[k] = c
	}
	f.split, f.back = len(f.values), zero
}
