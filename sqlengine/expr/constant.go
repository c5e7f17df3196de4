package expr

import "github.com/s3sql/s3sql/internal/base"

// Constant returns the value of a constant.
func Constant(e Expr) (base.Value, bool) {
	if c, ok := e.(*constant); ok {
		return c.value, true
	}
	return base.Value{}, false
}

// IsVariable reports whether e is a user or system variable.
func IsVariable(e Expr) bool {
	_, ok := e.(*variable)
	return ok
}
