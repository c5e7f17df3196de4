package base

import (
	"math"
	"strings"
)

// DecodeKey returns the values of an encoded key. The values alias key where they can.
//
// An integer comes back as Int if it fits one and as Uint otherwise (FromBits gives it the column's class), a Decimal
// without trailing zeros, a -0 as 0.
//
// Errors: CodeCorrupt, with the offset.
func DecodeKey(key string) ([]Value, error) { return AppendKeyValues(nil, key) }

// AppendKeyValues appends the values of an encoded key to vs, as DecodeKey returns them.
func AppendKeyValues(vs []Value, key string) ([]Value, error) {
	d := keyDecoder{key: key}
	for d.pos < len(key) && !d.bad {
		start := d.pos
		v := d.value()
		if d.bad {
			return nil, Errorf(CodeCorrupt, "encoded key of %d bytes is damaged in the element at offset %d", len(key), start)
		}
		vs = append(vs, v)
	}
	return vs, nil
}

type keyDecoder struct {
	key string
	pos int
	bad bool
}

func (d *keyDecoder) fail() Value {
	d.bad = true
	return Value{}
}

func (d *keyDecoder) byte() byte {
	if d.pos >= len(d.key) {
		d.bad = true
		return 0
	}
	d.pos++
	return d.key[d.pos-1]
}

// tail reads n big-endian bytes, n <= 8; ones fills the bits above them.
func (d *keyDecoder) tail(n int, ones bool) uint64 {
	if n > len(d.key)-d.pos {
		d.bad = true
		return 0
	}
	var v uint64
	if ones {
		v = math.MaxUint64
	}
	for range n {
		v = v<<8 | uint64(d.byte())
	}
	return v
}

func (d *keyDecoder) value() Value {
	switch c := d.byte(); c {
	case keyNull:
		return Value{}
	case keyFloat:
		b := d.tail(8, false)
		switch {
		case b == math.MaxUint64:
			return NewFloat(math.NaN())
		case b>>63 != 0:
			return FromBits(Float, b&^(1<<63))
		}
		return FromBits(Float, ^b)
	case keyDecimal:
		return d.decimal()
	case keyString:
		return FromText(String, d.text())
	case keyBytes:
		return FromText(Bytes, d.text())
	case keyJSON:
		return FromText(JSON, d.text())
	case keyDate:
		return d.signed(Date)
	case keyTime:
		return d.signed(Time)
	case keyDateTime:
		return d.signed(DateTime)
	default:
		return d.integer(c)
	}
}

func (d *keyDecoder) signed(c Class) Value {
	v := d.integer(d.byte())
	if v.class != Int {
		return d.fail()
	}
	return FromBits(c, v.num)
}

func (d *keyDecoder) integer(code byte) Value {
	n := int(code) - keyIntZero
	switch {
	case n >= 0 && n <= 8:
		v := d.tail(n, false)
		if v > math.MaxInt64 {
			return NewUint(v)
		}
		return NewInt(int64(v))
	case n < 0 && n >= -8:
		mag := ^d.tail(-n, true)
		if mag == 0 || mag > 1<<63 {
			return d.fail()
		}
		return NewInt(-int64(mag))
	}
	return d.fail()
}

func (d *keyDecoder) decimal() Value {
	n := int(d.byte()) - keyBigZero
	neg := n < 0
	if neg {
		n = -n
	}
	if n > 16 {
		return d.fail()
	}
	var mag Int128
	if n > 8 {
		mag.Hi = int64(d.tail(n-8, neg))
		mag.Lo = d.tail(8, false)
	} else {
		mag.Lo = d.tail(n, neg)
		if neg {
			mag.Hi = -1
		}
	}
	if neg {
		mag = Int128{Hi: ^mag.Hi, Lo: ^mag.Lo}.Neg()
	}
	if d.bad || (mag.Hi < 0) != neg {
		return d.fail()
	}
	return d.fraction(mag)
}

func (d *keyDecoder) fraction(coef Int128) Value {
	scale := 0
	for {
		p := d.byte()
		if p == 0 || p > 100 {
			if d.bad || p != 0 {
				return d.fail()
			}
			return NewDecimal(coef, uint8(scale))
		}
		mul, digits := int64(100), 2
		if p--; p%10 == 0 && d.pos < len(d.key) && d.key[d.pos] == 0 {
			mul, digits, p = 10, 1, p/10
		}
		var ok bool
		if coef, ok = coef.mulAdd(mul, int64(p)); !ok || scale+digits > 255 {
			return d.fail()
		}
		scale += digits
	}
}

// mulAdd returns a*m + b and whether it fits; m is at most 100.
func (a Int128) mulAdd(m, b int64) (Int128, bool) {
	r, ok := Int128{}, true
	for bit := 6; bit >= 0 && ok; bit-- {
		if r, ok = r.Add(r); ok && m>>bit&1 == 1 {
			r, ok = r.Add(a)
		}
	}
	if !ok {
		return Int128{}, false
	}
	return r.Add(Int128From(b))
}

// text reads up to the closing 0x00; it copies only a text that holds an escaped one.
func (d *keyDecoder) text() string {
	rest := d.key[d.pos:]
	var sb strings.Builder
	for {
		i := strings.IndexByte(rest, 0)
		if i < 0 {
			d.bad = true
			return ""
		}
		if i+1 == len(rest) || rest[i+1] != 0xFF {
			d.pos = len(d.key) - len(rest) + i + 1
			if sb.Len() == 0 {
				return rest[:i]
			}
			sb.WriteString(rest[:i])
			return sb.String()
		}
		sb.WriteString(rest[:i+1])
		rest = rest[i+2:]
	}
}
