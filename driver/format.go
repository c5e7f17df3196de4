package driver

import (
	"math"
	"strconv"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// format is how values cross between Go and SQL on one Connector.
type format struct {
	parseTime bool           // dates and times become time.Time
	loc       *time.Location // what a DATETIME is civil time of
}

// shortestDouble returns the float64 with the shortest text that reads back as f.
func shortestDouble(f float32) float64 {
	if f != f || f-f != 0 {
		return float64(f)
	}
	var buf [32]byte
	d, err := strconv.ParseFloat(string(strconv.AppendFloat(buf[:0], float64(f), 'g', -1, 32)), 64)
	if err != nil {
		return float64(f)
	}
	return d
}

// timeValue is a DATETIME: t's civil time in loc, to the nearest microsecond.
func (f format) timeValue(t time.Time) (base.Value, error) {
	t = t.In(f.loc).Round(time.Microsecond)
	if y := t.Year(); y < 0 || y > 9999 {
		return base.Value{}, convertError(base.Errorf(errno.WrongValue, "Incorrect datetime value: the year %d is not in 0 to 9999", y))
	}
	_, offset := t.Zone()
	return base.NewDateTime((t.Unix()+int64(offset))*base.Second + int64(t.Nanosecond()/1000)), nil
}

// goTime is the reverse of timeValue. 0000-00-00, which a few functions return, is the zero time.
func (f format) goTime(micros int64) time.Time {
	if micros == base.ZeroDate*base.Day {
		return time.Time{}
	}
	t := time.UnixMicro(micros).UTC()
	if f.loc == time.UTC {
		return t
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), f.loc)
}

func (f format) goDate(days int64) time.Time {
	return f.goTime(days * base.Day)
}

// appendUUID writes 16 bytes in the canonical form; anything else as it is.
func appendUUID(dst []byte, raw string) []byte {
	if len(raw) != 16 {
		return append(dst, raw...)
	}
	const hex = "0123456789abcdef"
	for i := 0; i < len(raw); i++ {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hex[raw[i]>>4], hex[raw[i]&15])
	}
	return dst
}

// appendBit writes the bits of a BIT(n), most significant byte first.
func appendBit(dst []byte, bits uint64, n int) []byte {
	if n <= 0 || n > 64 {
		n = 64
	}
	for i := (n+7)/8 - 1; i >= 0; i-- {
		dst = append(dst, byte(bits>>(8*i)))
	}
	return dst
}

// appendElems writes an ENUM's element by index from 1, or a SET's by bit.
func appendElems(dst []byte, t base.Type, bits uint64) []byte {
	if t.ID == base.TypeEnum {
		if bits >= 1 && bits <= uint64(len(t.Elems)) {
			dst = append(dst, t.Elems[bits-1]...)
		}
		return dst
	}
	first := true
	for i, e := range t.Elems {
		if i >= 64 || bits&(1<<i) == 0 {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst, first = append(dst, e...), false
	}
	return dst
}

// integer is int64 where the value fits.
func integer(u uint64) any {
	if u <= math.MaxInt64 {
		return int64(u)
	}
	return u
}
