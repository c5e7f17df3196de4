package driver

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // a bare machine has no time zone database

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

type (
	myInt     int16
	myText    string
	myBytes   []byte
	money     struct{ cents int64 }
	endless   struct{}
	failing   struct{}
	ptrValuer struct{}
)

func (m money) Value() (driver.Value, error)      { return big.NewRat(m.cents, 100).FloatString(2), nil }
func (e endless) Value() (driver.Value, error)    { return e, nil }
func (failing) Value() (driver.Value, error)      { return nil, errFailing }
func (p *ptrValuer) Value() (driver.Value, error) { return p == nil, nil }

var errFailing = errors.New("no value today")

func TestCheckNamedValue(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	seven := myInt(7)
	pp := &seven
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	cases := []struct{ in, want any }{
		{nil, nil}, {1, int64(1)}, {int8(-1), int64(-1)}, {uint8(255), uint64(255)}, {uint64(math.MaxUint64), uint64(math.MaxUint64)},
		{float32(0.1), 0.1}, {2.5, 2.5}, {true, true}, {"x", "x"}, {[]byte("b"), []byte("b")}, {[]byte(nil), nil}, {[]byte{}, []byte{}},
		{at, at}, {json.RawMessage(`{"a":1}`), `{"a":1}`}, {json.RawMessage(nil), nil}, {sql.RawBytes("r"), []byte("r")},
		{sql.NullString{String: "s", Valid: true}, "s"}, {sql.NullInt64{}, nil}, {sql.Null[int16]{V: 4, Valid: true}, int64(4)},
		{seven, int64(7)}, {&pp, int64(7)}, {(*int)(nil), nil}, {myText("t"), "t"}, {myBytes("m"), []byte("m")}, {myBytes(nil), nil},
		{money{1234}, "12.34"}, {&money{5}, "0.05"}, {(*money)(nil), nil}, {(*ptrValuer)(nil), true}, {time.Second, int64(time.Second)},
		{big.NewInt(9), int64(9)}, {new(big.Int).SetUint64(math.MaxUint64), uint64(math.MaxUint64)}, {huge, "123456789012345678901234567890"},
		{(*big.Int)(nil), nil}, {sql.NullTime{Time: at, Valid: true}, at},
	}
	for _, c := range cases {
		nv := driver.NamedValue{Value: c.in}
		if err := (&Conn{}).CheckNamedValue(&nv); err != nil || !reflect.DeepEqual(nv.Value, c.want) {
			t.Errorf("%T %v is %T %v, %v; want %T %v", c.in, c.in, nv.Value, nv.Value, err, c.want, c.want)
		}
	}
	for _, c := range []struct {
		in   any
		want string
	}{
		{sql.Out{Dest: new(int)}, "sql.Out"}, {[]int{1}, "one placeholder for each element"}, {map[string]int{}, "has no SQL value"},
		{struct{}{}, "has no SQL value"}, {endless{}, "returns a driver.endless again"}, {failing{}, "no value today"}, {func() {}, "has no SQL value"},
		{complex(1, 2), "has no SQL value"}, {[4]byte{}, "has no SQL value"},
	} {
		nv := driver.NamedValue{Value: c.in}
		if err := (&Conn{}).CheckNamedValue(&nv); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: %v, want %q", c.in, err, c.want)
		}
	}
}

