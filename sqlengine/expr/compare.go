package expr

import (
	"cmp"
	"math"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// cmpOp is a comparison operator.
type cmpOp uint8

const (
	opEQ cmpOp = iota
	opNE
	opLT
	opLE
	opGT
	opGE
)

// holds reports whether the operator accepts the sign of a comparison.
func (op cmpOp) holds(sign int) bool {
	switch op {
	case opEQ:
		return sign == 0
	case opNE:
		return sign != 0
	case opLT:
		return sign < 0
	case opLE:
		return sign <= 0
	case opGT:
		return sign > 0
	}
	return sign >= 0
}

// mirrored is the operator with its operands exchanged.
func (op cmpOp) mirrored() cmpOp { return [...]cmpOp{opEQ, opNE, opGT, opGE, opLT, opLE}[op] }

var cmpOps = map[string]cmpOp{"=": opEQ, "<>": opNE, "<": opLT, "<=": opLE, ">": opGT, ">=": opGE}

var compareFunctions = []*function{
	{name: "=", min: 2, max: 2, build: buildCompare},
	{name: "<>", min: 2, max: 2, build: buildCompare},
	{name: "<", min: 2, max: 2, build: buildCompare},
	{name: "<=", min: 2, max: 2, build: buildCompare},
	{name: ">", min: 2, max: 2, build: buildCompare},
	{name: ">=", min: 2, max: 2, build: buildCompare},
	{name: "<=>", min: 2, max: 2, build: buildNullSafe},
	{name: "BETWEEN", min: 3, max: 3, build: buildBetween},
	{name: "STRCMP", min: 2, max: 2, build: buildStrcmp},
}

// comparable converts two operands so that they can be compared, by MySQL's rules.
//
// Source: MySQL 8.0 Reference Manual, "Type Conversion in Expression Evaluation".
func comparable(a, b Expr) (Expr, Expr, error) {
	ta, tb := a.Type(), b.Type()
	t, err := compareType(ta, tb)
	if err != nil {
		return nil, nil, err
	}
	if isTemporal(t) && t.Class() != base.Time {
		for _, e := range []Expr{a, b} {
			if k, ok := e.(*constant); ok && isString(k.typ) && !k.value.IsNull() {
				if _, _, ok := convert.ParseDateTime(k.value.Text()); !ok {
					kind := base.DateTime
					if ta.Class() == base.Date || tb.Class() == base.Date {
						kind = base.Date
					}
					return nil, nil, base.Errorf(codeWrongTemporal, "Incorrect %s value: '%s'", kind, k.value.Text())
				}
			}
		}
	}
	if t.Class() == base.Int || t.Class() == base.Uint { // signed and unsigned compare as they are
		return integerOperand(a), integerOperand(b), nil
	}
	if t.Class() == base.Decimal {
		return decimalOperand(Settle(a)), decimalOperand(Settle(b)), nil
	}
	if t.Class() == base.JSON {
		return jsonOperand(a), jsonOperand(b), nil
	}
	if t.Class() == base.String {
		coll, err := mixCollations("=", a, b)
		return inCollation(implicit(a, textType(coll)), coll), inCollation(implicit(b, textType(coll)), coll), err
	}
	if isTemporal(t) {
		return moment(a, t), moment(b, t), nil
	}
	return implicit(a, t), implicit(b, t), nil
}

// moment makes an operand of a comparison a time. A text that is none is zero there, with a warning, and not NULL.
func moment(e Expr, t base.Type) Expr {
	words := isString(e.Type()) || isBinary(e.Type())
	e = implicit(e, t)
	if c, ok := e.(*cast); ok && words {
		c.zero = true
	}
	return e
}

var codeWrongTemporal = base.Code{Number: 1525, State: "HY000", Kind: base.KindInvalid}

func integerOperand(e Expr) Expr {
	t := e.Type()
	if c := t.Class(); c == base.Int || c == base.Uint {
		return e
	}
	return implicit(e, typeInt)
}

// decimalOperand keeps integers and decimals; the kernels compare across scales.
func decimalOperand(e Expr) Expr {
	t := e.Type()
	if t.Class() == base.Decimal {
		return e
	}
	whole, scale := digitsOf(t)
	return implicit(e, typeDecimal(whole+scale, scale))
}

// jsonOperand makes a JSON value of e; a string is a JSON string, not the text of a document.
func jsonOperand(e Expr) Expr {
	if e.Type().Class() == base.JSON {
		return e
	}
	q, err := Call("JSON_SCALAR", e)
	if err != nil {
		return e
	}
	return q
}

// compareType is the type that values of a and b are compared as.
//
//lint:long one decision after the other
func compareType(a, b base.Type) (base.Type, error) {
	ca, cb := a.Class(), b.Class()
	switch {
	case ca == base.Null:
		return b, nil
	case cb == base.Null:
		return a, nil
	case isNamed(a) && sameType(a, b):
		return typeUint, nil
	case isString(a) && isString(b):
		return textType(mergeCollation(a.Collation, b.Collation)), nil
	case a.ID == base.TypeUUID || b.ID == base.TypeUUID:
		return base.Type{ID: base.TypeUUID}, nil
	case ca == base.JSON || cb == base.JSON:
		return typeJSON, nil
	case (isString(a) || isBinary(a)) && (isString(b) || isBinary(b)):
		return base.Type{ID: base.TypeLongBlob}, nil
	case isTemporal(a) && isTemporal(b):
		if ca == cb {
			return base.Type{ID: a.ID, Scale: max(a.Scale, b.Scale)}, nil
		}
		return typeDateTime, nil
	case isTemporal(a) && (isString(b) || isBinary(b)):
		return temporalAgainstText(a), nil
	case isTemporal(b) && (isString(a) || isBinary(a)):
		return temporalAgainstText(b), nil
	}
	ka, kb := numberKind(a), numberKind(b)
	if isNamed(a) && isNumber(b) {
		ka = numUint
	}
	switch {
	case ka == numFloat || kb == numFloat:
		return typeDouble, nil
	case ka == numDecimal || kb == numDecimal:
		return typeDecimal(base.MaxDecimalDigits, 0), nil
	case ka == numUint || kb == numUint:
		return typeUint, nil
	}
	return typeInt, nil
}

func isNumber(t base.Type) bool {
	c := t.Class()
	return c == base.Int || c == base.Uint || c == base.Decimal || c == base.Float
}

// temporalAgainstText: a DATE is compared with text as DATETIME, since the text may hold a time of day.
func temporalAgainstText(t base.Type) base.Type {
	if t.Class() == base.Time {
		return typeTime
	}
	return typeDateTime
}

// buildCompare is a comparison that is NULL when an operand is.
func buildCompare(c *call) error {
	x, y, err := comparable(c.args[0], c.args[1])
	if err != nil {
		return err
	}
	c.in[0], c.in[1], c.typ = x, y, typeBool
	c.null = c.in[0].Nullable() || c.in[1].Nullable()
	op := cmpOps[c.fn.name]
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		x, err := evalOperand(ctx, c.in[0], b)
		if err != nil {
			return nil, err
		}
		y, err := evalOperand(ctx, c.in[1], b)
		if err != nil {
			return nil, err
		}
		return compareVectors(op, x, y, collationFor(c.in[0], c.in[1]), b), nil
	}
	return nil
}

