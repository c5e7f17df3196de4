package driver

import (
	"context"
	"database/sql/driver"
	"io"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// rows reads one result after another. It is closed by database/sql.
type rows struct {
	ctx    context.Context // of the query
	res    result          // nil once closed
	cols   []column
	format format
	batch  *vec.Batch
	at     int    // next row of batch
	buf    []byte // never nil, or an empty text were NULL; what the []byte values of the current row point into
}

var (
	_ driver.RowsNextResultSet              = (*rows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeLength           = (*rows)(nil)
	_ driver.RowsColumnTypeNullable         = (*rows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
)

// newRows goes to the first result that has rows.
func newRows(ctx context.Context, r result, f format) (driver.Rows, error) {
	rs := &rows{ctx: ctx, res: r, format: f, buf: make([]byte, 0, 64)}
	if err := rs.skipCounts(); err != nil && err != io.EOF {
		return nil, err
	}
	return rs, nil
}

// skipCounts moves on until a result has rows; io.EOF when none of the rest has.
func (r *rows) skipCounts() error {
	for {
		if r.cols = r.res.columns(); r.cols != nil {
			return nil
		}
		if !r.res.more() {
			return io.EOF
		}
		if err := r.advance(); err != nil {
			return err
		}
	}
}

func (r *rows) advance() error {
	r.batch, r.at = nil, 0
	next, err := r.res.nextResult(r.ctx)
	if err != nil {
		r.res, r.cols = nil, nil
		return failure(r.ctx, err)
	}
	if next == nil {
		r.res, r.cols = nil, nil
		return io.EOF
	}
	r.res = next
	return nil
}

// Columns returns the names of the columns.
func (r *rows) Columns() []string {
	names := make([]string, len(r.cols))
	for i := range r.cols {
		names[i] = r.cols[i].name
	}
	return names
}

// Close ends the statement.
func (r *rows) Close() error {
	if r.res == nil {
		return nil
	}
	res := r.res
	r.res, r.batch = nil, nil
	return failure(r.ctx, res.close())
}

// HasNextResultSet reports whether another statement is to run; it may turn out to have no rows.
func (r *rows) HasNextResultSet() bool { return r.res != nil && r.res.more() }

// NextResultSet runs the next statement that has rows.
func (r *rows) NextResultSet() error {
	if !r.HasNextResultSet() {
		return io.EOF
	}
	if err := r.advance(); err != nil {
		return err
	}
	return r.skipCounts()
}

// Next reads one row. The []byte values in dest are valid until the next call.
func (r *rows) Next(dest []driver.Value) error {
	if r.res == nil || r.cols == nil {
		return io.EOF
	}
	for r.batch == nil || r.at >= r.batch.Rows() {
		b, err := r.res.next(r.ctx)
		if err != nil {
			return failure(r.ctx, err)
		}
		if b == nil {
			r.batch = nil
			return io.EOF
		}
		r.batch, r.at = b, 0
	}
	row := r.batch.Row(r.at)
	r.at++
	r.buf = r.buf[:0]
	for i := range dest {
		dest[i] = r.value(&r.cols[i], r.batch.Cols[i], row)
	}
	return nil
}

// value converts one cell, by what its bits are and, where that leaves a choice, by the declared type.
func (r *rows) value(c *column, v *vec.Vector, row int) driver.Value {
	if v.IsNull(row) {
		return nil
	}
	start := len(r.buf)
	switch v.Class {
	case base.Int:
		return v.I64[row]
	case base.Uint:
		switch c.typ.ID {
		case base.TypeBit:
			r.buf = appendBit(r.buf, uint64(v.I64[row]), c.typ.Length)
		case base.TypeEnum, base.TypeSet:
			r.buf = appendElems(r.buf, c.typ, uint64(v.I64[row]))
		default:
			return integer(uint64(v.I64[row]))
		}
	case base.Float:
		if c.typ.ID == base.TypeFloat {
			return float32(v.F64[row])
		}
		return v.F64[row]
	case base.Decimal:
		r.buf = base.AppendDecimal(r.buf, v.Dec[row], v.Scale)
	case base.Date:
		if r.format.parseTime {
			return r.format.goDate(v.I64[row])
		}
		r.buf = base.AppendDate(r.buf, v.I64[row])
	case base.DateTime:
		if r.format.parseTime {
			return r.format.goTime(v.I64[row])
		}
		r.buf = base.AppendDateTime(r.buf, v.I64[row], c.typ.Scale)
	case base.Time:
		r.buf = base.AppendTime(r.buf, v.I64[row], c.typ.Scale)
	default:
		if c.typ.ID == base.TypeUUID {
			r.buf = appendUUID(r.buf, v.Str[row])
		} else {
			r.buf = append(r.buf, v.Str[row]...)
		}
	}
	return r.buf[start:len(r.buf):len(r.buf)]
}
