package exec

import (
	"errors"
	"fmt"
	"io"

	"github.com/s3sql/s3sql/catalog"
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
	line   int // of those that are rows
	began  int // line breaks of the file before it
}

// Load runs LOAD DATA over the contents of a file in tx. vars takes the user variables that fields go to, as the last line
// leaves them.
//
// Errors: those of reading the file, and as Insert; both say at which line of the file.
func Load(ec *Context, tx *table.Tx, n *plan.Load, file io.Reader, vars map[string]base.Value) (Outcome, error) {
	l := &loader{inserter: newInserter(ec, tx, n.Insert), plan: n, lines: newLineReader(file, n.Format, n.Latin1),
		values: make([]base.Value, len(n.Insert.Target)), dflt: make([]bool, len(n.Insert.Target)), vars: vars}
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
	return l.out, l.located(err)
}

// located is an error that stopped the statement, with the file and the line it happened at.
func (l *loader) located(err error) error {
	if err == nil || l.ec.Ctx.Err() != nil {
		return err
	}
	at := fmt.Sprintf("file '%s', line %d", l.plan.File, l.began+1)
	var e *base.Error
	switch {
	case !errors.As(err, &e):
		return base.Errorf(errno.FileNotFound, "reading %s failed: %v", at, err)
	case e.Kind != base.KindInvalid:
		return err
	}
	with := *e
	with.Msg += " (" + at + ")"
	return &with
}

// run loads line after line; io.EOF at the end of the file.
func (l *loader) run() error {
	for range l.plan.Skip {
		if _, err := l.lines.skipLine(l.ec.Ctx); err != nil {
			return err
		}
	}
	for {
		l.began = l.lines.breaks
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
		cut, err := l.lines.skipLine(l.ec.Ctx)
		if err != nil {
			return err
		}
		if cut {
			l.warn(base.Errorf(errno.TooManyRecords, "Row %d was truncated; it contained more data than there were input columns", l.line))
		}
	}
}

// fields reads the fields of a line; io.EOF when there is none because the file is at its end.
func (l *loader) fields() error {
	for j := range l.values {
		l.values[j], l.dflt[j] = base.Value{}, true
	}
	for i, f := range l.plan.Fields {
		v, ok, err := l.lines.field()
		switch {
		case err != nil:
			return err
		case !ok && i == 0:
			return io.EOF
		case !ok:
			return l.missing(l.plan.Fields[i:])
		case f.Value < 0:
			l.vars[f.Variable] = v
			continue
		}
		l.values[f.Value], l.dflt[f.Value] = l.supplied(v, l.plan.Insert.Target[f.Value]), false
	}
	return nil
}

// missing gives the columns that a line has no fields for NULL where that is their default, and otherwise the default of
// their type, as MySQL does: it does not use another DEFAULT.
func (l *loader) missing(rest []plan.LoadField) error {
	for _, f := range rest {
		if f.Value < 0 {
			l.vars[f.Variable] = base.Value{}
			continue
		}
		l.warn(base.Errorf(errno.TooFewRecords, "Row %d doesn't contain data for all columns", l.line))
		at := l.plan.Insert.Target[f.Value]
		v, err := l.absent(at)
		if err != nil {
			return err
		}
		l.values[f.Value], l.dflt[f.Value] = v, at == l.auto
	}
	return nil
}

func (l *loader) absent(column int) (base.Value, error) {
	col := &l.t.Columns[column]
	if !col.NotNull {
		if e := l.plan.Insert.Defaults[column]; e != nil {
			if v, err := expr.Scalar(l.ec.Expr, e); err != nil || v.IsNull() {
				return v, err
			}
		}
	}
	return l.typeDefault(col), nil
}

// typeDefault is the default of a column's type, which for a TIMESTAMP that is NOT NULL is the time of the statement.
func (l *loader) typeDefault(col *catalog.Column) base.Value {
	if col.NotNull && col.Type.ID == base.TypeTimestamp {
		_, offset := l.ec.Expr.Now.Zone()
		return base.NewDateTime(l.ec.Expr.Now.UnixMicro() + int64(offset)*base.Second)
	}
	return expr.Zero(col.Type)
}

// supplied returns what a field stores in a column: NULL in one that takes none stores the default of its type.
func (l *loader) supplied(v base.Value, column int) base.Value {
	col := &l.t.Columns[column]
	if !v.IsNull() || !col.NotNull || column == l.auto {
		return v
	}
	if col.Type.ID != base.TypeTimestamp {
		l.warn(base.Errorf(errno.NullToNotNull, "Column set to default value; NULL supplied to NOT NULL column '%s' at row %d", col.Name, l.line))
	}
	return l.typeDefault(col)
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
