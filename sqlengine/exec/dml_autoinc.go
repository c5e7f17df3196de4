package exec

import (
	"errors"
	"math"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// autoValue generates an AUTO_INCREMENT value for NULL and 0, and moves the counter past an explicit one.
func (in *inserter) autoValue(v base.Value, col *catalog.Column, left int) (base.Value, uint64, error) {
	if !v.IsNull() {
		conv, err := in.assign(v, col, in.rowNo)
		if err != nil {
			return v, 0, err
		}
		if n, ok := positive(conv); ok {
			if n >= in.ids.next {
				in.ids.left = 0 // the values to come are greater than this one
			}
			return conv, 0, in.tx.BumpAutoInc(in.t.ID, n)
		}
		if conv.Bits() != 0 || in.ec.ZeroIsValue {
			return conv, 0, nil // a negative value is stored as it is
		}
	}
	if in.ids.left == 0 {
		first, err := in.tx.NextAutoInc(in.t.ID, left)
		if err != nil {
			return v, 0, in.exhausted(err)
		}
		in.ids = autoIDs{next: first, left: uint64(left)}
	}
	id := in.ids.next
	in.ids.next++
	in.ids.left--
	if id > autoMax(col.Type) {
		return v, 0, in.exhausted(nil)
	}
	return base.NewUint(id), id, nil
}

// exhausted is error 1467 where err says that a counter is at its end, or is nil.
func (in *inserter) exhausted(err error) error {
	var e *base.Error
	if err != nil && (!errors.As(err, &e) || e.Number != errno.OutOfRange.Number) {
		return err
	}
	return base.Errorf(errno.AutoIncExhausted, "Failed to read auto-increment value from storage engine")
}

// autoMax is the greatest AUTO_INCREMENT value of a type.
func autoMax(t base.Type) uint64 {
	bits := uint(63)
	switch t.ID {
	case base.TypeTinyInt:
		bits = 7
	case base.TypeSmallInt:
		bits = 15
	case base.TypeMediumInt:
		bits = 23
	case base.TypeInt:
		bits = 31
	}
	if t.Unsigned {
		bits++
	}
	return math.MaxUint64 >> (64 - bits)
}

// positive returns a number above zero as AUTO_INCREMENT counts them.
func positive(v base.Value) (uint64, bool) {
	switch v.Class() {
	case base.Int:
		return uint64(v.Int()), v.Int() > 0
	case base.Uint:
		return v.Uint(), v.Uint() > 0
	case base.Float:
		return uint64(v.Float()), v.Float() >= 1
	}
	return 0, false
}
