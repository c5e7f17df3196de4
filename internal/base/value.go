package base

import (
	"math"
)

// Class is the physical class of a Value: what its bits mean, whatever the declared SQL type is.
type Class uint8

// The classes. Their numbers are part of the row format (docs/format/row.md) and never change.
const (
	Null     Class = 0
	Int      Class = 1  // int64
	Uint     Class = 2  // uint64
	Float    Class = 3  // float64
	Decimal  Class = 4  // Int128 coefficient with a decimal scale
	String   Class = 5  // UTF-8 text
	Bytes    Class = 6  // binary string
	Date     Class = 7  // days since 1970-01-01, proleptic Gregorian
	Time     Class = 8  // microseconds, signed; MySQL's TIME
	DateTime Class = 9  // microseconds since 1970-01-01 00:00:00, civil (DATETIME) or UTC (TIMESTAMP)
	JSON     Class = 10 // a JSON document as normalised text
)

// String returns the name of the class as error messages use it.
func (c Class) String() string {
	names := [...]string{"NULL", "INT", "UINT", "FLOAT", "DECIMAL", "STRING", "BYTES", "DATE", "TIME", "DATETIME", "JSON"}
	if int(c) < len(names) {
		return names[c]
	}
	return "CLASS?"
}

// Value is one SQL value. The zero Value is NULL. It is immutable and may be copied and shared freely; the text of a
// string value is not owned (it may alias the buffer it was decoded from, which is never written again).
type Value struct {
	str   string
	num   uint64 // Int, Uint, Float bits, Date, Time, DateTime; low half of a Decimal
	hi    int64  // high half of a Decimal
	class Class
	scale uint8 // digits after the point of a Decimal
}

// NewInt returns an INT value.
func NewInt(v int64) Value { return Value{class: Int, num: uint64(v)} }

// NewUint returns an unsigned value.
func NewUint(v uint64) Value { return Value{class: Uint, num: v} }

// NewBool returns 1 or 0, as MySQL's booleans are.
func NewBool(v bool) Value {
	if v {
		return NewInt(1)
	}
	return NewInt(0)
}

// NewFloat returns a DOUBLE value.
func NewFloat(v float64) Value { return Value{class: Float, num: math.Float64bits(v)} }

// NewDecimal returns coef × 10^-scale.
func NewDecimal(coef Int128, scale uint8) Value {
	return Value{class: Decimal, num: coef.Lo, hi: coef.Hi, scale: scale}
}

// NewString returns a text value; s must be UTF-8.
func NewString(s string) Value { return Value{class: String, str: s} }

// NewBytes returns a binary string value.
func NewBytes(s string) Value { return Value{class: Bytes, str: s} }

// NewDate returns a DATE, in days since 1970-01-01.
func NewDate(days int64) Value { return Value{class: Date, num: uint64(days)} }

// NewTime returns a TIME, in microseconds.
func NewTime(micros int64) Value { return Value{class: Time, num: uint64(micros)} }

// NewDateTime returns a DATETIME or TIMESTAMP, in microseconds since 1970-01-01 00:00:00.
func NewDateTime(micros int64) Value { return Value{class: DateTime, num: uint64(micros)} }

// NewJSON returns a JSON value of normalised text.
func NewJSON(text string) Value { return Value{class: JSON, str: text} }

// FromBits rebuilds a value of one of the 64-bit classes (Int, Uint, Float, Date, Time, DateTime) from its bits.
func FromBits(c Class, bits uint64) Value { return Value{class: c, num: bits} }

// FromText rebuilds a value of one of the text classes (String, Bytes, JSON).
func FromText(c Class, s string) Value { return Value{class: c, str: s} }

// Class returns the physical class.
func (v Value) Class() Class { return v.class }

// IsNull reports whether v is NULL.
func (v Value) IsNull() bool { return v.class == Null }

// Int returns the 64-bit payload as signed: Int, Date, Time and DateTime values.
func (v Value) Int() int64 { return int64(v.num) }

// Uint returns the payload of a Uint value; Bits returns the payload of any 64-bit class.
func (v Value) Uint() uint64 { return v.num }

// Bits returns the raw 64-bit payload.
func (v Value) Bits() uint64 { return v.num }

// Float returns the payload of a Float value.
func (v Value) Float() float64 { return math.Float64frombits(v.num) }

// Decimal returns coefficient and scale of a Decimal value.
func (v Value) Decimal() (coef Int128, scale uint8) { return Int128{Hi: v.hi, Lo: v.num}, v.scale }

// Text returns the payload of a String, Bytes or JSON value.
func (v Value) Text() string { return v.str }
