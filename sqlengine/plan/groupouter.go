package plan

import (
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// An aggregate call in a subquery whose arguments are columns of a query around belongs to that query: it is computed over the
// rows of its groups (SQL:2016, 6.9 set function specification, "aggregation query").

// aggregatedAt returns the border to the query around that an aggregate call belongs to; nil if to the query it stands in. That is
// the query of the innermost column among its arguments, if an aggregate may stand where that query has the subquery, else the
// innermost one between the two where it may.
func (b *binder) aggregatedAt(e *ast.Call) *frame {
	if b.scope.outer == nil {
		return nil
	}
	at := b.innermost(e)
	if at == nil || at.aggregates() || at.b != nil && at.b.inAgg {
		return at
	}
	for f := b.scope.outer; f != at; f = f.scope.outer {
		if f.aggregates() {
			return f
		}
	}
	return nil
}

// aggregates reports whether an aggregate may stand where the subquery does.
func (f *frame) aggregates() bool { return f.b != nil && f.b.aggs != nil }

// innermost returns the border behind which the innermost column of a call's arguments is; nil if there are columns of the query
// itself, or none at all.
func (b *binder) innermost(e *ast.Call) *frame {
	var at *frame
	depth, own := 0, false
	for _, arg := range e.Args {
		ast.Inspect(arg, func(n any) bool {
			ref, ok := n.(*ast.ColumnRef)
			if !ok {
				c, call := n.(*ast.Call)
				_, query := n.(ast.Query)
				return !query && !(call && c.Over == nil && expr.IsAggregate(c.Name)) // the columns of which are its own
			}
			f, d := b.border(ref)
			if own = own || f == nil; at == nil || d < depth {
				at, depth = f, d
			}
			return true
		})
	}
	if own {
		return nil
	}
	return at
}

// border returns the border behind which the column is that a reference means, and how many lie before it; nil if the query itself
// has it, or nothing.
func (b *binder) border(ref *ast.ColumnRef) (*frame, int) {
	if c, err := b.scope.find(ref); c != nil || err != nil {
		return nil, 0
	}
	depth := 1
	for f := b.scope.outer; f != nil; f = f.scope.outer {
		if c, err := f.scope.find(ref); c != nil || err != nil {
			return f, depth
		}
		depth++
	}
	return nil, 0
}

// carry makes an expression over the columns of the query at a border further out readable inside f.
func (f *frame) carry(p *planner, at *frame, e expr.Expr) expr.Expr {
	if f != at {
		e = f.scope.outer.carry(p, at, e)
		if f.through {
			f.free = true
			return e
		}
	}
	return f.param(p, e)
}
