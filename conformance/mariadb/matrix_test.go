package mariadb

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/conformance/differ"
)

// matrixColumns are a column of each type, with two values and NULL.
var matrixColumns = []struct{ name, typ, one, two string }{
	{"ti", "TINYINT", "-7", "100"},
	{"bo", "BOOL", "1", "0"},
	{"iu", "INT UNSIGNED", "7", "4000000000"},
	{"bi", "BIGINT", "-9000000000", "3"},
	{"bu", "BIGINT UNSIGNED", "18446744073709551615", "2"},
	{"de", "DECIMAL(8,2)", "12.50", "-3.25"},
	{"fl", "FLOAT", "1.5", "-0.25"},
	{"db", "DOUBLE", "2.75", "1e10"},
	{"da", "DATE", "'2024-02-29'", "'1999-12-31'"},
	{"ti3", "TIME(2)", "'12:34:56.78'", "'-01:02:03'"},
	{"dt", "DATETIME", "'2024-02-29 12:34:56'", "'1999-12-31 23:59:59'"},
	{"ts", "TIMESTAMP(3) NULL", "'2024-02-29 12:34:56.789'", "'2001-01-01 00:00:00'"},
	{"ye", "YEAR", "2024", "1999"},
	{"ch", "CHAR(6)", "'12abc'", "'Abc'"},
	{"vc", "VARCHAR(20)", "'42'", "'2024-02-29'"},
	{"tx", "TEXT", "'3.5e1'", "''"},
	{"bn", "BINARY(3)", "'a1'", "x'00ff'"},
	{"vb", "VARBINARY(8)", "'7'", "x'4142'"},
	{"en", "ENUM('x','2','y')", "'x'", "'2'"},
	{"st", "SET('p','q','r')", "'p,r'", "''"},
	{"bt", "BIT(8)", "5", "255"},
}

// matrixAggregates need no order.
var matrixAggregates = regexp.MustCompile(`^(SUM|AVG|MIN|MAX|COUNT|GROUP_CONCAT|STDDEV|VAR_SAMP|BIT_AND|BIT_OR|BIT_XOR)\(`)

// matrixKnown are the operations that MySQL 8.0 answers in another way than MariaDB 10.11, and the pages of its manual; or its
// source, where the manual is silent.
var matrixKnown = []struct{ pattern, reason string }{
	{`^(LEAST|GREATEST)\(`, "operands of several kinds are compared as text (Comparison Functions, LEAST; item_func.cc, Item_func_min_max)"},
	{`^TIMEDIFF\(`, "NULL unless both are of one kind, texts included (Date and Time Functions, TIMEDIFF)"},
	{`^(ROUND|CEIL|FLOOR|TRUNCATE)\((ti3|dt|ts)\b`, "a time is a number there (Mathematical Functions)"},
	{`^ROUND\(`, "how many digits an integer result of a variable number of digits has"},
	{`^(-|ABS\()(da|dt)\b`, "a time without fraction is an integer (Type Conversion in Expression Evaluation)"},
	{`^(-|ABS\(|SUM\(|AVG\(|CEIL\(|FLOOR\(|ROUND\(|TRUNCATE\()?(en|st)\b|(\+|-|\*|/|%|DIV) (en|st)$`, "a name is a DOUBLE in arithmetic, by its number (The ENUM Type)"},
	{`\bbt\b`, "the driver hands out a BIT as bytes; MariaDB's prints its number"},
	{`(^|[ (])(da|dt|ts|iu|ye|bu|db)\b.*[<-] *(da|dt|ts|iu|bu|db)$`, "a time and a number are compared as DOUBLE, and subtracted as numbers, unsigned if one of them is (item_cmpfunc.cc)"},
	{`^(CAST\(|TIME\(|HOUR\(|SECOND\(|MICROSECOND\()(bi|bu|ye)\b`, "a number out of range is no time (my_time.cc, number_to_time); MariaDB clips some"},
	{`^(YEAR|MONTH|DATE_FORMAT)\((fl|db|ye|ti3)\b`, "a YEAR is a number where a date is wanted (my_time.cc, number_to_datetime), a TIME is of today"},
	{`^TIME_TO_SEC\(`, "an integer (Date and Time Functions)"},
	{`^SEC_TO_TIME\(`, "clipped to 838:59:59 without a fraction"},
	{`^(CAST\((ti3|ts|de) AS (UN)?SIGNED|(BIT_XOR|BIT_OR|BIT_AND|INET_NTOA)\((ti3|ts))`, "a time rounds to an integer, and a negative DECIMAL wraps"},
	{`^(~|BIT_(COUNT|AND|OR|XOR)\()?(bn|vb)\b|\b(bn|vb)$`, "bit operations on binary strings are on their bytes (Bit Functions and Operators); REGEXP refuses them"},
	{`^ts DIV`, "DIV of a TIMESTAMP is signed"},
	{`^(da|dt|ts) (= '42'|IN \('x')`, "error 1525 (What Is New in MySQL 8.0, comparison of dates)"},
	{`^CAST\(bn AS CHAR`, "bytes that are no UTF-8 stay as they are"},
	{`^(vc \+|ti3 -) INTERVAL`, "no fraction that is not there; TIME stays TIME (Date and Time Functions, DATE_ADD)"},
	{`^(IF|COALESCE|CASE WHEN|IFNULL)\b`, "a signed and an unsigned integer are a wider integer (Flow Control Functions)"},
	{`^ye = DATE`, "a YEAR is a number beside a date"},
	{`^UNIX_TIMESTAMP\((bo|fl)`, "a date out of range is 0 (Date and Time Functions, UNIX_TIMESTAMP)"},
	{`^(UNIX_TIMESTAMP|TIME)\((en|st)`, "a text has up to six digits of a second"},
	{`^MAKETIME\(bu`, "the hour is signed"},
}

