package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// keyForm is how a keyTable sees the keys of a row.
type keyForm uint8

const (
	noKey    keyForm = iota // every row has the same key
	intKey                  // one column of a 64-bit class
	textKey                 // one column of text compared by its bytes
	mixedKey                // the columns encoded behind one another
)

// keyTable numbers distinct keys from 0 in the order they are first seen. Equal means equal in the collations of the
// columns; NULL equals NULL.
type keyTable struct {
	form  keyForm
	types []base.Type

	ints  *intTable
	texts *textTable
	ids   []int32 // of texts: number by position; nil while they are the same
	null  int32   // number of the NULL key of one column; -1 none yet
	n     int32
	buf   []byte
	bytes int64 // what keys have added since takeBytes
}

func keyFormOf(types []base.Type) keyForm {
	if len(types) != 1 {
		if len(types) == 0 {
			return noKey
		}
		return mixedKey
	}
	switch types[0].Class() {
	case base.Int, base.Uint, base.Date, base.Time, base.DateTime:
		return intKey
	case base.Bytes:
		return textKey
	case base.String:
		if collation.Binary(types[0].Collation) {
			return textKey
		}
	}
	return mixedKey
}

func newKeyTable(types []base.Type) *keyTable {
	t := &keyTable{form: keyFormOf(types), types: types, null: -1}
	switch t.form {
	case intKey:
		t.ints = newIntTable(16)
	case textKey, mixedKey:
		t.texts = newTextTable()
	}
	return t
}

func typesOf(exprs []expr.Expr) []base.Type {
	out := make([]base.Type, len(exprs))
	for i, e := range exprs {
		out[i] = e.Type()
	}
	return out
}

// takeBytes returns the memory that keys took since the last call.
func (t *keyTable) takeBytes() int64 {
	n := t.bytes
	t.bytes = 0
	return n
}

// put sets ids[k] to the number of the key of the k-th counting row of b. cols are the key columns.
func (t *keyTable) put(cols []*vec.Vector, b *vec.Batch, ids []uint32) {
	rows, before := b.Rows(), t.n
	switch t.form {
	case noKey:
		clear(ids[:rows])
		t.n = 1
	case intKey:
		t.putInts(cols[0], b, ids[:rows])
	case textKey:
		t.putTexts(cols[0], b, ids[:rows])
	default:
		for k := range rows {
			t.buf = appendRowKey(t.buf[:0], cols, t.types, b.Row(k))
			at, fresh := t.texts.putBytes(t.buf)
			if fresh {
				t.n++
				t.bytes += int64(len(t.buf))
			}
			ids[k] = uint32(at)
		}
	}
	t.bytes += int64(t.n-before) * 48
}

func (t *keyTable) putInts(col *vec.Vector, b *vec.Batch, ids []uint32) {
	if col.Nulls == nil && col.Class != base.Null && b.Sel == nil {
		for k, v := range col.I64[:len(ids)] {
			id := t.ints.put(uint64(v), t.n)
			if id == t.n {
				t.n++
			}
			ids[k] = uint32(id)
		}
		return
	}
	for k := range ids {
		i := b.Row(k)
		if col.IsNull(i) {
			ids[k] = uint32(t.putNull())
			continue
		}
		id := t.ints.put(uint64(col.I64[i]), t.n)
		if id == t.n {
			t.n++
		}
		ids[k] = uint32(id)
	}
}

func (t *keyTable) putNull() int32 {
	if t.null < 0 {
		t.null = t.n
		t.n++
	}
	return t.null
}

func (t *keyTable) putTexts(col *vec.Vector, b *vec.Batch, ids []uint32) {
	for k := range ids {
		i := b.Row(k)
		if col.IsNull(i) {
			if t.null < 0 && t.ids == nil { // from here on positions and numbers differ
				t.ids = make([]int32, len(t.texts.keys), 64)
				for j := range t.ids {
					t.ids[j] = int32(j)
				}
			}
			ids[k] = uint32(t.putNull())
			continue
		}
		at, fresh := t.texts.put(col.Str[i])
		if fresh {
			t.bytes += int64(len(col.Str[i]))
			if t.ids != nil {
				t.ids = append(t.ids, t.n)
			}
			t.n++
		}
		if t.ids != nil {
			at = t.ids[at]
		}
		ids[k] = uint32(at)
	}
}

// find sets ids[k] to the number of the key of the k-th counting row of b, -1 for a key that was never put.
func (t *keyTable) find(cols []*vec.Vector, b *vec.Batch, ids []int32) {
	rows := b.Rows()
	switch t.form {
	case noKey:
		for k := range rows {
			ids[k] = t.n - 1
		}
	case intKey:
		t.findInts(cols[0], b, ids[:rows])
	case textKey:
		for k := range rows {
			i := b.Row(k)
			if cols[0].IsNull(i) {
				ids[k] = t.null
				continue
			}
			at := t.texts.find(cols[0].Str[i])
			if at >= 0 && t.ids != nil {
				at = t.ids[at]
			}
			ids[k] = at
		}
	default:
		for k := range rows {
			t.buf = appendRowKey(t.buf[:0], cols, t.types, b.Row(k))
			ids[k] = t.texts.findBytes(t.buf)
		}
	}
}

func (t *keyTable) findInts(col *vec.Vector, b *vec.Batch, ids []int32) {
	if col.Nulls == nil && col.Class != base.Null && b.Sel == nil {
		for k, v := range col.I64[:len(ids)] {
			ids[k] = t.ints.find(uint64(v))
		}
		return
	}
	for k := range ids {
		if i := b.Row(k); col.IsNull(i) {
			ids[k] = t.null
		} else {
			ids[k] = t.ints.find(uint64(col.I64[i]))
		}
	}
}
