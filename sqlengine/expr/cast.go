package expr

import (
	"encoding/hex"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// cast converts its operand to a type.
type cast struct {
	x        Expr
	typ      base.Type
	implicit bool // put in by a constructor: not printed
	zero     bool // what is no time is the zero of its type
	collate  bool // COLLATE: claims its collation against any other
	fixed    bool
}

// Cast is CAST(e AS t); t may be any column type.
func Cast(e Expr, t base.Type) (Expr, error) {
	if collation.Lookup(t.Collation) == nil {
		return nil, unknownCollation(t.Collation)
	}
	if sameType(e.Type(), t) {
		return e, nil
	}
	if k := hexNumber(e, t); k != nil {
		e = k
	}
	return &cast{x: settledFor(e, t), typ: t, fixed: Immutable(e)}, nil
}

// settledFor returns e as what a conversion to t reads: a text shows the digits that e's type declares.
func settledFor(e Expr, t base.Type) Expr {
	if c := t.Class(); c == base.String || c == base.Bytes || c == base.JSON {
		return Settle(e)
	}
	return e
}

// Collate is e COLLATE name.
//
// Errors: 1273 unknown collation.
func Collate(e Expr, name string) (Expr, error) {
	if collation.Lookup(name) == nil {
		return nil, unknownCollation(name)
	}
	t := e.Type()
	if t.Class() != base.String {
		t = typeVarchar(textLength(t), "")
	}
	t.Collation = strings.ToLower(name)
	return &cast{x: settledFor(e, t), typ: t, fixed: Immutable(e), collate: true}, nil
}

// needsToday reports a conversion of a TIME, which is a date and time of today.
func needsToday(from, to base.Type) bool {
	return from.Class() == base.Time && (to.Class() == base.DateTime || to.Class() == base.Date)
}

func unknownCollation(name string) error {
	return base.Errorf(errno.UnknownCollation, "Unknown collation: '%s'", name)
}

// implicit converts e to t's class where it has another; constants are converted at once.
func implicit(e Expr, t base.Type) Expr {
	from := e.Type()
	named := isNamed(from) || from.ID == base.TypeBit || from.ID == base.TypeUUID || t.ID == base.TypeUUID
	if from.Class() == t.Class() && (!named || from.ID == t.ID || t.Class() == base.Uint) {
		if from.Class() != base.Decimal || from.Scale == t.Scale && from.Guard == t.Guard {
			return e
		}
	}
	if k := hexNumber(e, t); k != nil {
		e, from = k, k.typ
		if from.Class() == t.Class() {
			return e
		}
	}
	e = settledFor(e, t)
	c := &cast{x: e, typ: t, implicit: true, fixed: Immutable(e)}
	if k, ok := e.(*constant); ok && (k.value.Class() != base.Uint || t.Class() != base.Int) && !needsToday(k.typ, t) {
		clean := true
		v, err := convert.To(k.value, k.typ, t, func(*base.Error) { clean = false })
		if k.value.IsNull() {
			v, err = base.Value{}, nil
		}
		if err == nil && clean {
			return Const(v, t)
		}
	}
	return c
}

// hexNumber is x'41' where a number is wanted: 65; nil for anything else.
func hexNumber(e Expr, t base.Type) *constant {
	k, ok := e.(*constant)
	if !ok || k.value.Class() != base.Bytes || k.typ.ID == base.TypeUUID || !isNumber(t) || isNamed(t) || len(k.value.Text()) > 8 {
		return nil
	}
	n := uint64(0)
	for _, b := range []byte(k.value.Text()) {
		n = n<<8 | uint64(b)
	}
	return Const(base.NewUint(n), typeUint).(*constant)
}

func (c *cast) Type() base.Type  { return c.typ }
func (c *cast) Children() []Expr { return []Expr{c.x} }

func (c *cast) Nullable() bool {
	from := c.x.Type()
	return c.x.Nullable() || c.typ.Class() != from.Class() && isTemporal(c.typ) && !c.zero || c.typ.ID == base.TypeUUID && from.ID != base.TypeUUID
}

func (c *cast) WithChildren(args []Expr) Expr {
	out := *c
	out.x, out.fixed = args[0], Immutable(args[0])
	return &out
}

func (c *cast) String() string {
	if c.implicit {
		return c.x.String()
	}
	return "cast(" + c.x.String() + " as " + strings.ToLower(c.typ.Class().String()) + ")"
}

func (c *cast) Eval(ctx *Context, b *vec.Batch) (*vec.Vector, error) {
	if c.fixed && b.N != 1 {
		v, err := c.Eval(ctx, oneRow)
		if err != nil {
			return nil, err
		}
		return broadcast(v, c.typ, b.N), nil
	}
	v, err := c.x.Eval(ctx, b)
	if err != nil {
		return nil, err
	}
	from := c.x.Type()
	if out := fastConvert(v, from, c.typ, b); out != nil {
		return out, nil
	}
	out := vec.New(c.typ.Class(), c.typ.Scale, b.N)
	count := c.implicit && v.Class == base.Uint && c.typ.Class() == base.Int
	for k := range b.Rows() {
		i := b.Row(k)
		val := v.Value(i)
		if count && v.I64[i] < 0 { // a length or a count beyond all others, and no negative one
			val = base.NewInt(math.MaxInt64)
		}
		if !val.IsNull() {
			if val, err = c.convert(ctx, val, from); err != nil {
				return nil, err
			}
		}
		out.Set(i, val)
	}
	return out, nil
}

// isZeroDate reports 0000-00-00, which YEAR(0), DATE_FORMAT(0, …) and FROM_DAYS(0) are about.
func isZeroDate(v base.Value) bool {
	switch v.Class() {
	case base.Date:
		return v.Int() == base.ZeroDate
	case base.DateTime:
		return v.Int() == base.ZeroDate*base.Day
	}
	return false
}

func (c *cast) convert(ctx *Context, v base.Value, from base.Type) (base.Value, error) {
	out, err := convert.To(v, from, c.typ, sink(ctx))
	if err != nil || out.IsNull() {
		if c.zero && err == nil {
			out = convert.Zero(c.typ)
		}
		return out, err
	}
	if isZeroDate(out) && !c.implicit && from.Class() != out.Class() { // as SQL mode NO_ZERO_DATE has it
		ctx.warn(errno.WrongValue, "Incorrect datetime value: '%s'", convert.Format(v, from))
		return base.Value{}, nil
	}
	if needsToday(from, c.typ) {
		if ctx.Varied != nil {
			ctx.Varied.Store(true)
		}
		today := civil(ctx.Now) - civil(ctx.Now)%base.Day
		out, err = convert.To(base.NewDateTime(today+v.Int()), typeDateTime, c.typ, nil)
		return out, err
	}
	if c.implicit || c.typ.Length == 0 {
		return out, nil
	}
	return c.truncate(ctx, out), nil
}

// truncate applies the length of CHAR(n) and BINARY(n) in a CAST.
func (c *cast) truncate(ctx *Context, v base.Value) base.Value {
	s := v.Text()
	switch v.Class() {
	case base.String:
		if len(s) <= c.typ.Length {
			return v
		}
		cut := prefixChars(s, c.typ.Length)
		if len(cut) < len(s) {
			ctx.warn(errno.WrongValue, "Truncated incorrect CHAR(%d) value: '%s'", c.typ.Length, s)
		}
		return base.NewString(cut)
	case base.Bytes:
		if len(s) > c.typ.Length {
			ctx.warn(errno.WrongValue, "Truncated incorrect BINARY(%d) value: '%s'", c.typ.Length, s)
			return base.NewBytes(s[:c.typ.Length])
		}
		if c.typ.ID == base.TypeBinary {
			return base.NewBytes(s + strings.Repeat("\x00", c.typ.Length-len(s)))
		}
	}
	return v
}

// fastConvert converts whole vectors between the numeric classes and between DATE and DATETIME; nil: not one of these.
func fastConvert(v *vec.Vector, from, to base.Type, b *vec.Batch) *vec.Vector {
	class := to.Class()
	if v.Class == base.Null {
		return allNull(to, b.N)
	}
	out := &vec.Vector{Class: class, Scale: to.Scale, Len: b.N, Nulls: v.Nulls}
	switch {
	case v.Class == class && (class == base.Int || class == base.Float && to.ID != base.TypeFloat ||
		class == base.JSON || class == base.String && (to.Length == 0 || to.ID == base.TypeVarchar && from.Length > 0 && from.Length <= to.Length)):
		return v
	case v.Class == base.Int && class == base.Float && to.ID != base.TypeFloat:
		out.F64 = make([]float64, b.N)
		for i := range out.F64 {
			out.F64[i] = float64(v.I64[i])
		}
	case v.Class == base.Int && class == base.Decimal && to.Scale == 0 && wholeDigits(from) <= int(to.Precision):
		out.Dec = make([]base.Int128, b.N)
		for i := range out.Dec {
			out.Dec[i] = base.Int128From(v.I64[i])
		}
	case v.Class == base.Date && class == base.DateTime:
		out.I64 = make([]int64, b.N)
		for i := range out.I64 {
			out.I64[i] = v.I64[i] * base.Day
		}
	case v.Class == base.Decimal && class == base.Float && to.ID != base.TypeFloat:
		out.F64 = make([]float64, b.N)
		for k := range b.Rows() {
			if i := b.Row(k); !v.Nulls.Get(i) {
				out.F64[i] = convert.DecimalFloat(v.Dec[i], v.Scale)
			}
		}
	default:
		return nil
	}
	return out
}

func wholeDigits(t base.Type) int {
	n, _ := digitsOf(t)
	return n
}

// ConvertUsing is CONVERT(e USING charset): bytes that are not text of the character set are NULL.
//
// Errors: 1115 unknown character set.
func ConvertUsing(e Expr, charset string) (Expr, error) {
	switch strings.ToLower(charset) {
	case "binary":
		return Cast(e, base.Type{ID: base.TypeLongBlob})
	case "utf8mb4", "utf8", "utf8mb3", "ascii", "latin1":
		if !isBinary(e.Type()) {
			return Cast(e, base.Type{ID: base.TypeLongText})
		}
		return Call("CONVERT USING", e)
	}
	return nil, base.Errorf(errno.UnknownCharset, "Unknown character set: '%s'", charset)
}

// buildUsing makes text of bytes.
func buildUsing(c *call) error {
	if !isBinary(c.in[0].Type()) {
		c.in[0] = implicit(c.in[0], typeLongText)
	}
	c.typ, c.null = base.Type{ID: base.TypeLongText}, true
	c.eval = rows(true, func(r *row) error {
		s := r.str(0)
		if !utf8.ValidString(s) {
			bad := len(s)
			for i, ch := range s {
				if _, n := utf8.DecodeRuneInString(s[i:]); ch == utf8.RuneError && n == 1 {
					bad = i
					break
				}
			}
			r.ctx.warn(errno.InvalidCharset, "Invalid utf8mb4 character string: '%s'", strings.ToUpper(hex.EncodeToString([]byte(s[bad:min(bad+3, len(s))]))))
			r.setNull()
			return nil
		}
		r.setStr(s)
		return nil
	})
	return nil
}
