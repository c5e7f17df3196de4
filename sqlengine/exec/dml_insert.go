package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// Insert runs an INSERT or REPLACE in tx.
//
// Errors: 1062, 1048, 1364 and the conversion errors of expr.Assign, each naming column and row; those of tx.
func Insert(ec *Context, tx *table.Tx, n *plan.Insert) (Outcome, error) {
	in := &inserter{writer: newWriter(ec, tx, n.Table), plan: n, given: make([]int, len(n.Table.Columns)), auto: -1}
	for i := range in.given {
		in.given[i] = -1
	}
	for j, i := range n.Target {
		in.given[i] = j
	}
	if n.Table.AutoIncrement != 0 {
		in.auto = n.Table.ColumnByID(n.Table.AutoIncrement)
	}
	var err error
	if n.Source != nil {
		err = in.fromQuery()
	} else {
		err = in.fromRows()
	}
	return in.out, err
}

type inserter struct {
	*writer
	plan  *plan.Insert
	given []int // for each column of the table the position of its value in the source; -1 none
	auto  int   // position of the AUTO_INCREMENT column; -1 none
	rowNo int
	ids   autoIDs
}

// autoIDs is a run of AUTO_INCREMENT values reserved for the rows to come.
type autoIDs struct{ next, left uint64 }

func (in *inserter) fromRows() error {
	values := make([]base.Value, len(in.plan.Target))
	dflt := make([]bool, len(in.plan.Target))
	for i, exprs := range in.plan.Rows {
		for j, e := range exprs {
			values[j], dflt[j] = base.Value{}, e == nil
			if e == nil {
				continue
			}
			v, err := expr.Scalar(in.ec.Expr, e)
			if err != nil {
				return err
			}
			values[j] = v
		}
		if i&1023 == 0 {
			if err := in.ec.Ctx.Err(); err != nil {
				return err
			}
		}
		if err := in.row(values, dflt, len(in.plan.Rows)-i); err != nil {
			return err
		}
	}
	return nil
}

// fromQuery reads the whole source before it writes: INSERT INTO t SELECT … FROM t must not meet its own rows.
func (in *inserter) fromQuery() error {
	op, err := Build(in.plan.Source, in.ec)
	if err != nil {
		return err
	}
	rows, err := drain(op)
	if err != nil {
		return err
	}
	dflt := make([]bool, len(in.plan.Target))
	for i, values := range rows {
		if err := in.row(values, dflt, len(rows)-i); err != nil {
			return err
		}
	}
	return nil
}

// drain runs an operator to its end and returns its rows.
func drain(op Operator) (rows [][]base.Value, err error) {
	defer func() {
		if cerr := op.Close(); err == nil {
			err = cerr
		}
	}()
	if err := op.Open(); err != nil {
		return nil, err
	}
	for {
		b, err := op.Next()
		if err != nil || b == nil {
			return rows, err
		}
		rows = appendRows(rows, b)
	}
}

func appendRows(rows [][]base.Value, b *vec.Batch) [][]base.Value {
	n, width := b.Rows(), len(b.Cols)
	cells := make([]base.Value, n*width)
	for k := range n {
		r := cells[k*width : (k+1)*width : (k+1)*width]
		for c, col := range b.Cols {
			r[c] = col.Value(b.Row(k))
		}
		rows = append(rows, r)
	}
	return rows
}

// row inserts one row. left counts the rows from this one to the last, so that AUTO_INCREMENT values come in one block.
func (in *inserter) row(values []base.Value, dflt []bool, left int) error {
	in.rowNo++
	in.out.Records++
	row, generated, err := in.complete(values, dflt, left)
	if err != nil {
		return err
	}
	pk, _ := catalog.EncodeKey(in.t, in.t.Primary, row)
	for {
		c, err := in.findConflict(pk, row, "")
		if err != nil {
			return err
		}
		if c == nil {
			in.out.Affected++
			if in.out.LastInsertID == 0 {
				in.out.LastInsertID = generated
			}
			return in.put(pk, row)
		}
		done, err := in.resolve(c, row)
		if err != nil || done {
			return err
		}
	}
}

