package exec

import (
	"hash/maphash"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

const (
	// partitions is the number of parts that rows are divided into at once.
	partitions = 16
	// partLevels bounds how often a part that is still too large is divided again: rows with one key stay together.
	partLevels = 6
)

var sequenceType = base.Type{ID: base.TypeBigInt}

// sequenceColumn is a column with numbers of rows.
func sequenceColumn(i int) expr.Expr { return expr.Column(i, sequenceType, "", false) }

// partWriter divides rows by the hash of their keys: rows with equal keys come to the same part, in the order they are added.
type partWriter struct {
	file  *spillFile
	seed  maphash.Seed
	types []base.Type // of the keys
	refs  [partitions][]blockRef
	bufs  [partitions]rowStore
	sel   [partitions][]int32
	key   []byte
	seqs  vec.Vector
	cols  []*vec.Vector
}

func newPartWriter(file *spillFile, seed maphash.Seed, types []base.Type) *partWriter {
	return &partWriter{file: file, seed: seed, types: types}
}

// add writes rows of cols, whose keys are keys, with their numbers behind the columns.
func (w *partWriter) add(cols, keys []*vec.Vector, rows []int32, seq *vec.Vector) error {
	for p := range w.sel {
		w.sel[p] = w.sel[p][:0]
	}
	for _, i := range rows {
		w.key = appendRowKey(w.key[:0], keys, w.types, int(i))
		p := maphash.Bytes(w.seed, w.key) % partitions
		w.sel[p] = append(w.sel[p], i)
	}
	w.cols = append(append(w.cols[:0], cols...), seq)
	for p, sel := range w.sel {
		if len(sel) == 0 {
			continue
		}
		b := &w.bufs[p]
		if b.cols == nil {
			for _, c := range w.cols {
				b.cols = append(b.cols, &vec.Vector{Class: c.Class, Scale: c.Scale})
			}
		}
		for c, src := range w.cols {
			appendColumn(b.cols[c], src, b.n, len(sel), sel)
		}
		if b.n += len(sel); b.n >= spillRows {
			if err := w.flush(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *partWriter) flush(p int) error {
	b := &w.bufs[p]
	if b.n == 0 {
		return nil
	}
	var err error
	w.refs[p], err = w.file.writeAll(w.refs[p], b.cols, rowNumbers(nil, &vec.Batch{N: b.n}))
	*b = rowStore{}
	return err
}

// finish writes what is left.
func (w *partWriter) finish() error {
	for p := range w.bufs {
		if err := w.flush(p); err != nil {
			return err
		}
	}
	return nil
}

// sequence returns the vector of the numbers from next on for the rows of b, by position.
func (w *partWriter) sequence(b *vec.Batch, next int64) *vec.Vector {
	return sequenceOf(&w.seqs, b, next)
}

func sequenceOf(v *vec.Vector, b *vec.Batch, next int64) *vec.Vector {
	v.Class = base.Int
	v.Resize(b.N)
	for k := range b.Rows() {
		v.I64[b.Row(k)] = next + int64(k)
	}
	return v
}

// partReader yields the rows of a part, the numbers apart.
type partReader struct {
	file *spillFile
	refs []blockRef
	at   int
	seq  *vec.Vector // of the last batch
	out  vec.Batch
}

func (r *partReader) Open() error  { r.at = 0; return nil }
func (r *partReader) Close() error { return nil }

func (r *partReader) Next() (*vec.Batch, error) {
	if r.at == len(r.refs) {
		return nil, nil
	}
	cols, err := r.file.read(r.refs[r.at])
	if err != nil {
		return nil, err
	}
	r.at++
	last := len(cols) - 1
	r.seq = cols[last]
	r.out = vec.Batch{Cols: cols[:last], N: r.seq.Len}
	return &r.out, nil
}

// tooLarge is the error of what cannot be divided further.
func (ec *Context) tooLarge(what string) error {
	return base.Errorf(errno.CapacityExceeded,
		"Memory capacity of %d bytes for 'memory_limit' exceeded: %s does not fit; raise the limit", ec.MemoryLimit, what)
}
