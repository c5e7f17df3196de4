package table

import (
	"slices"

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
			next.tables.Set(w.Table, applyWrite(ed, w))
		}
	}
	for _, id := range edited {
		v := next.table(id)
		v.seq = rec.Seq
		if v.needsFold(l) {
			next.tables.Set(id, v.fold(l))
		}
	}
	return next
}

func applyWrite(ed editor, w *commitlog.TableWrite) *version {
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
	return ed.v
}
