package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/partition"
	"github.com/s3sql/s3sql/storage/segment"
)

// boundsOf returns what the conditions of a scan mean for the values that are stored, its constants evaluated. They exclude less
// than the conditions, never more: the scan's filter looks at every row that is read.
func boundsOf(ec *Context, t *catalog.Table, conds []partition.Cond) (out []segment.Bound) {
	if len(conds) == 0 {
		return nil
	}
	quiet := *ec.Expr // a value that does not fit is told of when rows are compared with it
	quiet.Warn = nil
	for i := range conds {
		if c := &conds[i]; c.Op != partition.Either && c.Op != partition.Nothing {
			b := segment.Bound{ID: t.Columns[c.Col].ID}
			if x := t.Columns[c.Col].Initial; x != nil {
				b.Missing = x.Value
			}
			if b.Null = nullsOf(c.Op); b.Null == segment.NotNull && c.Op != partition.NotNull {
				limit(&quiet, &t.Columns[c.Col], c, &b)
			}
			if b.Null != segment.AnyNull {
				out = append(out, b)
			}
		}
	}
	return out
}

// nullsOf returns what an operator wants as to NULL. <=> may want either.
func nullsOf(op partition.Op) segment.Nulls {
	switch op {
	case partition.IsNull:
		return segment.IsNull
	case partition.SameAs:
		return segment.AnyNull
	}
	return segment.NotNull
}

// limit sets the limits of b, as far as the values of the column are ordered as they are stored.
func limit(ctx *expr.Context, col *catalog.Column, c *partition.Cond, b *segment.Bound) {
	switch class := col.Type.Class(); {
	case class == base.JSON, class == base.String && col.Type.Collation != "" && !collation.Of(col.Type.Collation).Binary():
		return
	}
	var lo, hi base.Value
	loOpen, hiOpen := false, false
	for i, e := range c.Args {
		v, err := expr.Scalar(ctx, e)
		if err != nil { // reading the rows reports it
			return
		}
		if v.IsNull() {
			if c.Op == partition.Equal {
				continue // no value is equal to it
			}
			return
		}
		at := expr.KeyBoundOf(v, e.Type(), col.Type)
		if !at.OK {
			return
		}
		if at.Near.Class() == base.Int && col.Type.Class() == base.Uint { // not below zero: it is OK
			at.Near = base.NewUint(uint64(at.Near.Int()))
		}
		switch c.Op {
		case partition.Above, partition.AtLeast:
			lo, loOpen = at.Near, at.Side > 0 || at.Side == 0 && c.Op == partition.Above
		case partition.Below, partition.AtMost:
			hi, hiOpen = at.Near, at.Side < 0 || at.Side == 0 && c.Op == partition.Below
		case partition.Equal:
			if i == 0 || lo.IsNull() || expr.Compare(at.Near, lo, col.Type) < 0 {
				lo = at.Near
			}
			if i == 0 || hi.IsNull() || expr.Compare(at.Near, hi, col.Type) > 0 {
				hi = at.Near
			}
		}
	}
	b.Min, b.MinOpen, b.Max, b.MaxOpen = lo, loOpen, hi, hiOpen
}
