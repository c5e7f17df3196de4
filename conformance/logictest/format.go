package logictest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// fits reports whether a column of MySQL's type name may stand where a file has a letter. The number types stand for each
// other: which expressions are integers differs among the engines that wrote the files.
func fits(letter byte, name string) bool {
	number := false
	switch strings.TrimPrefix(name, "UNSIGNED ") {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR", "BIT", "DECIMAL", "FLOAT", "DOUBLE":
		number = true
	}
	return number == (letter != 'T')
}

// format writes a value as the files do: NULL, (empty) for a text without characters, real numbers with three decimals.
func format(letter byte, v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case int64:
		if letter == 'R' {
			return strconv.FormatFloat(float64(v), 'f', 3, 64)
		}
		return strconv.FormatInt(v, 10)
	case uint64:
		if letter == 'R' {
			return strconv.FormatFloat(float64(v), 'f', 3, 64)
		}
		return strconv.FormatUint(v, 10)
	case float64:
		return number(letter, v)
	case float32:
		return number(letter, float64(v))
	case []byte:
		return formatText(letter, string(v))
	case string:
		return formatText(letter, v)
	case time.Time:
		return formatText(letter, v.Format(time.DateTime))
	default:
		return fmt.Sprint(v)
	}
}

// number writes a real number; a whole one without decimals where the file has an integer.
func number(letter byte, f float64) string {
	if letter == 'I' && f == math.Trunc(f) {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'f', 3, 64)
}

// formatText writes a text or a DECIMAL, which drivers hand out as one.
func formatText(letter byte, s string) string {
	if letter != 'T' {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			if _, err := strconv.ParseInt(s, 10, 64); err == nil && letter == 'I' {
				return s
			}
			return number(letter, f)
		}
		return s
	}
	if s == "" {
		return "(empty)"
	}
	return s
}