// collationFor is the collation of two operands that comparable has made alike.
func collationFor(a, _ Expr) *collation.Collation { return collation.Of(a.Type().Collation) }

// compareVectors compares two operands of comparable classes row by row.
func compareVectors(op cmpOp, x, y operand, coll *collation.Collation, b *vec.Batch) *vec.Vector {
	nulls, all := nullsOf(b.N, x, y)
	if all {
		return allNull(typeBool, b.N)
	}
	out := &vec.Vector{Class: base.Int, Len: b.N, Nulls: nulls, I64: make([]int64, b.N)}
	xc, yc := x.v.Class, y.v.Class
	switch {
	case xc == base.Uint && yc == base.Uint:
		compareInts(op, x.v.I64, x.mask, y.v.I64, y.mask, math.MinInt64, out.I64)
	case xc == yc && x.v.I64 != nil:
		compareInts(op, x.v.I64, x.mask, y.v.I64, y.mask, 0, out.I64)
	case xc == base.Float && yc == base.Float:
		compareOrdered(op, x.v.F64, x.mask, y.v.F64, y.mask, out.I64)
	case (xc == base.String || xc == base.Bytes) && coll.Binary() && (op == opEQ || op == opNE):
		compareEqual(op, x.v.Str, x.mask, y.v.Str, y.mask, b, out.I64)
	default:
		f := signFunc(x.v, y.v, coll)
		for k := range b.Rows() {
			i := b.Row(k)
			if !nulls.Get(i) && op.holds(f(i&x.mask, i&y.mask)) {
				out.I64[i] = 1
			}
		}
	}
	return out
}

