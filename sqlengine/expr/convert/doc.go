// Package convert turns single values into text, other types and column values, by MySQL 8.0's rules.
package convert

import "github.com/s3sql/s3sql/internal/base"

// Warn takes a warning; nil drops it.
type Warn = func(*base.Error)

func warnf(w Warn, c base.Code, format string, args ...any) {
	if w != nil {
		w(base.Errorf(c, format, args...))
	}
}

// NaturalType is the SQL type of a value that comes without one.
func NaturalType(v base.Value) base.Type {
	t := ClassType(v.Class())
	if v.Class() == base.Decimal {
		_, t.Scale = v.Decimal()
	}
	return t
}

// ClassType is the widest type of a class; the scale of a DECIMAL is 0.
func ClassType(c base.Class) base.Type {
	switch c {
	case base.Int:
		return base.Type{ID: base.TypeBigInt}
	case base.Uint:
		return base.Type{ID: base.TypeBigInt, Unsigned: true}
	case base.Float:
		return base.Type{ID: base.TypeDouble}
	case base.Decimal:
		return base.Type{ID: base.TypeDecimal, Precision: base.MaxDecimalDigits}
	case base.String:
		return base.Type{ID: base.TypeLongText}
	case base.Bytes:
		return base.Type{ID: base.TypeLongBlob}
	case base.Date:
		return base.Type{ID: base.TypeDate}
	case base.Time:
		return base.Type{ID: base.TypeTime, Scale: 6}
	case base.DateTime:
		return base.Type{ID: base.TypeDateTime, Scale: 6}
	case base.JSON:
		return base.Type{ID: base.TypeJSON}
	}
	return base.Type{}
}
