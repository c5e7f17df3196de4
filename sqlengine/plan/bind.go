package plan

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// binder turns syntax into typed expressions over logical columns.
type binder struct {
	p      *planner
	scope  *scope
	clause string // for messages: "field list", "where clause", "on clause", "order clause"
	// aggs collects aggregate calls; nil where none may stand.
	aggs *aggCollector
	// inAgg says that the arguments of an aggregate are bound.
	inAgg bool
	// wins collects window calls; nil where none may stand.
	wins *windowCollector
	// called are the window calls that aliases may stand for.
	called *windowCollector
	// aliases are select-list items that an unqualified name may mean when no column has it.
	aliases []item
	// earlier are the select-list items before the one that is bound, which names inside a subquery may mean.
	earlier []item
	// prefer are select-list items that an unqualified name means before any column: in HAVING, those no group key hides.
	prefer []item
	// values resolves VALUES(col) and row aliases in ON DUPLICATE KEY UPDATE; nil elsewhere.
	values func(*ast.ColumnRef) (expr.Expr, error)
	// named reports which columns HAVING may name: those of the select list and of GROUP BY; nil elsewhere.
	named func(colID) bool
	// rollup says that the SELECT is one WITH ROLLUP.
	rollup bool
	// same has the subqueries of a SELECT with groups by their text, so that those which are equal are one; nil elsewhere.
	same map[string]expr.Expr
	// defaultOf resolves DEFAULT(col); nil elsewhere.
	defaultOf func(*ast.ColumnRef) (expr.Expr, error)
}

