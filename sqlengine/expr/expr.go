package expr

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// Expr is a typed expression. Nodes are immutable: rewriting makes new ones.
type Expr interface {
	// Type is the declared type of the result, by MySQL's rules.
	Type() base.Type
	// Nullable reports whether the result can be NULL.
	Nullable() bool
	// Eval returns a vector of b.N rows of the type's class. Only the rows in b.Sel are computed; the others are undefined.
	// The result is read-only: it may be a column of b or be shared.
	Eval(ctx *Context, b *vec.Batch) (*vec.Vector, error)
	// Children returns the operands as they were given to the constructor; the caller does not change the slice.
	Children() []Expr
	// WithChildren returns the node over other operands of the same number and types.
	WithChildren(c []Expr) Expr
	// String returns the expression as messages print it.
	String() string
}

// Context is what evaluation sees of the statement and its session. It is for one goroutine at a time, except that its
// functions must stand being called from several when a plan runs in parallel.
type Context struct {
	Ctx    context.Context
	Now    time.Time // when the statement started, in Loc
	Loc    *time.Location
	Params []base.Value
	Rand   base.Rand
	Clock  base.Clock // nil: the system's

	User, Database, Version string
	ConnectionID            uint64
	LastInsertID            uint64
	SetLastInsertID         func(uint64) // takes the value of LAST_INSERT_ID(expr); nil drops it
	FoundRows               uint64
	RowCount                int64

	// Warn takes a warning; nil drops it.
	Warn func(*base.Error)
	// DivByZeroError makes division by zero an error (1365): INSERT and UPDATE in strict mode.
	DivByZeroError bool
	// DivByZeroQuiet makes it no warning either: without ERROR_FOR_DIVISION_BY_ZERO.
	DivByZeroQuiet bool
	// Var returns the value of a user or system variable.
	Var func(name string, system bool) (base.Value, bool)
	// SetVar gives a user variable a value.
	SetVar func(name string, v base.Value, t base.Type)
	// Subqueries belongs to the planner's subquery nodes.
	Subqueries any
	// Locks are what GET_LOCK and its kin work on; nil refuses them.
	Locks Locks
	// Varied, if not nil, is set when a value depends on the day on which it is computed: of a TIME as a DATETIME.
	Varied *atomic.Bool
	// CacheKey returns the key that a query has, with values for its placeholders, in caches of results; nil refuses CACHE_KEY.
	CacheKey func(sql string, values []base.Value) (string, error)

	// Tables belongs to the virtual tables: what they may ask of the session.
	Tables any

	sequences map[*call]*randomSequence // of RAND with a constant seed
}

func (c *Context) warn(code base.Code, format string, args ...any) {
	if c != nil && c.Warn != nil {
		c.Warn(base.Errorf(code, format, args...))
	}
}

// oneRow is the batch that expressions without columns are evaluated over. It is never written.
var oneRow = &vec.Batch{N: 1}

// Scalar evaluates an expression that reads no column.
func Scalar(ctx *Context, e Expr) (base.Value, error) {
	switch e := e.(type) {
	case *constant:
		return e.value, nil
	case *param:
		return e.scalar(ctx)
	}
	v, err := e.Eval(ctx, oneRow)
	if err != nil {
		return base.Value{}, err
	}
	return v.Value(0), nil
}

// AsColumn returns the number of the column that e is.
func AsColumn(e Expr) (int, bool) {
	if c, ok := e.(*column); ok {
		return c.index, true
	}
	return 0, false
}

// Renumber returns the column e with another number.
func Renumber(e Expr, i int) Expr {
	c, ok := e.(*column)
	if !ok {
		return e
	}
	out := *c
	out.index = i
	return &out
}

// AsParam returns the number of the parameter that e is.
func AsParam(e Expr) (int, bool) {
	if p, ok := e.(*param); ok {
		return p.index, true
	}
	return 0, false
}

// AsCall returns the operands of e if it is a call of the function or operator name, in upper case.
func AsCall(e Expr, name string) ([]Expr, bool) {
	if c, ok := e.(*call); ok && c.fn.name == name {
		return c.args, true
	}
	return nil, false
}

