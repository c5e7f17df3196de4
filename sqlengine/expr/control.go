package expr

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

var controlFunctions = []*function{
	{name: "CASE", min: 1, max: -1, build: buildCase},
	{name: "IF", min: 3, max: 3, build: buildIf},
	{name: "IFNULL", min: 2, max: 2, build: buildCoalesce},
	{name: "COALESCE", min: 1, max: -1, build: buildCoalesce},
	{name: "NULLIF", min: 2, max: 2, build: buildNullIf},
	{name: "GREATEST", min: 2, max: -1, build: buildExtreme},
	{name: "LEAST", min: 2, max: -1, build: buildExtreme},
	{name: "IN", min: 2, max: -1, build: buildIn},
}

// When is one branch of a Case.
type When struct{ Cond, Then Expr }

// Case is CASE [operand] WHEN … THEN … [ELSE els] END; operand and els may be nil.
func Case(operand Expr, whens []When, els Expr) (Expr, error) {
	var args []Expr
	shape := ""
	if operand != nil {
		args, shape = append(args, operand), "o"
	}
	for _, w := range whens {
		args = append(args, w.Cond, w.Then)
	}
	if els != nil {
		args, shape = append(args, els), shape+"e"
	}
	return newCall(registry["CASE"], args, shape)
}

func caseString(c *call) string {
	var b strings.Builder
	args := c.args
	b.WriteString("(case")
	if strings.Contains(c.extra, "o") {
		b.WriteString(" " + args[0].String())
		args = args[1:]
	}
	for ; len(args) >= 2; args = args[2:] {
		b.WriteString(" when " + args[0].String() + " then " + args[1].String())
	}
	if len(args) == 1 {
		b.WriteString(" else " + args[0].String())
	}
	return b.String() + " end)"
}

// branch is a condition, nil for ELSE, and the value where it is the first that holds.
type branch struct{ cond, value Expr }

func buildCase(c *call) error {
	args := c.args
	var operand Expr
	if strings.Contains(c.extra, "o") {
		operand, args = args[0], args[1:]
	}
	var list []branch
	for ; len(args) >= 2; args = args[2:] {
		cond := args[0]
		if operand != nil {
			var err error
			if cond, err = Call("=", operand, cond); err != nil {
				return err
			}
		}
		list = append(list, branch{truth(cond), args[1]})
	}
	if len(args) == 1 {
		list = append(list, branch{nil, args[0]})
	}
	return c.branches(list)
}

func buildIf(c *call) error {
	return c.branches([]branch{{truth(c.args[0]), c.args[1]}, {nil, c.args[2]}})
}

// branches types and compiles a choice: a value is computed only for the rows that take it.
func (c *call) branches(list []branch) error {
	c.null = list[len(list)-1].cond != nil
	for i, br := range list {
		c.null = c.null || br.value.Nullable()
		if i == 0 {
			c.typ = br.value.Type()
		} else {
			c.typ = UnionType(c.typ, br.value.Type())
		}
	}
	values := make([]Expr, len(list))
	for i, br := range list {
		values[i] = br.value
	}
	if err := c.resultCollation(values...); err != nil {
		return err
	}
	for i := range list {
		list[i].value = implicit(list[i].value, c.typ)
	}
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		out := allNull(c.typ, b.N)
		rest := selection(b)
		for _, br := range list {
			if len(rest) == 0 {
				break
			}
			part := vec.Batch{Cols: b.Cols, N: b.N, Sel: rest}
			taken := rest
			if br.cond != nil {
				x, err := evalOperand(ctx, br.cond, &part)
				if err != nil {
					return nil, err
				}
				taken, rest = split(x, rest)
				part.Sel = taken
			} else {
				rest = nil
			}
			if len(taken) == 0 {
				continue
			}
			v, err := evalOperand(ctx, br.value, &part)
			if err != nil {
				return nil, err
			}
			copyRows(out, v, taken)
		}
		return out, nil
	}
	return nil
}

// selection returns the rows of b that count as a list.
func selection(b *vec.Batch) []int32 {
	if b.Sel != nil {
		return b.Sel
	}
	out := make([]int32, b.N)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// split divides rows into those where x is TRUE and the others.
func split(x operand, rows []int32) (yes, no []int32) {
	yes, no = make([]int32, 0, len(rows)), make([]int32, 0, len(rows))
	for _, i := range rows {
		if x.isTrue(int(i)) {
			yes = append(yes, i)
		} else {
			no = append(no, i)
		}
	}
	return yes, no
}

// copyRows copies rows of v to out, which has NULL there.
func copyRows(out *vec.Vector, v operand, rows []int32) {
	if v.v.Class == base.Null {
		return
	}
	for _, r := range rows {
		i := int(r)
		if v.null(i) {
			continue
		}
		out.Nulls.Clear(i)
		switch out.Class {
		case base.Null:
		case base.Float:
			out.F64[i] = v.v.F64[i&v.mask]
		case base.Decimal:
			out.Dec[i] = v.v.Dec[i&v.mask]
		case base.String, base.Bytes, base.JSON:
			out.Str[i] = v.v.Str[i&v.mask]
		default:
			out.I64[i] = v.v.I64[i&v.mask]
		}
	}
}

func buildCoalesce(c *call) error {
	c.null = true
	for i, a := range c.args {
		c.null = c.null && a.Nullable()
		if i == 0 {
			c.typ = a.Type()
		} else {
			c.typ = UnionType(c.typ, a.Type())
		}
	}
	if err := c.resultCollation(c.args...); err != nil {
		return err
	}
	for i := range c.in {
		c.in[i] = implicit(c.in[i], c.typ)
	}
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		out := allNull(c.typ, b.N)
		rest := selection(b)
		for _, e := range c.in {
			v, err := evalOperand(ctx, e, &vec.Batch{Cols: b.Cols, N: b.N, Sel: rest})
			if err != nil {
				return nil, err
			}
			copyRows(out, v, rest)
			left := make([]int32, 0, len(rest))
			for _, i := range rest {
				if v.null(int(i)) {
					left = append(left, i)
				}
			}
			if rest = left; len(rest) == 0 {
				break
			}
		}
		return out, nil
	}
	return nil
}