// signFunc returns the comparison of a row of x with a row of y, neither of them NULL.
func signFunc(x, y *vec.Vector, coll *collation.Collation) func(i, j int) int {
	xc, yc := x.Class, y.Class
	switch {
	case xc == base.Int && yc == base.Uint:
		return func(i, j int) int { return -compareMixed(uint64(y.I64[j]), x.I64[i]) }
	case xc == base.Uint && yc == base.Int:
		return func(i, j int) int { return compareMixed(uint64(x.I64[i]), y.I64[j]) }
	case xc == base.Uint && yc == base.Uint:
		return func(i, j int) int { return cmp.Compare(uint64(x.I64[i]), uint64(y.I64[j])) }
	case xc == base.Decimal && yc == base.Decimal:
		return func(i, j int) int { return base.CompareDecimal(x.Dec[i], x.Scale, y.Dec[j], y.Scale) }
	case xc == base.Float && yc == base.Float:
		return func(i, j int) int { return cmp.Compare(x.F64[i], y.F64[j]) }
	case xc == base.JSON:
		return func(i, j int) int { return convert.CompareJSON(x.Str[i], y.Str[j]) }
	case xc == base.Bytes || yc == base.Bytes || xc == base.String && coll.Binary():
		return func(i, j int) int { return cmp.Compare(x.Str[i], y.Str[j]) }
	case xc == base.String:
		return func(i, j int) int { return coll.Compare(x.Str[i], y.Str[j]) }
	}
	return func(i, j int) int { return cmp.Compare(x.I64[i], y.I64[j]) }
}

func compareMixed(u uint64, i int64) int {
	if i < 0 || u > math.MaxInt64 {
		return 1
	}
	return cmp.Compare(int64(u), i)
}

