package sqlengine_test

import (
	"reflect"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine"
)

// FuzzCachedRows: no bytes panic, and what decodes is what is encoded again.
func FuzzCachedRows(f *testing.F) {
	row := []base.Value{base.NewInt(-5), {}, base.NewString("ü"), base.NewFloat(1.5), base.NewDecimal(base.Int128From(125), 2), base.NewJSON("[1]"), base.NewBytes("\x00")}
	f.Add(sqlengine.EncodeRow(row), len(row))
	f.Add([]byte{0, 0, 0}, 1)
	f.Add([]byte{0xFF, 0xFF}, 2)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		if width < 0 || width > 100 {
			return
		}
		rows, err := sqlengine.DecodeRows(data, width)
		if err != nil {
			return
		}
		var again []byte
		for _, row := range rows {
			again = append(again, sqlengine.EncodeRow(row)...)
		}
		if back, err := sqlengine.DecodeRows(again, width); err != nil || !reflect.DeepEqual(back, rows) {
			t.Fatalf("%v becomes %v, %v", rows, back, err)
		}
	})
}
