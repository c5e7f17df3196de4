package expr

import (
	"slices"
	"strings"
)

// OutsideRow returns what makes the value of e depend on anything but its columns and constants: the name of a function, in
// lower case, or "@" with the name of a variable. It does not look into nodes of other packages.
func OutsideRow(e Expr) (name string, ok bool) {
	switch e := e.(type) {
	case *call:
		if e.fn.volatile || e.fn.session {
			return strings.ToLower(e.fn.name), true
		}
	case *variable:
		return "@" + e.name, true
	}
	for _, c := range e.Children() {
		if name, ok := OutsideRow(c); ok {
			return name, true
		}
	}
	return "", false
}

// Varies reports whether e itself, or an argument of it, is a function of the clock, of chance or of the session, or a variable. It does
// not look further down.
func Varies(e Expr) bool {
	outside := func(e Expr) bool {
		switch e := e.(type) {
		case *call:
			return e.fn.volatile || e.fn.session
		case *variable:
			return true
		}
		return false
	}
	return outside(e) || slices.ContainsFunc(e.Children(), outside)
}
