package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// expired reports whether a row of the writer's table is past its time: nobody sees it, and it waits to be removed.
func (w *writer) expired(row []base.Value) (bool, error) {
	rules, err := w.ruleSet()
	if err != nil || rules == nil || rules.Expired == nil {
		return false, err
	}
	past, err := expr.Filter(w.ec.Expr, rules.Expired, rowBatch(w.t, row), nil)
	return len(past) > 0, err
}

// bury removes the row that a new one conflicts with if it is past its time, and reports whether it was.
func (w *writer) bury(c *conflict) (bool, error) {
	if w.t.TTL == "" {
		return false, nil
	}
	row, err := w.read(c)
	if err != nil {
		return false, err
	}
	gone, err := w.expired(row)
	if err != nil || !gone {
		return false, err
	}
	return true, w.removeRow(c.pk, row)
}

// livingChild reports whether a row of a child with a ttl references values and is not past its time.
func (w *writer) livingChild(c *childKey, values []base.Value) (bool, error) {
	found, err := w.keys(&c.lookup, c.lookup.key(values), false)
	if err != nil {
		return false, err
	}
	cw := w.fam.writer(w, c.child)
	for _, key := range found {
		_, row, ok, err := cw.child(c, key)
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		if gone, err := cw.expired(row); err != nil || !gone {
			return !gone, err
		}
	}
	return false, nil
}
