package sqlengine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/plugins/replication/worker"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// flowRows makes rows, as SQL sees them, of what a feed yields.
type flowRows struct {
	e     *Engine
	ec    *expr.Context
	cache catalog.Cache // of the feed's catalogs, which are not those of sessions
}

// newFlowRows returns one with a session of its own for transforms.
func (e *Engine) newFlowRows(ctx context.Context) *flowRows {
	ec := e.ownRun(ctx).exprContext(nil)
	ec.DivByZeroError = true // as in an INSERT … SELECT under strict mode
	return &flowRows{e: e, ec: ec}
}

// flowChange is the change of a row of a table: as its descriptor after the commit has it.
type flowChange struct {
	table    *catalog.Table
	key      string
	old, now []base.Value // nil: there is none
}

// homes are the tables that hold, or held, the rows of a table.
type homes struct {
	before, after *catalog.Table
	ids           []uint32
}

// homesOf returns those of t that a commit has written.
func homesOf(c *table.FeedCommit, was, t *catalog.Table) *homes {
	h := &homes{before: was, after: t}
	if was == nil {
		h.before = t
	}
	written := c.Tables()
	all := t.RowTables()
	if was != nil {
		all = append(slices.Clone(all), was.RowTables()...)
	}
	for _, id := range all {
		if _, ok := slices.BinarySearch(written, id); ok && !slices.Contains(h.ids, id) {
			h.ids = append(h.ids, id)
		}
	}
	return h
}

