package partition

import (
	"maps"
	"slices"
	"sort"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// maxKey is above the encoding of every value (docs/format/key.md).
const maxKey = "\xff"

// Func is how one table is divided. It never changes, and is for any number of goroutines.
//
// Values are compared by their key encoding, so that order and equality are those of the table's keys, collations included.
type Func struct {
	def   *catalog.Partitioning
	types []base.Type // of the table's columns
	x     expr.Expr   // the partitioning expression, over a row of the table; nil for COLUMNS and KEY
	cols  []int       // positions of the columns that rows are divided by

	upper  []string       // RANGE: the first key above each partition
	values map[string]int // LIST: partition by key
	rows   []listRow      // LIST: the values of all partitions
}

// listRow is a row of values of a LIST partition, the key of each by itself.
type listRow struct {
	part  int
	cells []string
}

// New returns how t is divided. x is the bound expression of t.Partitioning.SQL, over a row of t; nil if that is "".
func New(t *catalog.Table, x expr.Expr) *Func {
	f := &Func{def: t.Partitioning, x: x, types: make([]base.Type, len(t.Columns))}
	for i := range t.Columns {
		f.types[i] = t.Columns[i].Type
	}
	if x != nil {
		f.cols = slices.Sorted(maps.Keys(columnsOf(x, map[int]bool{})))
	}
	for _, id := range f.def.Columns {
		f.cols = append(f.cols, t.ColumnByID(id))
	}
	for i := range f.def.Parts {
		q := &f.def.Parts[i]
		if f.def.Method == catalog.PartitionRange {
			f.upper = append(f.upper, f.BoundKey(q.Less))
		}
		for _, row := range q.In {
			if f.values == nil {
				f.values = map[string]int{}
			}
			f.values[f.BoundKey(row)] = i
			r := listRow{part: i}
			for c := range row {
				r.cells = append(r.cells, string(f.appendCell(nil, c, row[c].Value.Value)))
			}
			f.rows = append(f.rows, r)
		}
	}
	return f
}

// columnsOf adds the columns that e reads to seen.
func columnsOf(e expr.Expr, seen map[int]bool) map[int]bool {
	if i, ok := expr.AsColumn(e); ok {
		seen[i] = true
	}
	for _, c := range e.Children() {
		columnsOf(c, seen)
	}
	return seen
}

// Columns returns the positions of the columns that rows are divided by.
func (f *Func) Columns() []int { return f.cols }

// Expr returns the partitioning expression, over a row of the table; nil for COLUMNS and KEY.
func (f *Func) Expr() expr.Expr { return f.x }

// Parts returns the number of partitions.
func (f *Func) Parts() int { return len(f.def.Parts) }

// BoundKey is the key of a row of values of a definition.
func (f *Func) BoundKey(row []catalog.Bound) string {
	var b []byte
	for i := range row {
		if row[i].Max {
			return string(b) + maxKey
		}
		b = f.appendCell(b, i, row[i].Value.Value)
	}
	return string(b)
}

// appendCell appends the key of a value that is compared with column c of the partitioning, or with its expression.
func (f *Func) appendCell(b []byte, c int, v base.Value) []byte {
	if f.x == nil {
		v = catalog.KeyValue(f.types[f.cols[c]], v)
	}
	return base.AppendKey(b, v)
}

// Locate returns the position of the partition that a row of the table belongs to, -1 if it belongs to none. Only the columns
// of Columns have to be there.
//
// Errors: those of evaluating the partitioning expression.
func (f *Func) Locate(ctx *expr.Context, row []base.Value) (int, error) {
	if f.x != nil {
		v, err := f.value(ctx, row)
		if err != nil {
			return -1, err
		}
		return f.ofValue(v), nil
	}
	if f.def.Method == catalog.PartitionKey {
		return f.spread(uint64(f.keyHash(row))), nil
	}
	var buf [96]byte
	b := buf[:0]
	for c, i := range f.cols {
		b = f.appendCell(b, c, row[i])
	}
	return f.ofKey(string(b)), nil
}

// value evaluates the partitioning expression over a row.
func (f *Func) value(ctx *expr.Context, row []base.Value) (base.Value, error) {
	if i, ok := expr.AsColumn(f.x); ok {
		return row[i], nil
	}
	b := vec.Batch{N: 1, Cols: make([]*vec.Vector, len(row))}
	for _, i := range f.cols {
		b.Cols[i] = vec.New(f.types[i].Class(), f.types[i].Scale, 1)
		b.Cols[i].Set(0, row[i])
	}
	v, err := f.x.Eval(ctx, &b)
	if err != nil {
		return base.Value{}, err
	}
	return v.Value(0), nil
}

// ofValue returns the partition of a value of the partitioning expression; -1 none.
func (f *Func) ofValue(v base.Value) int {
	if f.def.Method != catalog.PartitionHash {
		var buf [16]byte
		return f.ofKey(string(base.AppendKey(buf[:0], v)))
	}
	n := int64(0) // NULL counts as 0
	if !v.IsNull() {
		n = v.Int()
	}
	if f.def.Linear {
		return linear(uint64(n), len(f.def.Parts))
	}
	if n %= int64(len(f.def.Parts)); n < 0 {
		n = -n
	}
	return int(n)
}

// ofKey returns the RANGE or LIST partition of a key; -1 none.
func (f *Func) ofKey(key string) int {
	if f.def.Method == catalog.PartitionList {
		if i, ok := f.values[key]; ok {
			return i
		}
		return -1
	}
	i := sort.Search(len(f.upper), func(i int) bool { return key < f.upper[i] })
	if i == len(f.upper) {
		return -1
	}
	return i
}

// Describe writes what rows are divided by of a row, as error 1526 names it.
func (f *Func) Describe(ctx *expr.Context, row []base.Value) string {
	if f.x == nil {
		return "from column_list"
	}
	v, err := f.value(ctx, row)
	if err != nil || v.IsNull() {
		return "NULL"
	}
	return expr.Format(v, f.x.Type())
}
