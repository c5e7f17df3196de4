package plan

import (
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/partition"
)

// ScanParts says which partitions of its table a Scan reads.
type ScanParts struct {
	Func  *partition.Func
	Named []int            // those that the statement names; nil: all
	Conds []partition.Cond // what Scan.Filter says of the columns that rows are divided by
	// Order are columns of the scan by which partitions are merged, whose rows each come in this order; nil: one partition
	// follows the other.
	Order []int

	shown []string // EXPLAIN: the names
}

// partFunc binds how t is divided; nil if it is not.
func (p *planner) partFunc(t *catalog.Table) (*partition.Func, error) {
	if t.Partitioning == nil {
		return nil, nil
	}
	var x expr.Expr
	if sql := t.Partitioning.SQL; sql != "" {
		var err error
		if x, err = p.rowText(t, sql, "partition function"); err != nil {
			return nil, err
		}
	}
	return partition.New(t, x), nil
}

// namedParts resolves the PARTITION clause behind a table name: positions in order, nil without a clause.
//
// Errors: 1747, 1735.
func namedParts(t *catalog.Table, names []string) ([]int, error) {
	if len(names) == 0 {
		return nil, nil
	}
	if t.Partitioning == nil {
		return nil, base.Errorf(errno.NotPartitioned, "PARTITION () clause on non partitioned table")
	}
	out := make([]int, 0, len(names))
	for _, name := range names {
		i := t.Partitioning.Part(name)
		if i < 0 {
			return nil, base.Errorf(errno.UnknownPartition, "Unknown partition '%s' in table '%s'", name, t.Name)
		}
		out = append(out, i)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// scanParts works out which partitions the filters of a scan leave, as far as that is known before it runs.
func (p *planner) scanParts(n *lScan) (*ScanParts, error) {
	f, err := p.partFunc(n.table)
	if f == nil || err != nil {
		return nil, err
	}
	s := &ScanParts{Func: f, Named: n.named}
	if p.Plain {
		return s, nil
	}
	b := condBuilder{cols: map[colID]int{}, f: f}
	for _, i := range f.Columns() {
		b.cols[n.ids[i]] = i
	}
	if x := f.Expr(); x != nil {
		b.x = atColumns(x, n.ids)
	}
	s.Conds, _ = b.all(n.filters)
	return s, nil
}

// scanConds returns what the filters of a scan say of single stored columns.
func scanConds(n *lScan) []partition.Cond {
	if len(n.filters) == 0 {
		return nil
	}
	b := condBuilder{cols: make(map[colID]int, len(n.ids))}
	for i, id := range n.ids {
		if c := &n.table.Columns[i]; !c.Virtual() && c.Encrypted == "" {
			b.cols[id] = i
		}
	}
	conds, _ := b.all(n.filters)
	return conds
}

// condBuilder makes partition conditions of predicates.
type condBuilder struct {
	f    *partition.Func // nil: cols is all there is
	cols map[colID]int   // those that rows are divided by → position in the table
	x    expr.Expr       // the partitioning expression over logical columns; nil for columns
}

// all returns what predicates that all hold say; ok is false if they say nothing.
func (b *condBuilder) all(preds []expr.Expr) (out []partition.Cond, ok bool) {
	for _, pr := range preds {
		if args, and := expr.AsCall(pr, "AND"); and {
			inner, _ := b.all(args)
			out = append(out, inner...)
		} else if c, ok := b.one(pr); ok {
			out = append(out, c...)
		}
	}
	return out, len(out) > 0
}

func (b *condBuilder) one(pr expr.Expr) ([]partition.Cond, bool) {
	if args, ok := expr.AsCall(pr, "OR"); ok {
		return b.either(args)
	}
	if v, ok := expr.ConstValue(pr); ok && (v.IsNull() || v == base.NewInt(0)) {
		return b.nothing()
	}
	if args, ok := expr.AsCall(pr, "IS NULL"); ok {
		col, ok := b.column(args[0])
		return []partition.Cond{{Op: partition.IsNull, Col: col}}, ok
	}
	if args, ok := expr.AsCall(pr, "NOT"); ok && b.f == nil {
		if args, ok := expr.AsCall(args[0], "IS NULL"); ok {
			col, ok := b.column(args[0])
			return []partition.Cond{{Op: partition.NotNull, Col: col}}, ok
		}
		return nil, false
	}
	if args, ok := expr.AsCall(pr, "IN"); ok {
		col, ok := b.column(args[0])
		return []partition.Cond{{Op: partition.Equal, Col: col, Args: args[1:]}}, ok && allConstant(args[1:])
	}
	if args, ok := expr.AsCall(pr, "BETWEEN"); ok {
		col, ok := b.column(args[0])
		return []partition.Cond{{Op: partition.AtLeast, Col: col, Args: args[1:2]}, {Op: partition.AtMost, Col: col, Args: args[2:3]}},
			ok && allConstant(args[1:])
	}
	for _, c := range partComparisons {
		if args, ok := expr.AsCall(pr, c.name); ok {
			return b.comparison(args, c)
		}
	}
	return nil, false
}

// partComparison is an operator, and what it asks of its left and of its right side.
type partComparison struct {
	name        string
	left, right partition.Op
}

var partComparisons = []partComparison{{"=", partition.Equal, partition.Equal}, {"<=>", partition.SameAs, partition.SameAs}, {"<", partition.Below, partition.Above},
	{"<=", partition.AtMost, partition.AtLeast}, {">", partition.Above, partition.Below}, {">=", partition.AtLeast, partition.AtMost}}

func (b *condBuilder) comparison(args []expr.Expr, c partComparison) ([]partition.Cond, bool) {
	if col, ok := b.column(args[0]); ok && constant(args[1]) {
		return []partition.Cond{{Op: c.left, Col: col, Args: args[1:2]}}, true
	}
	if col, ok := b.column(args[1]); ok && constant(args[0]) {
		return []partition.Cond{{Op: c.right, Col: col, Args: args[:1]}}, true
	}
	return nil, false
}

// either is OR: it says something only if both sides do.
func (b *condBuilder) either(args []expr.Expr) ([]partition.Cond, bool) {
	c := partition.Cond{Op: partition.Either}
	for _, a := range args {
		inner, ok := b.all([]expr.Expr{a})
		if !ok {
			return nil, false
		}
		c.Any = append(c.Any, inner)
	}
	return []partition.Cond{c}, true
}

// nothing is a condition that never holds.
func (b *condBuilder) nothing() ([]partition.Cond, bool) {
	if b.f == nil {
		return nil, false
	}
	return []partition.Cond{{Op: partition.Nothing, Col: b.f.Columns()[0]}}, true
}

// column returns what of the partitioning e is: a column, or the expression as a whole.
func (b *condBuilder) column(e expr.Expr) (int, bool) {
	if id, ok := expr.AsColumn(e); ok {
		i, ok := b.cols[id]
		return i, ok
	}
	if b.x != nil && expr.Equal(e, b.x) {
		return partition.OfFunc, true
	}
	return 0, false
}

// ShowParts works out for the scans of a plan that is only shown which partitions they would read, and notes the names. params
// is the number of arguments that are known: what else parameters stand for, outer columns, is not.
func ShowParts(n Node, ctx *expr.Context, params int) {
	if s, ok := n.(*Scan); ok && s.Parts != nil {
		s.Parts.shown = []string{}
		for _, i := range s.Parts.read(ctx, params) {
			s.Parts.shown = append(s.Parts.shown, s.Table.Partitioning.Parts[i].Name)
		}
	}
	for _, c := range n.Children() {
		ShowParts(c, ctx, params)
	}
	for _, s := range subqueries(n) {
		ShowParts(s.Plan, ctx, params)
	}
}

// read returns the numbers of the partitions that a scan may read, where only the first params parameters are known.
func (s *ScanParts) read(ctx *expr.Context, params int) []int {
	var conds []partition.Cond
	for _, c := range s.Conds {
		if known(c, params) {
			conds = append(conds, c)
		}
	}
	return s.Func.Prune(ctx, conds, s.Named)
}

func known(c partition.Cond, params int) bool {
	for _, e := range c.Args {
		if !paramsWithin(e, params) {
			return false
		}
	}
	for _, list := range c.Any {
		for _, inner := range list {
			if !known(inner, params) {
				return false
			}
		}
	}
	return true
}

func paramsWithin(e expr.Expr, params int) bool {
	if i, ok := expr.AsParam(e); ok {
		return i < params
	}
	for _, c := range e.Children() {
		if !paramsWithin(c, params) {
			return false
		}
	}
	return true
}
