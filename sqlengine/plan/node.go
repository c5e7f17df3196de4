// Package plan turns syntax trees into typed physical plans: it binds names, infers types, pushes predicates and
// projections down and chooses access paths and join algorithms.
package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/partition"
)

// Node is one operator of a physical plan. Plans are immutable and shared between executions; run-time state lives in
// package exec. A node's expressions refer to the columns of its input by position (for joins: left columns, then right).
type Node interface {
	Schema() []Column
	Children() []Node
}

// Column describes one output column of a node.
type Column struct {
	Name     string // as results show it
	Table    string // alias of the table it comes from, "" for an expression
	OrgTable string
	OrgName  string
	Type     base.Type
	Nullable bool
	Hidden   bool // not named by *: hidden keys
}

// Scan reads one table. Cols are positions in Table.Columns, in output order.
type Scan struct {
	Table    *catalog.Table
	Alias    string
	Cols     []int
	Virtual  []Assignment // columns, by position in Cols, that are computed from Cols, in order
	Access   Access
	Keys     *KeySet          // the keys to read in the place of Access, when the join above hands them over; nil none
	Filter   expr.Expr        // over Cols; nil none
	Conds    []partition.Cond // what Filter says of single columns
	Early    expr.Expr        // what Filter says of stored columns: it may be asked of rows before their other columns are read; nil nothing
	Reverse  bool             // descending key order
	First    int              // about how many rows are asked for, of an index that is read in its order; 0 is not known
	AnyOrder bool             // what is above reads all rows, and does not care for their order
	Parts    *ScanParts       // nil: the table has no partitions
	Lock     bool             // what is read may not change until the transaction commits: FOR UPDATE, FOR SHARE
	Limit    expr.Expr        // stop after so many rows that pass Filter; nil none
	Text     *TextScan        // nil: not by a full-text index
	Out      []Column
	Est      float64 // estimated rows
	Read     float64 // rows of the table; 0 is unknown

	hints *keyHints
}

// Access says which keys a Scan reads. The zero Access is the whole table.
type Access struct {
	Index *catalog.Index // nil: the primary key
	// Points are complete keys, one row of expressions each, of which at most one row of the table matches each; or, all
	// of one length, the first columns of keys. Each expression is constant during execution.
	Points [][]expr.Expr
	// Eq fixes the first columns of the key; Lo and Hi bound the next one.
	Eq             []expr.Expr
	Lo, Hi         expr.Expr
	LoOpen, HiOpen bool // exclusive bounds
	// Ordered says that the rows have to come in the order of Index.
	Ordered bool
}

// Virtual reads rows that a Go function makes: system tables.
type Virtual struct {
	Name    string
	Source  RowSource
	Current bool        // see VirtualTable
	Keys    []expr.Expr // of a KeyedSource: what each of its keys has to equal; nil anything
	Filter  expr.Expr
	Out     []Column
}

// RowSource makes the rows of a virtual table. It is called once per execution.
type RowSource interface {
	Rows(ctx *expr.Context) ([][]base.Value, error)
}

// KeyedSource is a RowSource that finds rows by some of its columns.
type KeyedSource interface {
	RowSource
	// Keys returns the positions of those columns.
	Keys() []int
	// RowsOf makes at least the rows whose keys equal want; a NULL in want stands for any value. Nil makes all rows.
	RowsOf(ctx *expr.Context, want []base.Value) ([][]base.Value, error)
}

// Values yields constant rows: VALUES, or a SELECT without FROM (one row).
type Values struct {
	Rows [][]expr.Expr
	Out  []Column
}

// Filter keeps rows for which Pred is TRUE.
type Filter struct {
	Input Node
	Pred  expr.Expr
	Est   float64 // estimated rows; 0 is unknown, here and below
}

// Project computes Exprs.
type Project struct {
	Input Node
	Exprs []expr.Expr
	Out   []Column
}

// JoinKind is the kind of a Join.
type JoinKind uint8

// The kinds. A right join is planned as a left join with its sides swapped.
const (
	InnerJoin JoinKind = iota
	LeftJoin
	FullJoin
	SemiJoin // left rows with a match; left columns only
	AntiJoin // left rows without a match; left columns only
)

// Join joins two inputs: by hashing the right side on RightKeys when there are keys, else by nested loops. On holds the
// rest of the condition, over left columns followed by right columns.
type Join struct {
	Kind                JoinKind
	Left, Right         Node
	LeftKeys, RightKeys []expr.Expr // over the side's own columns; of equal, comparable types
	NullSafe            []bool      // keys compared with <=>; nil: all with =
	NullAware           bool        // AntiJoin for NOT IN: a NULL on either side makes the answer unknown
	On                  expr.Expr
	Keys                *KeySet // of the left rows, which are read first, for a scan on the right side; nil none
	Out                 []Column
	Est                 float64
}

