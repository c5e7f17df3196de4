package plan

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// dependence works out which columns of a query have one value in each group (SQL:2016, 4.26 functional dependencies;
// MySQL reference manual, "Detection of Functional Dependence").
type dependence struct {
	fixed idSet
	rules []func() bool // each fixes what it can and reports whether that was anything
}

// determined returns the columns that the group keys determine: by themselves, by equalities that every row meets, and
// as columns of a table whose key they hold.
func determined(input logical, keys []expr.Expr) idSet {
	d := &dependence{fixed: idSet{}}
	for _, k := range keys {
		if id, ok := expr.AsColumn(k); ok {
			d.fixed[id] = true
		}
	}
	d.collect(input, false)
	for more := true; more; {
		more = false
		for _, rule := range d.rules {
			more = rule() || more
		}
	}
	return d.fixed
}

func (d *dependence) fix(ids ...colID) bool {
	more := false
	for _, id := range ids {
		more = more || !d.fixed[id]
		d.fixed[id] = true
	}
	return more
}

func (d *dependence) has(ids ...colID) bool {
	for _, id := range ids {
		if !d.fixed[id] {
			return false
		}
	}
	return true
}

// collect gathers the rules that hold for the rows of n. filled says that an outer join above may put NULLs in place of
// its columns: a column that equals a constant is then not constant.
func (d *dependence) collect(n logical, filled bool) {
	switch n := n.(type) {
	case *lScan:
		d.table(n)
	case *lFilter:
		d.equalities(n.preds, filled)
		d.collect(n.input, filled)
	case *lProject:
		for i, e := range n.exprs {
			if movable(e) {
				d.rules = append(d.rules, func() bool { return within(e, d.fixed) && (!filled || readsColumn(e)) && d.fix(n.ids[i]) })
			}
		}
		d.collect(n.input, filled)
	case *lJoin:
		d.join(n, filled)
	case *lApply:
		if n.kind == InnerJoin {
			d.equalities(n.on, filled)
		}
		d.collect(n.left, filled)
		d.collect(n.right, filled || n.kind == LeftJoin)
	case *lAggregate:
		d.rules = append(d.rules, func() bool { return len(n.kids) > 0 && d.has(n.kids...) && d.fix(n.aids...) })
	case *lWindow:
		d.collect(n.input, filled)
	case *lDistinct:
		d.collect(n.input, filled)
	case *lSort:
		d.collect(n.input, filled)
	case *lLimit:
		d.collect(n.input, filled)
	}
}

// table adds that the primary key, and every unique key without NULLs, determines all columns.
func (d *dependence) table(n *lScan) {
	add := func(parts []catalog.KeyPart) {
		var key []colID
		for _, part := range parts {
			i := n.table.ColumnByID(part.Column)
			if i < 0 || part.Prefix > 0 || !n.table.Columns[i].NotNull {
				return
			}
			key = append(key, n.ids[i])
		}
		if len(key) > 0 {
			d.rules = append(d.rules, func() bool { return d.has(key...) && d.fix(n.ids...) })
		}
	}
	add(n.table.Primary)
	for i := range n.table.Indexes {
		if n.table.Indexes[i].Unique {
			add(n.table.Indexes[i].Parts)
		}
	}
}

func (d *dependence) join(n *lJoin, filled bool) {
	switch n.kind {
	case InnerJoin:
		d.equalities(n.on, filled)
	case LeftJoin:
		d.leftJoin(n)
	}
	d.collect(n.left, filled || n.kind == FullJoin)
	d.collect(n.right, filled || n.kind == LeftJoin || n.kind == FullJoin)
}

// leftJoin adds that the left columns of ON, when all are fixed, fix the right columns they equal: whether there is a
// partner depends on nothing else.
func (d *dependence) leftJoin(n *lJoin) {
	l, r := newIDSet(n.left.cols()...), newIDSet(n.right.cols()...)
	read := idSet{}
	for _, c := range n.on {
		if !movable(c) {
			return
		}
		read.addExpr(c)
	}
	var from, to []colID
	for id := range read {
		if l[id] {
			from = append(from, id)
		}
	}
	for _, c := range n.on {
		if a, b, ok := equalColumns(c); ok && l[a] && r[b] {
			to = append(to, b)
		} else if ok && l[b] && r[a] {
			to = append(to, a)
		}
	}
	if len(from) > 0 {
		d.rules = append(d.rules, func() bool { return d.has(from...) && d.fix(to...) })
	}
}

// equalities adds what column = column and column = constant say.
func (d *dependence) equalities(preds []expr.Expr, filled bool) {
	for _, c := range preds {
		if a, b, ok := equalColumns(c); ok {
			d.rules = append(d.rules, func() bool { return d.fixed[a] && d.fix(b) }, func() bool { return d.fixed[b] && d.fix(a) })
			continue
		}
		args, ok := expr.AsCall(c, "=")
		if !ok || filled || !sameValues(args[0].Type(), args[1].Type()) {
			continue
		}
		for i, x := range args {
			if id, ok := expr.AsColumn(x); ok && constant(args[1-i]) {
				d.fix(id)
			}
		}
	}
}

// equalColumns returns the columns of an equality that holds only for one and the same value.
func equalColumns(e expr.Expr) (a, b colID, ok bool) {
	args, ok := expr.AsCall(e, "=")
	if !ok || !sameValues(args[0].Type(), args[1].Type()) {
		return 0, 0, false
	}
	a, aok := expr.AsColumn(args[0])
	b, bok := expr.AsColumn(args[1])
	return a, b, aok && bok
}

// sameValues reports whether a value of one type equals at most one value of the other.
func sameValues(a, b base.Type) bool {
	number := func(t base.Type) bool {
		c := t.Class()
		return c == base.Int || c == base.Uint || c == base.Decimal
	}
	if number(a) || number(b) {
		return number(a) && number(b)
	}
	return a.Class() == b.Class() && exactType(a) && exactType(b)
}

// exactType reports whether values of type t that compare as equal are the same.
func exactType(t base.Type) bool {
	return t.Class() != base.JSON && (t.Class() != base.String || expr.BinaryCollation(t.Collation))
}
