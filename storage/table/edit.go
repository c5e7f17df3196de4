package table

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/segment"
)

// edit is a change of a table's segments: what a flush, a compaction or a large transaction commits beside, or instead of, rows.
type edit struct {
	born uint64 // of the version that it was made for: a table that was emptied since is another one
	// flushed says that every entry up to flushedTo is in a segment now; flushedFrom is what the version said before.
	flushed                bool
	flushedFrom, flushedTo uint64
	// bulk says that the rows of add come on top of those that the table has, and that kill takes rows away; else what an edit
	// does leaves the table's contents as they are.
	bulk   bool
	covers []commitlog.KeyRange // of bulk: where the keys lie that it adds and kills
	add    []*seg
	remove []removal
	kill   []killing
	move   []move
	forget []segmentID // garbage whose objects are gone
	texts  []attachment
	// rowsMax, with few, is what version.rowsMax becomes.
	few     bool
	rowsMax int
}

// attachment gives a segment an inverted file.
type attachment struct {
	id   segmentID
	file segment.TextFile
}

// removal takes a segment out of which dead rows were gone when its live rows were copied.
type removal struct {
	id   segmentID
	dead int
}

// killing marks rows of a segment as gone.
type killing struct {
	id   segmentID
	rows *roaring.Bitmap
}

// move puts a segment on another level.
type move struct {
	id    segmentID
	level int
}

// check reports what stands between an edit and a version: a Conflict that its maker settles by making it anew.
func (e *edit) check(table uint32, v *version) error {
	if e.born != v.born {
		return conflict(table, v.born, "the table was emptied meanwhile")
	}
	if e.flushed && e.flushedFrom != v.flushed {
		return conflict(table, v.flushed, "another process has flushed the table")
	}
	if e.flushed && !v.unfolded && v.seq > e.flushedTo { // a row that went while it was being written has left no tombstone, and would be back
		return conflict(table, v.seq, "the table has not grown to limits.foldBytes here")
	}
	for _, r := range e.remove {
		if g := v.segs.find(r.id); g == nil || g.deads != r.dead {
			return conflict(table, v.seq, "a segment that it replaces has changed")
		}
	}
	for _, k := range e.kill {
		if v.segs.find(k.id) == nil {
			return conflict(table, v.seq, "a segment in which it deletes rows was replaced")
		}
	}
	for _, m := range e.move {
		if v.segs.find(m.id) == nil {
			return conflict(table, v.seq, "a segment that it moves was replaced")
		}
	}
	for _, a := range e.texts {
		if v.segs.find(a.id) == nil {
			return conflict(table, v.seq, "a segment that it indexes was replaced")
		}
	}
	if list, _ := e.result(v); !newSegments(list).sound() {
		return conflict(table, v.seq, "a segment that it adds overlaps another of its level")
	}
	return nil
}

// checkEdits reports whether what a transaction changes in segments fits the state.
//
// Errors: Conflict.
func (s *state) checkEdits(t *commitlog.Txn) error {
	for i := range t.Tables {
		w := &t.Tables[i]
		if w.Edit == "" || w.Drop {
			continue
		}
		e, err := decodeEdit("", w.Table, w.Edit)
		if err == nil {
			err = e.check(w.Table, s.table(w.Table))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// applyEdit applies the edit of w to v, a version that is being made.
//
// Errors: Corrupt.
func (s *state) applyEdit(v *version, w *commitlog.TableWrite, rec *commitlog.Record) error {
	e, err := decodeEdit(commitlog.Key(rec.Seq), w.Table, w.Edit)
	if err != nil {
		return err
	}
	if len(e.forget) > 0 {
		gone := make(map[segmentID]bool, len(e.forget))
		for _, id := range e.forget {
			gone[id] = true
		}
		s.garbage = slices.DeleteFunc(slices.Clone(s.garbage), func(d dropped) bool { return gone[d.id] })
	}
	if w.Drop {
		e.born = v.born
	}
	if err := e.check(w.Table, v); err != nil {
		return base.Corruptf(commitlog.Key(rec.Seq), "its edit of the segments of table %d does not fit: %v", w.Table, err)
	}
	list, gone := e.result(v)
	if e.bulk {
		*v = *v.unfold()
		e.count(v)
	}
	if e.few {
		v.rowsMax = e.rowsMax
	}
	for _, g := range e.add {
		v.written += g.meta.Bytes
		if e.flushed || e.bulk {
			v.arrived += g.meta.Bytes
		}
	}
	v.segs = newSegments(list)
	s.discard(w.Table, gone, rec)
	if e.flushed {
		v.dropFlushed(e.flushedTo)
	}
	return nil
}

// count changes the numbers of a version by what a bulk edit adds and takes away.
func (e *edit) count(v *version) {
	for _, g := range e.add {
		v.rows += g.live()
		v.bytes += int(g.meta.RawBytes)
	}
	for _, k := range e.kill {
		n := int(k.rows.GetCardinality())
		v.bytes -= int(float64(v.bytes) / float64(max(v.rows, 1)) * float64(n))
		v.rows -= n
	}
}

// result returns the segments of v as the edit leaves them, and those that it takes out.
func (e *edit) result(v *version) (list, gone []*seg) {
	for _, g := range v.segs.all() {
		if slices.ContainsFunc(e.remove, func(r removal) bool { return r.id == g.meta.ID }) {
			gone = append(gone, g)
			continue
		}
		list = append(list, e.changed(g))
	}
	return append(list, e.add...), gone
}

// changed returns a segment as the edit leaves it.
func (e *edit) changed(g *seg) *seg {
	for _, k := range e.kill {
		if k.id == g.meta.ID {
			g = g.kill(k.rows)
		}
	}
	for _, m := range e.move {
		if m.id == g.meta.ID {
			next, meta := *g, *g.meta
			meta.Level, next.meta = m.level, &meta
			g = &next
		}
	}
	for i := range e.texts {
		if a := &e.texts[i]; a.id == g.meta.ID {
			g = g.attach(a.file)
		}
	}
	return g
}

// attach returns the segment with an inverted file, in the place of the one of the same index.
func (g *seg) attach(f segment.TextFile) *seg {
	next, meta := *g, *g.meta
	meta.Texts = append(slices.DeleteFunc(slices.Clone(meta.Texts), func(t segment.TextFile) bool { return t.Index == f.Index }), f)
	next.meta = &meta
	return &next
}

// dropFlushed takes the rows and entries up to a record, which are in segments now, out of memory. What came later may replace
// them.
func (v *version) dropFlushed(to uint64) {
	rest := newTree()
	mem := 0
	v.delta.ascend("", func(e *entry) bool {
		if e.seq > to {
			rest.set(&entry{key: e.key, row: e.row, seq: e.seq, dead: e.dead, hides: true})
			mem += len(e.key) + len(e.row)
		}
		return true
	})
	v.delta, v.mem, v.parts, v.base, v.flushed = rest, mem, nil, 0, to
}

// newSeg returns a segment without dead rows.
func newSeg(table uint32, m segment.Meta) *seg { return &seg{table: table, meta: &m} }
