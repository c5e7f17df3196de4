package exec

import (
	"errors"
	"hash/maphash"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// setOp is INTERSECT and EXCEPT: it counts the rows of its right input and then decides row by row about the left one. When
// memory runs out, rows that it has not counted yet go to a file, and are looked at when both inputs are at their ends.
type setOp struct {
	ec          *Context
	plan        *plan.SetOp
	left, right Operator
	count       *setCount
	built       bool
	rows        int64
	ended       bool
	file        *spillFile
	first       []blockRef // rows of the result that were found while others went to the file
	queue       []setPart
	merge       *runMerger
	seq         vec.Vector
	out         vec.Batch
}

// setPart is the rows of both inputs that belong together.
type setPart struct {
	left, right []blockRef
	level       int
}

func newSetOp(n *plan.SetOp, ec *Context) (Operator, error) {
	left, right, err := buildTwo(n.Left, n.Right, ec)
	return &setOp{ec: ec, plan: n, left: left, right: right}, err
}

func (o *setOp) Open() error {
	if err := o.drop(); err != nil {
		return err
	}
	if err := o.right.Open(); err != nil {
		return err
	}
	return o.left.Open()
}

func (o *setOp) drop() error {
	o.count.release()
	err := o.file.close()
	o.count, o.built, o.rows, o.ended, o.file, o.first, o.queue, o.merge = nil, false, 0, false, nil, nil, nil, nil
	return err
}

func (o *setOp) Close() error { return errors.Join(o.drop(), o.left.Close(), o.right.Close()) }

func (o *setOp) Next() (*vec.Batch, error) {
	if !o.built {
		o.count = newSetCount(o, 0)
		if err := o.count.build(o.right); err != nil {
			return nil, err
		}
		o.built = true
	}
	for !o.ended {
		b, err := o.left.Next()
		if err != nil {
			return nil, err
		}
		if b == nil {
			o.ended = true
			if err := o.end(); err != nil {
				return nil, err
			}
			break
		}
		sel, err := o.count.take(b, sequenceOf(&o.seq, b, o.rows))
		if err != nil {
			return nil, err
		}
		o.rows += int64(b.Rows())
		if o.count.left != nil { // rows before these may still be found
			if o.first, err = o.file.writeAll(o.first, append(b.Cols[:len(b.Cols):len(b.Cols)], &o.seq), sel); err != nil {
				return nil, err
			}
			continue
		}
		if len(sel) > 0 {
			o.out = vec.Batch{Cols: b.Cols, N: b.N, Sel: sel}
			return &o.out, nil
		}
	}
	if o.merge == nil {
		return nil, nil
	}
	b, err := o.merge.next()
	if b != nil {
		b.Cols = b.Cols[:len(o.plan.Out)]
	}
	return b, err
}

// end works off what lies in the file.
func (o *setOp) end() error {
	err := o.count.finish()
	o.count.release()
	o.count = nil
	var runs [][]blockRef
	if o.first != nil {
		runs = append(runs, o.first)
	}
	for len(o.queue) > 0 && err == nil {
		part := o.queue[0]
		o.queue = o.queue[1:]
		var run []blockRef
		if run, err = o.work(part); err == nil {
			runs = append(runs, run)
		}
	}
	if err != nil || runs == nil {
		return err
	}
	o.merge, err = mergeRuns(o.file, runs, sequenceKeys(len(o.plan.Out)))
	return err
}

// work returns the rows of a part that belong to the result, with their numbers.
func (o *setOp) work(part setPart) ([]blockRef, error) {
	o.count = newSetCount(o, part.level)
	defer func() {
		o.count.release()
		o.count = nil
	}()
	if err := o.count.build(&partReader{file: o.file, refs: part.right}); err != nil {
		return nil, err
	}
	left := partReader{file: o.file, refs: part.left}
	var run []blockRef
	for {
		b, err := left.Next()
		if err != nil {
			return nil, err
		}
		if b == nil {
			return run, o.count.finish()
		}
		sel, err := o.count.take(b, left.seq)
		if err != nil {
			return nil, err
		}
		if run, err = o.file.writeAll(run, append(b.Cols[:len(b.Cols):len(b.Cols)], left.seq), sel); err != nil {
			return nil, err
		}
	}
}

// setCount counts rows by their values.
type setCount struct {
	o      *setOp
	acc    account
	types  []base.Type
	level  int
	rows   *keyTable
	counts []int64 // of a key's rows: on the right and not yet used up; -1 once a left row was yielded, without ALL
	ids    []uint32
	found  []int32
	sel    []int32
	rest   []int32
	left   *partWriter // of rows that are not counted; nil while all are
	right  *partWriter
}

func newSetCount(o *setOp, level int) *setCount {
	types := columnTypes(o.plan.Out)
	return &setCount{o: o, acc: account{ec: o.ec, soft: true}, types: types, level: level, rows: newKeyTable(types)}
}

func (c *setCount) release() {
	if c != nil {
		c.acc.free()
	}
}

func (c *setCount) build(in Operator) error {
	var seq vec.Vector
	for {
		b, err := in.Next()
		if err != nil || b == nil {
			return err
		}
		rest, err := c.number(b)
		if err != nil {
			return err
		}
		for _, id := range c.ids {
			c.counts[id]++
		}
		if len(rest) > 0 {
			if err := c.right.add(b.Cols, b.Cols, rest, sequenceOf(&seq, b, 0)); err != nil {
				return err
			}
		}
	}
}

// number sets sel to the rows of b that are counted and ids to their numbers; it returns the other rows.
func (c *setCount) number(b *vec.Batch) ([]int32, error) {
	c.sel, c.rest = c.sel[:0], c.rest[:0]
	if c.left == nil {
		c.ids = resize(c.ids, b.Rows())
		c.rows.put(b.Cols, b, c.ids)
		for len(c.counts) < int(c.rows.n) {
			c.counts = append(c.counts, 0)
		}
		c.sel = append(c.sel, rowNumbers(nil, b)...)
		return nil, c.account()
	}
	c.found, c.ids = resize(c.found, b.Rows()), c.ids[:0]
	c.rows.find(b.Cols, b, c.found)
	for k, id := range c.found {
		if i := int32(b.Row(k)); id < 0 {
			c.rest = append(c.rest, i)
		} else {
			c.sel, c.ids = append(c.sel, i), append(c.ids, uint32(id))
		}
	}
	return c.rest, nil
}

func (c *setCount) account() error {
	if err := c.acc.grow(c.rows.takeBytes()); err != nil || !c.acc.mustSpill() || c.level == partLevels {
		return err
	}
	if c.o.file == nil {
		var err error
		if c.o.file, err = c.o.ec.newSpill(); err != nil {
			return err
		}
	}
	seed := maphash.MakeSeed()
	c.left, c.right = newPartWriter(c.o.file, seed, c.types), newPartWriter(c.o.file, seed, c.types)
	return nil
}

// take returns the left rows of b that are rows of the result.
func (c *setCount) take(b *vec.Batch, seq *vec.Vector) ([]int32, error) {
	rest, err := c.number(b)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		if err := c.left.add(b.Cols, b.Cols, rest, seq); err != nil {
			return nil, err
		}
	}
	out := c.sel[:0]
	for k, id := range c.ids {
		if c.belongs(id) {
			out = append(out, c.sel[k])
		}
	}
	return out, nil
}

// belongs reports whether a left row of this key is a row of the result.
func (c *setCount) belongs(id uint32) bool {
	n := &c.counts[id]
	switch {
	case c.o.plan.All:
		*n--
		return (*n < 0) == c.o.plan.Except
	case *n < 0: // yielded before
		return false
	case (*n == 0) != c.o.plan.Except:
		return false
	}
	*n = -1
	return true
}

// finish leaves the rows that were not counted to the queue.
func (c *setCount) finish() error {
	if c.left == nil {
		return nil
	}
	if err := errors.Join(c.left.finish(), c.right.finish()); err != nil {
		return err
	}
	for p := range c.left.refs {
		if len(c.left.refs[p]) > 0 {
			c.o.queue = append(c.o.queue, setPart{c.left.refs[p], c.right.refs[p], c.level + 1})
		}
	}
	return nil
}