// changes calls fn with the changes of a table: those that delete, or the others.
func (f *flowRows) changes(ctx context.Context, c *table.FeedCommit, h *homes, deletes bool, fn func(*flowChange) error) error {
	for _, id := range h.ids {
		err := c.Changes(ctx, id, func(x table.RowChange) error {
			if x.Has == deletes {
				return nil
			}
			ch := &flowChange{table: h.after, key: x.Key}
			if len(h.ids) > 1 { // an UPDATE may have moved the row from one to the other
				moved, err := f.moved(ctx, c, h, id, &x)
				if err != nil || moved && deletes {
					return err
				}
			}
			var err error
			if x.Had {
				if ch.old, err = f.row(h.before, x.Old); err == nil {
					ch.old = aligned(h.before, h.after, ch.old)
				}
			}
			if err == nil && x.Has {
				ch.now, err = f.row(h.after, x.New)
			}
			if err != nil || ch.old != nil && ch.now != nil && slices.Equal(ch.old, ch.now) {
				return err
			}
			return fn(ch)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// moved reports whether the row of a change is, or was, in another part of its table as well.
func (f *flowRows) moved(ctx context.Context, c *table.FeedCommit, h *homes, id uint32, x *table.RowChange) (bool, error) {
	tx := c.Before()
	if !x.Has {
		tx = c.After()
	} else if x.Had {
		return false, nil
	}
	for _, other := range h.ids {
		if other == id {
			continue
		}
		row, ok, err := tx.Get(ctx, other, x.Key)
		if err != nil {
			return false, err
		}
		if ok && x.Has {
			x.Old, x.Had = row, true
		}
		if ok {
			return true, nil
		}
	}
	return false, nil
}

// row decodes a stored row.
func (f *flowRows) row(t *catalog.Table, enc string) ([]base.Value, error) {
	row, err := catalog.DecodeRow(t, enc, f.e.key)
	if err == nil && t.HasVirtual() {
		rules, rerr := f.e.tableRules(t)
		if rerr != nil {
			return nil, rerr
		}
		err = f.derive(t, rules, row)
	}
	return row, err
}

// derive computes the virtual columns of a row.
func (f *flowRows) derive(t *catalog.Table, rules *plan.Rules, row []base.Value) error {
	for _, a := range rules.Generated {
		c := &t.Columns[a.Column]
		if !c.Virtual() {
			continue
		}
		v, err := a.Value.Eval(f.ec, flowBatch(t, row))
		if err == nil {
			row[a.Column], _, err = expr.Assign(v.Value(0), c.Type, true, c.Name, 1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// aligned returns a row of a table's descriptor as another one of it has the columns.
func aligned(was, t *catalog.Table, row []base.Value) []base.Value {
	if was == t || was.Version == t.Version && was.ID == t.ID {
		return row
	}
	out := make([]base.Value, len(t.Columns))
	for i := range t.Columns {
		k := was.ColumnByID(t.Columns[i].ID)
		switch {
		case k < 0 && t.Columns[i].Initial != nil:
			out[i] = t.Columns[i].Initial.Value
		case k < 0:
		case was.Columns[k].Type.Class() == t.Columns[i].Type.Class():
			out[i] = row[k]
		default: // a value that the new type does not have is NULL here
			if v, err := convert.To(row[k], was.Columns[k].Type, t.Columns[i].Type, nil); err == nil {
				out[i] = v
			}
		}
	}
	return out
}

// items yields the items of a commit: what is deleted first, from the last table to the first, then the rest: tables are mostly made
// before those that refer to them.
func (f *flowSource) items(ctx context.Context, c *table.FeedCommit, fn func(*worker.Item) error) error {
	routes := f.routes
	was, err := f.rows.cache.Load(ctx, c.Before())
	if err != nil {
		return err
	}
	for _, deletes := range []bool{true, false} {
		for i := range routes {
			r := routes[i]
			if deletes {
				r = routes[len(routes)-1-i]
			}
			if !firstOf(routes, r) {
				continue
			}
			h := homesOf(c, was.ByID(r.table.ID), r.table)
			err := f.rows.changes(ctx, c, h, deletes, func(x *flowChange) error {
				for _, way := range routes {
					if way.table != r.table {
						continue
					}
					if it := f.item(c, way, x); it != nil {
						if err := fn(it); err != nil {
							return err
						}
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// firstOf reports whether r is the first route of its table.
func firstOf(routes []*route, r *route) bool {
	i := slices.IndexFunc(routes, func(x *route) bool { return x.table == r.table })
	return routes[i] == r
}

// item makes the item of a change on one way; nil: it is not for it.
func (f *flowSource) item(c *table.FeedCommit, r *route, x *flowChange) *worker.Item {
	op := replication.Update
	switch {
	case x.old == nil:
		op = replication.Insert
	case x.now == nil:
		op = replication.Delete
	}
	if !r.item.Operation(strings.ToUpper(string(op))) {
		return nil
	}
	it := f.newItem(r, x, op, c.Seq())
	it.Time = c.Time()
	row := x.now
	if row == nil {
		row = x.old
	}
	facts := []base.Value{base.NewString(string(op)), changedFields(x), base.NewUint(c.Seq()), base.NewDateTime(c.Time().UnixMicro())}
	f.fill(it, r, row, x.old, facts)
	if it.Err == nil && it.Data == nil {
		return nil
	}
	if r.keyless() && op != replication.Insert && it.Err == nil {
		it.Err = base.Errorf(errno.NotSupported, "table %s has no primary key by which the row could be found in %s", r.table.Name, r.dest.Name)
	}
	return it
}

// newItem is an item without data.
func (f *flowSource) newItem(r *route, x *flowChange, op replication.Operation, seq uint64) *worker.Item {
	sum := sha256.Sum256([]byte(x.key))
	it := &worker.Item{Key: x.key, Record: replication.Record{Destination: r.dest, Operation: op, Seq: seq,
		ID: fmt.Sprintf("%s-%d-%d-%d-%x", f.e.db.UUID(), seq, r.table.ID, r.at, sum[:8])}}
	row := x.now
	if row == nil {
		row = x.old
	}
	if id := recordID(r.table, row); id != nil {
		it.RecordID = *id
	}
	return it
}

// fill evaluates the transform.
func (f *flowSource) fill(it *worker.Item, r *route, row, old, facts []base.Value) {
	n := len(r.table.Columns)
	all := make([]base.Value, 2*n+len(facts))
	copy(all, row)
	copy(all[n:], old)
	copy(all[2*n:], facts)
	f.rows.ec.Now = f.e.now().UTC() // as of a statement of its own
	data, ok, err := r.evaluate(f.rows.ec, all)
	switch {
	case err != nil:
		it.Err = inTransform(r.table, err)
		return
	case !ok:
		return
	}
	it.Data = data
	if !f.before || old == nil {
		return
	}
	copy(all, old) // as the row was
	clear(all[n : 2*n])
	before, _, err := r.evaluate(f.rows.ec, all)
	if err == nil && before != nil {
		it.Before = before
	}
}

// quiet reports whether a commit has written nothing but the database's own accounts.
func (f *flowSource) quiet(c *table.FeedCommit) bool {
	for _, id := range c.Tables() {
		if t := f.cat.ByID(id); t == nil || !t.System {
			return false
		}
	}
	return true
}

// touches reports whether a commit has written a stored table of the schema system.
func (f *flowSource) touches(c *table.FeedCommit, name string) bool {
	t := f.cat.SystemTable(name)
	return t != nil && slices.Contains(c.Tables(), t.ID)
}

// changedFields are the names of the columns that an UPDATE has changed, as JSON; NULL for others.
func changedFields(x *flowChange) base.Value {
	if x.old == nil || x.now == nil {
		return base.Value{}
	}
	names := []any{}
	for i := range x.table.Columns {
		if c := &x.table.Columns[i]; !c.Hidden && x.old[i] != x.now[i] {
			names = append(names, c.Name)
		}
	}
	return base.NewJSON(*normalJSON(convert.FormatJSON(names)))
}