func buildNullIf(c *call) error {
	eq, err := Call("=", c.args[0], c.args[1])
	if err != nil {
		return err
	}
	err = c.branches([]branch{{truth(eq), Const(base.Value{}, c.args[0].Type())}, {nil, c.args[0]}})
	c.null = true
	return err
}

// buildExtreme is GREATEST and LEAST: the operands take their common type and are compared in it.
func buildExtreme(c *call) error {
	t := c.args[0].Type()
	for _, a := range c.args[1:] {
		u := a.Type()
		if isNumber(t) && isString(u) || isString(t) && isNumber(u) {
			t = typeDouble
		} else {
			t = UnionType(t, u)
		}
	}
	c.typ = t
	if err := c.resultCollation(c.args...); err != nil {
		return err
	}
	for i := range c.in {
		c.in[i] = implicit(c.in[i], c.typ)
	}
	sign := 1
	if c.fn.name == "LEAST" {
		sign = -1
	}
	compare := Comparer(c.typ)
	c.eval = rows(true, func(r *row) error {
		best := 0
		for k := 1; k < len(r.ops); k++ {
			x, y := r.ops[k], r.ops[best]
			if sign*compare(x.v, y.v, r.i&x.mask, r.i&y.mask) > 0 {
				best = k
			}
		}
		r.out.Set(r.i, r.value(best))
		return nil
	})
	return nil
}

// In is e IN (list).
func In(e Expr, list []Expr) (Expr, error) {
	return newCall(registry["IN"], append([]Expr{e}, list...), "")
}

// buildIn looks constants of the same kind up in a hash table, and compares the others one by one.
func buildIn(c *call) error {
	c.typ = typeBool
	x := c.args[0]
	if ok, err := c.hashedIn(x); ok || err != nil {
		return err
	}
	eqs := make([]Expr, len(c.args)-1)
	for i, a := range c.args[1:] {
		eq, err := Call("=", x, a)
		if err != nil {
			return err
		}
		eqs[i], c.null = eq, c.null || eq.Nullable()
	}
	c.in, c.anyOf = eqs, true
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		out := vec.New(base.Int, 0, b.N)
		rest := selection(b)
		for _, eq := range eqs {
			v, err := evalOperand(ctx, eq, &vec.Batch{Cols: b.Cols, N: b.N, Sel: rest})
			if err != nil {
				return nil, err
			}
			var yes []int32
			unknown := rest
			yes, rest = split(v, rest)
			for _, i := range unknown {
				if v.null(int(i)) {
					out.SetNull(int(i))
				}
			}
			for _, i := range yes {
				out.I64[i] = 1
				if out.Nulls != nil {
					out.Nulls.Clear(int(i))
				}
			}
			if len(rest) == 0 {
				break
			}
		}
		return out, nil
	}
	return nil
}

// hashedIn compiles x IN (constants) when all of them compare with x in the class x has.
func (c *call) hashedIn(x Expr) (bool, error) {
	t := x.Type()
	switch t.Class() {
	case base.Int, base.String, base.Bytes, base.Date, base.DateTime:
	default:
		return false, nil
	}
	if isNamed(t) || len(c.args) < 5 {
		return false, nil
	}
	coll, err := mixCollations("in", c.args...)
	if err != nil {
		return false, err
	}
	if t.Class() == base.String {
		t = textType(coll)
	}
	set := make(map[string]struct{}, len(c.args)-1)
	hasNull := false
	for _, a := range c.args[1:] {
		k, ok := a.(*constant)
		if !ok {
			return false, nil
		}
		if k.value.IsNull() {
			hasNull = true
			continue
		}
		_, y, err := comparable(x, k)
		if err != nil {
			return false, err
		}
		yk, ok := y.(*constant)
		if ct, err := compareType(t, k.typ); !ok || err != nil || ct.Class() != t.Class() || yk.value.Class() != t.Class() {
			return false, err
		}
		set[string(AppendKey(nil, t, yk.vector(), 0))] = struct{}{}
	}
	c.null = x.Nullable() || hasNull
	c.eval = rows(true, func(r *row) error {
		var buf [64]byte
		o := r.ops[0]
		_, found := set[string(AppendKey(buf[:0], t, o.v, r.i&o.mask))]
		r.setBool(found)
		if !found && hasNull {
			r.setNull()
		}
		return nil
	})
	c.in = c.in[:1]
	return true, nil
}
