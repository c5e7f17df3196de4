package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// returner collects the rows that a RETURNING clause is over.
type returner struct {
	plan *plan.Returning
	held heldRows
	acc  account
}

func newReturner(ec *Context, t *catalog.Table, r *plan.Returning) *returner {
	if r == nil {
		return nil
	}
	return &returner{plan: r, held: heldRows{schema: tableSchema(t)}, acc: account{ec: ec}}
}

// tableSchema describes rows of all columns of a table.
func tableSchema(t *catalog.Table) []plan.Column {
	out := make([]plan.Column, len(t.Columns))
	for i := range t.Columns {
		out[i] = plan.Column{Name: t.Columns[i].Name, Type: t.Columns[i].Type}
	}
	return out
}

// add takes a row, which is not changed afterwards.
func (r *returner) add(row []base.Value) error {
	if r == nil {
		return nil
	}
	r.held.rows = append(r.held.rows, row)
	return r.acc.grow(rowBytes(row))
}

// finish evaluates the list over the rows, in the state that the statement leaves.
func (r *returner) finish(out *Outcome) error {
	if r == nil {
		return nil
	}
	defer r.acc.free()
	op, err := Build(&plan.Project{Input: &r.held, Exprs: r.plan.Exprs, Out: r.plan.Out}, r.acc.ec)
	if err != nil {
		return err
	}
	out.Returned, err = collect(op, &r.acc)
	return err
}

// heldRows is a plan node over rows that are ready.
type heldRows struct {
	schema []plan.Column
	rows   [][]base.Value
}

// Schema returns the columns of the rows.
func (h *heldRows) Schema() []plan.Column { return h.schema }

// Children returns nil.
func (h *heldRows) Children() []plan.Node { return nil }

// Operator returns an operator that yields the rows.
func (h *heldRows) Operator(ec *Context) (Operator, error) {
	return &rowsOp{ec: ec, schema: h.schema, rows: h.rows}, nil
}

var _ Source = (*heldRows)(nil)
