package system

import (
	"cmp"
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// TableStorage is where the rows of a table are, of a partition (table#partition) or of an index (table.index).
type TableStorage struct {
	Table            string
	Segments         []Segment
	MemoryRows       int
	MemoryBytes      int
	Garbage          int64 // bytes of dropped segments that are still there
	Arrived, Written int64 // bytes of segments by flushes and large transactions, and in all
}

// Segment is one of its segments.
type Segment struct {
	ID, Object string
	Level      int
	Rows, Dead int
	Bytes      int64
}

// storageSource is what the tables ask of a session: expr.Context.Tables is one.
type storageSource interface {
	Storage() ([]TableStorage, error)
}

func storageOf(c *expr.Context) ([]TableStorage, error) {
	src, ok := c.Tables.(storageSource)
	if !ok {
		return nil, base.Errorf(errno.Unknown, "the statement has no storage to describe")
	}
	return src.Storage()
}

// storageRows adapts a function to plan.RowSource.
type storageRows func([]TableStorage) [][]base.Value

// Rows calls the function.
func (f storageRows) Rows(c *expr.Context) ([][]base.Value, error) {
	list, err := storageOf(c)
	return f(list), err
}

func optional(c plan.Column) plan.Column {
	c.Nullable = true
	return c
}

// Segments is system.segments: every segment of every table, partition and index.
func Segments() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "segments", Current: true, Columns: []plan.Column{
		column("table_name", base.TypeVarchar), column("segment", base.TypeVarchar), column("level", base.TypeBigInt), column("row_count", base.TypeBigInt),
		column("deleted_rows", base.TypeBigInt), column("bytes", base.TypeBigInt), column("object", base.TypeVarchar),
	}, Source: storageRows(func(list []TableStorage) (out [][]base.Value) {
		for _, t := range list {
			for _, g := range t.Segments {
				out = append(out, []base.Value{base.NewString(t.Table), base.NewString(g.ID), base.NewInt(int64(g.Level)), base.NewInt(int64(g.Rows)),
					base.NewInt(int64(g.Dead)), base.NewInt(g.Bytes), base.NewString(g.Object)})
			}
		}
		return out
	})}
}

// Storage is system.storage: a row for each level of each table, partition and index, and one with level NULL for what is in memory.
func Storage() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "storage", Current: true, Columns: []plan.Column{
		column("table_name", base.TypeVarchar), optional(column("level", base.TypeBigInt)), column("segments", base.TypeBigInt),
		column("row_count", base.TypeBigInt), column("bytes", base.TypeBigInt), column("deleted_rows", base.TypeBigInt),
		optional(column("write_amplification", base.TypeDouble)), optional(column("space_amplification", base.TypeDouble)),
	}, Source: storageRows(func(list []TableStorage) (out [][]base.Value) {
		for i := range list {
			out = append(out, list[i].rows()...)
		}
		return out
	})}
}

// rows returns the rows of system.storage about one table.
func (t *TableStorage) rows() (out [][]base.Value) {
	write, space := t.amplification()
	add := func(level base.Value, segments, rows int, bytes int64, dead int) {
		out = append(out, []base.Value{base.NewString(t.Table), level, base.NewInt(int64(segments)), base.NewInt(int64(rows)), base.NewInt(bytes),
			base.NewInt(int64(dead)), write, space})
	}
	add(base.Value{}, 0, t.MemoryRows, int64(t.MemoryBytes), 0)
	byLevel := slices.Clone(t.Segments)
	slices.SortStableFunc(byLevel, func(a, b Segment) int { return cmp.Compare(a.Level, b.Level) })
	for len(byLevel) > 0 {
		n, rows, dead, bytes := 0, 0, 0, int64(0)
		for _, g := range byLevel {
			if g.Level != byLevel[0].Level {
				break
			}
			n, rows, dead, bytes = n+1, rows+g.Rows, dead+g.Dead, bytes+g.Bytes
		}
		add(base.NewInt(int64(byLevel[0].Level)), n, rows, bytes, dead)
		byLevel = byLevel[n:]
	}
	return out
}

// amplification returns how often a byte of a segment was written, and how many bytes are kept for one of live rows; NULL without
// segments.
func (t *TableStorage) amplification() (write, space base.Value) {
	var bytes int64
	rows, dead := 0, 0
	for _, g := range t.Segments {
		bytes, rows, dead = bytes+g.Bytes, rows+g.Rows, dead+g.Dead
	}
	if t.Arrived > 0 {
		write = base.NewFloat(float64(t.Written) / float64(t.Arrived))
	}
	if rows > dead {
		live := float64(bytes) * float64(rows-dead) / float64(rows)
		space = base.NewFloat(float64(bytes+t.Garbage) / live)
	}
	return write, space
}