func TestArgs(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 2*3600)
	f := format{parseTime: true, loc: east}
	at := time.Date(2026, 1, 2, 22, 30, 0, 1500, time.UTC) // 00:30 on the 3rd in the east
	cases := []struct {
		in   any
		want base.Value
	}{
		{nil, base.Value{}}, {int64(-5), base.NewInt(-5)}, {uint64(5), base.NewInt(5)}, {uint64(1 << 63), base.NewUint(1 << 63)},
		{1.5, base.NewFloat(1.5)}, {true, base.NewInt(1)}, {false, base.NewInt(0)}, {"é", base.NewString("é")}, {[]byte{0xff}, base.NewBytes("\xff")},
		{int32(3), base.NewInt(3)},
		{at, base.NewDateTime(time.Date(2026, 1, 3, 0, 30, 0, 2000, time.UTC).UnixMicro())},
		{time.Time{}.In(east), base.NewDateTime(time.Time{}.Add(2 * time.Hour).UnixMicro())},
	}
	for _, c := range cases {
		got, err := f.args([]driver.NamedValue{{Name: "n", Value: c.in}})
		if err != nil || len(got) != 1 || got[0].name != "n" || got[0].value != c.want {
			t.Errorf("%T %v is %+v, %v; want %+v", c.in, c.in, got, err, c.want)
		}
	}
	for _, in := range []any{math.NaN(), math.Inf(-1), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), []string{}} {
		if _, err := f.args([]driver.NamedValue{{Value: in}}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%v: %v", in, err)
		}
	}
}

func TestTimesRoundTrip(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, loc := range []*time.Location{time.UTC, berlin, time.FixedZone("x", -12345)} {
		f := format{parseTime: true, loc: loc}
		for _, at := range []time.Time{time.Date(2026, 7, 1, 12, 0, 0, 123456000, loc), time.Date(1, 1, 1, 0, 0, 0, 0, loc),
			time.Date(9999, 12, 31, 23, 59, 59, 999999000, loc), time.Date(1969, 12, 31, 23, 59, 59, 999999000, loc)} {
			v, err := f.timeValue(at)
			if err != nil {
				t.Fatal(err)
			}
			if back := f.goTime(v.Int()); !back.Equal(at) || back.Location() != loc {
				t.Errorf("%v came back as %v", at, back)
			}
		}
		if d := f.goDate(-1); d.Format(time.DateTime) != "1969-12-31 00:00:00" || d.Location() != loc {
			t.Errorf("day -1 is %v", d)
		}
	}
}

func column1(typ base.Type, v base.Value) ([]column, *vec.Batch) {
	c := typ.Class()
	_, scale := v.Decimal()
	vector := vec.New(c, scale, 1)
	vector.Set(0, v)
	return []column{{name: "c", typ: typ, nullable: true}}, &vec.Batch{Cols: []*vec.Vector{vector}, N: 1}
}