func bit(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

// compareInts fills out with x op y; flip is the sign bit for unsigned numbers.
func compareInts(op cmpOp, x []int64, mx int, y []int64, my int, flip int64, out []int64) {
	switch op {
	case opEQ:
		for i := range out {
			out[i] = bit(x[i&mx] == y[i&my])
		}
	case opNE:
		for i := range out {
			out[i] = bit(x[i&mx] != y[i&my])
		}
	case opLT:
		for i := range out {
			out[i] = bit(x[i&mx]^flip < y[i&my]^flip)
		}
	case opLE:
		for i := range out {
			out[i] = bit(x[i&mx]^flip <= y[i&my]^flip)
		}
	case opGT:
		for i := range out {
			out[i] = bit(x[i&mx]^flip > y[i&my]^flip)
		}
	default:
		for i := range out {
			out[i] = bit(x[i&mx]^flip >= y[i&my]^flip)
		}
	}
}

func compareOrdered[T cmp.Ordered](op cmpOp, x []T, mx int, y []T, my int, out []int64) {
	switch op {
	case opEQ:
		for i := range out {
			out[i] = bit(x[i&mx] == y[i&my])
		}
	case opNE:
		for i := range out {
			out[i] = bit(x[i&mx] != y[i&my])
		}
	case opLT:
		for i := range out {
			out[i] = bit(x[i&mx] < y[i&my])
		}
	case opLE:
		for i := range out {
			out[i] = bit(x[i&mx] <= y[i&my])
		}
	case opGT:
		for i := range out {
			out[i] = bit(x[i&mx] > y[i&my])
		}
	default:
		for i := range out {
			out[i] = bit(x[i&mx] >= y[i&my])
		}
	}
}

func compareEqual(op cmpOp, x []string, mx int, y []string, my int, b *vec.Batch, out []int64) {
	for k := range b.Rows() {
		i := b.Row(k)
		out[i] = bit((x[i&mx] == y[i&my]) == (op == opEQ))
	}
}

// buildNullSafe is <=>: NULL equals NULL and nothing else.
func buildNullSafe(c *call) error {
	x, y, err := comparable(c.args[0], c.args[1])
	if err != nil {
		return err
	}
	c.in[0], c.in[1] = x, y
	c.typ, c.null = typeBool, false
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		ops, err := evalOperands(ctx, c.in, b)
		if err != nil {
			return nil, err
		}
		x, y := ops[0], ops[1]
		eq := compareVectors(opEQ, x, y, collationFor(c.in[0], c.in[1]), b)
		out := vec.New(base.Int, 0, b.N)
		for k := range b.Rows() {
			i := b.Row(k)
			if nx, ny := x.null(i), y.null(i); nx || ny {
				out.I64[i] = bit(nx && ny)
			} else {
				out.I64[i] = eq.I64[i]
			}
		}
		return out, nil
	}
	return nil
}

// buildBetween is x >= lo AND x <= hi, each compared by its own types.
func buildBetween(c *call) error {
	lo, err := Call(">=", c.args[0], c.args[1])
	if err != nil {
		return err
	}
	hi, err := Call("<=", c.args[0], c.args[2])
	if err != nil {
		return err
	}
	both, err := Call("AND", lo, hi)
	if err != nil {
		return err
	}
	c.typ, c.null, c.in = typeBool, both.Nullable(), []Expr{both}
	c.eval = func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) { return c.in[0].Eval(ctx, b) }
	return nil
}

func buildStrcmp(c *call) error {
	c.text(0)
	c.text(1)
	c.typ = typeInt
	coll, err := c.textCollation()
	if err != nil {
		return err
	}
	c.eval = rows(true, func(r *row) error {
		r.setInt(int64(coll.Compare(r.str(0), r.str(1))))
		return nil
	})
	return nil
}

// HashKeys converts two operands of an equality so that equal values have equal bytes under AppendKey. ok is false when
// the equality cannot be hashed.
func HashKeys(a, b Expr) (x, y Expr, ok bool, err error) {
	if x, y, err = comparable(a, b); err != nil {
		return nil, nil, false, err
	}
	tx, ty := x.Type(), y.Type()
	switch {
	case tx.Class() == base.JSON:
		return x, y, false, nil
	case tx.Class() == base.Decimal && ty.Class() == base.Decimal && tx.Scale != ty.Scale:
		t := typeDecimal(base.MaxDecimalDigits, int(max(tx.Scale, ty.Scale)))
		whole := max(int(tx.Precision)-int(tx.Scale), int(ty.Precision)-int(ty.Scale))
		if whole+int(t.Scale) > base.MaxDecimalDigits {
			return x, y, false, nil
		}
		return implicit(x, t), implicit(y, t), true, nil
	}
	return x, y, true, nil
}
