package exec

import (
	"errors"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// windowOp computes functions over the partitions of its input, which comes partition by partition and in order. It keeps
// rows only as long as a function needs them: a running function needs no more than the page at hand, one that looks at the
// end of the partition all of it. Rows are numbered from 0 over the whole input.
type windowOp struct {
	in   Operator
	ec   *Context
	plan *plan.Window

	pages  pageStore
	marks  windowMarks
	frames []*winFrame
	calls  []winCall
	reach  winReach
	acc    account // of the functions

	next   int // the first row not yet yielded
	ended  bool
	opened bool
	out    vec.Batch
}

// winSegment is the rows [from, to) of one page and one partition, which has the rows [first, end); end is what is known of
// it when no function looks that far.
type winSegment struct{ first, end, from, to int }

func newWindow(n *plan.Window, ec *Context) (Operator, error) {
	in, err := Build(n.Input, ec)
	return &windowOp{in: in, ec: ec, plan: n, acc: account{ec: ec}}, err
}

func (o *windowOp) Open() error {
	if err := o.drop(); err != nil {
		return err
	}
	if err := o.prepare(); err != nil {
		return err
	}
	o.opened = true
	return o.in.Open()
}

func (o *windowOp) Close() error {
	return errors.Join(o.drop(), o.in.Close())
}

func (o *windowOp) drop() error {
	o.acc.free()
	o.frames, o.calls, o.next, o.ended, o.opened = nil, nil, 0, false, false
	return o.pages.close()
}

// prepare makes the frames and the functions.
func (o *windowOp) prepare() error {
	groups := false
	for i := range o.plan.Calls {
		groups = groups || needsGroups(&o.plan.Calls[i])
	}
	width := len(o.plan.Input.Schema())
	o.pages = newPageStore(o.ec, o.plan.Input.Schema(), groups)
	o.marks = newWindowMarks(o.plan, groups)
	o.reach = winReach{}
	for i := range o.plan.Calls {
		c := &o.plan.Calls[i]
		call, err := o.newCall(c, width)
		if err != nil {
			return err
		}
		o.calls = append(o.calls, call)
	}
	return nil
}

func (o *windowOp) Next() (*vec.Batch, error) {
	if !o.opened {
		return nil, nil
	}
	for {
		page := o.next / vec.MaxRows
		if end := min((page+1)*vec.MaxRows, o.pages.n); o.next < end && o.ready() >= end && (o.ended || end == (page+1)*vec.MaxRows) {
			return o.yield(page, end)
		}
		if o.ended {
			return nil, nil
		}
		if err := o.read(); err != nil {
			return nil, err
		}
	}
}

// ready returns the first row whose functions cannot be computed from the rows read so far.
func (o *windowOp) ready() int {
	switch {
	case o.ended:
		return o.pages.n
	case o.reach.partition:
		return o.marks.last()
	case o.reach.peers:
		return max(o.marks.last(), min(o.marks.group, o.pages.n-o.reach.rows))
	}
	return max(o.marks.last(), o.pages.n-o.reach.rows)
}

// read takes the next batch of the input.
func (o *windowOp) read() error {
	if err := o.ec.Ctx.Err(); err != nil {
		return err
	}
	b, err := o.in.Next()
	if err != nil {
		return err
	}
	if b == nil {
		o.ended = true
		return nil
	}
	return o.pages.add(b, o.marks.mark)
}

// yield computes the functions for the rows of a page and returns them.
func (o *windowOp) yield(page, end int) (*vec.Batch, error) {
	if err := o.ec.Ctx.Err(); err != nil {
		return nil, err
	}
	cols, err := o.pages.load(page)
	if err != nil {
		return nil, err
	}
	for _, c := range o.calls {
		c.begin(end - o.next)
	}
	for o.next < end {
		seg := o.marks.segment(o.next, end, o.pages.n)
		if seg.from == seg.first {
			for _, f := range o.frames {
				f.reset(seg.first)
			}
			for _, c := range o.calls {
				c.reset(seg.first)
			}
		}
		for _, f := range o.frames {
			f.compute(seg)
		}
		for _, c := range o.calls {
			if err := c.eval(seg); err != nil {
				return nil, err
			}
		}
		if o.pages.err != nil {
			return nil, o.pages.err
		}
		o.next = seg.to
	}
	width := len(o.plan.Input.Schema())
	o.out = vec.Batch{N: end - page*vec.MaxRows, Cols: append(o.out.Cols[:0], cols[:width]...)}
	for _, c := range o.calls {
		o.out.Cols = append(o.out.Cols, c.result())
	}
	return &o.out, o.release()
}

// release drops the pages that nothing will look at again.
func (o *windowOp) release() error {
	oldest, bytes := o.next, int64(0)
	for _, f := range o.frames {
		oldest = min(oldest, f.oldest())
	}
	for _, c := range o.calls {
		oldest, bytes = min(oldest, c.oldest(o.next)), bytes+c.bytes()
	}
	o.pages.dropBefore(oldest)
	o.ec.charge(bytes - o.acc.bytes)
	o.acc.bytes = bytes
	if bytes > o.ec.MemoryLimit && o.ec.MemoryLimit > 0 {
		return o.ec.tooLarge("what an aggregate needs of the frame of a window")
	}
	return nil
}
