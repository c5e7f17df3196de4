package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// lookedUp is how many rows are looked up at a time before they are written.
const lookedUp = 1024

// lookAhead finds out at once which keys of rows to come are free, where each row would ask for its own otherwise. It knows a key if
// the row gives the values of its columns as they are stored, and makes no difference but in requests. Nothing is looked up for the
// rows of a table with partitions.
func (in *inserter) lookAhead(rows [][]base.Value) error {
	if len(rows) < 2 || in.t.Partitioning != nil {
		return nil
	}
	row := make([]base.Value, len(in.t.Columns))
	look := func(id uint32, parts []catalog.KeyPart, key func() (string, bool)) error {
		keyOf := func(values []base.Value) (k string, ok bool) {
			if ok = in.gives(parts, values, row); ok {
				k, ok = key()
			}
			return k, ok
		}
		if !in.asks(id, rows, keyOf) {
			return nil
		}
		var keys []string
		for _, values := range rows {
			if k, ok := keyOf(values); ok {
				keys = append(keys, k)
			}
		}
		return in.tx.NoteAbsent(in.ec.Ctx, id, keys)
	}
	err := look(in.t.ID, in.t.Primary, func() (string, bool) {
		k, _ := catalog.EncodeKey(in.t, in.t.Primary, row)
		return k, true
	})
	for i := 0; i < len(in.t.Indexes) && err == nil; i++ {
		if ix := &in.t.Indexes[i]; ix.Unique {
			err = look(ix.ID, ix.Parts, func() (string, bool) {
				k, null := catalog.IndexKey(in.t, ix, row)
				return k, !null
			})
		}
	}
	return err
}

// lookAheadOf is lookAhead for the keys that rows of an UPDATE change.
func (w *writer) lookAheadOf(list []change) error {
	if len(list) < 2 || w.t.Partitioning != nil {
		return nil
	}
	look := func(id uint32, key func(row []base.Value) (k string, null bool)) error {
		var keys []string
		for _, c := range list {
			if c.row == nil {
				continue
			}
			k, null := key(c.row)
			if was, _ := key(c.old); !null && k != was {
				keys = append(keys, k)
			}
		}
		return w.tx.NoteAbsent(w.ec.Ctx, id, keys)
	}
	err := look(w.t.ID, func(row []base.Value) (string, bool) {
		k, _ := catalog.EncodeKey(w.t, w.t.Primary, row)
		return k, false
	})
	for i := 0; i < len(w.t.Indexes) && err == nil; i++ {
		if ix := &w.t.Indexes[i]; ix.Unique {
			err = look(ix.ID, func(row []base.Value) (string, bool) { return catalog.IndexKey(w.t, ix, row) })
		}
	}
	return err
}

// asks reports whether one of three of the rows would ask segments for its key: rows that are loaded in order mostly do not.
func (in *inserter) asks(id uint32, rows [][]base.Value, keyOf func([]base.Value) (string, bool)) bool {
	for _, i := range [...]int{0, len(rows) / 2, len(rows) - 1} {
		if k, ok := keyOf(rows[i]); ok && in.tx.Asks(id, k) {
			return true
		}
	}
	return false
}

// gives puts the values of a key's columns into row and reports whether values has all of them as they are stored.
func (in *inserter) gives(parts []catalog.KeyPart, values, row []base.Value) bool {
	for _, p := range parts {
		i := in.t.ColumnByID(p.Column)
		j := in.given[i]
		if !in.plain[i] || j >= len(values) || !expr.AsIs(&values[j], &in.t.Columns[i].Type) {
			return false
		}
		row[i] = values[j]
	}
	return true
}

// givenRows returns the rows of VALUES as far as they are constants or parameters; the rest is NULL, of which lookAhead knows no key.
func (in *inserter) givenRows(rows [][]expr.Expr) [][]base.Value {
	out := make([][]base.Value, len(rows))
	for i, exprs := range rows {
		out[i] = make([]base.Value, len(exprs))
		for j, e := range exprs {
			if e == nil {
				continue
			}
			if v, ok := expr.Constant(e); ok {
				out[i][j] = v
			} else if n, ok := expr.AsParam(e); ok && n < len(in.ec.Expr.Params) {
				out[i][j] = in.ec.Expr.Params[n]
			}
		}
	}
	return out
}
