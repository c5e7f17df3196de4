package postgres_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/plugins/replication"
)

// typeCases are columns of every kind, the type that each is made with, and values with what PostgreSQL then shows.
var typeCases = []struct {
	column replication.Column
	typ    string
	values []any
	shown  []string
}{
	{replication.Column{Kind: replication.Int, Bits: 8}, "smallint", []any{int64(-128), int64(127)}, []string{"-128", "127"}},
	{replication.Column{Kind: replication.Int, Bits: 9}, "smallint", []any{int64(255)}, []string{"255"}},
	{replication.Column{Kind: replication.Int, Bits: 16}, "smallint", []any{int64(math.MinInt16), int64(math.MaxInt16)}, []string{"-32768", "32767"}},
	{replication.Column{Kind: replication.Int, Bits: 17}, "integer", []any{int64(math.MaxUint16)}, []string{"65535"}},
	{replication.Column{Kind: replication.Int, Bits: 25}, "integer", []any{int64(1<<24 - 1)}, []string{"16777215"}},
	{replication.Column{Kind: replication.Int, Bits: 32}, "integer", []any{int64(math.MinInt32), int64(math.MaxInt32)}, []string{"-2147483648", "2147483647"}},
	{replication.Column{Kind: replication.Int, Bits: 33}, "bigint", []any{int64(math.MaxUint32)}, []string{"4294967295"}},
	{replication.Column{Kind: replication.Int, Bits: 64}, "bigint", []any{int64(math.MinInt64), int64(math.MaxInt64)}, []string{"-9223372036854775808", "9223372036854775807"}},
	{replication.Column{Kind: replication.Uint, Bits: 64}, "numeric(20,0)", []any{uint64(0), uint64(math.MaxUint64)}, []string{"0", "18446744073709551615"}},
	{replication.Column{Kind: replication.Uint, Bits: 65}, "numeric(20,0)", []any{uint64(math.MaxUint64)}, []string{"18446744073709551615"}},
	{replication.Column{Kind: replication.Uint, Bits: 16}, "integer", []any{uint64(math.MaxUint16)}, []string{"65535"}},
	{replication.Column{Kind: replication.Float, Bits: 32}, "real", []any{float64(float32(0.1)), float64(math.MaxFloat32), -0.5}, []string{"0.1", "3.4028235e+38", "-0.5"}},
	{replication.Column{Kind: replication.Float, Bits: 64}, "double precision", []any{0.1, math.MaxFloat64, -math.SmallestNonzeroFloat64}, []string{"0.1", "1.7976931348623157e+308", "-5e-324"}},
	{replication.Column{Kind: replication.Decimal, Precision: 65, Scale: 30}, "numeric(65,30)",
		[]any{"-" + strings.Repeat("9", 35) + "." + strings.Repeat("9", 30)}, []string{"-" + strings.Repeat("9", 35) + "." + strings.Repeat("9", 30)}},
	{replication.Column{Kind: replication.Decimal, Precision: 10, Scale: 2}, "numeric(10,2)", []any{"0.10"}, []string{"0.10"}},
	{replication.Column{Kind: replication.Text, Length: 4}, "character varying(4)", []any{"", "NULL", "日本語字", "a  "}, []string{"", "NULL", "日本語字", "a  "}},
	{replication.Column{Kind: replication.Text}, "text", []any{`\"{},'`, "line\nline\ttab\\N"}, []string{`\"{},'`, "line\nline\ttab\\N"}},
	{replication.Column{Kind: replication.Bytes, Length: 3}, "bytea", []any{[]byte{}, []byte{0, 255, '\\'}}, []string{`\x`, `\x00ff5c`}},
	{replication.Column{Kind: replication.Date}, "date", []any{time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(0, 2, 29, 0, 0, 0, 0, time.UTC)},
		[]string{"1000-01-01", "9999-12-31", "0001-02-29 BC"}},
	{replication.Column{Kind: replication.Time, Scale: 6}, "interval", []any{838*time.Hour + 59*time.Minute + 59*time.Second, -(838*time.Hour + 59*time.Minute + 58*time.Second + 999999*time.Microsecond), -time.Microsecond, time.Duration(0)},
		[]string{"838:59:59", "-838:59:58.999999", "-00:00:00.000001", "00:00:00"}},
	{replication.Column{Kind: replication.DateTime, Scale: 6}, "timestamp(6) without time zone", []any{time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)},
		[]string{"1000-01-01 00:00:00", "9999-12-31 23:59:59.999999"}},
	{replication.Column{Kind: replication.Timestamp, Scale: 6}, "timestamp(6) with time zone", []any{time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC), time.Date(2038, 1, 19, 3, 14, 7, 999999000, time.UTC)},
		[]string{"1970-01-01 00:00:01+00", "2038-01-19 03:14:07.999999+00"}},
	{replication.Column{Kind: replication.JSON}, "jsonb", []any{`{"a":[1,null,"\\u0000"]}`, `null`, `12345678901234567890.123`}, []string{`{"a": [1, null, "\\u0000"]}`, "null", "12345678901234567890.123"}},
}

