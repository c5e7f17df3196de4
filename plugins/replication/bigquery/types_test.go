package bigquery

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"

	"github.com/s3sql/s3sql/plugins/replication"
)

// kinds are columns of each kind, the type that they get, and values at the edges, as they are sent.
var kinds = []struct {
	column replication.Column
	typ    string
	values []any
	texts  string
}{
	{replication.Column{Kind: replication.Int, Bits: 64}, "INTEGER", []any{int64(-1 << 63), int64(1<<63 - 1)}, "-9223372036854775808 9223372036854775807"},
	{replication.Column{Kind: replication.Uint, Bits: 64}, "NUMERIC", []any{uint64(1<<64 - 1)}, "18446744073709551615"},
	{replication.Column{Kind: replication.Uint, Bits: 63}, "INTEGER", []any{uint64(1<<63 - 1)}, "9223372036854775807"},
	{replication.Column{Kind: replication.Float, Bits: 64}, "FLOAT", []any{1.7976931348623157e308, -0.1, float64(float32(0.1))}, "1.7976931348623157e+308 -0.1 0.10000000149011612"},
	{replication.Column{Kind: replication.Decimal, Precision: 38, Scale: 9}, "NUMERIC", []any{strings.Repeat("9", 29) + "." + strings.Repeat("9", 9)}, strings.Repeat("9", 29) + "." + strings.Repeat("9", 9)},
	{replication.Column{Kind: replication.Decimal, Precision: 30, Scale: 0}, "BIGNUMERIC", []any{strings.Repeat("9", 30)}, strings.Repeat("9", 30)},
	{replication.Column{Kind: replication.Decimal, Precision: 12, Scale: 10}, "BIGNUMERIC", []any{"-99.0000000001"}, "-99.0000000001"},
	{replication.Column{Kind: replication.Decimal, Precision: 65, Scale: 30}, "BIGNUMERIC", []any{"0." + strings.Repeat("0", 29) + "1"}, "0." + strings.Repeat("0", 29) + "1"},
	{replication.Column{Kind: replication.Decimal, Precision: 65, Scale: 0}, "STRING", []any{strings.Repeat("9", 65)}, strings.Repeat("9", 65)},
	{replication.Column{Kind: replication.Text}, "STRING", []any{"", "ä\"\\"}, " ä\"\\"},
	{replication.Column{Kind: replication.Bytes}, "BYTES", []any{[]byte{0, 255}}, "AP8="},
	{replication.Column{Kind: replication.Date}, "DATE", []any{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}, "0001-01-01 9999-12-31"},
	{replication.Column{Kind: replication.Time}, "STRING", []any{838*time.Hour + 59*time.Minute + 59*time.Second, -time.Microsecond}, "838:59:59 -00:00:00.000001"},
	{replication.Column{Kind: replication.DateTime}, "DATETIME", []any{commitTime, commitTime.Truncate(time.Second)}, "2026-01-02 03:04:05.6 2026-01-02 03:04:05"},
	{replication.Column{Kind: replication.Timestamp}, "TIMESTAMP", []any{commitTime, commitTime.In(time.FixedZone("", 3600))}, "2026-01-02T03:04:05.6Z 2026-01-02T03:04:05.6Z"},
	{replication.Column{Kind: replication.JSON}, "JSON", []any{`{"a": [1, null]}`, "null"}, `{"a": [1, null]} null`},
}

func TestTypes(t *testing.T) {
	t.Parallel()
	for _, tt := range kinds {
		typ := typeOf(&tt.column)
		if string(typ) != tt.typ || !fits(&tt.column, &bigquery.FieldSchema{Type: typ}) || fits(&tt.column, &bigquery.FieldSchema{Type: typ, Repeated: true}) {
			t.Errorf("%+v is %s, want %s", tt.column, typ, tt.typ)
		}
		var texts []string
		for _, v := range tt.values {
			text, err := encode(&tt.column, typ, v)
			if err != nil {
				t.Fatal(err)
			}
			if err := valid(string(typ), text); err != nil {
				t.Errorf("%v: %v", v, err)
			}
			texts = append(texts, fmt.Sprint(text))
		}
		if got := strings.Join(texts, " "); got != tt.texts {
			t.Errorf("%v is %s, want %s", tt.values, got, tt.texts)
		}
		if v, err := encode(&tt.column, typ, nil); v != nil || err != nil {
			t.Errorf("NULL is %v, %v", v, err)
		}
	}
}

