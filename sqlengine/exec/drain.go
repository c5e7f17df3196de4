package exec

import (
	"errors"
	"unsafe"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// collect runs an operator to its end and returns its rows, whose memory acc accounts.
func collect(op Operator, acc *account) (rows [][]base.Value, err error) {
	err = eachBatch(op, func(b *vec.Batch) error {
		at := len(rows)
		rows = appendRows(rows, b)
		var bytes int64
		for _, r := range rows[at:] {
			bytes += rowBytes(r)
		}
		return acc.grow(bytes)
	})
	return rows, err
}

// eachBatch opens an operator, calls fn for each of its batches and closes it.
func eachBatch(op Operator, fn func(*vec.Batch) error) (err error) {
	defer func() {
		if cerr := op.Close(); err == nil {
			err = cerr
		}
	}()
	if err := op.Open(); err != nil {
		return err
	}
	for {
		b, err := op.Next()
		if err != nil || b == nil {
			return err
		}
		if err := fn(b); err != nil {
			return err
		}
	}
}

// rowBytes is what a row takes up in memory, the texts that it may share included.
func rowBytes(row []base.Value) int64 {
	n := int64(unsafe.Sizeof(row)) + int64(len(row))*int64(unsafe.Sizeof(base.Value{}))
	for i := range row {
		switch row[i].Class() {
		case base.String, base.Bytes, base.JSON:
			n += int64(len(row[i].Text()))
		}
	}
	return n
}

// AppendRows appends the counting rows of b, which may be used again.
func AppendRows(rows [][]base.Value, b *vec.Batch) [][]base.Value { return appendRows(rows, b) }

func appendRows(rows [][]base.Value, b *vec.Batch) [][]base.Value {
	n, width := b.Rows(), len(b.Cols)
	cells := make([]base.Value, n*width)
	for k := range n {
		r := cells[k*width : (k+1)*width : (k+1)*width]
		for c, col := range b.Cols {
			r[c] = col.Value(b.Row(k))
		}
		rows = append(rows, r)
	}
	return rows
}

// Rows reads an open operator to its end and closes it. It is for few rows: nothing is spilled.
func Rows(op Operator) (out [][]base.Value, err error) {
	for {
		b, err := op.Next()
		if err != nil || b == nil {
			return out, errors.Join(err, op.Close())
		}
		out = appendRows(out, b)
	}
}
