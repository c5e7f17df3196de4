package table

import "context"

// SegmentInfo describes one segment of a table.
type SegmentInfo struct {
	ID, Object string
	Level      int
	Rows, Dead int // rows it has, and those of them that are gone
	Bytes      int64
}

// StorageInfo describes where the rows of a table are.
type StorageInfo struct {
	Segments    []SegmentInfo
	MemoryRows  int   // rows and tombstones in memory
	MemoryBytes int   // of their keys and rows
	Garbage     int64 // bytes of segments that were dropped and whose objects are still there
	Arrived     int64 // bytes of segments that flushes and large transactions have written since the table was made or emptied
	Written     int64 // bytes of all segments that were written since: over Arrived, how often a byte is written
}

// Storage describes where the rows of a table are, the transaction's own not included.
// Cost: none.
func (tx *Tx) Storage(table uint32) StorageInfo {
	v := tx.table(table)
	out := StorageInfo{MemoryRows: v.base + v.delta.len(), MemoryBytes: v.mem, Arrived: v.arrived, Written: v.written}
	for _, g := range v.segs.all() {
		out.Segments = append(out.Segments, SegmentInfo{ID: g.meta.ID.String(), Object: g.key(), Level: g.meta.Level, Rows: g.meta.Rows, Dead: g.deads,
			Bytes: g.meta.Bytes})
	}
	for i := range tx.st.garbage {
		if d := &tx.st.garbage[i]; d.table == table {
			out.Garbage += d.bytes
		}
	}
	return out
}

// Optimize flushes a table and merges all its segments into one sorted run without dead rows, unless it is one.
// Cost: that of Flush, and a GET and a PUT for each 8 MiB of segments.
// Errors: those of Flush.
func (db *DB) Optimize(ctx context.Context, table uint32) error {
	if err := db.Flush(ctx, table); err != nil {
		return err
	}
	_, err := db.compact(ctx, table, (*segments).mergeAll)
	return err
}

// mergeAll returns the job that makes all segments one run; nil when they are one.
func (s *segments) mergeAll() *job {
	in := s.all()
	levels, dead := 0, 0
	for _, g := range in {
		dead += g.deads
	}
	if s != nil {
		for _, level := range s.levels {
			levels += min(len(level), 1)
		}
	}
	if levels == 0 || levels == 1 && dead == 0 && (len(in) == 1 || len(s.level(0)) == 0) {
		return nil
	}
	return &job{in: in, level: max(len(s.levels)-1, 1)}
}
