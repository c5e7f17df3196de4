package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// Env is what planning needs to know of the session and the database.
type Env struct {
	Catalog  *catalog.Catalog
	Database string
	// Virtual returns the system table schema.name; nil if there is none.
	Virtual func(schema, name string) *VirtualTable
	// RowCount estimates the rows of a table.
	RowCount func(table uint32) float64
	// ParseExpr parses the text of a column default.
	ParseExpr func(sql string) (ast.Expr, error)
	// Params are the types of the statement's arguments.
	Params []base.Type
	// Var returns the type of a user or system variable and whether it exists.
	Var func(name string, system bool) (base.Type, bool)
}

// VirtualTable is a system table: its columns and the source of its rows.
type VirtualTable struct {
	Schema, Name string
	Columns      []Column
	Source       RowSource
}

// planner plans one statement.
type planner struct {
	Env
	lastCol  colID
	nextSlot int  // first parameter number that no argument and no outer column has
	volatile bool // the plan may not be cached: it depends on session state
	ctes     *cteScope
	text     string
}

// Plan is a physical plan and what running it needs.
type Plan struct {
	Root    Node
	Columns []Column // of the result, as it is shown
	Slots   int      // number of parameters, those of correlated subqueries included
	Cached  bool     // may be kept for the next execution of the same text
}

// Query plans a query.
//
// Errors: *base.Error with MySQL's number: 1054, 1146, 1052, 1055, …
func Query(env Env, q ast.Query) (*Plan, error) {
	p := &planner{Env: env, nextSlot: len(env.Params)}
	l, out, err := p.query(q, nil)
	if err != nil {
		return nil, err
	}
	root, err := p.finish(l, out)
	if err != nil {
		return nil, err
	}
	return &Plan{Root: root, Columns: out.cols, Slots: p.nextSlot, Cached: !p.volatile}, nil
}

func (p *planner) newCol() colID {
	p.lastCol++
	return p.lastCol
}

// output is the visible result of a query: names, types and the logical columns that carry them.
type output struct {
	cols []Column
	ids  []colID
}

// finish turns a logical plan into a physical one that yields exactly out, in order.
func (p *planner) finish(l logical, out output) (Node, error) {
	l = pushdown(l, nil)
	return p.exactly(l, out.ids)
}

// Expression binds an expression that may name no columns: a default, the value of SET.
func Expression(env Env, e ast.Expr) (expr.Expr, error) {
	p := &planner{Env: env, nextSlot: len(env.Params)}
	return (&binder{p: p, scope: &scope{}, clause: "field list"}).expr(e)
}
