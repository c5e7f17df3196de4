package table

import (
	"cmp"
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/s3sql/s3sql/internal/vec"
)

// The rules for compaction. Level 0 is merged into level 1 when it has level0Max segments; while it is small beside what it would be
// merged with, its small segments are merged with one another first, up to level0Most of them. A further level that outgrows its size
// gives the segment that overlaps least to the level beneath. A segment of which more than one row in deadShare is gone is
// written anew.
const (
	level0Max  = 4
	level0Most = 16
	tierShare  = 8 // level 0 is small beside what it would be merged with when it has less than one byte in so many
	tierRatio  = 4 // segments are merged with one another when none is so many times as large as the smaller ones together
	levelRatio = 10
	deadShare  = 4
	smallShare = 16 // segments of level 0 under one in so many of the largest size are merged rather than moved
)

// job is a compaction: segments that are merged into one level, or only moved there.
type job struct {
	in    []*seg
	level int
	moves bool // nothing has to be rewritten
}

// pickJob returns the most urgent compaction of a version; nil: there is none.
func (s *segments) pickJob(l limits) *job {
	if s == nil {
		return nil
	}
	if len(s.levels) > 0 && len(s.levels[0]) >= level0Max {
		if j := s.emptyLevel0(l); j != nil {
			return j
		}
	}
	for i := 1; i < len(s.levels) && i < maxLevel; i++ {
		if s.levelBytes(i) > levelSize(i, l) {
			return s.pushDown(i)
		}
	}
	for _, g := range s.all() {
		if g.deads*deadShare > g.meta.Rows {
			return &job{in: []*seg{g}, level: g.meta.Level}
		}
	}
	return nil
}

func levelSize(level int, l limits) int64 {
	size := int64(l.levelBase)
	for ; level > 1; level-- {
		size *= levelRatio
	}
	return size
}

func (s *segments) levelBytes(i int) int64 { return bytesOf(s.levels[i]) }

// level returns the segments of a level.
func (s *segments) level(i int) []*seg {
	if i < len(s.levels) {
		return s.levels[i]
	}
	return nil
}

// emptyLevel0 merges level 0 into level 1, or some of its segments with one another. Segments that overlap nothing, and are not small,
// move. nil: level 0 may stay as it is until more comes.
func (s *segments) emptyLevel0(l limits) *job {
	in := s.levels[0]
	lo, hi := keyRange(in)
	below := within(s.level(1), lo, successor(hi))
	if len(below) == 0 {
		sorted := sortedByKey(in)
		small := false
		for _, g := range sorted {
			small = small || g.meta.Bytes < int64(l.object)/smallShare
		}
		if disjoint(sorted) && !small {
			return &job{in: in, level: 1, moves: true}
		}
		if last := before(s.level(1), lo); last != nil && last.meta.Bytes < int64(l.object)/2 {
			below = []*seg{last} // keys that ascend would leave one small segment after the other
		}
	}
	if len(in) < level0Most && bytesOf(in)*tierShare < bytesOf(below) {
		return tier(in)
	}
	return &job{in: append(append([]*seg(nil), in...), below...), level: 1}
}

// tier merges the small segments of level 0 with one another; nil: too few are about as small.
func tier(in []*seg) *job {
	sorted := slices.Clone(in)
	slices.SortFunc(sorted, func(a, b *seg) int { return cmp.Compare(a.meta.Bytes, b.meta.Bytes) })
	n, sum := 0, int64(0)
	for ; n < len(sorted) && (n == 0 || sorted[n].meta.Bytes <= tierRatio*sum); n++ {
		sum += sorted[n].meta.Bytes
	}
	if n < level0Max {
		return nil
	}
	return &job{in: sorted[:n]}
}

func bytesOf(segs []*seg) (n int64) {
	for _, g := range segs {
		n += g.meta.Bytes
	}
	return n
}

