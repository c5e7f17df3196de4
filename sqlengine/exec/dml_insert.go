package exec

import (
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// Insert runs an INSERT or REPLACE in tx.
//
// Errors: 1062, 1048, 1364 and the conversion errors of expr.Assign, each naming column and row; those of tx.
func Insert(ec *Context, tx *table.Tx, n *plan.Insert) (Outcome, error) {
	in := newInserter(ec, tx, n)
	var err error
	if n.Source != nil {
		err = in.fromQuery()
	} else {
		err = in.fromRows()
	}
	if err == nil {
		err = in.ret.finish(&in.out)
	}
	in.finish()
	return in.out, err
}

func newInserter(ec *Context, tx *table.Tx, n *plan.Insert) *inserter {
	in := &inserter{writer: newWriter(ec, tx, n.Table, n.Ignore), plan: n, given: make([]int, len(n.Table.Columns)), auto: -1}
	for i := range in.given {
		in.given[i] = -1
	}
	for j, i := range n.Target {
		in.given[i] = j
	}
	if n.Table.AutoIncrement != 0 {
		in.auto = n.Table.ColumnByID(n.Table.AutoIncrement)
	}
	in.plain = make([]bool, len(n.Table.Columns))
	for i := range in.plain {
		col := &n.Table.Columns[i]
		in.plain[i] = in.given[i] >= 0 && i != in.auto && col.Generated == nil && !col.Hidden
	}
	if n.Mode == plan.DupUpdate {
		in.prepareUpdate()
	}
	in.named = n.Named
	in.nullFails = len(n.Rows) == 1 && !n.Ignore
	in.ret, in.view = newReturner(ec, n.Table, n.Returning), n.Check
	return in
}

// finish sets the counts that MySQL derives from others.
func (in *inserter) finish() {
	if in.plan.Ignore {
		in.out.Duplicates = in.out.Records - in.out.Copied
	}
	if in.out.LastInsertID = in.out.Generated; in.out.Generated == 0 && in.out.Copied > 0 {
		in.out.LastInsertID = in.lastAuto
	}
}

// prepareUpdate makes ready for ON DUPLICATE KEY UPDATE, which is over the old row, the new one and what the source has beyond.
func (in *inserter) prepareUpdate() {
	schema := append(tableSchema(in.t), tableSchema(in.t)...)
	if in.plan.Source != nil {
		schema = append(schema, in.plan.Source.Schema()[len(in.plan.Target):]...)
	}
	in.onDup = setter{ec: in.ec, schema: schema}
	in.assigned = make([]bool, len(in.t.Columns))
	for _, a := range in.plan.OnDup {
		in.onDup.add(in.writer, 0, 0, a)
		in.assigned[a.Column] = true
	}
}

type inserter struct {
	*writer
	plan  *plan.Insert
	given []int  // for each column of the table the position of its value in the source; -1 none
	plain []bool // for each column: it stores what is given
	auto  int    // position of the AUTO_INCREMENT column; -1 none
	rowNo int
	ids   autoIDs

	again    []base.Value // of rows that nobody keeps: where they are made; nil: each has memory of its own
	lastAuto uint64       // AUTO_INCREMENT value of the last row written
	extra    []base.Value // of the current row: what the source yields beyond the target columns

	onDup    setter // ON DUPLICATE KEY UPDATE, over the old row and the new one
	assigned []bool
}

// autoIDs is a run of AUTO_INCREMENT values reserved for the rows to come.
type autoIDs struct{ next, left uint64 }

func (in *inserter) fromRows() error {
	values := make([]base.Value, len(in.plan.Target))
	dflt := make([]bool, len(in.plan.Target))
	for i, exprs := range in.plan.Rows {
		if i%lookedUp == 0 {
			if err := in.lookAhead(in.givenRows(in.plan.Rows[i:min(i+lookedUp, len(in.plan.Rows))])); err != nil {
				return err
			}
		}
		if err := in.evaluate(exprs, values, dflt); err != nil {
			return err
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

// evaluate computes the values of one row of VALUES.
func (in *inserter) evaluate(exprs []expr.Expr, values []base.Value, dflt []bool) error {
	if in.plan.ReadsRow {
		return in.evaluateOver(exprs, values, dflt)
	}
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
	return nil
}

// fromQuery reads the whole source before it writes where the source reads the table: INSERT INTO t SELECT … FROM t must not meet
// its own rows.
func (in *inserter) fromQuery() error {
	op, err := Build(in.plan.Source, in.ec)
	if err != nil {
		return err
	}
	if in.fk == nil && !plan.ReadsTable(in.plan.Source, in.t) {
		return eachBatch(op, func(b *vec.Batch) error { return in.rows(appendRows(nil, b)) })
	}
	acc := account{ec: in.ec}
	defer acc.free()
	rows, err := collect(op, &acc)
	if err != nil {
		return err
	}
	return in.rows(rows)
}

// rows inserts rows of the source.
func (in *inserter) rows(rows [][]base.Value) error {
	dflt := make([]bool, len(in.plan.Target))
	for i, values := range rows {
		if i%lookedUp == 0 {
			if err := in.ec.Ctx.Err(); err != nil {
				return err
			}
			if err := in.lookAhead(rows[i:min(i+lookedUp, len(rows))]); err != nil {
				return err
			}
		}
		in.extra = values[len(in.plan.Target):]
		if err := in.row(values, dflt, len(rows)-i); err != nil {
			return err
		}
	}
	return nil
}

// row inserts one row. left counts the rows from this one to the last, so that AUTO_INCREMENT values come in one block.
func (in *inserter) row(values []base.Value, dflt []bool, left int) error {
	in.rowNo++
	in.out.Records++
	for again := true; again; {
		var err error
		if again, err = in.place(values, dflt, left); err != nil {
			return err
		}
	}
	return nil
}

// place is row; again says that the value generated for the row was taken.
func (in *inserter) place(values []base.Value, dflt []bool, left int) (again bool, err error) {
	row, generated, err := in.complete(values, dflt, left)
	if err != nil {
		return false, in.ignored(err)
	}
	if err := in.check(row); err != nil {
		return false, in.ignored(err)
	}
	if err := in.checkShown(row); err != nil {
		return false, in.ignored(err)
	}
	home, err := in.home(row)
	if err != nil {
		return false, in.ignored(err)
	}
	pk, _ := catalog.EncodeKey(in.t, in.t.Primary, row)
	for {
		c, err := in.findConflict(home, pk, row, "", nil)
		if err != nil {
			return false, err
		}
		if c == nil {
			if err := in.insertRow(home, pk, row); err != nil {
				return false, in.ignored(err)
			}
			in.out.Affected++
			in.copy(row)
			if in.out.Generated == 0 {
				in.out.Generated = generated
			}
			return false, in.ret.add(row)
		}
		if generated > 0 && in.numbered(c) {
			return true, nil
		}
		done, err := in.resolve(c, row)
		if err != nil || done {
			return false, err
		}
	}
}

// numbered reports whether a row is in the way because of its AUTO_INCREMENT column. A value that was generated is not to blame for that:
// the row got its own by hand, in the midst of values that this process has reserved.
func (in *inserter) numbered(c *conflict) bool {
	_, parts := in.keyOf(c)
	return slices.ContainsFunc(parts, func(p catalog.KeyPart) bool { return p.Column == in.t.AutoIncrement })
}

// copy counts a row that has been written.
func (in *inserter) copy(row []base.Value) {
	in.out.Copied++
	if in.auto >= 0 {
		in.lastAuto = 0
		if n, ok := positive(row[in.auto]); ok {
			in.lastAuto = n
		}
	}
}

// resolve deals with a row that is in the way. It reports whether the new row is dealt with too.
func (in *inserter) resolve(c *conflict, row []base.Value) (done bool, err error) {
	switch in.plan.Mode {
	case plan.DupIgnore:
		in.warn(in.duplicate(c, row))
		return true, nil
	case plan.DupReplace:
		old, err := in.read(c)
		if err != nil {
			return false, err
		}
		if in.same(c, old, row) {
			in.out.Affected++
			in.copy(row)
			return true, in.ret.add(row)
		}
		in.out.Duplicates++
		in.out.Affected++
		return false, in.deleteRow(c.pk, old)
	case plan.DupUpdate:
		return true, in.update(c, row)
	}
	return false, in.duplicate(c, row)
}

// same reports whether REPLACE finds the very row that it would write. MySQL deletes none then, provided that it would change
// the row in its place: the key is the last unique one, and no foreign key references the table.
func (in *inserter) same(c *conflict, old, row []base.Value) bool {
	if in.fk != nil && len(in.fk.children) > 0 {
		return false
	}
	for i := len(in.t.Indexes) - 1; i >= 0; i-- {
		if in.t.Indexes[i].Unique {
			if c.index != &in.t.Indexes[i] {
				return false
			}
			break
		}
	}
	return !in.shut && catalog.SameRow(in.t, old, row)
}

// update runs ON DUPLICATE KEY UPDATE on the row in the way.
func (in *inserter) update(c *conflict, row []base.Value) error {
	old, err := in.read(c)
	if err != nil {
		return err
	}
	both := append(append(append(make([]base.Value, 0, len(in.onDup.schema)), old...), row...), in.extra...)
	in.onDup.rowNo = in.rowNo
	if err := in.onDup.row(both, 0, nil); err != nil {
		return in.ignored(err)
	}
	changed := both[:len(old):len(old)]
	touched, err := in.touched(old, changed, in.assigned, in.rowNo)
	if err != nil {
		return in.ignored(err)
	}
	if !touched {
		return in.ret.add(old)
	}
	if err := in.change(old, changed); err != nil {
		return in.ignored(err)
	}
	in.out.Affected += 2
	in.out.Duplicates++
	in.copy(changed)
	return in.ret.add(changed)
}
