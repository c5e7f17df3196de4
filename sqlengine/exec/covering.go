package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// covering says where the entries of an index have the columns of a scan, whose rows then need not be fetched. Nil: they do
// not have all of them.
type covering []entryColumn

// entryColumn is a column in an entry.
type entryColumn struct {
	primary bool // in the primary key, which is the entry's row; else in the entry's key
	at      int  // among the values there
}

// coveringOf returns where the entries of ix have what a scan asks for.
func coveringOf(n *plan.Scan, ix *catalog.Index) covering {
	if ix == nil || n.Virtual != nil {
		return nil
	}
	if !plan.Covers(n.Table, ix, n.Cols) {
		return nil
	}
	out := make(covering, 0, len(n.Cols))
	for _, c := range n.Cols {
		id := n.Table.Columns[c].ID
		e := entryColumn{at: plan.KeyPosition(ix.Parts, id)}
		if e.at < 0 {
			e = entryColumn{primary: true, at: plan.KeyPosition(n.Table.Primary, id)}
		}
		out = append(out, e)
	}
	return out
}

// entry adds the columns of an index entry in the place of its row.
func (f *rowFetcher) entry(c covering, key, pk string) (err error) {
	if f.entries, err = base.AppendKeyValues(f.entries[:0], key); err != nil {
		return err
	}
	own := len(f.entries)
	for _, e := range c {
		if e.primary {
			if f.entries, err = base.AppendKeyValues(f.entries, pk); err != nil {
				return err
			}
			break
		}
	}
	for i, e := range c {
		at := e.at
		if e.primary {
			at += own
		}
		if at >= len(f.entries) || !setKeyValue(&f.vecs[i], f.n, f.entries[at]) {
			return base.Corruptf("", "an entry of an index of table %s does not fit its columns", f.table.Name)
		}
	}
	f.n++
	return nil
}

// setKeyValue stores a value that was read from a key; ok is false when it is none of the vector's class.
func setKeyValue(v *vec.Vector, at int, val base.Value) bool {
	c := val.Class()
	switch {
	case c == base.Null:
		v.SetNull(at)
	case (c == base.Int || c == base.Uint) && (v.Class == base.Int || v.Class == base.Uint):
		v.I64[at] = val.Int()
	case c == v.Class:
		v.Set(at, val)
	default:
		return false
	}
	return true
}