// pushDown merges one segment of a level, the one with the fewest bytes beneath it, into the next level.
func (s *segments) pushDown(level int) *job {
	var best *job
	var bestCost float64
	for _, g := range s.levels[level] {
		below := within(s.level(level+1), g.meta.First, successor(g.meta.Last))
		if cost := float64(bytesOf(below)) / float64(g.meta.Bytes+1); best == nil || cost < bestCost {
			best, bestCost = &job{in: append([]*seg{g}, below...), level: level + 1, moves: len(below) == 0}, cost
		}
	}
	return best
}

// compact does the most urgent compaction of a table and reports whether there was one.
func (db *DB) compact(ctx context.Context, table uint32, pick func(*segments) *job) (bool, error) {
	tx := db.begin(TxOptions{ReadOnly: true})
	defer tx.Rollback()
	v := tx.table(table)
	j := pick(v.segs)
	if j == nil {
		return false, nil
	}
	e := &edit{born: v.born}
	if j.moves {
		for _, g := range j.in {
			e.move = append(e.move, move{g.meta.ID, j.level})
		}
		return true, db.commitEdit(ctx, table, e, func(*version) error { return nil })
	}
	schema, ok, err := db.schema(ctx, tx, table)
	if err != nil || !ok {
		return false, err
	}
	out, err := db.rewrite(ctx, table, j, schema)
	if err != nil {
		out.discard(ctx)
		return false, err
	}
	var unfit error
	err = db.commitEdit(ctx, table, e, func(now *version) error {
		unfit = db.replaceSegments(ctx, e, j.in, out.segs, now)
		return unfit
	})
	return err == nil, settleOutput(ctx, out, unfit, err)
}

// rewrite copies the live rows of a job's segments into new ones.
func (db *DB) rewrite(ctx context.Context, table uint32, j *job, schema Schema) (*output, error) {
	out := db.newOutput(table, j.level, schema)
	spec := ScanSpec{WithKeys: true, Cols: rawCols}
	if schema.Columns != nil {
		spec.Cols = scanCols(schema.Columns)
	}
	if err := out.mergeTexts(ctx, j.in); err != nil {
		return out, err
	}
	m := newMerge(db.files, &version{segs: newSegments(j.in), delta: emptyTree}, spec)
	var b vec.Batch
	for {
		keys, ok, err := m.next(ctx, &b)
		if err != nil {
			return out, err
		}
		if !ok {
			if err = out.finish(ctx); err == nil {
				err = out.writeMerged(ctx)
			}
			return out, err
		}
		if err := out.addColumns(ctx, keys, b.Cols, 0, b.N); err != nil {
			return out, err
		}
		out.note(m.steps)
	}
}

// replaceSegments makes e replace segments that were read by those that were written from them. Rows that have gone meanwhile go
// in the new ones as well.
func (db *DB) replaceSegments(ctx context.Context, e *edit, read, written []*seg, now *version) error {
	e.remove, e.add = nil, nil
	var keys []string
	for _, g := range read {
		cur := now.segs.find(g.meta.ID)
		if cur == nil {
			return conflict(g.table, now.seq, "a segment that was compacted has been replaced")
		}
		e.remove = append(e.remove, removal{g.meta.ID, cur.deads})
		if cur.deads == g.deads {
			continue
		}
		gone, err := db.files.keysAt(ctx, g, newlyDead(g, cur))
		if err != nil {
			return err
		}
		keys = append(keys, gone...)
	}
	return db.killIn(ctx, e, written, keys)
}

// newlyDead returns the rows that are gone in cur and are not in g, an earlier state of the same segment.
func newlyDead(g, cur *seg) *roaring.Bitmap {
	rows := cur.dead.Clone()
	if g.dead != nil {
		rows.AndNot(g.dead)
	}
	return rows
}

// killIn adds segments to e, without the rows of keys.
func (db *DB) killIn(ctx context.Context, e *edit, written []*seg, keys []string) error {
	e.add = append([]*seg(nil), written...)
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	kills, err := db.files.locate(ctx, newSegments(written), keys)
	if err != nil {
		return err
	}
	for i, g := range e.add {
		for _, k := range kills {
			if k.id == g.meta.ID {
				e.add[i] = g.kill(k.rows)
			}
		}
	}
	return nil
}
