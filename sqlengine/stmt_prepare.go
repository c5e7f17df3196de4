package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// maxPrepared is MySQL's default of max_prepared_stmt_count, here for one session.
const maxPrepared = 16382

// prepareStmt is PREPARE: it parses the text and keeps it under the name, in place of an older one.
//
// Errors: 1064, 1065; 1295 for several statements, and for PREPARE, EXECUTE and DEALLOCATE; 1461.
func (r *run) prepareStmt(n *ast.Prepare) (*Result, error) {
	name := strings.ToLower(n.Name)
	delete(r.s.prepared, name)
	text := ""
	if n.Text != nil {
		text = *n.Text
	} else {
		v, _ := r.variableValue(n.Var.Name)
		if v.IsNull() {
			text = "NULL" // as MySQL reads it: not a statement
		} else {
			text = expr.Format(v, r.variableTypeOf(n.Var.Name))
		}
	}
	stmt, err := r.s.Prepare(r.ctx, text)
	if err != nil {
		return nil, err
	}
	st, err := r.s.e.parsed(stmt.sql)
	if err != nil {
		return nil, err
	}
	switch st.stmt.(type) {
	case *ast.Prepare, *ast.Execute, *ast.Deallocate:
		return nil, base.Errorf(errno.UnsupportedPrepare, "This command is not supported in the prepared statement protocol yet")
	}
	if len(r.s.prepared) >= maxPrepared {
		return nil, base.Errorf(errno.MaxPrepared, "Can't create more than max_prepared_stmt_count statements (current value: %d)", maxPrepared)
	}
	if r.s.prepared == nil {
		r.s.prepared = map[string]*Stmt{}
	}
	r.s.prepared[name] = stmt
	return &Result{Info: "Statement prepared"}, nil
}

// execute is EXECUTE: it runs a prepared statement with user variables for its placeholders.
//
// Errors: 1243 no such statement, 1210 another number of placeholders; those of the statement.
func (r *run) execute(n *ast.Execute) (*Result, error) {
	stmt := r.s.prepared[strings.ToLower(n.Name)]
	if stmt == nil {
		return nil, base.Errorf(errno.UnknownStmt, "Unknown prepared statement handler (%s) given to EXECUTE", n.Name)
	}
	if len(n.Using) != len(stmt.names) {
		return nil, base.Errorf(errno.WrongArguments, "Incorrect arguments to EXECUTE")
	}
	inner := *r
	inner.sql, inner.args, inner.params, inner.types, inner.named = stmt.sql, nil, nil, nil, nil
	for i, v := range n.Using {
		value, _ := r.variableValue(v.Name)
		inner.args = append(inner.args, Arg{Name: stmt.names[i], Value: value, Type: r.variableTypeOf(v.Name)})
	}
	return inner.exec()
}

func (r *run) deallocate(n *ast.Deallocate) (*Result, error) {
	name := strings.ToLower(n.Name)
	if r.s.prepared[name] == nil {
		return nil, base.Errorf(errno.UnknownStmt, "Unknown prepared statement handler (%s) given to DEALLOCATE PREPARE", n.Name)
	}
	delete(r.s.prepared, name)
	return &Result{}, nil
}

func (r *run) variableValue(name string) (base.Value, bool) {
	if v, ok := r.named[name]; ok {
		return v.value, true
	}
	return r.s.variable(name, false)
}

func (r *run) variableTypeOf(name string) base.Type {
	t, _ := r.variableType(name, false)
	return t
}

// selectInto is SELECT … INTO @a, …: the only row goes into the variables.
//
// Errors: 1222 another number of columns, 1172 more than one row. No row is the warning 1329, and changes nothing.
func (r *run) selectInto(st *statement, n *ast.SelectInto) (*Result, error) {
	res, err := r.query(st, n.Query)
	if err != nil {
		return nil, err
	}
	res.run = r
	rows, err := r.assignRow(res, n.Vars)
	if err = firstError(err, res.Close()); err != nil {
		return nil, err
	}
	if rows == 0 {
		r.s.warn(base.Errorf(errno.NoData, "No data - zero rows fetched, selected, or processed"))
	}
	return &Result{AffectedRows: uint64(rows)}, nil
}

func (r *run) assignRow(res *Result, vars []*ast.Variable) (rows int, err error) {
	if len(res.columns) != len(vars) {
		return 0, base.Errorf(errno.WrongColumnCount, "The used SELECT statements have a different number of columns")
	}
	for {
		b, err := res.Next(r.ctx)
		if err != nil || b == nil {
			return rows, err
		}
		if rows == 0 {
			for i, v := range vars {
				r.s.setUserVar(v.Name, b.Cols[i].Value(b.Row(0)), res.columns[i].Type)
			}
		}
		if rows += b.Rows(); rows > 1 {
			return rows, base.Errorf(errno.TooManyRows, "Result consisted of more than one row")
		}
	}
}

func (s *Session) setUserVar(name string, v base.Value, t base.Type) {
	if s.vars == nil {
		s.vars = map[string]userVar{}
	}
	s.vars[name] = userVar{value: v, typ: t}
}
