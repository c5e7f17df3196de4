package driver

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"math/big"
	"reflect"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// maxPointers bounds how deep CheckNamedValue follows pointers and Valuers.
const maxPointers = 8

// CheckNamedValue turns an argument of any Go type that has one clear SQL value into nil, int64, uint64, float64, bool,
// []byte, string or time.Time.
//
// Errors: 1210 (ErrInvalid) for sql.Out, slices, maps and structs that are not driver.Valuers; what a Valuer returns.
func (c *Conn) CheckNamedValue(nv *driver.NamedValue) error {
	v, err := normalise(nv.Value, maxPointers)
	if err != nil {
		return err
	}
	nv.Value = v
	return nil
}

func normalise(v any, depth int) (driver.Value, error) {
	switch x := v.(type) {
	case nil, int64, uint64, float64, bool, string, time.Time:
		return x, nil
	case []byte:
		if x == nil {
			return nil, nil
		}
		return x, nil
	case int:
		return int64(x), nil
	case float32:
		return widen(x), nil
	case json.RawMessage:
		if x == nil {
			return nil, nil
		}
		return string(x), nil
	case sql.RawBytes:
		if x == nil {
			return nil, nil
		}
		return []byte(x), nil
	case *big.Int:
		if x == nil {
			return nil, nil
		}
		return bigInt(x), nil
	case sql.Out, *sql.Out:
		return nil, argError("sql.Out is not supported: there are no output parameters")
	}
	if depth == 0 {
		return nil, argError("an argument of type %T is nested too deeply", v)
	}
	if valuer, ok := v.(driver.Valuer); ok {
		return callValuer(valuer, depth)
	}
	return normaliseKind(reflect.ValueOf(v), depth)
}

// widen gives the double whose shortest text is f's, so that 0.1 stays 0.1 where it meets a DECIMAL or DOUBLE.
func widen(f float32) driver.Value { return shortestDouble(f) }

func bigInt(x *big.Int) driver.Value {
	switch {
	case x.IsInt64():
		return x.Int64()
	case x.IsUint64():
		return x.Uint64()
	}
	return x.String()
}

func callValuer(valuer driver.Valuer, depth int) (driver.Value, error) {
	// A nil pointer whose Value method is declared on the value means NULL, as database/sql has it.
	if rv := reflect.ValueOf(valuer); rv.Kind() == reflect.Pointer && rv.IsNil() && rv.Type().Elem().Implements(reflect.TypeFor[driver.Valuer]()) {
		return nil, nil
	}
	v, err := valuer.Value()
	if err != nil {
		return nil, err
	}
	if _, again := v.(driver.Valuer); again && reflect.TypeOf(v) == reflect.TypeOf(valuer) {
		return nil, argError("Value of %T returns a %T again", valuer, v)
	}
	return normalise(v, depth-1)
}

func normaliseKind(rv reflect.Value, depth int) (driver.Value, error) {
	switch rv.Kind() {
	case reflect.Pointer:
		if rv.IsNil() {
			return nil, nil
		}
		return normalise(rv.Elem().Interface(), depth-1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return rv.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return rv.Uint(), nil
	case reflect.Float32:
		return widen(float32(rv.Float())), nil
	case reflect.Float64:
		return rv.Float(), nil
	case reflect.Bool:
		return rv.Bool(), nil
	case reflect.String:
		return rv.String(), nil
	case reflect.Slice:
		if rv.Type().Elem().Kind() == reflect.Uint8 {
			if rv.IsNil() {
				return nil, nil
			}
			return rv.Bytes(), nil
		}
		return nil, argError("an argument of type %s is not one value; write one placeholder for each element", rv.Type())
	}
	return nil, argError("an argument of type %s has no SQL value; convert it, or implement driver.Valuer", rv.Type())
}

func argError(format string, args ...any) error {
	return convertError(base.Errorf(errno.WrongArguments, "Incorrect arguments to EXECUTE: "+format, args...))
}

// args converts what CheckNamedValue left, or what a caller of Conn's methods passed without it.
func (f format) args(named []driver.NamedValue) ([]arg, error) {
	if len(named) == 0 {
		return nil, nil
	}
	out := make([]arg, len(named))
	for i := range named {
		v, err := f.value(named[i].Value)
		if err != nil {
			return nil, err
		}
		out[i] = arg{name: named[i].Name, value: v}
	}
	return out, nil
}

func (f format) value(v driver.Value) (base.Value, error) {
	switch x := v.(type) {
	case nil:
		return base.Value{}, nil
	case int64:
		return base.NewInt(x), nil
	case uint64:
		if int64(x) >= 0 {
			return base.NewInt(int64(x)), nil
		}
		return base.NewUint(x), nil
	case float64:
		if x != x || x-x != 0 {
			return base.Value{}, convertError(base.Errorf(errno.WrongArguments, "Incorrect arguments to EXECUTE: %v has no SQL value", x))
		}
		return base.NewFloat(x), nil
	case bool:
		return base.NewBool(x), nil
	case string:
		return base.NewString(x), nil
	case []byte:
		return base.NewBytes(string(x)), nil
	case time.Time:
		return f.timeValue(x)
	}
	n, err := normalise(v, maxPointers)
	if err != nil {
		return base.Value{}, err
	}
	return f.value(n)
}
