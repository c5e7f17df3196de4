package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// A logical plan names columns by number: every column of every relation of a statement has a colID of its own, and
// expr.Column nodes hold that number. Rewrites move expressions freely; physical.go turns numbers into positions.
type colID = int

// logical is a node of a logical plan.
type logical interface {
	cols() []colID
}

type lScan struct {
	table   *catalog.Table
	alias   string
	ids     []colID // one a column of table
	filters []expr.Expr
	lock    bool  // FOR UPDATE, FOR SHARE
	named   []int // the partitions of a PARTITION clause; nil none
	hints   *keyHints
	keys    *KeySet // that the join above hands over
	node    *Scan   // what it was made
}

type lVirtual struct {
	name    string
	source  RowSource
	current bool
	out     []Column
	ids     []colID
	filters []expr.Expr
}

// lValues is constant rows; no ids and one empty row is a SELECT without FROM.
type lValues struct {
	ids  []colID
	rows [][]expr.Expr
}

type lFilter struct {
	input logical
	preds []expr.Expr
}

type lProject struct {
	input logical
	keep  bool // the input's columns stay visible beside the computed ones
	ids   []colID
	exprs []expr.Expr
}

type lJoin struct {
	kind        JoinKind
	left, right logical
	on          []expr.Expr
	straight    bool // STRAIGHT_JOIN: the left side is read first
	nullAware   bool // AntiJoin for NOT IN: a comparison that is NULL stands in the way, too
}

type lAggregate struct {
	input logical
	keys  []expr.Expr
	kids  []colID // of keys
	aggs  []expr.Agg
	aids  []colID // of aggs
}

type lDistinct struct {
	input logical
	ids   []colID // the columns compared
}

type lSort struct {
	input         logical
	keys          []SortKey
	limit, offset expr.Expr // top-N; nil none
}

type lLimit struct {
	input         logical
	count, offset expr.Expr
	all           bool // SQL_CALC_FOUND_ROWS: the rows beyond are read and counted
}

// lSetOp is UNION ALL (op "UNION"), INTERSECT or EXCEPT. inputs' columns, in the order of in[i], become ids.
type lSetOp struct {
	op     string
	all    bool
	inputs []logical
	in     [][]colID
	ids    []colID
}

func (n *lScan) cols() []colID    { return n.ids }
func (n *lVirtual) cols() []colID { return n.ids }
func (n *lValues) cols() []colID  { return n.ids }
func (n *lFilter) cols() []colID  { return n.input.cols() }
func (n *lProject) cols() []colID {
	if !n.keep {
		return n.ids
	}
	in := n.input.cols()
	return append(append(make([]colID, 0, len(in)+len(n.ids)), in...), n.ids...)
}
func (n *lJoin) cols() []colID {
	if n.kind == SemiJoin || n.kind == AntiJoin {
		return n.left.cols()
	}
	l, r := n.left.cols(), n.right.cols()
	return append(append(make([]colID, 0, len(l)+len(r)), l...), r...)
}
func (n *lAggregate) cols() []colID {
	return append(append(make([]colID, 0, len(n.kids)+len(n.aids)), n.kids...), n.aids...)
}
func (n *lDistinct) cols() []colID { return n.ids }
func (n *lSort) cols() []colID     { return n.input.cols() }
func (n *lLimit) cols() []colID    { return n.input.cols() }
func (n *lSetOp) cols() []colID    { return n.ids }
