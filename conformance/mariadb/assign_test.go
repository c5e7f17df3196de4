package mariadb

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/s3sql/s3sql/conformance/differ"
)

// assignTypes are columns that values are stored in.
var assignTypes = []string{"TINYINT", "TINYINT UNSIGNED", "INT", "BIGINT", "BIGINT UNSIGNED", "BOOL", "DECIMAL(6,2)", "DECIMAL(4,0) UNSIGNED", "FLOAT", "DOUBLE",
	"DATE", "TIME", "TIME(3)", "DATETIME", "DATETIME(2)", "YEAR", "CHAR(4)", "VARCHAR(4)", "TINYTEXT", "BINARY(4)", "VARBINARY(4)", "TINYBLOB",
	"ENUM('a','1','0','')", "SET('a','b','1')", "BIT(4)", "BIT(64)"}

// assignValues are what is stored.
var assignValues = []string{"0", "1", "-1", "5", "127", "128", "-129", "255", "256", "2147483648", "9223372036854775807", "9223372036854775808",
	"18446744073709551615", "18446744073709551616", "-9223372036854775809", "1.5", "-1.5", "0.005", "9999.995", "99999999", "1e10", "1.5e0", "-1e300", "1e39",
	"'0'", "'1'", "'-1'", "'1.5'", "' 12 '", "'12x'", "'x'", "''", "' '", "'abcde'", "'abc  '", "'äöüß'", "'1e2'", "'0x10'", "'true'", "TRUE", "NULL", "x'41'", "x'ff00'", "b'101'",
	"'2024-02-29'", "'2023-02-29'", "'2024-1-2'", "'24-01-02'", "'20240102'", "20240102", "240102", "'2024-01-02 03:04:05'", "'2024-01-02 03:04:05.678'", "'2024-01-02T03:04:05'", "20240102030405",
	"'2024-01-02 25:00:00'", "'0000-00-00'", "'2024-00-01'", "'12:34:56'", "'12:34'", "'-12:34:56.789'", "'1 02:03:04'", "123456", "'123456'", "'838:59:59'", "'839:00:00'", "'12:60:00'", "8385960",
	"'2024'", "2024", "99", "'99'", "70", "'00'", "1900", "2155", "2156", "DATE'2024-02-29'", "TIME'12:34:56'", "TIMESTAMP'2024-02-29 12:34:56.789'", "'a'", "'b,a'", "'a,c'", "'A'", "3", "16", "'1,1'"}

// assignKnown are values, by the column's type and the value, that MySQL 8.0 stores in another way than MariaDB 10.11.
var assignKnown = []struct{ typ, value, reason string }{
	{`.`, `^' 12 '$`, "spaces behind a number are no data that is lost (field.cc, check_int)"},
	{`INT|BOOL|DECIMAL|FLOAT|DOUBLE|YEAR`, `^x'`, "a hexadecimal literal is a number where one is stored (Hexadecimal Literals)"},
	{`^TIME`, `^(1e10|20240102)$`, "error 1292 (my_time.cc, number_to_time); MariaDB stores 838:59:59"},
	{`BIGINT`, `^TIMESTAMP`, "a fraction of a second is rounded"},
	{`^FLOAT`, `\d{4}`, "the driver hands out the float itself, of which MariaDB prints six digits"},
	{`^YEAR`, `^(DATE|TIME)`, "a date is a number out of range"},
	{`^(VAR)?(CHAR|BINARY)`, `^1e10$`, "the text of 1e10 is 10000000000"},
	{`^(ENUM|SET|BIT)`, `^[-\d]`, "a number with a fraction is rounded; too wide ones are errors"},
	{`^BIT`, `^(DATE|TIME)`, "a time is a number"},
}

func assignReason(typ, value string) string {
	for _, k := range assignKnown {
		if regexp.MustCompile(k.typ).MatchString(typ) && regexp.MustCompile(k.value).MatchString(value) {
			return k.reason
		}
	}
	return ""
}

// TestAssign stores every value in a column of every type, in strict mode.
func TestAssign(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	n, excused := 0, 0
	for i, typ := range assignTypes {
		table := fmt.Sprintf("a%d", i)
		if ours, theirs := p.ask(fmt.Sprintf("CREATE TABLE %s (id INT PRIMARY KEY, v %s)", table, typ), false); ours.Message != "" || theirs.Message != "" {
			t.Fatal(ours, theirs)
		}
		for id, v := range assignValues {
			n++
			d, ours, theirs := p.assign(table, id, v)
			switch {
			case d == "":
			case assignReason(typ, v) != "":
				excused++
			default:
				t.Errorf("%s: %s: %s\nours: %s\ntheirs: %s", typ, v, d, ours, theirs)
			}
		}
	}
	t.Logf("%d values, %d that MySQL stores in another way", n, excused)
}

// assign stores a value and compares the outcome, the warnings, and what is stored.
func (p *pair) assign(table string, id int, v string) (difference string, ours, theirs *differ.Answer) {
	p.t.Helper()
	p.forgetWarnings()
	ours, theirs = p.ask(fmt.Sprintf("INSERT INTO %s VALUES (%d, %s)", table, id, v), false)
	d := differ.Rules{Number: true, Counts: true}.Compare(ours, theirs)
	if d == "error numbers" && ours.Number == theirs.Number {
		d = ""
	}
	if d != "" || ours.Message != "" {
		return d, ours, theirs
	}
	ours.Warnings, theirs.Warnings = warnings(p.askWarnings())
	if d = (differ.Rules{Warnings: true}).Compare(ours, theirs); d != "" {
		return d, ours, theirs
	}
	ours, theirs = p.askRounded(fmt.Sprintf("SELECT v FROM %s WHERE id = %d", table, id))
	return differ.Rules{Exact: true}.Compare(ours, theirs), ours, theirs
}