func TestRowValues(t *testing.T) {
	t.Parallel()
	dec, scale, _, ok := base.ParseDecimal("-123.4500")
	if !ok {
		t.Fatal("ParseDecimal")
	}
	micros := time.Date(2026, 1, 2, 3, 4, 5, 678900000, time.UTC).UnixMicro()
	cases := []struct {
		typ  base.Type
		v    base.Value
		want any
		text string // with parseTime off; "" where it makes no difference
	}{
		{base.Type{ID: base.TypeTinyInt, Bool: true}, base.NewInt(1), int64(1), ""},
		{base.Type{ID: base.TypeBigInt}, base.NewInt(math.MinInt64), int64(math.MinInt64), ""},
		{base.Type{ID: base.TypeBigInt, Unsigned: true}, base.NewUint(5), int64(5), ""},
		{base.Type{ID: base.TypeBigInt, Unsigned: true}, base.NewUint(math.MaxUint64), uint64(math.MaxUint64), ""},
		{base.Type{ID: base.TypeYear}, base.NewInt(2026), int64(2026), ""},
		{base.Type{ID: base.TypeDecimal, Precision: 10, Scale: 4}, base.NewDecimal(dec, scale), []byte("-123.4500"), ""},
		{base.Type{ID: base.TypeFloat}, base.NewFloat(float64(float32(0.1))), float32(0.1), ""},
		{base.Type{ID: base.TypeDouble}, base.NewFloat(0.1), 0.1, ""},
		{base.Type{ID: base.TypeVarchar, Length: 9}, base.NewString("né"), []byte("né"), ""},
		{base.Type{ID: base.TypeText}, base.NewString(""), []byte{}, ""},
		{base.Type{ID: base.TypeBlob}, base.NewBytes("\x00\xff"), []byte("\x00\xff"), ""},
		{base.Type{ID: base.TypeDate}, base.NewDate(1), time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC), "1970-01-02"},
		{base.Type{ID: base.TypeDateTime, Scale: 3}, base.NewDateTime(micros), time.UnixMicro(micros).UTC(), "2026-01-02 03:04:05.678"},
		{base.Type{ID: base.TypeTimestamp}, base.NewDateTime(micros), time.UnixMicro(micros).UTC(), "2026-01-02 03:04:05"},
		{base.Type{ID: base.TypeTime, Scale: 6}, base.NewTime(-(838*3600+59*60+1)*1e6 - 5), []byte("-838:59:01.000005"), ""},
		{base.Type{ID: base.TypeTime}, base.NewTime(3_661_000_000), []byte("01:01:01"), ""},
		{base.Type{ID: base.TypeJSON}, base.NewJSON(`{"a": 1}`), []byte(`{"a": 1}`), ""},
		{base.Type{ID: base.TypeBit, Length: 9}, base.NewUint(0x1ff), []byte{1, 0xff}, ""},
		{base.Type{ID: base.TypeBit}, base.NewUint(1), []byte{0, 0, 0, 0, 0, 0, 0, 1}, ""},
		{base.Type{ID: base.TypeEnum, Elems: []string{"a", "b"}}, base.NewUint(2), []byte("b"), ""},
		{base.Type{ID: base.TypeEnum, Elems: []string{"a", "b"}}, base.NewUint(0), []byte(""), ""},
		{base.Type{ID: base.TypeSet, Elems: []string{"a", "b", "c"}}, base.NewUint(5), []byte("a,c"), ""},
		{base.Type{ID: base.TypeUUID}, base.NewBytes("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"), []byte("00112233-4455-6677-8899-aabbccddeeff"), ""},
		{base.Type{ID: base.TypeInt}, base.Value{}, nil, ""},
		{base.Type{}, base.Value{}, nil, ""},
	}
	for _, c := range cases {
		for _, parse := range []bool{true, false} {
			cols, b := column1(c.typ, c.v)
			rs, err := newRows(t.Context(), &fakeResult{cols: cols, batches: []*vec.Batch{b}}, format{parseTime: parse, loc: time.UTC})
			if err != nil {
				t.Fatal(err)
			}
			dest := make([]driver.Value, 1)
			if err := rs.Next(dest); err != nil {
				t.Fatal(err)
			}
			want := c.want
			if !parse && c.text != "" {
				want = []byte(c.text)
			}
			if !reflect.DeepEqual(dest[0], want) {
				t.Errorf("%v (parse_time %v) is %T %v, want %T %v", rs.(*rows).ColumnTypeDatabaseTypeName(0), parse, dest[0], dest[0], want, want)
			}
			if err := rs.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestRowsOfABatchDoNotShareText(t *testing.T) {
	t.Parallel()
	a, b := vec.New(base.String, 0, 3), vec.New(base.String, 0, 3)
	copy(a.Str, []string{"x", "skipped", strings.Repeat("long", 50)})
	copy(b.Str, []string{"y", "skipped", "z"})
	cols := []column{{name: "a", typ: base.Type{ID: base.TypeText}}, {name: "b", typ: base.Type{ID: base.TypeText}}}
	rs, err := newRows(t.Context(), &fakeResult{cols: cols, batches: []*vec.Batch{{Cols: []*vec.Vector{a, b}, N: 3, Sel: []int32{0, 2}}}}, format{loc: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	dest := make([]driver.Value, 2)
	for _, want := range [][2]string{{"x", "y"}, {strings.Repeat("long", 50), "z"}} {
		if err := rs.Next(dest); err != nil {
			t.Fatal(err)
		}
		first := append(dest[0].([]byte), "!!"...) // must not reach into the second
		if string(first) != want[0]+"!!" || string(dest[1].([]byte)) != want[1] {
			t.Errorf("got %q, want %q", dest, want)
		}
	}
}

func TestColumnTypes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		typ         base.Type
		name        string
		plain, null any
		length      int64
		prec, scale int64
	}{
		{base.Type{ID: base.TypeTinyInt, Bool: true}, "TINYINT", int8(0), sql.NullInt64{}, -1, -1, -1},
		{base.Type{ID: base.TypeSmallInt, Unsigned: true}, "UNSIGNED SMALLINT", uint16(0), sql.NullInt64{}, -1, -1, -1},
		{base.Type{ID: base.TypeBigInt, Unsigned: true}, "UNSIGNED BIGINT", uint64(0), sql.Null[uint64]{}, -1, -1, -1},
		{base.Type{ID: base.TypeYear}, "YEAR", int16(0), sql.NullInt64{}, -1, -1, -1},
		{base.Type{ID: base.TypeDecimal, Precision: 12, Scale: 2, Unsigned: true}, "DECIMAL", "", sql.NullString{}, -1, 12, 2},
		{base.Type{ID: base.TypeFloat}, "FLOAT", float32(0), sql.NullFloat64{}, -1, math.MaxInt64, math.MaxInt64},
		{base.Type{ID: base.TypeDouble}, "DOUBLE", 0.0, sql.NullFloat64{}, -1, math.MaxInt64, math.MaxInt64},
		{base.Type{ID: base.TypeVarchar, Length: 20}, "VARCHAR", "", sql.NullString{}, 20, -1, -1},
		{base.Type{ID: base.TypeLongText}, "LONGTEXT", "", sql.NullString{}, math.MaxUint32, -1, -1},
		{base.Type{ID: base.TypeBlob}, "BLOB", []byte{}, []byte{}, math.MaxUint16, -1, -1},
		{base.Type{ID: base.TypeDateTime, Scale: 6}, "DATETIME", time.Time{}, sql.NullTime{}, -1, 6, 6},
		{base.Type{ID: base.TypeDate}, "DATE", time.Time{}, sql.NullTime{}, -1, -1, -1},
		{base.Type{ID: base.TypeTime}, "TIME", "", sql.NullString{}, -1, 0, 0},
		{base.Type{ID: base.TypeJSON}, "JSON", []byte{}, []byte{}, math.MaxUint32, -1, -1},
		{base.Type{ID: base.TypeBit, Length: 9}, "BIT", []byte{}, []byte{}, 2, -1, -1},
		{base.Type{ID: base.TypeEnum}, "ENUM", "", sql.NullString{}, -1, -1, -1},
		{base.Type{ID: base.TypeUUID}, "UUID", "", sql.NullString{}, 36, -1, -1},
		{base.Type{ID: 200}, "", "", sql.NullString{}, -1, -1, -1},
	}
	for _, c := range cases {
		r := &rows{cols: []column{{typ: c.typ}, {typ: c.typ, nullable: true}}, format: format{parseTime: true}}
		if got := r.ColumnTypeDatabaseTypeName(0); got != c.name {
			t.Errorf("name %q, want %q", got, c.name)
		}
		if p, n := r.ColumnTypeScanType(0), r.ColumnTypeScanType(1); p != reflect.TypeOf(c.plain) || n != reflect.TypeOf(c.null) {
			t.Errorf("%s scans into %v, %v; want %T, %T", c.name, p, n, c.plain, c.null)
		}
		if n, ok := r.ColumnTypeLength(0); ok != (c.length >= 0) || ok && n != c.length {
			t.Errorf("%s: length %d %v", c.name, n, ok)
		}
		if p, s, ok := r.ColumnTypePrecisionScale(0); ok != (c.prec >= 0) || ok && (p != c.prec || s != c.scale) {
			t.Errorf("%s: precision %d, scale %d, %v", c.name, p, s, ok)
		}
	}
	r := &rows{cols: []column{{typ: base.Type{ID: base.TypeDate}}, {}}}
	if r.ColumnTypeScanType(0) != reflect.TypeFor[string]() || r.ColumnTypeScanType(1) != reflect.TypeFor[any]() || r.ColumnTypeDatabaseTypeName(1) != "NULL" {
		t.Error("types of a text date and of NULL")
	}
}
