package sqlengine

import (
	"fmt"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// goValue is a value as plugins see it; see plugins.ValueType.
func goValue(v base.Value, t base.Type) any {
	switch v.Class() {
	case base.Null:
		return nil
	case base.Int:
		if t.Bool && (v.Int() == 0 || v.Int() == 1) {
			return v.Int() == 1
		}
		return v.Int()
	case base.Uint:
		if t.ID == base.TypeEnum || t.ID == base.TypeSet {
			return expr.Format(v, t)
		}
		return v.Uint()
	case base.Float:
		return v.Float()
	case base.Bytes:
		return []byte(v.Text())
	case base.DateTime:
		return time.UnixMicro(v.Int()).UTC()
	case base.Time:
		return time.Duration(v.Int()) * time.Microsecond
	case base.String, base.JSON:
		return v.Text()
	}
	return expr.Format(v, t)
}

// goRow is a row as plugins see it, by the names of its columns.
func goRow(t *catalog.Table, row []base.Value) map[string]any {
	if row == nil {
		return nil
	}
	out := make(map[string]any, len(row))
	for i := range t.Columns {
		c := &t.Columns[i]
		switch {
		case c.Hidden || i >= len(row):
		case c.Encrypted != "" && !row[i].IsNull():
			out[c.Name] = "***"
		default:
			out[c.Name] = goValue(row[i], c.Type)
		}
	}
	return out
}

// valueType is the type of SQL for one of plugins.
func valueType(t plugins.ValueType) base.Type {
	switch t {
	case plugins.TypeInt:
		return base.Type{ID: base.TypeBigInt}
	case plugins.TypeFloat:
		return base.Type{ID: base.TypeDouble}
	case plugins.TypeBytes:
		return base.Type{ID: base.TypeLongBlob}
	case plugins.TypeBool:
		return base.Type{ID: base.TypeTinyInt, Bool: true}
	case plugins.TypeTime:
		return base.Type{ID: base.TypeDateTime, Scale: 6}
	case plugins.TypeJSON:
		return base.Type{ID: base.TypeJSON}
	}
	return base.Type{ID: base.TypeLongText}
}

// sqlValue is the value that a plugin gives for a type.
//
// Errors: 1366.
func sqlValue(v any, t plugins.ValueType) (base.Value, error) {
	switch v := v.(type) {
	case nil:
		return base.Value{}, nil
	case bool:
		if v {
			return base.NewInt(1), nil
		}
		return base.NewInt(0), nil
	case int:
		return natural(base.NewInt(int64(v)), t)
	case int64:
		return natural(base.NewInt(v), t)
	case uint64:
		return natural(base.NewUint(v), t)
	case float64:
		return natural(base.NewFloat(v), t)
	case []byte:
		return natural(base.NewBytes(string(v)), t)
	case string:
		if t == plugins.TypeJSON {
			text, err := convert.NormalizeJSON(v)
			if err != nil {
				return base.Value{}, base.Errorf(errno.WrongValueForType, "a plugin returned a text that is no JSON: %v", err)
			}
			return base.NewJSON(text), nil
		}
		return natural(base.NewString(v), t)
	case time.Time:
		return natural(base.NewDateTime(v.UnixMicro()), t)
	}
	return base.Value{}, base.Errorf(errno.WrongValueForType, "a plugin returned a %s, which is no value of SQL", fmt.Sprintf("%T", v))
}

func natural(v base.Value, t plugins.ValueType) (base.Value, error) {
	return convert.To(v, convert.NaturalType(v), valueType(t), nil)
}

// pluginColumns are columns of plugins.
func pluginColumns(columns []plugins.Column) []plan.Column {
	out := make([]plan.Column, len(columns))
	for i, c := range columns {
		out[i] = plan.Column{Name: c.Name, Type: valueType(c.Type), Nullable: true}
	}
	return out
}

// pluginRows are rows of a plugin.
func pluginRows(columns []plugins.Column, rows [][]any) ([][]base.Value, error) {
	out := make([][]base.Value, len(rows))
	for k, row := range rows {
		if len(row) != len(columns) {
			return nil, base.Errorf(errno.Unknown, "a plugin returned a row of %d values for %d columns", len(row), len(columns))
		}
		out[k] = make([]base.Value, len(row))
		for i, v := range row {
			var err error
			if out[k][i], err = sqlValue(v, columns[i].Type); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
