package plan

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// frame binds the frame of a window. Without one it is the partition up to the last peer of the row, all of it when there is
// no order (MySQL reference manual, "Window Function Frame Specification").
func (b *binder) frame(spec *windowSpec, c *windowCall) error {
	f := &c.Frame
	if spec.frame == nil {
		*f = Frame{Unit: RangeFrame, End: FrameBound{Kind: CurrentRow}}
		if len(c.order) == 0 {
			f.End.Kind = UnboundedFollowing
		}
		return nil
	}
	f.Unit = map[string]FrameUnit{"ROWS": RowsFrame, "RANGE": RangeFrame, "GROUPS": GroupsFrame}[spec.frame.Unit]
	for _, x := range []struct {
		from *ast.Bound
		to   *FrameBound
	}{{&spec.frame.Start, &f.Start}, {&spec.frame.End, &f.End}} {
		x.to.Kind = boundKinds[x.from.Kind]
		if x.from.Offset == nil {
			continue
		}
		if err := b.frameOffset(spec, c, x.from, x.to); err != nil {
			return err
		}
	}
	return nil
}

var boundKinds = map[string]BoundKind{"UNBOUNDED PRECEDING": UnboundedPreceding, "PRECEDING": Preceding, "CURRENT ROW": CurrentRow,
	"FOLLOWING": Following, "UNBOUNDED FOLLOWING": UnboundedFollowing}

// frameOffset binds the offset of a bound.
func (b *binder) frameOffset(spec *windowSpec, c *windowCall, from *ast.Bound, to *FrameBound) error {
	x := from.Offset
	iv, interval := x.(*ast.Interval)
	if interval {
		x = iv.X
	}
	inner := *b
	inner.aggs, inner.wins, inner.clause = nil, nil, "window frame"
	var err error
	if to.Offset, err = inner.expr(x); err != nil {
		return err
	}
	if !expr.Immutable(to.Offset) && !expr.IsVariable(to.Offset) {
		return base.Errorf(errno.WindowBoundVaries, "Window '%s' has a non-constant frame bound.", spec.name)
	}
	if c.Frame.Unit == RangeFrame {
		if err := rangeBound(spec, c, iv, to); err != nil {
			return err
		}
	}
	if v, ok := expr.Constant(to.Offset); ok {
		_, err = c.Offset(v)
	}
	return err
}

// rangeBound sets the expressions that find a bound at a distance of the ORDER BY key.
func rangeBound(spec *windowSpec, c *windowCall, iv *ast.Interval, to *FrameBound) error {
	if len(c.order) != 1 {
		return rangeOrder(spec)
	}
	key, t := c.order[0].Expr, c.order[0].Expr.Type()
	c.Frame.Desc = c.order[0].Desc
	minus := (to.Kind == Preceding) != c.Frame.Desc
	temporal := false
	switch t.Class() {
	case base.Date, base.Time, base.DateTime:
		temporal = true
	case base.Int, base.Uint, base.Float, base.Decimal:
		if t.ID == base.TypeEnum || t.ID == base.TypeSet {
			return rangeOrder(spec)
		}
	default:
		return rangeOrder(spec)
	}
	switch {
	case temporal && iv == nil:
		return base.Errorf(errno.WindowRangeTime,
			"Window '%s' with RANGE frame has ORDER BY expression of datetime type. Only INTERVAL bound value allowed.", spec.name)
	case !temporal && iv != nil:
		return base.Errorf(errno.WindowRangeNumber,
			"Window '%s' with RANGE frame has ORDER BY expression of numeric type, INTERVAL bound value not allowed.", spec.name)
	}
	var err error
	if temporal {
		if t.Class() == base.Date {
			t = base.Type{ID: base.TypeDateTime, Scale: 6}
		}
		if key, err = expr.Cast(key, t); err == nil {
			to.Value, err = expr.DateAdd(key, to.Offset, iv.Unit, minus)
		}
		c.Frame.Key = key
		return err
	}
	t = distanceType(spec, t, c.Frame.Key, to.Offset.Type())
	return numericBounds(c, key, t)
}

func rangeOrder(spec *windowSpec) error {
	return base.Errorf(errno.WindowRangeOrder,
		"Window '%s' with RANGE N PRECEDING/FOLLOWING frame requires exactly one ORDER BY expression, of numeric or temporal type", spec.name)
}

// distanceType is the type in which keys of type t and distances are added without loss and without overflow. other is the
// key as the other bound has converted it.
func distanceType(spec *windowSpec, t base.Type, other expr.Expr, offset base.Type) base.Type {
	scale := t.Scale
	float := t.Class() == base.Float
	for _, x := range []base.Type{offset, typeOf(other)} {
		switch x.Class() {
		case base.Decimal:
			scale = max(scale, x.Scale)
		case base.Int, base.Uint, base.Null:
		default:
			float = true
		}
	}
	if float {
		return base.Type{ID: base.TypeDouble}
	}
	return base.Type{ID: base.TypeDecimal, Precision: base.MaxDecimalDigits, Scale: scale}
}

func typeOf(e expr.Expr) base.Type {
	if e == nil {
		return base.Type{}
	}
	return e.Type()
}

// numericBounds sets the key and the values of the bounds in type t.
func numericBounds(c *windowCall, key expr.Expr, t base.Type) error {
	key, err := expr.Cast(key, t)
	if err != nil {
		return err
	}
	c.Frame.Key = key
	for _, b := range []*FrameBound{&c.Frame.Start, &c.Frame.End} {
		if b.Offset == nil {
			continue
		}
		off, err := expr.Cast(b.Offset, t)
		if err != nil {
			return err
		}
		op := "+"
		if (b.Kind == Preceding) != c.Frame.Desc {
			op = "-"
		}
		if b.Value, err = expr.Call(op, key, off); err != nil {
			return err
		}
	}
	return nil
}
