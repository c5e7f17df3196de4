package convert

import (
	"math"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
)

// Format returns v, of type t, as MySQL's text protocol prints it. NULL gives "NULL".
func Format(v base.Value, t base.Type) string {
	switch v.Class() {
	case base.String, base.JSON:
		return v.Text()
	case base.Bytes:
		if t.ID == base.TypeUUID && len(v.Text()) == 16 {
			return formatUUID(v.Text())
		}
		return v.Text()
	}
	var buf [64]byte
	return string(AppendFormat(buf[:0], v, t))
}

// AppendFormat appends what Format returns.
//
//lint:long one flat switch over the classes
func AppendFormat(dst []byte, v base.Value, t base.Type) []byte {
	switch v.Class() {
	case base.Null:
		return append(dst, "NULL"...)
	case base.Int:
		if t.ID == base.TypeYear {
			y := v.Int()
			return append(dst, byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10))
		}
		return strconv.AppendInt(dst, v.Int(), 10)
	case base.Uint:
		switch t.ID {
		case base.TypeEnum:
			if i := v.Uint(); i >= 1 && i <= uint64(len(t.Elems)) {
				return append(dst, t.Elems[i-1]...)
			}
			return dst
		case base.TypeSet:
			return append(dst, setText(v.Uint(), t.Elems)...)
		case base.TypeBit:
			return appendBits(dst, v.Uint(), t.Length)
		}
		return strconv.AppendUint(dst, v.Uint(), 10)
	case base.Float:
		if t.ID == base.TypeFloat {
			return AppendFloat(dst, float64(float32(v.Float())), 32)
		}
		return AppendFloat(dst, v.Float(), 64)
	case base.Decimal:
		coef, scale := v.Decimal()
		return base.AppendDecimal(dst, coef, scale)
	case base.Date:
		return base.AppendDate(dst, v.Int())
	case base.Time:
		return base.AppendTime(dst, v.Int(), t.Scale)
	case base.DateTime:
		return base.AppendDateTime(dst, v.Int(), t.Scale)
	}
	if t.ID == base.TypeUUID && len(v.Text()) == 16 {
		return append(dst, formatUUID(v.Text())...)
	}
	return append(dst, v.Text()...)
}

func setText(mask uint64, elems []string) string {
	var on []string
	for i, e := range elems {
		if mask&(1<<uint(i)) != 0 {
			on = append(on, e)
		}
	}
	return strings.Join(on, ",")
}

func appendBits(dst []byte, v uint64, bits int) []byte {
	for n := max((bits+7)/8, 1); n > 0; n-- {
		dst = append(dst, byte(v>>(8*(n-1))))
	}
	return dst
}

const hexDigits = "0123456789abcdef"

func formatUUID(raw string) string {
	var out [36]byte
	j := 0
	for i := range 16 {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out[j] = '-'
			j++
		}
		out[j], out[j+1] = hexDigits[raw[i]>>4], hexDigits[raw[i]&15]
		j += 2
	}
	return string(out[:])
}

// AppendFloat appends f as MySQL prints FLOAT (bits 32: six digits) and DOUBLE (bits 64: the fewest digits that read back
// as f): positional up to 15 digits before or after the point, else with an exponent.
func AppendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return append(dst, '0')
	}
	if f == 0 {
		if math.Signbit(f) {
			dst = append(dst, '-')
		}
		return append(dst, '0')
	}
	var buf [32]byte
	prec := -1
	if bits == 32 {
		prec = 5
	}
	e := strconv.AppendFloat(buf[:0], f, 'e', prec, 64)
	neg := e[0] == '-'
	if neg {
		e = e[1:]
		dst = append(dst, '-')
	}
	mark := strings.IndexByte(string(e), 'e')
	exp, _ := strconv.Atoi(string(e[mark+1:]))
	digits := make([]byte, 0, 20)
	for _, c := range e[:mark] {
		if c != '.' {
			digits = append(digits, c)
		}
	}
	for len(digits) > 1 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	return appendDigits(dst, digits, exp+1)
}

// appendDigits lays out 0.digits × 10^point.
func appendDigits(dst, digits []byte, point int) []byte {
	switch {
	case point < -14 || point > 15:
		dst = append(dst, digits[0])
		if len(digits) > 1 {
			dst = append(append(dst, '.'), digits[1:]...)
		}
		return strconv.AppendInt(append(dst, 'e'), int64(point-1), 10)
	case point <= 0:
		dst = append(dst, "0."...)
		for ; point < 0; point++ {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	case len(digits) <= point:
		dst = append(dst, digits...)
		for i := len(digits); i < point; i++ {
			dst = append(dst, '0')
		}
		return dst
	}
	return append(append(append(dst, digits[:point]...), '.'), digits[point:]...)
}

// AppendFixed appends f with decimals digits after the point.
func AppendFixed(dst []byte, f float64, decimals int) []byte {
	return strconv.AppendFloat(dst, f, 'f', decimals, 64)
}

// Exponent returns f as d.dde+dd with decimals digits after the point.
func Exponent(f float64, decimals int) string { return strconv.FormatFloat(f, 'e', decimals, 64) }
