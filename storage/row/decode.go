package row

import (
	"cmp"
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// Decoder picks columns out of stored rows and lays them into vectors. It is for one goroutine.
type Decoder struct {
	cols   []Field
	order  []int // positions in cols, by column id; nil: as they are
	absent []int // positions in cols of the columns that the last row does not have
}

// Field asks a decoder for one column.
type Field struct {
	ID      uint32
	Class   base.Class
	Scale   uint8
	Missing *base.Value // nil: NULL
}

// NewDecoder returns a decoder of the columns.
func NewDecoder(cols []Field) Decoder {
	d := Decoder{cols: cols}
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
func (d *Decoder) at(k int) int {
	if d.order == nil {
		return k
	}
	return d.order[k]
}

// Decode sets row at of vecs, which have the classes and scales of the columns, to the columns of row. A text aliases row.
//
// Errors: Corrupt (a row that cannot be decoded or does not fit a column's type).
func (d *Decoder) Decode(row string, vecs []*vec.Vector, at int) error {
	absent, err := d.DecodePresent(row, vecs, at)
	if err != nil {
		return err
	}
	for _, i := range absent {
		if v := d.cols[i].Missing; v != nil {
			vecs[i].Set(at, *v)
		} else {
			vecs[i].SetNull(at)
		}
	}
	return nil
}

// DecodePresent is Decode that leaves the columns that row does not have as they are, and returns their positions; the list is
// valid until the next call.
//
// Errors: Corrupt.
func (d *Decoder) DecodePresent(row string, vecs []*vec.Vector, at int) (absent []int, err error) {
	d.absent = d.absent[:0]
	r := fieldReader{row: row, last: -1}
	for k := range d.cols {
		i := d.at(k)
		q := &d.cols[i]
		if k > 0 && d.cols[d.at(k-1)].ID == q.ID {
			if err := d.again(vecs, d.at(k-1), i, at); err != nil {
				return nil, err
			}
			continue
		}
		c, ok := r.seek(int64(q.ID))
		if !ok {
			if r.bad {
				return nil, damaged(row)
			}
			d.absent = append(d.absent, i)
			continue
		}
		if err := read(&r, c, q, vecs[i], at); err != nil {
			return nil, err
		}
		if r.bad {
			return nil, damaged(row)
		}
	}
	return d.absent, nil
}

// again sets column i, which asks for the same column as the one at from, in another type perhaps.
func (d *Decoder) again(vecs []*vec.Vector, from, i, at int) error {
	if n := len(d.absent); n > 0 && d.absent[n-1] == from {
		d.absent = append(d.absent, i)
		return nil
	}
	v, err := Fit(vecs[from].Value(at), &d.cols[i])
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
	val, err := Fit(val, q)
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

// Fit returns v in the class and scale that q asks for.
//
// Errors: Corrupt (another class, or a DECIMAL that does not fit the scale).
func Fit(v base.Value, q *Field) (base.Value, error) {
	if v.IsNull() {
		return v, nil
	}
	if v.Class() != q.Class {
		return v, base.Errorf(base.CodeCorrupt, "column %d holds a value of class %s where its type says %s", q.ID, v.Class(), q.Class)
	}
	if v.Class() != base.Decimal {
		return v, nil
	}
	coef, scale := v.Decimal()
	if scale == q.Scale {
		return v, nil
	}
	for ; scale < q.Scale; scale++ {
		var ok bool
		if coef, ok = timesTen(coef); !ok {
			break
		}
	}
	if scale != q.Scale {
		return v, base.Errorf(base.CodeCorrupt, "column %d holds a DECIMAL that does not fit scale %d", q.ID, q.Scale)
	}
	return base.NewDecimal(coef, scale), nil
}

func timesTen(a base.Int128) (r base.Int128, ok bool) {
	r = a
	for _, term := range []*base.Int128{&r, &r, &a, &r} { // 2a, 4a, 5a, 10a
		if r, ok = r.Add(*term); !ok {
			return r, false
		}
	}
	return r, true
}
