package table

import (
	"slices"

	"github.com/tidwall/btree"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/commitlog"
)

// window knows what was committed since the oldest snapshot of a transaction that may still commit. Records are kept by
// reference and only indexed when a transaction has to be validated against one, so that a database with one writer
// pays nothing for it. DB.mu guards it.
type window struct {
	active []snapshotCount // ascending by seq: one entry a snapshot in use
	head   int             // active[:head] is spent

	floor   uint64              // records up to here are forgotten: older snapshots cannot be validated
	recs    []*commitlog.Record // after the oldest active snapshot, ascending
	indexed int                 // recs[:indexed] are in the index
	keys    *btree.BTreeG[writeMark]
	tables  map[uint32]tableMark
	covers  []coverMark // ranges that records have written as segments
}

// coverMark is a range of keys in which a record may have written any.
type coverMark struct {
	commitlog.KeyRange
	seq uint64
}

type snapshotCount struct {
	seq uint64
	n   int
}

// writeMark is the last record that wrote a key.
type writeMark struct {
	table uint32
	key   string
	seq   uint64
}

// tableMark holds the last record that wrote a table, and the last that dropped it.
type tableMark struct{ write, drop uint64 }

func lessMark(a, b writeMark) bool { return a.table < b.table || a.table == b.table && a.key < b.key }

// begin registers a snapshot; seq never decreases from call to call.
func (w *window) begin(seq uint64) {
	if n := len(w.active); n > w.head && w.active[n-1].seq == seq {
		w.active[n-1].n++
		return
	}
	w.active = append(w.active, snapshotCount{seq, 1})
}

