package exec

import (
	"errors"
	"io"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// loader feeds the lines of a file to an inserter.
type loader struct {
	*inserter
	plan   *plan.Load
	lines  *lineReader
	values []base.Value
	dflt   []bool
	vars   map[string]base.Value
	set    setter
	line   int
}

// Load runs LOAD DATA over the contents of a file in tx.
//
// Errors: those of reading the file, and as Insert.
func Load(ec *Context, tx *table.Tx, n *plan.Load, file io.Reader) (Outcome, error) {
	l := &loader{inserter: newInserter(ec, tx, n.Insert), plan: n, lines: newLineReader(file, n.Format, n.Latin1),
		values: make([]base.Value, len(n.Insert.Target)), dflt: make([]bool, len(n.Insert.Target)), vars: map[string]base.Value{}}
	l.set = setter{ec: ec, schema: tableSchema(l.t)}
	for _, a := range n.Set {
		l.set.add(l.writer, 0, 0, a)
	}
	defer func(saved func(string, bool) (base.Value, bool)) { ec.Expr.Var = saved }(ec.Expr.Var)
	outer := ec.Expr.Var
	ec.Expr.Var = func(name string, system bool) (base.Value, bool) {
		if v, ok := l.vars[name]; ok && !system {
			return v, true
		}
		return outer(name, system)
	}
	err := l.run()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	l.finish()
	return l.out, err
}

func (l *loader) run() error {
	for range l.plan.Skip {
		if err := l.lines.skipLine(l.ec.Ctx); err != nil {
			return err
		}
	}
	for {
		if l.line&255 == 0 {
			if err := l.ec.Ctx.Err(); err != nil {
				return err
			}
		}
		if err := l.lines.begin(l.ec.Ctx); err != nil {
			return err
		}
		l.line++
		if err := l.fields(); err != nil {
			return err
		}
		if err := l.assignAll(); err != nil {
			return err
		}
		if err := l.row(l.values, l.dflt, 1); err != nil {
			return err
		}
	}
}

// fields reads the fields of a line.
func (l *loader) fields() error {
	for j := range l.values {
		l.values[j], l.dflt[j] = base.Value{}, true
	}
	last := false
	for i, f := range l.plan.Fields {
		if last {
			l.warn(base.Errorf(errno.TooFewRecords, "Row %d doesn't contain data for all columns", l.line))
			for _, rest := range l.plan.Fields[i:] {
				if rest.Value < 0 {
					l.vars[rest.Variable] = base.Value{}
				}
			}
			return nil
		}
		var v base.Value
		var err error
		if v, last, err = l.lines.field(); err != nil {
			return err
		}
		if f.Value < 0 {
			l.vars[f.Variable] = v
			continue
		}
		l.values[f.Value], l.dflt[f.Value] = l.supplied(v, l.plan.Insert.Target[f.Value]), false
	}
	if last {
		return nil
	}
	if len(l.plan.Fields) > 0 {
		l.warn(base.Errorf(errno.TooManyRecords, "Row %d was truncated; it contained more data than there were input columns", l.line))
	}
	for !last {
		var err error
		if _, last, err = l.lines.field(); err != nil {
			return err
		}
	}
	return nil
}

// supplied returns what a NULL in the file stores in a column that takes none: the default of its type.
func (l *loader) supplied(v base.Value, column int) base.Value {
	col := &l.t.Columns[column]
	if !v.IsNull() || !col.NotNull || column == l.auto {
		return v
	}
	l.warn(base.Errorf(errno.NullToNotNull, "Column set to default value; NULL supplied to NOT NULL column '%s' at row %d", col.Name, l.line))
	return expr.Zero(col.Type)
}

// assignAll computes SET over the row that the fields make.
func (l *loader) assignAll() error {
	if len(l.plan.Set) == 0 {
		return nil
	}
	row, err := l.defaultRow()
	if err != nil {
		return err
	}
	for j, at := range l.plan.Insert.Target {
		if l.dflt[j] {
			continue
		}
		// What does not fit is reported when the row is complete.
		if v, _, err := expr.Assign(l.values[j], l.t.Columns[at].Type, false, l.t.Columns[at].Name, l.line); err == nil {
			row[at] = v
		}
	}
	l.set.rowNo = l.line
	if err := l.set.row(row, 0, nil); err != nil {
		return err
	}
	for _, a := range l.plan.Set {
		for j, at := range l.plan.Insert.Target {
			if at == a.Column {
				l.values[j], l.dflt[j] = row[at], false
			}
		}
	}
	return nil
}
