package expr

import (
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

var miscFunctions = []*function{
	{name: "ANY_VALUE", min: 1, max: 1, build: buildSame},
	{name: "NAME_CONST", min: 2, max: 2, build: buildNameConst},
	{name: "BENCHMARK", min: 2, max: 2, volatile: true, build: buildBenchmark},
	{name: "CHARSET", min: 1, max: 1, build: aboutText(func(t base.Type) string { return charsetOf(t) })},
	{name: "COLLATION", min: 1, max: 1, build: aboutText(func(t base.Type) string { return collationName(t) })},
	{name: "COERCIBILITY", min: 1, max: 1, build: buildCoercibility},
	{name: "CURRENT_ROLE", session: true, build: always(base.Type{ID: base.TypeVarchar, Length: 255}, rows(false, func(r *row) error {
		r.setStr("NONE")
		return nil
	}))},
	{name: "PS_CURRENT_THREAD_ID", session: true, build: sessionNumber(true, func(c *Context) int64 { return int64(c.ConnectionID) })},
	{name: "LOAD_FILE", min: 1, max: 1, build: nullable(typed(base.Type{ID: base.TypeLongBlob}, rows(false, func(r *row) error {
		r.setNull()
		return nil
	}), typeLongText))},
	{name: "CACHE_KEY", min: 1, max: -1, session: true, build: nullable(buildCacheKey)},
	{name: "CONVERT USING", min: 1, max: 1, build: buildUsing},
	{name: "WEIGHT_STRING", min: 1, max: 3, build: buildWeightString},
}

// buildCacheKey is CACHE_KEY(query, value, …): the values are those of the query's placeholders.
func buildCacheKey(c *call) error {
	c.in[0] = implicit(c.in[0], typeLongText)
	c.typ, c.eval = base.Type{ID: base.TypeVarchar, Length: 64}, rows(false, cacheKey)
	return nil
}

func cacheKey(r *row) error {
	if r.null(0) {
		r.setNull()
		return nil
	}
	if r.ctx.CacheKey == nil {
		return base.Errorf(errno.NotSupported, "CACHE_KEY needs a session")
	}
	values := make([]base.Value, len(r.ops)-1)
	for i := range values {
		values[i] = r.value(i + 1)
	}
	key, err := r.ctx.CacheKey(r.str(0), values)
	if err == nil {
		r.setStr(key)
	}
	return err
}

// buildSame is the operand itself: ANY_VALUE outside an aggregation.
func buildSame(c *call) error {
	c.typ = c.args[0].Type()
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) { return c.in[0].Eval(ctx, b) }
	return nil
}

// buildNameConst is NAME_CONST(name, value), of two constants.
func buildNameConst(c *call) error {
	for _, a := range c.args {
		if !isLiteral(a) {
			return base.Errorf(errno.WrongArguments, "Incorrect arguments to NAME_CONST")
		}
	}
	c.typ, c.null = c.args[1].Type(), c.args[1].Nullable()
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) { return c.in[1].Eval(ctx, b) }
	return nil
}

// isLiteral reports a constant, perhaps negated or with a collation.
func isLiteral(e Expr) bool {
	switch e := e.(type) {
	case *constant, *param:
		return true
	case *call:
		return e.fn.name == "NEG" && isLiteral(e.args[0])
	case *cast:
		return isLiteral(e.x)
	}
	return false
}

