package replication

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// Kind is what the values of a column are in Go.
type Kind uint8

// The kinds. NULL is nil.
const (
	Int       Kind = iota // int64
	Uint                  // uint64: BIGINT UNSIGNED and BIT
	Float                 // float64
	Decimal               // string: digits, with Scale of them behind the point
	Text                  // string
	Bytes                 // []byte
	Date                  // time.Time, midnight UTC
	Time                  // time.Duration, of up to 838 hours, maybe below zero
	DateTime              // time.Time, a clock's without a zone, as UTC
	Timestamp             // time.Time, an instant, UTC
	JSON                  // string
)

// Column is a column of a Destination.
type Column struct {
	Name string
	Kind Kind
	// SQLType is the type as MySQL writes it, in lower case: "varchar(40)", "int unsigned", "decimal(10,2)", "enum('a','b')".
	SQLType string
	// Bits are those of an Int: 8, 16, 24, 32 or 64, one more where it is unsigned; of a Float 32 or 64; of a BIT its own.
	Bits int
	// Length is how many characters a Text may have, or bytes a Bytes; 0: any number.
	Length           int
	Precision, Scale int // digits of a Decimal; Scale also of fractions of a second
	NotNull          bool
	// Initial is what rows have that were there before the column was added to the source; nil is NULL. Nobody sends these rows again: a target
	// that adds the column gives it to those it has.
	Initial any
}

// JSONValue returns a value of the column as the encoding of JSON takes it: a Decimal as a number, JSON as it is, Bytes in base 64, a
// Date as "2026-01-02", a Time as "-12:34:56.5", a DateTime as "2026-01-02 03:04:05.6", a Timestamp as in RFC 3339.
func (c *Column) JSONValue(v any) any {
	switch v := v.(type) {
	case string:
		switch c.Kind {
		case Decimal:
			return json.Number(v)
		case JSON:
			return json.RawMessage(v)
		}
		return v
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case time.Time:
		switch c.Kind {
		case Date:
			return v.Format("2006-01-02")
		case Timestamp:
			return v.UTC().Format(time.RFC3339Nano)
		}
		return v.Format("2006-01-02 15:04:05.999999")
	case time.Duration:
		return FormatTime(v)
	}
	return v
}

// FormatTime writes a TIME as MySQL does: [-]hours:mm:ss[.ffffff].
func FormatTime(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	s := fmt.Sprintf("%s%02d:%02d:%02d", sign, d/time.Hour, d/time.Minute%60, d/time.Second%60)
	if f := d % time.Second / time.Microsecond; f != 0 {
		s += fmt.Sprintf(".%06d", f)
		for s[len(s)-1] == '0' {
			s = s[:len(s)-1]
		}
	}
	return s
}
