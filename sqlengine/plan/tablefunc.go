package plan

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// TableFunction makes the rows of a function that stands in FROM. It is shared by executions.
type TableFunction interface {
	// Rows calls yield for each row that the arguments give. The row is the callee's until yield returns.
	//
	// Errors: its own, and those of yield, which end it.
	Rows(ctx *expr.Context, args []base.Value, yield func(row []base.Value) error) error
}

// CurrentFunction is a TableFunction about the rows of the database: it needs a current snapshot.
type CurrentFunction interface {
	TableFunction
	Current() bool
}

func readsDatabase(f TableFunction) bool {
	c, ok := f.(CurrentFunction)
	return ok && c.Current()
}

// TableFunctionDef checks a call of a table function and returns what makes its rows, and their columns.
type TableFunctionDef func(args []expr.Expr) (TableFunction, []Column, error)

// TableFunc yields the rows of a table function. Args read no columns.
type TableFunc struct {
	Name   string
	Func   TableFunction
	Args   []expr.Expr
	Filter expr.Expr
	Out    []Column
}

// Schema returns the columns the node yields.
func (n *TableFunc) Schema() []Column { return n.Out }

// Children returns nothing.
func (n *TableFunc) Children() []Node { return nil }

type lTableFunc struct {
	name    string
	fn      TableFunction
	args    []expr.Expr
	out     []Column
	ids     []colID
	filters []expr.Expr
}

func (n *lTableFunc) cols() []colID { return n.ids }

func (p *planner) physTableFunc(n *lTableFunc) (Node, layout, error) {
	l := layout(n.ids)
	f, err := l.placeAnd(n.filters)
	return &TableFunc{Name: n.name, Func: n.fn, Args: n.args, Filter: f, Out: n.out}, l, err
}

// tableFunc plans a call in FROM. Its arguments see the tables to its left.
func (p *planner) tableFunc(t *ast.TableFunc, outer, lat *frame) (logical, *scope, error) {
	b := &binder{p: p, scope: &scope{outer: lat}, clause: "a table function argument"}
	args, err := b.exprs(t.Args)
	if err != nil {
		return nil, nil, err
	}
	def, err := p.tableFunction(t)
	if err != nil {
		return nil, nil, err
	}
	n := &lTableFunc{name: t.Name, args: args}
	if n.fn, n.out, err = def(args); err != nil {
		return nil, nil, err
	}
	out := output{cols: n.out}
	for range n.out {
		n.ids = append(n.ids, p.newCol())
	}
	out.ids = n.ids
	alias := t.Alias
	if alias == "" {
		alias = t.Name
	}
	sc, err := outputScope(out, alias, nil, outer)
	return n, sc, err
}

func (p *planner) tableFunction(t *ast.TableFunc) (TableFunctionDef, error) {
	if t.Name == "JSON_TABLE" {
		return jsonTable(t), nil
	}
	if p.TableFunction != nil {
		if def := p.TableFunction(t.Name); def != nil {
			return def, nil
		}
	}
	return nil, base.Errorf(errno.NotSupported, "table function %s is not supported", t.Name)
}

// jsonTable is JSON_TABLE(document, path COLUMNS (…)).
func jsonTable(t *ast.TableFunc) TableFunctionDef {
	return func(args []expr.Expr) (TableFunction, []Column, error) {
		path, ok := t.Args[1].(*ast.Literal)
		if !ok {
			return nil, nil, base.Errorf(errno.Unknown, "JSON_TABLE without a constant path")
		}
		fn, err := expr.NewJSONTable(t.Alias, args[0].Type(), path.Value.Text(), jsonColumns(t.Columns))
		if err != nil {
			return nil, nil, err
		}
		var cols []Column
		for _, c := range fn.Columns() {
			cols = append(cols, Column{Name: c.Name, Type: c.Type, Nullable: !c.Ordinality && !c.Exists})
		}
		return fn, cols, nil
	}
}

func jsonColumns(list []ast.JSONColumn) []expr.JSONColumn {
	if list == nil {
		return nil
	}
	out := make([]expr.JSONColumn, len(list))
	for i, c := range list {
		out[i] = expr.JSONColumn{Name: c.Name, Ordinality: c.Ordinality, Exists: c.Exists, Type: c.Type, Path: c.Path,
			OnEmpty: jsonFallback(c.OnEmpty), OnError: jsonFallback(c.OnError), Nested: jsonColumns(c.Nested)}
	}
	return out
}

func jsonFallback(f *ast.JSONFallback) expr.JSONFallback {
	if f == nil {
		return expr.JSONFallback{}
	}
	return expr.JSONFallback{Error: f.Kind == "ERROR", Default: f.Kind == "DEFAULT", Value: f.Value}
}
