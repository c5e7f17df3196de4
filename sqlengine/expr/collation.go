package expr

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/errno"
)

// KnownCollation reports whether there is a collation of that name.
func KnownCollation(name string) bool { return collation.Lookup(name) != nil }

// BinaryCollation reports whether the collation orders strings by their bytes alone.
func BinaryCollation(name string) bool { return collation.Binary(name) }

// claim is how strongly an expression asks for its collation; the strongest, which is the lowest, wins.
//
// Source: MySQL 8.0 Reference Manual, "Collation Coercibility in Expressions".
type claim uint8

const (
	claimExplicit claim = 0 // COLLATE
	claimImplicit claim = 2 // a column
	claimLiteral  claim = 4 // a literal, an argument, what is no text by nature
	claimNull     claim = 6
)

var claimNames = map[claim]string{claimExplicit: "EXPLICIT", claimImplicit: "IMPLICIT", claimLiteral: "COERCIBLE", claimNull: "IGNORABLE"}

// claimOf returns how strongly e asks for the collation of its type.
func claimOf(e Expr) claim {
	t := e.Type()
	switch x := e.(type) {
	case *constant:
		if x.value.IsNull() {
			return claimNull
		}
		if t.Collation != "" && isString(t) { // folded
			return claimExplicit
		}
		return claimLiteral
	case *param:
		return x.claim
	case *cast:
		if x.collate {
			return claimExplicit
		}
		return min(claimOf(x.x), claimLiteral)
	case *call:
		best := claimLiteral
		for _, a := range x.args {
			if isString(a.Type()) {
				best = min(best, claimOf(a))
			}
		}
		return best
	}
	if !isString(t) {
		return claimLiteral
	}
	return claimImplicit
}

// mixCollations returns the collation that an operation on several texts is done in; operands that are no text have no say.
//
// Errors: 1267 two that claim it with equal right.
func mixCollations(operation string, list ...Expr) (string, error) {
	best, name := claimNull+1, ""
	for _, e := range list {
		t := e.Type()
		if !isString(t) {
			continue
		}
		switch c := claimOf(e); {
		case c < best:
			best, name = c, t.Collation
		case c == best:
			mixed, ok := equalClaims(c, name, t.Collation)
			if !ok {
				return "", base.Errorf(errno.CantAggregateCollations, "Illegal mix of collations (%s,%s) and (%s,%s) for operation '%s'",
					collation.Of(name).Name, claimNames[best], collation.Of(t.Collation).Name, claimNames[c], strings.ToLower(operation))
			}
			name = mixed
		}
	}
	return name, nil
}

// equalClaims decides between two operands with equal right: where columns meet, one that compares by bytes wins over one that
// does not.
func equalClaims(c claim, a, b string) (string, bool) {
	x, y := collation.Of(a), collation.Of(b)
	switch {
	case x == y:
		return a, true
	case c == claimExplicit || !x.Bytewise() && !y.Bytewise():
		return "", false
	case x.Bytewise() && y.Bytewise():
		return mergeCollation(a, b), true
	case x.Bytewise():
		return a, true
	}
	return b, true
}

// inCollation gives e, a text, the collation that an operation is done in.
func inCollation(e Expr, name string) Expr {
	t := e.Type()
	if collation.Of(t.Collation) == collation.Of(name) || t.Class() != base.String {
		return e
	}
	t.Collation = name
	if k, ok := e.(*constant); ok {
		return Const(k.value, t)
	}
	return &cast{x: e, typ: t, implicit: true, fixed: Immutable(e)}
}

// textType is the type of texts in a collation.
func textType(name string) base.Type { return base.Type{ID: base.TypeLongText, Collation: name} }

// textCollation is the collation that a function compares its first two operands in.
func (c *call) textCollation() (*collation.Collation, error) {
	name, err := mixCollations(c.fn.name, c.in[0], c.in[1])
	return collation.Of(name), err
}

// resultCollation gives a call whose type is a text the collation of the operands that it may return.
func (c *call) resultCollation(values ...Expr) (err error) {
	if isString(c.typ) && !isNamed(c.typ) {
		c.typ.Collation, err = mixCollations(c.fn.name, values...)
	}
	return err
}
