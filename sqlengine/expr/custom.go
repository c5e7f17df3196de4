package expr

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// Custom is a function that a program has added.
type Custom struct {
	Name     string // upper case
	Min, Max int    // arguments; Max < 0: any number
	Type     base.Type
	Volatile bool // another value for the same arguments
	// Call computes it for one row. The result is converted to Type.
	Call func(ctx *Context, args []base.Value, types []base.Type) (base.Value, base.Type, error)
}

// Known reports whether there is a function of a name, in upper case, among those of s3sql.
func Known(name string) bool { return registry[name] != nil }

// CallCustom applies a function that a program has added.
//
// Errors: 1582.
func CallCustom(f *Custom, args ...Expr) (Expr, error) {
	if len(args) < f.Min || f.Max >= 0 && len(args) > f.Max {
		return nil, base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function '%s'", f.Name)
	}
	fn := &function{name: f.Name, min: f.Min, max: f.Max, volatile: f.Volatile, build: func(c *call) error {
		types := make([]base.Type, len(c.args))
		for i, a := range c.args {
			types[i] = a.Type()
		}
		c.typ, c.null = f.Type, true
		c.eval = rows(false, func(r *row) error {
			values := make([]base.Value, len(types))
			for i := range values {
				if !r.null(i) {
					values[i] = r.value(i)
				}
			}
			v, t, err := f.Call(r.ctx, values, types)
			if err != nil {
				return err
			}
			if v.IsNull() {
				r.setNull()
				return nil
			}
			if v, err = convert.To(v, t, f.Type, nil); err != nil {
				return err
			}
			r.out.Set(r.i, v)
			return nil
		})
		return nil
	}}
	return newCall(fn, args, "")
}
