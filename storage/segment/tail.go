package segment

import (
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/format"

	"github.com/s3sql/s3sql/internal/base"
)

const (
	magic      = "PAR1"
	version    = 1
	versionKey = "s3sql.segment"
	idKey      = "s3sql.id"
	bloomBits  = 10 // a key: about 1 % of other keys pass
)

// ErrNewer marks, for errors.Is, a segment of a newer format than this code reads.
var ErrNewer = fmt.Errorf("written by a newer s3sql")

func newer(object, format string) error {
	e := base.Corruptf(object, "it has segment format %.20q and this s3sql reads up to %d; upgrade s3sql", format, version)
	e.Err = ErrNewer
	return e
}

// bloomBytes returns f as bytes, little-endian whatever the machine.
func bloomBytes(f bloom.SplitBlockFilter) []byte {
	out := make([]byte, 0, len(f)*bloom.BlockSize)
	for i := range f {
		for _, word := range f[i] {
			out = le.AppendUint32(out, uint32(word))
		}
	}
	return out
}

// writeTail writes the bloom filters, the page index and the footer. They stand in this order, so that an open reads the last
// two in one piece and a bloom filter is read only by who asks for it.
func (w *Writer) writeTail() error {
	start := w.off
	var blooms []byte
	for i := range w.groups {
		g := &w.groups[i]
		at := len(blooms)
		h, err := marshal(&format.BloomFilterHeader{NumBytes: int32(len(g.bloom)),
			Algorithm:   format.BloomFilterAlgorithm{Value: &format.SplitBlockAlgorithm{}},
			Hash:        format.BloomFilterHash{Value: &format.XxHash{}},
			Compression: format.BloomFilterCompression{Value: &format.BloomFilterUncompressed{}}})
		if err != nil {
			return err
		}
		blooms = append(append(blooms, h...), g.bloom...)
		m := &g.row.Columns[0].MetaData
		m.BloomFilterOffset, m.BloomFilterLength = start+int64(at), int32(len(blooms)-at)
	}
	w.meta.Bloom, w.meta.BloomSum = int64(len(blooms)), crc32.Checksum(blooms, castagnoli)
	if err := w.write(blooms); err != nil {
		return err
	}
	tail, err := w.tail(w.off)
	if err != nil {
		return err
	}
	w.meta.Tail, w.meta.TailSum = int64(len(tail)), crc32.Checksum(tail, castagnoli)
	return w.write(tail)
}

// tail returns page index and footer, which begin at offset.
func (w *Writer) tail(offset int64) (tail []byte, err error) {
	add := func(v any) (at int64, size int32) {
		b, e := marshal(v)
		if e != nil {
			err = e
		}
		at = offset + int64(len(tail))
		tail = append(tail, b...)
		return at, int32(len(b))
	}
	footer := format.FileMetaData{Version: 2, Schema: w.schema.elements(), NumRows: int64(w.meta.Rows), CreatedBy: "s3sql version 1 (build 1)",
		KeyValueMetadata: []format.KeyValue{{Key: versionKey, Value: strconv.Itoa(version)}, {Key: idKey, Value: w.meta.ID.String()}}}
	for i := range w.groups {
		g := &w.groups[i]
		for c := range g.columns {
			g.row.Columns[c].ColumnIndexOffset, g.row.Columns[c].ColumnIndexLength = add(&g.columns[c])
		}
	}
	for i := range w.groups {
		g := &w.groups[i]
		for c := range g.offsets {
			g.row.Columns[c].OffsetIndexOffset, g.row.Columns[c].OffsetIndexLength = add(&g.offsets[c])
		}
		footer.RowGroups = append(footer.RowGroups, g.row)
	}
	for range w.chunks {
		footer.ColumnOrders = append(footer.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
	}
	_, size := add(&footer)
	return append(le.AppendUint32(tail, uint32(size)), magic...), err
}