func (b *binder) exprs(list []ast.Expr) ([]expr.Expr, error) {
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		x, err := b.expr(e)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

// expr binds one scalar expression.
//
//lint:long one flat switch over the node types
func (b *binder) expr(e ast.Expr) (expr.Expr, error) {
	x, err := b.bind(e)
	if err == nil && x != nil && expr.Varies(x) {
		b.p.varies = true
	}
	return x, err
}

func (b *binder) bind(e ast.Expr) (expr.Expr, error) {
	switch e := e.(type) {
	case *ast.Literal:
		return expr.Const(e.Value, e.Type), nil
	case *ast.Param:
		return b.param(e)
	case *ast.ColumnRef:
		return b.column(e)
	case *ast.Variable:
		return b.variable(e)
	case *ast.Assign:
		return b.assign(e)
	case *ast.Unary:
		if e.Op == "BINARY" {
			return b.cast(&ast.Cast{At: e.At, X: e.X, Type: base.Type{ID: base.TypeLongBlob}})
		}
		return b.call(e.Op, e.X)
	case *ast.Binary:
		return b.binary(e)
	case *ast.Is:
		return b.is(e)
	case *ast.In:
		return b.in(e)
	case *ast.Between:
		return b.between(e)
	case *ast.Like:
		return b.like(e)
	case *ast.Call:
		return b.function(e)
	case *ast.Case:
		return b.caseExpr(e)
	case *ast.Cast:
		return b.cast(e)
	case *ast.JSONValue:
		return b.jsonValue(e)
	case *ast.Collate:
		x, err := b.expr(e.X)
		if err != nil {
			return nil, err
		}
		return expr.Collate(x, e.Name)
	case *ast.Subquery:
		return b.scalarSubquery(e)
	case *ast.Exists:
		return b.onceBound(e, func() (expr.Expr, error) { return b.exists(e) })
	case *ast.Quantified:
		return b.quantified([]ast.Expr{e.X}, e.Op, e.All, e.Query)
	case *ast.ValuesOf:
		if b.values == nil {
			return expr.Const(base.Value{}, base.Type{}), nil // MySQL: VALUES() is NULL outside ON DUPLICATE KEY UPDATE
		}
		return b.values(e.Column)
	case *ast.Default:
		if b.defaultOf == nil || e.Column == nil {
			return nil, base.Errorf(errno.Parse, "DEFAULT is not allowed here")
		}
		return b.defaultOf(e.Column)
	case *ast.Tuple:
		return nil, errOperandColumns(1)
	case *ast.Star:
		return nil, base.Errorf(errno.Parse, "'*' is not allowed here")
	case *ast.Match:
		return b.match(e)
	case *ast.Interval:
		return nil, base.Errorf(errno.Parse, "INTERVAL is allowed only beside + and - and in date functions")
	}
	return nil, base.Errorf(errno.NotSupported, "this expression is not supported")
}

func (b *binder) param(e *ast.Param) (expr.Expr, error) {
	if e.Index < 0 || e.Index >= len(b.p.Params) {
		return nil, base.Errorf(errno.WrongArguments, "Incorrect arguments: the statement has a placeholder %d but %d arguments were given",
			e.Index+1, len(b.p.Params))
	}
	return expr.Param(e.Index, b.p.Params[e.Index]), nil
}

// column resolves a name in the scope, then in the enclosing queries.
func (b *binder) column(ref *ast.ColumnRef) (expr.Expr, error) {
	if i, err := aliased(b.prefer, ref, b.clause); err != nil {
		return nil, err
	} else if i >= 0 {
		return b.prefer[i].expr, nil
	}
	c, err := b.scope.find(ref)
	if err != nil {
		return nil, b.inClause(err)
	}
	if c != nil && (b.named == nil || b.named(c.id)) {
		return c.ref(), c.shut
	}
	for i := range b.aliases {
		if ref.Table == "" && strings.EqualFold(b.aliases[i].col.Name, ref.Name) {
			return b.aliases[i].expr, nil
		}
	}
	if e, err := b.scope.outer.lookup(b.p, ref); e != nil || err != nil {
		return e, err
	}
	var near []string
	for i := range b.scope.cols {
		if c := &b.scope.cols[i]; !c.Hidden && (b.named == nil || b.named(c.id)) {
			near = append(near, b.scope.cols[i].Name)
		}
	}
	return nil, base.Errorf(errno.BadField, "Unknown column '%s' in '%s'%s", refName(ref), b.clause, didYouMean(ref.Name, near))
}

// aliased returns which item an unqualified name means; -1 if none. Error 1052 if it means several that differ.
func aliased(items []item, ref *ast.ColumnRef, clause string) (int, error) {
	hit := -1
	for i := range items {
		if ref.Table != "" || !strings.EqualFold(items[i].col.Name, ref.Name) {
			continue
		}
		if hit >= 0 && !expr.Equal(items[i].expr, items[hit].expr) {
			return -1, base.Errorf(errno.NonUniqColumn, "Column '%s' in %s is ambiguous", ref.Name, clause)
		}
		if hit < 0 {
			hit = i
		}
	}
	return hit, nil
}

// outward returns the select-list item that a name inside a subquery means when no table has it; nil if none. As in MySQL it may
// not be that of an aggregate. b may be nil.
//
// Errors: 1052, 1247, 3594.
func (b *binder) outward(ref *ast.ColumnRef) (expr.Expr, error) {
	if b == nil {
		return nil, nil
	}
	items := b.aliases
	if items == nil {
		items = b.earlier
	}
	i, err := aliased(items, ref, b.clause)
	if i < 0 || err != nil {
		return nil, err
	}
	e := items[i].expr
	if b.aggs != nil {
		if err := b.aggs.refuse([]expr.Expr{e}, items[i:i+1]); err != nil {
			return nil, err
		}
	}
	return e, b.called.refuse(e, items)
}

func (b *binder) inClause(err error) error {
	if e, ok := err.(*base.Error); ok && e.Number == errno.NonUniqColumn.Number {
		e.Msg = strings.Replace(e.Msg, "in field list", "in "+b.clause, 1)
	}
	return err
}

func (b *binder) variable(v *ast.Variable) (expr.Expr, error) {
	if b.p.Var == nil {
		return nil, base.Errorf(errno.UnknownSysVar, "Unknown system variable '%s'", v.Name)
	}
	name := v.Name
	if v.Scope == "global" {
		name = "global." + name
	}
	t, ok := b.p.Var(name, v.System)
	if !ok && v.System {
		return nil, base.Errorf(errno.UnknownSysVar, "Unknown system variable '%s'", v.Name)
	}
	if !v.System {
		t = b.p.userVarType(v.Name, t)
	}
	b.p.volatile = true
	return expr.Variable(name, v.System, t), nil
}

func (b *binder) call(name string, args ...ast.Expr) (expr.Expr, error) {
	xs, err := b.exprs(args)
	if err != nil {
		return nil, err
	}
	return expr.Call(name, xs...)
}

func (b *binder) binary(e *ast.Binary) (expr.Expr, error) {
	if iv, ok := e.R.(*ast.Interval); ok && (e.Op == "+" || e.Op == "-") {
		return b.interval(e.L, iv, e.Op == "-")
	}
	if iv, ok := e.L.(*ast.Interval); ok && e.Op == "+" {
		return b.interval(e.R, iv, false)
	}
	switch e.Op {
	case "=", "<=>", "<>", "<", "<=", ">", ">=":
		if isRow(e.L) || isRow(e.R) {
			return b.comparison(e.Op, e.L, e.R)
		}
	}
	return b.call(e.Op, e.L, e.R)
}

func (b *binder) interval(x ast.Expr, iv *ast.Interval, minus bool) (expr.Expr, error) {
	args, err := b.exprs([]ast.Expr{x, iv.X})
	if err != nil {
		return nil, err
	}
	return expr.DateAdd(args[0], args[1], iv.Unit, minus)
}

func (b *binder) is(e *ast.Is) (expr.Expr, error) {
	name := "IS " + e.What
	if e.What == "UNKNOWN" {
		name = "IS NULL"
	}
	x, err := b.call(name, e.X)
	if err != nil {
		return nil, err
	}
	return b.negate(x, e.Not)
}

func (b *binder) negate(x expr.Expr, not bool) (expr.Expr, error) {
	if !not {
		return x, nil
	}
	return expr.Call("NOT", x)
}

func (b *binder) between(e *ast.Between) (expr.Expr, error) {
	x, err := b.call("BETWEEN", e.X, e.Lo, e.Hi)
	if err != nil {
		return nil, err
	}
	return b.negate(x, e.Not)
}

func (b *binder) like(e *ast.Like) (expr.Expr, error) {
	args := []ast.Expr{e.X, e.Pattern}
	name := "LIKE"
	if e.Regexp {
		name = "REGEXP"
	}
	if e.Escape != nil {
		args = append(args, e.Escape)
	}
	x, err := b.call(name, args...)
	if err != nil {
		return nil, err
	}
	return b.negate(x, e.Not)
}

func (b *binder) caseExpr(e *ast.Case) (expr.Expr, error) {
	var operand, els expr.Expr
	var err error
	if e.Operand != nil {
		if operand, err = b.expr(e.Operand); err != nil {
			return nil, err
		}
	}
	if e.Else != nil {
		if els, err = b.expr(e.Else); err != nil {
			return nil, err
		}
	}
	whens := make([]expr.When, len(e.Whens))
	for i, w := range e.Whens {
		if whens[i].Cond, err = b.expr(w.Cond); err != nil {
			return nil, err
		}
		if whens[i].Then, err = b.expr(w.Then); err != nil {
			return nil, err
		}
	}
	return expr.Case(operand, whens, els)
}

func (b *binder) cast(e *ast.Cast) (expr.Expr, error) {
	x, err := b.expr(e.X)
	if err != nil {
		return nil, err
	}
	if e.Array {
		return nil, base.Errorf(errno.NotSupported, "CAST AS … ARRAY is not supported")
	}
	if e.Charset != "" {
		return expr.ConvertUsing(x, e.Charset)
	}
	return expr.Cast(x, e.Type)
}
