package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// joinTarget is one of the tables that a statement over several changes.
type joinTarget struct {
	*writer
	first    int
	check    *plan.ViewCheck // over joined rows
	seen     map[string]bool // primary keys of the rows met
	assigned []bool
	changes  []change       // of an UPDATE
	rows     [][]base.Value // of a DELETE
	again    bool           // a target before this one is the same table
}

func newTargets(ec *Context, tx *table.Tx, list []plan.Target, ignore bool) []*joinTarget {
	out := make([]*joinTarget, len(list))
	for i, t := range list {
		out[i] = &joinTarget{writer: newWriter(ec, tx, t.Table, ignore), first: t.First, check: t.Check, seen: map[string]bool{},
			assigned: make([]bool, len(t.Table.Columns))}
		out[i].fam, out[i].named = out[0].fam, t.Named
		for _, before := range list[:i] {
			out[i].again = out[i].again || before.Table == t.Table
		}
	}
	return out
}

// part returns the target's columns of a joined row.
func (t *joinTarget) part(row []base.Value) []base.Value {
	return row[t.first : t.first+len(t.t.Columns) : t.first+len(t.t.Columns)]
}

// meet reports whether the joined row has a row of the target, which no joined row before it had.
func (t *joinTarget) meet(row []base.Value) bool {
	key, outer := catalog.EncodeKey(t.t, t.t.Primary, t.part(row))
	if outer || t.seen[key] { // no part of a primary key is NULL, but where an outer join found no row
		return false
	}
	t.seen[key] = true
	return true
}

// MultiUpdate runs an UPDATE of several tables in tx. It finds and computes all rows before it writes the first.
//
// Errors: as Insert.
func MultiUpdate(ec *Context, tx *table.Tx, n *plan.MultiUpdate) (Outcome, error) {
	var out Outcome
	op, err := Build(n.Source, ec)
	if err != nil {
		return out, err
	}
	targets := newTargets(ec, tx, n.Targets, n.Ignore)
	s := &setter{ec: ec, schema: n.Source.Schema()}
	for _, a := range n.Set {
		for i, t := range targets {
			if a.Column >= t.first && a.Column < t.first+len(t.t.Columns) {
				s.add(t.writer, i, t.first, a)
				t.assigned[a.Column-t.first] = true
			}
		}
	}
	acc := account{ec: ec}
	defer acc.free()
	err = eachBatch(op, func(b *vec.Batch) error { return changeTargets(s, b, targets, &acc) })
	if err != nil {
		return out, err
	}
	for _, t := range targets {
		if err := t.applyAll(); err != nil {
			return out, err
		}
		out.Affected += t.out.Affected
		out.Matched += t.out.Matched
	}
	return out, nil
}

// changeTargets computes what a batch of joined rows does to the targets.
func changeTargets(s *setter, b *vec.Batch, targets []*joinTarget, acc *account) error {
	if err := s.ec.Ctx.Err(); err != nil {
		return err
	}
	found := appendRows(nil, b)
	live := make([][]bool, len(targets))
	for i, t := range targets {
		live[i] = make([]bool, len(found))
		for k, row := range found {
			live[i][k] = t.meet(row)
		}
	}
	first := s.rowNo
	olds, news, err := s.batch(b, live)
	if err != nil {
		return err
	}
	var bytes int64
	for i, t := range targets {
		for k := range olds {
			if !live[i][k] {
				continue
			}
			t.out.Matched++
			c := change{t.part(olds[k]), t.part(news[k])}
			changed, err := t.touched(c.old, c.row, t.assigned, first+k+1)
			if err != nil {
				return err
			}
			if changed {
				if err := t.checkJoined(s.schema, news[k]); err != nil {
					if err = t.ignored(err); err != nil {
						return err
					}
					continue
				}
				t.changes = append(t.changes, c)
				bytes += 2 * rowBytes(olds[k])
			}
		}
	}
	return acc.grow(bytes)
}

// checkJoined checks a joined row as it becomes against the view that the target is changed through.
func (t *joinTarget) checkJoined(schema []plan.Column, row []base.Value) error {
	if t.check == nil {
		return nil
	}
	b, err := oneRow(schema, row)
	if err != nil {
		return err
	}
	return t.checkView(t.check, b)
}

func (t *joinTarget) applyAll() error {
	if t.again { // the rows are as the target before has left them
		t.fam.touched[t.t.ID] = true
	}
	for i, c := range t.changes {
		if i&1023 == 0 {
			if err := t.ec.Ctx.Err(); err != nil {
				return err
			}
		}
		if err := t.apply(c, t.assigned); err != nil {
			return err
		}
	}
	return nil
}

// MultiDelete runs a DELETE from several tables in tx.
//
// Errors: those of tx and of evaluating the condition.
func MultiDelete(ec *Context, tx *table.Tx, n *plan.MultiDelete) (Outcome, error) {
	var out Outcome
	op, err := Build(n.Source, ec)
	if err != nil {
		return out, err
	}
	targets := newTargets(ec, tx, n.Targets, n.Ignore)
	for _, t := range targets {
		for _, before := range targets {
			if t.again && before.t == t.t { // of two aliases of a table, a row that both have is deleted once
				t.seen = before.seen
				break
			}
		}
	}
	acc := account{ec: ec}
	defer acc.free()
	err = eachBatch(op, func(b *vec.Batch) error {
		if err := ec.Ctx.Err(); err != nil {
			return err
		}
		var bytes int64
		for _, row := range appendRows(nil, b) {
			for _, t := range targets {
				if t.meet(row) {
					t.rows = append(t.rows, t.part(row))
					bytes += rowBytes(t.part(row))
				}
			}
		}
		return acc.grow(bytes)
	})
	if err != nil {
		return out, err
	}
	for _, t := range childrenFirst(targets) {
		if err := t.deleteRows(t.rows); err != nil {
			return out, err
		}
		out.Affected += t.out.Affected
	}
	return out, nil
}

// childrenFirst orders targets so that a row goes before those it references.
func childrenFirst(list []*joinTarget) []*joinTarget {
	out := append([]*joinTarget(nil), list...)
	for i := range out { // at most so many rounds, lest a cycle of references never ends
		for k := i + 1; k < len(out); k++ {
			if out[k].references(out[i].t) && !out[i].references(out[k].t) {
				out[i], out[k] = out[k], out[i]
			}
		}
	}
	return out
}

func (w *writer) references(t *catalog.Table) bool {
	for i := range w.t.ForeignKeys {
		if w.ec.Catalog != nil && w.ec.Catalog.Table(w.t.ForeignKeys[i].Parent) == t {
			return true
		}
	}
	return false
}
