package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// aggCall is an aggregate over frames. It holds the run of rows [lo, hi), and moves its ends.
type aggCall struct {
	o         *windowOp
	agg       *expr.Agg
	typ       base.Type
	frame     *winFrame
	state     expr.Frame // nil: computed anew for each frame
	added     winArg
	dropped   winArg
	lo, hi    int
	growing   bool
	last      base.Value // of the run [lo, hi), without a state
	lastValid bool

	out *vec.Vector
	at  int
}

func (o *windowOp) newAggCall(c *plan.WindowCall, f *winFrame) *aggCall {
	growing := f.plan.Start.Kind == plan.UnboundedPreceding
	a := &aggCall{o: o, agg: c.Agg, typ: c.Type, frame: f, growing: growing, state: c.Agg.NewFrame(growing)}
	a.added, a.dropped = winArg{o: o, agg: c.Agg, page: -1}, winArg{o: o, agg: c.Agg, page: -1}
	return a
}

func (c *aggCall) begin(n int) {
	c.out = newColumn(c.typ)
	c.out.Resize(n)
	c.at = 0
}

func (c *aggCall) reset(first int) { c.clear(first) }

// clear makes the run empty, at row.
func (c *aggCall) clear(row int) {
	c.lo, c.hi, c.lastValid = row, row, false
	if c.state != nil {
		c.state.Reset()
	}
}

func (c *aggCall) result() *vec.Vector { return c.out }

func (c *aggCall) bytes() int64 {
	if c.state == nil {
		return 0
	}
	return int64(c.state.Bytes())
}

func (c *aggCall) oldest(next int) int {
	if c.state != nil && c.growing {
		return min(next, c.hi)
	}
	return min(next, c.lo)
}

func (c *aggCall) eval(seg winSegment) error {
	for k := range seg.to - seg.from {
		lo, hi := c.frame.lo[k], max(c.frame.lo[k], c.frame.hi[k])
		var err error
		if c.state == nil {
			err = c.anew(lo, hi)
		} else {
			err = c.move(lo, hi)
		}
		if err != nil {
			return err
		}
		c.at++
	}
	return nil
}

// move moves the run to [lo, hi) and stores its aggregate.
func (c *aggCall) move(lo, hi int) error {
	if lo >= c.hi {
		c.clear(lo)
	}
	if hi > c.hi {
		if err := c.pages(&c.added, c.hi, hi, c.state.Add); err != nil {
			return err
		}
		c.hi = hi
	}
	if lo > c.lo {
		if err := c.pages(&c.dropped, c.lo, lo, c.state.Drop); err != nil {
			return err
		}
		c.lo = lo
	}
	return c.state.Store(c.out, c.at)
}

// pages calls f for the rows [from, to), page by page.
func (c *aggCall) pages(arg *winArg, from, to int, f func(args []*vec.Vector, from, to int) error) error {
	for from < to {
		page := from / vec.MaxRows
		end := min(to, (page+1)*vec.MaxRows)
		args, err := arg.eval(page)
		if err != nil {
			return err
		}
		if err := f(args, from-page*vec.MaxRows, end-page*vec.MaxRows); err != nil {
			return err
		}
		if from = end; from < to {
			if err := c.o.ec.Ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// anew computes the aggregate of the rows [lo, hi) from the beginning, unless it is that of the row before.
func (c *aggCall) anew(lo, hi int) error {
	if !c.lastValid || lo != c.lo || hi != c.hi {
		if err := c.o.ec.Ctx.Err(); err != nil {
			return err
		}
		state := c.agg.NewState()
		state.Grow(1)
		var sel []int32
		err := c.pages(&c.added, lo, hi, func(args []*vec.Vector, from, to int) error {
			sel = sel[:0]
			for i := from; i < to; i++ {
				sel = append(sel, int32(i))
			}
			return state.Update(nil, args, &vec.Batch{N: to, Sel: sel})
		})
		if err != nil {
			return err
		}
		v, err := state.Result(c.o.ec.Expr)
		if err != nil {
			return err
		}
		c.last, c.lastValid, c.lo, c.hi = v.Value(0), true, lo, hi
	}
	return setValue(c.out, c.at, c.last)
}