var matrixUnary = []string{"-%s", "+%s", "NOT %s", "~%s", "!%s", "%s IS TRUE", "%s IS NULL", "ABS(%s)", "ROUND(%s)", "ROUND(%s, 1)", "CEIL(%s)", "FLOOR(%s)", "TRUNCATE(%s, 1)",
	"SIGN(%s)", "SQRT(%s)", "HEX(%s)", "LENGTH(%s)", "CHAR_LENGTH(%s)", "CONCAT(%s)", "CONCAT(%s, 'z')", "UPPER(%s)", "LOWER(%s)", "LEFT(%s, 2)", "REVERSE(%s)", "TRIM(%s)", "QUOTE(%s)", "MD5(%s)",
	"CAST(%s AS SIGNED)", "CAST(%s AS UNSIGNED)", "CAST(%s AS DECIMAL(10,1))", "CAST(%s AS DOUBLE)", "CAST(%s AS CHAR)", "CAST(%s AS CHAR(3))", "CAST(%s AS BINARY)",
	"CAST(%s AS DATE)", "CAST(%s AS TIME)", "CAST(%s AS TIME(2))", "CAST(%s AS DATETIME)", "CAST(%s AS DATETIME(2))",
	"YEAR(%s)", "MONTH(%s)", "DAYNAME(%s)", "HOUR(%s)", "SECOND(%s)", "MICROSECOND(%s)", "TO_DAYS(%s)", "UNIX_TIMESTAMP(%s)", "DATE(%s)", "TIME(%s)", "DATE_FORMAT(%s, '%%Y %%m %%d %%H')", "LAST_DAY(%s)", "TIME_TO_SEC(%s)", "SEC_TO_TIME(%s)",
	"%s + INTERVAL 1 DAY", "%s + INTERVAL 1 HOUR", "%s - INTERVAL 1 MONTH",
	"%s LIKE '2%%'", "%s REGEXP '^2'", "%s & 3", "%s | 1", "%s << 1", "%s >> 1", "%s ^ 1", "BIT_COUNT(%s)", "IF(%s, 'y', 'n')", "IFNULL(%s, 1)", "IFNULL(%s, 'n')", "NULLIF(%s, 1)", "COALESCE(%s, 1.5)",
	"SUM(%s)", "AVG(%s)", "MIN(%s)", "MAX(%s)", "COUNT(%s)", "COUNT(DISTINCT %s)", "GROUP_CONCAT(%s ORDER BY id)", "STDDEV(%s)", "VAR_SAMP(%s)", "BIT_AND(%s)", "BIT_OR(%s)", "BIT_XOR(%s)", "ELT(%s, 'a', 'b')", "MAKETIME(%s, 1, 2)", "FORMAT(%s, 1)", "INET_NTOA(%s)", "OCT(%s)", "BIN(%s)", "CRC32(%s)", "ASCII(%s)", "%s IN (1, 2)", "%s IN ('x', '42')", "%s BETWEEN 1 AND 5", "%s = '42'", "%s = 2024", "%s = 12.5", "%s > '2000-01-01'", "%s = DATE'2024-02-29'"}

