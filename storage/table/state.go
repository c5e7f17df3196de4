package table

import (
	"slices"
	"sync"

	"github.com/tidwall/btree"

	"github.com/s3sql/s3sql/storage/commitlog"
)

// state is every table after one commit record. It is immutable once published.
type state struct {
	seq     uint64
	copying sync.Mutex                   // held while tables is copied, which writes to it
	tables  *btree.Map[uint32, *version] // only read and copied
	mem     int                          // bytes in memory of all tables: version.mem
	// garbage are the segments that no table has any more and whose objects are still there, oldest first. It is only ever
	// replaced.
	garbage []dropped
	few     bool // a table may have few rows in memory: version.rowsMax
}

// dropped is a segment that left its table.
type dropped struct {
	table  uint32
	id     segmentID
	bytes  int64
	seq    uint64      // of the record that dropped it
	texts  []segmentID // its inverted files
	micros int64       // commit time of that record
}

var noTable = emptyVersion()

// table returns the version of a table; one that was never written is empty.
func (s *state) table(id uint32) *version {
	if v, ok := s.tables.Get(id); ok {
		return v
	}
	return noTable
}

// apply returns the state after rec. s stays as it is.
//
// Errors: Corrupt (an edit of segments that cannot be read, or that does not fit the state).
func (s *state) apply(rec *commitlog.Record, l limits) (*state, error) {
	next := &state{seq: rec.Seq, tables: s.copyTables(), mem: s.mem, garbage: s.garbage, few: s.few}
	var few [4]uint32
	edited := few[:0] // tables whose version in next is being edited
	for i := range rec.Txns {
		for j := range rec.Txns[i].Tables {
			w := &rec.Txns[i].Tables[j]
			ed := editor{v: next.table(w.Table)}
			if !slices.Contains(edited, w.Table) {
				ed = ed.v.edit()
				edited = append(edited, w.Table)
			}
			v, err := next.applyWrite(ed, w, rec)
			if err != nil {
				return nil, err
			}
			next.tables.Set(w.Table, v)
		}
	}
	for _, id := range edited {
		v := next.table(id)
		v.seq = rec.Seq
		v = v.settle(l)
		next.tables.Set(id, v)
		next.mem += v.mem - s.table(id).mem
		next.few = next.few || v.rowsMax > 0
	}
	return next, nil
}

func (s *state) copyTables() *btree.Map[uint32, *version] {
	s.copying.Lock()
	defer s.copying.Unlock()
	return s.tables.Copy()
}

func (s *state) applyWrite(ed editor, w *commitlog.TableWrite, rec *commitlog.Record) (*version, error) {
	if w.Drop {
		s.discard(w.Table, ed.v.segs.all(), rec)
		rowsMax := ed.v.rowsMax
		ed = emptyVersion().edit()
		ed.v.born, ed.v.rowsMax, ed.v.unfolded = rec.Seq, rowsMax, rowsMax > 0
	}
	ed.v.autoInc = max(ed.v.autoInc, w.AutoInc)
	if w.Edit != "" {
		if err := s.applyEdit(ed.v, w, rec); err != nil {
			return nil, err
		}
	}
	if len(w.Ops) > 0 {
		ents := make([]entry, len(w.Ops))
		for i := range w.Ops {
			op := &w.Ops[i]
			ents[i] = entry{key: op.Key, row: op.Row, seq: rec.Seq, dead: op.Delete, hides: !op.Fresh}
			if op.Delete {
				ents[i].row = ""
			}
			if rec.Legacy { // it has no segments beneath
				_, ents[i].hides = ed.v.getBase(op.Key)
			}
			ed.set(&ents[i])
		}
	}
	return ed.v, nil
}

// discard notes segments that leave a table.
func (s *state) discard(table uint32, segs []*seg, rec *commitlog.Record) {
	if len(segs) == 0 {
		return
	}
	grown := slices.Clone(s.garbage)
	for _, g := range segs {
		grown = append(grown, dropped{table: table, id: g.meta.ID, bytes: g.meta.Bytes, seq: rec.Seq, micros: rec.Micros,
			texts: g.textIDs()})
	}
	s.garbage = grown
}