// buildBenchmark evaluates its second operand as often as the first says, and is 0.
func buildBenchmark(c *call) error {
	c.in[0] = implicit(c.in[0], typeInt)
	c.typ, c.null = typeInt, true
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		count, err := evalOperand(ctx, c.in[0], b)
		if err != nil {
			return nil, err
		}
		out := vec.New(base.Int, 0, b.N)
		for k := range b.Rows() {
			i := b.Row(k)
			n := int64(-1)
			if !count.null(i) {
				n = count.v.I64[i&count.mask]
			}
			if n < 0 {
				if n < 0 && !count.null(i) {
					ctx.warn(errno.WrongValueForFunction, "Incorrect count value: '%d' for function benchmark", n)
				}
				out.SetNull(i)
				continue
			}
			if err := repeat(ctx, c.in[1], &vec.Batch{Cols: b.Cols, N: b.N, Sel: []int32{int32(i)}}, n); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return nil
}

// repeat evaluates e over b n times, until the statement is cancelled.
func repeat(ctx *Context, e Expr, b *vec.Batch, n int64) error {
	for i := range n {
		if i%1024 == 0 && ctx.Ctx != nil && ctx.Ctx.Err() != nil {
			return ctx.Ctx.Err()
		}
		if _, err := e.Eval(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// collationName is the collation of values of t as text: binary for bytes and numbers; times have the connection's.
func collationName(t base.Type) string {
	switch {
	case isBinary(t) && t.ID != base.TypeUUID, t.ID == base.TypeNull, t.ID == base.TypeBit, isNumber(t) && !isNamed(t):
		return "binary"
	case t.ID == base.TypeJSON:
		return "utf8mb4_bin"
	}
	return collation.Of(collationOf(t)).Name
}

func charsetOf(t base.Type) string {
	name, _, _ := strings.Cut(collationName(t), "_")
	return name
}

func aboutText(f func(base.Type) string) func(*call) error {
	return func(c *call) error {
		text := f(c.args[0].Type())
		c.typ, c.null, c.in = base.Type{ID: base.TypeVarchar, Length: 64}, false, nil
		c.eval = rows(false, func(r *row) error { r.setStr(text); return nil })
		return nil
	}
}

// buildCoercibility is how readily a value gives its collation up: 0 COLLATE, 2 a column, 3 a function of the session, 4 a
// literal, 5 a number or time, 6 NULL.
//
// Source: MySQL 8.0 Reference Manual, "Information Functions".
func buildCoercibility(c *call) error {
	if c.extra == "" { // kept when operands are replaced by their values
		c.extra = strconv.FormatInt(coercibility(c.args[0]), 10)
	}
	n := int64(c.extra[0] - '0')
	c.typ, c.null, c.in = typeInt, false, nil
	c.eval = rows(false, func(r *row) error { r.setInt(n); return nil })
	return nil
}

func coercibility(e Expr) int64 {
	t := e.Type()
	switch {
	case t.ID == base.TypeNull:
		return 6
	case isNumber(t), isTemporal(t):
		return 5
	}
	switch e := e.(type) {
	case *cast:
		if !e.implicit && e.typ.Collation != "" {
			return 0
		}
		return 2
	case *column:
		return 2
	case *constant, *param:
		return 4
	case *variable:
		return 3
	case *call:
		switch e.fn.name {
		case "USER", "DATABASE", "VERSION", "CURRENT_USER", "CURRENT_ROLE":
			return 3
		}
		least := int64(4)
		for _, a := range e.args {
			least = min(least, coercibility(a))
		}
		return least
	}
	return 2
}

// buildWeightString is WEIGHT_STRING(s[, 'CHAR' or 'BINARY', n]): what the collation compares, of s cut or filled to n.
func buildWeightString(c *call) error {
	t := c.args[0].Type()
	c.typ, c.null = base.Type{ID: base.TypeLongBlob}, true
	if !isString(t) && !isBinary(t) {
		c.eval = rows(false, func(r *row) error { r.setNull(); return nil })
		return nil
	}
	c.text(0)
	width, bytes := -1, isBinary(t)
	if len(c.args) == 3 {
		k, ok := c.args[1].(*constant)
		n, ok2 := ConstInt(c.args[2])
		if !ok || !ok2 || n < 1 {
			return base.Errorf(errno.WrongArguments, "Incorrect arguments to WEIGHT_STRING")
		}
		width, bytes = int(min(n, maxTextBytes)), bytes || k.value.Text() == "BINARY"
	}
	coll := collation.Of(collationOf(t))
	c.in = c.in[:1]
	c.eval = rows(true, func(r *row) error {
		s := r.str(0)
		if bytes {
			if width >= 0 {
				s = s[:min(width, len(s))] + strings.Repeat("\x00", max(width-len(s), 0))
			}
			r.setStr(s)
			return nil
		}
		if width >= 0 {
			s = prefixChars(s, width)
			s += strings.Repeat(" ", width-charCount(s))
		}
		r.setStr(string(coll.AppendKey(nil, s)))
		return nil
	})
	return nil
}
