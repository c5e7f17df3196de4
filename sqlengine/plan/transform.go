package plan

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// Transform is the SELECT list of a replication and its condition, over the change of a row of a table with n columns: columns 0 to n-1 are
// those of the new row (of the old one, for a DELETE), n to 2n-1 those of the old one, and behind them those of ChangeFacts.
type Transform struct {
	Exprs []expr.Expr
	Out   []Column
	Cond  expr.Expr // nil: every change passes
	// From are the positions of the table's columns that items name and do nothing else, -1 for others.
	From []int
}

// ChangeFacts are functions that tell of a change: their names, in upper case, and the types of the columns that they read.
var ChangeFacts = []struct {
	Name string
	Type base.Type
}{
	{"OPERATION", base.Type{ID: base.TypeVarchar, Length: 6, Collation: catalog.DefaultCollation}},
	{"CHANGED_FIELDS", base.Type{ID: base.TypeJSON}},
	{"COMMIT_SEQ", base.Type{ID: base.TypeBigInt, Unsigned: true}},
	{"COMMIT_TIME", base.Type{ID: base.TypeDateTime, Scale: 6}},
}

// ChangeTransform binds a transform of the changes of t.
//
// Errors: 1054 and the others of binding, among them those of subqueries, aggregates and window functions, which a transform has not; 1060 (two
// columns of one name).
func ChangeTransform(env Env, t *catalog.Table, list []ast.SelectItem, cond ast.Expr) (*Transform, error) {
	p := &planner{Env: env, nextSlot: len(env.Params), rowOnly: true}
	b := &binder{p: p, scope: p.changeScope(t), clause: "field list"}
	items, err := b.items(list)
	if err != nil {
		return nil, err
	}
	tr := &Transform{}
	seen := map[string]bool{}
	for _, it := range items {
		if name := strings.ToLower(it.col.Name); seen[name] {
			return nil, base.Errorf(errno.DupFieldName, "Duplicate column name '%s'", it.col.Name)
		} else {
			seen[name] = true
		}
		from := -1
		if i, ok := expr.AsColumn(it.expr); ok && i < len(t.Columns) {
			from = i
		}
		settled := expr.Settle(it.expr)
		it.col.Type = settled.Type()
		tr.Exprs, tr.Out, tr.From = append(tr.Exprs, settled), append(tr.Out, it.col), append(tr.From, from)
	}
	if cond != nil {
		b.clause = "where clause"
		if tr.Cond, err = b.expr(cond); err != nil {
			return nil, err
		}
	}
	return tr, nil
}

// changeScope is what names mean in a transform: those of the new row alone, with the table's name or NEW, those of the old one with OLD, and
// the facts of the change.
func (p *planner) changeScope(t *catalog.Table) *scope {
	sc := p.columnsOf(t)
	n := len(sc.cols)
	for k, alias := range []string{"NEW", "OLD"} {
		for i := range n {
			c := sc.cols[i]
			c.id, c.Table, c.schema, c.merged = k*n+i, alias, "", true
			if alias == "OLD" {
				c.Nullable = true // an INSERT has none
			}
			sc.cols = append(sc.cols, c)
		}
	}
	sc.facts = map[string]expr.Expr{}
	for i, f := range ChangeFacts {
		sc.facts[f.Name] = expr.Column(2*n+i, f.Type, f.Name+"()", f.Name == "CHANGED_FIELDS")
	}
	return sc
}
