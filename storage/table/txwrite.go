package table

import (
	"cmp"
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/commitlog"
)

// ownTable is a table that a transaction has written.
type ownTable struct {
	base    *version // what lies under the writes: the snapshot's version, or nothing once dropped
	writes  *tree    // last write of each key
	dropped bool
	autoInc uint64
	stamp   int // Tx.writes at the last change
	// pending are the writes that merged does not have yet. Point reads look into writes, so a transaction that does
	// not scan what it wrote never pays for merged.
	pending []*entry
	merged  *version
	edit    *edit                // what changes in the table's segments; nil nothing
	mem     int                  // bytes of keys and rows in writes, about
	spills  []*spill             // rows that are being written to segments, which neither base nor writes has
	bulk    []*seg               // segments of base that the transaction has written
	kill    []killing            // rows of others that it has replaced or deleted there
	covers  []commitlog.KeyRange // where keys of bulk and kill lie
	private *counter             // of a dropped table: what it hands out concerns nobody before the commit
	few     bool                 // rowsMax is what version.rowsMax becomes
	rowsMax int
	bumped  bool // an explicit value has to be recorded even without rows
}

// view returns base under the writes, as a version that later writes do not touch.
func (o *ownTable) view() *version {
	if o.merged == nil {
		o.merged, o.pending = o.base, o.pending[:0]
		collect := func(e *entry) bool {
			o.pending = append(o.pending, e)
			return true
		}
		for _, s := range o.spills {
			s.rows.ascend("", collect)
		}
		o.writes.ascend("", collect)
	}
	if len(o.pending) > 0 {
		ed := o.merged.edit()
		for _, e := range o.pending {
			if s := o.inSpills(e.key); s != nil && s.hides != e.hides { // it hides a row that is being written, and is an entry here
				e = e.over(s)
			}
			ed.set(e)
		}
		o.merged, o.pending = ed.v, o.pending[:0]
	}
	return o.merged
}

func (o *ownTable) set(e *entry) {
	o.writes.set(e)
	if o.merged != nil {
		o.pending = append(o.pending, e)
	}
}

// Insert writes the row of a key that has none, which the caller knows.
// Cost: none.
// Errors: ReadOnlyTx, Closed.
func (tx *Tx) Insert(table uint32, key, row string) error {
	return tx.set(table, &entry{key: key, row: row}, false)
}

// Update replaces the row of a key that has one, which the caller knows.
// Cost: none.
// Errors: ReadOnlyTx, Closed.
func (tx *Tx) Update(table uint32, key, row string) error {
	return tx.set(table, &entry{key: key, row: row}, true)
}

// Delete removes the row of a key that has one, which the caller knows. In a table whose rows are all in memory it need not.
// Cost: none.
// Errors: ReadOnlyTx, Closed.
func (tx *Tx) Delete(table uint32, key string) error {
	return tx.set(table, &entry{key: key, dead: true}, true)
}

// Put is Insert or Update, whichever fits. The rows of the table are all in memory, as those of the reserved tables are.
// Cost: none.
// Errors: ReadOnlyTx, Closed, Internal (the table has segments).
func (tx *Tx) Put(table uint32, key, row string) error {
	o, err := tx.touch(table)
	if err != nil {
		return err
	}
	if o.base.segs.covers(key) {
		return base.Errorf(errno.Unknown, "a row of table %d is written without a look at its segments", table)
	}
	return tx.set(table, &entry{key: key, row: row}, false)
}

// set notes a write. had says whether the caller knows a row of the key; what is in memory knows better.
func (tx *Tx) set(table uint32, e *entry, had bool) error {
	o, err := tx.write(table)
	if err != nil {
		return err
	}
	if old := o.writes.get(e.key); old != nil {
		e.fresh, e.hides = old.fresh, old.hides
		o.mem -= len(old.key) + len(old.row)
		tx.mem -= len(old.key) + len(old.row)
	} else if s := o.inSpills(e.key); s != nil {
		e.fresh, e.hides = s.dead, !s.dead
	} else {
		has, hides := o.base.knows(e.key, had)
		if e.dead && !has && !hides {
			return nil // there is nothing to remove
		}
		e.fresh, e.hides = !has, hides
	}
	o.set(e)
	o.mem += len(e.key) + len(e.row)
	tx.mem += len(e.key) + len(e.row)
	return nil
}

// DropTable removes all rows of a table and its AUTO_INCREMENT mark. It conflicts with every concurrent write of the
// table, whichever commits first.
// Errors: ReadOnlyTx, Closed.
func (tx *Tx) DropTable(table uint32) error {
	o, err := tx.write(table)
	if err != nil {
		return err
	}
	tx.mem -= o.mem
	*o = ownTable{base: noTable, writes: newTree(), dropped: true, stamp: o.stamp, few: o.few, rowsMax: o.rowsMax}
	return nil
}

// write returns the own table to write to, and counts the write.
func (tx *Tx) write(table uint32) (*ownTable, error) {
	o, err := tx.touch(table)
	if err == nil {
		tx.writes++
		o.stamp = tx.writes
	}
	return o, err
}