// complete fills defaults and generated values in and converts every value to its column's type.
func (in *inserter) complete(values []base.Value, dflt []bool, left int) (row []base.Value, generated uint64, err error) {
	row = make([]base.Value, len(in.t.Columns))
	for i := range in.t.Columns {
		col := &in.t.Columns[i]
		j := in.given[i]
		var v base.Value
		switch {
		case col.Hidden:
			id, err := in.tx.NextAutoInc(in.t.HiddenCounter, 1)
			if err != nil {
				return nil, 0, err
			}
			row[i] = base.NewUint(id)
			continue
		case j >= 0 && !dflt[j]:
			v = values[j]
		case i == in.auto:
		default:
			if v, err = in.defaultValue(i); err != nil {
				return nil, 0, err
			}
		}
		if i == in.auto {
			if v, generated, err = in.autoValue(v, col, left); err != nil {
				return nil, 0, err
			}
		}
		if row[i], err = in.assign(v, col, in.rowNo, in.plan.Ignore); err != nil {
			return nil, 0, err
		}
	}
	return row, generated, nil
}

func (in *inserter) defaultValue(i int) (base.Value, error) {
	if e := in.plan.Defaults[i]; e != nil {
		return expr.Scalar(in.ec.Expr, e)
	}
	err := base.Errorf(errno.NoDefault, "Field '%s' doesn't have a default value", in.t.Columns[i].Name)
	if in.ec.Strict && !in.plan.Ignore {
		return base.Value{}, err
	}
	in.warn(err)
	return expr.Zero(in.t.Columns[i].Type), nil
}

// autoValue generates an AUTO_INCREMENT value for NULL and 0, and moves the counter past an explicit one.
func (in *inserter) autoValue(v base.Value, col *catalog.Column, left int) (base.Value, uint64, error) {
	if !v.IsNull() {
		conv, err := in.assign(v, col, in.rowNo, in.plan.Ignore)
		if err != nil {
			return v, 0, err
		}
		if n, ok := positive(conv); ok {
			return conv, 0, in.tx.BumpAutoInc(in.t.ID, n)
		}
		if conv.Bits() != 0 {
			return conv, 0, nil // a negative value is stored as it is
		}
	}
	if in.ids.left == 0 {
		first, err := in.tx.NextAutoInc(in.t.ID, left)
		if err != nil {
			return v, 0, err
		}
		in.ids = autoIDs{next: first, left: uint64(left)}
	}
	id := in.ids.next
	in.ids.next++
	in.ids.left--
	return base.NewUint(id), id, nil
}

// positive returns a number above zero as AUTO_INCREMENT counts them.
func positive(v base.Value) (uint64, bool) {
	switch v.Class() {
	case base.Int:
		return uint64(v.Int()), v.Int() > 0
	case base.Uint:
		return v.Uint(), v.Uint() > 0
	case base.Float:
		return uint64(v.Float()), v.Float() >= 1
	}
	return 0, false
}

// resolve deals with a row that is in the way. It reports whether the new row is dealt with too.
func (in *inserter) resolve(c *conflict, row []base.Value) (done bool, err error) {
	in.out.Duplicates++
	switch in.plan.Mode {
	case plan.DupIgnore:
		in.warn(in.duplicate(c, row))
		return true, nil
	case plan.DupReplace:
		old, err := in.read(c.pk)
		if err != nil {
			return false, err
		}
		in.out.Affected++
		return false, in.remove(c.pk, old)
	case plan.DupUpdate:
		return true, in.update(c, row)
	}
	return false, in.duplicate(c, row)
}

// update runs ON DUPLICATE KEY UPDATE on the row in the way.
func (in *inserter) update(c *conflict, row []base.Value) error {
	old, err := in.read(c.pk)
	if err != nil {
		return err
	}
	b := rowBatch(in.t, old, row)
	changed, err := in.set(in.plan.OnDup, b, old, in.rowNo, in.plan.Ignore)
	if err != nil {
		return err
	}
	if in.auto >= 0 && in.out.LastInsertID == 0 {
		in.out.LastInsertID, _ = positive(old[in.auto]) // the row's own, changed or not
	}
	if changed == nil {
		return nil
	}
	pk, _ := catalog.EncodeKey(in.t, in.t.Primary, changed)
	clash, err := in.findConflict(pk, changed, c.pk)
	if err != nil {
		return err
	}
	if clash != nil {
		if in.plan.Ignore {
			in.warn(in.duplicate(clash, changed))
			return nil
		}
		return in.duplicate(clash, changed)
	}
	in.out.Affected += 2
	return in.replace(c.pk, old, pk, changed)
}

// rowBatch makes a batch of one row out of rows of t laid side by side.
func rowBatch(t *catalog.Table, rows ...[]base.Value) *vec.Batch {
	b := &vec.Batch{N: 1}
	for _, row := range rows {
		for i, v := range row {
			col := vec.New(t.Columns[i].Type.Class(), t.Columns[i].Type.Scale, 1)
			col.Set(0, v)
			b.Cols = append(b.Cols, col)
		}
	}
	return b
}
