package exec

import (
	"hash/maphash"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// joinSpill is a hash join whose right rows do not fit into memory: both inputs are divided into parts by their keys, the
// parts are joined one after the other, and the runs of rows that this gives are merged in the order of the left rows.
type joinSpill struct {
	o     *joinOp
	file  *spillFile
	owner bool
	right *partWriter
	left  *partWriter
	rows  int64 // left rows read
	merge *runMerger
}

// spillable reports whether the join can be divided: it needs keys, and rows must not depend on rows with other keys.
func (o *joinOp) spillable() bool {
	switch o.plan.Kind {
	case plan.InnerJoin, plan.LeftJoin, plan.SemiJoin, plan.AntiJoin:
		return len(o.plan.RightKeys) > 0 && o.nulls == nil
	}
	return false
}

// divide starts to write the right rows to a file, those held first.
func (o *joinOp) divide() error {
	if o.level == partLevels {
		return o.ec.tooLarge("the rows of one key of a join")
	}
	s := &joinSpill{o: o, file: o.sharedFile}
	if s.file == nil {
		var err error
		if s.file, err = o.ec.newSpill(); err != nil {
			return err
		}
		s.owner = true
	}
	o.spill = s
	seed := maphash.MakeSeed()
	s.right, s.left = newPartWriter(s.file, seed, o.keys.types), newPartWriter(s.file, seed, o.keys.types)
	views := make([]vec.Vector, len(o.rows.cols))
	var b vec.Batch
	for from := 0; from < o.rows.n; from += vec.MaxRows {
		o.rows.view(&b, views, from, min(vec.MaxRows, o.rows.n-from))
		if err := s.addRight(&b); err != nil {
			return err
		}
	}
	o.acc.free()
	o.rows, o.head, o.tail, o.next, o.multi = newRowStore(o.plan.Right.Schema()), nil, nil, nil, false
	o.keys = joinKeyTable(o.plan.LeftKeys, o.plan.RightKeys)
	return nil
}

func (s *joinSpill) addRight(b *vec.Batch) error {
	if err := evalAll(s.o.ec.Expr, s.o.plan.RightKeys, b, s.o.kv); err != nil {
		return err
	}
	return s.right.add(b.Cols, s.o.kv, rowNumbers(nil, b), s.right.sequence(b, 0))
}

func (s *joinSpill) close() error {
	if s == nil || !s.owner {
		return nil
	}
	return s.file.close()
}

// next returns more rows of the join, and their numbers behind the columns.
func (s *joinSpill) next() (*vec.Batch, error) {
	if s.merge == nil {
		if err := s.run(); err != nil {
			return nil, err
		}
	}
	return s.merge.next()
}

// run divides the left input and joins the parts.
func (s *joinSpill) run() error {
	for {
		b, err := s.o.left.Next()
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if err := evalAll(s.o.ec.Expr, s.o.plan.LeftKeys, b, s.o.kv); err != nil {
			return err
		}
		if err := s.left.add(b.Cols, s.o.kv, rowNumbers(nil, b), s.o.numbers(b)); err != nil {
			return err
		}
	}
	if err := s.left.finish(); err != nil {
		return err
	}
	if err := s.right.finish(); err != nil {
		return err
	}
	var runs [][]blockRef
	for p := range s.left.refs {
		if len(s.left.refs[p]) == 0 {
			continue
		}
		run, err := s.join(p)
		if err != nil {
			return err
		}
		if len(run) > 0 {
			runs = append(runs, run)
		}
	}
	var err error
	width := len(s.o.plan.Left.Schema())
	if s.o.plan.Kind != plan.SemiJoin && s.o.plan.Kind != plan.AntiJoin {
		width += len(s.o.plan.Right.Schema())
	}
	s.merge, err = mergeRuns(s.file, runs, sequenceKeys(width))
	return err
}

// join joins the two sides of a part.
func (s *joinSpill) join(p int) ([]blockRef, error) {
	left := &partReader{file: s.file, refs: s.left.refs[p]}
	c := newJoinOver(s.o.plan, s.o.ec, left, &partReader{file: s.file, refs: s.right.refs[p]})
	c.level, c.sharedFile, c.numbered = s.o.level+1, s.file, left
	defer c.drop()
	var run []blockRef
	for {
		b, err := c.Next()
		if err != nil || b == nil {
			return run, err
		}
		cols := append(b.Cols[:len(b.Cols):len(b.Cols)], c.seq)
		if c.spill != nil { // the numbers are there
			cols = b.Cols
		}
		if run, err = s.file.writeAll(run, cols, rowNumbers(nil, b)); err != nil {
			return nil, err
		}
	}
}

// numbers returns the numbers of the rows of a left batch.
func (o *joinOp) numbers(b *vec.Batch) *vec.Vector {
	if o.numbered != nil {
		return o.numbered.seq
	}
	v := o.spill.left.sequence(b, o.spill.rows)
	o.spill.rows += int64(b.Rows())
	return v
}

// follow sets seq to the numbers of the rows that the pairer has just put out.
func (o *joinOp) follow() {
	if o.numbered == nil {
		return
	}
	if !o.pairs.gathered {
		o.seq = o.numbered.seq
		return
	}
	o.seq = &vec.Vector{Class: base.Int}
	gather(o.seq, o.numbered.seq, o.pairs.ol, false)
}