// TestTypes stores each value, and NULL, by a statement and by COPY.
func TestTypes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	target := s.open()
	for i, tt := range typeCases {
		c := tt.column
		c.Name = "v"
		d := &replication.Destination{Source: "t", Name: "t", Key: []int{0}, Columns: []replication.Column{{Name: "id", Kind: replication.Int, Bits: 32}, c}}
		s.exec("DROP TABLE IF EXISTS t")
		if err := target.Prepare(t.Context(), []*replication.Destination{d}); err != nil {
			t.Fatal(err)
		}
		s.want("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'v'", tt.typ)
		values, shown := append(tt.values, nil), append(tt.shown, "NULL")
		for _, snapshot := range []bool{false, true} {
			var records []*replication.Record
			for n := range 60 {
				r := insert(d, int64(n), values[n%len(values)])
				r.Snapshot = snapshot
				records = append(records, r)
			}
			at, err := target.Position(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			b := &replication.Batch{Records: records, From: at, To: at + "x", Reset: []*replication.Destination{d}}
			if err := target.Apply(t.Context(), b); err != nil {
				t.Fatalf("%d %s: %v", i, tt.typ, err)
			}
			var want []string
			for n := range 60 {
				want = append(want, shown[n%len(shown)])
			}
			s.want("SELECT v FROM t ORDER BY id", strings.Join(want, "\n"))
			apply(t, target, at+"x", at+"xx", update(d, int64(0), values[0]), remove(d, int64(1), nil))
			s.want("SELECT count(*) FROM t", "59")
		}
	}
}

// TestForeignTypes writes to columns whose types the target has chosen.
func TestForeignTypes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.exec("CREATE TYPE mood AS ENUM ('sad', 'happy')", "CREATE DOMAIN small AS int CHECK (value < 10)",
		"CREATE TABLE t (\"ID\" uuid PRIMARY KEY, flag boolean, m mood, n small, at date, j json, fixed char(3), bits bit(4), extra int DEFAULT 7)")
	columns := []replication.Column{{Name: "id", Kind: replication.Text}, {Name: "flag", Kind: replication.Int, Bits: 8}, {Name: "m", Kind: replication.Text},
		{Name: "n", Kind: replication.Int, Bits: 32}, {Name: "at", Kind: replication.DateTime}, {Name: "j", Kind: replication.JSON}, {Name: "fixed", Kind: replication.Text}, {Name: "bits", Kind: replication.Text}}
	d := &replication.Destination{Source: "t", Name: "t", Columns: columns, Key: []int{0}}
	target := s.prepared(nil, d)
	row := func(n int64, fixed, bits string) []any {
		return []any{"6ba7b810-9dad-11d1-80b4-00c04fd430c8", int64(1), "happy", n, commitTime, `{"b":1,  "a":2}`, fixed, bits}
	}
	apply(t, target, "", "1", insert(d, row(9, "abc", "1010")...))
	s.want("SELECT * FROM t", `6ba7b810-9dad-11d1-80b4-00c04fd430c8|t|happy|9|2026-01-02|{"b":1,  "a":2}|abc|1010|7`)
	s.rejected(target, &replication.Batch{From: "1", To: "2", Records: []*replication.Record{insert(d, row(10, "abc", "1010")...), insert(d, row(1, "abcd", "1010")...),
		insert(d, row(1, "abc", "10101")...)}}, map[int]string{0: "small", 1: "too long", 2: "bit string length"})
}
