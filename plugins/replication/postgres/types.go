package postgres

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/s3sql/s3sql/plugins/replication"
)

// varcharMax is the greatest length of a varchar.
const varcharMax = 10485760

// typeOf returns the type that a column is made with. All values of the source fit into it.
func typeOf(c *replication.Column) string {
	switch c.Kind {
	case replication.Int:
		return intType(c.Bits, 16, 32, 64)
	case replication.Uint:
		return intType(c.Bits, 15, 31, 63)
	case replication.Float:
		if c.Bits == 32 {
			return "real"
		}
		return "double precision"
	case replication.Decimal:
		if c.Precision == 0 {
			return "numeric"
		}
		return fmt.Sprintf("numeric(%d,%d)", c.Precision, c.Scale)
	case replication.Bytes:
		return "bytea"
	case replication.Date:
		return "date"
	case replication.Time:
		return "interval" // a time ends at 24 hours
	case replication.DateTime:
		return "timestamp(6) without time zone"
	case replication.Timestamp:
		return "timestamp(6) with time zone"
	case replication.JSON:
		return "jsonb"
	}
	if c.Length > 0 && c.Length <= varcharMax {
		return fmt.Sprintf("character varying(%d)", c.Length)
	}
	return "text"
}

// intType returns the narrowest type for numbers of so many bits; 0: 64.
func intType(bits, small, medium, big int) string {
	switch {
	case bits == 0:
		bits = 64
	case bits <= small:
		return "smallint"
	case bits <= medium:
		return "integer"
	}
	if bits <= big {
		return "bigint"
	}
	return "numeric(20,0)"
}

// badValue is a value that PostgreSQL cannot store, found before it was sent.
type badValue struct{ error }

func (e badValue) Unwrap() error { return e.error }

// encode writes a value as the input function of its type reads it: whatever the type of the target's column is, a value that makes
// sense in it is taken, as a text of digits by uuid, or 0 and 1 by boolean. ok is false for NULL.
//
// Errors: badValue.
func encode(c *replication.Column, v any) (s string, ok bool, err error) {
	switch v := v.(type) {
	case nil:
		return "", false, nil
	case int64:
		return strconv.FormatInt(v, 10), true, nil
	case uint64:
		return strconv.FormatUint(v, 10), true, nil
	case float64:
		bits := 64
		if c.Bits == 32 {
			bits = 32
		}
		return strconv.FormatFloat(v, 'g', -1, bits), true, nil
	case string:
		if err := checkText(c, v); err != nil {
			return "", false, badValue{fmt.Errorf("column %s: %w", c.Name, err)}
		}
		return v, true, nil
	case []byte:
		return `\x` + hex.EncodeToString(v), true, nil
	case time.Time:
		return formatTime(c, v), true, nil
	case time.Duration:
		return replication.FormatTime(v), true, nil
	}
	return "", false, badValue{fmt.Errorf("column %s: there is no type of PostgreSQL for a %T", c.Name, v)}
}

func checkText(c *replication.Column, s string) error {
	switch {
	case strings.IndexByte(s, 0) >= 0:
		return errors.New("the text has the character NUL (U+0000) in it, which PostgreSQL cannot store; the transform can take it out with REPLACE(…, CHAR(0), '')")
	case !utf8.ValidString(s):
		return errors.New("the text is not valid UTF-8")
	case c.Kind == replication.JSON && escapedNUL(s):
		return errors.New(`the JSON has \u0000 in it, which PostgreSQL cannot store in jsonb`)
	}
	return nil
}

// escapedNUL reports whether a JSON text has \u0000 in it whose backslash is not itself escaped.
func escapedNUL(s string) bool {
	for {
		at := strings.Index(s, `\u0000`)
		if at < 0 {
			return false
		}
		before := strings.TrimRight(s[:at], `\`)
		if (at-len(before))%2 == 0 {
			return true
		}
		s = s[at+1:]
	}
}

func formatTime(c *replication.Column, v time.Time) string {
	v = v.UTC()
	layout := "2006-01-02 15:04:05.999999"
	switch c.Kind {
	case replication.Date:
		layout = "2006-01-02"
	case replication.Timestamp:
		layout += "+00"
	}
	if v.Year() > 0 {
		return v.Format(layout)
	}
	// The year 0 of the source is 1 BC.
	return fmt.Sprintf("%04d%s BC", 1-v.Year(), v.Format(layout[4:]))
}
