package table

import (
	"cmp"
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// RowDecoder picks columns out of stored rows and lays them into vectors. It is for one goroutine.
type RowDecoder struct {
	cols   []Field
	order  []int // positions in cols, by column id; nil: as they are
	absent []int // positions in cols of the columns that the last row does not have
}

// Field asks a decoder for one column: what ScanCol says in fewer bytes.
type Field struct {
	ID      uint32
	Class   base.Class
	Scale   uint8
	Missing *base.Value // nil: NULL
}

func (c *ScanCol) field() Field {
	f := Field{ID: c.ID, Class: c.Type.Class(), Scale: c.scale()}
	if !c.Missing.IsNull() {
		f.Missing = &c.Missing
	}
	return f
}

func fieldsOf(cols []ScanCol) []Field {
	out := make([]Field, len(cols))
	for i := range cols {
		out[i] = cols[i].field()
	}
	return out
}

// NewRowDecoder returns a decoder of the columns.
func NewRowDecoder(cols []Field) RowDecoder {
	d := RowDecoder{cols: cols}
	if byID := func(a, b Field) int { return cmp.Compare(a.ID, b.ID) }; !slices.IsSortedFunc(cols, byID) {
		d.order = make([]int, len(cols))
		for i := range d.order {
			d.order[i] = i
		}
		slices.SortFunc(d.order, func(a, b int) int { return byID(cols[a], cols[b]) })
	}
	return d
}

// at returns the position in cols of the k-th column by id.
func (d *RowDecoder) at(k int) int {
	if d.order == nil {
		return k
	}
	return d.order[k]
}

// Decode sets row at of vecs, which have the classes and scales of the columns, to the columns of row. A text aliases row.
//
// Errors: Corrupt (a row that cannot be decoded or does not fit a column's type).
func (d *RowDecoder) Decode(row string, vecs []*vec.Vector, at int) error {
	if err := d.decode(row, vecs, at); err != nil {
		return err
	}
	for _, i := range d.absent {
		if v := d.cols[i].Missing; v != nil {
			vecs[i].Set(at, *v)
		} else {
			vecs[i].SetNull(at)
		}
	}
	return nil
}

// decode is Decode that leaves the columns in absent as they are.
func (d *RowDecoder) decode(row string, vecs []*vec.Vector, at int) error {
	d.absent = d.absent[:0]
	r := fieldReader{row: row, last: -1}
	for k := range d.cols {
		i := d.at(k)
		q := &d.cols[i]
		if k > 0 && d.cols[d.at(k-1)].ID == q.ID {
			if err := d.again(vecs, d.at(k-1), i, at); err != nil {
				return err
			}
			continue
		}
		c, ok := r.seek(int64(q.ID))
		if !ok {
			if r.bad {
				return damaged(row)
			}
			d.absent = append(d.absent, i)
			continue
		}
		if err := read(&r, c, q, vecs[i], at); err != nil {
			return err
		}
		if r.bad {
			return damaged(row)
		}
	}
	return nil
}

// again sets column i, which asks for the same column as the one at from, in another type perhaps.
func (d *RowDecoder) again(vecs []*vec.Vector, from, i, at int) error {
	if n := len(d.absent); n > 0 && d.absent[n-1] == from {
		d.absent = append(d.absent, i)
		return nil
	}
	v, err := fitValue(vecs[from].Value(at), &d.cols[i])
	if err == nil {
		vecs[i].Set(at, v)
	}
	return err
}

// read stores the payload at hand, of class c, as row at of v.
func read(r *fieldReader, c base.Class, q *Field, v *vec.Vector, at int) error {
	if c != v.Class && c != base.Null {
		return base.Errorf(base.CodeCorrupt, "column %d holds a value of class %s where its type says %s", q.ID, c, v.Class)
	}
	switch c {
	case base.Null:
		v.SetNull(at)
	case base.String, base.Bytes, base.JSON:
		v.Str[at] = r.text()
	case base.Float:
		v.F64[at] = r.float()
	case base.Decimal:
		return readDecimal(r, q, v, at)
	default:
		v.I64[at] = r.bits(c)
	}
	return nil
}

func readDecimal(r *fieldReader, q *Field, v *vec.Vector, at int) error {
	if coef, scale, ok := r.decimal(); ok && scale == v.Scale {
		v.Dec[at] = base.Int128{Hi: coef >> 63, Lo: uint64(coef)}
		return nil
	} else if ok {
		return setFit(v, at, base.NewDecimal(base.Int128{Hi: coef >> 63, Lo: uint64(coef)}, scale), q)
	}
	full := base.NewRowReader(r.row)
	for {
		id, val, ok := full.Next()
		if !ok {
			r.bad = true
			return nil
		}
		if id == q.ID {
			r.take(1)
			r.skipVarint(19)
			return setFit(v, at, val, q)
		}
	}
}

func setFit(v *vec.Vector, at int, val base.Value, q *Field) error {
	val, err := fitValue(val, q)
	if err == nil {
		v.Set(at, val)
	}
	return err
}

// damaged describes what is wrong with a row that a fieldReader could not read.
func damaged(row string) error {
	r := base.NewRowReader(row)
	for {
		if _, _, ok := r.Next(); ok {
			continue
		}
		if err := r.Err(); err != nil {
			return err
		}
		return base.Errorf(base.CodeCorrupt, "encoded row of %d bytes is damaged", len(row))
	}
}
