package sqldriver

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"
	_ "time/tzdata" // a bare machine has no time zone database
)

// sample is one column type: a Go value that goes in, and what each destination gets back.
type sample struct {
	column string
	in     any
	out    []any // each is scanned into its own type
}

var (
	noon = time.Date(2026, 2, 28, 12, 34, 56, 789012000, time.UTC)
	day  = time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
)

func samples() []sample {
	return []sample{
		{"BOOL", true, []any{true, int64(1), "1"}},
		{"TINYINT", int8(-128), []any{int8(-128), int64(-128), "-128"}},
		{"SMALLINT UNSIGNED", uint16(65535), []any{uint16(65535), 65535}},
		{"MEDIUMINT", -8388608, []any{int32(-8388608)}},
		{"INT", int32(math.MinInt32), []any{int32(math.MinInt32), float64(math.MinInt32)}},
		{"BIGINT", int64(math.MinInt64), []any{int64(math.MinInt64), "-9223372036854775808"}},
		{"BIGINT UNSIGNED", uint64(math.MaxUint64), []any{uint64(math.MaxUint64), "18446744073709551615"}},
		{"DECIMAL(38,10)", "-1234567890123456789012345678.0123456789", []any{"-1234567890123456789012345678.0123456789"}},
		{"DECIMAL(10,2)", 12.5, []any{"12.50", 12.5, []byte("12.50")}},
		{"FLOAT", float32(0.1), []any{float32(0.1), 0.1, "0.1"}},
		{"DOUBLE", math.Pi, []any{math.Pi, "3.141592653589793"}},
		{"CHAR(5)", "né", []any{"né", []byte("né")}},
		{"VARCHAR(50)", "it's \"quoted\" \\ ? :x \x00 🎉", []any{"it's \"quoted\" \\ ? :x \x00 🎉"}},
		{"VARCHAR(5)", "", []any{"", []byte{}}},
		{"TEXT", "line\nline", []any{"line\nline"}},
		{"LONGTEXT", string(bytes.Repeat([]byte("x"), 100_000)), []any{string(bytes.Repeat([]byte("x"), 100_000))}},
		{"VARBINARY(10)", []byte{0, 1, 0xff}, []any{[]byte{0, 1, 0xff}, "\x00\x01\xff"}},
		{"BLOB", []byte{}, []any{[]byte{}}},
		{"DATE", day, []any{day}},
		{"DATE", "2024-02-29", []any{day}},
		{"DATETIME(6)", noon, []any{noon}},
		{"DATETIME", noon.Add(-789012 * time.Microsecond), []any{noon.Truncate(time.Second)}},
		{"TIMESTAMP(6)", noon, []any{noon}},
		{"TIME(3)", "-12:34:56.789", []any{"-12:34:56.789"}},
		{"YEAR", 2026, []any{int16(2026), "2026"}},
		{"JSON", json.RawMessage(`{"a": [1, 2.5, null, "é"]}`), []any{json.RawMessage(`{"a": [1, 2.5, null, "é"]}`)}},
		{"ENUM('a','b')", "b", []any{"b"}},
		{"SET('x','y','z')", "x,z", []any{"x,z"}},
		{"BIT(9)", 257, []any{[]byte{1, 1}}},
	}
}

func testScan(t *testing.T, open Open) {
	db := open(t, "")
	for i, s := range samples() {
		exec(t, db, "DROP TABLE IF EXISTS t")
		exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY, v "+s.column+")")
		if _, err := db.Exec("INSERT INTO t VALUES (?, ?)", i, s.in); err != nil {
			t.Errorf("%s: %v", s.column, err)
			continue
		}
		for _, want := range s.out {
			dest := reflect.New(reflect.TypeOf(want))
			if err := db.QueryRow("SELECT v FROM t WHERE id = ?", i).Scan(dest.Interface()); err != nil {
				t.Errorf("%s into %T: %v", s.column, want, err)
				continue
			}
			if got := dest.Elem().Interface(); !reflect.DeepEqual(got, want) {
				t.Errorf("%s into %T: %.100v, want %.100v", s.column, want, got, want)
			}
		}
		var raw any
		if err := db.QueryRow("SELECT v FROM t").Scan(&raw); err != nil || raw == nil {
			t.Errorf("%s into any: %v, %v", s.column, raw, err)
		}
		var n int64
		if err := db.QueryRow("SELECT COUNT(*) FROM t WHERE v = ?", s.in).Scan(&n); err != nil || n != 1 && comparable(s.column) {
			t.Errorf("%s does not find its own value: %d rows, %v", s.column, n, err)
		}
	}
}

