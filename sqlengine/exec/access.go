package exec

import (
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// keyRange is a range of encoded keys: lo ≤ key < hi, "" being unbounded.
type keyRange struct{ lo, hi string }

// access is what a scan reads, its constants evaluated: points, or else ranges, of the table or of one of its indexes.
type access struct {
	index  *catalog.Index // nil: the table itself
	points []string
	homes  []*catalog.Table // of points: the partition that each can be in; nil without partitions
	ranges []keyRange
	handed bool // ranges are of the keys that a join has handed over: many, with few rows in each
}

var wholeTable = []keyRange{{}}

// resolve evaluates the constants of a scan's access path. A constant that is no value of the key column's type makes it
// read more, never less, than the comparison allows: the scan's filter has the whole predicate.
func resolve(ec *Context, n *plan.Scan, dst *access) error {
	if keys, ok := ec.keySets[n.Keys]; ok && n.Keys != nil {
		handed(n, keys, dst)
		return nil
	}
	a := &n.Access
	parts := n.Table.Primary
	*dst = access{points: dst.points[:0], index: a.Index}
	if a.Index != nil {
		parts = a.Index.Parts
	}
	r := resolver{ec: ec, table: n.Table, parts: parts}
	if n.Parts != nil && a.Points != nil {
		r.row, r.scan = make([]base.Value, len(n.Table.Columns)), n
	}
	fit := exactKey
	var err error
	if a.Points != nil {
		fit, err = r.points(a, dst)
	} else if len(a.Eq) > 0 || a.Lo != nil || a.Hi != nil {
		fit, err = r.keyRange(a, dst)
	} else {
		fit = anyMatch
	}
	if err == nil && fit == anyMatch {
		*dst = access{points: dst.points[:0], ranges: wholeTable}
		if a.Ordered { // its order is what is asked for
			dst.index = a.Index
		}
	}
	return err
}

// handed makes the access by the keys that a join has handed over.
func handed(n *plan.Scan, keys []string, dst *access) {
	*dst = access{points: dst.points[:0], index: n.Keys.Index, handed: true}
	if n.Keys.Whole() && n.Parts == nil {
		dst.points = append(dst.points, keys...)
		return
	}
	dst.ranges = make([]keyRange, len(keys))
	for i, key := range keys {
		dst.ranges[i] = keyRange{key, base.PrefixEnd(key)}
	}
}

type resolver struct {
	ec    *Context
	table *catalog.Table
	parts []catalog.KeyPart
	// row holds the constants of a point by column, and scan is the scan, where the point's partition is to be told.
	row  []base.Value
	scan *plan.Scan
}

// fitness says what constants that a key is to be equal to are worth.
type fitness uint8

const (
	exactKey fitness = iota // the key to look for
	noMatch                 // no row can be equal
	anyMatch                // the key does not tell: every row has to be compared
)

// bound evaluates the constant that key column i is compared with. null says that no comparison with it is TRUE.
func (r *resolver) bound(e expr.Expr, i int) (b expr.KeyBound, null bool, err error) {
	v, err := expr.Scalar(r.ec.Expr, e)
	if err != nil || v.IsNull() {
		return expr.KeyBound{}, true, err
	}
	if i >= len(r.parts) || r.parts[i].Prefix > 0 {
		return expr.KeyBound{}, false, nil
	}
	return r.place(v, e.Type(), i), false, nil
}

// place finds the place of v, a value of type t, among the values of key column i.
func (r *resolver) place(v base.Value, t base.Type, i int) expr.KeyBound {
	col := &r.table.Columns[r.table.ColumnByID(r.parts[i].Column)]
	b := expr.KeyBoundOf(v, t, col.Type)
	if r.row != nil {
		r.row[r.table.ColumnByID(r.parts[i].Column)] = b.Near
	}
	b.Near = catalog.KeyValue(col.Type, b.Near)
	return b
}

// prefix appends the encoding of constants for the first key columns.
func (r *resolver) prefix(buf []byte, exprs []expr.Expr) ([]byte, fitness, error) {
	fit := exactKey
	for i, e := range exprs {
		b, null, err := r.bound(e, i)
		switch {
		case err != nil:
			return nil, noMatch, err
		case null || b.OK && b.Side != 0:
			fit = noMatch
		case !b.OK && fit == exactKey:
			fit = anyMatch
		}
		if fit == exactKey {
			buf = base.AppendKey(buf, b.Near)
		}
	}
	return buf, fit, nil
}

// points makes the keys of an access by points, each once and in order.
func (r *resolver) points(a *plan.Access, dst *access) (fitness, error) {
	var buf [96]byte
	for _, pt := range a.Points {
		key, fit, err := r.prefix(buf[:0], pt)
		if err != nil || fit == anyMatch {
			return fit, err
		}
		if fit == noMatch {
			continue
		}
		if (a.Index == nil || a.Index.Unique) && len(pt) == len(r.parts) {
			if r.row != nil {
				home := partOf(r.ec, r.scan, r.row)
				if home == nil {
					continue
				}
				dst.homes = append(dst.homes, home)
			}
			dst.points = append(dst.points, string(key))
		} else {
			dst.ranges = append(dst.ranges, keyRange{string(key), base.PrefixEnd(string(key))})
		}
	}
	if len(dst.points) > 1 {
		dst.sortPoints()
	}
	if len(dst.ranges) > 1 {
		slices.SortFunc(dst.ranges, func(x, y keyRange) int {
			if x.lo < y.lo {
				return -1
			} else if x.lo > y.lo {
				return 1
			}
			return 0
		})
		dst.ranges = slices.Compact(dst.ranges)
	}
	return exactKey, nil
}

// sortPoints sorts the points and drops those that are there twice. Equal keys are in the same partition.
func (a *access) sortPoints() {
	if a.homes == nil {
		slices.Sort(a.points)
		a.points = slices.Compact(a.points)
		return
	}
	homes := make(map[string]*catalog.Table, len(a.points))
	for i, key := range a.points {
		homes[key] = a.homes[i]
	}
	slices.Sort(a.points)
	a.points = slices.Compact(a.points)
	a.homes = a.homes[:0]
	for _, key := range a.points {
		a.homes = append(a.homes, homes[key])
	}
}

// keyRange makes the range of an access by leading columns and bounds.
func (r *resolver) keyRange(a *plan.Access, dst *access) (fitness, error) {
	var buf [96]byte
	prefix, fit, err := r.prefix(buf[:0], a.Eq)
	if err != nil || fit != exactKey {
		return fit, err
	}
	rng := keyRange{string(prefix), base.PrefixEnd(string(prefix))}
	if ok, err := r.bounds(a, prefix, &rng); err != nil || !ok {
		return noMatch, err
	}
	if rng.hi == "" || rng.lo < rng.hi {
		dst.ranges = append(dst.ranges, rng)
	}
	return exactKey, nil
}

// bounds narrows a range that starts with prefix; ok is false when a bound is NULL, which no value is above or below.
func (r *resolver) bounds(a *plan.Access, prefix []byte, rng *keyRange) (ok bool, err error) {
	next := len(a.Eq)
	if a.Lo != nil {
		b, null, err := r.bound(a.Lo, next)
		if err != nil || null {
			return false, err
		}
		if b.OK {
			rng.lo = string(base.AppendKey(prefix, b.Near))
			if b.Side > 0 || b.Side == 0 && a.LoOpen {
				rng.lo = base.PrefixEnd(rng.lo)
			}
		}
	}
	if a.Hi != nil {
		b, null, err := r.bound(a.Hi, next)
		if err != nil || null {
			return false, err
		}
		if b.OK {
			rng.hi = string(base.AppendKey(prefix, b.Near))
			if b.Side > 0 || b.Side == 0 && !a.HiOpen {
				rng.hi = base.PrefixEnd(rng.hi)
			}
		}
		if a.Lo == nil { // NULL sorts below every value and is below none
			rng.lo = base.PrefixEnd(string(base.AppendKey(prefix, base.Value{})))
		}
	}
	return true, nil
}