// ConstInt returns the value of an integer constant.
func ConstInt(e Expr) (int64, bool) {
	if c, ok := e.(*constant); ok && (c.value.Class() == base.Int || c.value.Class() == base.Uint) {
		return c.value.Int(), true
	}
	return 0, false
}

// ConstValue returns the value of a constant.
func ConstValue(e Expr) (base.Value, bool) {
	if c, ok := e.(*constant); ok {
		return c.value, true
	}
	return base.Value{}, false
}

// Volatile reports whether e itself, operands aside, can give another value each time it is evaluated.
func Volatile(e Expr) bool {
	switch e := e.(type) {
	case *call:
		return e.fn.volatile
	case *variable:
		return !e.system
	case *assignVar:
		return true
	}
	return false
}

// Equal reports whether a and b are the same expression.
func Equal(a, b Expr) bool {
	if a == nil || b == nil {
		return a == b
	}
	if !same(a, b) || Volatile(a) {
		return false
	}
	ac, bc := a.Children(), b.Children()
	if len(ac) != len(bc) {
		return false
	}
	for i := range ac {
		if !Equal(ac[i], bc[i]) {
			return false
		}
	}
	return true
}

// same compares two nodes without their operands. Nodes of other packages equal only themselves, unless they say otherwise by a method
// Same.
func same(a, b Expr) bool {
	switch x := a.(type) {
	case *column:
		y, ok := b.(*column)
		return ok && x.index == y.index
	case *constant:
		y, ok := b.(*constant)
		return ok && x.value == y.value && sameType(x.typ, y.typ)
	case *param:
		y, ok := b.(*param)
		return ok && x.index == y.index
	case *variable:
		y, ok := b.(*variable)
		return ok && x.name == y.name && x.system == y.system
	case *call:
		y, ok := b.(*call)
		return ok && x.fn == y.fn && x.extra == y.extra
	case *cast:
		y, ok := b.(*cast)
		return ok && sameType(x.typ, y.typ)
	}
	if s, ok := a.(interface{ Same(Expr) bool }); ok {
		return s.Same(b)
	}
	return a == b
}

func sameType(a, b base.Type) bool {
	if len(a.Elems) != len(b.Elems) || a.ID != b.ID || a.Unsigned != b.Unsigned || a.Length != b.Length ||
		a.Precision != b.Precision || a.Scale != b.Scale || a.Guard != b.Guard || a.Collation != b.Collation {
		return false
	}
	for i := range a.Elems {
		if a.Elems[i] != b.Elems[i] {
			return false
		}
	}
	return true
}

// Immutable reports whether e has one value whatever the row, during one execution.
func Immutable(e Expr) bool {
	switch e := e.(type) {
	case *constant, *param:
		return true
	case *variable:
		return e.system
	case *call:
		return e.fixed
	case *cast:
		return e.fixed
	}
	return false
}

func allImmutable(list []Expr) bool {
	for _, e := range list {
		if !Immutable(e) {
			return false
		}
	}
	return true
}

// Fold replaces the parts of e that depend on constants alone by their value. A part whose evaluation fails or warns stays,
// so that the failure happens when and if the statement gets there.
func Fold(e Expr) Expr {
	children := e.Children()
	if len(children) == 0 && !foldable(e) {
		return e
	}
	changed, constants := false, true
	out := make([]Expr, len(children))
	for i, c := range children {
		out[i] = Fold(c)
		changed = changed || out[i] != c
		_, ok := out[i].(*constant)
		constants = constants && ok
	}
	if changed {
		e = e.WithChildren(out)
	}
	if !constants || !foldable(e) {
		return e
	}
	warned := false
	v, err := Scalar(&Context{Ctx: context.Background(), Loc: time.UTC, Warn: func(*base.Error) { warned = true }}, e)
	if err != nil || warned {
		return e
	}
	return Const(v, e.Type())
}

func foldable(e Expr) bool {
	switch e := e.(type) {
	case *call:
		for _, x := range e.in {
			if c, ok := x.(*cast); ok && needsToday(c.x.Type(), c.typ) {
				return false
			}
		}
		return !e.fn.volatile && !e.fn.session
	case *cast:
		return e.typ.Class() != base.Time && e.typ.Class() != base.DateTime && !needsToday(e.x.Type(), e.typ)
	}
	return false
}
