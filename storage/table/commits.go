package table

import (
	"context"
	"time"

	"github.com/s3sql/s3sql/storage/commitlog"
)

// ChangeKind says what a commit did to a table.
type ChangeKind uint8

// The kinds of changes.
const (
	ChangeRows    ChangeKind = iota // rows were written or deleted, or all of them went
	ChangeBulk                      // rows came, and went, as segments
	ChangeFlush                     // rows went from memory to segments
	ChangeCompact                   // segments were rewritten or moved
	ChangeTidy                      // the objects of dropped segments are gone
)

// Commit describes a commit record: all the transactions that committed in one PUT.
type Commit struct {
	Seq          uint64
	Time         time.Time
	Writer       string // the process, as 32 hexadecimal digits
	Transactions int
	Changes      []Change // in the order of the record; a table may occur more than once
	Bytes        int64    // of the record
}

// Change is what a transaction did to one table or index.
type Change struct {
	Table uint32
	Kind  ChangeKind
	// Written and Deleted count rows; of ChangeBulk those of the segments that came, and those that went in others.
	Written, Deleted int
}

// Commits calls f with the newest commits that the transaction sees, at most so many, the oldest first. What has been cleaned up is
// left out.
// Cost: a LIST per 1,000 records, and a GET a record, 64 at a time.
// Errors: Corrupt (a record is damaged or missing; names it), those of the store and of f, ctx.Err().
func (tx *Tx) Commits(ctx context.Context, most int, f func(Commit) error) error {
	to := tx.Seq()
	from := to - min(to, uint64(most))
	return commitlog.Scan(ctx, tx.db.store, tx.db.id, from, to, func(r *commitlog.Record, bytes int64) error {
		c := Commit{Seq: r.Seq, Time: r.Time(), Writer: r.Writer.String(), Transactions: len(r.Txns), Bytes: bytes}
		for _, t := range r.Txns {
			for i := range t.Tables {
				if err := c.add(&t.Tables[i]); err != nil {
					return err
				}
			}
		}
		return f(c)
	})
}

// add notes what was done to one table.
func (c *Commit) add(w *commitlog.TableWrite) error {
	if len(w.Ops) > 0 || w.Drop {
		x := Change{Table: w.Table}
		for i := range w.Ops {
			if w.Ops[i].Delete {
				x.Deleted++
			} else {
				x.Written++
			}
		}
		c.Changes = append(c.Changes, x)
	}
	if w.Edit == "" {
		return nil
	}
	e, err := decodeEdit(commitlog.Key(c.Seq), w.Table, w.Edit)
	if err != nil {
		return err
	}
	x := Change{Table: w.Table, Kind: ChangeCompact}
	switch {
	case e.bulk:
		x.Kind = ChangeBulk
		for _, g := range e.add {
			x.Written += g.meta.Rows
		}
		for _, k := range e.kill {
			x.Deleted += int(k.rows.GetCardinality())
		}
	case e.flushed:
		x.Kind = ChangeFlush
	case len(e.forget) > 0:
		x.Kind = ChangeTidy
	}
	c.Changes = append(c.Changes, x)
	return nil
}
