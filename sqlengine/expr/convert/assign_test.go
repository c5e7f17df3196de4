package convert

import (
	"math"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

func dec(s string) base.Value {
	coef, scale, _, _ := base.ParseDecimal(s)
	return base.NewDecimal(coef, scale)
}

var (
	tinyint   = base.Type{ID: base.TypeTinyInt}
	tinyUint  = base.Type{ID: base.TypeTinyInt, Unsigned: true}
	integer   = base.Type{ID: base.TypeInt}
	bigint    = base.Type{ID: base.TypeBigInt}
	ubigint   = base.Type{ID: base.TypeBigInt, Unsigned: true}
	decimal52 = base.Type{ID: base.TypeDecimal, Precision: 5, Scale: 2}
	double    = base.Type{ID: base.TypeDouble}
	float     = base.Type{ID: base.TypeFloat}
	char3     = base.Type{ID: base.TypeChar, Length: 3}
	varchar3  = base.Type{ID: base.TypeVarchar, Length: 3}
	tinytext  = base.Type{ID: base.TypeTinyText}
	binary3   = base.Type{ID: base.TypeBinary, Length: 3}
	varbin3   = base.Type{ID: base.TypeVarbinary, Length: 3}
	date      = base.Type{ID: base.TypeDate}
	datetime  = base.Type{ID: base.TypeDateTime}
	datetime3 = base.Type{ID: base.TypeDateTime, Scale: 3}
	timestamp = base.Type{ID: base.TypeTimestamp}
	timeType  = base.Type{ID: base.TypeTime}
	year      = base.Type{ID: base.TypeYear}
	enum      = base.Type{ID: base.TypeEnum, Elems: []string{"small", "medium", "7"}}
	enumCI    = base.Type{ID: base.TypeEnum, Collation: "utf8mb4_0900_ai_ci", Elems: []string{"small", "medium", "7"}}
	set       = base.Type{ID: base.TypeSet, Elems: []string{"a", "b", "c"}}
	bit3      = base.Type{ID: base.TypeBit, Length: 3}
	jsonType  = base.Type{ID: base.TypeJSON}
	uuid      = base.Type{ID: base.TypeUUID}
)

func TestAssign(t *testing.T) {
	t.Parallel()
	str, num := base.NewString, base.NewInt
	for _, c := range []struct {
		v    base.Value
		t    base.Type
		want string // text, or the error in strict mode
		lax  string // text in other modes, with an error above; a note in strict mode when want is a text
	}{
		{base.Value{}, integer, "NULL", ""},
		{num(127), tinyint, "127", ""},
		{num(128), tinyint, "1264 Out of range value for column 'c' at row 3", "127"},
		{num(-1), tinyUint, "1264 Out of range value for column 'c' at row 3", "0"},
		{num(-129), tinyint, "1264 Out of range value for column 'c' at row 3", "-128"},
		{base.NewUint(math.MaxUint64), bigint, "1264 Out of range value for column 'c' at row 3", "9223372036854775807"},
		{base.NewUint(math.MaxUint64), ubigint, "18446744073709551615", ""},
		{base.NewFloat(1.5), integer, "2", ""},
		{base.NewFloat(1e20), bigint, "1264 Out of range value for column 'c' at row 3", "9223372036854775807"},
		{dec("-2.5"), integer, "-3", ""},
		{str("12"), integer, "12", ""},
		{str(" 12 "), integer, "12", ""},
		{str("1.6"), integer, "2", ""},
		{str("1e2"), integer, "100", ""},
		{str("abc"), integer, "1366 Incorrect integer value: 'abc' for column 'c' at row 3", "0"},
		{str(""), integer, "1366 Incorrect integer value: '' for column 'c' at row 3", "0"},
		{str("12abc"), integer, "1265 Data truncated for column 'c' at row 3", "12"},
		{str("99999999999"), integer, "1264 Out of range value for column 'c' at row 3", "2147483647"},
		{dec("1.005"), decimal52, "1.01", "note"},
		{dec("-1.005"), decimal52, "-1.01", "note"},
		{num(1000), decimal52, "1264 Out of range value for column 'c' at row 3", "999.99"},
		{str("x"), decimal52, "1366 Incorrect decimal value: 'x' for column 'c' at row 3", "0.00"},
		{str("1.5"), decimal52, "1.50", ""},
		{base.NewFloat(0.1), decimal52, "0.10", ""},
		{str("1e400"), double, "1264 Out of range value for column 'c' at row 3", "1.7976931348623157e308"},
		{str("1.25"), double, "1.25", ""},
		{base.NewFloat(1e39), float, "1264 Out of range value for column 'c' at row 3", "3.40282e38"},
		{str("abc"), varchar3, "abc", ""},
		{str("äöü"), varchar3, "äöü", ""},
		{str("abcd"), varchar3, "1406 Data too long for column 'c' at row 3", "abc"},
		{str("ab   "), varchar3, "ab ", "note"},
		{str("ab   "), char3, "ab", ""},
		{num(12345), varchar3, "1406 Data too long for column 'c' at row 3", "123"},
		{str(strings.Repeat("x", 256)), tinytext, "1406 Data too long for column 'c' at row 3", strings.Repeat("x", 255)},
		{base.NewBytes("\xff"), varchar3, "1366 Incorrect string value: '\\xFF' for column 'c' at row 3", "?"},
		{base.NewBytes("a"), binary3, "a\x00\x00", ""},
		{base.NewBytes("abcd"), varbin3, "1406 Data too long for column 'c' at row 3", "abc"},
		{str("2024-02-29"), date, "2024-02-29", ""},
		{str("2024-2-9 10:11:12"), date, "2024-02-09", "note"},
		{str("2023-02-29"), date, "1292 Incorrect date value: '2023-02-29' for column 'c' at row 3", "0000-00-00"},
		{str("0000-00-00"), date, "1292 Incorrect date value: '0000-00-00' for column 'c' at row 3", "0000-00-00"},
		{num(20240229), date, "2024-02-29", ""},
		{str("x"), datetime, "1292 Incorrect datetime value: 'x' for column 'c' at row 3", "0000-00-00 00:00:00"},
		{str("2024-02-29 23:59:59.9"), datetime, "2024-03-01 00:00:00", ""},
		{str("2024-02-29 23:59:59.9"), datetime3, "2024-02-29 23:59:59.900", ""},
		{str("1960-01-01"), timestamp, "1292 Incorrect datetime value: '1960-01-01' for column 'c' at row 3", "0000-00-00 00:00:00"},
		{str("10:11:12"), timeType, "10:11:12", ""},
		{str("-838:59:59"), timeType, "-838:59:59", ""},
		{str("839:00:00"), timeType, "1292 Incorrect time value: '839:00:00' for column 'c' at row 3", "838:59:59"},
		{num(101112), timeType, "10:11:12", ""},
		{num(70), year, "1970", ""},
		{num(0), year, "0000", ""},
		{str("0"), year, "2000", ""},
		{num(1900), year, "1264 Out of range value for column 'c' at row 3", "0000"},
		{str("medium"), enum, "medium", ""},
		{str("MEDIUM"), enum, "1265 Data truncated for column 'c' at row 3", ""},
		{str("MEDIUM"), enumCI, "medium", ""},
		{num(1), enum, "small", ""},
		{str("2"), enum, "medium", ""},
		{str("7"), enum, "7", ""},
		{str("huge"), enum, "1265 Data truncated for column 'c' at row 3", ""},
		{num(4), enum, "1265 Data truncated for column 'c' at row 3", ""},
		{str("c,a"), set, "a,c", ""},
		{num(7), set, "a,b,c", ""},
		{str("a,x"), set, "1265 Data truncated for column 'c' at row 3", "a"},
		{num(5), bit3, "\x05", ""},
		{num(9), bit3, "1406 Data too long for column 'c' at row 3", "\x07"},
		{str(`{"b":1, "a" : [ ]}`), jsonType, `{"a": [], "b": 1}`, ""},
		{num(5), jsonType, "5", ""},
		{str("550E8400-e29b-41d4-a716-446655440000"), uuid, "550e8400-e29b-41d4-a716-446655440000", ""},
		{str("nope"), uuid, "1366 Incorrect uuid value: 'nope' for column 'c' at row 3", "00000000-0000-0000-0000-000000000000"},
	} {
		name := Format(c.v, NaturalType(c.v))
		out, warning, err := Assign(c.v, c.t, true, "c", 3)
		got := ""
		if err == nil {
			got = Format(out, c.t)
		} else {
			got = Format(base.NewInt(int64(err.(*base.Error).Number)), bigint) + " " + err.Error()
		}
		if got != c.want {
			t.Errorf("%q as %v: got %q, want %q", name, c.t, got, c.want)
		}
		if err == nil && (warning != nil) != (c.lax == "note") {
			t.Errorf("%q as %v: warning %v", name, c.t, warning)
		}
		if err == nil && !out.IsNull() && out.Class() != c.t.Class() {
			t.Errorf("%q as %v: class %s", name, c.t, out.Class())
		}
		if err != nil {
			out, warning, err = Assign(c.v, c.t, false, "c", 3)
			if err != nil || warning == nil || Format(out, c.t) != c.lax {
				t.Errorf("%q as %v, not strict: %q, %v, %v; want %q", name, c.t, Format(out, c.t), warning, err, c.lax)
			}
		}
	}
}

// TestAsIs checks that what it lets through Assign leaves alone, for values of every class and every type here.
func TestAsIs(t *testing.T) {
	t.Parallel()
	values := []base.Value{{}, base.NewInt(0), base.NewInt(127), base.NewInt(128), base.NewInt(-129), base.NewInt(math.MinInt64), base.NewUint(math.MaxUint64),
		base.NewFloat(1.5), base.NewFloat(math.Inf(1)), base.NewFloat(math.NaN()), base.NewFloat(-1), dec("1.50"), dec("1000.00"), dec("1.5"),
		base.NewString(""), base.NewString("abc  "), base.NewString("abcdef"), base.NewString("\xff"), base.NewString("äöü"), base.NewBytes("abc"),
		base.NewDate(0), base.NewDate(base.MinDate), base.NewDate(base.ZeroDate), base.NewDate(base.MaxDate), base.NewDate(base.MaxDate + 1), base.NewDateTime(0),
		base.NewDateTime(base.Day - 1), base.NewDateTime(1_234_567_000), base.NewDateTime(-1_500_000), base.NewDateTime(base.ZeroDate * base.Day)}
	types := []base.Type{tinyint, tinyUint, integer, bigint, ubigint, decimal52, double, float, {ID: base.TypeDouble, Unsigned: true},
		{ID: base.TypeDecimal, Precision: 5, Scale: 2, Unsigned: true}, {ID: base.TypeVarchar, Length: 3}, {ID: base.TypeVarchar, Length: 5}, {ID: base.TypeChar, Length: 5},
		{ID: base.TypeTinyText}, {ID: base.TypeText}, {ID: base.TypeJSON}, {ID: base.TypeVarbinary, Length: 5}, {ID: base.TypeDate},
		{ID: base.TypeDateTime}, {ID: base.TypeDateTime, Scale: 3}, {ID: base.TypeDateTime, Scale: 6}, {ID: base.TypeTimestamp, Scale: 6}}
	yes := 0
	for _, typ := range types {
		for _, v := range values {
			if !AsIs(&v, &typ) {
				continue
			}
			yes++
			for _, strict := range []bool{true, false} {
				if out, warning, err := Assign(v, typ, strict, "c", 1); out != v || warning != nil || err != nil {
					t.Errorf("%v in %v: Assign gives %v, %v, %v", v, typ, out, warning, err)
				}
			}
		}
	}
	if yes < 40 {
		t.Errorf("only %d were let through", yes)
	}
}

func TestAssignInvalidJSON(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{true, false} {
		_, _, err := Assign(base.NewString("{"), jsonType, strict, "doc", 1)
		if e, ok := err.(*base.Error); !ok || e.Number != 3140 || !strings.Contains(e.Msg, "'doc'") {
			t.Errorf("strict %v: %v", strict, err)
		}
	}
}

func TestZeroFitsItsType(t *testing.T) {
	t.Parallel()
	for id := base.TypeTinyInt; id <= base.TypeVector; id++ {
		typ := base.Type{ID: id, Precision: 10, Scale: 2, Elems: []string{"x"}}
		if z := Zero(typ); z.IsNull() || z.Class() != typ.Class() {
			t.Errorf("type %d: zero is %v", id, z)
		}
	}
}

func FuzzConvert(f *testing.F) {
	for _, s := range []string{"", "2024-01-02 03:04:05.5", "-1e5", "[1, 2]", "{\"a\":1}", "10:11", "99999999999999999999999999999999999999999", "\xff"} {
		f.Add(s)
	}
	types := []base.Type{tinyint, ubigint, decimal52, double, char3, tinytext, binary3, date, datetime3, timestamp, timeType, year, enum,
		set, bit3, jsonType, uuid, {ID: base.TypeVector, Length: 3}}
	f.Fuzz(func(t *testing.T, s string) {
		for _, typ := range types {
			for _, v := range []base.Value{base.NewString(s), base.NewBytes(s)} {
				out, _, err := Assign(v, typ, false, "c", 1)
				if err == nil && out.Class() != typ.Class() {
					t.Fatalf("%q as %v is a %s", s, typ, out.Class())
				}
				if again, warning, err2 := Assign(out, typ, false, "c", 1); err == nil && (err2 != nil || again != out) && warning == nil {
					t.Fatalf("%q as %v: %v, then %v", s, typ, out, again)
				}
				if _, err := To(v, NaturalType(v), typ, nil); err != nil && typ.ID != base.TypeJSON {
					t.Fatalf("%q as %v: %v", s, typ, err)
				}
			}
		}
	})
}
