//go:build cgo

package duckdb

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/s3sql/s3sql/internal/base"
)

// record has some of the columns, as parquet-go maps them.
type record struct {
	Key  []byte  `parquet:"_key"`
	Zeta *int64  `parquet:"zeta,optional"`
	U    *uint64 `parquet:"u,optional"`
	Few  *string `parquet:"few,optional"`
	Many *string `parquet:"many,optional"`
}

// TestParquetGo reads a segment with parquet-go's own reader, which looks at page checksums, page index and bloom filters.
func TestParquetGo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.parquet")
	write(t, path, columns)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	for i, leaf := range file.Root().Columns()[1:] {
		if leaf.Name() != columns[i].Name || leaf.ID() != int(columns[i].ID) || !leaf.Optional() {
			t.Errorf("column %d is %s, id %d", i, leaf.Name(), leaf.ID())
		}
	}
	for g, group := range file.RowGroups() {
		key := parquet.ByteArrayValue([]byte(base.KeyOf(base.NewInt(int64(g * 65_536)))))
		if ok, err := group.ColumnChunks()[0].BloomFilter().Check(key); !ok || err != nil {
			t.Errorf("row group %d does not have its first key: %v", g, err)
		}
	}
	rd := parquet.NewGenericReader[record](file)
	defer func() { _ = rd.Close() }()
	got := make([]record, rows+1)
	n, err := rd.Read(got)
	if n != rows || err != nil && err != io.EOF {
		t.Fatalf("%d rows: %v", n, err)
	}
	for i := range got[:n] {
		r := &got[i]
		vs, _ := cells(i)
		if string(r.Key) != base.KeyOf(base.NewInt(int64(i))) || (r.Zeta == nil) != vs[0].IsNull() {
			t.Fatalf("row %d is %+v", i, r)
		}
		if r.Zeta != nil && (*r.Zeta != vs[0].Int() || *r.U != vs[1].Uint() || *r.Few != vs[5].Text() || *r.Many != vs[6].Text()) {
			t.Fatalf("row %d is %d %d %s %s", i, *r.Zeta, *r.U, *r.Few, *r.Many)
		}
	}
}
