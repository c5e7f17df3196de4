package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// computeVirtual replaces the virtual columns of a batch, which stored rows do not hold, by their values.
func computeVirtual(ec *Context, n *plan.Scan, b *vec.Batch) error {
	if len(n.Virtual) == 0 || b.N == 0 {
		return nil
	}
	b.Cols = append([]*vec.Vector(nil), b.Cols...) // the reader goes on with its own list
	for _, a := range n.Virtual {
		v, err := a.Value.Eval(ec.Expr, b)
		if err != nil {
			return err
		}
		col := &n.Table.Columns[n.Cols[a.Column]]
		out := vec.New(col.Type.Class(), col.Type.Scale, b.N)
		for i := range b.N {
			x, _, err := expr.Assign(v.Value(i), col.Type, false, col.Name, i+1)
			if err != nil {
				return err
			}
			out.Set(i, x)
		}
		b.Cols[a.Column] = out
	}
	return nil
}

// ruleSet returns the rules of the writer's table; nil when it has none.
func (w *writer) ruleSet() (*plan.Rules, error) {
	if w.rules == nil && !w.ruled {
		w.ruled = true
		if len(w.t.Checks) == 0 && !w.t.HasGenerated() && w.t.Partitioning == nil && w.t.TTL == "" || w.ec.Rules == nil {
			return nil, nil
		}
		r, err := w.ec.Rules(w.t)
		if err != nil {
			return nil, err
		}
		w.rules = r
	}
	return w.rules, nil
}

// derive computes the generated columns of a row.
func (w *writer) derive(row []base.Value, rowNo int) error {
	rules, err := w.ruleSet()
	if err != nil || rules == nil || len(rules.Generated) == 0 {
		return err
	}
	b := rowBatch(w.t, row)
	for _, a := range rules.Generated {
		v, err := a.Value.Eval(w.ec.Expr, b)
		if err != nil {
			return err
		}
		col := &w.t.Columns[a.Column]
		if row[a.Column], err = w.assign(v.Value(0), col, rowNo); err != nil {
			return err
		}
		setCell(b, a.Column, col, row[a.Column])
	}
	return nil
}

// setCell replaces a column of a batch of one row.
func setCell(b *vec.Batch, i int, col *catalog.Column, v base.Value) {
	b.Cols[i] = vec.New(col.Type.Class(), col.Type.Scale, 1)
	b.Cols[i].Set(0, v)
}

// check evaluates the CHECK constraints over a row: one that is FALSE refuses it, a NULL does not.
//
// Errors: 3819.
func (w *writer) check(row []base.Value) error {
	rules, err := w.ruleSet()
	if err != nil || rules == nil || len(rules.Checks) == 0 {
		return err
	}
	b := rowBatch(w.t, row)
	for _, c := range rules.Checks {
		broken, err := expr.Filter(w.ec.Expr, c.Broken, b, nil)
		if err != nil {
			return err
		}
		if len(broken) > 0 {
			return base.Errorf(errno.CheckViolated, "Check constraint '%s' is violated.", c.Name)
		}
	}
	return nil
}

// checkShown refuses a row of the table that the view through which it is written would not show.
//
// Errors: 1369.
func (w *writer) checkShown(row []base.Value) error {
	if w.view == nil {
		return nil
	}
	return w.checkView(w.view, rowBatch(w.t, row))
}

func (w *writer) checkView(c *plan.ViewCheck, row *vec.Batch) error {
	shown, err := expr.Filter(w.ec.Expr, c.Holds, row, nil)
	if err == nil && len(shown) == 0 {
		err = base.Errorf(errno.ViewCheckFailed, "CHECK OPTION failed '%s'", c.View)
	}
	return err
}

// rowBatch makes a batch of one row of t.
func rowBatch(t *catalog.Table, row []base.Value) *vec.Batch {
	b := &vec.Batch{N: 1, Cols: make([]*vec.Vector, len(row))}
	for i, v := range row {
		setCell(b, i, &t.Columns[i], v)
	}
	return b
}
