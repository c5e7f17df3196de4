package table

import (
	"context"

	"github.com/s3sql/s3sql/internal/vec"
)

// RangeReader hands out the stored rows of a range of keys piece by piece. Writes of its transaction after it was opened do not show.
// It is for one goroutine, and holds no resource that needs a Close.
type RangeReader struct {
	tx    *Tx
	v     *version
	spec  ScanSpec
	table uint32

	read *readRange // nil: not tracked
	next string     // of rows in memory, in ascending order: where the rest begins
	scan *Scanner   // of all others
	keys []string   // that scan has yielded, still to be handed out
	rows []Found
	b    vec.Batch
	done bool
}

// OpenRange returns the reader of the rows lo ≤ key < hi of a table, from the first to the last, or with reverse from the last to the
// first; hi "" is unbounded. No request is made.
func (tx *Tx) OpenRange(table uint32, lo, hi string, reverse bool) *RangeReader {
	return tx.openRange(table, lo, hi, reverse, tx.opts.TrackReads && table < LocalFirst)
}

// OpenRange is Tx.OpenRange.
func (l Locked) OpenRange(table uint32, lo, hi string, reverse bool) *RangeReader {
	return l.tx.openRange(table, lo, hi, reverse, true)
}

func (tx *Tx) openRange(table uint32, lo, hi string, reverse, track bool) *RangeReader {
	r := &RangeReader{tx: tx, v: tx.view(table), spec: ScanSpec{Lo: lo, Hi: hi, Reverse: reverse}, table: table, next: lo}
	if track {
		r.read = &readRange{table: table, empty: true}
		tx.mu.Lock()
		tx.mu.ranges = append(tx.mu.ranges, r.read)
		tx.mu.Unlock()
	}
	return r
}

// Read calls fn with the next rows, at most n, and reports whether there may be more. The row is never written again.
// Cost and errors: as Tx.Range; pages are read once, however small the pieces.
func (r *RangeReader) Read(ctx context.Context, n int, fn func(key, row string)) (more bool, err error) {
	if r.done {
		return false, nil
	}
	if r.v.segs == nil && !r.spec.Reverse {
		return r.readMemory(n, fn), ctx.Err()
	}
	for ; n > 0; n-- {
		if len(r.keys) == 0 {
			if more, err := r.fill(ctx); err != nil || !more {
				return false, err
			}
		}
		fn(r.keys[0], r.rows[0].Row)
		r.keys, r.rows = r.keys[1:], r.rows[1:]
	}
	return true, nil
}

// readMemory is Read of rows that are all in memory, in ascending order.
func (r *RangeReader) readMemory(n int, fn func(key, row string)) (more bool) {
	last := ""
	r.v.ascend(r.next, r.spec.Hi, func(key, row string) bool {
		if more = n == 0; more {
			r.next = key
			return false
		}
		n--
		fn(key, row)
		last = key
		return true
	})
	switch {
	case r.read == nil:
	case !more:
		r.read.exhaust(r.spec)
	case last != "":
		r.read.extend(last, r.spec)
	}
	r.done = !more
	return more
}

// fill reads the next rows from segments.
func (r *RangeReader) fill(ctx context.Context) (more bool, err error) {
	fs := r.tx.db.files
	if r.scan == nil {
		r.scan = fs.scanRows(r.v, r.spec)
		r.scan.track(r.read)
	}
	r.keys, r.rows, more, err = fs.nextRows(ctx, r.v, r.scan, &r.b)
	r.done = !more
	return more, err
}