// comparable reports whether a value in equals the column's: a FLOAT is compared as a double, a JSON document as JSON.
func comparable(column string) bool { return column != "FLOAT" && column != "JSON" }

func testNulls(t *testing.T, open Open) {
	db := open(t, "")
	for _, s := range samples() {
		exec(t, db, "DROP TABLE IF EXISTS t")
		exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY, v "+s.column+" NULL)")
		exec(t, db, "INSERT INTO t VALUES (?, ?), (?, NULL)", 1, nil, 2)
		if n := get(t, db, "SELECT COUNT(*) FROM t WHERE v IS NULL"); n != 2 {
			t.Errorf("%s: %d rows are NULL", s.column, n)
		}
		var (
			text  sql.NullString
			raw   any = 1
			bytes     = []byte("x")
			ptr       = new(string)
		)
		for _, dest := range []any{&text, &raw, &bytes, &ptr} {
			if err := db.QueryRow("SELECT v FROM t WHERE id = 1").Scan(dest); err != nil {
				t.Errorf("%s: NULL into %T: %v", s.column, dest, err)
			}
		}
		if text.Valid || raw != nil || bytes != nil || ptr != nil {
			t.Errorf("%s: NULL became %v, %v, %v, %v", s.column, text, raw, bytes, ptr)
		}
		var plain string
		if err := db.QueryRow("SELECT v FROM t WHERE id = 1").Scan(&plain); err == nil {
			t.Errorf("%s: NULL was scanned into a string", s.column)
		}
	}
	var (
		n sql.NullInt64
		f sql.NullFloat64
		b sql.NullBool
		w sql.NullTime
		g sql.Null[uint64]
	)
	err := db.QueryRow("SELECT ?, ?, ?, CAST(? AS DATETIME(6)), ?", 7, 1.5, true, noon, uint64(9)).Scan(&n, &f, &b, &w, &g)
	if err != nil || n.Int64 != 7 || f.Float64 != 1.5 || !b.Bool || !w.Time.Equal(noon) || g.V != 9 {
		t.Errorf("%v %v %v %v %v: %v", n, f, b, w, g, err)
	}
}

func testIntegers(t *testing.T, open Open) {
	db := open(t, "")
	exec(t, db, "CREATE TABLE n (id INT PRIMARY KEY, i BIGINT, u BIGINT UNSIGNED)")
	for k, v := range []struct {
		i int64
		u uint64
	}{{0, 0}, {math.MaxInt64, math.MaxInt64}, {math.MinInt64, math.MaxUint64}, {-1, math.MaxInt64 + 1}} {
		exec(t, db, "INSERT INTO n VALUES (?, ?, ?)", k, v.i, v.u)
		var i int64
		var u uint64
		if err := db.QueryRow("SELECT i, u FROM n WHERE i = ? AND u = ?", v.i, v.u).Scan(&i, &u); err != nil || i != v.i || u != v.u {
			t.Errorf("%d, %d came back as %d, %d: %v", v.i, v.u, i, u, err)
		}
	}
	var small int8
	if err := db.QueryRow("SELECT i FROM n WHERE id = 1").Scan(&small); err == nil {
		t.Error("the largest BIGINT was scanned into an int8")
	}
	if _, err := db.Exec("INSERT INTO n VALUES (9, ?, 0)", uint64(math.MaxUint64)); err == nil {
		t.Error("the largest uint64 was stored in a BIGINT")
	}
	if _, err := db.Exec("INSERT INTO n VALUES (9, 0, ?)", -1); err == nil {
		t.Error("-1 was stored in a BIGINT UNSIGNED")
	}
}

type cents int64

func testArguments(t *testing.T, open Open) {
	db := open(t, "")
	five := cents(5)
	pp := &five
	for _, c := range []struct{ in, want any }{
		{five, int64(5)}, {&pp, int64(5)}, {(*cents)(nil), nil}, {sql.NullInt32{Int32: 3, Valid: true}, int64(3)}, {sql.NullString{}, nil},
		{uint8(200), int64(200)}, {float32(0.1), 0.1}, {false, int64(0)},
	} {
		var got any
		if err := db.QueryRow("SELECT ?", c.in).Scan(&got); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%T %v came back as %T %v, %v", c.in, c.in, got, got, err)
		}
	}
	for _, in := range []any{[]int{1}, struct{}{}, sql.Out{Dest: new(int)}, make(chan int)} {
		if _, err := db.Exec("SELECT ?", in); err == nil {
			t.Errorf("an argument of type %T was accepted", in)
		}
	}
	for _, c := range []struct {
		query string
		args  []any
	}{{"SELECT ?, ?", []any{1}}, {"SELECT ?", []any{1, 2}}, {"SELECT 1", []any{1}}, {"SELECT ?", nil}} {
		if _, err := db.Exec(c.query, c.args...); err == nil {
			t.Errorf("%s with %d arguments was accepted", c.query, len(c.args))
		}
	}
}