// Lookup joins each left row to the rows of a table that its key values name: an index nested-loop join.
type Lookup struct {
	Kind  JoinKind // InnerJoin or LeftJoin
	Left  Node
	Right *Scan       // its Access is ignored; Filter applies
	Keys  []expr.Expr // over left columns: a complete primary key of Right.Table
	On    expr.Expr
	Out   []Column
	Est   float64
}

// Aggregate groups by Keys (none: one group) and computes Aggs. Output: keys, then aggregates.
type Aggregate struct {
	Input Node
	Keys  []expr.Expr
	Aggs  []expr.Agg
	Out   []Column
	Est   float64
}

// Distinct drops repeated rows.
type Distinct struct{ Input Node }

// SortKey is one key of a Sort.
type SortKey struct {
	Expr expr.Expr
	Desc bool
}

// Sort orders its input; with Limit set it keeps only the first Offset+Limit rows (top-N) but still yields from row 0.
type Sort struct {
	Input         Node
	Keys          []SortKey
	Limit, Offset expr.Expr
}

// Limit yields Count rows after skipping Offset. Nil expressions mean all and none.
type Limit struct {
	Input         Node
	Count, Offset expr.Expr
	All           bool // read and count the rows beyond, too: SQL_CALC_FOUND_ROWS
}

// Union yields the rows of its inputs one after the other (UNION ALL). Inputs have equal column counts; a Project above
// each has already converted them to Out's types.
type Union struct {
	Inputs []Node
	Out    []Column
}

// SetOp is INTERSECT or EXCEPT; All keeps multiplicities.
type SetOp struct {
	Except      bool
	All         bool
	Left, Right Node
	Out         []Column
}

// Schema returns the columns the node yields.
func (n *Scan) Schema() []Column      { return n.Out }
func (n *Virtual) Schema() []Column   { return n.Out }
func (n *Values) Schema() []Column    { return n.Out }
func (n *Filter) Schema() []Column    { return n.Input.Schema() }
func (n *Project) Schema() []Column   { return n.Out }
func (n *Join) Schema() []Column      { return n.Out }
func (n *Lookup) Schema() []Column    { return n.Out }
func (n *Aggregate) Schema() []Column { return n.Out }
func (n *Distinct) Schema() []Column  { return n.Input.Schema() }
func (n *Sort) Schema() []Column      { return n.Input.Schema() }
func (n *Limit) Schema() []Column     { return n.Input.Schema() }
func (n *Union) Schema() []Column     { return n.Out }
func (n *SetOp) Schema() []Column     { return n.Out }

// Children returns the inputs, left first.
func (n *Scan) Children() []Node      { return nil }
func (n *Virtual) Children() []Node   { return nil }
func (n *Values) Children() []Node    { return nil }
func (n *Filter) Children() []Node    { return []Node{n.Input} }
func (n *Project) Children() []Node   { return []Node{n.Input} }
func (n *Join) Children() []Node      { return []Node{n.Left, n.Right} }
func (n *Lookup) Children() []Node    { return []Node{n.Left, n.Right} }
func (n *Aggregate) Children() []Node { return []Node{n.Input} }
func (n *Distinct) Children() []Node  { return []Node{n.Input} }
func (n *Sort) Children() []Node      { return []Node{n.Input} }
func (n *Limit) Children() []Node     { return []Node{n.Input} }
func (n *Union) Children() []Node     { return n.Inputs }
func (n *SetOp) Children() []Node     { return []Node{n.Left, n.Right} }

// Subquery is an expression that runs a plan: a scalar, EXISTS, or IN subquery. Outer columns that the plan refers to are
// parameters: before each run the expressions of Args are evaluated over the outer row and stored at Slots.
type Subquery struct {
	*SubqueryBody
	Kind   SubqueryKind
	X      []expr.Expr // left side of a quantified comparison, over the outer row
	Op     string      // of a quantified comparison; IN is "=" with All unset, NOT IN is "<>" with All set
	All    bool
	Args   []expr.Expr // outer columns used inside
	Slots  []int       // parameter numbers they are stored at
	Once   bool        // depends on no outer row: run once per execution
	Free   bool        // depends on more than Args: equal arguments may have other results
	Result base.Type
	Column int // of a scalar subquery: the column of its row
}

// SubqueryBody is the plan of a subquery, which the expressions that were rewritten from one another share.
type SubqueryBody struct {
	Plan Node
	// Stable says that equal arguments have equal results, all through a statement.
	Stable bool

	tree logical // what Plan is made from, and what decorrelation copies; nil once Plan is there
	out  output
}

// SubqueryKind is the kind of a Subquery.
type SubqueryKind uint8

// The kinds.
const (
	ScalarSubquery SubqueryKind = iota
	ExistsSubquery
	QuantifiedSubquery // IN, ANY, ALL
)

// Runner runs subqueries; package exec provides it as expr.Context.Subqueries.
type Runner interface {
	Run(ctx *expr.Context, q *Subquery, b *vec.Batch) (*vec.Vector, error)
}