var matrixBinary = []string{"%s + %s", "%s - %s", "%s * %s", "%s / %s", "%s DIV %s", "%s %% %s", "%s = %s", "%s < %s", "%s <=> %s", "%s AND %s", "%s XOR %s", "%s & %s", "%s | %s", "CONCAT(%s, %s)", "COALESCE(%s, %s)", "IF(id = 1, %s, %s)",
	"CASE WHEN id = 1 THEN %s ELSE %s END", "LEAST(%s, %s)", "GREATEST(%s, %s)", "NULLIF(%s, %s)", "%s LIKE %s", "%s IN (%s, NULL)", "STRCMP(%s, %s)", "INSTR(%s, %s)", "DATEDIFF(%s, %s)", "TIMEDIFF(%s, %s)", "POW(%s, %s)", "ROUND(%s, %s)", "LEFT(%s, %s)"}

// TestMatrix puts every operation to columns of every type.
func TestMatrix(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.matrixTable()
	n, excused := 0, 0
	ask := func(e string) {
		statement := "SELECT " + e + " FROM m"
		if !matrixAggregates.MatchString(e) {
			statement += " ORDER BY id"
		}
		n++
		ours, theirs := p.askRounded(statement)
		d := differ.Rules{Types: true, Exact: true, Number: true, Ordered: true}.Compare(ours, theirs)
		switch {
		case d == "":
		case matrixReason(e) != "":
			excused++
		default:
			t.Errorf("%s: %s\nours: %s\ntheirs: %s", statement, d, ours, theirs)
		}
	}
	for _, f := range matrixUnary {
		for _, c := range matrixColumns {
			ask(fmt.Sprintf(f, c.name))
		}
	}
	for _, f := range matrixBinary {
		for _, a := range matrixColumns {
			for _, b := range matrixColumns {
				ask(fmt.Sprintf(f, a.name, b.name))
			}
		}
	}
	t.Logf("%d operations, %d that MySQL answers in another way", n, excused)
}

// matrixTable makes table m with a column of each type.
func (p *pair) matrixTable() {
	p.t.Helper()
	cols := []string{"id INT PRIMARY KEY"}
	one, two, null := []string{"1"}, []string{"2"}, []string{"3"}
	for _, c := range matrixColumns {
		cols = append(cols, c.name+" "+c.typ)
		one, two, null = append(one, c.one), append(two, c.two), append(null, "NULL")
	}
	row := func(values []string) string { return "(" + strings.Join(values, ", ") + ")" }
	for _, s := range []string{"CREATE TABLE m " + row(cols), "INSERT INTO m VALUES " + row(one) + ", " + row(two) + ", " + row(null)} {
		if ours, theirs := p.ask(s, false); ours.Message != "" || theirs.Message != "" {
			p.t.Fatal(ours, theirs)
		}
	}
}

var matrixPatterns = func() (list []*regexp.Regexp) {
	for _, k := range matrixKnown {
		list = append(list, regexp.MustCompile(k.pattern))
	}
	return list
}()

func matrixReason(e string) string {
	for i, p := range matrixPatterns {
		if p.MatchString(e) {
			return matrixKnown[i].reason
		}
	}
	return ""
}
