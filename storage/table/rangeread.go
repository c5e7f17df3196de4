package table

import "context"

// Range calls fn with the rows lo ≤ key < hi of a table in key order until it returns false; hi "" is unbounded. It is for
// ranges of few rows: Scan is for many. The row is in the encoding of docs/format/row.md, and never written again.
// Cost: none for rows in memory or in a cache; else two GETs for each segment that has rows of the range.
// Errors: Corrupt (a segment is damaged or missing; names it), those of the store, ctx.Err().
func (tx *Tx) Range(ctx context.Context, table uint32, lo, hi string, fn func(key, row string) bool) error {
	return tx.readRange(ctx, table, lo, hi, tx.opts.TrackReads && table < LocalFirst, fn)
}

// Range is Tx.Range.
func (l Locked) Range(ctx context.Context, table uint32, lo, hi string, fn func(key, row string) bool) error {
	return l.tx.readRange(ctx, table, lo, hi, true, fn)
}

func (tx *Tx) readRange(ctx context.Context, table uint32, lo, hi string, track bool, fn func(key, row string) bool) error {
	v := tx.view(table)
	read := func(fn func(key, row string) bool) error {
		if v.segs == nil {
			v.ascend(lo, hi, fn)
			return nil
		}
		return tx.db.files.each(ctx, v, ScanSpec{Lo: lo, Hi: hi}, fn)
	}
	if !track {
		return read(fn)
	}
	r := &readRange{table: table, lo: lo, hi: hi}
	tx.mu.Lock()
	tx.mu.ranges = append(tx.mu.ranges, r)
	tx.mu.Unlock()
	return read(func(key, row string) bool {
		if fn(key, row) {
			return true
		}
		r.hi = successor(key)
		return false
	})
}

// ascend calls fn with the live rows of a range, of a version without segments, in key order until it returns false.
func (v *version) ascend(lo, hi string, fn func(key, row string) bool) {
	var cur *cursor
	if v.delta.len() > 0 {
		cur = v.delta.cursor(lo, hi, false)
	}
	// entries calls fn with the entries up to key to, and reports whether to go on and whether the last one has that key.
	entries := func(to string, all bool) (more, hides bool) {
		for cur != nil && cur.cur != nil && (hi == "" || cur.cur.key < hi) && (all || cur.cur.key <= to) {
			e := cur.cur
			cur.next()
			if hides = !all && e.key == to; !e.dead && !fn(e.key, e.row) {
				return false, hides
			}
		}
		return true, hides
	}
	for i := findPart(v.parts, lo); i < len(v.parts); i++ {
		p := v.parts[i]
		for j := p.seek(lo); j < p.rows(); j++ {
			key := p.key(j)
			if hi != "" && key >= hi {
				entries("", true)
				return
			}
			more, hides := entries(key, false)
			if !more || !hides && !fn(key, p.row(j)) {
				return
			}
		}
	}
	entries("", true)
}
