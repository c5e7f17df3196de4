package base

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
)

// The type codes of the key encoding (docs/format/key.md). 0x00 and 0xFF never start an element: the end of a text and
// the escape of a zero byte depend on it.
const (
	keyNull     = 0x01
	keyIntZero  = 0x14 // ± the number of payload bytes, 0x0C to 0x1C
	keyFloat    = 0x20
	keyDecimal  = 0x21
	keyDate     = 0x22
	keyTime     = 0x23
	keyDateTime = 0x24
	keyString   = 0x25
	keyBytes    = 0x26
	keyJSON     = 0x27

	keyBigZero = 0x80 // ± the number of payload bytes of a DECIMAL's integer part, 0x70 to 0x90
)

// AppendKey appends the order-preserving encoding of v to dst: of two keys that encode values of the same classes column
// by column, the one with the smaller values sorts first as bytes, and equal values have equal bytes. NULL is lowest; Int
// and Uint order by number, a Decimal by number whatever its scale, -0 is 0, NaN follows +Inf.
//
// Source: docs/format/key.md.
func AppendKey(dst []byte, v Value) []byte {
	switch v.class {
	case Int:
		return appendKeyInt(dst, v.Int())
	case Uint:
		return appendKeyUint(dst, v.num)
	case Float:
		return binary.BigEndian.AppendUint64(append(dst, keyFloat), floatOrder(v.Float()))
	case Decimal:
		return appendKeyDecimal(append(dst, keyDecimal), v)
	case String:
		return appendKeyText(append(dst, keyString), v.str)
	case Bytes:
		return appendKeyText(append(dst, keyBytes), v.str)
	case Date:
		return appendKeyInt(append(dst, keyDate), v.Int())
	case Time:
		return appendKeyInt(append(dst, keyTime), v.Int())
	case DateTime:
		return appendKeyInt(append(dst, keyDateTime), v.Int())
	case JSON:
		return appendKeyText(append(dst, keyJSON), v.str)
	default:
		return append(dst, keyNull)
	}
}

// KeyOf returns the key of a row of values.
func KeyOf(vs ...Value) string {
	var buf [64]byte
	b := buf[:0]
	for _, v := range vs {
		b = AppendKey(b, v)
	}
	return string(b)
}

// PrefixEnd returns the smallest string above every string that starts with prefix; "" when there is none, which the
// upper bound of a key range reads as unbounded.
func PrefixEnd(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xFF {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return ""
}

func appendKeyInt(dst []byte, v int64) []byte {
	if v >= 0 {
		return appendKeyUint(dst, uint64(v))
	}
	mag := uint64(-v) // also right for the smallest int64
	n := (bits.Len64(mag) + 7) / 8
	return appendTail(append(dst, byte(keyIntZero-n)), ^mag, n)
}

func appendKeyUint(dst []byte, v uint64) []byte {
	n := (bits.Len64(v) + 7) / 8
	return appendTail(append(dst, byte(keyIntZero+n)), v, n)
}

// appendTail appends the low n bytes of v, big-endian.
func appendTail(dst []byte, v uint64, n int) []byte {
	for i := n - 1; i >= 0; i-- {
		dst = append(dst, byte(v>>(8*i)))
	}
	return dst
}

// floatOrder maps f to bits that order as the numbers do.
func floatOrder(f float64) uint64 {
	if f == 0 {
		f = 0 // drops the sign of -0
	}
	if math.IsNaN(f) {
		return math.MaxUint64
	}
	b := math.Float64bits(f)
	if b>>63 != 0 {
		return ^b
	}
	return b | 1<<63
}

// appendKeyDecimal appends floor(v) and then the digits of v - floor(v), two a byte as 1 + pair, without trailing zeros
// and closed by 0. The scale does not show, so 1.5 and 1.50 are one key.
func appendKeyDecimal(dst []byte, v Value) []byte {
	coef, scale := v.Decimal()
	var pairs [128]byte
	n := (int(scale) + 1) / 2
	i := n
	if scale%2 == 1 {
		var r uint64
		coef, r = coef.floorDiv(10)
		i--
		pairs[i] = byte(r)*10 + 1
	}
	for i > 0 {
		var r uint64
		coef, r = coef.floorDiv(100)
		i--
		pairs[i] = byte(r) + 1
	}
	for n > 0 && pairs[n-1] == 1 {
		n--
	}
	return append(append(appendKeyBig(dst, coef), pairs[:n]...), 0)
}

// floorDiv returns floor(a/d) and the remainder in [0, d).
func (a Int128) floorDiv(d uint64) (Int128, uint64) {
	neg := a.Hi < 0
	if neg {
		a = Int128{Hi: ^a.Hi, Lo: ^a.Lo}
	}
	hi, rem := uint64(a.Hi)/d, uint64(a.Hi)%d
	lo, rem := bits.Div64(rem, a.Lo, d)
	if neg {
		return Int128{Hi: ^int64(hi), Lo: ^lo}, d - 1 - rem
	}
	return Int128{Hi: int64(hi), Lo: lo}, rem
}

func appendKeyBig(dst []byte, v Int128) []byte {
	mag, flip := v, uint64(0)
	if v.Hi < 0 {
		mag, flip = v.Neg(), ^uint64(0)
	}
	n := (bits.Len64(mag.Lo) + 7) / 8
	if mag.Hi != 0 {
		n = 8 + (bits.Len64(uint64(mag.Hi))+7)/8
	}
	if v.Hi < 0 {
		dst = append(dst, byte(keyBigZero-n))
	} else {
		dst = append(dst, byte(keyBigZero+n))
	}
	if n > 8 {
		return appendTail(appendTail(dst, uint64(mag.Hi)^flip, n-8), mag.Lo^flip, 8)
	}
	return appendTail(dst, mag.Lo^flip, n)
}

// appendKeyText appends s with 0x00 as 0x00 0xFF, closed by 0x00.
func appendKeyText(dst []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, 0)
		if i < 0 {
			return append(append(dst, s...), 0)
		}
		dst = append(append(dst, s[:i]...), 0, 0xFF)
		s = s[i+1:]
	}
}
