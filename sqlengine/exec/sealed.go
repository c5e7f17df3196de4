package exec

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

// anyEncrypted reports whether one of the columns of t at the given positions is encrypted.
func anyEncrypted(t *catalog.Table, at []int) bool {
	for _, c := range at {
		if t.Columns[c].Encrypted != "" {
			return true
		}
	}
	return false
}

// openColumns opens the encrypted columns of a batch as it comes from storage: column i of it is the column of t at position
// at[i]. Where the key does not open a column it fails, but for a statement that changes rows: planning has made sure that
// nothing reads the column, which is NULL then and which the writer leaves as it is.
//
// Errors: 3185; Corrupt.
func openColumns(ec *Context, t *catalog.Table, at []int, b *vec.Batch) error {
	b.Cols = append([]*vec.Vector(nil), b.Cols...) // the reader goes on with its own list
	for i, pos := range at {
		c := &t.Columns[pos]
		if c.Encrypted == "" || c.Virtual() {
			continue
		}
		out := vec.New(c.Type.Class(), scaleOf(c.Type), b.N)
		err := catalog.Readable(ec.Key, t, c)
		switch {
		case err == nil:
			err = openColumn(ec, t, c, b.Cols[i], out)
		case ec.images:
			err = nil
			for k := range b.N {
				out.SetNull(k)
			}
		}
		if err != nil {
			return err
		}
		b.Cols[i] = out
	}
	return nil
}

func openColumn(ec *Context, t *catalog.Table, c *catalog.Column, in, out *vec.Vector) error {
	for k := range out.Len {
		if k&1023 == 0 {
			if err := ec.Ctx.Err(); err != nil {
				return err
			}
		}
		if in.IsNull(k) {
			out.SetNull(k)
			continue
		}
		v, err := catalog.OpenValue(ec.Key, t, c, in.Str[k])
		if err != nil {
			return err
		}
		out.Set(k, v)
	}
	return nil
}

// encode returns the stored form of a row that takes the place of the one with primary key oldPK in home; "" it is a new one.
func (w *writer) encode(home *catalog.Table, oldPK string, row []base.Value) (string, error) {
	old := ""
	if w.shut && oldPK != "" {
		var found bool
		var err error
		if old, found, err = w.tx.Get(w.ec.Ctx, home.ID, oldPK); err != nil {
			return "", err
		} else if !found { // never write a row without what it has
			return "", base.Errorf(errno.Unknown, "a row of table %s is not where it was found", w.t.Name)
		}
	}
	return catalog.EncodeRow(w.t, row, w.ec.Key, old)
}
