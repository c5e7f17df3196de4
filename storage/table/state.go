package table

import (
	"github.com/tidwall/btree"

	"github.com/s3sql/s3sql/storage/commitlog"
)

// state is every table after one commit record. It is immutable once published.
type state struct {
	seq    uint64
	tables *btree.Map[uint32, *version] // only read and, under DB.mu, copied
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
func (s *state) apply(rec *commitlog.Record, l limits) *state {
	next := &state{seq: rec.Seq, tables: s.tables.Copy()}
	edits := make(map[uint32]editor, 2)
	for i := range rec.Txns {
		for j := range rec.Txns[i].Tables {
			applyWrite(next, edits, &rec.Txns[i].Tables[j])
		}
	}
	for id, ed := range edits {
		ed.v.seq = rec.Seq
		if ed.v.needsFold(l) {
			ed.v = ed.v.fold(l)
		}
		next.tables.Set(id, ed.v)
	}
	return next
}

func applyWrite(next *state, edits map[uint32]editor, w *commitlog.TableWrite) {
	ed, ok := edits[w.Table]
	if !ok {
		ed = next.table(w.Table).edit()
	}
	if w.Drop {
		ed = emptyVersion().edit()
	}
	ed.v.autoInc = max(ed.v.autoInc, w.AutoInc)
	if len(w.Ops) > 0 {
		ents := make([]entry, len(w.Ops))
		for i := range w.Ops {
			op := &w.Ops[i]
			ents[i] = entry{key: op.Key, row: op.Row, dead: op.Delete}
			ed.set(&ents[i])
		}
	}
	edits[w.Table] = ed
}
