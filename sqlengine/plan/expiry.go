package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// expiry binds the condition that a row of a table with a ttl is past its time, or with alive that it is not, over a row of the
// table. A row whose time is NULL stays. Where the ttl is a column, or one and a fixed span of time, the column stands alone on one
// side, so that keys and the bounds of segments serve the condition.
//
// Errors: those of parsing and binding, which the DDL that made the table has ruled out.
func (p *planner) expiry(t *catalog.Table, alive bool) (expr.Expr, error) {
	x, err := p.ParseExpr(t.TTL)
	if err != nil {
		return nil, err
	}
	now, err := p.ParseExpr("NOW(6)")
	if err != nil {
		return nil, err
	}
	if column, span, op := shifted(x); column != nil {
		x = column
		if span != nil {
			now = &ast.Binary{Op: op, L: now, R: span}
		}
	}
	if !alive {
		return p.rowExpr(t, &ast.Binary{Op: "<=", L: x, R: now}, "ttl")
	}
	alone, err := p.rowExpr(t, x, "ttl")
	if err != nil {
		return nil, err
	}
	var e ast.Expr = &ast.Binary{Op: ">", L: x, R: now}
	if alone.Nullable() {
		e = &ast.Binary{Op: "OR", L: e, R: &ast.Is{X: x, What: "NULL"}}
	}
	return p.rowExpr(t, e, "ttl")
}

// fixedUnits are the units of spans that have one length, in microseconds.
var fixedUnits = map[string]int64{"MICROSECOND": 1, "SECOND": base.Second, "MINUTE": 60 * base.Second, "HOUR": 3600 * base.Second, "DAY": base.Day,
	"WEEK": 7 * base.Day}

// longestShift bounds the spans that move to the other side of a comparison: 1,000 years from now are dates, too.
const longestShift = 365_000 * base.Day

// shifted takes column ± INTERVAL n unit apart: a moment lies as far before the sum as column lies before the moment shifted by
// op and span. Months and years, which have no fixed length, do not, nor do spans that lead out of the range of dates; column is nil then.
func shifted(x ast.Expr) (column ast.Expr, span *ast.Interval, op string) {
	switch x := x.(type) {
	case *ast.ColumnRef:
		return x, nil, ""
	case *ast.Binary:
		span, ok := x.R.(*ast.Interval)
		if _, plain := x.L.(*ast.ColumnRef); !ok || !plain {
			return nil, nil, ""
		}
		n, ok := span.X.(*ast.Literal)
		unit := fixedUnits[span.Unit]
		if !ok || unit == 0 || n.Value.Class() != base.Int || n.Value.Int() < 0 || n.Value.Int() > longestShift/unit {
			return nil, nil, ""
		}
		return x.L, span, map[string]string{"+": "-", "-": "+"}[x.Op]
	}
	return nil, nil, ""
}

// SimpleTTL reports whether the rows of a table that are past their time can be told by one of its columns alone.
func SimpleTTL(x ast.Expr) bool {
	column, _, _ := shifted(x)
	return column != nil
}

// aging adds to the scan of a table with a ttl that it reads the rows which are not past their time, or under Env.Expired those
// which are.
func (p *planner) aging(scan *lScan) error {
	if scan.table.TTL == "" {
		return nil
	}
	e, err := p.expiry(scan.table, !p.Expired)
	if err == nil {
		scan.filters = conjuncts(atColumns(e, scan.ids))
	}
	return err
}