// TestTypesThatAreThere lists what a column takes that was made by somebody else.
func TestTypesThatAreThere(t *testing.T) {
	t.Parallel()
	all := []bigquery.FieldType{"INTEGER", "FLOAT", "NUMERIC", "BIGNUMERIC", "STRING", "BYTES", "DATE", "TIME", "DATETIME", "TIMESTAMP", "JSON", "BOOLEAN", "GEOGRAPHY"}
	for _, tt := range []struct {
		column replication.Column
		want   string
	}{
		{replication.Column{Kind: replication.Int, Bits: 64}, "INTEGER NUMERIC BIGNUMERIC STRING"},
		{replication.Column{Kind: replication.Int, Bits: 32}, "INTEGER FLOAT NUMERIC BIGNUMERIC STRING"},
		{replication.Column{Kind: replication.Uint, Bits: 64}, "NUMERIC BIGNUMERIC STRING"},
		{replication.Column{Kind: replication.Float, Bits: 64}, "FLOAT STRING"},
		{replication.Column{Kind: replication.Decimal, Precision: 10, Scale: 2}, "NUMERIC BIGNUMERIC STRING"},
		{replication.Column{Kind: replication.Decimal, Precision: 40, Scale: 20}, "BIGNUMERIC STRING"},
		{replication.Column{Kind: replication.Text}, "STRING"},
		{replication.Column{Kind: replication.Bytes}, "BYTES"},
		{replication.Column{Kind: replication.Date}, "STRING DATE"},
		{replication.Column{Kind: replication.Time}, "STRING TIME"},
		{replication.Column{Kind: replication.DateTime}, "STRING DATETIME"},
		{replication.Column{Kind: replication.Timestamp}, "STRING TIMESTAMP"},
		{replication.Column{Kind: replication.JSON}, "STRING JSON"},
	} {
		var got []string
		for _, typ := range all {
			if fits(&tt.column, &bigquery.FieldSchema{Type: typ}) {
				got = append(got, string(typ))
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%+v fits %v, want %s", tt.column, got, tt.want)
		}
	}
	price := &replication.Column{Kind: replication.Decimal, Precision: 10, Scale: 2}
	for _, tt := range []struct {
		precision, scale int64
		want             bool
	}{{10, 2, true}, {12, 2, true}, {10, 3, false}, {9, 2, false}, {12, 1, false}} {
		if got := fits(price, &bigquery.FieldSchema{Type: "NUMERIC", Precision: tt.precision, Scale: tt.scale}); got != tt.want {
			t.Errorf("NUMERIC(%d, %d): %v", tt.precision, tt.scale, got)
		}
	}
}

func TestValuesRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		column replication.Column
		typ    bigquery.FieldType
		value  any
		want   string
	}{
		{replication.Column{Name: "t", Kind: replication.Time}, "TIME", 24 * time.Hour, "column t: 24:00:00 is not a time of day"},
		{replication.Column{Name: "t", Kind: replication.Time}, "TIME", -time.Second, "-00:00:01 is not a time of day"},
		{replication.Column{Name: "d", Kind: replication.Date}, "DATE", time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), "column d: the year 0"},
		{replication.Column{Name: "x"}, "INTEGER", 1, "a value of the type int is not known"},
	} {
		if _, err := encode(&tt.column, tt.typ, tt.value); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.value, err, tt.want)
		}
	}
	if v, err := encode(&replication.Column{Kind: replication.Time}, "TIME", 23*time.Hour); v != "23:00:00" || err != nil {
		t.Errorf("%v, %v", v, err)
	}
}
