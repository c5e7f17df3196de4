package catalog

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/seal"
)

// StoredType is the type that rows hold the values of a column in: bytes where they are encrypted, else the column's own.
func (c *Column) StoredType() base.Type {
	if c.Encrypted == "" {
		return c.Type
	}
	return base.Type{ID: base.TypeLongBlob}
}

// HasEncrypted reports whether a column of t is encrypted.
func (t *Table) HasEncrypted() bool {
	for i := range t.Columns {
		if t.Columns[i].Encrypted != "" {
			return true
		}
	}
	return false
}

// sealID is the table id that encrypted values are bound to: rows may move between the partitions of a table.
func (t *Table) sealID() uint32 {
	if t.Whole != 0 {
		return t.Whole
	}
	return t.ID
}

// Readable returns nil when key opens the values of column c of t, and else the error for reading or writing one: there is
// no key, or it is another one than the column's. key may be nil.
//
// Errors: 3185.
func Readable(key *seal.Key, t *Table, c *Column) error {
	switch id := key.ID(); {
	case c.Encrypted == "" || c.Encrypted == id:
		return nil
	case id == "":
		return base.Errorf(errno.NoKey, "Column '%s' of table '%s' is ENCRYPTED: open the database with the DSN parameter secret_key", c.Name, t.Name)
	default:
		return base.Errorf(errno.NoKey, "Column '%s' of table '%s' is ENCRYPTED with another key (id %s) than the DSN parameter secret_key gives (id %s)",
			c.Name, t.Name, c.Encrypted, id)
	}
}

// FirstUnreadable returns the error for the first column of t that key does not open; nil if there is none.
func FirstUnreadable(key *seal.Key, t *Table) error {
	for i := range t.Columns {
		if err := Readable(key, t, &t.Columns[i]); err != nil && !t.Columns[i].Virtual() {
			return err
		}
	}
	return nil
}

// sealed returns a copy of row with the values of the encrypted columns as they are stored. old is as in EncodeRow.
func sealed(t *Table, row []base.Value, key *seal.Key, old string) ([]base.Value, error) {
	out := append([]base.Value(nil), row...)
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Encrypted == "" || c.Virtual() {
			continue
		}
		err := Readable(key, t, c)
		switch {
		case err == nil && !row[i].IsNull():
			out[i], err = sealValue(key, t, c, row[i])
		case err != nil && row[i].IsNull():
			out[i], err = storedField(old, c.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sealValue returns the stored form of a value that is not NULL.
//
// Source: docs/format/encrypted.md.
func sealValue(key *seal.Key, t *Table, c *Column, v base.Value) (base.Value, error) {
	if v.Class() != c.Type.Class() {
		return v, base.Errorf(errno.Unknown, "column %s is given a value of class %s where %s is expected", c.Name, v.Class(), c.Type.Class())
	}
	var buf [256]byte
	s, err := key.Seal(t.sealID(), c.ID, base.AppendField(buf[:0], 0, v))
	return base.NewBytes(s), err
}

// storedField returns a field of a stored row as it is; NULL if it has none.
func storedField(row string, column uint32) (base.Value, error) {
	r := base.NewRowReader(row)
	for {
		id, v, ok := r.Next()
		if !ok || id == column {
			return v, r.Err()
		}
	}
}

// OpenValue returns the value of an encrypted column from its stored form. The key is one that opens the column.
//
// Errors: Corrupt (names table and column).
func OpenValue(key *seal.Key, t *Table, c *Column, stored string) (base.Value, error) {
	plain, err := key.Open(t.sealID(), c.ID, stored)
	if err != nil {
		return base.Value{}, damaged(t, c, err)
	}
	r := base.NewRowReader(string(plain))
	id, v, ok := r.Next()
	_, _, more := r.Next()
	switch err = r.Err(); {
	case err != nil:
	case !ok || more || id != 0 || v.IsNull():
		err = base.Corruptf("", "it holds something else than one value")
	default:
		err = fit(&v, c)
	}
	if err != nil {
		return base.Value{}, damaged(t, c, err)
	}
	return v, nil
}

func damaged(t *Table, c *Column, err error) error {
	return base.Corruptf("", "column %s of table %s: %v", c.Name, t.Name, err)
}

// checkEncrypted refuses a key of an encrypted column: keys lie in the clear.
//
// Errors: 1235.
func checkEncrypted(t *Table) error {
	refuse := func(id uint32, what string) error {
		if i := t.ColumnByID(id); i >= 0 && t.Columns[i].Encrypted != "" {
			return KeptClear(&t.Columns[i], what)
		}
		return nil
	}
	for _, p := range t.Primary {
		if err := refuse(p.Column, "the primary key"); err != nil {
			return err
		}
	}
	for k := range t.Indexes {
		for _, p := range t.Indexes[k].Parts {
			if err := refuse(p.Column, "key '"+t.Indexes[k].Name+"'"); err != nil {
				return err
			}
		}
	}
	if t.Partitioning == nil {
		return nil
	}
	for _, id := range t.Partitioning.Columns {
		if err := refuse(id, "the partitioning"); err != nil {
			return err
		}
	}
	return nil
}

// KeptClear is the error for something that would keep the values of an encrypted column unencrypted.
func KeptClear(c *Column, what string) error {
	return base.Errorf(errno.NotSupported, "ENCRYPTED column '%s' cannot be part of %s, which is not encrypted: "+
		"search it without a key, or add a column with a keyed hash of the value and index that", c.Name, what)
}
