package expr

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
)

// Strings as elements of a list: FIELD, ELT and FIND_IN_SET.

// buildField is the position of the first operand among the others, compared as strings, or as numbers when all are.
func buildField(c *call) error {
	eqs := make([]Expr, len(c.args)-1)
	numbers := true
	for _, a := range c.args {
		numbers = numbers && isNumber(a.Type())
	}
	for i := range eqs {
		x, y := c.args[0], c.args[i+1]
		if !numbers && isString(x.Type()) != isString(y.Type()) && x.Type().ID != base.TypeNull && y.Type().ID != base.TypeNull {
			x, y = implicit(x, typeDouble), implicit(y, typeDouble)
		}
		eq, err := Call("=", x, y)
		if err != nil {
			return err
		}
		eqs[i] = eq
	}
	c.in, c.typ, c.null = eqs, typeInt, false
	c.eval = rows(false, func(r *row) error {
		r.setInt(0)
		for k := range r.ops {
			if r.ops[k].isTrue(r.i) {
				r.setInt(int64(k) + 1)
				break
			}
		}
		return nil
	})
	return nil
}

func buildElt(c *call) error {
	c.in[0] = implicit(c.in[0], typeInt)
	c.typ = base.Type{ID: base.TypeLongText}
	for i := 1; i < len(c.in); i++ {
		c.in[i] = implicit(c.in[i], c.typ)
	}
	c.null = true
	c.eval = rows(false, func(r *row) error {
		if r.null(0) || r.int(0) < 1 || r.int(0) >= int64(len(r.ops)) || r.null(int(r.int(0))) {
			r.setNull()
			return nil
		}
		r.setStr(r.str(int(r.int(0))))
		return nil
	})
	return nil
}

func buildFindInSet(c *call) error {
	c.text(0)
	c.text(1)
	c.typ = typeInt
	coll, err := c.textCollation()
	if err != nil {
		return err
	}
	c.eval = rows(true, func(r *row) error {
		r.setInt(0)
		if r.str(1) == "" {
			return nil
		}
		n := int64(0)
		for part := range strings.SplitSeq(r.str(1), ",") {
			n++
			if coll.Compare(part, r.str(0)) == 0 {
				r.setInt(n)
				break
			}
		}
		return nil
	})
	return nil
}
