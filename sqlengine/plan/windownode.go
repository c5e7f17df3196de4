package plan

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// Window computes functions over windows that have the same partitions and the same order. Its input has the rows of a
// partition together, in this order, and its output keeps it: the input's columns, then one a call.
type Window struct {
	Input     Node
	Partition []expr.Expr // columns of the input
	Order     []SortKey   // over columns of the input
	Calls     []WindowCall
	Out       []Column
}

// WindowCall is a function over a window.
type WindowCall struct {
	Name     string    // upper case
	Agg      *expr.Agg // nil: a function that is nothing but a window function
	Args     []expr.Expr
	N        expr.Expr // the number that NTILE, NTH_VALUE, LAG and LEAD are given, which depends on no row; nil none
	Frame    Frame
	Window   string // its name, for messages
	Type     base.Type
	Nullable bool
}

// FrameUnit says what the offsets of a frame count.
type FrameUnit uint8

// The units.
const (
	RowsFrame   FrameUnit = iota
	RangeFrame            // distances of the ORDER BY key
	GroupsFrame           // groups of rows with equal ORDER BY keys
)

// BoundKind is the kind of a frame's end.
type BoundKind uint8

// The kinds, in the order of the places they stand for.
const (
	UnboundedPreceding BoundKind = iota
	Preceding
	CurrentRow
	Following
	UnboundedFollowing
)

// Frame is the part of a partition that a function sees from a row.
type Frame struct {
	Unit       FrameUnit
	Start, End FrameBound
	Key        expr.Expr // of a RangeFrame with offsets: the ORDER BY key, of the type that Value has
	Desc       bool      // the order of Key
}

// FrameBound is one end of a frame. Offset, which depends on no row, is set for Preceding and Following.
type FrameBound struct {
	Kind   BoundKind
	Offset expr.Expr
	Value  expr.Expr // of a RangeFrame: the key's value at the bound, NULL beyond the type's end
}

// Schema returns the columns the node yields.
func (n *Window) Schema() []Column { return n.Out }

// Children returns the input.
func (n *Window) Children() []Node { return []Node{n.Input} }

func (f *Frame) equal(g *Frame) bool {
	bound := func(a, b *FrameBound) bool {
		return a.Kind == b.Kind && sameMaybe(a.Offset, b.Offset) && sameMaybe(a.Value, b.Value)
	}
	return f.Unit == g.Unit && f.Desc == g.Desc && sameMaybe(f.Key, g.Key) && bound(&f.Start, &g.Start) && bound(&f.End, &g.End)
}

// framed reports whether the frame makes a difference to the function.
func (c *WindowCall) framed() bool {
	switch c.Name {
	case "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE":
		return true
	}
	return c.Agg != nil
}

// rewrite returns the call with its expressions replaced.
func (c WindowCall) rewrite(f func(expr.Expr) (expr.Expr, error)) (WindowCall, error) {
	var err error
	if c.Args, err = mapExprs(c.Args, f); err != nil {
		return c, err
	}
	if c.Agg != nil {
		args, err := mapExprs(c.Agg.Children(), f)
		if err != nil {
			return c, err
		}
		g := c.Agg.WithChildren(args)
		c.Agg = &g
	}
	for _, e := range []*expr.Expr{&c.Frame.Key, &c.Frame.Start.Value, &c.Frame.End.Value} {
		if *e == nil {
			continue
		}
		if *e, err = f(*e); err != nil {
			return c, err
		}
	}
	return c, nil
}

// reads adds the columns that the call reads to s.
func (c *WindowCall) reads(s idSet) {
	for _, e := range c.Args {
		s.addExpr(e)
	}
	if c.Agg != nil {
		for _, e := range c.Agg.Children() {
			s.addExpr(e)
		}
	}
	for _, e := range []expr.Expr{c.Frame.Key, c.Frame.Start.Value, c.Frame.End.Value} {
		s.addExpr(e)
	}
}

// Number is the value of N as the function takes it.
//
// Errors: 1210 when it is none.
func (c *WindowCall) Number(v base.Value) (int64, error) {
	least := int64(1)
	if c.Name == "LAG" || c.Name == "LEAD" {
		least = 0
	}
	if (v.Class() != base.Int && v.Class() != base.Uint) || v.Int() < least {
		return 0, c.BadN()
	}
	return v.Int(), nil
}

// BadN is the error of a call whose number is none.
func (c *WindowCall) BadN() error {
	return base.Errorf(errno.WrongArguments, "Incorrect arguments to %s", strings.ToLower(c.Name))
}

// Offset is the value of a bound's offset: the number of rows or groups; 0 in a RangeFrame, whose distances are in Value.
//
// Errors: 3586 when it is none.
func (c *WindowCall) Offset(v base.Value) (int64, error) {
	if c.Frame.Unit != RangeFrame {
		if (v.Class() != base.Int && v.Class() != base.Uint) || v.Int() < 0 {
			return 0, illegalFrame(c.Window)
		}
		return v.Int(), nil
	}
	negative := false
	switch v.Class() {
	case base.Null:
		negative = true
	case base.Int:
		negative = v.Int() < 0
	case base.Float:
		negative = !(v.Float() >= 0)
	case base.Decimal:
		coef, _ := v.Decimal()
		negative = coef.Sign() < 0
	case base.String, base.Bytes:
		negative = strings.HasPrefix(strings.TrimSpace(v.Text()), "-")
	}
	if negative {
		return 0, illegalFrame(c.Window)
	}
	return 0, nil
}

// String returns the call as messages and EXPLAIN print it.
func (c *WindowCall) String() string {
	s := strings.ToLower(c.Name) + "("
	if c.Agg != nil {
		s = c.Agg.String()
	} else {
		parts := []string{}
		for i, e := range c.Args {
			if parts = append(parts, e.String()); i == 0 && c.N != nil {
				parts = append(parts, c.N.String())
			}
		}
		if len(c.Args) == 0 && c.N != nil {
			parts = append(parts, c.N.String())
		}
		s += strings.Join(parts, ",") + ")"
	}
	if c.framed() {
		s += c.Frame.String()
	}
	return s
}

// String returns the frame in SQL with a space before it, "" for a whole partition.
func (f *Frame) String() string {
	if f.Start.Kind == UnboundedPreceding && f.End.Kind == UnboundedFollowing {
		return ""
	}
	unit := [...]string{"ROWS", "RANGE", "GROUPS"}[f.Unit]
	return " " + unit + " BETWEEN " + f.Start.String() + " AND " + f.End.String()
}

// String returns the bound in SQL.
func (b *FrameBound) String() string {
	name := [...]string{"UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"}[b.Kind]
	if b.Offset == nil {
		return name
	}
	return b.Offset.String() + " " + name
}

// windowLabel describes the node for EXPLAIN.
func windowLabel(n *Window) string {
	calls := make([]string, len(n.Calls))
	for i := range n.Calls {
		calls[i] = n.Calls[i].String()
	}
	s := "Window"
	if len(n.Partition) > 0 {
		s += " by " + list(n.Partition)
	}
	if len(n.Order) > 0 {
		s += " order by " + keyList(n.Order)
	}
	return s + ": " + strings.Join(calls, ", ")
}

func keyList(keys []SortKey) string {
	out := make([]string, len(keys))
	for i, k := range keys {
		if out[i] = k.Expr.String(); k.Desc {
			out[i] += " DESC"
		}
	}
	return strings.Join(out, ", ")
}
