package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// setter computes the assignments of an UPDATE over the rows of its source, left to right, each seeing what those before it
// did to its row.
type setter struct {
	ec     *Context
	schema []plan.Column // of the rows
	list   []setItem
	byRow  bool // an expression must see the rows one by one
	rowNo  int
}

// setItem is one assignment: column col of the table that w writes, at position pos of the rows.
type setItem struct {
	w      *writer
	col    *catalog.Column
	pos    int
	value  expr.Expr
	target int
}

func (s *setter) add(w *writer, target, first int, a plan.Assignment) {
	s.list = append(s.list, setItem{w: w, col: &w.t.Columns[a.Column-first], pos: a.Column, value: a.Value, target: target})
	s.byRow = s.byRow || anyVolatile(a.Value)
}

func anyVolatile(e expr.Expr) bool {
	if e == nil {
		return false
	}
	if expr.Volatile(e) {
		return true
	}
	for _, c := range e.Children() {
		if anyVolatile(c) {
			return true
		}
	}
	return false
}

// batch returns the rows of b as they were and as they become. live says for each target which rows of b are to change it;
// nil: all of them.
func (s *setter) batch(b *vec.Batch, live [][]bool) (olds, news [][]base.Value, err error) {
	olds = appendRows(make([][]base.Value, 0, b.Rows()), b)
	if !s.byRow {
		if news, ok := s.vectors(b, olds, live); ok {
			s.rowNo += len(olds)
			return olds, news, nil
		}
	}
	news = copyRows(olds)
	for k := range olds {
		s.rowNo++
		if err := s.row(news[k], k, live); err != nil {
			return nil, nil, err
		}
	}
	return olds, news, nil
}

func copyRows(rows [][]base.Value) [][]base.Value {
	if len(rows) == 0 {
		return nil
	}
	width := len(rows[0])
	cells := make([]base.Value, len(rows)*width)
	out := make([][]base.Value, len(rows))
	for k, r := range rows {
		out[k] = cells[k*width : (k+1)*width : (k+1)*width]
		copy(out[k], r)
	}
	return out
}

// vectors computes one assignment after the other over all rows. It gives up when something fails or warns: which row is
// the first to do so, and in what order warnings come, only the way row by row says.
func (s *setter) vectors(b *vec.Batch, olds [][]base.Value, live [][]bool) (news [][]base.Value, ok bool) {
	warned := false
	defer func(saved func(*base.Error)) { s.ec.Expr.Warn = saved }(s.ec.Expr.Warn)
	s.ec.Expr.Warn = func(*base.Error) { warned = true }
	news = copyRows(olds)
	work := vec.Batch{N: b.N, Sel: b.Sel, Cols: append([]*vec.Vector(nil), b.Cols...)}
	for _, it := range s.list {
		v, err := it.value.Eval(s.ec.Expr, &work)
		if err != nil || warned {
			return nil, false
		}
		out := newColumn(it.col.Type)
		out.Resize(b.N)
		for k := range news {
			i := b.Row(k)
			if live == nil || live[it.target][k] {
				if news[k][it.pos], err = it.w.assign(v.Value(i), it.col, s.rowNo+k+1); err != nil || warned {
					return nil, false
				}
			}
			if err := setValue(out, i, news[k][it.pos]); err != nil {
				return nil, false
			}
		}
		work.Cols[it.pos] = out
	}
	return news, true
}

// row computes the assignments of row k in place.
func (s *setter) row(row []base.Value, k int, live [][]bool) error {
	b, err := oneRow(s.schema, row)
	if err != nil {
		return err
	}
	for _, it := range s.list {
		if live != nil && !live[it.target][k] {
			continue
		}
		v, err := it.value.Eval(s.ec.Expr, b)
		if err != nil {
			return err
		}
		if row[it.pos], err = it.w.assign(v.Value(0), it.col, s.rowNo); err != nil {
			return err
		}
		cell := newColumn(it.col.Type)
		cell.Resize(1)
		if err := setValue(cell, 0, row[it.pos]); err != nil {
			return err
		}
		b.Cols[it.pos] = cell
	}
	return nil
}

// oneRow makes a batch of one row.
func oneRow(schema []plan.Column, row []base.Value) (*vec.Batch, error) {
	b := &vec.Batch{N: 1, Cols: make([]*vec.Vector, len(row))}
	for i, v := range row {
		b.Cols[i] = newColumn(schema[i].Type)
		b.Cols[i].Resize(1)
		if err := setValue(b.Cols[i], 0, v); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// touched reports whether an UPDATE changes a row, and sets its ON UPDATE CURRENT_TIMESTAMP columns if it does. assigned
// says which columns have been assigned.
func (w *writer) touched(old, row []base.Value, assigned []bool, rowNo int) (bool, error) {
	changed := false
	for i, yes := range assigned {
		changed = changed || yes && row[i] != old[i]
	}
	if !changed {
		return false, nil
	}
	for i := range w.t.Columns {
		if !w.t.Columns[i].OnUpdate || assigned[i] {
			continue
		}
		now, err := w.assign(w.ec.now(), &w.t.Columns[i], rowNo)
		if err != nil {
			return false, err
		}
		row[i] = now
	}
	return true, nil
}

// now is CURRENT_TIMESTAMP(6) of the statement.
func (ec *Context) now() base.Value { return base.NewDateTime(ec.Expr.Now.UTC().UnixMicro()) }
