package expr

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

// assignVar is @name := value.
type assignVar struct {
	name  string
	value Expr
}

// AssignVar is @name := value: it gives the user variable its value, row by row, and is that value.
func AssignVar(name string, value Expr) Expr { return &assignVar{name: name, value: value} }

// Assigns reports whether e, its operands included, assigns to a user variable: such an expression is evaluated row by row,
// and exactly where it was written.
func Assigns(e Expr) bool {
	if e == nil {
		return false
	}
	if _, ok := e.(*assignVar); ok {
		return true
	}
	for _, c := range e.Children() {
		if Assigns(c) {
			return true
		}
	}
	return false
}

func (a *assignVar) Type() base.Type            { return a.value.Type() }
func (a *assignVar) Nullable() bool             { return a.value.Nullable() }
func (a *assignVar) Children() []Expr           { return []Expr{a.value} }
func (a *assignVar) WithChildren(c []Expr) Expr { return &assignVar{name: a.name, value: c[0]} }
func (a *assignVar) String() string             { return "(@" + a.name + ":=" + a.value.String() + ")" }

func (a *assignVar) Eval(ctx *Context, b *vec.Batch) (*vec.Vector, error) {
	if ctx.SetVar == nil {
		return nil, base.Errorf(errno.NotSupported, "assignment to a user variable is not supported here")
	}
	t := a.value.Type()
	if b.N == 1 {
		v, err := a.value.Eval(ctx, b)
		if err == nil && b.Rows() == 1 {
			ctx.SetVar(a.name, v.Value(0), t)
		}
		return v, err
	}
	out := vec.New(t.Class(), t.Scale, b.N)
	err := EachRow(b, func(one *vec.Batch, i int) error {
		v, err := a.value.Eval(ctx, one)
		if err != nil {
			return err
		}
		x := v.Value(0)
		out.Set(i, x)
		ctx.SetVar(a.name, x, t)
		return nil
	})
	return out, err
}

// EachRow calls f for every counting row of b with a batch of that row alone, and its position in b.
func EachRow(b *vec.Batch, f func(one *vec.Batch, i int) error) error {
	one := vec.Batch{N: 1, Cols: make([]*vec.Vector, len(b.Cols))}
	for k := range b.Rows() {
		i := b.Row(k)
		for c, src := range b.Cols {
			if src == nil {
				continue
			}
			dst := vec.New(src.Class, src.Scale, 1)
			dst.Set(0, src.Value(i))
			one.Cols[c] = dst
		}
		if err := f(&one, i); err != nil {
			return err
		}
	}
	return nil
}
