package table

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/btree"

	"github.com/s3sql/s3sql/storage/commitlog"
)

// FeedCommit is a commit record as a Feed hands it out.
type FeedCommit struct {
	db            *DB
	rec           *commitlog.Record
	before, after *state
}

// RowChange is what a commit has done to a row: one that was there is gone or another, or one has come.
type RowChange struct {
	Key      string
	Old, New string // the row before and after; equal rows may be encoded otherwise
	Had, Has bool   // whether there is one
}

// changesRun is how many changes are looked up at a time.
const changesRun = 1024

// Seq returns the number of the commit.
func (c *FeedCommit) Seq() uint64 { return c.rec.Seq }

// Time returns the commit time.
func (c *FeedCommit) Time() time.Time { return c.rec.Time() }

// Before returns a transaction that reads the tables as they were before the commit. It needs no end.
func (c *FeedCommit) Before() *Tx { return c.db.at(c.before) }

// After returns one that reads them as they are after it.
func (c *FeedCommit) After() *Tx { return c.db.at(c.after) }

// Tables returns the tables whose rows, or segments, the commit has written, ascending.
func (c *FeedCommit) Tables() (ids []uint32) {
	for _, t := range c.rec.Txns {
		for i := range t.Tables {
			if w := &t.Tables[i]; len(w.Ops) > 0 || w.Drop || w.Edit != "" {
				ids = append(ids, w.Table)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Changes calls fn with the changes of a table's rows, each row once, in the order of the transactions of the commit. A row that was written
// as it had been is no change.
// Cost: none for rows in memory or in a cache; else that of reading them, 1,024 at a time.
// Errors: those of Tx.GetMany; SnapshotTooOld (a segment is older than the retention); what fn returns.
func (c *FeedCommit) Changes(ctx context.Context, table uint32, fn func(RowChange) error) error {
	for _, t := range c.rec.Txns {
		for i := range t.Tables {
			w := &t.Tables[i]
			if w.Table != table {
				continue
			}
			if err := c.changes(ctx, w, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *FeedCommit) changes(ctx context.Context, w *commitlog.TableWrite, fn func(RowChange) error) error {
	if w.Drop {
		return c.replaced(ctx, w.Table, fn)
	}
	before := c.Before()
	if w.Edit != "" {
		e, err := decodeEdit(commitlog.Key(c.rec.Seq), w.Table, w.Edit)
		if err != nil {
			return err
		}
		if e.bulk {
			if err := c.bulk(ctx, w, e, before, fn); err != nil {
				return err
			}
		}
	}
	run := newLookup(before, w.Table, fn)
	for i := range w.Ops { // ascending, and one of each key: see Tx.txn
		op := &w.Ops[i]
		if err := run.add(ctx, RowChange{Key: op.Key, New: op.Row, Has: !op.Delete}); err != nil {
			return err
		}
	}
	return run.flush(ctx)
}

// replaced yields the differences between what an emptied table had and what it has now: nobody else writes such a table in the same
// record.
func (c *FeedCommit) replaced(ctx context.Context, table uint32, fn func(RowChange) error) error {
	before, after := c.Before(), c.After()
	var keys []string
	flush := func() error {
		err := gone(ctx, table, keys, after, before, fn)
		keys = keys[:0]
		return err
	}
	err := before.eachRow(ctx, table, func(key, _ string) error {
		if keys = append(keys, key); len(keys) < changesRun {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	run := newLookup(before, table, fn)
	if err := after.eachRow(ctx, table, func(key, row string) error { return run.add(ctx, RowChange{Key: key, New: row, Has: true}) }); err != nil {
		return err
	}
	return run.flush(ctx)
}

// eachRow calls fn with the rows of a table.
func (tx *Tx) eachRow(ctx context.Context, table uint32, fn func(key, row string) error) error {
	r := tx.OpenRange(table, "", "", false)
	for more := true; more; {
		var failed, err error
		more, err = r.Read(ctx, changesRun, func(key, row string) {
			if failed == nil {
				failed = fn(key, row)
			}
		})
		if failed != nil {
			return failed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bulk yields what a large transaction has written as segments: first the rows that are gone, then those that have come or changed.
func (c *FeedCommit) bulk(ctx context.Context, w *commitlog.TableWrite, e *edit, before *Tx, fn func(RowChange) error) error {
	table := w.Table
	came := &state{tables: new(btree.Map[uint32, *version])}
	v := emptyVersion()
	v.segs = newSegments(e.add)
	came.tables.Set(table, v)
	added := c.db.at(came)
	for _, k := range e.kill {
		g := before.table(table).segs.find(k.id)
		if g == nil { // it is one that the table has lost in the same commit
			continue
		}
		keys, err := c.db.files.keysAt(ctx, g, k.rows)
		if err != nil {
			return err
		}
		keys = slices.DeleteFunc(keys, func(key string) bool { return writes(w, key) })
		if err := gone(ctx, table, keys, added, before, fn); err != nil {
			return err
		}
	}
	run := newLookup(before, table, fn)
	err := added.eachRow(ctx, table, func(key, row string) error {
		if writes(w, key) {
			return nil // the transaction has changed it since
		}
		return run.add(ctx, RowChange{Key: key, New: row, Has: true})
	})
	if err != nil {
		return err
	}
	return run.flush(ctx)
}

// writes reports whether w has an operation on a key: operations ascend.
func writes(w *commitlog.TableWrite, key string) bool {
	_, ok := slices.BinarySearchFunc(w.Ops, key, func(op commitlog.Op, key string) int { return strings.Compare(op.Key, key) })
	return ok
}

// gone yields those of keys that are not among the rows that have come.
func gone(ctx context.Context, table uint32, keys []string, added, before *Tx, fn func(RowChange) error) error {
	run := newLookup(before, table, fn)
	for len(keys) > 0 {
		some := keys[:min(changesRun, len(keys))]
		keys = keys[len(some):]
		found := make([]Found, len(some))
		if err := added.GetMany(ctx, table, some, found); err != nil {
			return err
		}
		for i, key := range some {
			if found[i].OK {
				continue
			}
			if err := run.add(ctx, RowChange{Key: key}); err != nil {
				return err
			}
		}
	}
	return run.flush(ctx)
}

// lookup gathers changes, finds the rows that were there before, and hands them on.
type lookup struct {
	before *Tx
	table  uint32
	fn     func(RowChange) error
	run    []RowChange
}

func newLookup(before *Tx, table uint32, fn func(RowChange) error) *lookup {
	return &lookup{before: before, table: table, fn: fn}
}

func (l *lookup) add(ctx context.Context, c RowChange) error {
	if l.run = append(l.run, c); len(l.run) < changesRun {
		return nil
	}
	return l.flush(ctx)
}

func (l *lookup) flush(ctx context.Context) error {
	if len(l.run) == 0 {
		return nil
	}
	keys, found := make([]string, len(l.run)), make([]Found, len(l.run))
	for i := range l.run {
		keys[i] = l.run[i].Key
	}
	if err := l.before.GetMany(ctx, l.table, keys, found); err != nil {
		return err
	}
	for i, c := range l.run {
		c.Old, c.Had = found[i].Row, found[i].OK
		if !c.Had && !c.Has || c.Had && c.Has && c.Old == c.New {
			continue
		}
		if err := l.fn(c); err != nil {
			return err
		}
	}
	l.run = l.run[:0]
	return nil
}