func testLocation(t *testing.T, open Open) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, "loc=Europe/Berlin")
	exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY, d DATE, w DATETIME(6))")
	summer := time.Date(2026, 7, 1, 0, 30, 0, 5000, berlin)
	exec(t, db, "INSERT INTO t VALUES (1, ?, ?)", summer, summer.UTC())
	exec(t, db, "INSERT INTO t VALUES (2, '2026-07-01', '2026-07-01 00:30:00.000005')")
	for id := 1; id <= 2; id++ {
		var d, w time.Time
		if err := db.QueryRow("SELECT d, w FROM t WHERE id = ? AND w = ?", id, summer).Scan(&d, &w); err != nil {
			t.Fatal(err)
		}
		if !d.Equal(time.Date(2026, 7, 1, 0, 0, 0, 0, berlin)) || !w.Equal(summer) || w.Location().String() != "Europe/Berlin" {
			t.Errorf("row %d: %v, %v", id, d, w)
		}
	}
}

func testTextTimes(t *testing.T, open Open) {
	db := open(t, "parse_time=false")
	exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY, d DATE, w DATETIME(3), s TIMESTAMP)")
	exec(t, db, "INSERT INTO t VALUES (1, ?, ?, ?)", day, noon, noon.Truncate(time.Second))
	var d, w, s string
	if err := db.QueryRow("SELECT d, w, s FROM t").Scan(&d, &w, &s); err != nil {
		t.Fatal(err)
	}
	if d != "2024-02-29" || w != "2026-02-28 12:34:56.789" || s != "2026-02-28 12:34:56" {
		t.Errorf("%s, %s, %s", d, w, s)
	}
}

func testColumnTypes(t *testing.T, open Open) {
	db := open(t, "")
	exec(t, db, `CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(20) NOT NULL, price DECIMAL(12,2), at DATETIME(6) NOT NULL,
		note TEXT, doc JSON, small TINYINT NOT NULL, part FLOAT NOT NULL, raw VARBINARY(16))`)
	rs, err := db.Query("SELECT * FROM t")
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, rs)
	cols, err := rs.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name, typ string
		nullable  bool
		scan      any
		length    int64
		prec      int64
		scale     int64
	}{
		{"id", "UNSIGNED BIGINT", false, uint64(0), -1, -1, -1}, {"name", "VARCHAR", false, "", 20, -1, -1},
		{"price", "DECIMAL", true, sql.NullString{}, -1, 12, 2}, {"at", "DATETIME", false, time.Time{}, -1, 6, 6},
		{"note", "TEXT", true, sql.NullString{}, 65535, -1, -1}, {"doc", "JSON", true, []byte{}, math.MaxUint32, -1, -1},
		{"small", "TINYINT", false, int8(0), -1, -1, -1}, {"part", "FLOAT", false, float32(0), -1, math.MaxInt64, math.MaxInt64},
		{"raw", "VARBINARY", true, []byte{}, 16, -1, -1},
	}
	if len(cols) != len(want) {
		t.Fatalf("%d columns", len(cols))
	}
	for i, w := range want {
		c := cols[i]
		nullable, ok := c.Nullable()
		if c.Name() != w.name || c.DatabaseTypeName() != w.typ || !ok || nullable != w.nullable || c.ScanType() != reflect.TypeOf(w.scan) {
			t.Errorf("%s %s, nullable %v %v, scans into %v; want %+v", c.Name(), c.DatabaseTypeName(), nullable, ok, c.ScanType(), w)
		}
		if n, ok := c.Length(); ok != (w.length >= 0) || ok && n != w.length {
			t.Errorf("%s: length %d %v", w.name, n, ok)
		}
		if p, s, ok := c.DecimalSize(); ok != (w.prec >= 0) || ok && (p != w.prec || s != w.scale) {
			t.Errorf("%s: decimal size %d, %d, %v", w.name, p, s, ok)
		}
	}
}
