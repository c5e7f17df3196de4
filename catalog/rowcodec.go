package catalog

import (
	"slices"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/seal"
)

// EncodeKey returns the key that parts of row have in their table, and whether one of the parts is NULL. row has one value
// for each column of t, of the column's class.
//
// Source: docs/format/key.md.
func EncodeKey(t *Table, parts []KeyPart, row []base.Value) (key string, hasNull bool) {
	var buf [96]byte
	b, hasNull := appendKeyParts(buf[:0], t, parts, row)
	return string(b), hasNull
}

// IndexKey returns the key of row's entry in the table of index ix, and whether an indexed column is NULL. The entry of a
// non-unique index, and one with a NULL in it, ends with the primary key: equal entries of several rows stay apart. The
// entry's row is the primary key of row, as EncodeKey returns it.
func IndexKey(t *Table, ix *Index, row []base.Value) (key string, hasNull bool) {
	var buf [160]byte
	b, hasNull := appendKeyParts(buf[:0], t, ix.Parts, row)
	if hasNull || !ix.Unique {
		b, _ = appendKeyParts(b, t, t.Primary, row)
	}
	return string(b), hasNull
}

func appendKeyParts(b []byte, t *Table, parts []KeyPart, row []base.Value) ([]byte, bool) {
	hasNull := false
	for _, p := range parts {
		i := t.ColumnByID(p.Column)
		hasNull = hasNull || row[i].IsNull()
		b = base.AppendKey(b, KeyValue(t.Columns[i].Type, p.Cut(row[i])))
	}
	return b, hasNull
}

// KeyValue returns what a key holds for v, a value of a column of type t: the sort key of a text whose collation does not
// compare by bytes, else v.
func KeyValue(t base.Type, v base.Value) base.Value {
	if v.Class() != base.String || t.Collation == "" {
		return v
	}
	c := collation.Of(t.Collation)
	if c.Binary() {
		return v
	}
	var buf [128]byte
	return base.NewBytes(string(c.AppendKey(buf[:0], v.Text())))
}

// Cut returns the prefix of v that a prefix key stores: characters of a text, bytes of a binary string.
func (p KeyPart) Cut(v base.Value) base.Value {
	if p.Prefix == 0 {
		return v
	}
	switch s := v.Text(); v.Class() {
	case base.Bytes:
		return base.NewBytes(s[:min(p.Prefix, len(s))])
	case base.String:
		end := 0
		for n := 0; n < p.Prefix && end < len(s); n++ {
			_, size := utf8.DecodeRuneInString(s[end:])
			end += size
		}
		return base.NewString(s[:end])
	}
	return v
}

// EncodeRow returns the stored form of a row, which has one value for each column of t. Virtual columns are left out, encrypted
// ones are sealed with key. One that key does not open is to be NULL, and stays as it is in old, the stored row that the new
// one replaces; "" none.
//
// Errors: 3185.
// Source: docs/format/row.md.
func EncodeRow(t *Table, row []base.Value, key *seal.Key, old string) (string, error) {
	if !t.HasEncrypted() {
		return encodeRow(t, row), nil
	}
	row, err := sealed(t, row, key, old)
	if err != nil {
		return "", err
	}
	return encodeRow(t, row), nil
}

// SameRow reports whether two rows of t would be stored alike, but for the randomness of encrypted columns.
func SameRow(t *Table, a, b []base.Value) bool { return encodeRow(t, a) == encodeRow(t, b) }

func encodeRow(t *Table, row []base.Value) string {
	var buf [256]byte
	b := buf[:0]
	last := uint32(0)
	for i := range t.Columns {
		id := t.Columns[i].ID
		if id < last {
			return encodeRowSorted(t, row)
		}
		last = id
		if !t.Columns[i].Virtual() {
			b = base.AppendField(b, id, row[i])
		}
	}
	return string(b)
}

// encodeRowSorted encodes a row of a table whose columns do not stand in the order of their ids.
func encodeRowSorted(t *Table, row []base.Value) string {
	order := make([]int, len(t.Columns))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(t.Columns[a].ID) - int(t.Columns[b].ID) })
	var b []byte
	for _, i := range order {
		if !t.Columns[i].Virtual() {
			b = base.AppendField(b, t.Columns[i].ID, row[i])
		}
	}
	return string(b)
}

// DecodeRow returns the values of a stored row, one for each column of t; those of virtual columns, which the row does not
// hold, are NULL, and so are those of encrypted columns that key does not open. Texts alias row.
//
// Errors: CodeCorrupt.
func DecodeRow(t *Table, row string, key *seal.Key) ([]base.Value, error) {
	out := make([]base.Value, len(t.Columns))
	for i := range out {
		out[i] = t.Columns[i].initial()
	}
	return out, decodeRow(t, row, out, key)
}

// decodeRow fills out: a column that the row does not have keeps what is there, its initial value.
func decodeRow(t *Table, row string, out []base.Value, key *seal.Key) error {
	r := base.NewRowReader(row)
	n := len(out)
	at := 0 // where the next field is looked for first: fields mostly come in the order of the columns
	for {
		id, v, ok := r.Next()
		if !ok {
			return r.Err()
		}
		for k, from := 0, at; k < n; k++ {
			i := from + k
			if i >= n {
				i -= n
			}
			if t.Columns[i].ID != id {
				continue
			}
			if err := stored(&v, t, &t.Columns[i], key); err != nil {
				return err
			}
			out[i] = v
			if at = i + 1; at == n {
				at = 0
			}
			break
		}
	}
}

// stored makes a field of a stored row the value of its column.
func stored(v *base.Value, t *Table, c *Column, key *seal.Key) (err error) {
	if c.Encrypted == "" || v.IsNull() {
		return fit(v, c)
	}
	if v.Class() != base.Bytes {
		return base.Errorf(base.CodeCorrupt, "column %s is encrypted and holds a value of class %s", c.Name, v.Class())
	}
	if Readable(key, t, c) != nil {
		*v = base.Value{}
		return nil
	}
	*v, err = OpenValue(key, t, c, v.Text())
	return err
}

// fit checks that a stored value is of its column's class, and brings a DECIMAL to its column's scale.
func fit(v *base.Value, c *Column) error {
	class := v.Class()
	if class == base.Null {
		return nil
	}
	if class != c.Type.Class() {
		return base.Errorf(base.CodeCorrupt, "column %s holds a value of class %s where %s is expected", c.Name, class, c.Type.Class())
	}
	if class != base.Decimal {
		return nil
	}
	coef, scale := v.Decimal()
	if scale == c.Type.Scale {
		return nil
	}
	wide, ok := rescale(coef, scale, c.Type.Scale)
	if !ok {
		return base.Errorf(base.CodeCorrupt, "column %s holds a DECIMAL of scale %d that does not fit scale %d", c.Name, scale, c.Type.Scale)
	}
	*v = base.NewDecimal(wide, c.Type.Scale)
	return nil
}

// rescale multiplies coef by ten until its scale is the wanted one; it never drops digits.
func rescale(coef base.Int128, from, to uint8) (base.Int128, bool) {
	for ; from < to; from++ {
		var ok bool
		double, ok1 := coef.Add(coef)
		four, ok2 := double.Add(double)
		eight, ok3 := four.Add(four)
		if coef, ok = eight.Add(double); !ok1 || !ok2 || !ok3 || !ok {
			return coef, false
		}
	}
	return coef, from == to
}
