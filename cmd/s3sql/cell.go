package main

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// column is one column of a result.
type column struct {
	name   string
	number bool // to the right in tables
	json   bool // its values are JSON documents
	binary bool // its values are bytes, shown in hexadecimal
}

// cell is one value ready to print.
type cell struct {
	text   string
	null   bool
	number bool // text is a number, as SQL and JSON write it
}

// newColumn classifies a column by its type's name, such as "UNSIGNED BIGINT".
func newColumn(name, dbType string) column {
	c := column{name: name}
	switch strings.TrimPrefix(dbType, "UNSIGNED ") {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE", "YEAR":
		c.number = true
	case "BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "BIT", "VECTOR", "GEOMETRY":
		c.binary = true
	case "JSON":
		c.json = true
	}
	return c
}

// cell turns what the driver returns into text.
func (c column) cell(v any) cell {
	switch v := v.(type) {
	case nil:
		return cell{text: "NULL", null: true}
	case int64:
		return cell{text: strconv.FormatInt(v, 10), number: true}
	case uint64:
		return cell{text: strconv.FormatUint(v, 10), number: true}
	case float64:
		return cell{text: floatText(v, 64), number: true}
	case float32:
		return cell{text: floatText(float64(v), 32), number: true}
	case string:
		return c.bytes([]byte(v))
	case []byte:
		return c.bytes(v)
	}
	return cell{text: fmt.Sprint(v)}
}

// bytes shows binary values, and text that is none, in hexadecimal.
func (c column) bytes(v []byte) cell {
	if c.binary || !utf8.Valid(v) {
		return cell{text: "0x" + hex.EncodeToString(v)}
	}
	return cell{text: string(v), number: c.number}
}

// floatText is the shortest text that reads back as v, with an exponent where MySQL writes one.
func floatText(v float64, bits int) string {
	if a := math.Abs(v); a != 0 && (a < 1e-15 || a >= 1e15) {
		mantissa, exp, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, bits), "e")
		sign := strings.TrimSuffix(exp[:1], "+")
		return mantissa + "e" + sign + strings.TrimLeft(exp[1:], "0")
	}
	return strconv.FormatFloat(v, 'f', -1, bits)
}

// printable keeps control characters from the terminal, and a value on its line when oneLine is set.
func printable(s string, oneLine bool) string {
	special := func(r rune) bool {
		return (r < ' ' && (oneLine || r != '\n' && r != '\t')) || r >= 0x7f && r < 0xa0 ||
			r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
	}
	if strings.IndexFunc(s, special) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if special(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
