package table

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
)

// part is a sorted, immutable run of rows. The parts of a version do not overlap and are in key order. A chunk is the
// part that lives in memory; whatever else holds rows (a segment) joins behind this interface.
type part interface {
	// rows counts the rows; it is at least 1.
	rows() int
	// first and last are the smallest and the largest key.
	first() string
	last() string
	// seek returns the position of the first key that is ≥ key, rows() if there is none.
	seek(key string) int
	// key and row return one row by position. They alias memory that is never written.
	key(i int) string
	row(i int) string
	// columns returns the asked columns, in the order asked. The columns are shared and read-only.
	columns(cols []ScanCol) ([]*column, error)
	// ready reports whether columns answers at once.
	ready(cols []ScanCol) bool
	// size is the bytes of keys and rows.
	size() int
}

// column is one column of a part: its values, and the rows that were written before the column existed.
type column struct {
	id      uint32
	vec     *vec.Vector
	missing vec.Bitmap // nil: every row has the column
}

// ScanCol asks a scan for one column.
type ScanCol struct {
	// ID is the column's id, as the rows name it.
	ID uint32
	// Type decides class and decimal scale of the vector. A stored DECIMAL of a smaller scale is widened; a stored value
	// of another class is an error.
	Type base.Type
	// Missing is the value of rows that do not have the column: the default that an instant ADD COLUMN recorded. NULL or
	// of the type's class and scale.
	Missing base.Value
}

func (c ScanCol) scale() uint8 {
	if c.Type.Class() == base.Decimal {
		return c.Type.Scale
	}
	return 0
}

func (c *ScanCol) field() row.Field {
	f := row.Field{ID: c.ID, Class: c.Type.Class(), Scale: c.scale()}
	if !c.Missing.IsNull() {
		f.Missing = &c.Missing
	}
	return f
}

func fieldsOf(cols []ScanCol) []row.Field {
	out := make([]row.Field, len(cols))
	for i := range cols {
		out[i] = cols[i].field()
	}
	return out
}

// fits reports whether an already built column answers the question c asks.
func (c *column) fits(q ScanCol) bool {
	return c.id == q.ID && c.vec.Class == q.Type.Class() && c.vec.Scale == q.scale()
}
