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
	// TableFunction returns a function that may stand in FROM besides JSON_TABLE; nil if there is none of the name, which
	// is in upper case.
	TableFunction func(name string) TableFunctionDef
	// Statistics describes the values of the columns of tables; nil when there is nothing to ask.
	Statistics Statistics
	// ParseExpr parses the text of a column default.
	ParseExpr func(sql string) (ast.Expr, error)
	// ParseQuery parses the text of a view.
	ParseQuery func(sql string) (ast.Query, error)
	// Inside are the views, in lower case, whose definition is being planned.
	Inside []string
	// Params are the types of the statement's arguments.
	Params []base.Type
	// Var returns the type of a user or system variable and whether it exists.
	Var func(name string, system bool) (base.Type, bool)
	// Readable returns the error for reading an encrypted column; nil if it can be read. A nil function: all can.
	Readable func(*catalog.Table, *catalog.Column) error
	// Plain plans a statement as it is written: subqueries are not made joins, joins keep their order, tables are read as a
	// whole. The answers are the same.
	Plain bool
	// UseInvisible lets plans use invisible indexes, too.
	UseInvisible bool
	// Function returns a function that a program has added; nil: there is none of that name.
	Function func(name string) *expr.Custom
	// System lets statements change stored tables of the schema system.
	System bool
	// Expired reads the rows of tables with a ttl that are past their time, instead of the others.
	Expired bool
}

// VirtualTable is a system table: its columns and the source of its rows.
type VirtualTable struct {
	Schema, Name string
	Columns      []Column
	Source       RowSource
	Current      bool // the rows tell of the database: they need a current snapshot
	// Change is called for each row that UPDATE changes, with its new values, and that DELETE removes, with nil; nil: the table is
	// read-only.
	Change func(c *expr.Context, old, row []base.Value) error
}

// planner plans one statement.
type planner struct {
	Env
	lastCol  colID
	nextSlot int // first parameter number that no argument and no outer column has
	sizes    Sizes
	volatile bool             // the plan may not be cached: it depends on session state
	reads    []*catalog.Table // each time that a table is read
	varies   bool             // the result depends on the clock, on chance or on the session
	ctes     *cteScope
	lock     *locking // of the SELECT whose FROM is planned
	straight bool     // that SELECT is a SELECT STRAIGHT_JOIN

	assigned map[string]base.Type // user variables that the statement assigns to, once it is bound

	stmt       ast.Statement
	tableNames map[string]int // of stmt, in lower case: how often each stands in it
	expansions int            // of common table expressions
	targets    targets
	open       *opening // of a FROM whose views are laid open

	sources map[colID]source // the table columns that logical columns come from
	est     map[logical]float64
	// considered counts the joins that were looked at: what planning them took.
	considered int
	bodies     []*SubqueryBody // of all subqueries, inner ones before those around them
	views      []string        // being expanded, in lower case
	rowOnly    bool            // an expression over a row, which may hold no query
	searches   []*TextSearch   // of the statement
}

// Plan is a physical plan and what running it needs.
type Plan struct {
	Root    Node
	Columns []Column // of the result, as it is shown
	Sizes   Sizes    // what it was chosen by
	Slots   int      // number of parameters, those of correlated subqueries included
	Cached  bool     // may be kept for the next execution of the same text

	varies bool
	reads  []*catalog.Table
}

// Query plans a query.
//
// Errors: *base.Error with MySQL's number: 1054, 1146, 1052, 1055, …
func Query(env Env, q ast.Query) (*Plan, error) {
	p := &planner{Env: env, views: env.Inside, nextSlot: len(env.Params), stmt: q}
	l, out, err := p.query(q, nil)
	if err != nil {
		return nil, err
	}
	if calcFound(q) {
		countAll(l)
	}
	root, err := p.finish(l, out)
	if err == nil {
		err = p.settle()
	}
	if err != nil {
		return nil, err
	}
	capText(root)
	return &Plan{Root: root, Columns: out.cols, Slots: p.nextSlot, Cached: !p.volatile, Sizes: p.sizes,
		varies: p.varies || calcFound(q), reads: p.reads}, nil
}

// Sizes are the row counts of tables that a plan was chosen by.
type Sizes map[uint32]float64

// Hold reports whether the tables still have the sizes that the plan was chosen by, roughly: a plan made when a table was
// empty is a bad one once it is not.
func (s Sizes) Hold(rowCount func(table uint32) float64) bool {
	for id, then := range s {
		if now := rowCount(id); now > 4*then+1000 || then > 4*now+1000 {
			return false
		}
	}
	return true
}

// rows returns the row count of a table and notes that the plan depends on it; -1 when it is not known.
func (p *planner) rows(table uint32) float64 {
	if p.RowCount == nil {
		return -1
	}
	n := p.RowCount(table)
	if p.sizes == nil {
		p.sizes = Sizes{}
	}
	p.sizes[table] = n
	return n
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
	return p.exactly(p.optimize(l), out.ids)
}

// optimize rewrites a logical plan before it is made a physical one.
func (p *planner) optimize(l logical) logical {
	if !p.Plain {
		l = p.decorrelate(l)
	}
	l = pushdown(l, nil)
	if !p.Plain {
		l = p.reorder(l)
	}
	return l
}

// settle plans the subqueries that run on their own: those that were not made joins.
func (p *planner) settle() (err error) {
	// Those around others come first: they take copies of the trees inside them, which planning changes.
	for i := len(p.bodies) - 1; i >= 0; i-- {
		b := p.bodies[i]
		b.Stable = !volatileTree(b.tree)
		if b.Plan, err = p.finish(b.tree, b.out); err != nil {
			return err
		}
		b.tree = nil
	}
	p.bodies = nil
	return nil
}

// Expression binds an expression that may name no columns: a default, the value of SET.
func Expression(env Env, e ast.Expr) (expr.Expr, error) {
	p := &planner{Env: env, nextSlot: len(env.Params)}
	x, err := (&binder{p: p, scope: &scope{}, clause: "field list"}).expr(e)
	if err == nil {
		err = p.settle()
	}
	return x, err
}
