//go:build cgo

package duckdb

import (
	"database/sql"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/segment"
)

var columns = segment.Schema{
	{ID: 1, Name: "zeta", Type: base.Type{ID: base.TypeBigInt}},
	{ID: 2, Name: "u", Type: base.Type{ID: base.TypeBigInt, Unsigned: true}},
	{ID: 3, Name: "f", Type: base.Type{ID: base.TypeDouble}},
	{ID: 4, Name: "d", Type: base.Type{ID: base.TypeDecimal, Precision: 12, Scale: 2}},
	{ID: 5, Name: "w", Type: base.Type{ID: base.TypeDecimal, Precision: 38, Scale: 4}},
	{ID: 6, Name: "few", Type: base.Type{ID: base.TypeVarchar}},
	{ID: 7, Name: "many", Type: base.Type{ID: base.TypeVarchar}},
	{ID: 8, Name: "b", Type: base.Type{ID: base.TypeBlob}},
	{ID: 9, Name: "day", Type: base.Type{ID: base.TypeDate}},
	{ID: 10, Name: "at", Type: base.Type{ID: base.TypeDateTime, Scale: 6}},
	{ID: 11, Name: "span", Type: base.Type{ID: base.TypeTime, Scale: 6}},
	{ID: 12, Name: "j", Type: base.Type{ID: base.TypeJSON}},
}

// types are what DuckDB calls the columns, the key first.
var types = []string{"BLOB", "BIGINT", "UBIGINT", "DOUBLE", "DECIMAL(12,2)", "DECIMAL(38,4)", "VARCHAR", "VARCHAR", "BLOB", "DATE",
	"TIMESTAMP", "BIGINT", "JSON"}

// shown turns the columns of a row into text on DuckDB's side.
const shown = `hex(_key), zeta::VARCHAR, u::VARCHAR, f::VARCHAR, d::VARCHAR, w::VARCHAR, few, many, hex(b), day::VARCHAR,
	epoch_us("at")::VARCHAR, span::VARCHAR, j::VARCHAR`

// cells is row i, as values and as DuckDB shows them; every seventh row is NULL throughout.
func cells(i int) (vs []base.Value, texts []string) {
	n := int64(i)*7919 - 5_000_000
	big := base.Int128{Hi: n, Lo: uint64(i)}
	big, _ = big.QuoRem(base.Int128From(1000))
	blob := string([]byte{0xFF, 0, byte(i)})
	vs = []base.Value{base.NewInt(n), base.NewUint(math.MaxUint64 - uint64(i)), base.NewFloat(float64(n) / 4), base.NewDecimal(base.Int128From(n), 2),
		base.NewDecimal(big, 4), base.NewString([]string{"rot", "grün", ""}[i%3]), base.NewString(fmt.Sprint("é", i)), base.NewBytes(blob),
		base.NewDate(int64(i % 40_000)), base.NewDateTime(n * 1_000_003), base.NewTime(n * 3600), base.NewJSON(fmt.Sprintf(`{"a": %d}`, i))}
	for c, v := range vs {
		coef, scale := v.Decimal()
		text := v.Text()
		switch v.Class() {
		case base.Int, base.Time, base.DateTime:
			text = fmt.Sprint(v.Int())
		case base.Uint:
			text = fmt.Sprint(v.Uint())
		case base.Float:
			if text = fmt.Sprint(v.Float()); v.Float() == math.Trunc(v.Float()) {
				text = fmt.Sprintf("%.1f", v.Float())
			} else {
				text = fmt.Sprintf("%.15g", v.Float())
			}
		case base.Decimal:
			text = string(base.AppendDecimal(nil, coef, scale))
		case base.Bytes:
			text = fmt.Sprintf("%X", text)
		case base.Date:
			text = string(base.AppendDate(nil, v.Int()))
		}
		if i%7 == 0 {
			vs[c], text = base.Value{}, "NULL"
		}
		texts = append(texts, text)
	}
	return vs, texts
}

const rows = 70_000

func write(t *testing.T, path string, schema segment.Schema) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := segment.NewWriter(f, segment.ID{1}, schema, segment.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		vs, _ := cells(i)
		var row []byte
		for c, v := range vs {
			row = base.AppendField(row, columns[c].ID, v)
		}
		if err := w.Add(base.KeyOf(base.NewInt(int64(i))), string(row)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// query returns the rows of a query as texts.
func query(t *testing.T, db *sql.DB, q string, args ...any) (out [][]string) {
	t.Helper()
	rs, err := db.Query(q, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rs.Close() }()
	names, err := rs.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rs.Next() {
		row, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rs.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, c := range row {
			if !c.Valid {
				c.String = "NULL"
			}
			texts = append(texts, c.String)
		}
		out = append(out, texts)
	}
	if err := rs.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestColumns reads every value of two row groups, and some through DuckDB's pruning.
func TestColumns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.parquet")
	write(t, path, columns)
	db := connect(t)
	for i, r := range query(t, db, `DESCRIBE SELECT * FROM read_parquet(?)`, path) {
		name := "_key"
		if i > 0 {
			name = columns[i-1].Name
		}
		if r[0] != name || r[1] != types[i] {
			t.Errorf("column %d is %s %s, want %s %s", i, r[0], r[1], name, types[i])
		}
	}
	got := query(t, db, "SELECT "+shown+" FROM read_parquet(?)", path)
	if len(got) != rows {
		t.Fatalf("%d rows", len(got))
	}
	for i, r := range got {
		_, want := cells(i)
		want = append([]string{fmt.Sprintf("%X", base.KeyOf(base.NewInt(int64(i))))}, want...)
		for c := range want {
			if r[c] != want[c] {
				t.Fatalf("row %d column %d is %s, want %s", i, c, r[c], want[c])
			}
		}
	}
	for i := 1; i < rows; i += 9973 {
		vs, texts := cells(i)
		if vs[0].IsNull() {
			continue
		}
		for c, where := range map[int]string{0: "zeta = ?::BIGINT", 1: "u = ?::UBIGINT", 3: "d = ?::DECIMAL(12,2)", 4: "w = ?::DECIMAL(38,4)", 6: "many = ?",
			10: "span = ?::BIGINT"} {
			n := query(t, db, "SELECT count(*) FROM read_parquet(?) WHERE "+where, path, texts[c])
			if n[0][0] != "1" {
				t.Errorf("%s with %s: %s rows", where, texts[c], n[0][0])
			}
		}
	}
	if n := query(t, db, "SELECT count(*), count(zeta), count(j) FROM read_parquet(?)", path)[0]; n[0] != "70000" || n[1] != "60000" || n[2] != "60000" {
		t.Errorf("counts %v", n)
	}
}

// TestRawRows reads keys and rows that are kept as they are.
func TestRawRows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.parquet")
	write(t, path, nil)
	got := query(t, connect(t), "SELECT hex(_key), hex(_row) FROM read_parquet(?)", path)
	if len(got) != rows {
		t.Fatalf("%d rows", len(got))
	}
	for i := range got {
		vs, _ := cells(i)
		var row []byte
		for c, v := range vs {
			row = base.AppendField(row, columns[c].ID, v)
		}
		if want := fmt.Sprintf("%X", row); got[i][1] != want || got[i][0] != fmt.Sprintf("%X", base.KeyOf(base.NewInt(int64(i)))) {
			t.Fatalf("row %d is %v, want %s", i, got[i], want)
		}
	}
}