// end takes back one begin and forgets what no snapshot needs any more.
func (w *window) end(seq uint64) {
	lo, hi := w.head, len(w.active)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if w.active[mid].seq < seq {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	w.active[lo].n--
	for w.head < len(w.active) && w.active[w.head].n == 0 {
		w.head++
	}
	switch {
	case w.head == len(w.active):
		w.active, w.head = w.active[:0], 0
		w.reset()
		return
	case w.head > 64 && w.head > len(w.active)/2:
		w.active = append(w.active[:0], w.active[w.head:]...)
		w.head = 0
	}
	w.prune(w.active[w.head].seq)
}

func (w *window) reset() {
	if n := len(w.recs); n > 0 {
		w.floor = w.recs[n-1].Seq
	}
	clear(w.recs)
	w.recs, w.indexed, w.keys, w.tables, w.covers = w.recs[:0], 0, nil, nil, nil
}

// prune forgets records up to seq. Index entries that a later record has overwritten stay.
func (w *window) prune(seq uint64) {
	n := 0
	for n < len(w.recs) && w.recs[n].Seq <= seq {
		n++
	}
	if n == 0 {
		return
	}
	w.floor = w.recs[n-1].Seq
	for _, rec := range w.recs[:min(n, w.indexed)] {
		w.unindex(rec)
	}
	w.indexed = max(0, w.indexed-n)
	kept := copy(w.recs, w.recs[n:])
	clear(w.recs[kept:])
	w.recs = w.recs[:kept]
}

// add notes an applied record.
func (w *window) add(rec *commitlog.Record) {
	if len(w.active) > w.head {
		w.recs = append(w.recs, rec)
	} else {
		w.floor = rec.Seq
	}
}

func (w *window) index() {
	if w.keys == nil {
		w.keys = btree.NewBTreeGOptions(lessMark, btree.Options{NoLocks: true})
		w.tables = make(map[uint32]tableMark)
	}
	for ; w.indexed < len(w.recs); w.indexed++ {
		rec := w.recs[w.indexed]
		for i := range rec.Txns {
			for j := range rec.Txns[i].Tables {
				tw := &rec.Txns[i].Tables[j]
				mark := w.tables[tw.Table]
				w.cover(tw, rec.Seq)
				if len(tw.Ops) > 0 || tw.Drop || len(tw.Covers) > 0 {
					mark.write = rec.Seq
				}
				if tw.Drop {
					mark.drop = rec.Seq
				}
				w.tables[tw.Table] = mark
				for k := range tw.Ops {
					w.keys.Set(writeMark{tw.Table, tw.Ops[k].Key, rec.Seq})
				}
			}
		}
	}
}

// cover notes the ranges that a write of segments may have written.
func (w *window) cover(tw *commitlog.TableWrite, seq uint64) {
	if tw.Edit == "" {
		return
	}
	if e, err := decodeEdit("", tw.Table, tw.Edit); err == nil && e.bulk && tw.Covers == nil { // it was applied: it has no error
		tw.Covers = e.covers
	}
	for _, c := range tw.Covers {
		w.covers = append(w.covers, coverMark{c, seq})
	}
}

// covered returns a record after snapshot that may have written keys of a range; 0 none.
func (w *window) covered(r commitlog.KeyRange, snapshot uint64) uint64 {
	for i := range w.covers {
		c := &w.covers[i]
		if c.seq > snapshot && c.Table == r.Table && (r.Hi == "" || c.Lo < r.Hi) && r.Lo < c.Hi {
			return c.seq
		}
	}
	return 0
}

func (w *window) unindex(rec *commitlog.Record) {
	w.covers = slices.DeleteFunc(w.covers, func(c coverMark) bool { return c.seq == rec.Seq })
	for i := range rec.Txns {
		for j := range rec.Txns[i].Tables {
			tw := &rec.Txns[i].Tables[j]
			for k := range tw.Ops {
				m := writeMark{table: tw.Table, key: tw.Ops[k].Key}
				if old, ok := w.keys.Get(m); ok && old.seq == rec.Seq {
					w.keys.Delete(m)
				}
			}
			if w.tables[tw.Table].write == rec.Seq {
				delete(w.tables, tw.Table)
			}
		}
	}
}

// validate reports a conflict of t with a record after its snapshot.
func (w *window) validate(t *commitlog.Txn) error {
	if t.Snapshot < w.floor { // its caller has left, and took the snapshot with it
		return base.Errorf(errno.Deadlock, "the transaction's snapshot at %d is too old to be validated", t.Snapshot)
	}
	if n := len(w.recs); n == 0 || w.recs[n-1].Seq <= t.Snapshot {
		return nil
	}
	w.index()
	for i := range t.Tables {
		tw := &t.Tables[i]
		mark := w.tables[tw.Table]
		if tw.Drop && mark.write > t.Snapshot {
			return conflict(tw.Table, mark.write, "it drops the table and another transaction wrote it")
		}
		if mark.drop > t.Snapshot {
			return conflict(tw.Table, mark.drop, "another transaction dropped the table")
		}
		if mark.write <= t.Snapshot {
			continue
		}
		for k := range tw.Ops {
			m, ok := w.keys.Get(writeMark{table: tw.Table, key: tw.Ops[k].Key})
			if ok && m.seq > t.Snapshot {
				return conflict(tw.Table, m.seq, "another transaction wrote the same row")
			}
			if len(w.covers) > 0 {
				if seq := w.covered(commitlog.PointRange(tw.Table, tw.Ops[k].Key), t.Snapshot); seq > 0 {
					return conflict(tw.Table, seq, "another transaction wrote many rows, perhaps the same one")
				}
			}
		}
	}
	return w.validateReads(t)
}

func (w *window) validateReads(t *commitlog.Txn) error {
	for i := range t.Reads {
		r := &t.Reads[i]
		mark := w.tables[r.Table]
		if mark.drop > t.Snapshot {
			return conflict(r.Table, mark.drop, "another transaction dropped the table it read")
		}
		if mark.write <= t.Snapshot {
			continue
		}
		hit := w.covered(*r, t.Snapshot)
		w.keys.Ascend(writeMark{table: r.Table, key: r.Lo}, func(m writeMark) bool {
			if m.table != r.Table || r.Hi != "" && m.key >= r.Hi {
				return false
			}
			if m.seq > t.Snapshot {
				hit = m.seq
			}
			return hit == 0
		})
		if hit != 0 {
			return conflict(r.Table, hit, "another transaction changed what it read")
		}
	}
	return nil
}

func conflict(table uint32, seq uint64, why string) error {
	return base.Errorf(errno.Deadlock,
		"the transaction lost a race: %s (table %d, commit %d); run the transaction again", why, table, seq)
}