// touch returns the own table.
func (tx *Tx) touch(table uint32) (*ownTable, error) {
	switch {
	case tx.done:
		return nil, errEnded()
	case table >= LocalFirst: // a transaction that may not write may write these
	case tx.opts.ReadOnly:
		return nil, base.Errorf(errno.ReadOnlyTx, "the transaction is read-only")
	case tx.db.opts.ReadOnly:
		return nil, base.Errorf(errno.OptionPrevents, "the database was opened read-only")
	}
	o := tx.own[table]
	if o == nil {
		o = &ownTable{base: tx.table(table), writes: newTree()}
		if tx.own == nil {
			tx.own = make(map[uint32]*ownTable, 2)
		}
		tx.own[table] = o
	}
	return o, nil
}

// AutoInc returns the AUTO_INCREMENT high-water mark of the table: the transaction's own, or what its snapshot holds.
func (tx *Tx) AutoInc(table uint32) uint64 {
	o := tx.own[table]
	if o == nil {
		return tx.table(table).autoInc
	}
	return max(o.base.autoInc, o.autoInc)
}

// NextAutoInc reserves n ≥ 1 consecutive AUTO_INCREMENT values for the transaction and returns the first. Values of a
// transaction that does not commit are not handed out again by this process.
// Cost: none: the reservation is part of the commit record.
// Errors: ReadOnlyTx, Closed, OutOfRange (the counter is at its end).
func (tx *Tx) NextAutoInc(table uint32, n int) (first uint64, err error) {
	o, err := tx.touch(table)
	if err != nil {
		return 0, err
	}
	tx.db.mu.Lock()
	defer tx.db.mu.Unlock()
	c, mark := tx.counterLocked(table, o)
	if max(c.next, mark) > autoIncMax {
		return 0, base.Errorf(errno.OutOfRange, "the AUTO_INCREMENT values of table %d are used up", table)
	}
	first, carry := c.take(uint64(max(n, 1)), mark)
	o.autoInc = max(o.autoInc, carry)
	return first, nil
}

// BumpAutoInc makes later AUTO_INCREMENT values greater than v, which a statement has given explicitly.
// Errors: ReadOnlyTx, Closed.
func (tx *Tx) BumpAutoInc(table uint32, v uint64) error {
	o, err := tx.touch(table)
	if err != nil {
		return err
	}
	tx.db.mu.Lock()
	defer tx.db.mu.Unlock()
	if c, mark := tx.counterLocked(table, o); v > mark {
		o.autoInc, o.bumped = max(o.autoInc, c.bump(v, mark)), true
	}
	return nil
}

// Savepoint is a point within a transaction that RollbackTo returns to.
type Savepoint struct {
	tables map[uint32]ownTable
}

// Savepoint notes the writes so far. Cost in time: constant per table written.
func (tx *Tx) Savepoint() *Savepoint {
	sp := &Savepoint{tables: make(map[uint32]ownTable, len(tx.own))}
	for id, o := range tx.own {
		sp.tables[id] = o.copy()
	}
	return sp
}

// copy returns an own table that shares nothing mutable with o.
func (o *ownTable) copy() ownTable {
	c := *o
	c.writes = o.writes.clone()
	c.pending = nil
	if o.merged != nil {
		c.merged = o.view()
	}
	return c
}

// RollbackTo undoes the writes made since sp, which stays valid. Reads and AUTO_INCREMENT values are not undone.
// Errors: Closed.
func (tx *Tx) RollbackTo(sp *Savepoint) error {
	if tx.done {
		return errEnded()
	}
	for id, o := range tx.own {
		saved, ok := sp.tables[id]
		if !ok {
			saved = ownTable{base: tx.table(id), writes: newTree()}
		}
		back := saved.copy()
		tx.writes++
		back.stamp = tx.writes
		tx.mem += back.mem - o.mem
		if !o.dropped || back.dropped {
			back.autoInc = max(back.autoInc, o.autoInc)
		}
		*o = back
	}
	return nil
}

// txn returns the transaction as the log takes it, tables and keys ascending.
func (tx *Tx) txn() *commitlog.Txn {
	t := &commitlog.Txn{Snapshot: tx.st.seq}
	var reserved []commitlog.TableWrite // values of counters whose rows, if any, are in other tables
	for id, o := range tx.own {
		if id >= LocalFirst {
			continue
		}
		w := commitlog.TableWrite{Table: id, AutoInc: o.autoInc, Drop: o.dropped}
		switch {
		case o.edit != nil:
			w.Edit = encodeEdit(o.edit)
		case len(o.covers) > 0:
			o.bulkWrite(&w)
			t.Reads = append(t.Reads, w.Covers...)
		case o.few:
			w.Edit = encodeEdit(&edit{born: o.base.born, bulk: true, few: true, rowsMax: o.rowsMax})
		}
		if n := o.writes.len(); n > 0 {
			w.Ops = make([]commitlog.Op, 0, n)
			o.writes.ascend("", func(e *entry) bool {
				if !e.void() {
					w.Ops = append(w.Ops, commitlog.Op{Delete: e.dead, Fresh: e.fresh && !e.dead, Key: e.key, Row: e.row})
				}
				return true
			})
		}
		if len(w.Ops) == 0 && !w.Drop && !o.bumped && w.Edit == "" {
			if w.AutoInc > 0 {
				reserved = append(reserved, w)
			}
			continue
		}
		t.Tables = append(t.Tables, w)
	}
	if len(t.Tables) > 0 { // else the values were reserved for rows that were never written
		t.Tables = append(t.Tables, reserved...)
		t.Reads = append(t.Reads, tx.reads()...)
	}
	slices.SortFunc(t.Tables, func(a, b commitlog.TableWrite) int { return cmp.Compare(a.Table, b.Table) })
	return t
}
